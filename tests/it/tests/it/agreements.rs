//! Agreements to deduct money, against the embedded gateway: signing on the page, paying, ending, and what merchants are told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use alipay_api::{
    Client, Error,
    notify::Notification,
    trade::{Cancel, Pay, PayErrorCode, PayRequired, PayResponse, Precreate, Refund, pay::AgreementParams},
    user::{
        AgreementExecutionplanModify, AgreementPageSign, AgreementQuery, AgreementQueryResponse, AgreementTransfer,
        AgreementUnsign,
        agreement_page_sign::IdentityParams,
        agreement_query::AgreementQueryStatus,
        types::{PeriodRuleParams, PeriodRuleParamsPeriodType},
    },
};
use alipay_mock::{ControlError, Mock, Visitor};

use crate::{
    buttons::{goes_to, press},
    pages::browse,
    support::{builder, merchant, price, start},
};

const SCENE: &str = "INDUSTRY|CARRENTAL";
/// The visitor.
const USER: &str = "2088102104794936";

fn offer(external_agreement_no: &str) -> AgreementPageSign {
    AgreementPageSign::new()
        .personal_product_code("GENERAL_WITHHOLDING_P")
        .sign_scene(SCENE)
        .external_agreement_no(external_agreement_no)
        .external_logon_id("138****8888")
}

/// Every month on the sixth, 10.00 yuan at most; three times, and 25.00 yuan in all.
fn monthly() -> PeriodRuleParams {
    PeriodRuleParams::new()
        .period_type(PeriodRuleParamsPeriodType::Month)
        .period(1)
        .execute_time("2019-07-06".parse().unwrap())
        .single_amount(price("10.00"))
        .total_amount(price("25.00"))
        .total_payments(3)
}

fn regular(external_agreement_no: &str) -> AgreementPageSign {
    offer(external_agreement_no)
        .personal_product_code("CYCLE_PAY_AUTH_P")
        .period_rule_params(monthly())
}

/// The page, as a browser sees it.
async fn open(client: &Client, offer: AgreementPageSign) -> String {
    let url = client.user().agreement_page_sign(offer).url().unwrap();
    let (status, page) = browse(&url).await;
    assert_eq!(status, 200);
    page
}

/// An agreement that the visitor has signed: Alipay's number of it.
async fn signed(mock: &Mock, client: &Client, offer: AgreementPageSign) -> String {
    let number = offer.external_agreement_no.clone().unwrap();
    open(client, offer).await;
    mock.sign_agreement(&number).unwrap().agreement.agreement_no
}

async fn query(client: &Client, agreement_no: &str) -> Result<AgreementQueryResponse, Error> {
    let request = AgreementQuery::new().agreement_no(agreement_no);
    client.user().agreement_query(request).await
}

fn deduction(agreement_no: &str, number: &str, amount: &str) -> Pay {
    let required = PayRequired {
        out_trade_no: number.into(),
        total_amount: price(amount),
        subject: "租车费".into(),
    };
    Pay::with_agreement_params(AgreementParams::new(agreement_no), required).product_code("GENERAL_WITHHOLDING")
}

async fn deduct(client: &Client, agreement_no: &str, number: &str, amount: &str) -> Result<PayResponse, Error> {
    let paid = client.trade().pay(deduction(agreement_no, number, amount)).await?;
    Ok(paid.done().expect("nobody has to confirm"))
}

async fn deduct_regularly(
    client: &Client,
    agreement_no: &str,
    number: &str,
    amount: &str,
) -> Result<PayResponse, Error> {
    let request = deduction(agreement_no, number, amount).product_code("CYCLE_PAY_AUTH");
    let paid = client.trade().pay(request).await?;
    Ok(paid.done().expect("nobody has to confirm"))
}

fn sub_code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    error.sub_code().unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// Noon in Beijing of a day, in seconds.
fn noon(day: &str) -> u64 {
    let time: alipay_api::types::DateTime = format!("{day} 12:00:00").parse().unwrap();
    let time = SystemTime::from(time);
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// A gateway whose day can be set.
async fn with_days(day: &str) -> (Mock, Client, impl Fn(&str)) {
    let seconds = Arc::new(AtomicU64::new(noon(day)));
    let clock = Arc::clone(&seconds);
    let mock = Mock::builder()
        .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)))
        .start()
        .await
        .unwrap();
    let client = builder(&mock).build().unwrap();
    (mock, client, move |day: &str| {
        seconds.store(noon(day), Ordering::SeqCst);
    })
}

