use alipay_api::{
    ErrorClass, ErrorKind, Outcome,
    trade::{
        Cancel, CancelErrorCode, Close, CloseErrorCode, Create, CreateErrorCode, CreateRequired, FastpayRefundQuery,
        FastpayRefundQueryErrorCode, FastpayRefundQueryRequired, OrderSettle, OrderSettleErrorCode, OrderSettleQuery,
        OrderSettleQueryErrorCode, OrderSettleRequired, Pay, PayErrorCode, PayRequired, Precreate, PrecreateErrorCode,
        Query, QueryErrorCode, Refund, RefundErrorCode,
        cancel::CancelAction,
        fastpay_refund_query::RefundStatus,
        order_settle_query::{RoyaltyDetailOperationType, RoyaltyDetailState},
        types::{OpenApiRoyaltyDetailInfoPojo, TradeStatus},
    },
};

use crate::support::{bind_receiver, paid_order, price, start};

#[tokio::test]
async fn create_makes_an_order_once() {
    let (_mock, client) = start().await;
    let create = || {
        Create::with_buyer_id(
            "2088102146225135",
            CreateRequired {
                out_trade_no: "20161112".into(),
                total_amount: price("0.01"),
                subject: "测试订单".into(),
            },
        )
    };
    let order = client.trade().create(create()).await.unwrap();
    assert_eq!(order.out_trade_no, "20161112");
    let again = client.trade().create(create()).await.unwrap();
    assert_eq!(again.trade_no, order.trade_no);
    let state = client
        .trade()
        .query(Query::with_trade_no(&order.trade_no))
        .await
        .unwrap();
    assert_eq!(state.trade_status, TradeStatus::WaitBuyerPay);
    assert_eq!(state.total_amount, Some(price("0.01")));
}

#[tokio::test]
async fn create_refuses_another_order_of_the_same_number() {
    let (_mock, client) = start().await;
    let create = |amount| {
        Create::with_buyer_id(
            "2088102146225135",
            CreateRequired {
                out_trade_no: "20161112".into(),
                total_amount: price(amount),
                subject: "测试订单".into(),
            },
        )
    };
    client.trade().create(create("0.01")).await.unwrap();
    let error = client.trade().create(create("0.02")).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(CreateErrorCode::AcqContextInconsistent));
    assert_eq!(
        (error.kind(), error.code(), error.class()),
        (ErrorKind::Gateway, Some("40004"), Some(ErrorClass::Request))
    );
    assert!(error.is_verified() && !error.is_outcome_unknown() && !error.is_retryable());
}

#[tokio::test]
async fn pay_takes_the_money_of_a_scanned_code() {
    let (_mock, client) = start().await;
    let request = Pay::with_auth_code(
        "28763443825664394",
        PayRequired {
            out_trade_no: "order-1".into(),
            total_amount: price("20.00"),
            subject: "subject".into(),
        },
    )
    .scene("bar_code");
    let Outcome::Done(order) = client.trade().pay(request).await.unwrap() else {
        panic!("it is paid at once")
    };
    assert_eq!(
        (order.out_trade_no.as_str(), order.total_amount),
        ("order-1", Some(price("20.00")))
    );
    let state = client.trade().query(Query::with_out_trade_no("order-1")).await.unwrap();
    assert_eq!(
        (state.trade_no, state.trade_status),
        (order.trade_no, TradeStatus::TradeSuccess.into())
    );
}

#[tokio::test]
async fn pay_waits_for_the_buyer_to_confirm() {
    let (mock, client) = start().await;
    let request = Pay::with_auth_code(
        "28763443825664394",
        PayRequired {
            out_trade_no: "order-1".into(),
            total_amount: price("2000.00"),
            subject: "subject".into(),
        },
    );
    let Outcome::Pending(order) = client.trade().pay(request).await.unwrap() else {
        panic!("the buyer has to confirm")
    };
    assert_eq!(order.out_trade_no, "order-1");
    let state = client.trade().query(Query::with_out_trade_no("order-1")).await.unwrap();
    assert_eq!(state.trade_status, TradeStatus::WaitBuyerPay);
    mock.pay("order-1").unwrap();
    let state = client.trade().query(Query::with_out_trade_no("order-1")).await.unwrap();
    assert_eq!(state.trade_status, TradeStatus::TradeSuccess);
}

#[tokio::test]
async fn pay_refuses_what_is_no_payment_code() {
    let (_mock, client) = start().await;
    let error = client
        .trade()
        .pay(Pay::with_auth_code(
            "6901234567892",
            PayRequired {
                out_trade_no: "order-1".into(),
                total_amount: price("20.00"),
                subject: "subject".into(),
            },
        ))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(PayErrorCode::AcqPaymentAuthCodeInvalid));
    assert!(!format!("{error} {error:?}").contains("6901234567892"));
}

