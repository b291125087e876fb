//! V2: parameters in a query and a form, and an answer in a JSON object beside its signature.

mod diagnosis;
mod form;
mod parameters;
mod request;
mod root;

use std::borrow::Cow;

pub(crate) use self::request::{Form, Request as HandedOver};
use self::{
    request::Request,
    root::{Found, Root},
};
use super::{
    Claim, InvalidParameter, Unsigned, Verdict, WireProtocol,
    answer::{AnswerError, UnverifiedAnswer},
    content::{Identity, Options, RequestContent},
    is_cut_short, member,
    received::Received,
};
use crate::{
    charset::GBK,
    codec::{Value, Values},
    error::GatewayError,
    generated::WITHOUT_CODE,
    method::AnswerInfo,
};

/// The code of a success.
const SUCCESS: &str = "10000";

/// The code of a refusal by the business behind the gateway.
const REFUSED: &str = "40004";

/// What is known of the answers to methods that have no spec.
const CODED: &AnswerInfo = &AnswerInfo {
    pending: &["10003"],
    ..AnswerInfo::PLAIN
};
const UNCODED: &AnswerInfo = &AnswerInfo {
    without_code: true,
    ..*CODED
};

/// The protocol.
#[derive(Debug)]
pub(super) struct V2;

/// A request that a browser or a phone app is handed.
pub(crate) fn handed_over<'a>(
    content: &'a RequestContent,
    identity: &Identity<'a>,
    options: &'a Options,
) -> Result<Request<'a>, InvalidParameter> {
    Request::new(content, identity, options)
}

impl WireProtocol for V2 {
    fn name(&self) -> &'static str {
        "v2"
    }

    fn encode<'a>(
        &self,
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Box<dyn Unsigned + 'a>, InvalidParameter> {
        Ok(Box::new(Request::new(content, identity, options)?))
    }

    /// `biz_content`. Alipay encrypts neither parameters beside it nor files, and takes no uploads with encrypted content.
    fn confidential<'a>(&self, content: &'a RequestContent, _: &'a Options) -> Result<Cow<'a, str>, InvalidParameter> {
        let text = content.files.is_empty().then(|| content.content.expose());
        Ok(Cow::Borrowed(text.unwrap_or_default()))
    }

    fn parse<'a>(&'static self, received: &'a Received<'a>, method: &str) -> Result<UnverifiedAnswer<'a>, AnswerError> {
        if received.status() != 200 {
            return Err(AnswerError::Malformed {
                message: "the gateway did not answer with status 200".to_owned(),
                may_pass: received.status() >= 500,
            });
        }
        let text = received.text();
        let Root { content, others } = Root::read(text, method).map_err(|error| AnswerError::Malformed {
            message: format!("the answer can't be read: {error}"),
            may_pass: is_cut_short(text),
        })?;
        if let Some(flaw) = others.flaw() {
            return Err(AnswerError::malformed(format!("the answer can't be read: {flaw}")));
        }
        let content = match content {
            Found::Content(content) => content,
            Found::Escaped => {
                return Err(AnswerError::malformed(
                    "the name of the answer's content is written with escapes",
                ));
            }
            Found::Several => return Err(AnswerError::malformed("the answer has two contents")),
            Found::Nothing => {
                let expected = method.replace('.', "_");
                return Err(AnswerError::malformed(format!(
                    "the answer has no member `{expected}_response`"
                )));
            }
        };
        if let Some(flaw) = content.values.flaw() {
            return Err(AnswerError::malformed(format!(
                "the answer's content can't be read: {flaw}"
            )));
        }
        Ok(UnverifiedAnswer {
            protocol: self,
            received,
            message: Cow::Borrowed(received.bytes_of(content.text)),
            text: content.text,
            values: content.values,
            ciphertext: content.ciphertext,
            is_error: content.is_error,
            sign: member(&others, "sign")?,
            alipay_cert_sn: member(&others, "alipay_cert_sn")?,
            signed_at: None,
        })
    }

    /// Some gateways sign before they escape slashes.
    fn other_message(&self, text: &str) -> Option<String> {
        text.contains("\\/").then(|| with_plain_slashes(text))
    }

    fn judge(&self, values: &Values<'_>, is_error: bool, info: &AnswerInfo) -> Result<Verdict, AnswerError> {
        let code = member(values, "code")?.filter(|code| !code.is_empty());
        let names_sub_code = values.get("sub_code").is_some_and(says_something);
        let has_sub_code = names_sub_code && !info.own_members.contains(&"sub_code");
        let claim = match code.as_deref() {
            Some(code) if info.pending.contains(&code) => Claim::Pending,
            Some(code) if info.done.contains(&code) => Claim::Success,
            Some(SUCCESS) | None => Claim::Success,
            Some(REFUSED) => Claim::BusinessRefusal,
            Some(_) => Claim::Failure,
        };
        let claims_success = matches!(claim, Claim::Success | Claim::Pending);
        let nothing = "the answer has no `code`: nothing shows that the call succeeded";
        let must_be_signed = match code.as_deref().map(str::trim) {
            None | Some("" | REFUSED) => true,
            // What the gateway itself says of a call has another form. Beside the code of a failure, a method's own `sub_code` can't be told
            // from a refusal's.
            _ => names_sub_code && !is_gateways(values),
        };
        Ok(Verdict {
            is_error: is_error || has_sub_code || !claims_success,
            claim,
            must_be_signed,
            // V2's answers name their method.
            is_of_query: false,
            undecided: (code.is_none() && !info.without_code).then_some(nothing),
        })
    }

    fn gateway_error(&self, received: &Received<'_>, text: &str, values: &Values<'_>) -> GatewayError {
        if !received.is_utf8()
            && let Some(text) = GBK.and_then(|decode| decode(received.bytes_of(text)))
            && let Ok(values) = Values::parse(&text, 1)
        {
            return gateway_error(&values);
        }
        gateway_error(values)
    }

    fn own_members(&self) -> &'static [&'static str] {
        &["code", "msg", "sub_code", "sub_msg"]
    }

    fn answer_without_spec(&self, method: &str) -> &'static AnswerInfo {
        if WITHOUT_CODE.contains(&method) { UNCODED } else { CODED }
    }
}

fn gateway_error(values: &Values<'_>) -> GatewayError {
    let text = |name| {
        let value = values.get(name)?;
        // Words that can't be read are shown as they came.
        let text = value.text().unwrap_or(Some(Cow::Borrowed(value.as_raw())))?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    };
    GatewayError {
        code: text("code").unwrap_or_default(),
        message: text("msg").unwrap_or_default(),
        sub_code: text("sub_code"),
        sub_message: text("sub_msg"),
        help_link: None,
    }
}

/// Whether the `sub_code` is the gateway's own and not of the business behind it.
fn is_gateways(values: &Values<'_>) -> bool {
    let sub_code = gateway_error(values).sub_code.unwrap_or_default();
    let prefixes = ["isv.", "isp.", "aop."];
    prefixes.iter().any(|prefix| sub_code.trim().starts_with(prefix))
}

fn says_something(value: Value<'_>) -> bool {
    match value.text() {
        Ok(text) => text.is_some_and(|text| !text.trim().is_empty()),
        Err(_) => true,
    }
}

/// JSON with `/` for each `\/`, and every other escape as it is: the text means the same.
fn with_plain_slashes(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some('/')) => {}
            ('\\', Some(escaped)) => {
                plain.extend(['\\', escaped]);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}
