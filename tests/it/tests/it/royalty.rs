//! Shares of payments: who may get them, splits at once and later, shares that come back.

use alipay_api::{
    Client, ErrorKind,
    notify::{
        Notification, SUCCESS,
        trade_order_settle_notify::{RoyaltyDetailState as ToldState, TradeOrderSettleNotifyContent},
    },
    trade::{
        Cancel, Create, CreateRequired, OrderOnsettleQuery, OrderSettle, OrderSettleQuery, OrderSettleRequired, Refund,
        RoyaltyRateQuery, RoyaltyRelationBatchquery, RoyaltyRelationBind, RoyaltyRelationUnbind,
        order_settle::{OrderSettleErrorCode, OrderSettleResponse, OrderSettleRoyaltyMode, SettleExtendParams},
        order_settle_query::{
            OrderSettleQueryErrorCode, RoyaltyDetail, RoyaltyDetailOperationType, RoyaltyDetailState,
        },
        refund::RefundErrorCode,
        royalty_relation_batchquery::RoyaltyRelationBatchqueryErrorCode,
        royalty_relation_bind::RoyaltyRelationBindErrorCode,
        royalty_relation_unbind::RoyaltyRelationUnbindErrorCode,
        types::{ExtendParams, OpenApiRoyaltyDetailInfoPojo, ResultCode, RoyaltyEntity},
    },
    types::Price,
};
use alipay_mock::{ControlError, Mock};

use crate::support::{bind_receiver, builder, merchant, paid_order, price, start};

const SUPPLIER: &str = "2088101126708402";
const COURIER: &str = "2088101126708403";

fn user(account: &str) -> RoyaltyEntity {
    RoyaltyEntity::new().r#type("userId").account(account)
}

fn login(account: &str, name: &str) -> RoyaltyEntity {
    RoyaltyEntity::new().r#type("loginName").account(account).name(name)
}

fn share(account: &str, amount: &str) -> OpenApiRoyaltyDetailInfoPojo {
    OpenApiRoyaltyDetailInfoPojo::new()
        .trans_in_type("userId")
        .trans_in(account)
        .amount(price(amount))
}

fn returned(account: &str, amount: &str) -> OpenApiRoyaltyDetailInfoPojo {
    OpenApiRoyaltyDetailInfoPojo::new()
        .trans_out_type("userId")
        .trans_out(account)
        .amount(price(amount))
}

fn split<const N: usize>(trade_no: &str, number: &str, shares: [OpenApiRoyaltyDetailInfoPojo; N]) -> OrderSettle {
    let required = OrderSettleRequired {
        out_request_no: number.into(),
        trade_no: trade_no.into(),
    };
    OrderSettle::with_royalty_parameters(shares, required)
}

fn finish(trade_no: &str, number: &str) -> OrderSettle {
    let required = OrderSettleRequired {
        out_request_no: number.into(),
        trade_no: trade_no.into(),
    };
    OrderSettle::with_extend_params(SettleExtendParams::new().royalty_finish("true"), required)
}

async fn settle(client: &Client, split: OrderSettle) -> OrderSettleResponse {
    client.trade().order_settle(split).await.unwrap()
}

async fn refused(client: &Client, split: OrderSettle) -> OrderSettleErrorCode {
    let error = client.trade().order_settle(split).await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "{error}");
    error.sub_code_as().unwrap_or_else(|| panic!("{error}"))
}

async fn shareable(client: &Client, trade_no: &str) -> Price {
    let query = OrderOnsettleQuery::new().trade_no(trade_no);
    let found = client.trade().order_onsettle_query(query).await.unwrap();
    price(&found.unsettled_amount.unwrap())
}

async fn details(client: &Client, trade_no: &str, number: &str) -> Vec<RoyaltyDetail> {
    let query = OrderSettleQuery::new().trade_no(trade_no).out_request_no(number);
    client
        .trade()
        .order_settle_query(query)
        .await
        .unwrap()
        .royalty_detail_list
}

