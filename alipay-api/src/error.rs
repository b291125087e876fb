//! The one error type of the library.

use std::{error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;

use crate::method::ErrorCode;

/// What went wrong, and what is known of the outcome.
///
/// Ask it by predicates: [`is_outcome_unknown`](Self::is_outcome_unknown) before anything else where money moves, then
/// [`is_retryable`](Self::is_retryable); [`sub_code_as`](Self::sub_code_as) gives the method's own error codes as an enum.
///
/// Neither `Display` nor `Debug` shows a key or a token, nor more of what came than the beginning of what is no answer at all;
/// [`raw_body`](Self::raw_body) has it whole.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// The sort of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client can't be built from what it was given. Nothing was sent.
    Configuration,
    /// The request can't be sent as it is. Nothing was sent.
    Request,
    /// There was no connection, or it broke.
    Transport,
    /// There was no answer in time.
    Timeout,
    /// What came back is not a gateway's answer: another status than 200, HTML, cut short, too large.
    Malformed,
    /// A signature is missing or wrong: nothing of the content can be believed.
    Verification,
    /// It is signed with a certificate of Alipay's that is not at hand and could not be fetched: nothing of the content can be
    /// believed, yet.
    UnknownCertificate,
    /// It is verified, but a field is not of the type that the spec gives it.
    Decode,
    /// The gateway answered with an error.
    Gateway,
    /// It is verified, but it is not about what was expected: another app, seller, order or amount.
    Mismatch,
    /// The user or the merchant has not given the authorisation that the call needs.
    Authorisation,
    /// The merchant has withdrawn its authorisation. Only the merchant can give it again.
    AuthorisationCancelled,
    /// The gateway refuses the merchant's refresh token, and its last token has ended or is refused too. The merchant has to authorise
    /// the app again.
    AuthorisationLost,
    /// Tokens of a merchant's authorisation were not stored: those of a later one are, and calls are made with them.
    AuthorisationSuperseded,
    /// The merchant's token could not be refreshed; the error's source says why. The call itself was not carried out.
    TokenRefresh,
    /// The token store can't be reached, or can't be read.
    TokenStore,
}

/// What a caller can do about an error that the gateway reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The call did nothing, and the same call may succeed later. Where it asks about another call, this says nothing of that one.
    Retry,
    /// It may or may not have been done: ask with the query method before anything else.
    OutcomeUnknown,
    /// It was done before, by an earlier call: read the state, don't send it again.
    AlreadyDone,
    /// The request is wrong as it is.
    Request,
    /// The payer, the payee or risk control stands in the way: another buyer, account, means or amount may work.
    Declined,
    /// The app, merchant or contract lacks something: mend the account or the configuration.
    Setup,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    method: Option<Box<str>>,
    gateway: Option<GatewayError>,
    class: Option<ErrorClass>,
    outcome_unknown: bool,
    retryable: bool,
    verified: bool,
    http_status: Option<u16>,
    trace_id: Option<Box<str>>,
    raw_body: Option<Bytes>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The gateway's words.
#[derive(Clone, Debug, Default)]
pub(crate) struct GatewayError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) sub_code: Option<String>,
    pub(crate) sub_message: Option<String>,
}

impl Error {
    /// The sort of error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The gateway method that was called.
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The gateway's `code`, such as `40004`.
    pub fn code(&self) -> Option<&str> {
        self.0.gateway.as_ref().map(|gateway| gateway.code.as_str())
    }

    /// The gateway's `msg`, the text to its `code`.
    pub fn message(&self) -> Option<&str> {
        self.0.gateway.as_ref().map(|gateway| gateway.message.as_str())
    }

    /// The gateway's `sub_code`, such as `ACQ.TRADE_NOT_EXIST`.
    pub fn sub_code(&self) -> Option<&str> {
        self.0.gateway.as_ref()?.sub_code.as_deref()
    }

    /// The gateway's `sub_msg`, the text to its `sub_code`.
    pub fn sub_message(&self) -> Option<&str> {
        self.0.gateway.as_ref()?.sub_message.as_deref()
    }

    /// The `sub_code` as one of the method's own; `None` for one that its spec does not list.
    ///
    /// ```
    /// # #[cfg(feature = "trade")]
    /// # fn show(error: alipay_api::Error) {
    /// use alipay_api::trade::QueryErrorCode;
    ///
    /// if error.sub_code_as::<QueryErrorCode>() == Some(QueryErrorCode::AcqTradeNotExist) {
    ///     println!("the buyer has not scanned the code yet");
    /// }
    /// # }
    /// ```
    pub fn sub_code_as<C: ErrorCode>(&self) -> Option<C> {
        self.sub_code().and_then(C::from_text)
    }

