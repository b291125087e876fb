//! What Alipay sends: notifications to `notify_url`, parameters to `return_url`, results from the phone's Alipay app.
//!
//! Everything is verified from the raw bytes that came; a [`Verified`] is the only way to it.
//!
//! # Answering a notification
//! Verify it, [check that it is about your order](Verified::expect_order), store what it says, then answer with the body [`SUCCESS`]
//! and nothing else. Anything else is sent again, about eight times within 25 hours. It may also come twice all the same:
//! [`notify_id`](Verified::notify_id) is the key to drop repeats by.

mod expect;
mod parameters;
mod verified;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use self::parameters::{Parameters, Unverified};
pub use self::verified::{OtherNotification, Verified};
pub use crate::generated::notification::*;
use crate::{
    Client, Error, ErrorKind,
    method::{AppMethod, PageMethod},
    protocol::answer::{Answer, AnswerError, PROTOCOL_MEMBERS},
    wire::{DecodeError, Object as _, fill_members},
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
    /// ([`ErrorKind::Malformed`]); its signature is missing or wrong, or of another type than the client's
    /// ([`ErrorKind::Verification`]); it is for another app ([`ErrorKind::Mismatch`]); or a field is not of its type
    /// ([`ErrorKind::Decode`]).
    pub fn verify(&self, body: impl AsRef<[u8]>) -> Result<Verified<Notification>, Error> {
        let parameters = self.verified(body.as_ref())?;
        let named = |name| parameters.get(name).filter(|value| !value.is_empty());
        let name = named("notify_type").or_else(|| named("msg_method")).unwrap_or_default();
        let notification = match Notification::read(name, &mut |object| parameters.fill(object)) {
            Some(read) => read.map_err(unreadable)?,
            None => Notification::Other(OtherNotification::new(name)),
        };
        Ok(Verified::new(notification, parameters))
    }

    /// The query of a request to `return_url`, without the `?`: what stands in the browser's address, still percent-encoded.
    ///
    /// It proves that Alipay sent the buyer back, and nothing about payment. Parameters of your own that `return_url` had are not
    /// signed: leave them out.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_return<M: PageMethod>(&self, query: &str) -> Result<Verified<M::Response>, Error> {
        let parameters = self.verified(query.as_bytes())?;
        let mut response = M::Response::blank();
        parameters.fill(&mut response).map_err(unreadable)?;
        Ok(Verified::new(response, parameters))
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
        let credentials = self.client.credentials();
        let answer =
            Answer::read(result.as_bytes(), method, M::INFO.pending, credentials).map_err(|error| match error {
                AnswerError::Malformed(message) => Error::new(ErrorKind::Malformed, message),
                AnswerError::Unverified(message) => Error::new(ErrorKind::Verification, message),
            })?;
        if !answer.verified {
            return Err(Error::new(ErrorKind::Verification, "the result has no signature").with_method(method));
        }
        if answer.is_error {
            return Err(Error::new(ErrorKind::Gateway, "the result is an error:")
                .with_method(method)
                .with_gateway(answer.gateway_error(), None, true));
        }
        let mut response = M::Response::blank();
        fill_members(&mut response, &answer.members, 1, PROTOCOL_MEMBERS).map_err(unreadable)?;
        let parameters = Parameters::of_members(&answer.members).map_err(unreadable)?;
        self.check_app(&parameters)?;
        Ok(Verified::new(response, parameters))
    }

    /// Parses, verifies, and only then gives the parameters out.
    fn verified(self, form: &[u8]) -> Result<Parameters, Error> {
        let malformed = |message: String| Error::new(ErrorKind::Malformed, message);
        let wrong = |message: &str| Error::new(ErrorKind::Verification, message);
        let credentials = self.client.credentials();
        let verifier = &*credentials.verifier;
        let unverified = Unverified::parse(form).map_err(malformed)?;
        let sign = unverified.sign().ok_or_else(|| wrong("it has no signature"))?;
        let named = unverified.get("sign_type").filter(|sign_type| !sign_type.is_empty());
        if named.is_some_and(|named| named != verifier.sign_type().as_str().as_bytes()) {
            // Whoever could choose the algorithm could choose the weakest.
            return Err(wrong("it names another sign type than the client's"));
        }
        let certificate = unverified.get("alipay_cert_sn").filter(|serial| !serial.is_empty());
        if !credentials.trust(certificate.map(String::from_utf8_lossy).as_deref()) {
            return Err(wrong("it is signed with a certificate of Alipay's that is not at hand"));
        }
        let sign = BASE64_STANDARD
            .decode(sign)
            .map_err(|_| wrong("its signature is not base64"))?;
        let signed = unverified
            .signed(&sign, verifier)
            .ok_or_else(|| wrong("its signature does not hold"))?;
        let parameters = signed.decode().map_err(malformed)?;
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

fn unreadable(error: DecodeError) -> Error {
    Error::new(ErrorKind::Decode, format!("it is verified, but can't be read: {error}"))
        .verified()
        .with_source(error)
}
