//! V3: REST. The fields stand in path, query and body, the signatures in HTTP headers.

mod answer;
mod authorization;
mod fields;
mod request;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::request::Request;
use super::{
    Claim, InvalidParameter, Unsigned, Verdict, WireProtocol,
    answer::{AnswerError, UnverifiedAnswer},
    content::{Identity, Options, RequestContent},
    member,
    received::Received,
};
use crate::{codec::Values, error::GatewayError, method::AnswerInfo};

/// The code of a success, where an answer has a code at all.
const SUCCESS: &str = "10000";

/// The protocol.
#[derive(Debug)]
pub(super) struct V3;

/// Whether this is the path, and perhaps the query, of a V3 request as it is sent: encoded, and shortened by nobody on the way.
pub(crate) fn is_target(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let is_sound =
        |segment: &str| !["", ".", ".."].contains(&segment.to_ascii_lowercase().replace("%2e", ".").as_str());
    path.starts_with("/v3/")
        && path.split('/').skip(1).all(is_sound)
        && target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte))
}

impl WireProtocol for V3 {
    fn name(&self) -> &'static str {
        "v3"
    }

    fn encode<'a>(
        &self,
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Box<dyn Unsigned + 'a>, InvalidParameter> {
        Ok(Box::new(Request::new(content, identity, options)?))
    }

    /// The body. Alipay encrypts neither path and query nor uploads.
    fn confidential<'a>(
        &self,
        content: &'a RequestContent,
        options: &'a Options,
    ) -> Result<Cow<'a, str>, InvalidParameter> {
        request::confidential(content, options)
    }

    fn parse<'a>(&'static self, received: &'a Received<'a>, _: &str) -> Result<UnverifiedAnswer<'a>, AnswerError> {
        answer::parse(self, received)
    }

    /// The status tells success from failure, and is not signed: so whatever the body says against it leaves the outcome unknown. That a buyer
    /// has yet to act is neither: it is what the code says.
    ///
    /// Nothing in the answer names the method that was called. So the answer to a question about the same order is told by what it always has.
    fn judge(&self, values: &Values<'_>, is_error: bool, info: &AnswerInfo) -> Result<Verdict, AnswerError> {
        let code = if !is_error && info.own_members.contains(&"code") {
            None
        } else {
            member(values, "code")?.filter(|code| !code.trim().is_empty())
        };
        let code = code.as_deref();
        let is_pending = code.is_some_and(|code| info.pending.contains(&code));
        let is_success = code.is_none_or(|code| code == SUCCESS || info.done.contains(&code));
        let claim = match is_error {
            _ if is_pending => Claim::Pending,
            true if !is_success => Claim::BusinessRefusal,
            // Also the code of an error under the status of a success.
            _ => Claim::Success,
        };
        Ok(Verdict {
            is_error: !is_pending && (is_error || !is_success),
            claim,
            undecided: None,
            is_of_query: !is_error
                && !info.of_query.is_empty()
                && info.of_query.iter().all(|name| values.get(name).is_some()),
            must_be_signed: !code.is_some_and(is_gateways),
        })
    }

    fn gateway_error(&self, _: &Received<'_>, _: &str, values: &Values<'_>) -> GatewayError {
        answer::gateway_error(values)
    }

    /// None: what is not a field of the method's stands in headers.
    fn own_members(&self) -> &'static [&'static str] {
        &[]
    }

    fn members_of_errors(&self) -> &'static [&'static str] {
        &["code", "message", "details", "links"]
    }

    fn answer_without_spec(&self, _: &str) -> &'static AnswerInfo {
        const { &AnswerInfo::PLAIN }
    }
}

/// Whether the code is the gateway's own and not of the business behind it. By V2's rule those have a prefix, and are written in small
/// letters; the gateway signs everything else, for it knows the caller.
fn is_gateways(code: &str) -> bool {
    let code = code.trim();
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    code.starts_with(|first: char| first.is_ascii_lowercase()) && code.bytes().all(is_small)
}

/// A part of the answer that stands in a header, if it is there. Once: of two, which one counts? And one that can't be read is not as good as none.
fn header<'a>(received: &Received<'a>, name: &str) -> Result<Option<Cow<'a, str>>, AnswerError> {
    let mut values = received.headers(name);
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(AnswerError::malformed(format!(
            "the answer has the header `{name}` twice"
        )));
    }
    let text = first.map(http::HeaderValue::to_str).transpose();
    let text = text.map_err(|_| AnswerError::malformed(format!("the answer's header `{name}` is not text")))?;
    Ok(text.map(Cow::Borrowed))
}