    /// What can be done about an error that the gateway reports: by its `sub_code`, or else by its `code`. `None` for other errors, and
    /// where no spec lists either.
    pub fn class(&self) -> Option<ErrorClass> {
        self.0.class
    }

    /// Whether the call may have been carried out all the same. Never guess: ask with the query method.
    ///
    /// Never true for a method that changes nothing. It is also true where the gateway refuses the call and does not
    /// [sign](Self::is_verified) its refusal, as it does where it can't tell who is calling: anyone on the way could have said that.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// Whether the call did nothing and may succeed later, the same as it is. Where it asks about another call, this says nothing of
    /// that one.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether there was no answer in time.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether it names a certificate of Alipay's that is not at hand and could not be fetched.
    ///
    /// It may be genuine. Answer a notification with anything but `success`, and it is sent again when the certificate may be
    /// there.
    pub fn is_unknown_certificate(&self) -> bool {
        self.0.kind == ErrorKind::UnknownCertificate
    }

    /// Whether a valid signature of Alipay's stands behind the error.
    ///
    /// The gateway leaves an error unsigned where it could not tell who was calling. Anyone on the way can make such an answer.
    pub fn is_verified(&self) -> bool {
        self.0.verified
    }

    /// The HTTP status of the answer.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Alipay's number of the exchange, for its support.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// What came back, as it came: possibly unverified, and it may quote the request with its tokens. Don't log it.
    pub fn raw_body(&self) -> Option<&[u8]> {
        self.0.raw_body.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            method: None,
            gateway: None,
            class: None,
            outcome_unknown: false,
            retryable: false,
            verified: false,
            http_status: None,
            trace_id: None,
            raw_body: None,
            source: None,
        }))
    }

    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.set(|inner| inner.source = Some(Arc::new(source)))
    }

    pub(crate) fn with_gateway(self, gateway: GatewayError, class: Option<ErrorClass>, verified: bool) -> Self {
        self.set(|inner| {
            inner.gateway = Some(gateway);
            inner.class = class;
            inner.verified = verified;
        })
    }

    /// A valid signature stands behind what the error is about.
    pub(crate) fn verified(self) -> Self {
        self.set(|inner| inner.verified = true)
    }

    pub(crate) fn with_method(self, method: &str) -> Self {
        self.set(|inner| inner.method = Some(method.into()))
    }

    pub(crate) fn with_answer(self, status: u16, trace_id: Option<&str>, body: Bytes) -> Self {
        self.set(|inner| {
            inner.http_status = Some(status);
            inner.trace_id = trace_id.map(Into::into);
            inner.raw_body = Some(body);
        })
    }

    /// Without what came back, its sources neither, for an error that is kept: it may be large.
    pub(crate) fn without_body(self) -> Self {
        self.set(|inner| {
            inner.raw_body = None;
            let source = inner.source.as_ref().and_then(|source| source.downcast_ref::<Self>());
            if let Some(source) = source.cloned() {
                inner.source = Some(Arc::new(source.without_body()));
            }
        })
    }

    pub(crate) fn with_outcome(self, unknown: bool, retryable: bool) -> Self {
        self.set(|inner| {
            inner.outcome_unknown = unknown;
            inner.retryable = retryable;
        })
    }

    fn set(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(method) = &inner.method {
            write!(formatter, "{method}: ")?;
        }
        formatter.write_str(&inner.message)?;
        if let Some(gateway) = &inner.gateway {
            write!(formatter, " {} {}", Shown(&gateway.code), Shown(&gateway.message))?;
            if let Some(sub_code) = &gateway.sub_code {
                write!(formatter, ", {}", Shown(sub_code))?;
            }
            if let Some(sub_message) = &gateway.sub_message {
                write!(formatter, ": {}", Shown(sub_message))?;
            }
            if !inner.verified {
                formatter.write_str(" (unsigned)")?;
            }
        }
        if let Some(status) = inner.http_status.filter(|status| *status != 200) {
            write!(formatter, " (HTTP status {status})")?;
        }
        if inner.outcome_unknown {
            formatter.write_str("; whether it was carried out is unknown: ask before you send it again")?;
        }
        if let Some(trace_id) = &inner.trace_id {
            write!(formatter, " [trace {}]", Shown(trace_id))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("class", &self.0.class)
            .field("outcome_unknown", &self.0.outcome_unknown)
            .field("retryable", &self.0.retryable)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

/// Words from outside: on one line, and not too long for a log.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LENGTH: usize = 300;
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LENGTH) {
            if character.is_control() {
                write!(formatter, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(formatter, character)?;
            }
        }
        if characters.next().is_some() {
            formatter.write_str("…")
        } else {
            Ok(())
        }
    }
}
