use proptest::prelude::*;

use super::*;
use crate::state::refunds::{RefundRefusal, Refunding};
use crate::state::trades::tests::{now, terms};
use crate::state::trades::{Status, Terms};

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn account(number: &str) -> Account {
    Account {
        kind: "userId".to_owned(),
        number: number.to_owned(),
    }
}

fn share(number: &str, amount: &str) -> Share {
    Share {
        account: account(number),
        name: None,
        amount: yuan(amount),
    }
}

/// Everybody may get a share but strangers.
fn check(share: &Share) -> Result<(), SplitRefusal> {
    match share.account.number.as_str() {
        "stranger" => Err(SplitRefusal::NotBound),
        _ => Ok(()),
    }
}

fn paid(total: &str, freeze: bool) -> (Trades, Key) {
    let mut trades = Trades::default();
    let placed = Terms { freeze, ..terms(total) };
    let key = trades.place(placed, now()).unwrap();
    trades.pay(&key, now()).unwrap();
    (trades, key)
}

/// A split of a part that may be all, to receivers that are bound.
fn split(trades: &mut Trades, key: &Key, number: &str, asked: Asked) -> Result<String, SplitRefusal> {
    let limits = Limits {
        ratio: 100,
        check: &check,
    };
    trades.split(key, number, asked, &limits, now())
}

fn asked(shares: &[Share], mode: Mode, finish: Finish) -> Asked {
    Asked {
        shares: shares.to_vec(),
        mode,
        finish,
    }
}

fn at_once(shares: &[Share]) -> Asked {
    asked(shares, Mode::Now, Finish::Open)
}

fn refund(
    trades: &mut Trades,
    key: &Key,
    number: &str,
    amount: &str,
    returned: &[Share],
    balance: &mut Money,
) -> Result<bool, RefundRefusal> {
    let asked = Refunding {
        out_request_no: Some(number.to_owned()),
        amount: yuan(amount),
        reason: None,
        returned: returned.to_vec(),
    };
    trades.refund(key, asked, &allows, balance, now())
}

/// Everybody gives shares back but one.
fn allows(account: &Account) -> bool {
    account.number != "miser"
}

#[test]
fn splits_share_out_what_is_left() {
    let (mut trades, key) = paid("10.00", false);
    refund(&mut trades, &key, "r", "5.00", &[], &mut Money::ZERO.clone()).unwrap();
    let number = split(&mut trades, &key, "a", at_once(&[share("1", "3.00")])).unwrap();
    assert_eq!(
        split(&mut trades, &key, "a", at_once(&[share("1", "3.00")])),
        Ok(number)
    );
    assert_eq!(
        split(&mut trades, &key, "a", at_once(&[share("1", "1.00")])),
        Err(SplitRefusal::Discordant)
    );
    assert_eq!(
        split(
            &mut trades,
            &key,
            "b",
            at_once(&[share("1", "1.00"), share("2", "1.01")])
        ),
        Err(SplitRefusal::TooMuch)
    );
    assert_eq!(
        split(&mut trades, &key, "b", at_once(&[share("stranger", "1.00")])),
        Err(SplitRefusal::NotBound)
    );
    split(&mut trades, &key, "b", at_once(&[share("1", "2.00")])).unwrap();
    assert_eq!(trades.get(&key, now()).unwrap().at_seller(), Money::ZERO);

    let mut unpaid = Trades::default();
    let key = unpaid.place(terms("1.00"), now()).unwrap();
    let early = split(&mut unpaid, &key, "a", at_once(&[share("1", "0.10")]));
    assert_eq!(early, Err(SplitRefusal::NoTrade));
    unpaid.open(&key, now()).unwrap();
    let early = split(&mut unpaid, &key, "a", at_once(&[share("1", "0.10")]));
    assert_eq!(early, Err(SplitRefusal::NotPaid));
}

#[test]
fn no_more_is_shared_than_the_contract_says() {
    let (mut trades, key) = paid("10.00", false);
    let limits = Limits {
        ratio: 30,
        check: &check,
    };
    let mut split = |number, amount| {
        let asked = at_once(&[share("1", amount)]);
        trades.split(&key, number, asked, &limits, now())
    };
    assert_eq!(split("a", "3.01"), Err(SplitRefusal::TooMuch));
    split("a", "2.00").unwrap();
    assert_eq!(split("b", "1.01"), Err(SplitRefusal::TooMuch));
    split("b", "1.00").unwrap();
    assert_eq!(trades.get(&key, now()).unwrap().shareable(30, now()), Money::ZERO);
}

