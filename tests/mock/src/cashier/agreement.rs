//! The page on which a user signs an agreement, or refuses.

use super::View;
use super::page::{Ask, Mood, Page, Row};
use crate::state::agreements::{Agreement, PeriodUnit, Status};
use crate::state::people::Person;

/// What a page says after its button: another user is to sign, or has signed already.
const OTHER: &str = "other";

/// How the agreement stands.
pub(super) fn show(view: &View<'_>, no: &str, note: &str) -> Page {
    let Some(agreement) = view.core.with_state(|state| state.agreements.find_any(no).cloned()) else {
        return super::unknown(view.language);
    };
    let mut told = match agreement.status(view.core.now()) {
        Status::Offered => return ask(view, &agreement, note == OTHER),
        Status::InForce | Status::Temporary => view
            .told(
                Mood::Done,
                ("签约成功", "Signed"),
                ("协议已签署。", "The agreement is signed."),
            )
            .returning(view.core.agreement_return_url(&agreement).unwrap_or_default(), 1),
        Status::Refused => view.told(
            Mood::Open,
            ("已拒绝", "Refused"),
            (
                "你拒绝了协议，没有签署。",
                "You refused the agreement. Nothing is signed.",
            ),
        ),
        Status::Expired => view.told(
            Mood::Bad,
            ("协议已过期", "Too late"),
            (
                "签约时间已过，请回到商户重新打开。",
                "The time to sign is over: open it again from the merchant's site.",
            ),
        ),
        Status::Unsigned => view.told(
            Mood::Open,
            ("协议已解约", "Ended"),
            (
                "协议签署之后已经解约。",
                "The agreement was signed, and was ended since.",
            ),
        ),
    };
    told.rows = rows(view, &agreement);
    told.page()
}

/// The user decides: gives what the page says then.
pub(super) fn decide(view: &View<'_>, no: &str, agrees: bool, person: Option<Person>) -> Option<&'static str> {
    if !agrees {
        let _ = view.core.refuse_agreement(no);
        return None;
    }
    let signed = view.core.sign_agreement_as(no, person.map(|person| person.account));
    // Where it was decided meanwhile, the page says that, and not this.
    signed.is_err().then_some(OTHER)
}

fn rows(view: &View<'_>, agreement: &Agreement) -> Vec<Row> {
    let terms = &agreement.terms;
    let mut rows = vec![
        Row::new(
            view.say("商户", "Merchant"),
            "merchant",
            view.merchant(&terms.merchant.seller_id),
        ),
        Row::new(
            view.say("协议产品", "Product"),
            "personal_product_code",
            terms.product.clone(),
        ),
        Row::new(view.say("签约场景", "Scene"), "sign_scene", terms.scene.clone()),
    ];
    if let Some(number) = &terms.external_agreement_no {
        rows.push(Row::new(
            view.say("商户签约号", "Number"),
            "external_agreement_no",
            number.clone(),
        ));
    }
    if let Some(logon_id) = &terms.external_logon_id {
        let label = view.say("商户网站账号", "Account there");
        rows.push(Row::new(label, "external_logon_id", logon_id.clone()));
    }
    rows
}

/// What the user agrees to, in words.
fn points(view: &View<'_>, agreement: &Agreement) -> Vec<String> {
    let general = view.say(
        "商户可以按约定从你的账户扣款，无需每次确认。",
        "The merchant may deduct money from your account without asking each time.",
    );
    let Some(rule) = &agreement.terms.rule else {
        return vec![general.to_owned()];
    };
    let unit = match rule.unit {
        PeriodUnit::Day => view.say("天", "day(s)"),
        PeriodUnit::Month => view.say("个月", "month(s)"),
    };
    let mut points = vec![
        general.to_owned(),
        format!("{} ¥{}", view.say("单次最多", "At most, each time:"), rule.single),
        format!("{} {} {unit}", view.say("扣款周期", "Every"), rule.length),
        format!("{} {}", view.say("首次扣款", "For the first time on"), rule.first),
    ];
    if let Some(total) = rule.total {
        points.push(format!("{} ¥{total}", view.say("累计最多", "At most, in all:")));
    }
    if let Some(times) = rule.times {
        points.push(format!("{} {times}", view.say("扣款次数", "Number of deductions:")));
    }
    points
}

fn ask(view: &View<'_>, agreement: &Agreement, is_others: bool) -> Page {
    let heading = view.say("签署扣款协议", "Agree to deductions");
    let mut frame = view.frame(heading, true);
    let deadline = agreement.terms.sign_until.map(|until| view.deadline(until));
    let (deadline, refresh) = deadline.unzip();
    frame.refresh = refresh.flatten();
    let visitor = view.core.with_state(|state| state.users.visitor.user_id.clone());
    let signer = agreement.terms.signer.0.clone();
    let problem = view.say(
        "不能由所选用户签署：商户指定了另一位用户，或者同样的协议已经生效。",
        "The user can't sign: the merchant asks another one to, or the same agreement is in force already.",
    );
    let ask = Ask {
        frame,
        heading: heading.to_owned(),
        problem: is_others.then(|| problem.to_owned()),
        amount: None,
        rows: rows(view, agreement),
        points: points(view, agreement),
        deadline,
        people_label: view.say("由谁签署", "Who signs").to_owned(),
        people: view.choices(&view.people(), &signer.unwrap_or(visitor), false),
        action: view.action(),
        token: view.token(),
        agree: view.say("同意协议并签约", "Agree and sign").to_owned(),
        refuse: view.say("拒绝", "Refuse").to_owned(),
    };
    ask.page()
}
