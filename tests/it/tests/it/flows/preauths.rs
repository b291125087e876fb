//! Pre-authorisations: frozen, paid from, released.

use std::time::Duration;

use alipay_api::{
    Client,
    flows::{self, Belief, Flow, Found, Frozen, NotDoneReason, Paid, Resumed, Unfrozen, UnknownReason},
    fund::{
        AuthOperationDetailQuery, AuthOrderFreeze, AuthOrderFreezeRequired, AuthOrderUnfreeze,
        AuthOrderUnfreezeRequired, auth_order_freeze::AuthOrderFreezeAuthCodeType,
    },
    trade::{Pay, PayRequired},
};
use alipay_mock::Mock;
use serde_json::json;

use super::{
    begun, done, lose_answer, lose_request, not_done, quick, reconciliation::reconciled, resumed, start, unknown,
};
use crate::support::{builder, price};

const PAYER: &str = "2088102146225135";
const CODE: &str = "28763443825664394";

const FREEZE: &str = "alipay.fund.auth.order.freeze";
const CANCEL: &str = "alipay.fund.auth.operation.cancel";
const UNFREEZE: &str = "alipay.fund.auth.order.unfreeze";
const DETAIL_QUERY: &str = "alipay.fund.auth.operation.detail.query";

fn request(number: &str, amount: &str) -> AuthOrderFreeze {
    AuthOrderFreeze::new(AuthOrderFreezeRequired {
        amount: price(amount),
        auth_code: CODE.into(),
        auth_code_type: AuthOrderFreezeAuthCodeType::BarCode.into(),
        order_title: "酒店押金".into(),
        out_order_no: number.into(),
        out_request_no: format!("{number}_freeze"),
    })
}

fn freeze(client: &Client, number: &str, amount: &str) -> Flow<Frozen> {
    quick(flows::freeze(client, request(number, amount)))
}

fn unfreeze(client: &Client, auth_no: &str, amount: &str) -> Flow<Unfrozen> {
    let request = AuthOrderUnfreeze::new(AuthOrderUnfreezeRequired {
        amount: price(amount),
        auth_no: auth_no.into(),
        out_request_no: "u1".into(),
        remark: "退房".into(),
    });
    quick(flows::unfreeze(client, request))
}

fn pay(mock: &Mock, client: &Client, auth_no: &str, amount: &str) -> Flow<Paid> {
    let required = PayRequired {
        out_trade_no: "t1".into(),
        total_amount: price(amount),
        subject: "房费".into(),
    };
    let request = Pay::with_auth_no(auth_no, required)
        .product_code("PRE_AUTH")
        .buyer_id(PAYER)
        .seller_id(mock.seller_id());
    quick(flows::preauth_pay(client, request))
}

/// What is still frozen, and where the pre-authorisation stands.
fn rest(mock: &Mock, number: &str) -> (String, Option<String>) {
    let preauth = mock.preauth(number).unwrap();
    (preauth.rest_amount, preauth.order_status)
}

fn stands(amount: &str, status: &str) -> (String, Option<String>) {
    (amount.to_owned(), Some(status.to_owned()))
}

#[tokio::test]
async fn money_is_frozen_paid_from_and_the_rest_released() {
    let (mock, client) = start().await;
    let frozen = done(freeze(&client, "1", "200.00").await);
    assert_eq!((frozen.amount, &*frozen.out_order_no), (price("200.00"), "1"));
    assert_eq!(
        (frozen.payer_user_id.as_deref(), frozen.is_on_credit),
        (Some(PAYER), false)
    );
    assert!(frozen.frozen_at.is_some() && frozen.operation_id.is_some());

    let paid = done(pay(&mock, &client, &frozen.auth_no, "150.00").await);
    assert_eq!(paid.total_amount, price("150.00"));
    let query = AuthOperationDetailQuery::new()
        .auth_no(&frozen.auth_no)
        .out_request_no(&frozen.out_request_no);
    let asked = client.fund().auth_operation_detail_query(query).await.unwrap();
    let left = asked.rest_amount.unwrap();
    assert_eq!(left, price("50.00"));
    let unfrozen = done(unfreeze(&client, &frozen.auth_no, "50.00").await);
    assert_eq!((unfrozen.amount, unfrozen.auth_no), (left, Some(frozen.auth_no)));
    assert_eq!(rest(&mock, "1"), stands("0.00", "FINISH"));
    assert_eq!((mock.requests_of(FREEZE), mock.requests_of(UNFREEZE)), (1, 1));
}

#[tokio::test]
async fn a_payer_confirms_on_the_phone() {
    let (mock, client) = start().await;
    let (flow, mut tickets) = begun(freeze(&client, "1", "2000.00"));
    assert_eq!(tickets.recv().await.unwrap().status(), Some("INIT"));
    mock.authorise_preauth("1").unwrap();
    let frozen = done(flow.await.unwrap());
    assert_eq!(
        (frozen.amount, frozen.rest_amount),
        (price("2000.00"), Some(price("2000.00")))
    );
    assert_eq!(mock.requests_of(CANCEL), 0);
}

