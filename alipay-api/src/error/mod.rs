//! The one error type of the library.

mod code;
mod for_tests;

use std::{borrow::Cow, error::Error as StdError, fmt, iter::successors, sync::Arc};

use bytes::Bytes;

pub(crate) use self::code::class_of;
pub use self::{
    code::{ErrorCode, NoErrorCode},
    for_tests::ErrorForTests,
};
use crate::redact::Redactor;

/// What went wrong, and what is known of the outcome.
///
/// Check [`is_outcome_unknown`](Self::is_outcome_unknown) first, wherever money moves; then
/// [`is_retryable`](Self::is_retryable); [`sub_code_as`](Self::sub_code_as) gives the method's own error codes as an enum.
///
/// `Display` is one line with everything in it, the causes included. So there is no [`source`](std::error::Error::source) to print after
/// it; [`cause`](Self::cause) has the error behind this one, for programs.
///
/// Neither `Display` nor `Debug` shows a key, a token or another secret of the request, even where the gateway quotes one, nor any text of
/// a body that is not an answer; [`raw_body`](Self::raw_body) has it whole.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// The sort of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client can't be built from what it was given. Nothing was sent.
    Configuration,
    /// The request can't be sent as it is. Nothing was sent; or a [file](crate::types::File) could not be read to its end, and the call was not
    /// carried out.
    Request,
    /// The request was not signed: the client's [signer](crate::sign::Signer) failed, or is asynchronous only and was called by a method that
    /// does not wait. Nothing was sent.
    Signing,
    /// There was no connection, or it broke.
    Transport,
    /// There was no answer in time.
    Timeout,
    /// What came back is not a gateway's answer: another status than 200, HTML, cut short, too large.
    Malformed,
    /// The signature is missing or invalid, or the answer belongs to another call: nothing of its content can be trusted.
    Verification,
    /// What came is signed with a certificate of Alipay's that is unknown and could not be fetched: nothing of the content can be
    /// believed, yet.
    UnknownCertificate,
    /// The answer is verified, but lacks what it must say: a field that the spec calls essential is missing or can't be read, nothing
    /// shows whether the call succeeded, or it is encrypted with another key than the client's. [`Error::verified_content`] has the answer.
    Decode,
    /// The gateway answered with an error.
    Gateway,
    /// What came is verified, but is about something else than was expected: another app, seller, order or amount.
    Mismatch,
    /// The user or the merchant has not given the authorisation that the call needs.
    Authorisation,
    /// The merchant has withdrawn its authorisation. Only the merchant can give it again.
    AuthorisationCancelled,
    /// The gateway refuses the merchant's refresh token, and its last token has ended or is refused too. The merchant has to authorise
    /// the app again.
    AuthorisationLost,
    /// The new tokens of a merchant were not stored, because the store already has tokens of a later authorisation. Calls use those.
    AuthorisationSuperseded,
    /// The merchant's token could not be refreshed; the error's [cause](Error::cause) says why. The call itself was not carried out.
    TokenRefresh,
    /// The token store can't be reached, or can't be read.
    TokenStore,
    /// A list in [pages](crate::Call::pages) can't be read to its end: a page is empty though its answer says that there are more items, or repeats
    /// the page before it; or there are more pages than the caller allows.
    Paging,
}

/// What a caller can do about an error that the gateway reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The call did nothing, and the same call may succeed later. For a query this is about the query, not about the payment or refund
    /// that you queried.
    Retry,
    /// The call may or may not have been carried out: [ask](Error::query_method) before anything else.
    OutcomeUnknown,
    /// An earlier call did it: read the state, don't send it again.
    AlreadyDone,
    /// The request is wrong as it is.
    Request,
    /// The payer, the payee or risk control refuses: another buyer, account, payment method or amount may work.
    Declined,
    /// The app, merchant or contract lacks something: mend the account or the configuration.
    Setup,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    method: Option<Box<str>>,
    page: Option<u64>,
    query_method: Option<Box<str>>,
    gateway: Option<GatewayError>,
    class: Option<ErrorClass>,
    outcome_unknown: bool,
    /// Whether the same call may succeed later, whatever became of this one.
    may_pass: bool,
    verified: bool,
    http_status: Option<u16>,
    trace_id: Option<Box<str>>,
    raw_body: Option<Bytes>,
    verified_content: Option<Box<str>>,
    /// What may be the reason, behind everything else.
    hint: Option<Box<str>>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The gateway's words.
