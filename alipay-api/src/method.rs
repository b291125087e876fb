//! The traits and facts of gateway methods. Generated requests implement [`Method`]. You need this module only for code that is generic over
//! methods, or for methods that you generate yourself with `alipay-codegen`.

#[cfg(feature = "serde")]
mod outcome_serde;

pub use crate::error::{ErrorCode, NoErrorCode};
use crate::{
    codec::{Field, Object},
    types::{File, FileError},
};

/// The request of a gateway method, with the facts of its spec.
pub trait Method: Object + Send + Sync + 'static {
    /// The business fields of a successful answer.
    type Response: Object + Send + 'static;
    /// The result of a call: the response, or an [`Outcome`] if the gateway may still be waiting for the buyer.
    type Output: Output<Self::Response> + Send + 'static;
    /// The business error codes that the method documents.
    type ErrorCode: ErrorCode;
    /// The facts of the method.
    const INFO: MethodInfo;
}

/// The result of a call: the response itself, or an [`Outcome`].
pub trait Output<R> {
    /// The result for this response; `pending` if the answer's code is one of [`AnswerInfo::pending`].
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

/// A method that the merchant's server calls: [`Client::call`](crate::Client::call).
pub trait ServerMethod: Method {}

/// A method that the buyer's browser opens: [`Client::page`](crate::Client::page).
pub trait PageMethod: Method {}

/// A method that a phone app passes to the Alipay app: [`Client::app`](crate::Client::app).
pub trait AppMethod: Method {}

/// The facts of a method, from its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodInfo {
    /// The gateway's name of the method, such as `alipay.trade.pay`.
    pub name: &'static str,
    /// How it is called.
    pub kind: Kind,
    /// Whether the gateway accepts the method in certificate mode only.
    pub certificate_only: bool,
    /// Whether the gateway accepts the method's content only encrypted.
    pub encrypted: bool,
    /// Whether a call may be sent again.
    pub retry: Retry,
    /// Its place in the V3 interface, if it has one.
    pub v3: Option<V3>,
    /// Request fields that are separate parameters instead of members of `biz_content`.
    pub top_level: &'static [&'static str],
    /// Request fields that are multipart files.
    pub files: &'static [&'static str],
    /// The documented limits of these files.
    pub file_limits: &'static [FileLimits],
    /// Request fields, and the values that are sent if the caller sets none.
    pub implied: &'static [(&'static str, &'static str)],
    /// Request fields that are secret, at any depth: an error that quotes one of them shows `***` instead.
    pub secret: &'static [&'static str],
    /// The fields for reading a list page by page, if the method returns such a list.
    pub page: Option<PageFields>,
    /// The facts of the answer.
    pub answer: AnswerInfo,
}

/// The facts of a method's answer, from its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerInfo {
    /// Gateway codes that mean that the buyer still has to act.
    pub pending: &'static [&'static str],
    /// Codes of the method's own that mean success, beside the gateway's `10000`.
    pub done: &'static [&'static str],
    /// Whether a success carries no `code`. For every other method, an answer without a code is no success.
    pub without_code: bool,
    /// Response fields that have the name of one of the gateway's own members, `code`, `msg`, `sub_code` or `sub_msg`, and are the method's.
    pub own_members: &'static [&'static str],
    /// Response fields that repeat the request's field of the same name. An answer that repeats another value belongs to another call.
    pub echoes: &'static [&'static str],
    /// Response fields that a success must have. If one is missing or can't be read, the call's outcome is unknown.
    pub essential: &'static [&'static str],
    /// Fields that every answer to the [query](MethodInfo::query_method) has, and no answer to this method. V3's answers don't name their method: one
    /// that has them all belongs to a query.
    pub of_query: &'static [&'static str],
}

impl AnswerInfo {
    /// An answer without any of these facts.
    pub const PLAIN: Self = Self {
        pending: &[],
        done: &[],
        without_code: false,
        own_members: &[],
        echoes: &[],
        essential: &[],
        of_query: &[],
    };
}