/// An order whose money is frozen for splits, paid.
async fn frozen_order(mock: &Mock, client: &Client, number: &str, amount: &str) -> String {
    let required = CreateRequired {
        out_trade_no: number.into(),
        total_amount: price(amount),
        subject: "测试订单".into(),
    };
    let order =
        Create::with_buyer_id("2088102146225135", required).extend_params(ExtendParams::new().royalty_freeze("true"));
    let trade_no = client.trade().create(order).await.unwrap().trade_no;
    mock.pay(number).unwrap();
    trade_no
}

#[tokio::test]
async fn receivers_are_bound_listed_and_unbound() {
    let (mock, client) = start().await;
    let trade = client.trade();
    let bind = RoyaltyRelationBind::new()
        .out_request_no("b1")
        .receiver_list([user(SUPPLIER).memo("供应商"), login("courier@example.com", "李四")]);
    let bound = trade.royalty_relation_bind(bind.clone()).await.unwrap();
    assert_eq!(bound.result_code, Some(ResultCode::Success.into()));
    // Again: nobody is bound twice.
    trade.royalty_relation_bind(bind).await.unwrap();
    bind_receiver(&client, SUPPLIER).await;
    bind_receiver(&client, COURIER).await;

    let list = trade
        .royalty_relation_batchquery(RoyaltyRelationBatchquery::new())
        .await
        .unwrap();
    assert_eq!((list.total_record_num, list.total_page_num), (Some(3), Some(1)));
    let accounts = |list: &[RoyaltyEntity]| -> Vec<String> {
        list.iter().map(|receiver| receiver.account.clone().unwrap()).collect()
    };
    assert_eq!(
        accounts(&list.receiver_list),
        [SUPPLIER, "courier@example.com", COURIER]
    );
    let [first, second, _] = list.receiver_list.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!((first.memo.as_deref(), &first.name), (Some("供应商"), &None));
    assert_eq!(
        (second.bind_login_name.as_deref(), &second.name),
        (Some("courier@example.com"), &None)
    );
    let page = RoyaltyRelationBatchquery::new().page_num(2).page_size(2);
    let page = trade.royalty_relation_batchquery(page).await.unwrap();
    assert_eq!(accounts(&page.receiver_list), [COURIER]);
    assert_eq!((page.current_page_num, page.total_page_num), (Some(2), Some(2)));
    let page = RoyaltyRelationBatchquery::new().page_size(101);
    let error = trade.royalty_relation_batchquery(page).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(RoyaltyRelationBatchqueryErrorCode::InvalidParameter)
    );

    let unbind = RoyaltyRelationUnbind::new().receiver_list([user(SUPPLIER), user(COURIER)]);
    let unbound = trade.royalty_relation_unbind(unbind.clone()).await.unwrap();
    assert_eq!(unbound.result_code, Some(ResultCode::Success.into()));
    let error = trade.royalty_relation_unbind(unbind).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(RoyaltyRelationUnbindErrorCode::UserNotExist));
    let list = trade
        .royalty_relation_batchquery(RoyaltyRelationBatchquery::new())
        .await
        .unwrap();
    assert_eq!(list.total_record_num, Some(1));

    let rate = trade.royalty_rate_query(RoyaltyRateQuery::new()).await.unwrap();
    assert_eq!(
        (rate.max_ratio, rate.user_id.as_deref()),
        (Some(30), Some(mock.seller_id()))
    );
    mock.set_royalty_ratio(80).unwrap();
    let rate = trade.royalty_rate_query(RoyaltyRateQuery::new()).await.unwrap();
    assert_eq!(rate.max_ratio, Some(80));
    assert!(matches!(mock.set_royalty_ratio(101), Err(ControlError::Setting(_))));
}

