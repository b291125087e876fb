//! What notifications carry beside what they tell, and how they are signed.

use std::borrow::Cow;

use alipay_codegen::ir;
use jiff::Timestamp;
use serde_json::Value;

use super::Notification;
use super::form::signed_form;
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::encryption::{AesKey, EncryptType};
use crate::keys::SignType;
use crate::numbers;
use crate::protocol::Callbacks;
use crate::protocol::charset::Charset;
use crate::specs::Specs;
use crate::state::trades::Merchant;

/// What all notifications of one moment have in common.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) specs: &'a Specs,
    pub(crate) signatory: &'a Signatory,
    /// What messages are encrypted with, if they are.
    pub(crate) message_key: Option<&'a AesKey>,
    pub(crate) now: Timestamp,
}

/// Whom a notification is for, and where and in which form it goes.
pub(super) struct Envelope<'a> {
    url: &'a str,
    app_id: &'a str,
    /// For whom the app calls; `None` where nobody says that.
    auth_app_id: Option<&'a str>,
    charset: Cow<'a, Charset>,
    sign_type: SignType,
    sender: Sender<'a>,
}

impl<'a> Envelope<'a> {
    /// To the address of the app.
    pub(super) fn to_app(url: &'a str, app_id: &'a str, sender: Sender<'a>) -> Self {
        Self {
            url,
            app_id,
            auth_app_id: None,
            charset: Cow::Owned(Charset::default()),
            sign_type: SignType::Rsa2,
            sender,
        }
    }

    /// To the address that a merchant's call named, in the form of the call.
    pub(super) fn to_merchant(
        url: &'a str,
        merchant: &'a Merchant,
        callbacks: &'a Callbacks,
        sender: Sender<'a>,
    ) -> Self {
        Self {
            url,
            app_id: &merchant.app_id,
            auth_app_id: Some(&merchant.auth_app_id),
            charset: Cow::Borrowed(&callbacks.charset),
            sign_type: callbacks.sign_type,
            sender,
        }
    }

    /// The notification of this name that says this, signed by the rule of its spec.
    pub(super) fn notification(
        &self,
        name: &'static str,
        said: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Option<Notification> {
        let Sender {
            specs,
            signatory,
            message_key,
            now,
        } = self.sender;
        let spec = specs.notification(name)?;
        let auth_app_id = self.auth_app_id.map(|id| ("auth_app_id", id.to_owned()));
        let mut fields: Vec<_> = auth_app_id.into_iter().chain(said).collect();
        for (name, value) in fields_around(spec, self.app_id, &self.charset, now) {
            if fields.iter().all(|(said, _)| *said != name) {
                fields.push((name, text(&value)));
            }
        }
        let told = |name: &str| {
            fields
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| value.clone())
        };
        let (notify_id, trade_status) = (told("notify_id")?, told("trade_status").map(Into::into));
        encrypt(&mut fields, spec, &self.charset, message_key);
        Some(Notification {
            notify_id,
            name: name.into(),
            trade_status,
            url: self.url.to_owned(),
            form: signed_form(&fields, spec.signature, &self.charset, self.sign_type, signatory).ok()?,
            charset: self.charset.name().to_owned(),
        })
    }
}

/// Encrypts what a message tells, where there is a key.
pub(super) fn encrypt(
    fields: &mut Vec<(&str, String)>,
    spec: &ir::Notification,
    charset: &Charset,
    key: Option<&AesKey>,
) {
    let has = |name: &str| spec.body.fields.iter().any(|field| field.name == name);
    let content = fields.iter_mut().find(|(name, _)| *name == "biz_content");
    if let (Some(key), true, Some((_, content))) = (key, has("encrypt_type"), content) {
        let encrypt_type = EncryptType::default();
        *content = key.encrypt(encrypt_type, &charset.encode_json(content));
        fields.retain(|(name, _)| *name != "encrypt_type");
        fields.push(("encrypt_type", encrypt_type.name().to_owned()));
    }
}

/// What Alipay writes around what a notification tells, as far as its spec has it.
pub(crate) fn fields_around(
    spec: &ir::Notification,
    app_id: &str,
    charset: &Charset,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    let field = |name: &str| spec.body.fields.iter().find(|field| field.name == name);
    let is_message = field("msg_method").is_some();
    let version = if is_message { "1.1" } else { "1.0" };
    let all = [
        ("notify_id", Value::from(numbers::notify_id(now))),
        ("notify_type", spec.name.as_str().into()),
        ("notify_time", beijing(now).into()),
        ("msg_method", spec.name.as_str().into()),
        ("utc_timestamp", now.as_millisecond().into()),
        ("charset", charset.name().into()),
        ("version", version.into()),
        ("app_id", app_id.into()),
        ("auth_app_id", app_id.into()),
    ];
    let is_there = |name: &str| {
        field(name).is_some_and(|field| match name {
            // Messages had these in version 1.0.
            "notify_type" | "notify_time" if is_message => field.required,
            // The app calls for itself, unless nobody has to say that.
            "auth_app_id" => field.required,
            _ => true,
        })
    };
    all.into_iter().filter(|(name, _)| is_there(name)).collect()
}

/// A value as a parameter: what is no text goes as JSON.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
