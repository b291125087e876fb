use std::borrow::Cow;

use crate::notify::{CALL_REPLY_CONTENT_TYPE, GATEWAY_CHECK_CONTENT_TYPE, SUCCESS};

/// The answer to a notification or a call that your program has taken: what a handler returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    content_type: &'static str,
    body: Cow<'static, str>,
}

impl Reply {
    /// Tells Alipay not to send the notification again: [`SUCCESS`]. Return it once what the notification tells is stored.
    pub const SUCCESS: Self = Self {
        content_type: "text/plain; charset=utf-8",
        body: Cow::Borrowed(SUCCESS),
    };

    /// The answer to a check of the gateway address, from
    /// [`gateway_check_reply`](crate::notify::Notifications::gateway_check_reply).
    pub fn gateway_check(xml: String) -> Self {
        Self {
            content_type: GATEWAY_CHECK_CONTENT_TYPE,
            body: Cow::Owned(xml),
        }
    }

    /// The answer to a call, from [`call_reply`](crate::notify::Notifications::call_reply).
    pub fn call(json: String) -> Self {
        Self {
            content_type: CALL_REPLY_CONTENT_TYPE,
            body: Cow::Owned(json),
        }
    }

    /// The `Content-Type` of the answer. Its status is 200.
    pub fn content_type(&self) -> &str {
        self.content_type
    }

    /// The body of the answer.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The content type and the body.
    pub(super) fn into_parts(self) -> (&'static str, Cow<'static, str>) {
        (self.content_type, self.body)
    }
}
