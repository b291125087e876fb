//! Splits, to the end of each share.

use std::time::Duration;

use alipay_api::{
    Client,
    flows::{self, Ended, Flow, NotDoneReason, Resumed, Settled, UnknownReason},
    trade::{
        OrderSettle, OrderSettleRequired,
        order_settle::{OrderSettleErrorCode, OrderSettleRoyaltyMode, SettleExtendParams},
        types::OpenApiRoyaltyDetailInfoPojo,
    },
};
use alipay_mock::{Answer, Mock};
use serde_json::json;

use super::{begun, done, lose_answer, lose_request, not_done, quick, resumed, start, unknown};
use crate::support::{bind_receiver, paid_order, price};

const SUPPLIER: &str = "2088101126708402";
const COURIER: &str = "2088101126708403";

const SETTLE: &str = "alipay.trade.order.settle";
const SETTLE_QUERY: &str = "alipay.trade.order.settle.query";

fn share(account: &str, amount: &str) -> OpenApiRoyaltyDetailInfoPojo {
    OpenApiRoyaltyDetailInfoPojo::new()
        .trans_in_type("userId")
        .trans_in(account)
        .amount(price(amount))
}

fn required(trade_no: &str, number: &str) -> OrderSettleRequired {
    OrderSettleRequired {
        out_request_no: number.into(),
        trade_no: trade_no.into(),
    }
}

fn split(trade_no: &str, number: &str) -> OrderSettle {
    let shares = [share(SUPPLIER, "10.00"), share(COURIER, "5.00")];
    OrderSettle::with_royalty_parameters(shares, required(trade_no, number))
}

fn settle(client: &Client, request: OrderSettle) -> Flow<Settled> {
    quick(flows::settle(client, request))
}

/// A paid order of 100 yuan whose money may be shared with the two.
async fn order(mock: &Mock, client: &Client) -> String {
    bind_receiver(client, SUPPLIER).await;
    bind_receiver(client, COURIER).await;
    paid_order(mock, client, "1", "100.00").await
}

fn settled_amount(mock: &Mock) -> String {
    mock.trade("1").unwrap().settled_amount
}

#[tokio::test]
async fn a_split_is_done_when_its_shares_are_made() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    let flow = settle(&client, split(&trade_no, "s1"));
    assert_eq!(flow.ticket().amount(), price("15.00"));
    let settled = done(flow.await);
    assert_eq!((settled.amount, settled.details.len()), (price("15.00"), 2));
    assert_eq!(
        (&*settled.out_request_no, settled.trade_no.as_deref()),
        ("s1", Some(&*trade_no))
    );
    assert!(settled.settle_no.is_some() && settled.accepted_at.is_some());
    assert_eq!((mock.requests_of(SETTLE), mock.requests_of(SETTLE_QUERY)), (1, 1));
    assert_eq!(settled_amount(&mock), "15.00");
    // In percent: what it came to.
    let percent = OpenApiRoyaltyDetailInfoPojo::new()
        .trans_in(SUPPLIER)
        .amount_percentage(15);
    let in_percent = OrderSettle::with_royalty_parameters([percent], required(&trade_no, "s2"));
    assert_eq!(done(settle(&client, in_percent).await).amount, price("15.00"));
}

#[tokio::test]
async fn a_split_without_shares_is_done_with_its_answer() {
    let (mock, client) = start().await;
    mock.answer(SETTLE, json!({ "settle_no": "20210718002530070036530006474222" }))
        .unwrap();
    let finish = SettleExtendParams::new().royalty_finish("true");
    let finish = || OrderSettle::with_extend_params(finish.clone(), required("2014", "s1"));
    let settled = done(settle(&client, finish()).await);
    assert_eq!((settled.details.len(), settled.amount), (0, price("0.00")));
    assert_eq!(mock.requests_of(SETTLE_QUERY), 0);
    // Accepted is not done.
    let later = finish().royalty_mode(OrderSettleRoyaltyMode::Async);
    let (reason, _) = unknown(settle(&client, later).timeout(Duration::from_millis(200)).await);
    assert_eq!(reason, UnknownReason::NoAnswer);
}

#[tokio::test]
async fn a_later_split_is_followed_to_the_end_of_each_share() {
    for (failing, status) in [
        (&[][..], "SUCCESS"),
        (&[COURIER][..], "PARTLY"),
        (&[COURIER, SUPPLIER][..], "FAIL"),
    ] {
        let (mock, client) = start().await;
        let trade_no = order(&mock, &client).await;
        let later = split(&trade_no, "s1").royalty_mode(OrderSettleRoyaltyMode::Async);
        let (flow, mut tickets) = begun(settle(&client, later));
        let settle_no = tickets.recv().await.unwrap().alipay_number().unwrap().to_owned();
        // It is asked for by Alipay's number, and waits.
        let waiting = tickets.recv().await.unwrap();
        assert_eq!(waiting.status(), Some("PROCESSING"));
        mock.carry_out_split(&settle_no, failing).unwrap();
        let ended = flow.await.unwrap();
        match status {
            "SUCCESS" => assert_eq!(done(ended).amount, price("15.00")),
            "FAIL" => assert_eq!(not_done(ended).0, NotDoneReason::Failed),
            _ => {
                let (reason, ticket) = unknown(ended);
                assert_eq!((reason, ticket.status()), (UnknownReason::Partly, Some("PARTLY")));
                let (reason, _) = unknown(resumed(&client, &ticket).await);
                assert_eq!(reason, UnknownReason::Partly);
            }
        }
        assert_eq!(mock.requests_of(SETTLE), 1, "{status}");
    }
}