#[tokio::test]
async fn a_freeze_that_nobody_confirms_is_cancelled() {
    let (mock, client) = start().await;
    let ended = freeze(&client, "1", "2000.00")
        .timeout(Duration::from_millis(100))
        .await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert_eq!(rest(&mock, "1"), stands("0.00", "CLOSED"));
    let flow = freeze(&client, "2", "2000.00");
    let canceller = flow.canceller();
    let (flow, mut tickets) = begun(flow);
    tickets.recv().await.unwrap();
    canceller.cancel();
    assert_eq!(not_done(flow.await.unwrap()).0, NotDoneReason::Cancelled);
    assert_eq!(mock.requests_of(CANCEL), 2);
}

#[tokio::test]
async fn a_refused_freeze_is_not_done() {
    let (mock, client) = start().await;
    let mut wrong = request("1", "1.00");
    wrong.auth_code = "1234".into();
    let ended = quick(flows::freeze(&client, wrong)).await;
    assert_eq!(
        not_done(ended),
        (NotDoneReason::Refused, "PAYMENT_AUTH_CODE_INVALID".to_owned())
    );
    assert_eq!((mock.requests_of(FREEZE), mock.requests_of(CANCEL)), (1, 0));
    // Of an order that stands with other values.
    done(freeze(&client, "2", "1.00").await);
    let (reason, _) = unknown(freeze(&client, "2", "2.00").await);
    assert_eq!(reason, UnknownReason::Mismatch);
    assert_eq!(
        (rest(&mock, "2"), mock.requests_of(CANCEL)),
        (stands("1.00", "AUTHORIZED"), 0)
    );
}

#[tokio::test]
async fn a_lost_answer_of_a_freeze_is_asked_for() {
    let (mock, client) = start().await;
    lose_answer(&mock, FREEZE);
    let frozen = done(freeze(&client, "1", "10.00").await);
    assert_eq!(frozen.rest_amount, Some(price("10.00")));
    assert_eq!(mock.requests_of(FREEZE), 1);
}

