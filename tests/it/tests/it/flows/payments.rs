//! Payments: by the buyer's code, by the shop's code, and under an agreement.

use std::time::Duration;

use alipay_api::{
    Client, ErrorKind, Outcome,
    flows::{self, Ended, Event, Flow, NotDoneReason, Paid, Resumed, Ticket, UnknownReason},
    trade::{Pay, PayRequired, Precreate, pay::AgreementParams},
    user::AgreementPageSign,
};
use alipay_mock::{Answer, Fault, Mock};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

use super::{begun, done, lose_answer, lose_request, not_done, quick, resumed, start, unknown};
use crate::support::{builder, price};

const CODE: &str = "28763443825664394";
/// The buyer has to confirm.
const MUCH: &str = "2000.00";

const PAY: &str = "alipay.trade.pay";
const QUERY: &str = "alipay.trade.query";
const CANCEL: &str = "alipay.trade.cancel";

fn required(number: &str, amount: &str) -> PayRequired {
    PayRequired {
        out_trade_no: number.into(),
        total_amount: price(amount),
        subject: "测试订单".into(),
    }
}

fn scan_pay(client: &Client, number: &str, amount: &str) -> Flow<Paid> {
    quick(flows::scan_pay(
        client,
        Pay::with_auth_code(CODE, required(number, amount)),
    ))
}

/// As an earlier process does: the buyer has to confirm it.
async fn open_order(client: &Client, number: &str) {
    let request = Pay::with_auth_code(CODE, required(number, MUCH));
    let outcome = client.trade().pay(request).await.unwrap();
    assert!(matches!(outcome, Outcome::Pending(_)), "{outcome:?}");
}

fn status(mock: &Mock, number: &str) -> Option<String> {
    mock.trade(number).unwrap().trade_status
}

#[tokio::test]
async fn a_scanned_code_pays() {
    let (mock, client) = start().await;
    let flow = scan_pay(&client, "1", "20.00").notify_url("https://example.com/notify");
    let (ticket, flow) = (flow.ticket().clone(), flow);
    assert_eq!(
        (ticket.number(), ticket.amount(), ticket.status()),
        ("1", price("20.00"), None)
    );
    assert!(ticket.begun().is_some());
    let paid = done(flow.await);
    assert_eq!((&*paid.out_trade_no, paid.total_amount), ("1", price("20.00")));
    assert!(paid.paid_at.is_some() && paid.buyer_user_id.is_some());
    assert_eq!((mock.requests_of(PAY), mock.requests()), (1, 1));
    assert_eq!(
        mock.last_request(PAY).unwrap()["notify_url"],
        "https://example.com/notify"
    );
}

#[tokio::test]
async fn a_buyer_confirms_or_does_not() {
    let (mock, client) = start().await;
    let (flow, mut tickets) = begun(scan_pay(&client, "1", MUCH));
    tickets.recv().await.unwrap();
    mock.pay("1").unwrap();
    assert_eq!(done(flow.await.unwrap()).total_amount, price(MUCH));

    let flow = scan_pay(&client, "2", MUCH).timeout(Duration::from_millis(60));
    assert_eq!(not_done(flow.await).0, NotDoneReason::Cancelled);
    assert_eq!(status(&mock, "2").as_deref(), Some("TRADE_CLOSED"));
    assert_eq!((mock.requests_of(PAY), mock.requests_of(CANCEL)), (2, 1));
}

