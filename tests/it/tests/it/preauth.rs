//! Pre-authorisations against the embedded gateway: from the freeze to the payment, every refusal, and what merchants are told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use alipay_api::{
    Client, Error, ErrorClass,
    fund::{
        AuthOperationCancel, AuthOperationCancelResponse, AuthOperationDetailQuery, AuthOperationDetailQueryResponse,
        AuthOrderAppFreeze, AuthOrderAppFreezeRequired, AuthOrderFreeze, AuthOrderFreezeErrorCode,
        AuthOrderFreezeRequired, AuthOrderUnfreeze, AuthOrderUnfreezeErrorCode, AuthOrderUnfreezeRequired,
        AuthOrderUnfreezeResponse, AuthOrderVoucherCreate, AuthOrderVoucherCreateRequired,
        auth_operation_cancel::AuthOperationCancelAction,
        auth_operation_detail_query::AuthOperationDetailQueryOrderStatus as OrderStatus,
        auth_order_freeze::AuthOrderFreezeAuthCodeType, types::Status,
    },
    notify::{Notification, Verified},
    trade::{Pay, PayErrorCode, PayRequired, PayResponse, Query, Refund, pay::PayAuthConfirmMode, types::TradeStatus},
};
use alipay_mock::{ControlError, Mock, PreauthView};

use crate::support::{builder, merchant, price, start};

/// The user whose payment codes the gateway takes.
const PAYER: &str = "2088102146225135";
const CODE: &str = "28763443825664394";

fn freeze(out_order_no: &str, amount: &str) -> AuthOrderFreeze {
    AuthOrderFreeze::new(AuthOrderFreezeRequired {
        amount: price(amount),
        auth_code: CODE.into(),
        auth_code_type: AuthOrderFreezeAuthCodeType::BarCode.into(),
        order_title: "酒店押金".into(),
        out_order_no: out_order_no.into(),
        out_request_no: format!("{out_order_no}_freeze"),
    })
}

fn voucher(out_order_no: &str, amount: &str) -> AuthOrderVoucherCreate {
    AuthOrderVoucherCreate::new(AuthOrderVoucherCreateRequired {
        amount: price(amount),
        order_title: "酒店押金".into(),
        out_order_no: out_order_no.into(),
        out_request_no: format!("{out_order_no}_freeze"),
        product_code: "PRE_AUTH".into(),
    })
}

fn app_freeze(out_order_no: &str, amount: &str) -> AuthOrderAppFreeze {
    AuthOrderAppFreeze::new(AuthOrderAppFreezeRequired {
        amount: price(amount),
        order_title: "租车押金".into(),
        out_order_no: out_order_no.into(),
        out_request_no: format!("{out_order_no}_freeze"),
        product_code: "PRE_AUTH_ONLINE".into(),
    })
}

/// A freeze that has succeeded: Alipay's number of it.
async fn frozen(client: &Client, out_order_no: &str, amount: &str) -> String {
    let frozen = client
        .fund()
        .auth_order_freeze(freeze(out_order_no, amount))
        .await
        .unwrap();
    assert_eq!(frozen.status, Some(Status::Success.into()));
    frozen.auth_no.unwrap()
}

async fn unfreeze(
    client: &Client,
    auth_no: &str,
    number: &str,
    amount: &str,
) -> Result<AuthOrderUnfreezeResponse, Error> {
    let request = AuthOrderUnfreeze::new(AuthOrderUnfreezeRequired {
        amount: price(amount),
        auth_no: auth_no.into(),
        out_request_no: number.into(),
        remark: "退房".into(),
    });
    client.fund().auth_order_unfreeze(request).await
}

fn pay_request(mock: &Mock, auth_no: &str, number: &str, amount: &str) -> Pay {
    let required = PayRequired {
        out_trade_no: number.into(),
        total_amount: price(amount),
        subject: "房费".into(),
    };
    Pay::with_auth_no(auth_no, required)
        .product_code("PRE_AUTH")
        .buyer_id(PAYER)
        .seller_id(mock.seller_id())
}

