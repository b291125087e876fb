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

/// The places in a notice of the merchant's tokens, their owner and their times.
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
    /// Stores what a notification says about a merchant's authorisation: the merchant has authorised the app, with new tokens, or has
    /// withdrawn its authorisation. Returns `false` for a notification about something else.
    ///
    /// Notices may arrive late, twice and in any order. If one does not agree with the store, the gateway is asked which tokens are valid.
    /// Answer [`SUCCESS`](crate::notify::SUCCESS) after this has returned without an error.
    ///
    /// # Errors
    /// * [`TokenStore`](ErrorKind::TokenStore), and those of `alipay.open.auth.token.app.query`. Don't answer `success`: Alipay then sends
    ///   the notice again.
    /// * [`Mismatch`](ErrorKind::Mismatch): the notice is verified, but is for another app or contradicts itself.
    /// * [`Decode`](ErrorKind::Decode): the notice is verified, but its tokens or their times can't be read.
    pub async fn accept(&self, notification: &Verified<Notification>) -> Result<bool, Error> {
        match &**notification {
            Notification::OpenAppAuthNotify(notice) => {
                // A lifetime that can't be read must not become an unlimited one.
                if let Some(place) = notification.unreadable().find(|place| TOKENS.contains(place)) {
                    let message = format!("the verified notice's `{place}` can't be read");
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

    /// Checks that the notice is for this app, and that what it says twice is the same.
    fn agree(&self, apps: [&String; 2], merchants: [&String; 2]) -> Result<(), Error> {
        let is_ours = apps.iter().all(|app| **app == self.inner.client.app_id());
        if is_ours && merchants[0] == merchants[1] && !merchants[0].is_empty() {
            return Ok(());
        }
        let message = "the verified notice is for another app, or its `biz_content` names another app or merchant than its parameters";
        Err(Error::new(ErrorKind::Mismatch, message).verified())
    }
}

impl Inner {
    /// Stores the tokens of a notice, unless the store has better ones.
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
            let message = "the verified notice lacks a token";
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

    /// Marks the authorisation as cancelled, unless the merchant has authorised the app again since.
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
                // An expired token says nothing about the authorisation. The next refresh does.
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
