//! One call under way: signed, sent, perhaps sent again, its answer verified and classified.
//!
//! Nothing here knows how a request is written, which is the [protocol](crate::protocol)'s, nor where verifiers come from.

mod attempts;
mod classification;
mod encryption;
mod excerpt;
mod metadata;
mod secrets;
mod signing;
mod span;
// Only the ISV layer keeps tokens alive.
#[cfg_attr(not(feature = "isv"), allow(dead_code))]
mod tokens;
mod value;
mod verifiers;

use std::{sync::Arc, time::Duration};

pub use self::metadata::ResponseMetadata;
#[cfg(feature = "isv")]
pub(crate) use self::tokens::LiveToken;
pub(crate) use self::{
    attempts::after,
    classification::RefusalClass,
    encryption::Encryption,
    signing::{Late, check_tokens, invalid, sign, sign_now},
    tokens::Tokens,
    value::{AnswerValue, Read, unpacked, unpacked_with_metadata},
    verifiers::ResolveVerifier,
};
use crate::{
    ErrorClass,
    clock::Clock,
    credentials::Credentials,
    method::{AnswerInfo, Retry},
    protocol::{
        WireProtocol,
        content::{Options, RequestContent},
    },
    random::RandomSource,
    retry::Retries,
    transport::Transport,
};

/// What all calls of an app have in common.
pub(crate) struct Session {
    pub(crate) app_id: String,
    /// Of calls that don't say otherwise.
    pub(crate) protocol: &'static dyn WireProtocol,
    pub(crate) gateway: String,
    /// Whether nobody on the way to the gateway can read or replay messages.
    pub(crate) is_protected: bool,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retries: Retries,
    pub(crate) random: Arc<dyn RandomSource>,
}

/// What to call, as far as every method is alike.
pub(crate) struct Exchange<'a> {
    pub(crate) session: &'a Session,
    pub(crate) protocol: &'static dyn WireProtocol,
    /// What the requests are signed with, in all attempts.
    pub(crate) credentials: &'a Credentials,
    pub(crate) verifiers: &'a dyn ResolveVerifier,
    /// Where the merchant's token comes from, if the client acts for a managed merchant.
    pub(crate) tokens: Option<&'a dyn Tokens>,
    pub(crate) retry: Retry,
    pub(crate) persistence: Persistence,
    /// The method that tells what became of a call whose outcome is unknown.
    pub(crate) query_method: Option<&'static str>,
    pub(crate) answer: &'a AnswerInfo,
    /// The names of what must not be shown of the request; `None` where nothing is known of it.
    pub(crate) secret: Option<&'a [&'a str]>,
    pub(crate) classify: fn(&str) -> Option<ErrorClass>,
    pub(crate) content: &'a RequestContent,
    pub(crate) options: Options,
    pub(crate) encryption: Encryption<'a>,
    pub(crate) timeouts: TimeoutPolicy,
    /// Whether the answer's metadata is asked for.
    pub(crate) wants_metadata: bool,
}

/// How long a call may take.
#[derive(Clone, Copy)]
pub(crate) struct TimeoutPolicy {
    pub(crate) attempt: Duration,
    pub(crate) total: Duration,
}

/// How often a call that may be sent again is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// As the client's policy and budget say.
    OfClient,
    /// Until its time is over.
    UntilDeadline,
    /// Once.
    Once,
}