async fn pay(mock: &Mock, client: &Client, auth_no: &str, number: &str, amount: &str) -> Result<PayResponse, Error> {
    let paid = client.trade().pay(pay_request(mock, auth_no, number, amount)).await?;
    Ok(paid.done().expect("nobody has to confirm"))
}

async fn query(client: &Client, out_order_no: &str, number: &str) -> Result<AuthOperationDetailQueryResponse, Error> {
    let request = AuthOperationDetailQuery::new()
        .out_order_no(out_order_no)
        .out_request_no(number);
    client.fund().auth_operation_detail_query(request).await
}

async fn cancel(client: &Client, out_order_no: &str) -> Result<AuthOperationCancelResponse, Error> {
    let request = AuthOperationCancel::new("超时")
        .out_order_no(out_order_no)
        .out_request_no(format!("{out_order_no}_freeze"));
    client.fund().auth_operation_cancel(request).await
}

/// A request with something else in it.
fn with<T>(mut request: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut request);
    request
}

fn sub_code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    error.sub_code().unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// What was frozen, unfrozen, paid and is left.
fn amounts(preauth: &PreauthView) -> [&str; 4] {
    [
        &preauth.frozen_amount,
        &preauth.unfrozen_amount,
        &preauth.paid_amount,
        &preauth.rest_amount,
    ]
}

/// A gateway whose time is moved on by seconds.
async fn with_clock() -> (Mock, Client, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(1_790_000_000));
    let clock = Arc::clone(&seconds);
    let mock = Mock::builder()
        .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)))
        .start()
        .await
        .unwrap();
    let client = builder(&mock).build().unwrap();
    (mock, client, seconds)
}

#[tokio::test]
async fn a_scanned_code_freezes_money_that_is_paid_from_and_released() {
    let (mock, client) = start().await;
    let answer = client.fund().auth_order_freeze(freeze("1", "200.00")).await.unwrap();
    assert_eq!(
        (answer.amount, answer.fund_amount),
        (Some(price("200.00")), Some(price("200.00")))
    );
    assert_eq!(answer.payer_user_id.as_deref(), Some(PAYER));
    assert!(answer.gmt_trans.is_some());
    let auth_no = answer.auth_no.unwrap();
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.auth_no.as_deref(), Some(auth_no.as_str()));
    assert_eq!(asked.order_status, Some(OrderStatus::Authorized.into()));
    assert_eq!(
        (asked.status, asked.operation_id),
        (Some(Status::Success.into()), answer.operation_id)
    );
    assert_eq!(asked.rest_amount, Some(price("200.00")));

    let released = unfreeze(&client, &auth_no, "u1", "50.00").await.unwrap();
    assert_eq!(released.amount, Some(price("50.00")));
    // What is left stays, where the payment does not say otherwise.
    let paid = pay(&mock, &client, &auth_no, "t1", "60.00").await.unwrap();
    assert_eq!(paid.buyer_user_id.as_deref(), Some(PAYER));
    assert_eq!(
        amounts(&mock.preauth("1").unwrap()),
        ["200.00", "50.00", "60.00", "90.00"]
    );
    let of_payment = query(&client, "1", "t1").await.unwrap();
    assert_eq!(of_payment.operation_type.as_deref(), Some("PAY"));
    assert_eq!(of_payment.amount, Some(price("60.00")));
    assert_eq!(of_payment.total_pay_amount, Some(price("60.00")));
    let of_release = query(&client, "1", "u1").await.unwrap();
    assert_eq!(of_release.operation_type.as_deref(), Some("UNFREEZE"));
    assert_eq!(of_release.remark.as_deref(), Some("退房"));

    let last = pay_request(&mock, &auth_no, "t2", "40.00").auth_confirm_mode(PayAuthConfirmMode::Complete);
    assert!(!client.trade().pay(last).await.unwrap().is_pending());
    let preauth = mock.preauth("1").unwrap();
    assert_eq!(amounts(&preauth), ["200.00", "100.00", "100.00", "0.00"]);
    assert_eq!(preauth.order_status.as_deref(), Some("FINISH"));
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.order_status, Some(OrderStatus::Finish.into()));
    assert_eq!(
        (asked.total_freeze_amount, asked.rest_amount),
        (Some(price("200.00")), Some(price("0.00")))
    );

    // The orders are orders like any other.
    let refund = Refund::with_out_trade_no("t1", price("10.00")).out_request_no("r1");
    assert_eq!(client.trade().refund(refund).await.unwrap().fund_change, Some(true));
    let order = client.trade().query(Query::with_out_trade_no("t1")).await.unwrap();
    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
    assert_eq!(mock.trade("t1").unwrap().refunded_amount, "10.00");
    assert_eq!(
        amounts(&mock.preauth("1").unwrap()),
        ["200.00", "100.00", "100.00", "0.00"]
    );
}

