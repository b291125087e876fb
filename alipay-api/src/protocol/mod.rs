//! The gateway's protocols, and the seam that they are behind.
//!
//! A protocol turns the [content](content::RequestContent) of a request into bytes, says which of them are signed, and takes an answer
//! apart. It knows no client, no key and no transport: the exchange brings those, and knows nothing of how a request is written. To add a
//! protocol, implement [`Protocol`] and [`Unsigned`].
//!
//! # Encryption
//! None is there yet. Its place is between the content and the protocol, on both ways: a request is encrypted, then signed; an answer is
//! verified, then decrypted, then read. So it works on [`RequestContent::content`](content::RequestContent::content) before
//! [`Protocol::encode`], and on [`Answer::text`](answer::Answer::text) after
//! [`UnverifiedAnswer::verify`](answer::UnverifiedAnswer::verify), whatever the protocol.
//!
//! # What is the same in all
//! Browsers and phone apps are [handed](handed_over) requests of V2, and Alipay notifies by V2's form, whatever protocol a server
//! speaks. So is what can be [ambiguous](ambiguity) in a notification.

pub(crate) mod ambiguity;
pub(crate) mod answer;
pub(crate) mod content;
mod negative_amount;
pub(crate) mod received;
pub(crate) mod urlencoded;
mod v2;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, error::Error, fmt};

use bytes::Bytes;
use zeroize::Zeroizing;

pub(crate) use self::v2::{Form, HandedOver, handed_over};
use self::{
    answer::{AnswerError, UnverifiedAnswer},
    content::{Identity, Options, RequestContent},
    received::Received,
};
use crate::{codec::Values, error::GatewayError, method::AnswerInfo};

/// The protocol of a client by default.
pub(crate) const DEFAULT: &dyn Protocol = &v2::V2;

/// Why a signature of Alipay's may not hold, to follow "or".
pub(crate) const WRONG_ALIPAY_KEY: &str = "the client has a wrong Alipay public key (支付宝公钥): that of another app, or of the other environment (sandbox or production)";

/// A way to call the gateway.
pub(crate) trait Protocol: fmt::Debug + Send + Sync {
    /// Writes a request, up to its signature.
    fn encode<'a>(
        &self,
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Box<dyn Unsigned + 'a>, InvalidParameter>;

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

    /// What is known of the answers to a method that has no spec.
    fn answer_without_spec(&self, method: &str) -> &'static AnswerInfo;
}

/// A request that lacks nothing but its signature.
pub(crate) trait Unsigned: Send + Sync {
    /// What is signed.
    fn message(&self) -> Zeroizing<String>;

    /// The request with this signature over its message.
    fn finish(&self, signature: &[u8]) -> Result<http::Request<Bytes>, http::Error>;

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

/// A parameter can't be sent as it was given.
#[derive(Debug)]
pub(crate) enum InvalidParameter {
    /// Which of the two would count?
    Duplicate(String),
    /// The signature is this library's to make, and names are words.
    Name(String),
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
