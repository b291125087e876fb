use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Inner, Isv, IsvEvent,
    keep::{Kept, Origin},
    order::APART,
    pair::Pair,
    store::{AuthorisationState, Stored},
    store_error,
};
use crate::{
    Error, ErrorKind,
    notify::{Notification, OpenAppAuthNotify, Verified},
    types::Secret,
};

/// Where a notice has the merchant's tokens, whose they are, and their times.
const TOKENS: [&str; 10] = [
    "biz_content",
    "biz_content.detail",
    "biz_content.detail.app_id",
    "biz_content.detail.auth_app_id",
    "biz_content.detail.user_id",
    "biz_content.detail.app_auth_token",
    "biz_content.detail.app_refresh_token",
    "biz_content.detail.auth_time",
    "biz_content.detail.expires_in",
    "biz_content.detail.re_expires_in",
];

impl Isv {
    /// Takes what a notification says of a merchant's authorisation into the store: that a merchant has authorised the app, with its
    /// tokens, or has withdrawn. `false` for a notification about something else.
    ///
    /// Notices come late, twice and in any order. Where one doesn't agree with what is stored, the gateway is asked which tokens are
    /// good. Answer [`SUCCESS`](crate::notify::SUCCESS) once this has returned without an error.
    ///
    /// # Errors
    /// [`TokenStore`](ErrorKind::TokenStore), and those of `alipay.open.auth.token.app.query`: don't answer `success`, and Alipay sends
    /// the notice again. [`Mismatch`](ErrorKind::Mismatch) where the notice is verified, but is another app's or contradicts itself;
    /// [`Decode`](ErrorKind::Decode) where its tokens, or their times, can't be read.
    pub async fn accept(&self, notification: &Verified<Notification>) -> Result<bool, Error> {
        match &**notification {
            Notification::OpenAppAuthNotify(notice) => {
                // A lifetime that can't be read is not an endless one.
                if let Some(place) = notification.unreadable().find(|place| TOKENS.contains(place)) {
                    let message = format!("the notice is verified, but its `{place}` can't be read");
                    return Err(Error::new(ErrorKind::Decode, message).verified());
                }
                let detail = &notice.biz_content.detail;
                self.agree(
                    [&notice.app_id, &detail.app_id],
                    [&notice.auth_app_id, &detail.auth_app_id],
                )?;
                self.inner.adopt(notice).await?;
            }
            Notification::OpenAppAuthCancel(notice) => {
                let content = notice.biz_content.as_ref();
                let detail = content.and_then(|content| content.detail.as_ref());
                let app_id = detail.and_then(|detail| detail.app_id.as_ref());
                let auth_app_id = detail.and_then(|detail| detail.auth_app_id.as_ref());
                self.agree(
                    [&notice.app_id, app_id.unwrap_or(&notice.app_id)],
                    [&notice.auth_app_id, auth_app_id.unwrap_or(&notice.auth_app_id)],
                )?;
                let token = detail.and_then(|detail| detail.app_auth_token.as_ref());
                self.inner.cancel(&notice.auth_app_id, token).await?;
            }
            Notification::OpenAuthAppauthCancelled(notice) => {
                let content = &notice.biz_content;
                let merchant = &content.auth_app_id;
                self.agree([&notice.app_id, &content.app_id], [merchant, merchant])?;
                self.inner.cancel(merchant, content.app_auth_token.as_ref()).await?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What the notice says twice must be the same, and it must be for this app.
    fn agree(&self, apps: [&String; 2], merchants: [&String; 2]) -> Result<(), Error> {
        let is_ours = apps.iter().all(|app| **app == self.inner.client.app_id());
        if is_ours && merchants[0] == merchants[1] && !merchants[0].is_empty() {
            return Ok(());
        }
        let message = "the notice is verified, but is for another app, or names others inside than outside";
        Err(Error::new(ErrorKind::Mismatch, message).verified())
    }
}

impl Inner {
    /// Stores the tokens of a notice, unless what is stored is better.
    async fn adopt(self: &Arc<Self>, notice: &OpenAppAuthNotify) -> Result<(), Error> {
        let detail = &notice.biz_content.detail;
        let sent_at = notice.notify_time.map(|time| time.unix_seconds().saturating_mul(1000));
        let time = detail.auth_time.or(sent_at).and_then(|time| u64::try_from(time).ok());
        let time = time.and_then(|time| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(time)));
        let time = time.unwrap_or_else(|| self.now());
        let pair = Pair::new(
            notice.auth_app_id.clone(),
            detail.user_id.clone(),
            (detail.app_auth_token.clone(), detail.app_refresh_token.clone()),
            (detail.expires_in, detail.re_expires_in),
        );
        let pair = pair.ok_or_else(|| {
            let message = "the notice is verified, but lacks a token";
            Error::new(ErrorKind::Decode, message).verified()
        })?;
        let mut authorisation = pair.authorisation(time);
        let kept = self
            .try_keep(&notice.auth_app_id, &mut None, &mut authorisation, Origin::Notice)
            .await?;
        if kept == Kept::Stored {
            self.authorised(&notice.auth_app_id);
        }
        Ok(())
    }

    /// Marks the authorisation as withdrawn, unless it was given after the withdrawal.
    async fn cancel(&self, auth_app_id: &str, withdrawn: Option<&Secret>) -> Result<(), Error> {
        loop {
            let Some(Stored {
                mut authorisation,
                version,
            }) = self.load(auth_app_id).await?
            else {
                return Ok(());
            };
            if authorisation.state == AuthorisationState::Cancelled {
                return Ok(());
            }
            if withdrawn != Some(&authorisation.app_auth_token) {
                // A token whose time is over says nothing of the authorisation. The next refresh does.
                let margin = authorisation.lifetime().map_or(APART, |time| APART.min(time / 4));
                let has_ended = authorisation.expires_at.is_some_and(|end| end <= self.now() + margin);
                if has_ended
                    || self
                        .token_status(auth_app_id, &authorisation.app_auth_token)
                        .await?
                        .is_valid
                {
                    return Ok(());
                }
            }
            authorisation.state = AuthorisationState::Cancelled;
            let merchant = self.key(auth_app_id);
            let replaced = self.store.replace(merchant, Some(version), &authorisation).await;
            if replaced.map_err(store_error)?.is_some() {
                self.forget(auth_app_id);
                tracing::info!(auth_app_id, "a merchant has withdrawn its authorisation");
                self.tell(&IsvEvent::Cancelled {
                    auth_app_id: auth_app_id.to_owned(),
                });
                return Ok(());
            }
        }
    }
}
