//! Ordering notifications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ControlError;
use crate::core::Core;
use crate::notify::delivery::{About, NotificationView, ResendRefusal};
use crate::notify::envelope::Sender;
use crate::notify::ordered::{self, NotificationError, Unaddressed};
use crate::validate::scalar::is_url;

/// A notification, and where it goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationOrder {
    name: String,
    #[serde(default)]
    fields: Map<String, Value>,
    /// `None`: it is only handed out.
    url: Option<String>,
}

/// A notification that is signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SignedView {
    notify_id: String,
    body: String,
}

impl Core {
    /// A notification of a spec, signed.
    pub(crate) fn notification(&self, name: &str, fields: Value) -> Result<Unaddressed, NotificationError> {
        let signatory = self.notification_signer(self.signatory());
        let sender = Sender {
            specs: &self.specs,
            signatory: &signatory,
            message_key: self.message_key(),
            now: self.now(),
        };
        ordered::notification(name, fields, &self.app.id, sender)
    }

    /// Sends it.
    pub(crate) fn send(&self, notification: Unaddressed, url: String) -> Result<(), ControlError> {
        if !is_url(&url) {
            return Err(ControlError::no_url(&url));
        }
        self.deliveries
            .send(Ok(Vec::new()), vec![(About::Ordered, notification.to(url))]);
        Ok(())
    }

    /// The same, as the control endpoint is asked for it.
    pub(crate) fn order_notification(&self, order: NotificationOrder) -> Result<SignedView, ControlError> {
        let notification = self.notification(&order.name, order.fields.into())?;
        let view = SignedView {
            notify_id: notification.notify_id.clone(),
            body: notification.form.clone(),
        };
        if let Some(url) = order.url {
            self.send(notification, url)?;
        }
        Ok(view)
    }

    /// Sends a notification once more.
    pub(crate) fn resend(&self, notify_id: &str) -> Result<(), ControlError> {
        let number = || notify_id.to_owned();
        self.deliveries.resend(notify_id).map_err(|refusal| match refusal {
            ResendRefusal::Unknown | ResendRefusal::NoCourier => ControlError::NoNotification(number()),
        })
    }

    /// All notifications.
    pub(crate) fn notifications(&self) -> Vec<NotificationView> {
        self.deliveries.all()
    }
}