#[tokio::test]
async fn a_paid_order_is_not_paid_again() {
    let (_mock, client) = start().await;
    let request = || {
        Pay::with_auth_code(
            "28763443825664394",
            PayRequired {
                out_trade_no: "order-1".into(),
                total_amount: price("20.00"),
                subject: "subject".into(),
            },
        )
    };
    assert!(!client.trade().pay(request()).await.unwrap().is_pending());
    let error = client.trade().pay(request()).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(PayErrorCode::AcqTradeHasSuccess));
    assert_eq!(error.class(), Some(ErrorClass::AlreadyDone));
}

#[tokio::test]
async fn precreate_gives_a_code_that_becomes_an_order_when_it_is_scanned() {
    let (mock, client) = start().await;
    let order = client
        .trade()
        .precreate(Precreate::new("order-1", price("100.00"), "test subject"))
        .await
        .unwrap();
    assert_eq!(order.out_trade_no, "order-1");
    let code = format!("{}/qr/", mock.base_url());
    assert!(order.qr_code.starts_with(&code), "{}", order.qr_code);
    let error = client
        .trade()
        .query(Query::with_out_trade_no("order-1"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(QueryErrorCode::AcqTradeNotExist));
    mock.pay("order-1").unwrap();
    let state = client.trade().query(Query::with_out_trade_no("order-1")).await.unwrap();
    assert_eq!(
        (state.trade_status, state.out_trade_no.as_str()),
        (TradeStatus::TradeSuccess.into(), "order-1")
    );
    assert_eq!(state.total_amount, Some(price("100.00")));
}

#[tokio::test]
async fn precreate_refuses_an_order_for_nothing() {
    let (_mock, client) = start().await;
    let error = client
        .trade()
        .precreate(Precreate::new("order-1", price("0.00"), "free"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(PrecreateErrorCode::AcqInvalidParameter));
    assert!(error.sub_message().unwrap().contains("total_amount"), "{error}");
}

#[tokio::test]
async fn cancel_closes_what_is_unpaid_and_refunds_what_is_paid() {
    let (mock, client) = start().await;
    let create = Create::with_buyer_id(
        "2088102146225135",
        CreateRequired {
            out_trade_no: "unpaid".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    client.trade().create(create).await.unwrap();
    let cancelled = client
        .trade()
        .cancel(Cancel::with_out_trade_no("unpaid"))
        .await
        .unwrap();
    assert_eq!(
        (cancelled.action, cancelled.retry_flag),
        (Some(CancelAction::Close.into()), Some(false))
    );

    paid_order(&mock, &client, "paid", "1.00").await;
    let cancelled = client.trade().cancel(Cancel::with_out_trade_no("paid")).await.unwrap();
    assert_eq!(cancelled.action, Some(CancelAction::Refund.into()));
    let state = client.trade().query(Query::with_out_trade_no("paid")).await.unwrap();
    assert_eq!(state.trade_status, TradeStatus::TradeClosed);
}

#[tokio::test]
async fn cancel_refuses_a_number_that_is_too_long() {
    let (_mock, client) = start().await;
    let error = client
        .trade()
        .cancel(Cancel::with_out_trade_no("x".repeat(65)))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(CancelErrorCode::AcqInvalidParameter));
}

#[tokio::test]
async fn refund_gives_money_back_once_for_each_request_number() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "20171120", "20.00").await;
    let refund = || Refund::with_out_trade_no("20171120", price("5.00")).out_request_no("20171120-1");
    let first = client.trade().refund(refund()).await.unwrap();
    assert_eq!(
        (first.trade_no.as_str(), first.refund_fee),
        (trade_no.as_str(), Some(price("5.00")))
    );
    assert_eq!(first.fund_change, Some(true));
    let second = client.trade().refund(refund()).await.unwrap();
    assert_eq!(
        (second.fund_change, second.refund_fee),
        (Some(false), Some(price("5.00")))
    );

    let found = client
        .trade()
        .fastpay_refund_query(FastpayRefundQuery::with_out_trade_no(
            "20171120",
            FastpayRefundQueryRequired {
                out_request_no: "20171120-1".into(),
            },
        ))
        .await
        .unwrap();
    assert_eq!(
        (found.refund_amount, found.total_amount),
        (Some(price("5.00")), Some(price("20.00")))
    );
    assert_eq!(found.refund_status, Some(RefundStatus::Success.into()));
}

#[tokio::test]
async fn refund_refuses_more_than_was_paid() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "20171120", "20.00").await;
    let request = Refund::with_out_trade_no("20171120", price("20.01")).out_request_no("1");
    let error = client.trade().refund(request).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(RefundErrorCode::AcqRefundAmtNotEqualTotal),
        "{error}"
    );
}

