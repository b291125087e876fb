use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Inner, Isv, IsvEvent,
    store::{Authorisation, AuthorisationState},
    store_error,
};
use crate::{
    Error, ErrorKind,
    notify::{Notification, OpenAppAuthNotify, Verified},
    types::{DateTime, Secret},
};

/// What a notice says of a merchant's authorisation.
struct Cancellation<'a> {
    auth_app_id: &'a str,
    app_auth_token: &'a str,
    time: Option<SystemTime>,
}

impl Isv {
    /// Takes what a notification says of a merchant's authorisation into the store: that a merchant has authorised the app, with its
    /// tokens, or has withdrawn. `false` for a notification about something else.
    ///
    /// A notice that is older than what is stored changes nothing. Answer [`SUCCESS`](crate::notify::SUCCESS) once this has returned
    /// without an error.
    ///
    /// # Errors
    /// [`TokenStore`](ErrorKind::TokenStore): don't answer `success`, and Alipay sends the notice again.
    /// [`Mismatch`](ErrorKind::Mismatch) where the notice is verified but contradicts itself.
    pub async fn accept(&self, notification: &Verified<Notification>) -> Result<bool, Error> {
        let milliseconds = |time: Option<i64>| {
            let time = u64::try_from(time?).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(time))
        };
        let cancellation = match &**notification {
            Notification::OpenAppAuthNotify(notice) => {
                let detail = &notice.biz_content.detail;
                self.same(&detail.app_id, &notice.auth_app_id, &detail.auth_app_id)?;
                let time = milliseconds(detail.auth_time).or_else(|| sent_at(notice.notify_time));
                return self.inner.adopt(notice, time).await.map(|()| true);
            }
            Notification::OpenAppAuthCancel(notice) => {
                let content = notice.biz_content.as_ref();
                let detail = content.and_then(|content| content.detail.as_ref());
                if let Some(detail) = detail {
                    let app_id = detail.app_id.as_deref().unwrap_or(&notice.app_id);
                    let auth_app_id = detail.auth_app_id.as_deref().unwrap_or(&notice.auth_app_id);
                    self.same(app_id, &notice.auth_app_id, auth_app_id)?;
                }
                Cancellation {
                    auth_app_id: &notice.auth_app_id,
                    app_auth_token: exposed(detail.and_then(|detail| detail.app_auth_token.as_ref())),
                    time: sent_at(notice.notify_time),
                }
            }
            Notification::OpenAuthAppauthCancelled(notice) => {
                let content = &notice.biz_content;
                self.same(&content.app_id, &content.auth_app_id, &content.auth_app_id)?;
                Cancellation {
                    auth_app_id: &content.auth_app_id,
                    app_auth_token: exposed(content.app_auth_token.as_ref()),
                    time: milliseconds(notice.utc_timestamp),
                }
            }
            _ => return Ok(false),
        };
        self.inner.cancel(&cancellation).await.map(|()| true)
    }

    /// What the notice says twice must be the same.
    fn same(&self, app_id: &str, outer: &str, inner: &str) -> Result<(), Error> {
        if app_id == self.inner.client.app_id() && outer == inner && !inner.is_empty() {
            return Ok(());
        }
        let message = "the notice is verified, but names other apps inside than outside";
        Err(Error::new(ErrorKind::Mismatch, message).verified())
    }
}

impl Inner {
    /// Stores the tokens of a notice, unless what is stored is newer.
    async fn adopt(self: &Arc<Self>, notice: &OpenAppAuthNotify, time: Option<SystemTime>) -> Result<(), Error> {
        let auth_app_id = &*notice.auth_app_id;
        let detail = &notice.biz_content.detail;
        let time = time.unwrap_or_else(|| self.now());
        let mut authorisation = Authorisation::new(
            detail.app_auth_token.clone(),
            detail.app_refresh_token.clone(),
            detail.user_id.clone(),
            time,
        );
        authorisation.renew(time, detail.expires_in, detail.re_expires_in)?;
        loop {
            let stored = self.load(auth_app_id).await?;
            if stored
                .as_ref()
                .is_some_and(|stored| stored.authorisation.issued_at >= time)
            {
                return Ok(());
            }
            let expected = stored.map(|stored| stored.version);
            let replaced = self
                .store
                .replace(self.key(auth_app_id), expected, &authorisation)
                .await;
            if replaced.map_err(store_error)?.is_some() {
                self.authorised(auth_app_id);
                return Ok(());
            }
        }
    }

    /// Marks the authorisation as withdrawn, unless it was given after the withdrawal.
    async fn cancel(self: &Arc<Self>, notice: &Cancellation<'_>) -> Result<(), Error> {
        loop {
            let Some(stored) = self.load(notice.auth_app_id).await? else {
                return Ok(());
            };
            let mut authorisation = stored.authorisation;
            let is_this_token = authorisation.app_auth_token.expose() == notice.app_auth_token;
            let is_later = notice.time.is_none_or(|time| time >= authorisation.authorised_at);
            if authorisation.state == AuthorisationState::Cancelled || !(is_this_token || is_later) {
                return Ok(());
            }
            authorisation.state = AuthorisationState::Cancelled;
            let merchant = self.key(notice.auth_app_id);
            let replaced = self.store.replace(merchant, Some(stored.version), &authorisation).await;
            if replaced.map_err(store_error)?.is_some() {
                self.forget(notice.auth_app_id);
                tracing::info!(
                    auth_app_id = notice.auth_app_id,
                    "a merchant has withdrawn its authorisation"
                );
                self.tell(&IsvEvent::Cancelled {
                    auth_app_id: notice.auth_app_id.to_owned(),
                });
                return Ok(());
            }
        }
    }
}

fn exposed(token: Option<&Secret>) -> &str {
    token.map_or("", Secret::expose)
}

fn sent_at(time: Option<DateTime>) -> Option<SystemTime> {
    let seconds = u64::try_from(time?.unix_seconds()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
