//! What a gateway method is to the library. Generated requests implement [`Method`]; you need this module only to write generic code
//! over methods, or for methods that you generate yourself with `alipay-codegen`.

#[cfg(feature = "serde")]
mod outcome_serde;

use crate::codec::Object;
pub use crate::error::{ErrorCode, NoErrorCode};

/// A request of one gateway method, and everything that its spec says about it.
pub trait Method: Object + Send + Sync + 'static {
    /// The business fields of a successful answer.
    type Response: Object + Send + 'static;
    /// What a call gives: the response, or an [`Outcome`] where the gateway may still be waiting for the buyer.
    type Output: Output<Self::Response> + Send + 'static;
    /// The business error codes that the method documents.
    type ErrorCode: ErrorCode;
    /// The facts of the method.
    const INFO: MethodInfo;
}

/// What a call gives for an answer: the response itself, or an [`Outcome`].
pub trait Output<R> {
    /// For this response; `pending` where the answer's code is one of [`AnswerInfo::pending`].
    fn new(response: R, pending: bool) -> Self;
}

impl<R> Output<R> for R {
    fn new(response: R, _: bool) -> Self {
        response
    }
}

impl<R> Output<R> for Outcome<R> {
    fn new(response: R, pending: bool) -> Self {
        if pending {
            Self::Pending(response)
        } else {
            Self::Done(response)
        }
    }
}

/// A method that the merchant's server calls and that is answered: [`Client::call`](crate::Client::call).
pub trait ServerMethod: Method {}

/// A method that a browser is sent to: [`Client::page`](crate::Client::page).
pub trait PageMethod: Method {}

/// A method that a phone app hands to the Alipay app: [`Client::app`](crate::Client::app).
pub trait AppMethod: Method {}

/// The facts of a method, from its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodInfo {
    /// The gateway's name, `alipay.trade.pay`.
    pub name: &'static str,
    /// How it is called.
    pub kind: Kind,
    /// Whether the gateway takes it in certificate mode only.
    pub certificate_only: bool,
    /// Whether the gateway takes its content only encrypted.
    pub encrypted: bool,
    /// Whether a call may be sent again.
    pub retry: Retry,
    /// Its place in the V3 interface, if it has one.
    pub v3: Option<V3>,
    /// Request fields that are parameters of their own instead of members of `biz_content`.
    pub top_level: &'static [&'static str],
    /// Request fields that are multipart files.
    pub files: &'static [&'static str],
    /// What is known of some of these files.
    pub file_limits: &'static [FileLimits],
    /// Request fields and what is sent for them when the caller gives nothing.
    pub implied: &'static [(&'static str, &'static str)],
    /// Request fields that must not be shown, at any depth: an error that quotes what they hold shows `***` instead.
    pub secret: &'static [&'static str],
    /// The fields by which its list is read page by page, if it gives such a list.
    pub page: Option<PageFields>,
    /// What its answer is like.
    pub answer: AnswerInfo,
}

/// What the spec says of a method's answer, beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerInfo {
    /// Gateway codes that mean: not finished, the buyer has yet to act.
    pub pending: &'static [&'static str],
    /// Codes of the method's own that mean success, beside the gateway's `10000`.
    pub done: &'static [&'static str],
    /// Whether a success carries no `code`. For every other method, an answer without a code is no success.
    pub without_code: bool,
    /// Response fields that have the name of one of the gateway's own members, `code`, `msg`, `sub_code` or `sub_msg`, and are the method's.
    pub own_members: &'static [&'static str],
    /// Response fields that repeat what the request's field of the same name asked for. An answer that repeats something else is an
    /// answer to another question.
    pub echoes: &'static [&'static str],
    /// Response fields without which a success says nothing: where one is missing or can't be read, the call's outcome is unknown.
    pub essential: &'static [&'static str],
}

impl AnswerInfo {
    /// An answer of which there is nothing more to say.
    pub const PLAIN: Self = Self {
        pending: &[],
        done: &[],
        without_code: false,
        own_members: &[],
        echoes: &[],
        essential: &[],
    };
}

impl MethodInfo {
    /// A method of which there is nothing more to say.
    pub const fn new(name: &'static str, kind: Kind, retry: Retry) -> Self {
        Self {
            name,
            kind,
            certificate_only: false,
            encrypted: false,
            retry,
            v3: None,
            top_level: &[],
            files: &[],
            file_limits: &[],
            implied: &[],
            secret: &[],
            page: None,
            answer: AnswerInfo::PLAIN,
        }
    }

