//! The gateway's protocols, and the seam that they are behind.
//!
//! A protocol turns the [content](content::RequestContent) of a request into bytes, says which of them are signed, and takes an answer
//! apart. It knows no client, no key and no transport: the exchange brings those, and knows nothing of how a request is written. To add a
//! protocol, implement [`WireProtocol`] and [`Unsigned`].
//!
//! # Encryption
//! Its place is between the content and the protocol, on both ways: a request is encrypted, then signed; an answer is verified, then decrypted,
//! then read. A protocol says what of a request is [confidential](WireProtocol::confidential). The exchange encrypts that, once for all attempts,
//! and [`WireProtocol::encode`] is given the [ciphertext](content::Options::ciphertext) to send in its place. Of an answer, the protocol says
//! whether its content is a [ciphertext](answer::UnverifiedAnswer::ciphertext); the exchange decrypts it once it is
//! [authentic](answer::UnverifiedAnswer::authenticate).
//!
//! # What is the same in all
//! Browsers and phone apps are [handed](handed_over) requests of V2, and Alipay notifies by V2's form, whatever protocol a server
//! speaks. So is what can be [ambiguous](ambiguity) in a notification.

pub(crate) mod ambiguity;
pub(crate) mod answer;
pub(crate) mod content;
mod multipart;
mod negative_amount;
pub(crate) mod received;
pub(crate) mod urlencoded;
mod v2;
mod v3;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, error::Error, fmt};

use zeroize::Zeroizing;

use self::{
    answer::{AnswerError, UnverifiedAnswer},
    content::{Identity, Options, RequestContent},
    received::Received,
};
pub(crate) use self::{
    v2::{Form, HandedOver, handed_over},
    v3::is_target as v3_target_is_sound,
};
use crate::{codec::Values, error::GatewayError, method::AnswerInfo, sign::SignType, transport::RequestBody};

/// The gateway's protocol that a client's server calls go by: [`ClientBuilder::protocol`](crate::ClientBuilder::protocol) sets it, and
/// [`Call::protocol`](crate::Call::protocol) for one call.
///
/// A typed call is the same in both: fields, results, errors. Pages, apps, notifications and [calls by name](crate::Client::call_raw) are
/// V2 whatever is set here, for V3 has none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `gateway.do`: a signed form, answered by JSON that holds its signature. Every method has it, and every sign type.
    #[default]
    V2,
    /// `/v3/…`: REST, signed in HTTP headers, by RSA2 only. A method without a V3 form is refused before anything is sent.
    V3,
}

impl Protocol {
    pub(crate) fn wire(self) -> &'static dyn WireProtocol {
        match self {
            Self::V2 => DEFAULT,
            Self::V3 => &v3::V3,
        }
    }
}

/// The protocol of a client by default, and of all that V3 does not have.
pub(crate) const DEFAULT: &dyn WireProtocol = &v2::V2;

/// Why a signature of Alipay's may not hold, to follow "or".
pub(crate) const WRONG_ALIPAY_KEY: &str = "the client has a wrong Alipay public key (支付宝公钥): that of another app, or of the other environment (sandbox or production)";

/// A way to call the gateway.
pub(crate) trait WireProtocol: fmt::Debug + Send + Sync {
    /// Its name in spans and metrics.
    fn name(&self) -> &'static str;

    /// Writes a request, up to its signature.
    fn encode<'a>(
        &self,
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Box<dyn Unsigned + 'a>, InvalidParameter>;

    /// The text that is encrypted, where the call is; empty where the request has nothing that can be.
    fn confidential<'a>(
        &self,
        content: &'a RequestContent,
        options: &'a Options,
    ) -> Result<Cow<'a, str>, InvalidParameter>;

    /// Takes the answer to a call of `method` apart. Nothing of it is verified.
    fn parse<'a>(&'static self, received: &'a Received<'a>, method: &str) -> Result<UnverifiedAnswer<'a>, AnswerError>;

    /// What may have been signed instead of an answer's own message, where the content is this text.
    fn other_message(&self, _text: &str) -> Option<String> {
        None
    }

    /// What an answer's content says of its own success. `is_error` is what stands around the content.
    fn judge(&self, values: &Values<'_>, is_error: bool, info: &AnswerInfo) -> Result<Verdict, AnswerError>;

    /// The gateway's words, where an answer is an error: its content is this text and these values.
    fn gateway_error(&self, received: &Received<'_>, text: &str, values: &Values<'_>) -> GatewayError;

    /// The members of an answer's content that belong to the protocol, not to the method.
    fn own_members(&self) -> &'static [&'static str];

    /// The same of an answer that is an error, or pending.
    fn members_of_errors(&self) -> &'static [&'static str] {
        self.own_members()
    }

    /// What is known of the answers to a method that has no spec.
    fn answer_without_spec(&self, method: &str) -> &'static AnswerInfo;
}