#[tokio::test]
async fn a_user_signs_on_the_page_and_comes_back() {
    let (mock, client) = start().await;
    let call = client
        .user()
        .agreement_page_sign(offer("E1").external_logon_id("<script>"))
        .return_url("https://example.com/back?x=1");
    let (_, page) = browse(&call.url().unwrap()).await;
    assert!(
        page.contains("GENERAL_WITHHOLDING_P") && !page.contains("<script>"),
        "{page}"
    );
    let asked = mock.agreement("E1").unwrap();
    assert_eq!((asked.status.as_str(), asked.user_id), ("OFFERED", None));
    let named = AgreementQuery::new()
        .external_agreement_no("E1")
        .personal_product_code("GENERAL_WITHHOLDING_P")
        .sign_scene(SCENE);
    let early = client.user().agreement_query(named.clone()).await;
    assert_eq!(sub_code(early), "USER_AGREEMENT_NOT_EXIST");

    let (status, signed) = press(&mock.base_url(), &page, "agree").await;
    assert_eq!(status, 200);
    let back = goes_to(&signed).unwrap();
    let returned = back.strip_prefix("https://example.com/back?x=1&").unwrap();
    let returned = client.notifications().verify_return(returned).unwrap();
    let returned = returned.expect_method::<AgreementPageSign>().unwrap();
    assert_eq!(returned.agreement_no.as_deref(), Some(asked.agreement_no.as_str()));
    assert_eq!(returned.alipay_user_id.as_deref(), Some(USER));

    let found = query(&client, &asked.agreement_no).await.unwrap();
    assert_eq!(found.status, Some(AgreementQueryStatus::Normal.into()));
    assert_eq!(
        (found.principal_id.as_deref(), found.pricipal_type.as_deref()),
        (Some(USER), Some("CARD"))
    );
    assert_eq!(found.external_agreement_no.as_deref(), Some("E1"));
    assert_eq!(
        (found.sign_time, found.valid_time),
        (returned.sign_time, returned.valid_time)
    );
    let by_name = client.user().agreement_query(named.clone()).await.unwrap();
    assert_eq!(by_name.agreement_no, found.agreement_no);
    let by_user = client
        .user()
        .agreement_query(named.alipay_user_id("2088000000000001"))
        .await;
    assert_eq!(sub_code(by_user), "USER_AGREEMENT_NOT_EXIST");
}

#[tokio::test]
async fn an_app_opens_the_same_page_by_an_order_string() {
    let (mock, client) = start().await;
    let order = client.user().agreement_page_sign(offer("E1")).order_string().unwrap();
    let (status, page) = browse(&format!("{}?{order}", mock.gateway_url())).await;
    assert_eq!(status, 200);
    assert!(page.contains("id=\"external_agreement_no\">E1<"), "{page}");
    assert_eq!(mock.sign_agreement("E1").unwrap().return_url, None);
}

#[tokio::test]
async fn a_user_who_refuses_signs_nothing() {
    let (mock, client) = start().await;
    open(&client, offer("E1")).await;
    let refused = mock.refuse_agreement("E1").unwrap();
    assert_eq!(refused.status, "REFUSED");
    assert_eq!(
        mock.sign_agreement("E1").unwrap_err(),
        ControlError::NotOffered("E1".into())
    );
    assert_eq!(
        sub_code(query(&client, &refused.agreement_no).await),
        "USER_AGREEMENT_NOT_EXIST"
    );
    assert_eq!(
        sub_code(deduct(&client, &refused.agreement_no, "1", "1.00").await),
        "ACQ.AGREEMENT_NOT_EXIST"
    );
    assert_eq!(
        mock.agreement("E2").unwrap_err(),
        ControlError::NoAgreement("E2".into())
    );
    assert_eq!(
        mock.unsign_agreement("E1").unwrap_err(),
        ControlError::NotSigned("E1".into())
    );
}

