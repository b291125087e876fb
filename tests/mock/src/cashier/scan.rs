//! What a scanned code leads to, and its picture.

use http::StatusCode;

use super::language::Language;
use super::page::{Mood, Page, Row, Told};
use crate::core::Core;
use crate::qr;
use crate::state::trades::Buyer;
use crate::state::visits::Subject;

/// Opens the address of a code, which is the scan; or of its picture.
pub(super) fn opened(core: &Core, language: Language, scanned: &str) -> Page {
    let (scanned, is_picture) = match scanned.strip_suffix(".svg") {
        Some(scanned) => (scanned, true),
        None => (scanned, false),
    };
    let found = core.with_state(|state| {
        let order = state.trades.of_code(scanned).map(Subject::Order);
        order.or_else(|| state.preauths.of_code(scanned).map(Subject::Preauth))
    });
    let Some(subject) = found else {
        return dead(
            language,
            StatusCode::NOT_FOUND,
            scanned,
            ("没有这个二维码。", "There is no such code."),
        );
    };
    if is_picture {
        let picture = qr::svg(&qr::text(core.base_url.as_deref(), scanned));
        return picture.map_or_else(|| super::unknown(language), Page::svg);
    }
    let now = core.now();
    let is_open = core.with_state(|state| match &subject {
        Subject::Order(key) => state.trades.open(key, now).is_ok(),
        Subject::Preauth(key) => state.preauths.open(key, Buyer::default(), now).is_ok(),
        _ => false,
    });
    if is_open {
        super::open(core, subject)
    } else {
        let words = (
            "二维码已过期，或者订单已撤销。",
            "The code has expired, or the order was withdrawn.",
        );
        dead(language, StatusCode::GONE, scanned, words)
    }
}

fn dead(language: Language, status: StatusCode, code: &str, words: (&str, &str)) -> Page {
    let heading = language.say("二维码无效", "This code does not work");
    let mut told = Told::new(language, Mood::Bad, heading, language.say(words.0, words.1));
    told.rows
        .push(Row::new(language.say("二维码", "Code"), "qr_code", code));
    told.page().with_status(status)
}