#[tokio::test]
async fn a_canceller_cancels_the_order() {
    let (mock, client) = start().await;
    let flow = scan_pay(&client, "1", MUCH);
    let canceller = flow.canceller();
    let (flow, mut tickets) = begun(flow);
    tickets.recv().await.unwrap();
    canceller.cancel();
    assert_eq!(not_done(flow.await.unwrap()).0, NotDoneReason::Cancelled);
    assert_eq!(status(&mock, "1").as_deref(), Some("TRADE_CLOSED"));
    // One that is paid by then gives the money back, or is told as paid.
    let flow = scan_pay(&client, "2", MUCH);
    let canceller = flow.canceller();
    let (flow, mut tickets) = begun(flow);
    tickets.recv().await.unwrap();
    mock.pay("2").unwrap();
    canceller.cancel();
    let paid = match flow.await.unwrap() {
        Ended::Done(_) => "TRADE_SUCCESS",
        ended => {
            assert_eq!(not_done(ended).0, NotDoneReason::GivenBack);
            "TRADE_CLOSED"
        }
    };
    assert_eq!(status(&mock, "2").as_deref(), Some(paid));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for() {
    let (mock, client) = start().await;
    lose_answer(&mock, PAY);
    assert_eq!(done(scan_pay(&client, "1", "20.00").await).total_amount, price("20.00"));
    // An answer that proves nothing is no answer.
    mock.fault_next_of(PAY, Fault::WrongSign);
    done(scan_pay(&client, "2", "20.00").await);
    assert_eq!((mock.requests_of(PAY), mock.requests_of(CANCEL)), (2, 0));
}

#[tokio::test]
async fn a_lost_payment_is_never_sent_again() {
    let (mock, client) = start().await;
    lose_request(&mock, PAY);
    let flow = scan_pay(&client, "1", "20.00").timeout(Duration::from_millis(60));
    assert_eq!(not_done(flow.await).0, NotDoneReason::Cancelled);
    assert_eq!(mock.requests_of(PAY), 1);
    assert!(mock.trade("1").is_err());
}

#[tokio::test]
async fn a_lost_cancel_is_sent_again() {
    let (mock, client) = start().await;
    lose_request(&mock, CANCEL);
    let flow = scan_pay(&client, "1", MUCH).timeout(Duration::from_millis(60));
    assert_eq!(not_done(flow.await).0, NotDoneReason::Cancelled);
    // Alipay asks for it again.
    mock.answer(CANCEL, Answer::from(json!({ "retry_flag": "Y" })).once())
        .unwrap();
    let flow = scan_pay(&client, "2", MUCH).timeout(Duration::from_millis(60));
    assert_eq!(not_done(flow.await).0, NotDoneReason::Cancelled);
    assert_eq!(mock.requests_of(CANCEL), 4);
    // It was carried out, and its answer is lost: the order is closed.
    lose_answer(&mock, CANCEL);
    let flow = scan_pay(&client, "3", MUCH).timeout(Duration::from_millis(60));
    assert_eq!(not_done(flow.await).0, NotDoneReason::Closed);
}

#[tokio::test]
async fn a_cancel_that_is_never_answered_is_unknown_and_is_taken_up() {
    let (mock, client) = start().await;
    mock.answer(CANCEL, Answer::error("20000", "isp.unknow-error")).unwrap();
    let flow = scan_pay(&client, "1", MUCH).timeout(Duration::from_millis(60));
    let (reason, ticket) = unknown(flow.await);
    assert_eq!(reason, UnknownReason::NoAnswer);
    assert!(ticket.to_string().contains(r#""step":"cancelling""#), "{ticket}");
    mock.forget_answers(CANCEL);
    // The buyer pays after all, and the shop has let the buyer go: the money goes back.
    mock.pay("1").unwrap();
    assert_eq!(not_done(resumed(&client, &ticket).await).0, NotDoneReason::GivenBack);
    assert_eq!(status(&mock, "1").as_deref(), Some("TRADE_CLOSED"));
}

#[tokio::test]
async fn a_refused_payment_is_not_done() {
    let (mock, client) = start().await;
    let request = Pay::with_auth_code("6901234567892", required("1", "20.00"));
    let ended = quick(flows::scan_pay(&client, request)).await;
    assert!(!format!("{ended:?}").contains("6901234567892"));
    assert_eq!(
        not_done(ended),
        (NotDoneReason::Refused, "ACQ.PAYMENT_AUTH_CODE_INVALID".to_owned())
    );
    assert_eq!((mock.requests_of(PAY), mock.requests_of(CANCEL)), (1, 0));
}

#[tokio::test]
async fn another_order_of_the_number_is_not_believed_nor_touched() {
    let (mock, client) = start().await;
    done(scan_pay(&client, "1", "20.00").await);
    let (reason, _) = unknown(scan_pay(&client, "1", "20.01").await);
    assert_eq!(reason, UnknownReason::Mismatch);
    // One that was opened with the same number waits for its own buyer.
    open_order(&client, "2").await;
    let (reason, _) = unknown(scan_pay(&client, "2", "20.00").await);
    assert_eq!(reason, UnknownReason::Mismatch);
    assert_eq!(status(&mock, "2").as_deref(), Some("WAIT_BUYER_PAY"));
    // An answer of another amount.
    let other = json!({ "trade_no": "1", "out_trade_no": "3", "total_amount": "2.00" });
    mock.answer(PAY, Answer::from(other).once()).unwrap();
    let (reason, _) = unknown(scan_pay(&client, "3", "20.00").await);
    assert_eq!((reason, mock.requests_of(CANCEL)), (UnknownReason::Mismatch, 0));
}

#[tokio::test]
async fn the_same_payment_again_is_the_same_payment() {
    let (mock, client) = start().await;
    let trade_no = done(scan_pay(&client, "1", "20.00").await).trade_no;
    assert_eq!(done(scan_pay(&client, "1", "20.00").await).trade_no, trade_no);
    assert_eq!(mock.requests_of(PAY), 2);
}

#[tokio::test]
async fn what_is_not_sent_is_not_done() {
    let (mock, _) = start().await;
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = builder(&mock)
        .gateway(format!("http://{nowhere}/"))
        .max_attempts(1)
        .build()
        .unwrap();
    let ended = scan_pay(&client, "1", "20.00").await;
    let Ended::NotDone(not_done) = ended else {
        panic!("{ended:?}")
    };
    let kind = not_done.error().map(alipay_api::Error::kind);
    assert_eq!(
        (not_done.reason(), kind),
        (NotDoneReason::NotSent, Some(ErrorKind::Transport))
    );
    assert!(
        not_done.to_string().starts_with("the payment 1 was not sent: "),
        "{not_done}"
    );
    // A negative amount is no request.
    let (mock, client) = start().await;
    assert_eq!(
        super::not_done(scan_pay(&client, "1", "-20.00").await).0,
        NotDoneReason::NotSent
    );
    assert_eq!(mock.requests(), 0);
}

#[tokio::test]
async fn a_scanned_qr_code_is_paid_or_cancelled() {
    let (mock, client) = start().await;
    let (sender, code) = oneshot::channel();
    let mut sender = Some(sender);
    let flow = quick(flows::qr_pay(&client, Precreate::new("1", price("100.00"), "测试订单")));
    let flow = flow.on_progress(move |progress| {
        assert!(!format!("{progress:?}").contains("http"));
        if let Some(code) = progress.qr_code() {
            sender.take().unwrap().send(code.to_owned()).unwrap();
        }
    });
    let flow = tokio::spawn(flow.into_future());
    assert!(code.await.unwrap().contains("http"));
    mock.pay("1").unwrap();
    let paid = done(flow.await.unwrap());
    assert_eq!((paid.total_amount, mock.requests_of(CANCEL)), (price("100.00"), 0));
    // The code ends with the flow, in whole minutes.
    let sent = mock.last_request("alipay.trade.precreate").unwrap();
    assert!(
        sent["biz_content"].contains(r#""qr_code_timeout_express":"1m""#),
        "{sent:?}"
    );

    let flow = quick(flows::qr_pay(&client, Precreate::new("2", price("100.00"), "测试订单")));
    let canceller = flow.canceller();
    let (flow, mut tickets) = begun(flow);
    tickets.recv().await.unwrap();
    mock.scan("2").unwrap();
    canceller.cancel();
    assert_eq!(not_done(flow.await.unwrap()).0, NotDoneReason::Cancelled);
    assert_eq!(status(&mock, "2").as_deref(), Some("TRADE_CLOSED"));
}

#[tokio::test]
async fn a_deduction_is_made_or_refused() {
    let (mock, client) = start().await;
    let offer = AgreementPageSign::new()
        .personal_product_code("GENERAL_WITHHOLDING_P")
        .sign_scene("INDUSTRY|CARRENTAL")
        .external_agreement_no("E1")
        .external_logon_id("138****8888");
    let url = client.user().agreement_page_sign(offer).url().unwrap();
    crate::browser::browse(&url).await;
    let agreement_no = mock.sign_agreement("E1").unwrap().agreement.agreement_no;
    let deduct = |agreement_no: &str, number: &str| {
        let agreement = AgreementParams::new(agreement_no);
        let request = Pay::with_agreement_params(agreement, required(number, "20.00"));
        quick(flows::agreement_pay(
            &client,
            request.product_code("GENERAL_WITHHOLDING"),
        ))
    };
    lose_answer(&mock, PAY);
    assert_eq!(done(deduct(&agreement_no, "1").await).total_amount, price("20.00"));
    assert_eq!(not_done(deduct("2014", "2").await).0, NotDoneReason::Refused);
    assert_eq!(mock.requests_of(PAY), 2);
    // Accepted is not deducted: Alipay goes on trying for a time of its own.
    let agreement = AgreementParams::new(&agreement_no);
    let request = Pay::with_agreement_params(agreement, required("3", "20.00"));
    let request = request.product_code("GENERAL_WITHHOLDING").is_async_pay(true);
    let queries = mock.requests_of(QUERY);
    done(quick(flows::agreement_pay(&client, request)).await);
    assert_eq!(mock.requests_of(QUERY) - queries, 1);
}

#[tokio::test]
async fn a_payment_is_taken_up_from_its_ticket() {
    let (mock, client) = start().await;
    // The process ends after it has sent.
    let flow = scan_pay(&client, "1", MUCH);
    let ticket = flow.ticket().clone();
    open_order(&client, "1").await;
    let (flow, mut tickets) = begun(resumed(&client, &ticket));
    tickets.recv().await.unwrap();
    mock.pay("1").unwrap();
    let Resumed::Paid(paid) = done(flow.await.unwrap()) else {
        panic!()
    };
    assert_eq!(paid.total_amount, price(MUCH));
    // Nobody pays.
    let ticket = scan_pay(&client, "2", MUCH).ticket().clone();
    open_order(&client, "2").await;
    let ended = resumed(&client, &ticket).timeout(Duration::from_millis(60)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert_eq!(status(&mock, "2").as_deref(), Some("TRADE_CLOSED"));
    // It was never sent, and is not sent now.
    let pays = mock.requests_of(PAY);
    let ticket = scan_pay(&client, "3", MUCH).ticket().clone();
    let ended = resumed(&client, &ticket).timeout(Duration::from_millis(60)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert_eq!(mock.requests_of(PAY), pays);
    // Without a stored ticket, by number and amount.
    let ticket = Ticket::of_payment(mock.app_id(), "1", price(MUCH));
    done(resumed(&client, &ticket).await);
}

#[tokio::test]
async fn a_ticket_of_another_app_is_not_touched() {
    let (mock, client) = start().await;
    let ticket = Ticket::of_payment("2021", "1", price("20.00"));
    let (reason, _) = unknown(resumed(&client, &ticket).await);
    assert_eq!((reason, mock.requests()), (UnknownReason::OtherApp, 0));
}

#[tokio::test]
async fn each_step_is_told_before_it_is_taken() {
    let (mock, client) = start().await;
    let (mut told, asked) = (Vec::new(), mock.requests());
    let (sender, mut steps) = tokio::sync::mpsc::unbounded_channel();
    let flow = scan_pay(&client, "1", MUCH).timeout(Duration::from_millis(10));
    let ended = flow
        .on_progress(move |progress| {
            let step = match progress.event() {
                Event::QrCode(_) => "code".to_owned(),
                event => format!("{event:?}"),
            };
            sender.send((step, progress.ticket().to_string())).unwrap();
        })
        .await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    while let Some((step, ticket)) = steps.recv().await {
        // Each ticket is whole.
        ticket.parse::<Ticket>().unwrap();
        let stored = match &*step {
            "Sending" | "Asking" => r#""step":"sending""#,
            _ => r#""step":"cancelling""#,
        };
        assert!(ticket.contains(stored), "{step}: {ticket}");
        told.push(step);
    }
    assert_eq!(told, ["Sending", "Asking", "Cancelling", "Ended"]);
    assert_eq!(mock.requests() - asked, 3);
}