#[tokio::test]
async fn wrong_receivers_are_not_bound() {
    let (_mock, client) = start().await;
    bind_receiver(&client, SUPPLIER).await;
    let named = RoyaltyRelationBind::new().receiver_list([login("a@example.com", "张三")]);
    client.trade().royalty_relation_bind(named).await.unwrap();
    for (receivers, code) in [
        (vec![], RoyaltyRelationBindErrorCode::ReceiverListEmpty),
        (
            vec![
                user("2088101126708499"),
                RoyaltyEntity::new().r#type("card").account("1"),
            ],
            RoyaltyRelationBindErrorCode::InvalidReceiverType,
        ),
        (vec![user("1234")], RoyaltyRelationBindErrorCode::InvalidParameter),
        (
            vec![RoyaltyEntity::new().r#type("loginName").account("b@example.com")],
            RoyaltyRelationBindErrorCode::InvalidParameter,
        ),
        (
            vec![login("a@example.com", "李四")],
            RoyaltyRelationBindErrorCode::UsernameNotMatch,
        ),
    ] {
        let bind = RoyaltyRelationBind::new().receiver_list(receivers);
        let error = client.trade().royalty_relation_bind(bind).await.unwrap_err();
        assert_eq!(error.sub_code_as(), Some(code), "{error}");
    }
    let numbered = RoyaltyRelationBind::new()
        .out_request_no("b-1")
        .receiver_list([user(COURIER)]);
    let error = client.trade().royalty_relation_bind(numbered).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(RoyaltyRelationBindErrorCode::InvalidParameter)
    );
    let list = client
        .trade()
        .royalty_relation_batchquery(RoyaltyRelationBatchquery::new())
        .await
        .unwrap();
    assert_eq!(list.total_record_num, Some(2));
}

#[tokio::test]
async fn shares_go_to_bound_receivers_and_to_the_contracts_limit() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    assert_eq!(
        refused(&client, split(&trade_no, "s1", [share(SUPPLIER, "10.00")])).await,
        OrderSettleErrorCode::AcqRoyaltyReceiverInvalid
    );
    bind_receiver(&client, SUPPLIER).await;
    assert_eq!(shareable(&client, &trade_no).await, price("30.00"));
    // Half of a split is not made: the second receiver is a stranger.
    let both = || [share(SUPPLIER, "10.00"), share(COURIER, "5.00")];
    assert_eq!(
        refused(&client, split(&trade_no, "s1", both())).await,
        OrderSettleErrorCode::AcqRoyaltyReceiverInvalid
    );
    assert_eq!(mock.trade("1").unwrap().settled_amount, "0.00");
    bind_receiver(&client, COURIER).await;
    let made = settle(&client, split(&trade_no, "s1", both())).await;
    // The same again is the same split, and other shares under its number are none.
    let again = settle(&client, split(&trade_no, "s1", both())).await;
    assert_eq!(again.settle_no, made.settle_no);
    assert_eq!(mock.trade("1").unwrap().settled_amount, "15.00");
    assert_eq!(
        refused(&client, split(&trade_no, "s1", [share(SUPPLIER, "15.00")])).await,
        OrderSettleErrorCode::AcqDiscordantRepeatRequest
    );
    let made = details(&client, &trade_no, "s1").await;
    let told: Vec<_> = made
        .iter()
        .map(|detail| (detail.trans_in.as_deref().unwrap(), detail.amount.unwrap()))
        .collect();
    assert_eq!(told, [(SUPPLIER, price("10.00")), (COURIER, price("5.00"))]);
    assert!(
        made.iter()
            .all(|detail| { detail.state == Some(RoyaltyDetailState::Success.into()) && detail.execute_dt.is_some() })
    );

    assert_eq!(shareable(&client, &trade_no).await, price("15.00"));
    assert_eq!(
        refused(&client, split(&trade_no, "s2", [share(SUPPLIER, "15.01")])).await,
        OrderSettleErrorCode::AcqAllocAmountValidateError
    );
    let percent = OpenApiRoyaltyDetailInfoPojo::new()
        .trans_in(SUPPLIER)
        .amount_percentage(15);
    settle(&client, split(&trade_no, "s2", [percent])).await;
    assert_eq!(mock.trade("1").unwrap().settled_amount, "30.00");
    assert_eq!(shareable(&client, &trade_no).await, price("0.00"));
}