#[tokio::test]
async fn only_the_user_who_is_asked_signs_and_once() {
    let (mock, client) = start().await;
    let identity = IdentityParams::new().sign_user_id("2088000000000001");
    open(&client, offer("E1").identity_params(identity)).await;
    assert_eq!(
        mock.sign_agreement("E1").unwrap_err(),
        ControlError::OtherUser("E1".into())
    );
    let mut visitor = Visitor::default();
    visitor.user_id = "2088000000000001".into();
    visitor.open_id = Some("open1".into());
    mock.set_visitor(visitor);
    let no = mock.sign_agreement("E1").unwrap().agreement.agreement_no;
    // Towards the app, the user is an open id.
    let found = query(&client, &no).await.unwrap();
    assert_eq!(
        (found.principal_open_id.as_deref(), found.principal_id),
        (Some("open1"), None)
    );
    let paid = deduct(&client, &no, "1", "1.00").await.unwrap();
    assert_eq!(
        (paid.buyer_open_id.as_deref(), paid.buyer_user_id),
        (Some("open1"), None)
    );

    open(&client, offer("E1")).await;
    let again = mock.agreements().pop().unwrap();
    assert_eq!(
        mock.sign_agreement(&again.agreement_no).unwrap_err(),
        ControlError::SignedTwice(again.agreement_no.clone(), no)
    );
    open(&client, offer("E2").effect_time(0)).await;
}

#[tokio::test]
async fn what_can_t_be_offered_is_an_error_page() {
    let (mock, client) = start().await;
    let rule = |change: fn(PeriodRuleParams) -> PeriodRuleParams| regular("E1").period_rule_params(change(monthly()));
    for offer in [
        AgreementPageSign::new().sign_scene(SCENE),
        // The merchant's own number needs a scene of its own.
        AgreementPageSign::new()
            .personal_product_code("GENERAL_WITHHOLDING_P")
            .external_agreement_no("E1"),
        offer("E1").sign_scene("DEFAULT|DEFAULT"),
        offer("E1").sign_validity_period("2y"),
        offer("E1").effect_time(86_401),
        offer("E1").personal_product_code("CYCLE_PAY_AUTH_P"),
        rule(|mut rule| {
            rule.single_amount = None;
            rule
        }),
        rule(|rule| rule.execute_time("2019-07-29".parse().unwrap())),
        rule(|rule| rule.period_type(PeriodRuleParamsPeriodType::Day).period(6)),
    ] {
        let page = open(&client, offer.clone()).await;
        assert!(page.contains("isv.invalid-parameter"), "{offer:?}: {page}");
    }
    assert!(mock.agreements().is_empty());
}

#[tokio::test]
async fn an_agreement_pays_until_it_is_ended() {
    let (mock, client) = start().await;
    let no = signed(&mock, &client, offer("E1")).await;
    // Above the limit of payment codes, nobody has to confirm.
    let paid = deduct(&client, &no, "1", "2000.00").await.unwrap();
    assert_eq!(paid.buyer_user_id.as_deref(), Some(USER));
    assert_eq!(
        sub_code(deduct(&client, &no, "1", "2000.00").await),
        "ACQ.TRADE_HAS_SUCCESS"
    );
    let agreement = mock.agreement(&no).unwrap();
    assert_eq!(
        (agreement.deductions, agreement.deducted_amount.as_str()),
        (1, "2000.00")
    );

    // The orders are orders like any other.
    let refund = Refund::with_out_trade_no("1", price("500.00")).out_request_no("r");
    assert_eq!(client.trade().refund(refund).await.unwrap().fund_change, Some(true));
    assert_eq!(mock.trade("1").unwrap().refunded_amount, "500.00");
    client.trade().cancel(Cancel::with_out_trade_no("1")).await.unwrap();
    assert_eq!(mock.trade("1").unwrap().trade_status.as_deref(), Some("TRADE_CLOSED"));

    client
        .user()
        .agreement_unsign(AgreementUnsign::with_agreement_no(&*no))
        .await
        .unwrap();
    let error = deduct(&client, &no, "2", "1.00").await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(PayErrorCode::AcqAgreementNotExist));
    assert!(mock.trade("2").is_err(), "a refused payment leaves no order behind");
    assert_eq!(sub_code(query(&client, &no).await), "AGREEMENT_HAS_UNSIGNED");
    let again = client
        .user()
        .agreement_unsign(AgreementUnsign::with_agreement_no(&*no))
        .await;
    assert_eq!(sub_code(again), "USER_AGREEMENT_STATUS_NOT_NORMAL");
    assert_eq!(sub_code(query(&client, "2019").await), "USER_AGREEMENT_NOT_EXIST");
    let unknown = client
        .user()
        .agreement_unsign(AgreementUnsign::with_agreement_no("2019"))
        .await;
    assert_eq!(sub_code(unknown), "AGREEMENT_NOT_EXIST");
    // Signed again, it is another agreement.
    assert_ne!(signed(&mock, &client, offer("E1")).await, no);
}

