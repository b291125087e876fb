//! The page on which a user's identity is verified: pass, or fail.

use super::View;
use super::page::{Ask, Mood, Page, Row};
use crate::state::certifications::Outcome;

/// How the verification stands.
pub(super) fn show(view: &View<'_>, id: &str) -> Page {
    let found = view.core.with_state(|state| state.certifications.get(id).cloned());
    let Some(certification) = found else {
        return super::unknown(view.language);
    };
    let mut rows = vec![
        Row::new(
            view.say("商户", "Merchant"),
            "merchant",
            view.merchant(&certification.merchant.seller_id),
        ),
        Row::new(view.say("认证号", "Number"), "certify_id", certification.id.clone()),
    ];
    if let Some(name) = &certification.name {
        rows.insert(1, Row::new(view.say("姓名", "Name"), "cert_name", name.clone()));
    }
    let mut told = match certification.outcome {
        Outcome::Open => {
            let heading = view.say("身份认证", "Verify who you are");
            let point = view.say(
                "真实环境中会核对证件与人脸；这里由你决定结果。",
                "Alipay would look at a document and a face. Here, you decide what comes of it.",
            );
            let ask = Ask {
                frame: view.frame(heading, true),
                heading: heading.to_owned(),
                problem: None,
                amount: None,
                rows,
                points: vec![point.to_owned()],
                deadline: None,
                people_label: String::new(),
                people: Vec::new(),
                action: view.action(),
                token: view.token(),
                agree: view.say("认证通过", "Pass").to_owned(),
                refuse: view.say("认证不通过", "Fail").to_owned(),
            };
            return ask.page();
        }
        Outcome::Passed => view
            .told(
                Mood::Done,
                ("认证通过", "Verified"),
                ("身份已核实。", "The identity is verified."),
            )
            .returning(certification.return_url.clone(), 1),
        Outcome::Failed => view.told(
            Mood::Bad,
            ("认证不通过", "Not verified"),
            ("身份没有核实。", "The identity could not be verified."),
        ),
    };
    told.rows = rows;
    told.page()
}

/// The user decides.
pub(super) fn decide(view: &View<'_>, id: &str, passes: bool) -> Option<&'static str> {
    view.core.with_state(|state| state.certifications.decide(id, passes));
    None
}
