//! What Alipay sends: notifications to `notify_url`, parameters to `return_url`, results from the phone's Alipay app.
//!
//! Everything is verified from the raw bytes that came; a [`Verified`] is the only way to it.
//!
//! # Answering a notification
//! Verify it, [check that it is about your order](Verified::expect_order), store what it says, then answer with the body [`SUCCESS`]
//! and nothing else. Anything else is sent again, about eight times within 25 hours. It may also come twice all the same:
//! [`notify_id`](Verified::notify_id) is the key to drop repeats by. Deliver once for an order, whatever number of notifications
//! say that it is paid: `TRADE_FINISHED` is other news than `TRADE_SUCCESS`.

mod boundaries;
#[cfg(feature = "trade")]
mod expect;
mod parameters;
mod verified;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::runtime::Handle;

use self::parameters::{Parameters, Unverified};
pub use self::verified::{OtherNotification, Verified};
pub use crate::generated::notification::*;
use crate::{
    Client, Error, ErrorKind,
    client::unknown_certificate,
    method::{AppMethod, PageMethod},
    protocol::{
        answer::{AnswerError, UnverifiedAnswer},
        body::Body,
    },
    sign::Verifier,
    wire::DecodeError,
};

/// The answer that tells Alipay that a notification has arrived: these seven bytes and nothing else.
pub const SUCCESS: &str = "success";

/// Verifies what Alipay sends: from [`Client::notifications`].
#[derive(Clone, Copy, Debug)]
pub struct Notifications<'a> {
    client: &'a Client,
}

