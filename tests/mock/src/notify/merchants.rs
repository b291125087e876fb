//! Messages about merchants: one has authorised the app, one has cancelled.

use serde_json::{Value, json};

use super::envelope::{Envelope, Sender};
use super::{Notification, messages};
use crate::state::authorisations::{Event, Grant};

/// The news of an event, for the address of the app.
pub(crate) fn notification(event: &Event, app_id: &str, url: &str, sender: Sender<'_>) -> Option<Notification> {
    match event {
        Event::Authorised(grant, code) => {
            let said = authorised(grant, code, app_id);
            Envelope::to_app(url, app_id, sender).notification("open_app_auth_notify", said)
        }
        Event::Cancelled(grant) => {
            let content = cancelled(grant, app_id);
            messages::message("alipay.open.auth.appauth.cancelled", &content, url, app_id, sender)
        }
    }
}

fn authorised(grant: &Grant, code: &str, app_id: &str) -> Vec<(&'static str, String)> {
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
        ("status", "execute_auth".to_owned()),
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