#[tokio::test]
async fn a_refund_that_was_never_made_is_an_answer_without_it() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "20171120", "20.00").await;
    let found = client
        .trade()
        .fastpay_refund_query(FastpayRefundQuery::with_out_trade_no(
            "20171120",
            FastpayRefundQueryRequired {
                out_request_no: "none".into(),
            },
        ))
        .await
        .unwrap();
    assert_eq!((found.refund_status, found.refund_amount), (None, None));
    let error = client
        .trade()
        .fastpay_refund_query(FastpayRefundQuery::with_out_trade_no(
            "nobody",
            FastpayRefundQueryRequired {
                out_request_no: "none".into(),
            },
        ))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(FastpayRefundQueryErrorCode::AcqTradeNotExist));
}

#[tokio::test]
async fn order_settle_shares_a_paid_order() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "20160727", "20.00").await;
    bind_receiver(&client, "2088101126708402").await;
    let settle = |trade_no: &str| {
        let share = OpenApiRoyaltyDetailInfoPojo::default()
            .royalty_type("transfer")
            .trans_in_type("userId")
            .trans_in("2088101126708402")
            .amount(price("0.10"));
        OrderSettle::with_royalty_parameters(
            [share],
            OrderSettleRequired {
                out_request_no: "20160727001".into(),
                trade_no: trade_no.into(),
            },
        )
    };
    let settled = client.trade().order_settle(settle(&trade_no)).await.unwrap();
    assert_eq!(settled.trade_no, trade_no);
    assert!(settled.settle_no.is_some());
    let error = client
        .trade()
        .order_settle(settle("2014030411001007850000672009"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(OrderSettleErrorCode::AcqTradeNotExist));
}

#[tokio::test]
async fn an_unclear_split_is_found_by_either_number() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "20160727", "20.00").await;
    bind_receiver(&client, "2088101126708402").await;
    mock.answer_next("alipay.trade.order.settle", "40004", "ACQ.TRADE_SETTLE_ERROR", true);
    let share = OpenApiRoyaltyDetailInfoPojo::default()
        .royalty_type("transfer")
        .trans_in_type("userId")
        .trans_in("2088101126708402")
        .amount(price("0.10"));
    let settle = || {
        OrderSettle::with_royalty_parameters(
            [share.clone()],
            OrderSettleRequired {
                out_request_no: "20160727001".into(),
                trade_no: trade_no.clone(),
            },
        )
    };
    let error = client.trade().order_settle(settle()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");

    let query = OrderSettleQuery::new()
        .trade_no(&trade_no)
        .out_request_no("20160727001");
    let found = client.trade().order_settle_query(query).await.unwrap();
    assert_eq!(found.out_request_no, "20160727001");
    assert!(found.operation_dt.is_some());
    let [made] = found.royalty_detail_list.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (
            made.state.clone(),
            made.operation_type.clone(),
            made.amount,
            made.trans_in.as_deref()
        ),
        (
            Some(RoyaltyDetailState::Success.into()),
            Some(RoyaltyDetailOperationType::Transfer.into()),
            Some(price("0.10")),
            Some("2088101126708402")
        )
    );

    let settle_no = client.trade().order_settle(settle()).await.unwrap().settle_no.unwrap();
    let query = OrderSettleQuery::new().settle_no(settle_no);
    let again = client.trade().order_settle_query(query).await.unwrap();
    assert_eq!(again.royalty_detail_list.len(), 1);
}

#[tokio::test]
async fn a_split_that_nobody_made_is_not_found() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "20160727", "20.00").await;
    let query = OrderSettleQuery::new().trade_no(trade_no).out_request_no("none");
    let error = client.trade().order_settle_query(query).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(OrderSettleQueryErrorCode::InvalidParameter));

    // Half of a name is refused here.
    let requests = mock.requests();
    let query = OrderSettleQuery::new().out_request_no("none");
    let error = client.trade().order_settle_query(query).await.unwrap_err();
    assert_eq!((error.kind(), mock.requests()), (ErrorKind::Request, requests));
}

#[tokio::test]
async fn close_ends_an_unpaid_order_and_no_other() {
    let (mock, client) = start().await;
    let create = Create::with_buyer_id(
        "2088102146225135",
        CreateRequired {
            out_trade_no: "YX_001".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    let trade_no = client.trade().create(create).await.unwrap().trade_no;
    let closed = client
        .trade()
        .close(Close::with_out_trade_no("YX_001").operator_id("YX01"))
        .await
        .unwrap();
    assert_eq!(closed.trade_no, Some(trade_no));

    let error = client
        .trade()
        .close(Close::with_out_trade_no("YX_999"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(CloseErrorCode::AcqTradeNotExist));
    paid_order(&mock, &client, "paid", "1.00").await;
    let error = client
        .trade()
        .close(Close::with_out_trade_no("paid"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(CloseErrorCode::AcqReasonTradeStatusInvalid));
}

#[tokio::test]
async fn a_request_that_lacks_its_key_is_not_sent() {
    let (_mock, client) = start().await;
    let mut query = Query::with_out_trade_no("1");
    query.out_trade_no = None;
    let error = client.trade().query(query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(
        error.to_string(),
        "alipay.trade.query: one of `out_trade_no`, `trade_no` must be given, and not be empty"
    );
}