#[tokio::test]
async fn an_agreement_is_ended_by_its_names() {
    let (mock, client) = start().await;
    signed(&mock, &client, offer("E1")).await;
    let named = || {
        AgreementUnsign::with_external_agreement_no("E1")
            .personal_product_code("GENERAL_WITHHOLDING_P")
            .sign_scene(SCENE)
    };
    let unsign = |request: AgreementUnsign| client.user().agreement_unsign(request);
    for (request, code) in [
        (named(), "INVALID_PARAMETER"),
        (
            named().alipay_user_id(USER).sign_scene("DEFAULT|DEFAULT"),
            "INVALID_PARAMETER",
        ),
        (
            named().alipay_user_id(USER).operate_type("confirm"),
            "INVALID_PARAMETER",
        ),
        (named().alipay_user_id("2088000000000001"), "AGREEMENT_NOT_EXIST"),
        (
            named().alipay_user_id(USER).sign_scene("INDUSTRY|MEDICAL"),
            "AGREEMENT_NOT_EXIST",
        ),
    ] {
        assert_eq!(sub_code(unsign(request).await), code);
    }
    unsign(named().alipay_user_id(USER)).await.unwrap();
    assert_eq!(
        sub_code(unsign(named().alipay_user_id(USER)).await),
        "AGREEMENT_NOT_EXIST"
    );
    assert_eq!(mock.agreement("E1").unwrap().status, "UNSIGN");
}

#[tokio::test]
async fn a_deduction_fits_its_agreement() {
    let (mock, client) = start().await;
    let no = signed(&mock, &client, offer("E1")).await;
    let pay = |request: Pay| client.trade().pay(request);
    for (request, code) in [
        (
            deduction(&no, "1", "1.00").product_code("CYCLE_PAY_AUTH"),
            "ACQ.AGREEMENT_ERROR",
        ),
        (
            deduction(&no, "1", "1.00").buyer_id("2088000000000001"),
            "ACQ.TRADE_BUYER_NOT_MATCH",
        ),
        (
            deduction(&no, "1", "1.00").buyer_open_id("open1"),
            "ACQ.TRADE_BUYER_NOT_MATCH",
        ),
        (deduction(&no, "1", "1.00").auth_no("2014"), "ACQ.INVALID_PARAMETER"),
        (deduction("2019", "1", "1.00"), "ACQ.AGREEMENT_NOT_EXIST"),
    ] {
        assert_eq!(sub_code(pay(request).await), code);
    }
    assert_eq!(mock.agreement("E1").unwrap().deductions, 0);
    // An order of the same number that another buyer came into is not this user's to pay.
    let precreate = Precreate::new("2", price("1.00"), "租车费");
    client.trade().precreate(precreate).await.unwrap();
    assert_eq!(
        sub_code(deduct(&client, &no, "2", "1.00").await),
        "ACQ.CONTEXT_INCONSISTENT"
    );
    let required = PayRequired {
        out_trade_no: "3".into(),
        total_amount: price("2000.00"),
        subject: "租车费".into(),
    };
    let waiting = Pay::with_auth_code("28763443825664394", required).product_code("FACE_TO_FACE_PAYMENT");
    assert!(pay(waiting).await.unwrap().is_pending());
    assert_eq!(
        sub_code(deduct(&client, &no, "3", "2000.00").await),
        "ACQ.TRADE_BUYER_NOT_MATCH"
    );
    let paid = pay(deduction(&no, "1", "1.00").buyer_id(USER)).await.unwrap();
    assert!(!paid.is_pending());
    assert_eq!(mock.agreement("E1").unwrap().deducted_amount, "1.00");

    // Where the merchant puts it in force later, it pays nothing until then.
    let later = signed(&mock, &client, offer("E2").agreement_effect_type("NOT_DIRECT")).await;
    assert_eq!(
        query(&client, &later).await.unwrap().status,
        Some(AgreementQueryStatus::Temp.into())
    );
    assert_eq!(
        sub_code(deduct(&client, &later, "4", "1.00").await),
        "ACQ.AGREEMENT_STATUS_NOT_NORMAL"
    );
}