impl MethodInfo {
    /// A method with these facts only.
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

    /// Whether a file keeps to the limits of its field.
    pub(crate) fn check_file(&self, field: &str, file: &File) -> Result<(), FileError> {
        match self.file_limits.iter().find(|limits| limits.field == field) {
            Some(limits) => file.check(field, (limits.min_size, limits.max_size), limits.extensions),
            None => file.check(field, (None, None), &[]),
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
    /// A signed POST from the merchant's server.
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

/// The documented limits of an uploaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// The request's field.
    pub field: &'static str,
    /// The smallest size, in bytes.
    pub min_size: Option<u64>,
    /// The greatest size, in bytes.
    pub max_size: Option<u64>,
    /// The allowed endings of the file's name, in lower case and without the dot; empty if they are not documented.
    pub extensions: &'static [&'static str],
}

/// The fields for reading a list page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFields {
    /// The request's field for the number of the page.
    pub number: &'static str,
    /// The request's field for the number of items in a page.
    pub size: &'static str,
    /// Which of these two hold the number as text.
    pub texts: &'static [&'static str],
    /// The number of the first page, 0 or 1. `None` where the documentation does not decide that.
    pub first: Option<u32>,
    /// The documented limit of items in a page.
    pub max_items: Option<u32>,
    /// The response's field for the total number of items.
    pub total: Option<&'static str>,
    /// The response's field for the total number of pages.
    pub pages: Option<&'static str>,
    /// The response's field for whether another page follows.
    pub more: Option<&'static str>,
    /// The response's list that comes page by page. `None` where [`first`](Self::first) is.
    pub items: Option<&'static str>,
}

impl PageFields {
    /// Two numbers, of which no more is known.
    pub const fn new(number: &'static str, size: &'static str) -> Self {
        Self {
            number,
            size,
            texts: &[],
            first: None,
            max_items: None,
            total: None,
            pages: None,
            more: None,
            items: None,
        }
    }
}

/// A response that is a page of a list, of a method whose facts say how [all pages](crate::Call::pages) are read.
pub trait Paged: Object + Send {
    /// What the list is a list of.
    type Item: Field + Send;

    /// The items of the page.
    fn items(&mut self) -> &mut Vec<Self::Item>;
}

/// Whether a call may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The method changes nothing: the call may be sent again at any time.
    Read,
    /// The gateway carries out requests with the same value of a field once.
    Keyed {
        /// The field.
        key: &'static str,
        /// The method that shows the result of a call whose outcome is unknown. It is the method itself if the same request has to be sent
        /// again.
        ask: &'static str,
        /// The gateway's answer to a repeated request that was carried out; `None` if it is not documented. With [`Repeat::Same`], the library
        /// itself sends a request that has the field [again](crate::retry).
        repeat: Option<Repeat>,
    },
    /// A call that is sent twice may be carried out twice.
    Never,
}

/// The gateway's answer to a repeated request that was carried out.
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
    /// Parameters that are fields in V3 and stand outside the content in V2. They go in the query if [`query`](Self::query) names them, and
    /// in the body otherwise.
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

/// The result of a call that the buyer may have to confirm first.
///
/// `Pending` is not a payment: query the order until it is paid or closed, and cancel it when you stop waiting.
///
/// With the feature `serde`, it is written as `{"done":…}` or `{"pending":…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a pending call is not done: match on it"]
pub enum Outcome<T> {
    /// The gateway answered `10000`: the call is done. An asynchronous payment (`is_async_pay`) is only accepted.
    Done(T),
    /// The gateway answered `10003`: the buyer has not paid yet. Fields of the response may be empty, `trade_no` too: query with the
    /// `out_trade_no` that you sent.
    Pending(T),
}

impl<T> Outcome<T> {
    /// Whether the buyer still has to act.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    /// The response if the call is done.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(response) => Some(response),
            Self::Pending(_) => None,
        }
    }

    /// Converts the response, and keeps the outcome.
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
