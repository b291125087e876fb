//! Notifications that a test orders: any that a spec describes, with whatever fields it allows.

use serde_json::Value;

use super::envelope::Sender;
use super::form::signed_form;
use super::{Notification, envelope};
use crate::example;
use crate::keys::SignType;
use crate::protocol::charset::Charset;
use crate::validate::{self, Problem};

/// Why a notification can't be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// No spec describes it.
    #[error("no spec describes the notification `{name}`: correct its name, or add its spec")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The fields are no JSON object.
    #[error("the fields of the notification `{name}` are no JSON object")]
    NotAnObject {
        /// The notification.
        name: String,
    },
    /// A field is not in the spec, or its value is not one that the spec allows.
    #[error("the notification `{name}` does not keep to its spec: {field}: {rule}")]
    Field {
        /// The notification.
        name: String,
        /// The path of the field.
        field: String,
        /// What is expected there.
        rule: String,
    },
    /// It can't be signed.
    #[error("the gateway could not sign the notification `{name}`")]
    Signing {
        /// The notification.
        name: String,
    },
}

/// A notification that only lacks an address.
#[derive(Debug)]
pub(crate) struct Unaddressed {
    pub(crate) notify_id: String,
    pub(crate) form: String,
    name: String,
    trade_status: Option<String>,
    charset: Charset,
}

impl Unaddressed {
    /// For this address.
    pub(crate) fn to(self, url: String) -> Notification {
        Notification {
            notify_id: self.notify_id,
            name: self.name.into(),
            trade_status: self.trade_status.map(Into::into),
            url,
            form: self.form,
            charset: self.charset.name().to_owned(),
        }
    }
}

/// The notification of this name for an app. It says what `said` says; the fields of its envelope and the required ones that are left out are added.
pub(crate) fn notification(
    name: &str,
    said: Value,
    app_id: &str,
    sender: Sender<'_>,
) -> Result<Unaddressed, NotificationError> {
    let Sender {
        specs, signatory, now, ..
    } = sender;
    let name = name.to_owned();
    let Some(spec) = specs.notification(&name) else {
        return Err(NotificationError::Unknown { name });
    };
    let Value::Object(mut said) = said else {
        return Err(NotificationError::NotAnObject { name });
    };
    // An empty value stands for an absent one.
    said.retain(|_, value| !validate::is_blank(value));
    let charset = match said.get("charset").and_then(Value::as_str) {
        Some(named) => Charset::from_name(named),
        None => Some(Charset::default()),
    };
    let Some(charset) = charset else {
        return Err(NotificationError::Field {
            name,
            field: "charset".to_owned(),
            rule: "must be UTF-8 or GBK".to_owned(),
        });
    };
    for (field, value) in envelope::fields_around(spec, app_id, &charset, now) {
        said.entry(field).or_insert(value);
    }
    let fields = example::notification(spec, said, app_id, now);
    validate::notification(spec, &fields).map_err(|Problem { path: field, rule }| NotificationError::Field {
        name: name.clone(),
        field,
        rule,
    })?;
    let text = |name: &str| fields.get(name).map(envelope::text);
    let (notify_id, trade_status) = (text("notify_id").unwrap_or_default(), text("trade_status"));
    let mut pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), envelope::text(value)))
        .collect();
    envelope::encrypt(&mut pairs, spec, &charset, sender.message_key);
    match signed_form(&pairs, spec.signature, &charset, SignType::Rsa2, signatory) {
        Ok(form) => Ok(Unaddressed {
            notify_id,
            form,
            name,
            trade_status,
            charset,
        }),
        Err(_) => Err(NotificationError::Signing { name }),
    }
}