#[tokio::test]
async fn above_a_limit_the_payer_authorises_it_on_the_phone() {
    let (mock, client) = start().await;
    let answer = client.fund().auth_order_freeze(freeze("1", "1000.01")).await.unwrap();
    assert_eq!(answer.status, Some(Status::Init.into()));
    assert_eq!((answer.gmt_trans, answer.fund_amount), (None, None));
    let auth_no = answer.auth_no.unwrap();
    assert_eq!(
        sub_code(unfreeze(&client, &auth_no, "u", "1.00").await),
        "ILLEGAL_STATUS"
    );
    assert_eq!(
        sub_code(pay(&mock, &client, &auth_no, "t", "1.00").await),
        "ACQ.AUTH_ORDER_NOT_PAID"
    );
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.order_status, Some(OrderStatus::Init.into()));
    assert_eq!(asked.rest_amount, Some(price("0.00")));
    // The same request again is the same pre-authorisation.
    let again = client.fund().auth_order_freeze(freeze("1", "1000.01")).await.unwrap();
    assert_eq!(
        (again.auth_no, again.operation_id),
        (Some(auth_no.clone()), answer.operation_id)
    );

    mock.authorise_preauth("1").unwrap();
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.rest_amount, Some(price("1000.01")));
    assert_eq!(
        mock.authorise_preauth("1").unwrap_err(),
        ControlError::PreauthAuthorised("1".into())
    );
}

#[tokio::test]
async fn a_number_freezes_once() {
    let (mock, client) = start().await;
    frozen(&client, "1", "10.00").await;
    let error = client.fund().auth_order_freeze(freeze("1", "10.00")).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(AuthOrderFreezeErrorCode::FreezeAlreadySuccess)
    );
    assert_eq!(error.class(), Some(ErrorClass::AlreadyDone));
    assert_eq!(
        sub_code(client.fund().auth_order_freeze(freeze("1", "10.01")).await),
        "UNIQUE_VIOLATION"
    );
    // The request's number is the merchant's only once, too.
    let other = with(freeze("2", "10.00"), |request| {
        request.out_request_no = "1_freeze".into();
    });
    assert_eq!(
        sub_code(client.fund().auth_order_freeze(other).await),
        "UNIQUE_VIOLATION"
    );
    assert_eq!(amounts(&mock.preauth("1").unwrap()), ["10.00", "0.00", "0.00", "10.00"]);
    assert_eq!(mock.preauth("2").unwrap_err(), ControlError::NoPreauth("2".into()));
}

#[tokio::test]
async fn a_freeze_whose_outcome_is_unknown_is_asked_for() {
    let (mock, client) = start().await;
    mock.answer_next("alipay.fund.auth.order.freeze", "40004", "SYSTEM_ERROR", true);
    let error = client.fund().auth_order_freeze(freeze("1", "10.00")).await.unwrap_err();
    assert!(error.is_outcome_unknown());
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.order_status, Some(OrderStatus::Authorized.into()));
    assert_eq!(
        cancel(&client, "1").await.unwrap().action,
        Some(AuthOperationCancelAction::Unfreeze.into())
    );
}

