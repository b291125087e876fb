//! The protocols that the gateway speaks, and what they have in common: a request that is taken apart, and an answer that is put together. What
//! happens in between, `crate::gateway`, knows no protocol.

pub(crate) mod charset;
pub(crate) mod failure;
pub(crate) mod fields;
pub(crate) mod json;
mod multipart;
pub(crate) mod urlencoded;
pub(crate) mod v2;
pub(crate) mod v3;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::certificates::Signatory;
use crate::diagnosis::Diagnosis;
use crate::encryption::{AesKey, DecryptionError, EncryptType};
use crate::faults::Fault;
use crate::journal::{Received, ReceivedFile};
use crate::keys::{KeyError, PublicKey, SignType};
use crate::numbers;
use crate::specs::Target;
use charset::Charset;
use failure::Failure;
use fields::Fields;

/// More than this is not read: bodies are bounded before anything else happens.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// The same of a request, which may be an upload: files of 10 MB are allowed.
pub(crate) const MAX_REQUEST: usize = 16 << 20;

/// A request that a protocol has taken apart. Nothing that it says is believed before it is checked.
pub(crate) trait Request {
    /// Everything that came, for the journal.
    fn received(&self) -> Received;
    /// The files that came, by field.
    fn files(&self) -> &[(String, ReceivedFile)];
    /// The method's name.
    fn method(&self) -> Option<&str>;
    /// Whether a phone app has handed it over: an order string, and nothing else.
    fn is_order_string(&self) -> bool;
    /// The app that calls, or what is wrong where the request does not say.
    fn app_id(&self) -> Result<&str, Failure>;
    /// The serial of the app's certificate.
    fn app_cert_sn(&self) -> Option<&str>;
    /// The serials of Alipay's root certificates.
    fn root_cert_sn(&self) -> Option<&str>;
    /// The merchant's token.
    fn app_auth_token(&self) -> Option<&str>;
    /// Where the app wants notifications and the browser, and how they are written. The URLs are not checked.
    fn callbacks(&self) -> Callbacks;
    /// How the content is encrypted, by the protocol's name of it.
    fn encrypt_type(&self) -> Option<&str>;
    /// Whether the content looks like a ciphertext.
    fn looks_encrypted(&self) -> bool;
    /// The same request with a plain content, whose answer is encrypted as the request was.
    fn decrypted(&self, encrypt_type: EncryptType, key: &AesKey) -> Result<Box<dyn Request + '_>, DecryptionError>;
    /// Whether it could be read at all.
    fn readable(&self) -> Result<(), Failure>;
    /// When it was sent, by its own word.
    fn sent(&self) -> Option<Timestamp>;
    /// How far that may be from the gateway's time, if the protocol says so.
    fn window(&self) -> Option<SignedDuration>;
    /// So many characters a URL may have that is not the method's.
    fn longest_url(&self) -> usize;
    /// Whether the protocol's own parameters are there and right.
    fn well_formed(&self) -> Result<(), Failure>;
    /// Whether the signature holds.
    fn verified(&self, app_key: &PublicKey) -> Result<(), Failure>;
    /// The text that the signature has to be over, as somebody reads it.
    fn signed_text(&self) -> Option<String>;
    /// Why the signature does not hold.
    fn diagnosis(&self, app_key: &PublicKey) -> Diagnosis;
    /// The method's fields, from wherever the protocol puts them.
    fn content(&self, target: Target<'_>) -> Result<Map<String, Value>, Failure>;
    /// The answer to this request; without a target, to one whose method is not known.
    fn answer(&self, target: Option<Target<'_>>, outcome: Outcome) -> Box<dyn Answer>;
}

/// What a program's call came to.
pub(crate) enum Outcome {
    /// A `code` that is no error, and the response's fields.
    Success(Cow<'static, str>, Fields),
    /// These fields and nothing else.
    Bare(Fields),
    /// A refusal. Unsigned where the gateway does not know the app well enough to sign it.
    Failure { failure: Failure, signed: bool },
}

/// An answer that only lacks its signature.
pub(crate) trait Answer: Send {
    /// The answer without a fault.
    fn response(&self, signatory: &Signatory) -> Result<Response<Bytes>, KeyError>;
    /// The answer with a fault of the signature or of the text. Other faults have no effect here.
    fn spoiled(&self, fault: &Fault, signatory: &Signatory) -> Result<Response<Bytes>, KeyError>;
}

/// How something is encrypted, and with which key.
#[derive(Clone, Debug)]
pub(crate) struct Encryption {
    pub(crate) encrypt_type: EncryptType,
    pub(crate) key: AesKey,
}

/// Where the notifications of an order and the buyer's browser go, and how they are written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Callbacks {
    /// Where notifications go.
    pub(crate) notify_url: Option<String>,
    /// Where the buyer's browser goes afterwards.
    pub(crate) return_url: Option<String>,
    /// What both are written in.
    pub(crate) charset: Charset,
    /// How both are signed.
    pub(crate) sign_type: SignType,
}

/// A body in the content type that the gateway gives everything, JSON too.
pub(crate) fn text(status: StatusCode, charset: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_str(&format!("text/html;charset={charset}"));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        content_type.unwrap_or(HeaderValue::from_static("text/html;charset=utf-8")),
    );
    if let Ok(trace) = HeaderValue::from_str(&numbers::random(16)) {
        response.headers_mut().insert("trace_id", trace);
    }
    response
}
