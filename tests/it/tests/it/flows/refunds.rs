//! Refunds.

use std::time::Duration;

use alipay_api::{
    Client,
    flows::{self, Flow, NotDoneReason, Refunded, Resumed, Ticket, UnknownReason},
    trade::{Refund, fastpay_refund_query::DepositBackInfoDbackStatus},
};
use alipay_mock::{Answer, Mock};
use serde_json::json;

use super::{begun, done, lose_answer, lose_request, not_done, quick, resumed, start, unknown};
use crate::support::{paid_order, price};

const REFUND: &str = "alipay.trade.refund";
const QUERY: &str = "alipay.trade.fastpay.refund.query";

fn refund(client: &Client, number: &str, amount: &str) -> Flow<Refunded> {
    let request = Refund::with_out_trade_no("1", price(amount)).refund_reason("正常退款");
    quick(flows::refund(client, request.out_request_no(number)))
}

async fn order() -> (Mock, Client) {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "100.00").await;
    (mock, client)
}

fn given_back(mock: &Mock) -> String {
    mock.trade("1").unwrap().refunded_amount
}

#[tokio::test]
async fn a_refund_is_made() {
    let (mock, client) = order().await;
    let refunded = done(refund(&client, "r1", "30.00").await);
    assert_eq!(
        (refunded.refund_amount, &*refunded.out_request_no),
        (price("30.00"), "r1")
    );
    assert_eq!((mock.requests_of(REFUND), mock.requests_of(QUERY)), (1, 0));
    // The same again moves no money, and is the same refund.
    assert_eq!(done(refund(&client, "r1", "30.00").await).refund_amount, price("30.00"));
    assert_eq!((mock.requests_of(REFUND), mock.requests_of(QUERY)), (2, 1));
    assert_eq!(given_back(&mock), "30.00");
}

#[tokio::test]
async fn a_refund_is_made_once_whatever_is_lost() {
    let (mock, client) = order().await;
    lose_answer(&mock, REFUND);
    done(refund(&client, "r1", "30.00").await);
    assert_eq!((mock.requests_of(REFUND), given_back(&mock)), (1, "30.00".to_owned()));
    lose_request(&mock, REFUND);
    let (flow, mut tickets) = begun(refund(&client, "r2", "20.00"));
    let ticket = tickets.recv().await.unwrap();
    let first = mock.last_request(REFUND).unwrap();
    done(flow.await.unwrap());
    assert_eq!((mock.requests_of(REFUND), given_back(&mock)), (3, "50.00".to_owned()));
    assert_eq!(mock.last_request(REFUND).unwrap()["biz_content"], first["biz_content"]);
    let Resumed::Refunded(refunded) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(
        (refunded.refund_amount, given_back(&mock)),
        (price("20.00"), "50.00".to_owned())
    );
}

#[tokio::test]
async fn a_refund_that_was_never_sent_is_sent_from_its_ticket() {
    let (mock, client) = order().await;
    let ticket = refund(&client, "r1", "30.00").ticket().clone();
    done(resumed(&client, &ticket).await);
    let sent = mock.last_request(REFUND).unwrap();
    assert_eq!((mock.requests_of(REFUND), given_back(&mock)), (1, "30.00".to_owned()));
    done(refund(&client, "r1", "30.00").await);
    // It is the same request to the byte.
    assert_eq!(mock.last_request(REFUND).unwrap()["biz_content"], sent["biz_content"]);
    // A ticket of its numbers alone has no request.
    let ticket = Ticket::of_refund(mock.app_id(), "1", "r2", price("30.00"));
    let (reason, _) = unknown(resumed(&client, &ticket).timeout(Duration::from_millis(300)).await);
    assert_eq!(
        (reason, given_back(&mock)),
        (UnknownReason::NoAnswer, "30.00".to_owned())
    );
}

#[tokio::test]
async fn a_refused_refund_is_not_done() {
    let (mock, client) = order().await;
    let ended = refund(&client, "r1", "100.01").await;
    let (reason, code) = not_done(ended);
    assert_eq!(
        (reason, code.starts_with("ACQ.")),
        (NotDoneReason::Refused, true),
        "{code}"
    );
    // Without a number nobody could ask for it.
    let request = Refund::with_out_trade_no("1", price("100.00"));
    assert_eq!(
        not_done(quick(flows::refund(&client, request)).await).0,
        NotDoneReason::NotSent
    );
    assert_eq!((mock.requests_of(REFUND), given_back(&mock)), (1, "0.00".to_owned()));
}

#[tokio::test]
async fn another_refund_of_the_number_is_not_believed() {
    let (mock, client) = order().await;
    done(refund(&client, "r1", "30.00").await);
    let (reason, _) = unknown(refund(&client, "r1", "30.01").await);
    assert_eq!(
        (reason, given_back(&mock)),
        (UnknownReason::Mismatch, "30.00".to_owned())
    );
}

#[tokio::test]
async fn a_refund_to_a_bank_card_is_followed_to_the_bank() {
    let (mock, client) = order().await;
    let credited = |status: &str| {
        json!({
            "trade_no": "1", "out_trade_no": "1", "out_request_no": "r1", "refund_amount": "30.00",
            "refund_status": "REFUND_SUCCESS",
            "deposit_back_info": { "has_deposit_back": "true", "dback_status": status, "dback_amount": "30.00" },
        })
    };
    mock.answer(QUERY, Answer::from(credited("P")).once()).unwrap();
    mock.answer(QUERY, Answer::from(credited("S")).once()).unwrap();
    let refunded = done(refund(&client, "r1", "30.00").until_deposited().await);
    assert_eq!(refunded.deposit, Some(DepositBackInfoDbackStatus::Success));
    assert_eq!((mock.requests_of(REFUND), mock.requests_of(QUERY)), (1, 2));
    // A canceller ends the waiting, and says that it is not known.
    mock.answer(QUERY, credited("P")).unwrap();
    let flow = refund(&client, "r1", "30.00").until_deposited();
    let canceller = flow.canceller();
    let (flow, mut tickets) = begun(flow);
    tickets.recv().await.unwrap();
    canceller.cancel();
    let (reason, ticket) = unknown(flow.await.unwrap());
    assert_eq!(
        (reason, ticket.status()),
        (UnknownReason::InProgress, Some("REFUND_SUCCESS"))
    );
}
