use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::agreements::PeriodUnit;
use super::authorisations::Grantor;
use super::complaints::{NewComplaint, Word};
use super::images::Album;
use super::onboarding::{Details, Purpose, Wish};
use super::refunds::Refunding;
use super::royalties::{self, Receiver};
use super::splits::{Account, Asked, Finish, Limits, Mode, Share};
use super::trades::tests::{now, terms};
use super::trades::{Buyer, Merchant};
use super::transfers::{self, Number, Product};
use super::users::Visitor;
use super::*;
use crate::keys::KeyPair;
use crate::protocol::Callbacks;

fn new() -> State {
    let identity = Identity::Key(KeyPair::of_function(<[u8]>::to_vec));
    State::new(identity, Money::yuan(1000), Lifetimes::default(), None)
}

fn trades(state: &mut State, now: Timestamp) {
    let account = Account {
        kind: "userId".to_owned(),
        number: "2088".to_owned(),
    };
    let receiver = Receiver {
        account: account.clone(),
        name: None,
        memo: Some("店".to_owned()),
    };
    let bind = royalties::Change::Bind(vec![receiver]);
    state.royalties.change("app", Some("b1"), bind).unwrap();
    state.royalties.set_returns("2088", true);
    state.royalties.ratio.set(40);
    let key = state.trades.place(terms("10.00"), now).unwrap();
    state.trades.code(&key).unwrap();
    state.trades.pay(&key, now).unwrap();
    let share = Share {
        account,
        name: None,
        amount: Money::yuan(2),
    };
    let asked = Asked {
        shares: vec![share.clone()],
        mode: Mode::Now,
        finish: Finish::Part(Money::yuan(1)),
    };
    let limits = Limits {
        ratio: 40,
        check: &|_| Ok(()),
    };
    state.trades.split(&key, "s1", asked, &limits, now).unwrap();
    let refunding = Refunding {
        out_request_no: Some("r1".to_owned()),
        amount: Money::yuan(4),
        reason: Some("退".to_owned()),
        returned: vec![share],
    };
    let balance = state.transfers.balance("2088");
    state.trades.refund(&key, refunding, &|_| true, balance, now).unwrap();
    let transfer = transfers::Terms {
        number: Number {
            product: Product::Uni {
                code: "TRANS_ACCOUNT_NO_PWD".to_owned(),
                scene: "DIRECT_TRANSFER".to_owned(),
            },
            out_biz_no: "t1".to_owned(),
        },
        payee_type: "ALIPAY_USER_ID".to_owned(),
        payee: "2088".to_owned(),
        amount: Money::yuan(3),
    };
    state.transfers.send("2088", transfer, None, now).unwrap();
    let id = state
        .complaints
        .make(key, NewComplaint::new("重复扣款", "扣了两次"), now);
    let word = Word::Feedback("03".to_owned());
    state
        .complaints
        .write(&id, word, Some("已处理".to_owned()), vec!["i".to_owned()], now)
        .unwrap();
    let waiting = terms("1.00");
    let waiting = trades::Terms {
        out_trade_no: "2".to_owned(),
        expires: Some(now),
        ..waiting
    };
    assert!(state.trades.place(waiting, now).is_err());
}

fn contracts(state: &mut State, now: Timestamp) {
    let key = state
        .preauths
        .place(preauths::tests::terms("p1", Money::yuan(9)), now)
        .unwrap();
    state.preauths.code(&key).unwrap();
    state.preauths.authorise(&key, Buyer::default(), now).unwrap();
    let unfreeze = ("u1", Money::yuan(2));
    state
        .preauths
        .unfreeze(&key, unfreeze, None, Callbacks::default(), now)
        .unwrap();
    state.preauths.pay(&key, ("1", Money::yuan(1)), true, now).unwrap();
    let terms = agreements::tests::regular(PeriodUnit::Month, 1, "2026-03-20");
    let merchant = terms.merchant.clone();
    let no = state.agreements.offer(terms, now);
    state.agreements.sign(&no, Buyer::default(), now).unwrap();
    state.agreements.deduct(&merchant, &no, Money::yuan(5), now).unwrap();
    let id = state.certifications.prepare(merchant, Some("某人".to_owned()), None);
    state.certifications.decide(&id, true);
    for passes in [true, false] {
        let details: Details = [("name".to_owned(), json!("店"))].into_iter().collect();
        let wish = Wish {
            external_id: passes.to_string(),
            purpose: Purpose::Create,
            details,
            has_new_card: true,
        };
        let id = state.onboarding.apply("app", wish, now).unwrap();
        if passes {
            state.onboarding.pass(&id, Some("好".to_owned())).unwrap();
        } else {
            state.onboarding.reject(&id, "资质不全".to_owned()).unwrap();
        }
    }
    state.images.keep(Album::Onboarding, "app", "i1");
    state
        .invoices
        .insert("token".to_owned(), vec![json!({ "invoice_code": "1" })]);
}