    /// The method that tells what became of a call whose outcome is unknown; the method itself, where only the same request again does.
    /// `None` where the spec names none.
    pub const fn query_method(&self) -> Option<&'static str> {
        match self.retry {
            Retry::Keyed { ask, .. } => Some(ask),
            Retry::Read | Retry::Never => None,
        }
    }
}

/// How a method is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed POST that is answered.
    Server,
    /// A URL or a form for a browser.
    Page,
    /// An order string for a phone app.
    App,
    /// A server call with files.
    Upload,
    /// A URL or a form for a browser, or an order string for a phone app.
    PageOrApp,
}

/// What a file of an upload must be like, as far as the documentation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// The request's field.
    pub field: &'static str,
    /// The greatest size, in bytes.
    pub max_size: Option<u64>,
    /// What the file's name may end in, in lower case and without the dot; empty where nothing says.
    pub extensions: &'static [&'static str],
}

/// The fields by which a list is read page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFields {
    /// Of the request: which page, from 1.
    pub number: &'static str,
    /// Of the request: how many items a page has.
    pub size: &'static str,
    /// Of the response: how many items there are in all.
    pub total: Option<&'static str>,
}

/// Whether a call may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It changes nothing: it may be sent again at will.
    Read,
    /// The gateway carries out the same value of a field once.
    Keyed {
        /// The field.
        key: &'static str,
        /// The method that tells what became of a call whose outcome is unknown; the method itself, where only the same request again does.
        ask: &'static str,
        /// What the same request is answered with once it was carried out; `None` where the documentation does not say.
        repeat: Option<Repeat>,
    },
    /// Sending it twice may do it twice.
    Never,
}

/// What a request that was carried out already is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same answer as the first time.
    Same,
    /// An error.
    Refused,
}

/// A method's place in the V3 (REST) interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V3 {
    /// The HTTP method.
    pub verb: &'static str,
    /// The path, with `{field}` for path parameters.
    pub path: &'static str,
    /// Request fields that go in the query.
    pub query: &'static [&'static str],
    /// Whether the body is multipart.
    pub multipart: bool,
    /// Parameters that V3 takes beside the request's fields, and V2 outside the content: in the query where [`query`](Self::query) names
    /// them, else in the body.
    pub only: &'static [&'static str],
    /// Request fields that V3 does not have.
    pub without: &'static [&'static str],
}

impl V3 {
    /// A place without a query, and with a body of one part.
    pub const fn new(verb: &'static str, path: &'static str) -> Self {
        Self {
            verb,
            path,
            query: &[],
            multipart: false,
            only: &[],
            without: &[],
        }
    }
}

/// What came of a call that the buyer may have to confirm first.
///
/// `Pending` is not payment: ask with the query method until the order is paid or closed, and cancel it when you stop waiting.
///
/// With the feature `serde`, it is written as `{"done":…}` or `{"pending":…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a pending call is not done: look which one it is"]
pub enum Outcome<T> {
    /// The gateway answered `10000`: it is done, or, where an asynchronous payment was asked for (`is_async_pay`), accepted.
    Done(T),
    /// The gateway answered `10003`: the buyer has yet to act.
    Pending(T),
}

impl<T> Outcome<T> {
    /// Whether the buyer has yet to act.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    /// The response where it is done.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(response) => Some(response),
            Self::Pending(_) => None,
        }
    }

    /// The same outcome, with what `make` makes of the response.
    ///
    /// ```
    /// # use alipay_api::Outcome;
    /// let paid = Outcome::Done(7).map(|number| number.to_string());
    /// assert_eq!(paid, Outcome::Done("7".to_owned()));
    /// ```
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(response) => Outcome::Done(make(response)),
            Self::Pending(response) => Outcome::Pending(make(response)),
        }
    }

    /// The same outcome of a borrowed response.
    pub fn as_ref(&self) -> Outcome<&T> {
        match self {
            Self::Done(response) => Outcome::Done(response),
            Self::Pending(response) => Outcome::Pending(response),
        }
    }

    /// The response, done or not.
    pub fn response(&self) -> &T {
        match self {
            Self::Done(response) | Self::Pending(response) => response,
        }
    }
}
