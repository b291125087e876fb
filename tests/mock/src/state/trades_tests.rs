use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::state::refunds::{RefundRefusal, Refunding};

pub(in crate::state) fn now() -> Timestamp {
    "2026-03-20T04:00:00Z".parse().unwrap()
}

fn merchant() -> Merchant {
    Merchant {
        app_id: "app".to_owned(),
        auth_app_id: "app".to_owned(),
        seller_id: "2088".to_owned(),
    }
}

pub(in crate::state) fn terms(total: &str) -> Terms {
    Terms {
        merchant: merchant(),
        method: "alipay.trade.create".to_owned(),
        out_trade_no: "1".to_owned(),
        subject: "测试".to_owned(),
        total: Money::parse(total).unwrap(),
        body: None,
        passback_params: None,
        merchant_order_no: None,
        store_id: None,
        terminal_id: None,
        buyer: Buyer::default(),
        callbacks: Callbacks::default(),
        quit_url: None,
        expires: None,
        scan_until: None,
        freeze: false,
    }
}

fn paid(total: &str) -> (Trades, Key) {
    let mut trades = Trades::default();
    let key = trades.place(terms(total), now()).unwrap();
    trades.pay(&key, now()).unwrap();
    trades.events.clear();
    (trades, key)
}

fn status(trades: &mut Trades, key: &Key) -> Status {
    trades.get(key, now()).unwrap().trade.as_ref().unwrap().status
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// A refund by a seller whose account is empty.
fn refund(trades: &mut Trades, key: &Key, number: Option<&str>, amount: &str) -> Result<bool, RefundRefusal> {
    let asked = Refunding {
        out_request_no: number.map(str::to_owned),
        amount: yuan(amount),
        reason: None,
        returned: Vec::new(),
    };
    trades.refund(key, asked, &|_| false, &mut Money::ZERO.clone(), now())
}

/// A cancel by such a seller.
fn cancel(trades: &mut Trades, key: &Key, at: Timestamp) -> Result<Option<CancelAction>, StepRefusal> {
    trades.cancel(key, &mut Money::ZERO.clone(), at)
}

#[test]
fn the_same_order_is_one_trade() {
    let mut trades = Trades::default();
    let key = trades.place(terms("1.00"), now()).unwrap();
    assert!(
        trades
            .find(&merchant(), None, Some("1"), now())
            .unwrap()
            .trade
            .is_none()
    );
    let no = trades.open(&key, now()).unwrap();
    assert_eq!(no.len(), 28);
    assert_eq!(trades.place(terms("1.00"), now()).unwrap(), key);
    assert_eq!(trades.open(&key, now()).unwrap(), no);
    assert_eq!(trades.place(terms("1.01"), now()), Err(PlaceRefusal::Inconsistent));
    assert!(trades.find(&merchant(), Some(&no), Some("other"), now()).is_some());
    assert!(
        trades
            .find(
                &Merchant {
                    auth_app_id: "other".to_owned(),
                    ..merchant()
                },
                Some(&no),
                None,
                now()
            )
            .is_none()
    );
    trades.pay(&key, now()).unwrap();
    assert_eq!(trades.pay(&key, now()), Err(StepRefusal::Paid));
    assert_eq!(trades.place(terms("1.00"), now()), Err(PlaceRefusal::Paid));
    assert_eq!(trades.events.len(), 1);
}

#[test]
fn only_unpaid_trades_close() {
    let mut trades = Trades::default();
    let key = trades.place(terms("1.00"), now()).unwrap();
    assert_eq!(trades.close(&key, now()), Err(StepRefusal::NoTrade));
    trades.open(&key, now()).unwrap();
    trades.close(&key, now()).unwrap();
    assert_eq!(trades.close(&key, now()), Err(StepRefusal::Closed));
    assert_eq!(trades.pay(&key, now()), Err(StepRefusal::Closed));
    assert_eq!(trades.place(terms("1.00"), now()), Err(PlaceRefusal::Closed));
    let (mut trades, key) = paid("1.00");
    assert_eq!(trades.close(&key, now()), Err(StepRefusal::Paid));
}

#[test]
fn unpaid_trades_expire() {
    let mut trades = Trades::default();
    let expires = now() + SignedDuration::from_mins(5);
    let key = trades
        .place(
            Terms {
                expires: Some(expires),
                ..terms("1.00")
            },
            now(),
        )
        .unwrap();
    trades.open(&key, now()).unwrap();
    assert_eq!(status(&mut trades, &key), Status::WaitBuyerPay);
    assert_eq!(trades.pay(&key, expires), Err(StepRefusal::Closed));
    assert_eq!(trades.events.len(), 1);
    let late = Terms {
        expires: Some(now()),
        out_trade_no: "2".to_owned(),
        ..terms("1.00")
    };
    assert_eq!(trades.place(late, now()), Err(PlaceRefusal::Late));
}

#[test]
fn refunds_are_numbered_and_bounded() {
    let (mut trades, key) = paid("10.00");
    let mut refund = |number, amount| refund(&mut trades, &key, number, amount);
    assert_eq!(refund(None, "3.00"), Err(RefundRefusal::NotTotal));
    assert_eq!(refund(Some("a"), "10.01"), Err(RefundRefusal::NotTotal));
    assert_eq!(refund(Some("a"), "3.00"), Ok(true));
    assert_eq!(refund(Some("a"), "3.00"), Ok(false));
    assert_eq!(refund(Some("a"), "4.00"), Err(RefundRefusal::Discordant));
    assert_eq!(refund(Some("b"), "7.01"), Err(RefundRefusal::MoreThanLeft));
    assert_eq!(refund(Some("b"), "7.00"), Ok(true));
    assert_eq!(refund(Some("c"), "0.01"), Err(RefundRefusal::Closed));
    assert_eq!(refund(Some("b"), "7.00"), Ok(false));
    assert_eq!(status(&mut trades, &key), Status::Closed);
    assert_eq!(trades.get(&key, now()).unwrap().refunded(), yuan("10.00"));
    assert_eq!(trades.events.len(), 2);
}

#[test]
fn a_refund_without_a_number_is_whole() {
    let (mut trades, key) = paid("10.00");
    assert_eq!(refund(&mut trades, &key, None, "10.00"), Ok(true));
    assert!(trades.get(&key, now()).unwrap().refund_of("1").is_some());
    let mut unpaid = Trades::default();
    let key = unpaid.place(terms("1.00"), now()).unwrap();
    assert_eq!(refund(&mut unpaid, &key, None, "1.00"), Err(RefundRefusal::NoTrade));
    unpaid.open(&key, now()).unwrap();
    assert_eq!(refund(&mut unpaid, &key, None, "1.00"), Err(RefundRefusal::Unpaid));
}

#[test]
fn cancel_ends_an_order_whatever_became_of_it() {
    let mut trades = Trades::default();
    let key = trades.place(terms("1.00"), now()).unwrap();
    assert_eq!(cancel(&mut trades, &key, now()), Ok(None));
    assert_eq!(trades.pay(&key, now()), Err(StepRefusal::NoTrade));

    let key = trades
        .place(
            Terms {
                out_trade_no: "2".to_owned(),
                ..terms("1.00")
            },
            now(),
        )
        .unwrap();
    trades.open(&key, now()).unwrap();
    assert_eq!(cancel(&mut trades, &key, now()), Ok(Some(CancelAction::Close)));
    assert_eq!(cancel(&mut trades, &key, now()), Ok(Some(CancelAction::Close)));

    let (mut trades, key) = paid("10.00");
    refund(&mut trades, &key, Some("a"), "4.00").unwrap();
    assert_eq!(cancel(&mut trades, &key, now()), Ok(Some(CancelAction::Refund)));
    assert_eq!(cancel(&mut trades, &key, now()), Ok(Some(CancelAction::Refund)));
    assert_eq!(trades.get(&key, now()).unwrap().refunded(), yuan("10.00"));

    let (mut trades, key) = paid("10.00");
    assert_eq!(
        cancel(&mut trades, &key, now() + SignedDuration::from_hours(25)),
        Err(StepRefusal::TooLate)
    );
}