#[test]
fn what_is_frozen_is_released_once() {
    let (mut trades, key) = paid("10.00", true);
    let frozen = |trades: &mut Trades, at| trades.get(&key, at).unwrap().frozen(at);
    assert_eq!(frozen(&mut trades, now()), yuan("10.00"));
    split(&mut trades, &key, "a", at_once(&[share("1", "2.00")])).unwrap();
    assert_eq!(frozen(&mut trades, now()), yuan("8.00"));
    let part = |amount| asked(&[share("1", "1.00")], Mode::Now, Finish::Part(yuan(amount)));
    assert_eq!(split(&mut trades, &key, "b", part("7.01")), Err(SplitRefusal::TooMuch));
    split(&mut trades, &key, "b", part("3.00")).unwrap();
    assert_eq!(frozen(&mut trades, now()), yuan("4.00"));
    // What was released is not shared any more.
    assert_eq!(
        split(&mut trades, &key, "c", at_once(&[share("1", "4.01")])),
        Err(SplitRefusal::TooMuch)
    );
    split(&mut trades, &key, "c", asked(&[], Mode::Now, Finish::All)).unwrap();
    assert_eq!(frozen(&mut trades, now()), Money::ZERO);
    assert_eq!(
        split(&mut trades, &key, "d", at_once(&[share("1", "0.01")])),
        Err(SplitRefusal::Finished)
    );
    assert!(split(&mut trades, &key, "c", asked(&[], Mode::Now, Finish::All)).is_ok());

    let (mut trades, key) = paid("10.00", true);
    let later = now() + SignedDuration::from_hours(30 * 24);
    assert_eq!(trades.get(&key, later).unwrap().frozen(later), Money::ZERO);
    // Nothing is frozen of an order that was not placed so.
    let (mut trades, key) = paid("10.00", false);
    assert_eq!(trades.get(&key, now()).unwrap().frozen(now()), Money::ZERO);
    assert_eq!(
        split(&mut trades, &key, "a", asked(&[], Mode::Now, Finish::All)),
        Err(SplitRefusal::NotFrozen)
    );
    let word = asked(&[share("1", "1.00")], Mode::Now, Finish::All);
    split(&mut trades, &key, "a", word).unwrap();
    assert!(split(&mut trades, &key, "b", at_once(&[share("1", "1.00")])).is_ok());
}

#[test]
fn a_split_for_later_is_carried_out_once() {
    let (mut trades, key) = paid("10.00", true);
    let shares = [share("1", "2.00"), share("2", "3.00"), share("gone", "1.00")];
    let no = split(&mut trades, &key, "a", asked(&shares, Mode::Later, Finish::All)).unwrap();
    let states = |trades: &mut Trades| -> Vec<ShareState> {
        let order = trades.get(&key, now()).unwrap();
        order
            .split_of("a")
            .unwrap()
            .details
            .iter()
            .map(|detail| detail.state)
            .collect()
    };
    assert_eq!(states(&mut trades), [ShareState::Waiting; 3]);
    // What waits is neither at the seller nor unfrozen.
    assert_eq!(trades.get(&key, now()).unwrap().at_seller(), yuan("4.00"));
    assert_eq!(trades.get(&key, now()).unwrap().frozen(now()), yuan("4.00"));
    let is_bound = |_: &Key, account: &Account| account.number != "gone";
    assert_eq!(
        trades.carry_out("none", &[], &is_bound, now()),
        Err(CarryRefusal::NoSplit)
    );
    trades.carry_out(&no, &["2".to_owned()], &is_bound, now()).unwrap();
    assert_eq!(
        states(&mut trades),
        [
            ShareState::Made,
            ShareState::Failed(Failed::Balance),
            ShareState::Failed(Failed::NotBound)
        ]
    );
    assert_eq!(trades.carry_out(&no, &[], &is_bound, now()), Err(CarryRefusal::Done));
    assert_eq!(trades.split_events.len(), 1);
    let order = trades.get(&key, now()).unwrap();
    assert_eq!((order.at_seller(), order.frozen(now())), (yuan("8.00"), Money::ZERO));

    let (mut trades, key) = paid("10.00", false);
    split(&mut trades, &key, "a", at_once(&[share("1", "1.00")])).unwrap();
    let mixed = asked(&[share("1", "1.00")], Mode::Later, Finish::Open);
    assert_eq!(split(&mut trades, &key, "b", mixed), Err(SplitRefusal::OtherMode));
}