#[derive(Clone, Debug, Default)]
pub(crate) struct GatewayError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) sub_code: Option<String>,
    pub(crate) sub_message: Option<String>,
    /// Where Alipay explains the error.
    pub(crate) help_link: Option<String>,
}

impl GatewayError {
    fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let Self {
            code,
            message,
            sub_code,
            sub_message,
            help_link,
        } = self;
        [code, message]
            .into_iter()
            .chain(sub_code)
            .chain(sub_message)
            .chain(help_link)
    }
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

    /// The number of the page that was asked for, where a list was read [page by page](crate::Call::pages): reading can go on
    /// [from there](crate::Pages::from_page).
    pub fn page(&self) -> Option<u64> {
        self.0.page
    }

    /// The gateway's `code`, such as `40004`. V3 has one code, such as `ACQ.TRADE_NOT_EXIST`: it is this one and the
    /// [`sub_code`](Self::sub_code).
    pub fn code(&self) -> Option<&str> {
        self.0.gateway.as_ref().map(|gateway| gateway.code.as_str())
    }

    /// The gateway's `msg`, or `message` in V3: the text to its `code`.
    pub fn message(&self) -> Option<&str> {
        self.0.gateway.as_ref().map(|gateway| gateway.message.as_str())
    }

    /// The gateway's `sub_code`, such as `ACQ.TRADE_NOT_EXIST`.
    pub fn sub_code(&self) -> Option<&str> {
        self.0.gateway.as_ref()?.sub_code.as_deref()
    }

    /// The gateway's `sub_msg`, the text to its `sub_code`. Where it quotes a secret of the request, `***` stands instead.
    pub fn sub_message(&self) -> Option<&str> {
        self.0.gateway.as_ref()?.sub_message.as_deref()
    }

    /// The address of Alipay's page about the error. Only V3 gives one.
    pub fn help_link(&self) -> Option<&str> {
        self.0.gateway.as_ref()?.help_link.as_deref()
    }

    /// What the gateway says, for a person who is to read it: its [`message`](Self::message), and after a colon its
    /// [`sub_message`](Self::sub_message) where there is one. `None` where the error is not an answer of the gateway's.
    ///
    /// The words are the gateway's own, mostly Chinese, of any length, and meant for the merchant's staff: don't show them to buyers, and
    /// don't decide by them.
    pub fn gateway_message(&self) -> Option<Cow<'_, str>> {
        let message = self.message()?;
        Some(match self.sub_message().filter(|text| !text.is_empty()) {
            None => Cow::Borrowed(message),
            Some(text) if message.is_empty() || message == text => Cow::Borrowed(text),
            Some(text) => Cow::Owned(format!("{message}: {text}")),
        })
    }

    /// The `sub_code` as one of the method's own. `None` for one that the method's spec does not list, and for one of a refusal that is not
    /// signed though the gateway signs such refusals ([`ErrorKind::Verification`]).
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
        let decides = self.0.kind != ErrorKind::Verification;
        self.sub_code().filter(|_| decides).and_then(C::from_text)
    }

    /// What can be done about the gateway's error, by its `sub_code` or else by its `code`. `None` for other errors, and where no spec lists
    /// either code.
    pub fn class(&self) -> Option<ErrorClass> {
        self.0.class
    }

    /// Whether the call may have been carried out in spite of the error. Don't guess: [ask](Self::query_method) before you send it again.
    ///
    /// Always false for a method that only reads. The error is that of the last attempt, and this is about all of them: true also where an
    /// earlier attempt may have been carried out. Also true for a refusal that proves nothing, because an attacker on the network may have
    /// made or replayed it: one that is not [signed](Self::is_verified), and any refusal from a gateway whose address is `http` and not on
    /// this machine.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The method to ask what became of the call, such as `alipay.trade.query` after `alipay.trade.pay`, where the call's
    /// [outcome is unknown](Self::is_outcome_unknown) and the method's spec names one.
    ///
    /// If it equals [`method`](Self::method), send the same request again: Alipay carries it out only once and returns the result.
    pub fn query_method(&self) -> Option<&str> {
        self.0.query_method.as_deref()
    }

    /// Whether the call did nothing, and the same call may succeed later. For a query this is about the query, not about the payment or
    /// refund that you queried.
    pub fn is_retryable(&self) -> bool {
        self.0.may_pass && !self.0.outcome_unknown
    }

    /// Whether the same call may succeed later, also where this one may have been carried out: then it must be one that can't do anything twice.
    pub(crate) fn may_pass(&self) -> bool {
        self.0.may_pass
    }

    /// Whether there was no answer in time.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether what came names a certificate of Alipay's that is unknown and could not be fetched.
    ///
    /// What came may be genuine. Answer a notification with anything but `success`: Alipay sends it again, and the certificate may be known by
    /// then.
    pub fn is_unknown_certificate(&self) -> bool {
        self.0.kind == ErrorKind::UnknownCertificate
    }

    /// Whether Alipay has signed what the error is about.
    ///
    /// The gateway does not sign its error where it can't identify the caller. Anyone on the way can make such an answer.
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

    /// The exact JSON that Alipay signed, decrypted where it was encrypted, where an answer is verified and could not be read ([`ErrorKind::Decode`]), or has the code of a
    /// success beside a `sub_code`. Secrets may be in it: don't log it.
    pub fn verified_content(&self) -> Option<&str> {
        self.0.verified_content.as_deref()
    }

    /// The error behind this one, to be downcast: another [`Error`] with a kind of its own, a `StoreError`, a
    /// [`TransportError`](crate::transport::TransportError). `Display` shows it already.
    ///
    /// ```
    /// # fn show(error: alipay_api::Error) {
    /// use alipay_api::Error;
    ///
    /// // Why a merchant's token could not be refreshed.
    /// let refused = error.cause().and_then(|cause| cause.downcast_ref::<Error>());
    /// println!("{:?}", refused.and_then(Error::sub_code));
    /// # }
    /// ```
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_ref().map(|cause| &**cause as _)
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            method: None,
            page: None,
            query_method: None,
            gateway: None,
            class: None,
            outcome_unknown: false,
            may_pass: false,
            verified: false,
            http_status: None,
            trace_id: None,
            raw_body: None,
            verified_content: None,
            hint: None,
            cause: None,
        }))
    }

    /// With the error behind this one. The message need not repeat what it says.
    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.set(|inner| inner.cause = Some(Arc::new(source)))
    }

    pub(crate) fn with_gateway(self, gateway: GatewayError, class: Option<ErrorClass>, verified: bool) -> Self {
        self.set(|inner| {
            inner.gateway = Some(gateway);
            inner.class = class;
            inner.verified = verified;
        })
    }

    /// Alipay has signed what the error is about.
    pub(crate) fn verified(self) -> Self {
        self.set(|inner| inner.verified = true)
    }

    pub(crate) fn with_hint(self, hint: &str) -> Self {
        self.set(|inner| inner.hint = Some(hint.into()))
    }

    pub(crate) fn with_method(self, method: &str) -> Self {
        self.set(|inner| inner.method = Some(method.into()))
    }

    /// With the number of the page that was asked for.
    pub(crate) fn with_page(self, number: u64) -> Self {
        self.set(|inner| inner.page = Some(number))
    }

    /// With the method that tells what became of the call.
    pub(crate) fn with_query_method(self, method: &str) -> Self {
        self.set(|inner| inner.query_method = Some(method.into()))
    }

    pub(crate) fn with_answer(self, status: u16, trace_id: Option<&str>, body: Bytes) -> Self {
        self.set(|inner| {
            inner.http_status = Some(status);
            inner.trace_id = trace_id.map(Into::into);
            inner.raw_body = Some(body);
        })
    }

    pub(crate) fn with_verified_content(self, content: &str) -> Self {
        self.set(|inner| inner.verified_content = Some(content.into()))
    }

    /// Without secrets in anything that it says.
    pub(crate) fn redacted(self, redactor: &Redactor) -> Self {
        let message = self.full_message();
        // A cause can't be changed. Where one shows a secret, its redacted words are kept in place of it.
        let is_quoted = self.0.cause.is_some()
            && (redactor.redact(&message).is_some() || redactor.redact(&format!("{:?}", self.0.cause)).is_some());
        let message = is_quoted.then(|| message.into_owned());
        self.set(|inner| {
            if let Some(message) = message {
                inner.message = message;
                inner.cause = None;
            }
            let Inner {
                message,
                gateway,
                trace_id,
                ..
            } = inner;
            let words = gateway.iter_mut().flat_map(GatewayError::words).chain([message]);
            for text in words {
                if let Some(redacted) = redactor.redact(text) {
                    *text = redacted;
                }
            }
            if let Some(redacted) = trace_id.as_ref().and_then(|trace_id| redactor.redact(trace_id)) {
                *trace_id = Some(redacted.into());
            }
        })
    }

    /// Without what came back, its causes neither, for an error that is kept: it may be large.
    pub(crate) fn without_body(self) -> Self {
        self.set(|inner| {
            inner.raw_body = None;
            inner.verified_content = None;
            let cause = inner.cause.as_ref().and_then(|cause| cause.downcast_ref::<Self>());
            if let Some(cause) = cause.cloned() {
                inner.cause = Some(Arc::new(cause.without_body()));
            }
        })
    }

    /// With what is known of the outcome, and whether the same call [may succeed later](Self::may_pass).
    pub(crate) fn with_outcome(self, unknown: bool, may_pass: bool) -> Self {
        self.set(|inner| {
            inner.outcome_unknown = unknown;
            inner.may_pass = may_pass;
        })
    }

    /// The error of an attempt, where an earlier attempt of the same call may have been carried out: unless Alipay has signed that the call is
    /// done already, this one says nothing about that.
    pub(crate) fn after_unknown_outcome(self) -> Self {
        let is_decided = self.0.verified && self.0.class == Some(ErrorClass::AlreadyDone);
        if self.0.outcome_unknown || is_decided {
            return self;
        }
        self.set(|inner| {
            const EARLIER: &str = "the outcome of an earlier attempt is unknown";
            inner.outcome_unknown = true;
            inner.hint = Some(match &inner.hint {
                Some(hint) => format!("{hint}; {EARLIER}").into(),
                None => EARLIER.into(),
            });
        })
    }

    /// The message and every cause that it does not tell yet.
    fn full_message(&self) -> Cow<'_, str> {
        let mut message = Cow::Borrowed(self.0.message.as_str());
        for cause in self.cause().into_iter().flat_map(chain) {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.to_mut().push_str(": ");
                message.to_mut().push_str(&text);
            }
        }
        message
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
        if let Some(page) = inner.page {
            write!(formatter, "page {page}: ")?;
        }
        formatter.write_str(&self.full_message())?;
        if let Some(gateway) = &inner.gateway {
            write!(
                formatter,
                " {} {}",
                Sanitized(&gateway.code),
                Sanitized(&gateway.message)
            )?;
            if let Some(sub_code) = gateway.sub_code.as_ref().filter(|sub_code| **sub_code != gateway.code) {
                write!(formatter, ", {}", Sanitized(sub_code))?;
            }
            if let Some(sub_message) = &gateway.sub_message {
                write!(formatter, ": {}", Sanitized(sub_message))?;
            }
            if !inner.verified {
                formatter.write_str(" (unsigned)")?;
            }
        }
        if let Some(status) = inner.http_status.filter(|status| *status != 200) {
            write!(formatter, " (HTTP status {status})")?;
        }
        if let Some(hint) = &inner.hint {
            write!(formatter, "; {hint}")?;
        }
        if inner.outcome_unknown {
            formatter.write_str("; the call may have been carried out: ")?;
            match &inner.query_method {
                None => formatter.write_str("check the result before you send it again")?,
                Some(query) if inner.method.as_ref() == Some(query) => {
                    formatter.write_str("send the same request again, which Alipay carries out only once")?;
                }
                Some(query) => write!(formatter, "query it with {query} before you send it again")?,
            }
        }
        if let Some(trace_id) = &inner.trace_id {
            write!(formatter, " [trace {}]", Sanitized(trace_id))?;
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
            .field("retryable", &self.is_retryable())
            .field("cause", &self.0.cause)
            .finish()
    }
}

/// There is no [`source`](StdError::source): `Display` shows it already.
impl StdError for Error {}

/// An error and what is behind it, down to the first cause.
pub(crate) fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// Words from outside: on one line, and not too long for a log.
pub(crate) struct Sanitized<'a>(pub(crate) &'a str);

impl fmt::Display for Sanitized<'_> {
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
