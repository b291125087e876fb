//! Methods that no server calls: browsers and phone apps are handed them.

use crate::{Error, ErrorKind, generated::HANDED_OVER, method::Kind};

const PAGE: &str = "a browser is sent to this method: take its URL or form from Client::page or Client::page_raw";
const APP: &str =
    "a phone app hands this method to the Alipay app: take its order string from Client::app or Client::app_raw";
const EITHER: &str = "a browser is sent to this method, or a phone app hands it to the Alipay app: take its URL or form from Client::page \
                      or Client::page_raw, or its order string from Client::app or Client::app_raw";

/// Refuses to call a method as this kind where it is known to be called in another way; the error says in which.
pub(super) fn check(method: &str, as_kind: Kind) -> Result<(), &'static str> {
    let known = HANDED_OVER.iter().find(|(name, _)| *name == method);
    match (known.map(|(_, kind)| kind), as_kind) {
        (Some(Kind::Page), Kind::Server | Kind::Upload | Kind::App) => Err(PAGE),
        (Some(Kind::App), Kind::Server | Kind::Upload | Kind::Page) => Err(APP),
        (Some(Kind::PageOrApp), Kind::Server | Kind::Upload) => Err(EITHER),
        _ => Ok(()),
    }
}

/// Adds what the method's name says to the error of a call that was refused, or not answered as calls are. Nothing is refused for a name.
pub(super) fn explained(error: Error, method: &str) -> Error {
    if !matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Gateway) {
        return error;
    }
    let hint = match kind_by_name(method) {
        Some(Kind::Page) => {
            "by its name, a browser is sent to this method, and no server calls it: take its URL or form from Client::page_raw"
        }
        Some(Kind::App) => {
            "by its name, a phone app hands this method to the Alipay app, and no server calls it: take its order string from Client::app_raw"
        }
        _ => return error,
    };
    error.with_hint(hint)
}

/// `alipay.user.agreement.page.sign`, `alipay.fund.auth.order.app.freeze`; but `alipay.open.app.…` is about apps.
fn kind_by_name(method: &str) -> Option<Kind> {
    let (before, last) = method.rsplit_once('.')?;
    let kind = before.rsplit('.').next()?;
    match (kind, last) {
        ("page" | "wap", _) => Some(Kind::Page),
        ("app", "pay" | "freeze" | "sign") => Some(Kind::App),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_they_can() {
        for (method, kind) in [
            ("alipay.user.agreement.page.sign", Some(Kind::Page)),
            ("alipay.fund.trans.page.pay", Some(Kind::Page)),
            ("alipay.fund.auth.order.app.freeze", Some(Kind::App)),
            ("alipay.fund.trans.app.pay", Some(Kind::App)),
            ("alipay.open.auth.token.app", None),
            ("alipay.open.app.alipaycert.download", None),
            ("alipay.open.auth.token.app.query", None),
            ("alipay.trade.query", None),
            ("page", None),
        ] {
            assert_eq!(kind_by_name(method), kind, "{method}");
        }
    }
}