#[tokio::test]
async fn an_agreement_expires() {
    let (mock, client, set_day) = with_days("2019-06-01").await;
    let no = signed(&mock, &client, offer("E1").sign_validity_period("1m")).await;
    assert_eq!(mock.agreement(&no).unwrap().invalid_time, "2019-07-01 12:00:00");
    set_day("2019-06-30");
    deduct(&client, &no, "1", "1.00").await.unwrap();
    set_day("2019-07-01");
    assert_eq!(
        sub_code(deduct(&client, &no, "2", "1.00").await),
        "ACQ.AGREEMENT_INVALID"
    );
    assert_eq!(sub_code(query(&client, &no).await), "USER_AGREEMENT_NOT_EXIST");
    let unsign = client
        .user()
        .agreement_unsign(AgreementUnsign::with_agreement_no(&*no))
        .await;
    assert_eq!(sub_code(unsign), "USER_AGREEMENT_STATUS_NOT_NORMAL");
    // It has no notification.
    assert!(mock.agreement(&no).unwrap().notifications.is_empty());

    open(&client, offer("E2").effect_time(60)).await;
    set_day("2019-07-02");
    assert_eq!(
        mock.sign_agreement("E2").unwrap_err(),
        ControlError::NotOffered("E2".into())
    );
}

#[tokio::test]
async fn regular_deductions_keep_to_their_plan() {
    let (mock, client, set_day) = with_days("2019-06-20").await;
    let no = signed(&mock, &client, regular("E1")).await;
    let pay = |number: &'static str, amount: &'static str| deduct_regularly(&client, &no, number, amount);
    assert_eq!(sub_code(pay("1", "10.00").await), "ACQ.CYCLE_PAY_DATE_NOT_MATCH");
    let general = deduct(&client, &no, "1", "10.00").await;
    assert_eq!(sub_code(general), "ACQ.CYCLE_PAY_DATE_NOT_MATCH");
    set_day("2019-07-01");
    assert_eq!(
        sub_code(deduct(&client, &no, "1", "10.00").await),
        "ACQ.AGREEMENT_ERROR"
    );
    assert_eq!(sub_code(pay("1", "10.01").await), "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED");
    pay("1", "10.00").await.unwrap();
    assert_eq!(sub_code(pay("2", "10.00").await), "ACQ.CYCLE_PAY_DATE_NOT_MATCH");
    let found = query(&client, &no).await.unwrap();
    let day = |day: &str| Some(day.parse().unwrap());
    assert_eq!(
        (found.last_deduct_time, found.next_deduct_time),
        (day("2019-07-01"), day("2019-08-06"))
    );
    assert_eq!(found.single_quota, Some(price("10.00")));

    set_day("2019-08-07");
    assert_eq!(sub_code(pay("2", "10.00").await), "ACQ.CYCLE_PAY_DATE_NOT_MATCH");
    let put_off = |to: &str| {
        let request = AgreementExecutionplanModify::new()
            .agreement_no(&*no)
            .deduct_time(to.parse().unwrap());
        client.user().agreement_executionplan_modify(request)
    };
    for to in ["2019-08-06", "2019-08-05", "2019-08-29"] {
        assert_eq!(sub_code(put_off(to).await), "ILLEGAL_EXECUTION_TIME", "{to}");
    }
    assert_eq!(put_off("2019-08-10").await.unwrap().deduct_time, day("2019-08-10"));
    pay("2", "10.00").await.unwrap();
    set_day("2019-09-10");
    assert_eq!(sub_code(pay("3", "5.01").await), "ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED");
    pay("3", "5.00").await.unwrap();
    set_day("2019-10-10");
    assert_eq!(sub_code(pay("4", "0.01").await), "ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED");
    let agreement = mock.agreement(&no).unwrap();
    assert_eq!((agreement.deductions, agreement.deducted_amount.as_str()), (3, "25.00"));

    let general = signed(&mock, &client, offer("E2")).await;
    for (no, code) in [(general.as_str(), "ILLEGAL_AGREEMENT"), ("2019", "ILLEGAL_AGREEMENT")] {
        let request = AgreementExecutionplanModify::new()
            .agreement_no(no)
            .deduct_time("2020-01-01".parse().unwrap());
        assert_eq!(
            sub_code(client.user().agreement_executionplan_modify(request).await),
            code
        );
    }
    let nothing = client
        .user()
        .agreement_executionplan_modify(AgreementExecutionplanModify::new());
    assert_eq!(sub_code(nothing.await), "INVALID_PARAMETER");
}

