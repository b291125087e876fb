//! What Alipay sends to you: notifications to `notify_url` and to the app's gateway address, calls of `spi.…` methods, parameters to
//! `return_url`, results of the Alipay app on the phone.
//!
//! This module has all of it: [`Client::notifications`] verifies, from the raw bytes that came, and gives a [`Verified`]; the types of the
//! notifications, such as [`TradeStatusSync`], are here too. The [guide](crate::guide::notifications) has a whole handler.
//!
//! | what came | verify it with | gives |
//! |---|---|---|
//! | a POST to `notify_url` or to the app's gateway address | [`receive`](Notifications::receive), or [`verify`](Notifications::verify) outside of async code | a [`Notification`] |
//! | the same, to be read as a type of your own | [`receive_parameters`](Notifications::receive_parameters), [`verify_parameters`](Notifications::verify_parameters) | [`OtherNotification`] |
//! | a call of a `spi.…` method, which wants a signed answer | [`receive_call`](Notifications::receive_call), [`verify_call`](Notifications::verify_call) | an [`IncomingCall`] |
//! | a browser at `return_url` | [`verify_return`](Notifications::verify_return) | a [`ReturnQuery`] |
//! | the result that a phone app got from Alipay's SDK | [`verify_app_result`](Notifications::verify_app_result) | the method's response |
//!
//! # Answering a notification
//! Verify it, [check that it is about your order](Verified::expect_order), store [what it tells](TradeStatusSync::event), then answer with
//! the body [`SUCCESS`] and nothing else. Alipay sends it again after any other answer, about eight times within 25 hours, and may send it
//! twice after `success` too. [`notify_id`](Verified::notify_id) is the same in all repeats of one notification. It is no key to deliver by:
//! the notification that an order is paid and the one that it is finished have different ids. So deliver once for each order.
//!
//! Where a notification is refused, [`response_status`] says which HTTP status to answer with.

mod app;
mod app_result;
mod diagnosis;
mod encrypted;
#[cfg(feature = "trade")]
mod event;
#[cfg(feature = "trade")]
mod expect;
mod gateway_check;
mod incoming_call;
mod parameters;
mod reply_signature;
mod return_query;
#[cfg(feature = "serde")]
mod serialize;
mod status;
#[cfg(feature = "trade")]
mod trade_status;
mod verified;
mod xml;

use std::{fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::runtime::Handle;

#[cfg(feature = "trade")]
pub use self::event::{RefundEvent, TradeEvent};
pub use self::{
    app::claimed_app_id,
    gateway_check::{GATEWAY_CHECK, GATEWAY_CHECK_CONTENT_TYPE},
    incoming_call::{CALL_REPLY_CONTENT_TYPE, IncomingCall},
    return_query::ReturnQuery,
    status::response_status,
    verified::Verified,
};
use self::{
    diagnosis::Subject,
    parameters::{Unverified, VerifiedParameters},
};
#[cfg(any(feature = "actix", feature = "axum"))]
pub(crate) use self::{incoming_call::CallRefusal, parameters::MAX_BODY};
use crate::{
    Client, Error, ErrorKind, cert::unknown_certificate, charset::GBK, codec::DecodeError, error::Sanitized, metrics,
    protocol::ambiguity, sign::Verifier,
};
pub use crate::{
    generated::notification::*,
    types::{NotificationType, OtherNotification},
};

/// The body that tells Alipay that a notification has arrived: these seven bytes and nothing else.
pub const SUCCESS: &str = "success";

impl Client {
    /// Verifies what Alipay sends: notifications, parameters to `return_url`, results of the Alipay app.
    pub fn notifications(&self) -> Notifications<'_> {
        Notifications { client: self }
    }
}

/// Verifies what Alipay sends: from [`Client::notifications`].
#[derive(Clone, Copy, Debug)]
pub struct Notifications<'a> {
    client: &'a Client,
}

