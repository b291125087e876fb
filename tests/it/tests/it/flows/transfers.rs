//! Transfers, by both methods.

use std::time::Duration;

use alipay_api::{
    Client,
    flows::{self, Flow, NotDoneReason, Resumed, Transferred, UnknownReason},
    fund::{TransToaccountTransfer, TransToaccountTransferRequired, TransUniTransfer, types::Participant},
};
use alipay_mock::{Answer, Mock};
use serde_json::json;

use super::{begun, done, lose_answer, lose_request, not_done, quick, resumed, start, unknown};
use crate::support::{price, start_certified};

const UNI: &str = "alipay.fund.trans.uni.transfer";
const UNI_QUERY: &str = "alipay.fund.trans.common.query";
const TO_ACCOUNT: &str = "alipay.fund.trans.toaccount.transfer";
const TO_ACCOUNT_QUERY: &str = "alipay.fund.trans.order.query";

fn uni(client: &Client, number: &str, amount: &str) -> Flow<Transferred> {
    let payee = Participant::new("2088123412341234", "ALIPAY_USER_ID");
    quick(flows::transfer(
        client,
        TransUniTransfer::new(number, price(amount), payee),
    ))
}

fn to_account(client: &Client, number: &str, amount: &str) -> Flow<Transferred> {
    let request = TransToaccountTransfer::new(TransToaccountTransferRequired {
        out_biz_no: number.into(),
        payee_type: "ALIPAY_LOGONID".into(),
        payee_account: "csqnji8117@sandbox.com".into(),
        amount: price(amount),
    });
    quick(flows::transfer_to_account(client, request))
}

type Begin = fn(&Client, &str, &str) -> Flow<Transferred>;

/// Both methods, and how often each asks for a transfer that is answered.
const BOTH: [(Begin, &str, &str, u64); 2] = [(uni, UNI, UNI_QUERY, 0), (to_account, TO_ACCOUNT, TO_ACCOUNT_QUERY, 1)];

#[tokio::test]
async fn a_transfer_is_made() {
    let (mock, client) = start_certified().await;
    for (transfer, method, query, questions) in BOTH {
        let made = done(transfer(&client, "1", "82.32").await);
        assert_eq!((&*made.out_biz_no, made.amount), ("1", price("82.32")));
        assert!(made.order_id.is_some() && made.paid_at.is_some());
        assert_eq!((mock.requests_of(method), mock.requests_of(query)), (1, questions));
        // Again, it is the same one.
        assert_eq!(done(transfer(&client, "1", "82.32").await).order_id, made.order_id);
    }
}

#[tokio::test]
async fn a_transfer_is_made_once_whatever_is_lost() {
    let (mock, client) = start_certified().await;
    for (transfer, method, _, questions) in BOTH {
        lose_answer(&mock, method);
        let made = done(transfer(&client, "1", "10.00").await);
        // The older query tells no amount: the same request again does.
        assert_eq!(mock.requests_of(method), 1 + questions, "{method}");
        let again = done(transfer(&client, "1", "10.00").await);
        assert_eq!(again.order_id, made.order_id);

        let sent = mock.requests_of(method);
        lose_request(&mock, method);
        let (flow, mut tickets) = begun(transfer(&client, "2", "10.00"));
        let ticket = tickets.recv().await.unwrap();
        let first = mock.last_request(method).unwrap();
        let made = done(flow.await.unwrap());
        assert_eq!(mock.requests_of(method), sent + 2);
        assert_eq!(mock.last_request(method).unwrap()["biz_content"], first["biz_content"]);
        let Resumed::Transferred(again) = done(resumed(&client, &ticket).await) else {
            panic!()
        };
        assert_eq!(again.order_id, made.order_id);
        // One that was never sent is sent by its resumed flow.
        let ticket = transfer(&client, "3", "10.00").ticket().clone();
        let Resumed::Transferred(made) = done(resumed(&client, &ticket).await) else {
            panic!()
        };
        assert_eq!(done(transfer(&client, "3", "10.00").await).order_id, made.order_id);
    }
}

#[tokio::test]
async fn a_refused_transfer_is_not_done() {
    let (mock, client) = start_certified().await;
    for (transfer, method, ..) in BOTH {
        let (reason, code) = not_done(transfer(&client, "1", "0.09").await);
        assert_eq!((reason, code.is_empty()), (NotDoneReason::Refused, false));
        assert_eq!(mock.requests_of(method), 1);
    }
}

#[tokio::test]
async fn another_transfer_of_the_number_is_not_believed() {
    let (_mock, client) = start_certified().await;
    for (transfer, method, ..) in BOTH {
        done(transfer(&client, "1", "10.00").await);
        let (reason, _) = unknown(transfer(&client, "1", "10.01").await);
        assert_eq!(reason, UnknownReason::Mismatch, "{method}");
        // By its ticket, too.
        let ticket = transfer(&client, "1", "10.01").ticket().clone();
        let (reason, _) = unknown(resumed(&client, &ticket).await);
        assert_eq!(reason, UnknownReason::Mismatch, "{method}");
    }
}

#[tokio::test]
async fn a_bank_takes_its_time() {
    let (mock, client) = start_certified().await;
    let told =
        |status: &str| json!({ "order_id": "20190801110070000006380000250621", "out_biz_no": "1", "status": status });
    for (last, reason) in [("FAIL", NotDoneReason::Failed), ("REFUND", NotDoneReason::GivenBack)] {
        mock.answer(UNI, Answer::from(told("DEALING")).once()).unwrap();
        mock.answer(UNI_QUERY, Answer::from(told("DEALING")).once()).unwrap();
        mock.answer(UNI_QUERY, Answer::from(told(last)).once()).unwrap();
        assert_eq!(not_done(uni(&client, "1", "10.00").await).0, reason);
    }
    assert_eq!((mock.requests_of(UNI), mock.requests_of(UNI_QUERY)), (2, 4));
    mock.answer(UNI, told("DEALING")).unwrap();
    mock.answer(UNI_QUERY, told("DEALING")).unwrap();
    let (reason, ticket) = unknown(uni(&client, "1", "10.00").timeout(Duration::from_millis(60)).await);
    assert_eq!((reason, ticket.status()), (UnknownReason::InProgress, Some("DEALING")));
}

#[tokio::test]
async fn the_newer_method_is_not_sent_in_public_key_mode() {
    let (mock, client): (Mock, Client) = start().await;
    assert_eq!(not_done(uni(&client, "1", "10.00").await).0, NotDoneReason::NotSent);
    assert_eq!(mock.requests(), 0);
    done(to_account(&client, "1", "10.00").await);
}
