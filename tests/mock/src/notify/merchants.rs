//! Messages about merchants: one has authorised the app, one has cancelled.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Notification;
use super::form::signed_form;
use super::messages::Envelope;
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::keys::SignType;
use crate::numbers;
use crate::protocol::charset::Charset;
use crate::specs::Specs;
use crate::state::authorisations::{Event, Grant};

/// The news of an event, for the address of the app.
pub(crate) fn notification(
    event: &Event,
    app_id: &str,
    url: &str,
    specs: &Specs,
    signatory: &Signatory,
    now: Timestamp,
) -> Option<Notification> {
    let (grant, code) = match event {
        Event::Authorised(grant, code) => (grant, code),
        Event::Cancelled(grant) => {
            let envelope = Envelope {
                app_id,
                url,
                specs,
                signatory,
                now,
            };
            return envelope.message("alipay.open.auth.appauth.cancelled", &cancelled(grant, app_id));
        }
    };
    let notify_id = numbers::notify_id(now);
    let (name, fields) = ("open_app_auth_notify", authorised(grant, code, app_id, now));
    let charset = Charset::default();
    let common = [
        ("notify_id", notify_id.clone()),
        ("charset", charset.name().to_owned()),
        ("app_id", app_id.to_owned()),
    ];
    let fields: Vec<_> = common.into_iter().chain(fields).collect();
    let rule = specs.notification(name)?.signature;
    Some(Notification {
        notify_id,
        name: name.into(),
        trade_status: None,
        url: url.to_owned(),
        form: signed_form(&fields, rule, &charset, SignType::Rsa2, signatory).ok()?,
        charset: charset.name().to_owned(),
    })
}

fn authorised(grant: &Grant, code: &str, app_id: &str, now: Timestamp) -> Vec<(&'static str, String)> {
    let content = json!({
        "notify_context": { "trigger": "appstore" },
        "detail": {
            "app_id": app_id,
            "auth_app_id": grant.grantor.auth_app_id,
            "user_id": grant.grantor.user_id,
            "app_auth_code": code,
            "app_auth_token": grant.token,
            "app_refresh_token": grant.refresh,
            "auth_time": grant.authorised.as_millisecond(),
            "expires_in": grant.seconds.0,
            "re_expires_in": grant.seconds.1,
        },
        "error": {},
    });
    vec![
        ("notify_type", "open_app_auth_notify".to_owned()),
        ("notify_time", beijing(now)),
        ("status", "execute_auth".to_owned()),
        ("version", "1.0".to_owned()),
        ("auth_app_id", grant.grantor.auth_app_id.clone()),
        ("biz_content", content.to_string()),
    ]
}

fn cancelled(grant: &Grant, app_id: &str) -> Value {
    json!({
        "app_id": app_id,
        "auth_app_id": grant.grantor.auth_app_id,
        "user_id": grant.grantor.user_id,
        "app_auth_token": grant.token,
    })
}