#[tokio::test]
async fn wrong_splits_move_no_money() {
    let (mock, client) = start().await;
    mock.set_royalty_ratio(100).unwrap();
    bind_receiver(&client, SUPPLIER).await;
    let named = RoyaltyRelationBind::new().receiver_list([login("a@example.com", "张三")]);
    client.trade().royalty_relation_bind(named).await.unwrap();
    let trade_no = paid_order(&mock, &client, "1", "10.00").await;
    let to_login = |name: &str| {
        OpenApiRoyaltyDetailInfoPojo::new()
            .trans_in_type("loginName")
            .trans_in("a@example.com")
            .trans_in_name(name)
            .amount(price("1.00"))
    };
    let some = || share(SUPPLIER, "1.00");
    for (wrong, code) in [
        (to_login("李四"), OrderSettleErrorCode::AcqRoyaltyAccountNameNotMatch),
        (
            some().trans_out("2088000000000000"),
            OrderSettleErrorCode::AcqMustAllocFromRootAccount,
        ),
        (
            share(mock.seller_id(), "1.00"),
            OrderSettleErrorCode::AcqRoyaltyAccountsEqual,
        ),
        (
            some().trans_in_type("cardAliasNo"),
            OrderSettleErrorCode::AcqSettleToCardNotSupport,
        ),
        (
            some().royalty_type("replenish"),
            OrderSettleErrorCode::AcqInvalidReplenishAmount,
        ),
        (share(SUPPLIER, "0.00"), OrderSettleErrorCode::AcqInvalidParameter),
        (
            OpenApiRoyaltyDetailInfoPojo::new().amount(price("1.00")),
            OrderSettleErrorCode::AcqInvalidParameter,
        ),
        (
            share(SUPPLIER, "10.01"),
            OrderSettleErrorCode::AcqAllocAmountValidateError,
        ),
    ] {
        assert_eq!(refused(&client, split(&trade_no, "s1", [wrong])).await, code);
    }
    assert_eq!(
        refused(&client, finish(&trade_no, "s1")).await,
        OrderSettleErrorCode::AcqIllegalRequest
    );
    assert_eq!(mock.trade("1").unwrap().settled_amount, "0.00");
    settle(&client, split(&trade_no, "s1", [to_login("张三")])).await;
    // At once and later do not go together.
    let later = split(&trade_no, "s2", [some()]).royalty_mode(OrderSettleRoyaltyMode::Async);
    assert_eq!(refused(&client, later).await, OrderSettleErrorCode::AcqIllegalRequest);

    // The number stays bound to the order after a refund in full, and nothing more is shared.
    let refund = Refund::with_out_trade_no("1", price("10.00"));
    client.trade().refund(refund).await.unwrap();
    assert_eq!(
        refused(&client, split(&trade_no, "s3", [some()])).await,
        OrderSettleErrorCode::AcqAllocRefuseAfterRefund
    );
    settle(&client, split(&trade_no, "s1", [to_login("张三")])).await;
    assert_eq!(mock.trade("1").unwrap().settled_amount, "1.00");
    let query = OrderOnsettleQuery::new().trade_no("2014030411001007850000672009");
    let error = client.trade().order_onsettle_query(query).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sub_code()),
        (ErrorKind::Gateway, Some("isv.invalid-parameter"))
    );
}

