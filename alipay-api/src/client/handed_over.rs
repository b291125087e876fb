//! Methods that no server calls, called by name all the same.

use crate::{Error, ErrorKind, generated::HANDED_OVER, method::Kind};

const PAGE: &str = "a browser is sent to this method, and no call is answered: take its URL or form from Client::page";
const APP: &str =
    "a phone app hands this method to the Alipay app, and no call is answered: take its order string from Client::app";

const EITHER: &str = "a browser is sent to this method, or a phone app hands it to the Alipay app, and no call is answered: take its \
                      URL or form from Client::page, or its order string from Client::app";

/// Refuses a method that is known to be none of a server's.
pub(super) fn check(method: &str) -> Result<(), Error> {
    let kind = HANDED_OVER
        .iter()
        .find(|(name, _)| *name == method)
        .map(|(_, kind)| kind);
    let message = match kind {
        Some(Kind::Page) => PAGE,
        Some(Kind::App) => APP,
        Some(Kind::PageOrApp) => EITHER,
        Some(Kind::Server | Kind::Upload) | None => return Ok(()),
    };
    Err(Error::new(ErrorKind::Request, message).with_method(method))
}

/// Says of a call that was not answered as calls are, or refused, what may be the reason by the name of the method. Nothing is refused
/// for a name.
pub(super) fn explained(error: Error, method: &str) -> Error {
    if !matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Gateway) {
        return error;
    }
    let sort = match kind_by_name(method) {
        Some(Kind::Page) => "a browser is sent to",
        Some(Kind::App) => "a phone app hands to the Alipay app",
        Some(Kind::PageOrApp) => "a browser is sent to or a phone app hands to the Alipay app",
        Some(Kind::Server | Kind::Upload) | None => return error,
    };
    error.with_hint(&format!(
        "by its name it is a method that {sort}, and that no server calls"
    ))
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