#[tokio::test]
async fn a_split_that_takes_too_long_is_taken_up_later() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    let later = split(&trade_no, "s1").royalty_mode(OrderSettleRoyaltyMode::Async);
    let (reason, ticket) = unknown(settle(&client, later).timeout(Duration::from_millis(100)).await);
    assert_eq!(reason, UnknownReason::InProgress);
    mock.carry_out_split(ticket.alipay_number().unwrap(), &[]).unwrap();
    let Resumed::Settled(settled) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(settled.amount, price("15.00"));
    assert_eq!(mock.requests_of(SETTLE), 1);
}

#[tokio::test]
async fn a_refused_split_is_not_done() {
    let (mock, client) = start().await;
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    let ended = settle(&client, split(&trade_no, "s1")).await;
    let code = OrderSettleErrorCode::AcqRoyaltyReceiverInvalid.as_str();
    assert_eq!(not_done(ended), (NotDoneReason::Refused, code.to_owned()));
    let ended = settle(&client, split(&trade_no, "")).await;
    assert_eq!(not_done(ended).0, NotDoneReason::NotSent);
    assert_eq!(mock.requests_of(SETTLE), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    lose_answer(&mock, SETTLE);
    let settled = done(settle(&client, split(&trade_no, "s1")).await);
    assert_eq!((settled.amount, settled.settle_no), (price("15.00"), None));
    assert_eq!(
        (mock.requests_of(SETTLE), settled_amount(&mock)),
        (1, "15.00".to_owned())
    );
}

#[tokio::test]
async fn a_lost_split_is_sent_again_unchanged() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    lose_request(&mock, SETTLE);
    let (flow, mut tickets) = begun(settle(&client, split(&trade_no, "s1")));
    tickets.recv().await.unwrap();
    let first = mock.last_request(SETTLE).unwrap();
    assert_eq!(settled_amount(&mock), "0.00");
    let settled = done(flow.await.unwrap());
    assert_eq!(settled.amount, price("15.00"));
    assert_eq!(
        (mock.requests_of(SETTLE), settled_amount(&mock)),
        (2, "15.00".to_owned())
    );
    assert_eq!(mock.last_request(SETTLE).unwrap()["biz_content"], first["biz_content"]);
}

#[tokio::test]
async fn a_refusal_of_a_repetition_leaves_the_first_one_open() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    lose_request(&mock, SETTLE);
    let code = OrderSettleErrorCode::AcqAlreadyFinishAlloc.as_str();
    mock.answer_next(SETTLE, "40004", code, false);
    lose_request(&mock, SETTLE);
    let flow = settle(&client, split(&trade_no, "s1"));
    let ticket = flow.ticket().clone();
    let ended = flow.timeout(Duration::from_millis(150)).await;
    let Ended::Unknown(unknown) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(unknown.reason(), &UnknownReason::NoAnswer);
    // The resumed one can't know either, until it is made.
    mock.answer(SETTLE, Answer::error("40004", code)).unwrap();
    let ended = resumed(&client, &ticket).timeout(Duration::from_millis(200)).await;
    assert!(matches!(ended, Ended::Unknown(_)), "{ended:?}");
    mock.forget_answers(SETTLE);
    let Resumed::Settled(settled) = done(resumed(&client, &ticket).await) else {
        panic!()
    };
    assert_eq!(
        (settled.amount, settled_amount(&mock)),
        (price("15.00"), "15.00".to_owned())
    );
}

#[tokio::test]
async fn another_split_of_the_number_is_not_believed() {
    let (mock, client) = start().await;
    let trade_no = order(&mock, &client).await;
    done(settle(&client, split(&trade_no, "s1")).await);
    for shares in [
        [share(SUPPLIER, "10.00"), share(COURIER, "5.01")],
        [share(SUPPLIER, "5.00"), share(COURIER, "10.00")],
    ] {
        let other = OrderSettle::with_royalty_parameters(shares, required(&trade_no, "s1"));
        let (reason, _) = unknown(settle(&client, other).await);
        assert_eq!(reason, UnknownReason::Mismatch);
    }
    assert_eq!(settled_amount(&mock), "15.00");
}