#[tokio::test]
async fn what_can_t_be_frozen_is_refused() {
    let (mock, client) = start().await;
    let fund = client.fund();
    let bad_code = with(freeze("1", "1.00"), |request| {
        request.auth_code = "6901234567892".into();
    });
    assert_eq!(
        sub_code(fund.auth_order_freeze(bad_code).await),
        "PAYMENT_AUTH_CODE_INVALID"
    );
    for (request, code) in [
        (freeze("1", "1.00").pay_timeout("16d"), "ILLEGAL_ARGUMENT"),
        (
            freeze("1", "1.00").pay_timeout("1d").timeout_express("2d"),
            "ILLEGAL_ARGUMENT",
        ),
        (
            freeze("1", "1.00").enable_pay_channels("[]").disable_pay_channels("[]"),
            "ILLEGAL_ARGUMENT",
        ),
        (
            freeze("1", "1.00").payee_user_id("2088000000000001"),
            "ILLEGAL_PAYEE_USER_ID",
        ),
    ] {
        assert_eq!(sub_code(fund.auth_order_freeze(request).await), code);
    }
    assert_eq!(mock.preauth("1").unwrap_err(), ControlError::NoPreauth("1".into()));
    let own = freeze("1", "1.00").payee_user_id(mock.seller_id());
    fund.auth_order_freeze(own).await.unwrap();
}

#[tokio::test]
async fn a_code_makes_a_preauthorisation_when_it_is_scanned() {
    let (mock, client) = start().await;
    let made = client
        .fund()
        .auth_order_voucher_create(voucher("1", "100.00"))
        .await
        .unwrap();
    let code = made.code_value.unwrap();
    assert!(code.starts_with(&format!("{}/qr/", mock.base_url())), "{code}");
    let again = client
        .fund()
        .auth_order_voucher_create(voucher("1", "100.00"))
        .await
        .unwrap();
    assert_eq!(again.code_value, Some(code));
    let other = client.fund().auth_order_voucher_create(voucher("1", "99.00")).await;
    assert_eq!(sub_code(other), "UNIQUE_VIOLATION");
    assert_eq!(sub_code(query(&client, "1", "1_freeze").await), "AUTH_ORDER_NOT_EXIST");
    assert_eq!(sub_code(cancel(&client, "1").await), "AUTH_ORDER_NOT_EXIST");

    mock.scan_preauth("1").unwrap();
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(
        (asked.order_status, asked.status),
        (Some(OrderStatus::Init.into()), Some(Status::Init.into()))
    );
    let preauth = mock.authorise_preauth("1").unwrap();
    assert_eq!(amounts(&preauth), ["100.00", "0.00", "0.00", "100.00"]);
    assert_eq!(preauth.app_result, None);
    let late = client.fund().auth_order_voucher_create(voucher("1", "100.00")).await;
    assert_eq!(sub_code(late), "FREEZE_ALREADY_SUCCESS");
}