#[test]
fn shares_come_back_with_a_refund_or_the_seller_makes_up_for_them() {
    let (mut trades, key) = paid("10.00", false);
    split(
        &mut trades,
        &key,
        "a",
        at_once(&[share("1", "3.00"), share("2", "1.00")]),
    )
    .unwrap();
    split(&mut trades, &key, "b", at_once(&[share("1", "2.00")])).unwrap();
    let mut balance = yuan("1.00");
    let no_share = RefundRefusal::Share(ReturnRefusal::NoShare);
    let more = RefundRefusal::Share(ReturnRefusal::MoreThanShare);
    for (returned, refusal) in [
        (vec![share("3", "0.01")], no_share),
        (
            vec![share("miser", "0.01")],
            RefundRefusal::Share(ReturnRefusal::NotAllowed),
        ),
        (vec![share("1", "5.01")], more),
        (vec![share("1", "3.00"), share("1", "2.01")], more),
        // Six are out, and the account has one.
        (vec![share("2", "0.99")], RefundRefusal::Balance),
    ] {
        let refused = refund(&mut trades, &key, "r", "6.00", &returned, &mut balance);
        assert_eq!(refused, Err(refusal), "{returned:?}");
    }
    assert_eq!(
        (trades.get(&key, now()).unwrap().refunded(), balance),
        (Money::ZERO, yuan("1.00"))
    );

    let returned = [share("1", "4.00")];
    assert_eq!(
        refund(&mut trades, &key, "r", "6.00", &returned, &mut balance),
        Ok(true)
    );
    assert_eq!(
        refund(&mut trades, &key, "r", "6.00", &returned, &mut balance),
        Ok(false)
    );
    assert_eq!(
        refund(&mut trades, &key, "r", "6.00", &[], &mut balance),
        Err(RefundRefusal::Discordant)
    );
    let order = trades.get(&key, now()).unwrap();
    assert_eq!((order.settled(), order.at_seller()), (yuan("2.00"), yuan("2.00")));
    assert_eq!(balance, yuan("1.00"));
    assert_eq!(
        refund(&mut trades, &key, "s", "4.00", &[share("1", "1.00")], &mut balance),
        Ok(true)
    );
    assert_eq!(balance, Money::ZERO);
    let order = trades.get(&key, now()).unwrap();
    assert_eq!((order.settled(), order.at_seller()), (yuan("1.00"), Money::ZERO));
    assert_eq!(
        split(&mut trades, &key, "c", at_once(&[share("1", "0.01")])),
        Err(SplitRefusal::Refunded)
    );
}

#[test]
fn a_split_of_an_order_that_is_refunded_meanwhile_fails() {
    let (mut trades, key) = paid("10.00", false);
    let later = asked(&[share("1", "4.00")], Mode::Later, Finish::Open);
    let no = split(&mut trades, &key, "a", later).unwrap();
    let mut balance = yuan("4.00");
    let waiting = [share("1", "4.00")];
    // What has not gone out can't come back.
    assert_eq!(
        refund(&mut trades, &key, "r", "10.00", &waiting, &mut balance),
        Err(RefundRefusal::Share(ReturnRefusal::NoShare))
    );
    refund(&mut trades, &key, "r", "10.00", &[], &mut balance).unwrap();
    assert_eq!(balance, Money::ZERO);
    trades.carry_out(&no, &[], &|_, _| true, now()).unwrap();
    let order = trades.get(&key, now()).unwrap();
    let state = order.split_of("a").unwrap().details[0].state;
    assert_eq!(state, ShareState::Failed(Failed::Refunded));
    assert_eq!((order.settled(), order.at_seller()), (Money::ZERO, yuan("4.00")));
}

#[test]
fn a_cancel_does_not_give_back_what_is_not_there() {
    let (mut trades, key) = paid("10.00", false);
    split(&mut trades, &key, "a", at_once(&[share("1", "4.00")])).unwrap();
    let mut balance = yuan("3.99");
    assert!(trades.cancel(&key, &mut balance, now()).is_err());
    assert_eq!(
        trades.get(&key, now()).unwrap().trade.as_ref().unwrap().status,
        Status::Success
    );
    balance = yuan("4.00");
    trades.cancel(&key, &mut balance, now()).unwrap();
    assert_eq!(
        (balance, trades.get(&key, now()).unwrap().at_seller()),
        (Money::ZERO, Money::ZERO)
    );
}

