//! The cashier of a pre-authorisation: let money be frozen, or go back.

use super::View;
use super::page::{Ask, Link, Mood, Page, Row};
use crate::state::people::Person;
use crate::state::preauths::{Key, Opened, Preauth, Status};

/// What a page says after its button: the payer has left.
const LEFT: &str = "left";
/// The same: the payer's account has no money.
const NO_MONEY: &str = "no-money";

/// How it stands.
pub(super) fn show(view: &View<'_>, key: &Key, note: &str) -> Page {
    let now = view.core.now();
    let preauth = view.core.with_state(|state| state.preauths.get(key, now).cloned());
    let Some(preauth) = preauth else {
        return super::unknown(view.language);
    };
    let number = Row::new(
        view.say("商户订单号", "Order"),
        "out_order_no",
        preauth.terms.out_order_no.clone(),
    );
    let mut told = match preauth.opened.as_ref().map(Opened::status) {
        Some(Status::Init) if note != LEFT => return ask(view, &preauth, note == NO_MONEY),
        Some(Status::Init) => {
            let mut told = view.told(
                Mood::Open,
                ("尚未授权", "Not authorised"),
                (
                    "你离开了页面，资金没有冻结。",
                    "You left the page, and nothing is frozen.",
                ),
            );
            told.links.push(Link {
                target: view.action(),
                id: "again",
                label: view.say("继续授权", "Authorise after all").to_owned(),
            });
            told
        }
        Some(Status::Authorised | Status::Finished) => {
            let mut told = view.told(
                Mood::Done,
                ("授权成功", "Authorised"),
                (
                    "资金已冻结，将按实际消费扣款。",
                    "The money is frozen, and pays for what is used.",
                ),
            );
            told.amount = Some(preauth.terms.amount.to_string());
            told
        }
        Some(Status::Closed) | None => view.told(
            Mood::Bad,
            ("无法授权", "Can't be authorised"),
            (
                "授权已关闭，或已过授权时间。",
                "The request is closed, or the time for it is over.",
            ),
        ),
    };
    told.rows.push(number);
    told.page()
}

/// The payer decides: gives what the page says then.
pub(super) fn decide(view: &View<'_>, key: &Key, agrees: bool, person: Option<Person>) -> Option<&'static str> {
    if !agrees {
        return Some(LEFT);
    }
    let person = person.or_else(|| view.people().into_iter().next())?;
    if !person.has_money {
        return Some(NO_MONEY);
    }
    let now = view.core.now();
    // Where it is authorised or closed meanwhile, the page says that.
    let _ = view
        .core
        .with_state(|state| state.preauths.authorise(key, person.account, now));
    None
}

fn ask(view: &View<'_>, preauth: &Preauth, has_no_money: bool) -> Page {
    let terms = &preauth.terms;
    let heading = view.say("资金预授权", "Freeze money");
    let mut frame = view.frame(heading, true);
    let (deadline, refresh) = view.deadline(terms.expires);
    frame.refresh = refresh;
    let people = view.people();
    let chosen = people.first().map(|person| person.account.user_id.clone());
    let problem = view.say(
        "所选付款人余额不足，没有冻结：请换一位。",
        "The payer's balance is too small, and nothing was frozen: choose another one.",
    );
    let ask = Ask {
        frame,
        heading: heading.to_owned(),
        problem: has_no_money.then(|| problem.to_owned()),
        amount: Some(terms.amount.to_string()),
        rows: vec![
            Row::new(
                view.say("商户", "Merchant"),
                "merchant",
                view.merchant(&terms.merchant.seller_id),
            ),
            Row::new(view.say("事项", "For"), "order_title", terms.title.clone()),
            Row::new(
                view.say("商户订单号", "Order"),
                "out_order_no",
                terms.out_order_no.clone(),
            ),
        ],
        points: vec![
            view.say(
                "这笔钱现在只冻结，不扣款。",
                "The money is only frozen now. Nothing is paid yet.",
            )
            .to_owned(),
        ],
        deadline: Some(deadline),
        people_label: view.say("由谁授权", "Whose money").to_owned(),
        people: view.choices(&people, &chosen.unwrap_or_default(), true),
        action: view.action(),
        token: view.token(),
        agree: format!("{} ¥{}", view.say("同意冻结", "Freeze"), terms.amount),
        refuse: view.say("取消", "Cancel").to_owned(),
    };
    ask.page()
}