#[tokio::test]
async fn an_app_freezes_money_and_gets_the_result() {
    let (mock, client) = start().await;
    let send = |request: AuthOrderAppFreeze| {
        let order = client.fund().auth_order_app_freeze(request).order_string().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http
            .post(mock.gateway_url())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(order);
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    let answer = send(app_freeze("1", "300.00")).await;
    assert!(answer.contains("\"status\":\"INIT\""), "{answer}");
    let inconsistent = send(app_freeze("1", "301.00")).await;
    assert!(inconsistent.contains("ILLEGAL_ARGUMENT"), "{inconsistent}");
    let foreign = send(app_freeze("2", "1.00").payee_user_id("2088000000000001")).await;
    assert!(foreign.contains("PAYEE_NOT_EXIST"), "{foreign}");

    let result = mock
        .authorise_preauth("1")
        .unwrap()
        .app_result
        .expect("the app gets a result");
    let frozen = client
        .notifications()
        .verify_app_result::<AuthOrderAppFreeze>(&result)
        .unwrap()
        .into_inner();
    assert_eq!(
        (frozen.status, frozen.amount),
        (Some(Status::Success.into()), Some(price("300.00")))
    );
    assert_eq!(frozen.out_order_no.as_deref(), Some("1"));
    let auth_no = frozen.auth_no.unwrap();

    // A payment names the product that the pre-authorisation is of.
    assert_eq!(
        sub_code(pay(&mock, &client, &auth_no, "t", "1.00").await),
        "ACQ.PRE_AUTH_PROD_CODE_INCONSISTENT"
    );
    let online = pay_request(&mock, &auth_no, "t", "1.00").product_code("PRE_AUTH_ONLINE");
    assert!(!client.trade().pay(online).await.unwrap().is_pending());
    // The documentation's own word for the product is the same product.
    let documented = with(app_freeze("3", "1.00"), |request| {
        request.product_code = "PREAUTH_PAY".into();
    });
    send(documented).await;
    let auth_no = mock.authorise_preauth("3").unwrap().auth_no.unwrap();
    let online = pay_request(&mock, &auth_no, "t3", "1.00").product_code("PRE_AUTH_ONLINE");
    assert!(!client.trade().pay(online).await.unwrap().is_pending());
}

#[tokio::test]
async fn a_release_is_made_once() {
    let (mock, client) = start().await;
    let auth_no = frozen(&client, "1", "100.00").await;
    let first = unfreeze(&client, &auth_no, "u1", "30.00").await.unwrap();
    let again = unfreeze(&client, &auth_no, "u1", "30.00").await.unwrap();
    assert_eq!(
        (again.operation_id, again.gmt_trans),
        (first.operation_id, first.gmt_trans)
    );
    assert_eq!(
        sub_code(unfreeze(&client, &auth_no, "u1", "30.01").await),
        "UNIQUE_VIOLATION"
    );
    // Nor does the freeze's number serve for it.
    assert_eq!(
        sub_code(unfreeze(&client, &auth_no, "1_freeze", "30.00").await),
        "UNIQUE_VIOLATION"
    );
    assert_eq!(
        amounts(&mock.preauth("1").unwrap()),
        ["100.00", "30.00", "0.00", "70.00"]
    );

    let error = unfreeze(&client, &auth_no, "u2", "70.01").await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(AuthOrderUnfreezeErrorCode::RequestAmountExceed)
    );
    unfreeze(&client, &auth_no, "u2", "70.00").await.unwrap();
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(asked.order_status, Some(OrderStatus::Closed.into()));
    assert_eq!(
        sub_code(unfreeze(&client, &auth_no, "u3", "0.01").await),
        "ORDER_ALREADY_CLOSED"
    );
    // The answer is the same also when all is over.
    unfreeze(&client, &auth_no, "u1", "30.00").await.unwrap();
    assert_eq!(
        sub_code(unfreeze(&client, "2014", "u", "1.00").await),
        "AUTH_ORDER_NOT_EXIST"
    );
    let closed = client.fund().auth_order_freeze(freeze("1", "100.00")).await;
    assert_eq!(sub_code(closed), "ORDER_ALREADY_CLOSED");
}