impl Notifications<'_> {
    /// Verifies a notification: the raw body of the POST, before any framework has decoded it. Never add parameters of the URL's query.
    ///
    /// Where a framework hands out only decoded parameters, encode them as a form again, in the charset that their `charset` names: the
    /// signature is over bytes. A line end behind the body and a `?` in front of it are ignored.
    ///
    /// # Errors
    /// * [`ErrorKind::Malformed`]: the body is not a form, names a parameter twice, is not in the charset that it names, or is larger than
    ///   1 MiB.
    /// * [`ErrorKind::Verification`]: the signature is missing or wrong, or of another type than the client's; or a value is ambiguous, see
    ///   below.
    /// * [`ErrorKind::UnknownCertificate`]: it is signed with a certificate of Alipay's that the client does not have; see
    ///   [`receive`](Self::receive).
    /// * [`ErrorKind::Mismatch`]: it is for another app.
    /// * [`ErrorKind::Decode`]: it is verified, and its parameters can't be read as what its name says, or its `biz_content` is encrypted with
    ///   another key than the client's. One field that can't be read is no error.
    /// * [`ErrorKind::Configuration`]: it is in GBK, and the crate's feature `gbk` is off; or it is encrypted, and the client has no
    ///   `encryption_key`.
    ///
    /// If the notification names no certificate, the client tries every certificate that it has. If none verifies the signature, the error is
    /// [`ErrorKind::Verification`]: the notification is forged, or signed with Alipay's next certificate. The client has that
    /// certificate after a call whose answer is signed with it.
    ///
    /// Where the signature does not hold, the error says the likely cause. Nobody has verified what it quotes.
    ///
    /// # What is signed
    /// The signature covers all parameters but `sign` and, for most notifications, `sign_type`. Where it is proven whether a notification's signature
    /// covers `sign_type`, the library refuses one that is signed the other way; otherwise it tries both.
    ///
    /// # Ambiguous values
    /// Alipay signs the parameters as `a=1&b=2` without escaping the values. So a value that contains `&NAME=` looks like another
    /// parameter `NAME`, and an attacker could move text from one parameter to another under the same signature. The library therefore refuses a
    /// notification, even a genuine one, if a value contains `&NAME=` and `NAME` is another parameter of it, is a parameter with an order number or
    /// an amount, or would be the next parameter in alphabetical order. (`biz_content` of a message may contain anything: it is JSON.) The library
    /// sends no request that would cause such a notification. A percent-encoded `passback_params`, as Alipay wants it, is always accepted.
    pub fn verify(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        let parameters = self.verified(body.as_ref(), Subject::Notification);
        counted(parameters.and_then(|parameters| self.notification(parameters)))
    }

    /// Verifies a notification as [`verify`](Self::verify) does, and fetches Alipay's certificate where the client does not have the one that
    /// the notification names: in certificate mode, after Alipay has changed its certificate.
    ///
    /// Anyone can send a notification that names a certificate. So the client fetches one certificate
    /// [once a minute](crate::cert) at most, unless the gateway could not be reached; no more than five within a minute because of
    /// notifications; and this waits no longer than for one attempt of a call. Nothing is fetched for a notification that names none.
    ///
    /// Await it in a tokio runtime whose timers and IO are enabled, also where nothing has to be fetched.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and [`ErrorKind::Configuration`] outside of a tokio runtime in certificate mode. With
    /// [`ErrorKind::UnknownCertificate`] the certificate could not be fetched, or not now: answer with anything but [`SUCCESS`], and Alipay
    /// sends the notification again.
    pub async fn receive(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        let parameters = self.fetched(body.as_ref(), Subject::Notification).await;
        counted(parameters.and_then(|parameters| self.notification(parameters)))
    }

    /// Verifies a notification as [`verify`](Self::verify) does, and reads nothing but its parameters.
    ///
    /// For notifications with types [of your own](Verified::read), and for one that is genuine and can't be read
    /// ([`ErrorKind::Decode`]): the order's number is there all the same. An encrypted `biz_content` that can't be decrypted is given as it came.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), but for [`ErrorKind::Decode`] and for what can't be decrypted.
    pub fn verify_parameters(&self, body: impl AsRef<[u8]>) -> Result<Verified<OtherNotification>, Error> {
        let parameters = counted(self.verified(body.as_ref(), Subject::Notification));
        Ok(self.unread(parameters?))
    }

    /// Verifies a notification as [`receive`](Self::receive) does, and reads nothing but its parameters, as
    /// [`verify_parameters`](Self::verify_parameters) does.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive), but for [`ErrorKind::Decode`].
    pub async fn receive_parameters(&self, body: impl AsRef<[u8]>) -> Result<Verified<OtherNotification>, Error> {
        let parameters = counted(self.fetched(body.as_ref(), Subject::Notification).await);
        Ok(self.unread(parameters?))
    }

    /// Reads the notification that the parameters are.
    fn notification(self, parameters: VerifiedParameters) -> Result<Verified<Notification>, Error> {
        let decrypted = encrypted::decrypted(&parameters, self.client.encryption_key())?;
        let unread = unread(decrypted.unwrap_or(parameters));
        let known = unread.read_verified(Notification::read)?;
        known.try_map(|known| Ok(known.unwrap_or_else(|| Notification::Other(unread.into_inner()))))
    }

    /// The notification that the parameters are, by its name alone.
    fn unread(self, parameters: VerifiedParameters) -> Verified<OtherNotification> {
        let decrypted = encrypted::decrypted(&parameters, self.client.encryption_key());
        unread(decrypted.ok().flatten().unwrap_or(parameters))
    }

    /// Parses, fetches the certificate that is named where it must, verifies, and only then gives the parameters out.
    async fn fetched(self, body: &[u8], subject: Subject) -> Result<VerifiedParameters, Error> {
        if self.client.fetches_certificates() && Handle::try_current().is_err() {
            // Always, rather than only once Alipay changes its certificate.
            return Err(subject.no_runtime());
        }
        let received = self.received(body, subject)?;
        let named = received.alipay_cert_sn();
        let verifier = if let Some(verifier) = self.client.verifier(named.as_deref()) {
            verifier
        } else {
            self.check_claimed(&received.parameters)?;
            self.client.verifier_of_notification(&named.unwrap_or_default()).await?
        };
        self.verified_by(received, &*verifier)
    }

    /// Parses, verifies, and only then gives the parameters out.
    fn verified(self, body: &[u8], subject: Subject) -> Result<VerifiedParameters, Error> {
        let received = self.received(body, subject)?;
        let named = received.alipay_cert_sn();
        let verifier = self.verifier(named.as_deref()).or_else(|unknown| {
            self.check_claimed(&received.parameters)?;
            Err(unknown)
        })?;
        self.verified_by(received, &*verifier)
    }

    /// Parses.
    fn received(self, body: &[u8], subject: Subject) -> Result<Incoming<'_>, Error> {
        let form = parameters::form_of(body);
        let parameters = Unverified::parse(form, subject)?;
        check_kind(&parameters)?;
        let sign = parameters.sign();
        let sign = sign.ok_or_else(|| subject.error(ErrorKind::Verification, "has no signature: `sign` is missing"))?;
        let expected = self.client.sign_type().as_str();
        let named = parameters.get("sign_type").filter(|sign_type| !sign_type.is_empty());
        if let Some(named) = named.filter(|named| *named != expected.as_bytes()) {
            // Whoever could choose the algorithm could choose the weakest.
            let message = format!(
                "has the sign type `{}`, and the client's is `{expected}`: the signature is forged, or another app's",
                Sanitized(&String::from_utf8_lossy(named))
            );
            return Err(subject.error(ErrorKind::Verification, message));
        }
        let sign = BASE64_STANDARD
            .decode(sign)
            .map_err(|_| subject.unsigned("is not base64: it was changed on the way"))?;
        Ok(Incoming { form, parameters, sign })
    }

    /// What verifies a signature by this certificate.
    fn verifier(self, alipay_cert_sn: Option<&str>) -> Result<Arc<dyn Verifier>, Error> {
        let verifier = self.client.verifier(alipay_cert_sn);
        verifier.ok_or_else(|| unknown_certificate(alipay_cert_sn.unwrap_or_default()))
    }

    /// Verifies, and only then gives the parameters out.
    fn verified_by(self, received: Incoming<'_>, verifier: &dyn Verifier) -> Result<VerifiedParameters, Error> {
        let Incoming { form, parameters, sign } = received;
        let subject = parameters.subject();
        let signed = match parameters.signed(&sign, verifier) {
            Ok(signed) => signed,
            Err(parameters) => return Err(self.unsigned(form, &parameters, &sign, verifier)),
        };
        let parameters = signed.decode(GBK)?;
        if let Some(ambiguity) = ambiguity::of_parameters(parameters.iter()) {
            let message = format!(
                "{subject}'s {ambiguity}, so an attacker may have moved text between parameters: {}",
                subject.way_out()
            );
            return Err(Error::new(ErrorKind::Verification, message));
        }
        if subject != Subject::Call {
            self.check_app(subject, &parameters)?;
        }
        Ok(parameters)
    }

    /// What to say where the signature does not hold.
    fn unsigned(self, form: &[u8], parameters: &Unverified, sign: &[u8], verifier: &dyn Verifier) -> Error {
        let subject = parameters.subject();
        if let Err(error) = self.check_claimed(parameters) {
            return error;
        }
        let is_by_certificate = self.client.fetches_certificates();
        let is_named = parameters
            .get("alipay_cert_sn")
            .is_some_and(|serial| !serial.is_empty());
        match diagnosis::of_signature(form, parameters, sign, verifier, !is_by_certificate) {
            Some(cause) => subject.unsigned(format_args!("does not hold: {cause}")),
            None if is_named => {
                subject.unsigned(format_args!("does not hold: {subject} is forged or was changed on the way"))
            }
            None => subject.unsigned(format_args!(
                "holds for none of the Alipay certificates that the client has, and {subject} names none to fetch: {subject} is forged, or \
                 Alipay has changed its certificate; then the client has the new one after its next call",
            )),
        }
    }

    /// Refuses what says itself that it is for another app, though nobody has verified that.
    fn check_claimed(self, parameters: &Unverified) -> Result<(), Error> {
        if parameters.subject() == Subject::Call {
            // It need not name the app that it is for.
            return Ok(());
        }
        let claimed = app::of_claims(parameters);
        match diagnosis::of_apps(parameters.subject(), claimed.as_deref(), self.client.app_id()) {
            None => Ok(()),
            Some(what) => {
                let message = format!("{what} (nobody has verified which app is named)");
                Err(Error::new(ErrorKind::Verification, message))
            }
        }
    }

    fn check_app(self, subject: impl fmt::Display, parameters: &VerifiedParameters) -> Result<(), Error> {
        let signed = app::of_verified(parameters);
        match diagnosis::of_apps(subject, signed.as_deref(), self.client.app_id()) {
            None => Ok(()),
            Some(what) => Err(verified::mismatch(format!("{what} (Alipay has signed it)"))),
        }
    }
}