fn authorisations(state: &mut State, now: Timestamp) {
    let grantor = Grantor {
        auth_app_id: "2023".to_owned(),
        user_id: "2088".to_owned(),
    };
    let code = state.authorisations.agree(grantor, now);
    let first = state.authorisations.exchange(&code, now).unwrap();
    state.authorisations.renew(&first.refresh, now).unwrap();
    state.authorisations.renew(&first.refresh, now).unwrap_err();
    let lifetimes = Lifetimes {
        auth_code: std::time::Duration::from_millis(1500),
        ..Lifetimes::default()
    };
    state.authorisations.lifetimes.set(lifetimes);
    let user = ("2088".to_owned(), Some("open".to_owned()));
    let code = state.users.agree(user, "auth_user", &lifetimes, now);
    let first = state.users.exchange(&code, &lifetimes, now).unwrap();
    state.users.renew(&first.refresh, &lifetimes, now).unwrap();
    state.users.set_profile("2088", Details::new());
    state.users.visitor.set(Visitor {
        agrees: Some(true),
        ..Visitor::default()
    });
    state.app_gateway_url.set(Some("http://127.0.0.1/app".to_owned()));
}

/// What has changed, but for the numbers: other tests issue some meanwhile.
fn changed(state: &mut State) -> Vec<Change> {
    let mut changes = state.take_changes().unwrap();
    changes.retain(|change| change.table != "numbers");
    changes
}

#[test]
fn all_rows_make_the_same_state_again() {
    let (mut state, now) = (new(), now());
    trades(&mut state, now);
    contracts(&mut state, now);
    authorisations(&mut state, now);
    state.ahead.set(SignedDuration::from_secs(90));
    state.note_deadlines();
    // What nobody was told of yet is gone when the changes are taken.
    state.trades.events.clear();
    state.onboarding.events.clear();
    state.complaints.events.clear();
    state.preauths.take_events();
    state.agreements.take_events();
    state.authorisations.take_events();

    let changes = state.take_changes().unwrap();
    let filled: BTreeSet<_> = changes.iter().map(|change| change.table).collect();
    let tables: BTreeSet<_> = state.rows().map(|(table, _)| table).collect();
    // The certificates have a test of their own.
    let unfilled: Vec<_> = tables.difference(&filled).copied().collect();
    assert_eq!(unfilled, [CERTIFICATES], "this test has to fill every table");
    let mut again = new();
    for Change { table, key, value } in &changes {
        assert!(again.load(table, key, value.as_deref().unwrap()).unwrap(), "{table}");
    }
    again.loaded();
    assert_eq!(format!("{again:#?}"), format!("{state:#?}"));
    assert_eq!((changed(&mut state), changed(&mut again)), (Vec::new(), Vec::new()));
    assert!(!again.load("nothing", "1", "1").unwrap());
}

#[test]
fn reading_changes_nothing() {
    let (mut state, now) = (new(), now());
    trades(&mut state, now);
    contracts(&mut state, now);
    authorisations(&mut state, now);
    state.take_changes().unwrap();
    let key = state.trades.find_any("1").unwrap();
    let merchant: Merchant = state.trades.get(&key, now).unwrap().terms.merchant.clone();
    assert!(state.trades.find(&merchant, None, Some("1"), now).is_some());
    assert!(state.trades.code(&key).is_some() && state.trades.open(&key, now).is_ok());
    assert!(state.preauths.find(&merchant, None, Some("p1"), now).is_some());
    assert!(state.agreements.find_any("e").is_some());
    assert_eq!(changed(&mut state), []);
}
