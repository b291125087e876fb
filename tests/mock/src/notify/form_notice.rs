//! The notifications that are forms: what all of them carry.

use jiff::Timestamp;

use super::Notification;
use super::form::signed_form;
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::numbers;
use crate::protocol::Callbacks;
use crate::specs::Specs;
use crate::state::trades::Merchant;

/// What a notification is called, whom it is for, and where it goes.
pub(super) struct Envelope<'a> {
    pub(super) name: &'static str,
    pub(super) merchant: &'a Merchant,
    pub(super) url: &'a str,
    pub(super) callbacks: &'a Callbacks,
}

impl Envelope<'_> {
    /// The notification with these fields, signed by the rule of its spec.
    pub(super) fn notification(
        &self,
        fields: Vec<(&'static str, String)>,
        specs: &Specs,
        signatory: &Signatory,
        now: Timestamp,
    ) -> Option<Notification> {
        let notify_id = numbers::notify_id(now);
        let Callbacks { charset, sign_type, .. } = self.callbacks;
        let common = [
            ("notify_id", notify_id.clone()),
            ("notify_type", self.name.to_owned()),
            ("notify_time", beijing(now)),
            ("charset", charset.name().to_owned()),
            ("version", "1.0".to_owned()),
            ("app_id", self.merchant.app_id.clone()),
            ("auth_app_id", self.merchant.auth_app_id.clone()),
        ];
        let fields: Vec<_> = common.into_iter().chain(fields).collect();
        let rule = specs.notification(self.name)?.signature;
        Some(Notification {
            notify_id,
            name: self.name.into(),
            trade_status: None,
            url: self.url.to_owned(),
            form: signed_form(&fields, rule, charset, *sign_type, signatory).ok()?,
            charset: charset.name().to_owned(),
        })
    }
}