/// What came, before anyone has verified it.
struct Incoming<'a> {
    form: &'a [u8],
    parameters: Unverified,
    sign: Vec<u8>,
}

impl Incoming<'_> {
    /// The certificate that signed it, where it names one.
    fn alipay_cert_sn(&self) -> Option<String> {
        let serial = self
            .parameters
            .get("alipay_cert_sn")
            .filter(|serial| !serial.is_empty())?;
        Some(String::from_utf8_lossy(serial).into_owned())
    }
}

/// Refuses a call where a notification or a return query is wanted, and the reverse: one key signs them all.
fn check_kind(parameters: &Unverified) -> Result<(), Error> {
    let subject = parameters.subject();
    match (subject, parameters.is_call()) {
        (Subject::Call, true) | (Subject::Notification | Subject::Return, false) => Ok(()),
        (Subject::Call, false) => Err(subject.malformed(
            "is none: a call has `method` and `utc_timestamp`, and no `notify_type`, `notify_id` or `msg_method`",
        )),
        (_, true) => Err(subject.malformed(
            "is none, but a call, for it has `method` and `utc_timestamp`: verify it by `receive_call`, at an address of its own",
        )),
    }
}

/// The verdict on a notification, which is counted.
fn counted<T>(verdict: Result<T, Error>) -> Result<T, Error> {
    metrics::notification_verified(verdict.as_ref().err().map(Error::kind));
    verdict
}

/// The notification that the parameters are, by its name alone.
fn unread(parameters: VerifiedParameters) -> Verified<OtherNotification> {
    Verified::new(OtherNotification::new(parameters.name()), parameters)
}

fn undecodable(error: DecodeError) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("what Alipay sent is verified, but can't be read: {error}"),
    )
    .verified()
    .with_source(error)
}