#[tokio::test]
async fn a_finished_split_unfreezes_the_rest() {
    let (mock, client) = start().await;
    bind_receiver(&client, SUPPLIER).await;
    let trade_no = frozen_order(&mock, &client, "1", "100.00").await;
    let frozen = || mock.trade("1").unwrap().frozen_amount;
    assert_eq!(frozen(), "100.00");
    settle(&client, split(&trade_no, "s1", [share(SUPPLIER, "10.00")])).await;
    assert_eq!(frozen(), "90.00");
    let part = SettleExtendParams::new()
        .royalty_finish("true")
        .royalty_finish_amount(price("40.00"));
    let partly = split(&trade_no, "s2", [share(SUPPLIER, "5.00")]).extend_params(part);
    settle(&client, partly).await;
    assert_eq!(frozen(), "45.00");
    let without_word = SettleExtendParams::new().royalty_finish_amount(price("1.00"));
    let wrong = split(&trade_no, "s3", [share(SUPPLIER, "1.00")]).extend_params(without_word);
    assert_eq!(refused(&client, wrong).await, OrderSettleErrorCode::AcqInvalidParameter);
    let number = settle(&client, finish(&trade_no, "s3")).await.settle_no;
    assert_eq!(frozen(), "0.00");
    assert_eq!(shareable(&client, &trade_no).await, price("0.00"));
    assert_eq!(
        refused(&client, split(&trade_no, "s4", [share(SUPPLIER, "1.00")])).await,
        OrderSettleErrorCode::AcqAlreadyFinishAlloc
    );
    assert_eq!(settle(&client, finish(&trade_no, "s3")).await.settle_no, number);
    assert_eq!(mock.trade("1").unwrap().settled_amount, "15.00");
}

#[tokio::test]
async fn a_split_for_later_is_told_when_it_is_carried_out() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    for account in [SUPPLIER, COURIER, "2088101126708404"] {
        bind_receiver(&client, account).await;
    }
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    let shares = [
        share(SUPPLIER, "10.00"),
        share(COURIER, "5.00"),
        share("2088101126708404", "1.00"),
    ];
    let later = split(&trade_no, "s1", shares).royalty_mode(OrderSettleRoyaltyMode::Async);
    let settle_no = settle(&client, later.clone()).await.settle_no.unwrap();
    assert_eq!(settle(&client, later).await.settle_no.as_ref(), Some(&settle_no));
    let waiting = details(&client, &trade_no, "s1").await;
    assert_eq!(waiting.len(), 3);
    assert!(
        waiting.iter().all(|detail| {
            detail.state == Some(RoyaltyDetailState::Processing.into()) && detail.execute_dt.is_none()
        })
    );
    // What waits is not shared twice.
    assert_eq!(shareable(&client, &trade_no).await, price("14.00"));

    let unbind = RoyaltyRelationUnbind::new().receiver_list([user("2088101126708404")]);
    client.trade().royalty_relation_unbind(unbind).await.unwrap();
    let trade = mock.carry_out_split(&settle_no, &[COURIER]).unwrap();
    assert_eq!(trade.settled_amount, "10.00");
    assert_eq!(
        mock.carry_out_split(&settle_no, &[]).unwrap_err(),
        ControlError::SplitDone(settle_no.clone())
    );
    assert_eq!(
        mock.carry_out_split("none", &[]).unwrap_err(),
        ControlError::NoSplit("none".into())
    );

    let body = posted.recv().await.unwrap();
    let told = client.notifications().verify(&body).unwrap();
    assert_eq!(told.name(), "alipay.trade.order.settle.notify");
    let Notification::TradeOrderSettleNotify(told) = told.into_inner() else {
        panic!("another notification")
    };
    let TradeOrderSettleNotifyContent {
        out_request_no,
        settle_no: told_no,
        trade_no: told_trade,
        royalty_detail_list,
        ..
    } = told.biz_content;
    assert_eq!(
        (out_request_no.as_deref(), told_no, told_trade),
        (Some("s1"), settle_no, trade_no.clone())
    );
    let told: Vec<_> = royalty_detail_list
        .iter()
        .map(|detail| {
            (
                detail.trans_in.as_str(),
                detail.state.clone(),
                detail.error_code.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (SUPPLIER, ToldState::Success.into(), None),
            (
                COURIER,
                ToldState::Fail.into(),
                Some("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH")
            ),
            (
                "2088101126708404",
                ToldState::Fail.into(),
                Some("ROYALTY_RECEIVER_INVALID")
            ),
        ]
    );
    let found = details(&client, &trade_no, "s1").await;
    let found: Vec<_> = found.into_iter().filter_map(|detail| detail.detail_id).collect();
    let told: Vec<_> = royalty_detail_list
        .iter()
        .map(|detail| detail.detail_id.clone())
        .collect();
    assert_eq!(found, told);
    // What failed can be shared again.
    assert_eq!(shareable(&client, &trade_no).await, price("20.00"));
    mock.notifications_settled().await;
    assert_eq!(mock.trade("1").unwrap().notifications.len(), 1);
}

