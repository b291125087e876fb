//! `alipay.user.certify.open.*`: who a user is.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::certifications::Outcome;
use crate::state::visits::Subject;
use crate::validate::scalar::is_url;

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.user.certify.open.initialize",
        errors: &[],
        play: initialize,
    },
    Behaviour {
        method: "alipay.user.certify.open.certify",
        errors: &[],
        play: certify,
    },
    Behaviour {
        method: "alipay.user.certify.open.query",
        errors: &["OPEN_CERTIFY_BILL_NOT_EXIST"],
        play: query,
    },
];

/// A text of an object of the request.
fn text(call: &Call<'_>, object: &str, name: &str) -> Option<String> {
    let text = call.request.get(object)?.get(name).and_then(Value::as_str)?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "behaviours may refuse")]
fn initialize(call: &mut Call<'_>) -> Result<Played, Failure> {
    // An app gives an address of its own scheme, to which no browser goes.
    let return_url = text(call, "merchant_config", "return_url").filter(|url| is_url(url));
    let name = text(call, "identity_param", "cert_name");
    let merchant = call.merchant.clone();
    let id = call.state.certifications.prepare(merchant, name, return_url);
    Ok(Played::success(Fields::new().with("certify_id", id)))
}

/// certify: the user's browser is here, and asks the user.
fn certify(call: &mut Call<'_>) -> Result<Played, Failure> {
    let id = call.required("certify_id");
    match call.state.certifications.of(&call.merchant, &id) {
        Some(_) => Ok(Played::Page(Subject::Certification(id))),
        // The method has no codes of its own: the page shows the gateway's.
        None => Err(Failure::invalid(
            "isv.invalid-parameter",
            "certify_id: no verification was initialized under it",
        )),
    }
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let id = call.required("certify_id");
    let found = call.state.certifications.of(&call.merchant, &id);
    let outcome = found.map(|certification| certification.outcome);
    let outcome = outcome.ok_or_else(|| call.refuse("OPEN_CERTIFY_BILL_NOT_EXIST", "认证单据不存在"))?;
    let passed = if outcome == Outcome::Passed { "T" } else { "F" };
    Ok(Played::success(Fields::new().with("passed", passed)))
}