#[tokio::test]
async fn a_freeze_that_never_arrives_is_not_done() {
    let (mock, client) = start().await;
    lose_request(&mock, FREEZE);
    let ended = freeze(&client, "1", "10.00").timeout(Duration::from_millis(50)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert!(mock.preauth("1").is_err());
    // There was nothing to be cancelled.
    assert_eq!((mock.requests_of(FREEZE), mock.requests_of(CANCEL)), (1, 0));
}

#[tokio::test]
async fn a_cancel_is_sent_once() {
    // It is carried out, and its answer is lost: the query says so.
    let (mock, client) = start().await;
    lose_answer(&mock, CANCEL);
    let ended = freeze(&client, "1", "2000.00").timeout(Duration::from_millis(50)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Closed);
    assert_eq!(
        (mock.requests_of(CANCEL), rest(&mock, "1")),
        (1, stands("0.00", "CLOSED"))
    );

    // It is lost: nothing says so, and it is not sent again, by a resumed flow neither.
    lose_request(&mock, CANCEL);
    let (reason, ticket) = unknown(freeze(&client, "2", "2000.00").timeout(Duration::from_millis(50)).await);
    assert_eq!(reason, UnknownReason::NoAnswer);
    mock.authorise_preauth("2").unwrap();
    let Resumed::Frozen(frozen) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(frozen.amount, price("2000.00"));
    assert_eq!(
        (mock.requests_of(CANCEL), rest(&mock, "2")),
        (2, stands("2000.00", "AUTHORIZED"))
    );
}

#[tokio::test]
async fn a_freeze_is_resumed_from_its_ticket() {
    let (mock, client) = start().await;
    // The process ends before the answer, and the payer confirms.
    let ticket = freeze(&client, "1", "2000.00").ticket().clone();
    client.fund().auth_order_freeze(request("1", "2000.00")).await.unwrap();
    let (flow, mut tickets) = begun(resumed(&client, &ticket));
    tickets.recv().await.unwrap();
    mock.authorise_preauth("1").unwrap();
    let Resumed::Frozen(frozen) = done(flow.await.unwrap()) else {
        panic!()
    };
    // All of it is released, whoever did that.
    done(unfreeze(&client, &frozen.auth_no, "2000.00").await);
    assert_eq!(not_done(resumed(&client, &ticket).await).0, NotDoneReason::GivenBack);
    // The process ends before the request.
    let ticket = freeze(&client, "2", "2000.00").ticket().clone();
    let ended = resumed(&client, &ticket).timeout(Duration::from_millis(50)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert_eq!((mock.requests_of(FREEZE), mock.requests_of(CANCEL)), (1, 0));
}

#[tokio::test]
async fn a_release_is_made_once_whatever_is_lost() {
    let (mock, client) = start().await;
    let auth_no = done(freeze(&client, "1", "100.00").await).auth_no;
    // The client sends it again by itself.
    lose_answer(&mock, UNFREEZE);
    done(unfreeze(&client, &auth_no, "30.00").await);
    assert_eq!(rest(&mock, "1"), stands("70.00", "AUTHORIZED"));
    // Again, and by its ticket: it is the same release.
    let ticket = unfreeze(&client, &auth_no, "30.00").ticket().clone();
    done(unfreeze(&client, &auth_no, "30.00").await);
    let Resumed::Unfrozen(unfrozen) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(
        (unfrozen.amount, unfrozen.rest_amount),
        (price("30.00"), Some(price("70.00")))
    );
    // Of another amount, it is another release of the number.
    let (reason, _) = unknown(unfreeze(&client, &auth_no, "30.01").await);
    assert_eq!(reason, UnknownReason::Mismatch);
    assert_eq!(rest(&mock, "1"), stands("70.00", "AUTHORIZED"));
}

#[tokio::test]
async fn a_lost_release_is_sent_again() {
    let (mock, client) = start().await;
    let auth_no = done(freeze(&client, "1", "100.00").await).auth_no;
    let once = builder(&mock).max_attempts(1).build().unwrap();
    lose_request(&mock, UNFREEZE);
    done(unfreeze(&once, &auth_no, "30.00").await);
    assert_eq!(
        (mock.requests_of(UNFREEZE), rest(&mock, "1")),
        (2, stands("70.00", "AUTHORIZED"))
    );
    // One that was never sent is sent by its resumed flow.
    let request = AuthOrderUnfreeze::new(AuthOrderUnfreezeRequired {
        amount: price("20.00"),
        auth_no: auth_no.clone(),
        out_request_no: "u2".into(),
        remark: "退房".into(),
    });
    let ticket = flows::unfreeze(&client, request).ticket().clone();
    done(resumed(&client, &ticket).await);
    assert_eq!(rest(&mock, "1"), stands("50.00", "AUTHORIZED"));
}

#[tokio::test]
async fn a_refused_release_is_not_done() {
    let (mock, client) = start().await;
    let auth_no = done(freeze(&client, "1", "100.00").await).auth_no;
    let ended = unfreeze(&client, &auth_no, "100.01").await;
    assert_eq!(
        not_done(ended),
        (NotDoneReason::Refused, "REQUEST_AMOUNT_EXCEED".to_owned())
    );
    let ended = unfreeze(&client, "2014", "1.00").await;
    assert_eq!(
        not_done(ended),
        (NotDoneReason::Refused, "AUTH_ORDER_NOT_EXIST".to_owned())
    );
    assert_eq!(mock.requests_of(UNFREEZE), 2);
}

#[tokio::test]
async fn a_payment_is_taken_once_from_what_is_frozen() {
    let (mock, client) = start().await;
    let auth_no = done(freeze(&client, "1", "100.00").await).auth_no;
    let ended = pay(&mock, &client, &auth_no, "100.01").await;
    assert_eq!(
        not_done(ended),
        (NotDoneReason::Refused, "ACQ.AUTH_AMOUNT_NOT_ENOUGH".to_owned())
    );
    lose_answer(&mock, "alipay.trade.pay");
    let flow = pay(&mock, &client, &auth_no, "60.00");
    let ticket = flow.ticket().clone();
    assert_eq!(done(flow.await).total_amount, price("60.00"));
    let Resumed::Paid(paid) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(paid.out_trade_no, "t1");
    assert_eq!(
        (rest(&mock, "1").0.as_str(), mock.requests_of("alipay.trade.pay")),
        ("40.00", 2)
    );
}

#[tokio::test]
async fn an_answer_about_another_operation_is_not_believed() {
    let (mock, client) = start().await;
    let auth_no = done(freeze(&client, "1", "100.00").await).auth_no;
    let ticket = freeze(&client, "1", "100.00").ticket().clone();
    for other in [
        json!({ "auth_no": auth_no, "amount": "100.00", "status": "SUCCESS", "out_order_no": "2" }),
        json!({ "auth_no": auth_no, "amount": "100.00", "status": "SUCCESS", "out_request_no": "2" }),
        json!({ "auth_no": auth_no, "amount": "100.00", "status": "SUCCESS", "operation_type": "PAY" }),
    ] {
        mock.answer(DETAIL_QUERY, other.clone()).unwrap();
        let differences = reconciled(&client, [(ticket.clone(), Belief::Done)]).await;
        let [Found::Unknown(error)] = &*differences else {
            panic!("{other}: {differences:?}")
        };
        assert!(error.to_string().contains("the answer is about an"), "{other}: {error}");
    }
    mock.forget_answers(DETAIL_QUERY);
    assert!(reconciled(&client, [(ticket, Belief::Done)]).await.is_empty());
}