#[tokio::test]
async fn a_payment_takes_no_more_than_is_frozen() {
    let (mock, client) = start().await;
    let auth_no = frozen(&client, "1", "100.00").await;
    let error = pay(&mock, &client, &auth_no, "t1", "100.01").await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(PayErrorCode::AcqAuthAmountNotEnough));
    // A refused payment leaves no order behind.
    assert!(mock.trade("t1").is_err());
    assert_eq!(
        sub_code(pay(&mock, &client, "2014", "t1", "1.00").await),
        "ACQ.AUTH_NO_ERROR"
    );
    let request = || pay_request(&mock, &auth_no, "t1", "1.00");
    for (request, code) in [
        (
            request().product_code("PRE_AUTH_ONLINE"),
            "ACQ.PRE_AUTH_PROD_CODE_INCONSISTENT",
        ),
        (request().buyer_id("2088000000000001"), "ACQ.TRADE_BUYER_NOT_MATCH"),
        (request().seller_id("2088000000000001"), "ACQ.INVALID_RECEIVE_ACCOUNT"),
        (request().auth_code(CODE), "ACQ.INVALID_PARAMETER"),
        (
            with(request(), |request| request.buyer_id = None),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            with(request(), |request| request.seller_id = None),
            "ACQ.INVALID_PARAMETER",
        ),
    ] {
        assert_eq!(sub_code(client.trade().pay(request).await), code);
    }
    assert_eq!(
        amounts(&mock.preauth("1").unwrap()),
        ["100.00", "0.00", "0.00", "100.00"]
    );

    pay(&mock, &client, &auth_no, "t1", "100.00").await.unwrap();
    // The same order again: it is paid, and nothing is taken twice.
    assert_eq!(
        sub_code(pay(&mock, &client, &auth_no, "t1", "100.00").await),
        "ACQ.TRADE_HAS_SUCCESS"
    );
    assert_eq!(
        sub_code(pay(&mock, &client, &auth_no, "t2", "0.01").await),
        "ACQ.AUTH_ORDER_HAS_FINISHED"
    );
    assert_eq!(
        amounts(&mock.preauth("1").unwrap()),
        ["100.00", "0.00", "100.00", "0.00"]
    );
    assert_eq!(
        sub_code(unfreeze(&client, &auth_no, "u", "0.01").await),
        "ORDER_ALREADY_FINISH"
    );
    assert_eq!(sub_code(cancel(&client, "1").await), "ORDER_ALREADY_FINISH");

    let auth_no = frozen(&client, "2", "1.00").await;
    cancel(&client, "2").await.unwrap();
    assert_eq!(
        sub_code(pay(&mock, &client, &auth_no, "t2", "1.00").await),
        "ACQ.AUTH_ORDER_HAS_CLOSED"
    );
}

#[tokio::test]
async fn a_freeze_is_cancelled_while_it_is_whole() {
    let (mock, client, seconds) = with_clock().await;
    frozen(&client, "1", "10.00").await;
    let cancelled = cancel(&client, "1").await.unwrap();
    assert_eq!(cancelled.action, Some(AuthOperationCancelAction::Unfreeze.into()));
    assert_eq!(cancelled.out_request_no.as_deref(), Some("1_freeze"));
    assert_eq!(amounts(&mock.preauth("1").unwrap()), ["10.00", "10.00", "0.00", "0.00"]);
    assert_eq!(sub_code(cancel(&client, "1").await), "ORDER_ALREADY_FINISH");

    client.fund().auth_order_freeze(freeze("2", "2000.00")).await.unwrap();
    let cancelled = cancel(&client, "2").await.unwrap();
    assert_eq!(cancelled.action, Some(AuthOperationCancelAction::Close.into()));
    assert_eq!(
        mock.authorise_preauth("2").unwrap_err(),
        ControlError::PreauthClosed("2".into())
    );
    let asked = query(&client, "2", "2_freeze").await.unwrap();
    assert_eq!(
        (asked.order_status, asked.status),
        (Some(OrderStatus::Closed.into()), Some(Status::Closed.into()))
    );

    let auth_no = frozen(&client, "3", "10.00").await;
    unfreeze(&client, &auth_no, "u", "0.01").await.unwrap();
    assert_eq!(sub_code(cancel(&client, "3").await), "REQUEST_AMOUNT_EXCEED");
    let of_release = AuthOperationCancel::new("超时").out_order_no("3").out_request_no("u");
    assert_eq!(
        sub_code(client.fund().auth_operation_cancel(of_release).await),
        "ILLEGAL_ARGUMENT"
    );
    assert_eq!(sub_code(cancel(&client, "4").await), "AUTH_ORDER_NOT_EXIST");

    frozen(&client, "5", "10.00").await;
    seconds.fetch_add(24 * 3600 + 1, Ordering::SeqCst);
    assert_eq!(sub_code(cancel(&client, "5").await), "CANCEL_OPERATION_TIME_OUT");
    assert_eq!(amounts(&mock.preauth("5").unwrap()), ["10.00", "0.00", "0.00", "10.00"]);
}