/// Something that a merchant, or Alipay, does with an order.
#[derive(Clone, Debug)]
enum Act {
    Split {
        number: u8,
        to: u8,
        fen: u16,
        later: bool,
        finish: u8,
    },
    CarryOut {
        number: u8,
        failing: bool,
    },
    Refund {
        number: u8,
        fen: u16,
        from: u8,
        back: u16,
    },
    Cancel,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..6_u8, 0..3_u8, 1..600_u16, any::<bool>(), 0..8_u8)
            .prop_map(|(number, to, fen, later, finish)| Act::Split { number, to, fen, later, finish }),
        2 => (0..6_u8, any::<bool>()).prop_map(|(number, failing)| Act::CarryOut { number, failing }),
        3 => (0..6_u8, 1..1200_u16, 0..3_u8, 0..600_u16)
            .prop_map(|(number, fen, from, back)| Act::Refund { number, fen, from, back }),
        1 => Just(Act::Cancel),
    ]
}

fn fen(fen: u16) -> Money {
    yuan(&format!("{}.{:02}", fen / 100, fen % 100))
}

proptest! {
    #[test]
    fn no_sequence_gives_out_more_than_came_in(
        acts in prop::collection::vec(act(), 1..40), freeze in any::<bool>(), ratio in 1..=100_i64, start in 0..1500_u16,
    ) {
        let total = yuan("10.00");
        let (mut trades, key) = paid("10.00", freeze);
        let mut balance = fen(start);
        let is_bound = |account: &Account| account.number != "2";
        let bound_only = |share: &Share| is_bound(&share.account).then_some(()).ok_or(SplitRefusal::NotBound);
        let limits = Limits { ratio, check: &bound_only };
        for act in acts {
            match act {
                Act::Split { number, to, fen: amount, later, finish } => {
                    let finish = match finish {
                        0 => Finish::All,
                        1 => Finish::Part(fen(amount / 2 + 1)),
                        _ => Finish::Open,
                    };
                    let shares = [Share { account: account(&to.to_string()), name: None, amount: fen(amount) }];
                    let mode = if later { Mode::Later } else { Mode::Now };
                    let _ = trades.split(&key, &number.to_string(), asked(&shares, mode, finish), &limits, now());
                }
                Act::CarryOut { number, failing } => {
                    let order = trades.get(&key, now()).unwrap();
                    let no = order.split_of(&number.to_string()).map(|split| split.settle_no.clone());
                    let failing = if failing { vec!["0".to_owned()] } else { Vec::new() };
                    let _ = trades.carry_out(&no.unwrap_or_default(), &failing, &|_, account| is_bound(account), now());
                }
                Act::Refund { number, fen: amount, from, back } => {
                    let returned = Share { account: account(&from.to_string()), name: None, amount: fen(back) };
                    let asked = Refunding {
                        out_request_no: Some(number.to_string()),
                        amount: fen(amount),
                        reason: None,
                        returned: (back > 0).then_some(returned).into_iter().collect(),
                    };
                    let _ = trades.refund(&key, asked, &allows, &mut balance, now());
                }
                Act::Cancel => _ = trades.cancel(&key, &mut balance, now()),
            }
            let order = trades.get(&key, now()).unwrap();
            let splits = &order.trade.as_ref().unwrap().splits;
            // All that came in is somewhere: with the buyer, with receivers, or at the seller.
            let came_in = total.plus(splits.added);
            prop_assert_eq!(order.refunded().plus(splits.out()).plus(order.at_seller()), came_in);
            prop_assert_eq!(balance.plus(splits.added), fen(start));
            prop_assert!(balance >= Money::ZERO);
            prop_assert!(order.at_seller() >= Money::ZERO);
            prop_assert!(order.refunded() <= total);
            // Nobody gets more than the contract says, and a stranger nothing.
            prop_assert!(splits.out_ever() <= total.percent(ratio));
            prop_assert!(splits.details().all(|detail| detail.out() >= Money::ZERO && detail.returned >= Money::ZERO));
            prop_assert!(splits.of(&account("2")).is_none());
            // What is frozen is the seller's.
            prop_assert!(order.frozen(now()) <= order.at_seller());
            prop_assert!(order.shareable(ratio, now()) <= order.at_seller());
        }
    }
}