/// A request that lacks nothing but its signature.
pub(crate) trait Unsigned: Send + Sync {
    /// What is signed.
    fn message(&self) -> Zeroizing<String>;

    /// The request with this signature over its message.
    fn finish(&self, signature: &[u8]) -> Result<http::Request<RequestBody>, http::Error>;

    /// Where the gateway says that this request's signature is wrong, tells what differs, and takes the request out of its words.
    fn explain(&self, gateway: &mut GatewayError);
}

/// What an answer says of its own success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    /// The answer is an error.
    pub(crate) is_error: bool,
    /// What the answer's code says. A success in an error is a contradiction.
    pub(crate) claim: Claim,
    /// Why the answer is neither an error nor a success.
    pub(crate) undecided: Option<&'static str>,
    /// The answer has what only the answer to a query of the call has.
    pub(crate) is_of_query: bool,
    /// The gateway signs errors of this sort, for it knows the caller.
    pub(crate) must_be_signed: bool,
}

impl Verdict {
    /// Whether the code says success, or nothing else. In an error, that is a contradiction.
    pub(crate) fn claims_success(&self) -> bool {
        matches!(self.claim, Claim::Success | Claim::Pending)
    }
}

/// What an answer's code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The call is carried out, or there is no code.
    Success,
    /// A success whose payer has yet to act.
    Pending,
    /// The business behind the gateway refuses the call. The gateway knows the caller, and signs the refusal.
    BusinessRefusal,
    /// Something else went wrong.
    Failure,
}

/// A request can't be written as it was given.
#[derive(Debug)]
pub(crate) enum InvalidParameter {
    /// The method has no form in V3.
    NotInV3,
    /// V3 has one sign type.
    SignType(SignType),
    /// V3 has no place for it in this method.
    NoPlace(String),
    /// It is a part of the path: without it, or as this text, it would be another path.
    InPath(String),
    /// The content is not a JSON object, whose members V3 could place.
    NotAnObject,
    /// Which of the two would count?
    Duplicate(String),
    /// The signature is this library's to make, and names are words.
    Name(String),
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInV3 => formatter
                .write_str("V3 does not have this method: call it by V2, such as by Call::protocol(Protocol::V2)"),
            Self::SignType(sign_type) => write!(
                formatter,
                "V3 is signed with RSA2, and the client's sign type is {sign_type}: call the method by V2, or use RSA2"
            ),
            Self::NoPlace(name) => write!(
                formatter,
                "V3 has no place for `{name}` in this method: leave it out, or call the method by V2"
            ),
            Self::InPath(name) => write!(
                formatter,
                "`{name}` stands in the path of V3: it must be given, and be neither empty nor `.` nor `..`"
            ),
            Self::NotAnObject => formatter.write_str("the content is not a JSON object"),
            Self::Duplicate(name) => write!(formatter, "the parameter `{name}` is given twice"),
            Self::Name(name) => write!(formatter, "`{name}` can't be the name of a parameter"),
        }
    }
}

impl Error for InvalidParameter {}

/// The text of a member, if it is there.
fn member<'a>(values: &Values<'a>, name: &str) -> Result<Option<Cow<'a, str>>, AnswerError> {
    let text = values.get(name).map(|value| value.text());
    let text = text
        .transpose()
        .map_err(|error| AnswerError::malformed(format!("the answer can't be read: {error}")))?;
    Ok(text.flatten())
}

/// Whether the text is the beginning of JSON, or empty.
fn is_cut_short(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_err_and(|error| error.is_eof())
}