#[tokio::test]
async fn what_nobody_authorises_in_time_is_closed() {
    let (mock, client, seconds) = with_clock().await;
    client.fund().auth_order_freeze(freeze("1", "2000.00")).await.unwrap();
    let two_hours = voucher("2", "1.00").timeout_express("2h");
    client
        .fund()
        .auth_order_voucher_create(two_hours.clone())
        .await
        .unwrap();
    seconds.fetch_add(15 * 60, Ordering::SeqCst);
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    assert_eq!(
        (asked.order_status, asked.status),
        (Some(OrderStatus::Closed.into()), Some(Status::Closed.into()))
    );
    assert_eq!(
        mock.authorise_preauth("1").unwrap_err(),
        ControlError::PreauthClosed("1".into())
    );
    let again = client.fund().auth_order_freeze(freeze("1", "2000.00")).await;
    assert_eq!(sub_code(again), "ORDER_ALREADY_CLOSED");
    seconds.fetch_add(2 * 3600, Ordering::SeqCst);
    assert_eq!(
        mock.scan_preauth("2").unwrap_err(),
        ControlError::PreauthClosed("2".into())
    );
    let again = client.fund().auth_order_voucher_create(two_hours).await;
    assert_eq!(sub_code(again), "ORDER_ALREADY_CLOSED");
}

#[tokio::test]
async fn queries_find_operations_by_either_number_and_by_kind() {
    let (mock, client) = start().await;
    let auth_no = frozen(&client, "1", "10.00").await;
    // A payment may have the number of the freeze.
    pay(&mock, &client, &auth_no, "1_freeze", "4.00").await.unwrap();
    let ask = |request: AuthOperationDetailQuery| client.fund().auth_operation_detail_query(request);
    let of = || {
        AuthOperationDetailQuery::new()
            .auth_no(&*auth_no)
            .out_request_no("1_freeze")
    };
    let freeze = ask(of()).await.unwrap();
    assert_eq!(freeze.operation_type.as_deref(), Some("FREEZE"));
    let payment = ask(of().operation_type("PAY")).await.unwrap();
    assert_eq!(payment.operation_type.as_deref(), Some("PAY"));
    let id = payment.operation_id.unwrap();
    let by_id = AuthOperationDetailQuery::new().auth_no(&*auth_no).operation_id(&*id);
    assert_eq!(ask(by_id).await.unwrap().amount, Some(price("4.00")));
    assert_eq!(
        sub_code(ask(of().operation_type("UNFREEZE")).await),
        "AUTH_OPERATION_NOT_EXIST"
    );
    assert_eq!(sub_code(query(&client, "1", "none").await), "AUTH_OPERATION_NOT_EXIST");
    assert_eq!(sub_code(query(&client, "2", "none").await), "AUTH_ORDER_NOT_EXIST");
}