impl<'a> Notifications<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// A notification: the raw body of the POST, before any framework has decoded it. Never add parameters of the URL's query.
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
    /// A genuine notification is refused with [`ErrorKind::Verification`] too if one of its values holds `&`, the name of another
    /// parameter or of one that tells an order or an amount, and `=`. What Alipay signs does not show where such a value ends. A
    /// `passback_params` that is percent-encoded, as Alipay wants it, holds none.
    pub fn verify(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        notification(self.verified(body.as_ref())?)
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
        Ok(unread(self.verified(body.as_ref())?))
    }

    /// The same as [`receive`](Self::receive), as [`verify_parameters`](Self::verify_parameters) is to [`verify`](Self::verify).
    ///
    /// # Errors
    /// As for [`receive`](Self::receive), but for [`ErrorKind::Decode`].
    pub async fn receive_parameters(&self, body: impl AsRef<[u8]>) -> Result<Verified<OtherNotification>, Error> {
        Ok(unread(self.fetched(body.as_ref()).await?))
    }

    /// Parses, fetches the certificate that is named where it must, verifies, and only then gives the parameters out.
    async fn fetched(self, form: &[u8]) -> Result<Parameters, Error> {
        if self.client.fetches_certificates() && Handle::try_current().is_err() {
            // Always, rather than only once Alipay changes its certificate.
            let message =
                "there is no tokio runtime to fetch a certificate in: await `receive` in one, or use `verify`";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let received = self.received(form)?;
        let named = received.alipay_cert_sn();
        let verifier = match self.client.verifier(named.as_deref()) {
            Some(verifier) => verifier,
            // For whom it is, nobody has verified yet; but nothing is fetched for what is of no use even if it is genuine.
            None if received.parameters.get("app_id") != Some(self.client.app_id().as_bytes()) => {
                return Err(Error::new(
                    ErrorKind::Verification,
                    "it is for another app, or for none",
                ));
            }
            None => self.client.verifier_of_notification(&named.unwrap_or_default()).await?,
        };
        self.verified_by(received, &*verifier)
    }

    /// The query of a request to `return_url`, without the `?`: what stands in the browser's address, still percent-encoded.
    ///
    /// It proves that Alipay sent the buyer back, and nothing about payment. Parameters of your own that `return_url` had are not
    /// signed: leave them out. Nothing is fetched on account of it: where it names a certificate that is not at hand, query the
    /// order, and the answer brings that along.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_return<M: PageMethod>(&self, query: &str) -> Result<Verified<M::Response>, Error> {
        let parameters = self.verified(query.as_bytes())?;
        Verified::read_from(&parameters.values(), &parameters, |source| source.make())
    }

    /// The `result` that Alipay's SDK gives to the phone app after a payment, as the app sends it on.
    ///
    /// It proves nothing more than the app says: wait for the notification, or query.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and [`ErrorKind::Gateway`] where the result is an error.
    pub fn verify_app_result<M: AppMethod>(&self, result: &str) -> Result<Verified<M::Response>, Error> {
        let method = M::INFO.name;
        if result.len() > parameters::MAX_BODY {
            return Err(Error::new(ErrorKind::Malformed, "the result is larger than 1 MiB").with_method(method));
        }
        let refused = |error| match error {
            AnswerError::Malformed { message, .. } => Error::new(ErrorKind::Malformed, message),
            AnswerError::Unverified(message) => Error::new(ErrorKind::Verification, message),
            AnswerError::Undecided(message) => Error::new(ErrorKind::Decode, message).verified(),
        };
        let body = Body::new(result.as_bytes());
        let unverified = UnverifiedAnswer::read(&body, method).map_err(refused)?;
        let verifier = self.verifier(unverified.alipay_cert_sn())?;
        let answer = unverified.verify(&*verifier, &M::INFO.answer).map_err(refused)?;
        if !answer.verified {
            return Err(Error::new(ErrorKind::Verification, "the result has no signature").with_method(method));
        }
        if answer.is_error {
            return Err(Error::new(ErrorKind::Gateway, "the result is an error:")
                .with_method(method)
                .with_gateway(answer.gateway_error(), None, true));
        }
        let parameters = Parameters::of_members(&answer.values).map_err(undecodable)?;
        self.check_app(&parameters)?;
        Verified::read_from(&answer.values, &parameters, |source| source.make())
    }

    /// Parses, verifies, and only then gives the parameters out.
    fn verified(self, form: &[u8]) -> Result<Parameters, Error> {
        let received = self.received(form)?;
        let verifier = self.verifier(received.alipay_cert_sn().as_deref())?;
        self.verified_by(received, &*verifier)
    }

    /// Parses.
    fn received(self, form: &[u8]) -> Result<Received, Error> {
        let wrong = |message: &str| Error::new(ErrorKind::Verification, message);
        let parameters = Unverified::parse(form)?;
        let sign = parameters.sign().ok_or_else(|| wrong("it has no signature"))?;
        let named = parameters.get("sign_type").filter(|sign_type| !sign_type.is_empty());
        if named.is_some_and(|named| named != self.client.credentials().sign_type().as_str().as_bytes()) {
            // Whoever could choose the algorithm could choose the weakest.
            return Err(wrong("it names another sign type than the client's"));
        }
        let sign = BASE64_STANDARD
            .decode(sign)
            .map_err(|_| wrong("its signature is not base64"))?;
        Ok(Received { parameters, sign })
    }

    /// What verifies a signature by this certificate.
    fn verifier(self, alipay_cert_sn: Option<&str>) -> Result<Arc<dyn Verifier>, Error> {
        let verifier = self.client.verifier(alipay_cert_sn);
        verifier.ok_or_else(|| unknown_certificate(alipay_cert_sn.unwrap_or_default()))
    }

    /// Verifies, and only then gives the parameters out.
    fn verified_by(self, received: Received, verifier: &dyn Verifier) -> Result<Parameters, Error> {
        let is_named = received.alipay_cert_sn().is_some();
        let signed = received.parameters.signed(&received.sign, verifier).ok_or_else(|| {
            let message = if is_named || !self.client.fetches_certificates() {
                "its signature does not hold"
            } else {
                "its signature is by no certificate of Alipay's that is at hand, and it names none that could be fetched: it is \
                 forged, or Alipay has changed its certificate, which the answer to any call brings along"
            };
            Error::new(ErrorKind::Verification, message)
        })?;
        let parameters = signed.decode(parameters::GBK)?;
        if let Some((holder, hidden)) = boundaries::hidden(&parameters) {
            let message = format!(
                "its `{holder}` holds `&{hidden}=`: what is signed does not show where that value ends, and the parameters may have \
                 been cut up anew: query the order instead"
            );
            return Err(Error::new(ErrorKind::Verification, message));
        }
        self.check_app(&parameters)?;
        Ok(parameters)
    }

    fn check_app(self, parameters: &Parameters) -> Result<(), Error> {
        match parameters.get("app_id") {
            Some(app_id) if app_id == self.client.app_id() => Ok(()),
            other => {
                let which = if other.is_some() {
                    "another app"
                } else {
                    "no app that it names"
                };
                let message = format!("it is signed by Alipay, but for {which}");
                Err(Error::new(ErrorKind::Mismatch, message).verified())
            }
        }
    }
}

/// What came, before anyone has verified it.
struct Received {
    parameters: Unverified,
    sign: Vec<u8>,
}

impl Received {
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
fn notification(parameters: Parameters) -> Result<Verified<Notification>, Error> {
    let unread = unread(parameters);
    let known = unread.read_verified(Notification::read)?;
    known.try_map(|known| Ok(known.unwrap_or_else(|| Notification::Other(unread.into_inner()))))
}

/// The notification that the parameters are, by its name alone.
fn unread(parameters: Parameters) -> Verified<OtherNotification> {
    let named = |name| parameters.get(name).filter(|value| !value.is_empty());
    let name = named("notify_type").or_else(|| named("msg_method")).unwrap_or_default();
    Verified::new(OtherNotification::new(name), parameters)
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

fn undecodable(error: DecodeError) -> Error {
    Error::new(ErrorKind::Decode, format!("it is verified, but can't be read: {error}"))
        .verified()
        .with_source(error)
}
