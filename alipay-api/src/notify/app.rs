//! Which app something says that it is for.

use std::borrow::Cow;

use super::{
    diagnosis::Subject,
    parameters::{self, Unverified, VerifiedParameters},
    xml,
};
use crate::Error;

/// Which app a notification, or the query of a `return_url`, says that it is for. **Nobody has verified that:** use it only to choose the
/// client that then verifies the same bytes, where several apps share one address.
///
/// ```
/// # fn example(clients: &std::collections::HashMap<String, alipay_api::Client>, body: &[u8]) -> Result<(), alipay_api::Error> {
/// let app_id = alipay_api::notify::claimed_app_id(body)?;
/// let Some(client) = clients.get(&app_id) else {
///     return Ok(()); // it is for none of your apps: answer with 403
/// };
/// let notification = client.notifications().verify(body)?;
/// # Ok(())
/// # }
/// ```
///
/// It is the parameter `app_id`, or, where there is none, the `AppId` inside an XML `biz_content`, such as that of a
/// [gateway check](super::GATEWAY_CHECK).
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed): the body is not a form, names a parameter twice, names another charset than UTF-8 and GBK,
/// is larger than 1 MiB, or names no app.
pub fn claimed_app_id(body: impl AsRef<[u8]>) -> Result<String, Error> {
    let parameters = Unverified::parse(parameters::form_of(body.as_ref()), Subject::Notification)?;
    parameters.is_gbk()?;
    let claimed = of_claims(&parameters).filter(|app_id| !app_id.is_empty());
    let none = || Subject::Notification.malformed("names no app: it has no `app_id`");
    Ok(claimed.ok_or_else(none)?.into_owned())
}

/// The app, as nobody has verified.
pub(super) fn of_claims(parameters: &Unverified) -> Option<Cow<'_, str>> {
    let text = |name| parameters.get(name).map(String::from_utf8_lossy);
    text("app_id").or_else(|| in_xml(&text("biz_content")?).map(Cow::Owned))
}

/// The app, as Alipay signed it.
pub(super) fn of_verified(parameters: &VerifiedParameters) -> Option<Cow<'_, str>> {
    let app_id = parameters.get("app_id").map(Cow::Borrowed);
    app_id.or_else(|| in_xml(parameters.get("biz_content")?).map(Cow::Owned))
}

fn in_xml(content: &str) -> Option<String> {
    xml::text_of(content, "AppId")
}
