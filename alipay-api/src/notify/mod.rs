//! What Alipay sends: notifications to `notify_url`, parameters to `return_url`, results from the phone's Alipay app.
//!
//! Everything is verified from the raw bytes that came; a [`Verified`] is the only way to it.
//!
//! # Answering a notification
//! Verify it, [check that it is about your order](Verified::expect_order), store what it says, then answer with the body [`SUCCESS`]
//! and nothing else. Anything else is sent again, about eight times within 25 hours. It may also come twice all the same:
//! [`notify_id`](Verified::notify_id) is the key to drop repeats by. Deliver once for an order, whatever number of notifications
//! say that it is paid: `TRADE_FINISHED` is other news than `TRADE_SUCCESS`.

mod diagnosis;
#[cfg(feature = "trade")]
mod expect;
mod parameters;
#[cfg(feature = "trade")]
mod trade_status;
mod verified;

use std::{fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use tokio::runtime::Handle;

pub use self::verified::Verified;
use self::{
    diagnosis::Subject,
    parameters::{Unverified, VerifiedParameters},
};
use crate::{
    Client, Error, ErrorKind,
    cert::unknown_certificate,
    charset::GBK,
    codec::DecodeError,
    error::Sanitized,
    method::{AppMethod, PageMethod},
    protocol::{self, ambiguity, answer::AnswerError, received::Received},
    sign::Verifier,
};
pub use crate::{generated::notification::*, types::OtherNotification};

/// The answer that tells Alipay that a notification has arrived: these seven bytes and nothing else.
pub const SUCCESS: &str = "success";

impl Client {
    /// Verifies what Alipay sends: notifications, `return_url` parameters, results from the app.
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
    /// A notification: the raw body of the POST, before any framework has decoded it. Never add parameters of the URL's query.
    ///
    /// Where only decoded parameters are at hand, encode them as a form again, in the charset that their `charset` names: the signature
    /// is over bytes. A line end behind the body and a `?` in front of it are taken away.
    ///
    /// # Errors
    /// The body is no form, names a parameter twice, is not in the charset that it names, or is larger than 1 MiB
    /// ([`ErrorKind::Malformed`]); it is in GBK, and the crate's feature `gbk` is not there ([`ErrorKind::Configuration`]); its signature is missing or wrong, or of another type than the client's
    /// ([`ErrorKind::Verification`]); it is signed with a certificate of Alipay's that is not at hand
    /// ([`ErrorKind::UnknownCertificate`], see [`receive`](Self::receive)); it is for another app ([`ErrorKind::Mismatch`]); or a
    /// field is not of its type ([`ErrorKind::Decode`]).
    ///
    /// Where it names no certificate, every one that is at hand is tried. If none made the signature, that is a wrong signature:
    /// Alipay's next certificate may have made it, but so may anyone. After any call whose answer is signed with that
    /// certificate, it is at hand.
    ///
    /// A genuine notification is refused with [`ErrorKind::Verification`] too if one of its values holds `&NAME=` where `NAME` is another
    /// of its parameters, is one that tells an order or an amount, or could stand behind that value in the order of the names. What
    /// Alipay signs does not show where such a value ends: it could have been cut up anew. The `biz_content` of a message may hold
    /// anything, as JSON shows where it ends. This library sends no request that would come back so; a `passback_params` that is
    /// percent-encoded, as Alipay wants it, never does.
    ///
    /// Where the signature does not hold, the error says the likely cause. What it says of what came, nobody has verified.
    pub fn verify(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        notification(self.verified(body.as_ref(), Subject::Notification)?)
    }

    /// The same as [`verify`](Self::verify), but in certificate mode, where Alipay may have changed to a certificate that is not at
    /// hand, this fetches it first.
    ///
    /// Anyone can send a notification and name a certificate. So one certificate is fetched [once a minute](crate::cert) at most,
    /// unless the gateway could not be reached, on account of notifications no more than five within a minute, and this waits no
    /// longer than for one attempt of a call. What names no certificate can't have one fetched.
    ///
    /// Await it in a tokio runtime with its timers and input and output enabled, also where nothing has to be fetched.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and [`ErrorKind::Configuration`] outside of a tokio runtime in certificate mode. With [`ErrorKind::UnknownCertificate`] the certificate could not be fetched, or not now:
    /// answer with anything but [`SUCCESS`], and the notification is sent again.
    pub async fn receive(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        notification(self.fetched(body.as_ref()).await?)
    }

    /// The same as [`verify`](Self::verify), but nothing is read beyond the parameters, whatever the notification is about.
    ///
    /// For notifications with types [of your own](Verified::read), and for one that is genuine and can't be read
    /// ([`ErrorKind::Decode`]): where a field is not what this version of the library expects, the order's number is there all the same.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), but for [`ErrorKind::Decode`].
    pub fn verify_parameters(&self, body: impl AsRef<[u8]>) -> Result<Verified<OtherNotification>, Error> {
        Ok(unread(self.verified(body.as_ref(), Subject::Notification)?))
    }

    /// The same as [`receive`](Self::receive), as [`verify_parameters`](Self::verify_parameters) is to [`verify`](Self::verify).
    ///
    /// # Errors
    /// As for [`receive`](Self::receive), but for [`ErrorKind::Decode`].
    pub async fn receive_parameters(&self, body: impl AsRef<[u8]>) -> Result<Verified<OtherNotification>, Error> {
        Ok(unread(self.fetched(body.as_ref()).await?))
    }

    /// Parses, fetches the certificate that is named where it must, verifies, and only then gives the parameters out.
    async fn fetched(self, form: &[u8]) -> Result<VerifiedParameters, Error> {
        if self.client.fetches_certificates() && Handle::try_current().is_err() {
            // Always, rather than only once Alipay changes its certificate.
            let message =
                "there is no tokio runtime to fetch a certificate in: await `receive` in one, or use `verify`";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let received = self.received(form, Subject::Notification)?;
        let named = received.alipay_cert_sn();
        let verifier = if let Some(verifier) = self.client.verifier(named.as_deref()) {
            verifier
        } else {
            self.check_claimed(&received.parameters)?;
            self.client.verifier_of_notification(&named.unwrap_or_default()).await?
        };
        self.verified_by(received, &*verifier)
    }

    /// The query of a request to `return_url`: what stands behind the `?` of the browser's address, still percent-encoded.
    ///
    /// It proves that Alipay sent the buyer back, and nothing about payment. Parameters of your own that `return_url` had are not
    /// signed: leave them out. Nothing is fetched on account of it: where it names a certificate that is not at hand, query the
    /// order, and the answer brings that along.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_return<M: PageMethod>(&self, query: &str) -> Result<Verified<M::Response>, Error> {
        let parameters = self.verified(query.as_bytes(), Subject::Return)?;
        Verified::read_object(&parameters.values(), &parameters)
    }

    /// The `result` that Alipay's SDK gives to the phone app after a payment, as the app sends it on.
    ///
    /// It proves nothing more than the app says: wait for the notification, or query.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and [`ErrorKind::Gateway`] where the result is an error. Nobody may have
    /// [signed](Error::is_verified) the error: then the order may have been paid all the same. An empty result, as after a payment that
    /// the buyer cancelled, is [`ErrorKind::Malformed`].
    pub fn verify_app_result<M: AppMethod>(&self, result: &str) -> Result<Verified<M::Response>, Error> {
        let method = M::INFO.name;
        let error = |kind, message: &str| Error::new(kind, message).with_method(method);
        if result.len() > parameters::MAX_BODY {
            return Err(error(ErrorKind::Malformed, "the app result is larger than 1 MiB"));
        }
        if result.trim_ascii().is_empty() {
            let message = "the app result is empty, as after a payment that the buyer cancelled: the `resultStatus` beside it says why; \
                           to be sure, query the order";
            return Err(error(ErrorKind::Malformed, message));
        }
        let refused = |refused| match refused {
            AnswerError::Malformed { .. } if result.contains("resultStatus") => {
                let message = "the app result is the whole object that Alipay's SDK gives: give its member `result` alone, as text";
                error(ErrorKind::Malformed, message)
            }
            AnswerError::Malformed { message, .. } => error(ErrorKind::Malformed, &message),
            refused @ (AnswerError::Unsigned | AnswerError::WrongSignature) => {
                error(ErrorKind::Verification, &refused.to_string())
            }
            refused @ AnswerError::Undecided { .. } => error(ErrorKind::Decode, &refused.to_string()).verified(),
        };
        let response = http::Response::new(Bytes::copy_from_slice(result.as_bytes()));
        let received = Received::new(&response);
        let unverified = protocol::DEFAULT.parse(&received, method).map_err(refused)?;
        let verifier = self.verifier(unverified.alipay_cert_sn())?;
        let answer = unverified.verify(&*verifier, &M::INFO.answer).map_err(refused)?;
        if answer.verdict.is_error {
            // Where nobody has signed it, the phone may have been told so after a payment.
            let kind = if answer.must_be_signed() {
                ErrorKind::Verification
            } else {
                ErrorKind::Gateway
            };
            return Err(error(kind, "the app result is an error:")
                .with_gateway(answer.gateway_error(), None, answer.verified)
                .with_outcome(!answer.verified || answer.verdict.claims_success(), false));
        }
        let parameters = VerifiedParameters::of_members(&answer.values);
        self.check_app("the app result", &parameters)?;
        Verified::read_object(&answer.values, &parameters)
    }

    /// Parses, verifies, and only then gives the parameters out.
    fn verified(self, form: &[u8], subject: Subject) -> Result<VerifiedParameters, Error> {
        let received = self.received(form, subject)?;
        let named = received.alipay_cert_sn();
        let verifier = self.verifier(named.as_deref()).or_else(|unknown| {
            self.check_claimed(&received.parameters)?;
            Err(unknown)
        })?;
        self.verified_by(received, &*verifier)
    }

    /// Parses.
    fn received(self, form: &[u8], subject: Subject) -> Result<Incoming<'_>, Error> {
        // A form encodes both: so they belong to the address, or to what has passed it on.
        let mut form = form.strip_prefix(b"?").unwrap_or(form);
        while let [before @ .., b'\r' | b'\n'] = form {
            form = before;
        }
        let parameters = Unverified::parse(form, subject)?;
        let sign = parameters.sign();
        let sign = sign.ok_or_else(|| subject.error(ErrorKind::Verification, "has no signature: `sign` is missing"))?;
        let expected = self.client.sign_type().as_str();
        let named = parameters.get("sign_type").filter(|sign_type| !sign_type.is_empty());
        if let Some(named) = named.filter(|named| *named != expected.as_bytes()) {
            // Whoever could choose the algorithm could choose the weakest.
            let message = format!(
                "has the sign type `{}`, and the client's is `{expected}`: it is another app's, or forged",
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
            let message = format!("{subject}'s {ambiguity}. It may have been cut up anew: query the order instead");
            return Err(Error::new(ErrorKind::Verification, message));
        }
        self.check_app(subject, &parameters)?;
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
            None if is_named => subject.unsigned("does not hold: it is forged or was changed on the way"),
            None => subject.unsigned(
                "is by no certificate of Alipay's that is at hand, and it names none that could be fetched: it is forged, or Alipay has \
                 changed its certificate, which the answer to any call brings along",
            ),
        }
    }

    /// Refuses what says itself that it is of no use to this client, though nobody has verified that.
    fn check_claimed(self, parameters: &Unverified) -> Result<(), Error> {
        let claimed = parameters.get("app_id").map(String::from_utf8_lossy);
        match diagnosis::of_apps(parameters.subject(), claimed.as_deref(), self.client.app_id()) {
            None => Ok(()),
            Some(what) => Err(Error::new(
                ErrorKind::Verification,
                format!("{what} (nobody has verified what it says)"),
            )),
        }
    }

    fn check_app(self, subject: impl fmt::Display, parameters: &VerifiedParameters) -> Result<(), Error> {
        match diagnosis::of_apps(subject, parameters.get("app_id"), self.client.app_id()) {
            None => Ok(()),
            Some(what) => Err(Error::new(ErrorKind::Mismatch, format!("{what} (Alipay has signed it)")).verified()),
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

/// Reads the notification that the parameters are.
fn notification(parameters: VerifiedParameters) -> Result<Verified<Notification>, Error> {
    let unread = unread(parameters);
    let known = unread.read_verified(Notification::read)?;
    known.try_map(|known| Ok(known.unwrap_or_else(|| Notification::Other(unread.into_inner()))))
}

/// The notification that the parameters are, by its name alone.
fn unread(parameters: VerifiedParameters) -> Verified<OtherNotification> {
    let named = |name| parameters.get(name).filter(|value| !value.is_empty());
    let name = named("notify_type").or_else(|| named("msg_method")).unwrap_or_default();
    Verified::new(OtherNotification::new(name), parameters)
}

fn undecodable(error: DecodeError) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("what Alipay sent is verified, but can't be read: {error}"),
    )
    .verified()
    .with_source(error)
}