#[tokio::test]
async fn a_share_comes_back_if_its_receiver_allows_that() {
    let mock = Mock::start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    bind_receiver(&client, SUPPLIER).await;
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    settle(&client, split(&trade_no, "s1", [share(SUPPLIER, "30.00")])).await;
    let refund = |number: &str, amount: &str, back: OpenApiRoyaltyDetailInfoPojo| {
        Refund::with_out_trade_no("1", price(amount))
            .out_request_no(number)
            .refund_royalty_parameters([back])
    };
    let refused = async |refund: Refund| {
        let error = client.trade().refund(refund).await.unwrap_err();
        error
            .sub_code_as::<RefundErrorCode>()
            .unwrap_or_else(|| panic!("{error}"))
    };
    assert_eq!(
        refused(refund("r1", "50.00", returned(SUPPLIER, "20.00"))).await,
        RefundErrorCode::AcqRefundallocUnauthLimit
    );
    mock.allow_returns(SUPPLIER);
    mock.allow_returns(COURIER);
    assert_eq!(
        refused(refund("r1", "50.00", returned(COURIER, "20.00"))).await,
        RefundErrorCode::AcqRefundRoyaltyPayeeAccountNotExist
    );
    assert_eq!(
        refused(refund("r1", "50.00", returned(SUPPLIER, "30.01"))).await,
        RefundErrorCode::AcqAllocAmountValidateError
    );
    assert_eq!(mock.trade("1").unwrap().refunded_amount, "0.00");
    let made = refund("r1", "50.00", returned(SUPPLIER, "20.00"));
    let first = client.trade().refund(made.clone()).await.unwrap();
    assert_eq!(first.fund_change, Some(true));
    // The same again moves nothing, and takes nothing back: it was done, whatever its receiver allows now.
    mock.forbid_returns(SUPPLIER);
    let again = client.trade().refund(made).await.unwrap();
    assert_eq!(again.fund_change, Some(false));
    let trade = mock.trade("1").unwrap();
    assert_eq!(
        (trade.refunded_amount.as_str(), trade.settled_amount.as_str()),
        ("50.00", "10.00")
    );
    let [back] = <[_; 1]>::try_from(details(&client, &trade_no, "r1").await).unwrap();
    assert_eq!(
        (
            back.operation_type,
            back.trans_out.as_deref(),
            back.amount,
            back.trans_in
        ),
        (
            Some(RoyaltyDetailOperationType::TransferRefund.into()),
            Some(SUPPLIER),
            Some(price("20.00")),
            None
        )
    );
    let query = OrderSettleQuery::new().trade_no(&trade_no).out_request_no("r2");
    let error = client.trade().order_settle_query(query).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(OrderSettleQueryErrorCode::InvalidParameter));
}

#[tokio::test]
async fn a_seller_without_money_gives_back_no_more_than_it_has() {
    let mock = Mock::builder().balance(5).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    bind_receiver(&client, SUPPLIER).await;
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    settle(&client, split(&trade_no, "s1", [share(SUPPLIER, "30.00")])).await;
    let whole = || Refund::with_out_trade_no("1", price("100.00"));
    let error = client.trade().refund(whole()).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(RefundErrorCode::AcqSellerBalanceNotEnough));
    let error = client.trade().cancel(Cancel::with_out_trade_no("1")).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.SELLER_BALANCE_NOT_ENOUGH"));
    assert_eq!(mock.trade("1").unwrap().refunded_amount, "0.00");
    mock.allow_returns(SUPPLIER);
    let with_share = whole().refund_royalty_parameters([returned(SUPPLIER, "25.00")]);
    client.trade().refund(with_share).await.unwrap();
    let trade = mock.trade("1").unwrap();
    assert_eq!(
        (trade.refunded_amount.as_str(), trade.settled_amount.as_str()),
        ("100.00", "5.00")
    );
}