#[tokio::test]
async fn an_agreement_in_general_becomes_a_regular_one() {
    let (mock, client, _) = with_days("2019-07-02").await;
    let no = signed(&mock, &client, offer("E1")).await;
    let transfer = |request: AgreementTransfer| client.user().agreement_transfer(request);
    let request = || {
        AgreementTransfer::new()
            .agreement_no(&*no)
            .target_product_code("CYCLE_PAY_AUTH_P")
            .period_rule_params(monthly())
    };
    for (request, code) in [
        (request().agreement_no("2019"), "USER_AGREEMENT_NOT_EXIST"),
        (
            request().target_product_code("GENERAL_WITHHOLDING_P"),
            "PRODUCT_CODE_IS_INVALID",
        ),
        (
            request().period_rule_params(PeriodRuleParams::new()),
            "INVALID_PARAMETER",
        ),
    ] {
        assert_eq!(sub_code(transfer(request).await), code);
    }
    let made = transfer(request()).await.unwrap();
    assert_eq!(
        (made.amount, made.total_payments.as_deref()),
        (Some(price("10.00")), Some("3"))
    );
    assert_eq!(made.execute_time, Some("2019-07-06".parse().unwrap()));
    assert_eq!(sub_code(transfer(request()).await), "PRODUCTCODE_ALREADY_UPDATE");
    assert_eq!(sub_code(deduct(&client, &no, "1", "1.00").await), "ACQ.AGREEMENT_ERROR");
    assert_eq!(
        sub_code(deduct_regularly(&client, &no, "1", "10.01").await),
        "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED"
    );
    deduct_regularly(&client, &no, "1", "10.00").await.unwrap();
}

#[tokio::test]
async fn a_merchant_sees_no_agreements_of_another() {
    let (mock, client) = start().await;
    let no = signed(&mock, &client, offer("E1")).await;
    mock.authorise(Some("2021000000000002"), Some("2088000000000002"));
    let token = mock.authorisation("2021000000000002").unwrap().app_auth_token;
    let other = client.on_behalf_of(token);
    assert_eq!(sub_code(query(&other, &no).await), "USER_AGREEMENT_NOT_EXIST");
    assert_eq!(
        sub_code(deduct(&other, &no, "1", "1.00").await),
        "ACQ.AGREEMENT_NOT_EXIST"
    );
    let unsign = other.user().agreement_unsign(AgreementUnsign::with_agreement_no(&*no));
    assert_eq!(sub_code(unsign.await), "AGREEMENT_NOT_EXIST");
    query(&client, &no).await.unwrap();
}

#[tokio::test]
async fn merchants_are_told_of_signatures_and_ends() {
    let (mock, client) = start().await;
    let (url, mut received) = merchant(&["success"]).await;
    let (app_gateway, mut at_app) = merchant(&["success"]).await;
    mock.set_app_gateway_url(Some(&app_gateway)).unwrap();

    let call = client.user().agreement_page_sign(offer("E1")).notify_url(&*url);
    browse(&call.url().unwrap()).await;
    let no = mock.sign_agreement("E1").unwrap().agreement.agreement_no;
    mock.notifications_settled().await;
    let body = received.try_recv().expect("a notification");
    let Notification::DutUserSign(sign) = client.notifications().receive(body).await.unwrap().into_inner() else {
        panic!("a signature is told of")
    };
    assert_eq!(
        (sign.agreement_no.as_str(), sign.external_agreement_no.as_deref()),
        (no.as_str(), Some("E1"))
    );
    assert_eq!(
        (sign.status.as_str(), sign.alipay_user_id.as_deref()),
        ("NORMAL", Some(USER))
    );
    assert!(sign.sign_time.is_some() && sign.invalid_time.is_some());

    let unsign = client
        .user()
        .agreement_unsign(AgreementUnsign::with_agreement_no(&*no))
        .notify_url(&*url);
    unsign.await.unwrap();
    mock.notifications_settled().await;
    let body = received.try_recv().expect("a notification");
    let Notification::DutUserUnsign(end) = client.notifications().receive(body).await.unwrap().into_inner() else {
        panic!("an end is told of")
    };
    assert_eq!(
        (end.agreement_no.as_str(), end.status.as_str()),
        (no.as_str(), "UNSIGN")
    );
    assert!(end.unsign_time.is_some());
    assert!(at_app.try_recv().is_err(), "whoever names a URL is told there");

    // Where no URL is named, and where the user ends it in Alipay, the app's address is told.
    let no = signed(&mock, &client, offer("E2")).await;
    mock.unsign_agreement(&no).unwrap();
    mock.notifications_settled().await;
    let mut names = Vec::new();
    while let Ok(body) = at_app.try_recv() {
        let told = client.notifications().receive(body).await.unwrap();
        names.push(told.parameter("notify_type").unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["dut_user_sign", "dut_user_unsign"]);
    assert_eq!(mock.agreement(&no).unwrap().notifications.len(), 2);
}
