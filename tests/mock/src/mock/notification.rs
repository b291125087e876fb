//! Sending as Alipay.

use std::fmt;

use serde_json::Value;

use super::Mock;
use crate::notify::ordered::Unaddressed;
use crate::{ControlError, NotificationError, NotificationView};

/// A notification that is signed: send it, or take its body.
#[must_use = "a notification is sent by `send`"]
pub struct SignedNotification<'m> {
    mock: &'m Mock,
    notification: Unaddressed,
}

/// Shows no tokens.
impl fmt::Debug for SignedNotification<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignedNotification")
            .field("notify_id", &self.notification.notify_id)
            .finish_non_exhaustive()
    }
}

impl SignedNotification<'_> {
    /// Identifies it.
    pub fn notify_id(&self) -> &str {
        &self.notification.notify_id
    }

    /// The body of the POST: a form, in the charset that its `charset` names.
    pub fn body(&self) -> &str {
        &self.notification.form
    }

    /// Posts it to this address, and again by the [schedule](crate::Builder::notify_schedule) until the answer is `success`. Wait for
    /// [`Mock::notifications_settled`]; [`Mock::notifications`] shows how it went.
    ///
    /// # Errors
    /// If the text is not an absolute `http` or `https` URL.
    pub fn send(self, url: &str) -> Result<(), ControlError> {
        self.mock.core.send(self.notification, url.to_owned())
    }
}

impl Mock {
    /// A notification that a spec describes, by its `notify_type` or `msg_method`, signed by the spec's rule:
    ///
    /// ```
    /// # use alipay_mock::Mock;
    /// # use serde_json::json;
    /// # async fn example(mock: &Mock) -> Result<(), Box<dyn std::error::Error>> {
    /// let paid = json!({ "out_trade_no": "20161112", "trade_status": "TRADE_SUCCESS", "total_amount": "0.01" });
    /// mock.notify("trade_status_sync", paid)?.send("http://127.0.0.1:8080/notify")?;
    /// mock.notifications_settled().await;
    /// // Or for a handler without an address. What a message tells stands in `biz_content`.
    /// let cancelled = json!({ "biz_content": { "auth_app_id": "2021000000000002" } });
    /// let body = mock.notify("alipay.open.auth.appauth.cancelled", cancelled)?.body().to_owned();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The gateway adds what is on the envelope (`notify_id`, the time, `app_id` and the like) and, at every depth, required fields that are left
    /// out: with the spec's example, or a value of the type. It changes nothing of what it plays: no order is paid by it. `"charset": "GBK"` has it
    /// written in GBK.
    ///
    /// # Errors
    /// If no spec describes it, or `fields` are no object, or have a field that the spec does not have, or a value of another type.
    pub fn notify(&self, name: &str, fields: impl Into<Value>) -> Result<SignedNotification<'_>, NotificationError> {
        Ok(SignedNotification {
            mock: self,
            notification: self.core.notification(name, fields.into())?,
        })
    }

    /// All notifications that the gateway has sent, of its own accord or because a test ordered them, oldest first.
    pub fn notifications(&self) -> Vec<NotificationView> {
        self.core.notifications()
    }

    /// Sends a notification once more, at once: the same to the byte, with the same `notify_id`. It is another attempt of its delivery; where it arrives,
    /// no more follow.
    ///
    /// # Errors
    /// If the gateway has sent no such notification.
    pub fn resend_notification(&self, notify_id: &str) -> Result<(), ControlError> {
        self.core.resend(notify_id)
    }
}
