use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::state::refunds::Refunding;
use crate::state::trades::{self, Trades};

fn now() -> Timestamp {
    "2026-03-20T04:00:00Z".parse().unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn merchant(auth_app_id: &str) -> Merchant {
    Merchant {
        app_id: "app".to_owned(),
        auth_app_id: auth_app_id.to_owned(),
        seller_id: "2088".to_owned(),
    }
}

pub(in crate::state) fn terms(out_order_no: &str, amount: Money) -> Terms {
    Terms {
        merchant: merchant("app"),
        method: "alipay.fund.auth.order.voucher.create".to_owned(),
        out_order_no: out_order_no.to_owned(),
        out_request_no: format!("{out_order_no}-freeze"),
        title: "押金".to_owned(),
        amount,
        product_code: "PRE_AUTH".to_owned(),
        payee_user_id: None,
        payee_logon_id: None,
        merchant_ext: None,
        callbacks: Callbacks::default(),
        expires: now() + SignedDuration::from_mins(15),
    }
}

fn authorised(amount: &str) -> (Preauths, Key) {
    let mut preauths = Preauths::default();
    let key = preauths.place(terms("1", yuan(amount)), now()).unwrap();
    preauths.authorise(&key, Buyer::default(), now()).unwrap();
    (preauths, key)
}

fn unfreeze(preauths: &mut Preauths, key: &Key, number: &str, amount: &str) -> Result<Operation, UnfreezeRefusal> {
    let operation = (number, yuan(amount));
    preauths.unfreeze(key, operation, None, Callbacks::default(), now())
}

fn state(preauths: &mut Preauths, key: &Key) -> (Status, [String; 4]) {
    let opened = preauths.get(key, now()).unwrap().opened.as_ref().unwrap();
    let totals = opened.totals();
    let amounts = [totals.frozen, totals.released, totals.paid, totals.rest];
    (opened.status(), amounts.map(|amount| amount.to_string()))
}

#[test]
fn money_is_frozen_paid_and_released() {
    let (mut preauths, key) = authorised("100.00");
    unfreeze(&mut preauths, &key, "u1", "30.00").unwrap();
    preauths.pay(&key, ("t1", yuan("20.00")), false, now()).unwrap();
    let amounts = ["100.00", "30.00", "20.00", "50.00"].map(str::to_owned);
    assert_eq!(state(&mut preauths, &key), (Status::Authorised, amounts));
    assert_eq!(
        preauths.pay(&key, ("t2", yuan("50.01")), true, now()),
        Err(PayRefusal::TooMuch)
    );
    preauths.pay(&key, ("t2", yuan("15.00")), true, now()).unwrap();
    let amounts = ["100.00", "65.00", "35.00", "0.00"].map(str::to_owned);
    assert_eq!(state(&mut preauths, &key), (Status::Finished, amounts));
    assert_eq!(
        preauths.pay(&key, ("t3", yuan("0.01")), false, now()),
        Err(PayRefusal::Finished)
    );
    assert_eq!(
        unfreeze(&mut preauths, &key, "u2", "0.01"),
        Err(UnfreezeRefusal::Finished)
    );
    assert_eq!(
        preauths.cancel(&key, Callbacks::default(), now()),
        Err(CancelRefusal::Over)
    );
}

#[test]
fn a_number_serves_once() {
    let (mut preauths, key) = authorised("100.00");
    assert_eq!(
        preauths.place(terms("1", yuan("100.00")), now()),
        Err(PlaceRefusal::Frozen)
    );
    assert_eq!(
        preauths.place(terms("1", yuan("99.00")), now()),
        Err(PlaceRefusal::Inconsistent)
    );
    let other = Terms {
        out_request_no: "1-freeze".to_owned(),
        ..terms("2", yuan("100.00"))
    };
    assert_eq!(preauths.place(other.clone(), now()), Err(PlaceRefusal::Inconsistent));
    // Another merchant has numbers of its own.
    let theirs = Terms {
        merchant: merchant("other"),
        ..other
    };
    assert!(preauths.place(theirs, now()).is_ok());

    let first = unfreeze(&mut preauths, &key, "u", "10.00").unwrap();
    assert_eq!(unfreeze(&mut preauths, &key, "u", "10.00"), Ok(first));
    assert_eq!(
        unfreeze(&mut preauths, &key, "u", "10.01"),
        Err(UnfreezeRefusal::Inconsistent)
    );
    assert_eq!(
        unfreeze(&mut preauths, &key, "1-freeze", "100.00"),
        Err(UnfreezeRefusal::Inconsistent)
    );
    assert_eq!(state(&mut preauths, &key).1[1], "10.00");
}

#[test]
fn what_nobody_authorises_is_closed_in_time() {
    let mut preauths = Preauths::default();
    let key = preauths.place(terms("1", yuan("1.00")), now()).unwrap();
    let late = now() + SignedDuration::from_mins(15);
    assert!(preauths.find(&merchant("app"), None, Some("1"), now()).is_none());
    preauths.open(&key, Buyer::default(), now()).unwrap();
    assert!(preauths.find(&merchant("other"), None, Some("1"), now()).is_none());
    assert!(preauths.find(&merchant("app"), None, Some("1"), now()).is_some());
    assert_eq!(
        preauths.authorise(&key, Buyer::default(), late),
        Err(StepRefusal::Closed)
    );
    assert_eq!(state(&mut preauths, &key).0, Status::Closed);
    assert_eq!(
        preauths.place(terms("1", yuan("1.00")), late),
        Err(PlaceRefusal::Closed)
    );

    let unscanned = preauths.place(terms("2", yuan("1.00")), now()).unwrap();
    assert_eq!(
        preauths.open(&unscanned, Buyer::default(), late),
        Err(StepRefusal::Closed)
    );
}

#[test]
fn a_cancel_ends_a_freeze_that_is_whole_and_young() {
    let (mut preauths, key) = authorised("100.00");
    let day = SignedDuration::from_hours(24);
    let cancel = |preauths: &mut Preauths, key: &Key, at| preauths.cancel(key, Callbacks::default(), at);
    assert_eq!(
        cancel(&mut preauths, &key, now() + day + SignedDuration::from_secs(1)),
        Err(CancelRefusal::TooLate)
    );
    assert_eq!(cancel(&mut preauths, &key, now() + day), Ok(CancelAction::Unfreeze));
    let amounts = ["100.00", "100.00", "0.00", "0.00"].map(str::to_owned);
    assert_eq!(state(&mut preauths, &key), (Status::Closed, amounts));
    assert_eq!(cancel(&mut preauths, &key, now()), Err(CancelRefusal::Over));

    let (mut preauths, key) = authorised("100.00");
    unfreeze(&mut preauths, &key, "u", "0.01").unwrap();
    assert_eq!(cancel(&mut preauths, &key, now()), Err(CancelRefusal::Used));

    let mut preauths = Preauths::default();
    let key = preauths.place(terms("1", yuan("1.00")), now()).unwrap();
    assert_eq!(cancel(&mut preauths, &key, now()), Err(CancelRefusal::Unknown));
    preauths.open(&key, Buyer::default(), now()).unwrap();
    assert_eq!(cancel(&mut preauths, &key, now()), Ok(CancelAction::Close));
    assert_eq!(
        preauths.authorise(&key, Buyer::default(), now()),
        Err(StepRefusal::Closed)
    );
    assert_eq!(state(&mut preauths, &key).1[0], "0.00");
}

/// Something that somebody does, with a number out of a few and an amount in fen.
#[derive(Clone, Debug)]
enum Step {
    Place(usize, u32),
    Open(Index),
    Authorise(Index),
    Unfreeze(Index, usize, u32),
    Pay(Index, usize, u32, bool),
    Refund(Index, u32),
    Cancel(Index),
    Later(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 1_u32..20_000;
    prop_oneof![
        (0_usize..3, amount.clone()).prop_map(|(number, fen)| Step::Place(number, fen)),
        any::<Index>().prop_map(Step::Open),
        any::<Index>().prop_map(Step::Authorise),
        (any::<Index>(), 0_usize..4, amount.clone())
            .prop_map(|(which, number, fen)| Step::Unfreeze(which, number, fen)),
        (any::<Index>(), 0_usize..6, amount.clone(), any::<bool>())
            .prop_map(|(which, number, fen, completes)| Step::Pay(which, number, fen, completes)),
        (any::<Index>(), amount).prop_map(|(which, fen)| Step::Refund(which, fen)),
        any::<Index>().prop_map(Step::Cancel),
        (1_i64..600).prop_map(Step::Later),
    ]
}

fn fen(fen: u32) -> Money {
    yuan(&format!("{}.{:02}", fen / 100, fen % 100))
}

/// An order that is paid from a pre-authorisation, as `alipay.trade.pay` does it.
fn pay(
    preauths: &mut Preauths,
    trades: &mut Trades,
    key: &Key,
    (number, amount): (&str, Money),
    completes: bool,
    at: Timestamp,
) -> bool {
    if preauths.payable(key, amount, at).is_err() {
        return false;
    }
    let order = trades::Terms {
        merchant: merchant("app"),
        method: "alipay.trade.pay".to_owned(),
        out_trade_no: number.to_owned(),
        subject: "测试".to_owned(),
        total: amount,
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
    };
    let Ok(order) = trades.place(order, at) else {
        return false;
    };
    preauths.pay(key, (number, amount), completes, at).unwrap();
    trades.pay(&order, at).unwrap();
    true
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done in whatever order: what was frozen is what was paid, released and still frozen; orders hold what was paid, and give back no
    /// more; and what is over stays as it is.
    #[test]
    fn no_money_comes_out_of_nothing(steps in proptest::collection::vec(step(), 1..60)) {
        let (mut preauths, mut trades) = (Preauths::default(), Trades::default());
        let mut at = now();
        let mut keys: Vec<Key> = Vec::new();
        let (mut authorised, mut paid) = (Money::ZERO, Money::ZERO);
        for step in steps {
            let before: Vec<_> = keys.iter().map(|key| totals(&mut preauths, key, at)).collect();
            match step {
                Step::Place(number, amount) => {
                    let terms = Terms { expires: at + SignedDuration::from_mins(15), ..terms(&number.to_string(), fen(amount)) };
                    if let Ok(key) = preauths.place(terms, at) && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                Step::Later(minutes) => at += SignedDuration::from_mins(minutes),
                _ if keys.is_empty() => {}
                Step::Open(which) => {
                    let _ = preauths.open(which.get(&keys), Buyer::default(), at);
                }
                Step::Authorise(which) => {
                    let key = which.get(&keys);
                    if preauths.authorise(key, Buyer::default(), at).is_ok() {
                        authorised = authorised.plus(preauths.get(key, at).unwrap().terms.amount);
                    }
                }
                Step::Unfreeze(which, number, amount) => {
                    let operation = (&*format!("u{number}"), fen(amount));
                    let _ = preauths.unfreeze(which.get(&keys), operation, None, Callbacks::default(), at);
                }
                Step::Pay(which, number, amount, completes) => {
                    let operation = (&*format!("t{number}"), fen(amount));
                    if pay(&mut preauths, &mut trades, which.get(&keys), operation, completes, at) {
                        paid = paid.plus(fen(amount));
                        prop_assert!(!completes || totals(&mut preauths, which.get(&keys), at).1.rest == Money::ZERO);
                    }
                }
                Step::Refund(which, amount) => {
                    let key = trades::Key { merchant: "app".to_owned(), out_trade_no: format!("t{}", which.index(6)) };
                    let asked = Refunding {
                        out_request_no: Some(format!("r{amount}")),
                        amount: fen(amount),
                        reason: None,
                        returned: Vec::new(),
                    };
                    let _ = trades.refund(&key, asked, &|_| false, &mut Money::ZERO.clone(), at);
                }
                Step::Cancel(which) => {
                    if preauths.cancel(which.get(&keys), Callbacks::default(), at).is_ok() {
                        prop_assert_eq!(totals(&mut preauths, which.get(&keys), at).1.rest, Money::ZERO);
                    }
                }
            }
            let after: Vec<_> = keys.iter().map(|key| totals(&mut preauths, key, at)).collect();
            for (status, totals) in &after {
                prop_assert_eq!(totals.frozen, totals.released.plus(totals.paid).plus(totals.rest));
                for amount in [totals.frozen, totals.released, totals.paid, totals.rest] {
                    prop_assert!(amount >= Money::ZERO);
                }
                prop_assert_eq!(*status == Some(Status::Authorised), totals.rest > Money::ZERO);
            }
            for (was, is) in before.iter().zip(&after) {
                if matches!(was.0, Some(Status::Closed | Status::Finished)) {
                    prop_assert_eq!(was, is);
                }
            }
            prop_assert_eq!(Money::sum(after.iter().map(|(_, totals)| totals.frozen)), authorised);
            prop_assert_eq!(Money::sum(after.iter().map(|(_, totals)| totals.paid)), paid);
            let orders = (0..6).filter_map(|number| {
                let key = trades::Key { merchant: "app".to_owned(), out_trade_no: format!("t{number}") };
                trades.get(&key, at).map(|order| (order.terms.total, order.refunded()))
            });
            let orders: Vec<_> = orders.collect();
            prop_assert_eq!(Money::sum(orders.iter().map(|(total, _)| *total)), paid);
            prop_assert!(orders.iter().all(|(total, refunded)| refunded <= total));
        }
    }
}

fn totals(preauths: &mut Preauths, key: &Key, at: Timestamp) -> (Option<Status>, Totals) {
    let opened = preauths.get(key, at).unwrap().opened.as_ref();
    (
        opened.map(Opened::status),
        opened.map(Opened::totals).unwrap_or_default(),
    )
}