#[tokio::test]
async fn what_the_merchant_gave_comes_back() {
    let (_mock, client) = start().await;
    let extra = alipay_api::types::Json::from_text(r#"{"category":"HOTEL","merchantExt":"key1=value1"}"#);
    client
        .fund()
        .auth_order_freeze(freeze("1", "1.00").extra_param(extra))
        .await
        .unwrap();
    let asked = query(&client, "1", "1_freeze").await.unwrap();
    let extra = asked.extra_param.unwrap();
    assert_eq!(extra.as_str(), r#"{"merchantExt":"key1=value1"}"#);
}

#[tokio::test]
async fn a_merchant_sees_nothing_of_another() {
    let (mock, client) = start().await;
    let auth_no = frozen(&client, "1", "10.00").await;
    mock.authorise(Some("2021000000000002"), Some("2088000000000002"));
    let token = mock.authorisation("2021000000000002").unwrap().app_auth_token;
    let other = client.on_behalf_of(token);
    let by_no = AuthOperationDetailQuery::new()
        .auth_no(&*auth_no)
        .out_request_no("1_freeze");
    assert_eq!(
        sub_code(other.fund().auth_operation_detail_query(by_no).await),
        "HAS_NO_PRIVILEGE"
    );
    assert_eq!(sub_code(query(&other, "1", "1_freeze").await), "AUTH_ORDER_NOT_EXIST");
    assert_eq!(
        sub_code(unfreeze(&other, &auth_no, "u", "1.00").await),
        "AUTH_ORDER_NOT_EXIST"
    );
    assert_eq!(sub_code(cancel(&other, "1").await), "AUTH_ORDER_NOT_EXIST");
    let theirs = pay_request(&mock, &auth_no, "t", "1.00").seller_id("2088000000000002");
    assert_eq!(sub_code(other.trade().pay(theirs).await), "ACQ.AUTH_NO_ERROR");
    // The same numbers are another pre-authorisation there.
    assert_ne!(frozen(&other, "1", "5.00").await, auth_no);
    assert_eq!(
        query(&client, "1", "1_freeze").await.unwrap().rest_amount,
        Some(price("10.00"))
    );
}

#[tokio::test]
async fn merchants_are_told_of_freezes_releases_and_cancels() {
    let (mock, client) = start().await;
    let (url, mut received) = merchant(&["success"]).await;
    let mut told = async || -> Verified<Notification> {
        mock.notifications_settled().await;
        let body = received.try_recv().expect("a notification");
        client.notifications().receive(body).await.unwrap()
    };
    let answer = client
        .fund()
        .auth_order_freeze(freeze("1", "100.00"))
        .notify_url(&*url)
        .await
        .unwrap();
    let auth_no = answer.auth_no.unwrap();
    let Notification::FundAuthFreeze(of_freeze) = told().await.into_inner() else {
        panic!("a freeze is told of")
    };
    assert_eq!(
        (of_freeze.auth_no, of_freeze.out_order_no.as_str()),
        (auth_no.clone(), "1")
    );
    assert_eq!(
        (of_freeze.amount, of_freeze.rest_amount),
        (Some(price("100.00")), Some(price("100.00")))
    );
    assert_eq!(
        (of_freeze.status.as_str(), of_freeze.operation_type.as_str()),
        ("SUCCESS", "FREEZE")
    );
    assert_eq!(of_freeze.payee_user_id.as_deref(), Some(mock.seller_id()));
    assert!(of_freeze.gmt_trans.is_some());

    let release = AuthOrderUnfreeze::new(AuthOrderUnfreezeRequired {
        amount: price("30.00"),
        auth_no: auth_no.clone(),
        out_request_no: "u1".into(),
        remark: "退房".into(),
    });
    client
        .fund()
        .auth_order_unfreeze(release.clone())
        .notify_url(&*url)
        .await
        .unwrap();
    let Notification::FundAuthUnfreeze(of_release) = told().await.into_inner() else {
        panic!("a release is told of")
    };
    assert_eq!(
        (of_release.out_request_no.as_str(), of_release.amount),
        ("u1", Some(price("30.00")))
    );
    assert_eq!(of_release.total_unfreeze_amount, Some(price("30.00")));
    assert_eq!(of_release.rest_amount, Some(price("70.00")));
    // A repetition is no release.
    client
        .fund()
        .auth_order_unfreeze(release)
        .notify_url(&*url)
        .await
        .unwrap();

    // A payment is told of as the order's.
    let payment = client
        .trade()
        .pay(pay_request(&mock, &auth_no, "t1", "70.00"))
        .notify_url(&*url);
    assert!(!payment.await.unwrap().is_pending());
    assert_eq!(told().await.expect_trade().unwrap().out_trade_no, "t1");

    frozen(&client, "2", "5.00").await;
    let request = AuthOperationCancel::new("超时")
        .out_order_no("2")
        .out_request_no("2_freeze");
    client
        .fund()
        .auth_operation_cancel(request)
        .notify_url(&*url)
        .await
        .unwrap();
    let Notification::FundAuthOperationCancel(of_cancel) = told().await.into_inner() else {
        panic!("a cancel is told of")
    };
    assert_eq!(
        (of_cancel.out_order_no.as_str(), of_cancel.action.as_str()),
        ("2", "unfreeze")
    );
    let names: Vec<_> = mock
        .preauth("1")
        .unwrap()
        .notifications
        .into_iter()
        .map(|sent| sent.name)
        .collect();
    assert_eq!(names, ["fund_auth_freeze", "fund_auth_unfreeze"]);
}
