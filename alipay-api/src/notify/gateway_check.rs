//! The answer to the platform's check of an app's gateway address.
//!
//! What is signed is the text inside `<response>`. In public-key mode the app's public key stands there too, in certificate mode the
//! certificate's serial stands beside it.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{Notification, Notifications, Verified, reply_signature, verified, xml};
use crate::{Error, ErrorKind, error::Sanitized, sign::PublicKey};

/// The [name](Notification::name) of a gateway check.
///
/// When you set an app's gateway address (应用网关) on the open platform, and have the platform verify it, Alipay posts this to the address.
/// Answer it with [`Notifications::gateway_check_reply`].
pub const GATEWAY_CHECK: &str = "alipay.service.check";

/// The `Content-Type` of the answer to a [gateway check](GATEWAY_CHECK).
pub const GATEWAY_CHECK_CONTENT_TYPE: &str = "text/xml;charset=GBK";

/// What Alipay sends when it checks a gateway address.
const EVENT: &str = "verifygw";

impl Notifications<'_> {
    /// The body of the answer to a [gateway check](GATEWAY_CHECK): XML, signed by the client. Send it with the status 200 and
    /// [`GATEWAY_CHECK_CONTENT_TYPE`]. `None` for every other notification, which is answered with [`SUCCESS`](super::SUCCESS).
    ///
    /// ```no_run
    /// # async fn example(client: alipay_api::Client, body: &[u8]) -> Result<String, alipay_api::Error> {
    /// let notification = client.notifications().receive(body).await?;
    /// if let Some(reply) = client.notifications().gateway_check_reply(&notification).await? {
    ///     return Ok(reply); // with the content type GATEWAY_CHECK_CONTENT_TYPE
    /// }
    /// # Ok(String::new())
    /// # }
    /// ```
    ///
    /// In public-key mode the answer holds the app's public key. Where the client has a [signer of your own](crate::Credentials::custom), it
    /// does not know that key: use [`gateway_check_reply_with_key`](Self::gateway_check_reply_with_key). In certificate mode the answer
    /// names the app's certificate.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`]: it checks something else than a gateway address, or another app's. [`ErrorKind::Configuration`]: the app's
    /// public key is not known, or there is no tokio runtime. [`ErrorKind::Signing`]: the signer fails. [`ErrorKind::Timeout`]: it gives no
    /// signature within the client's [limit of one attempt](crate::ClientBuilder::attempt_timeout).
    pub async fn gateway_check_reply(&self, notification: &Verified<Notification>) -> Result<Option<String>, Error> {
        self.reply(notification, None).await
    }

    /// The same as [`gateway_check_reply`](Self::gateway_check_reply), with the app's public key (应用公钥), which you uploaded to the open
    /// platform: for a client with a signer of your own.
    ///
    /// # Errors
    /// As for [`gateway_check_reply`](Self::gateway_check_reply), and [`ErrorKind::Configuration`]: the signer has another key.
    pub async fn gateway_check_reply_with_key(
        &self,
        notification: &Verified<Notification>,
        app_public_key: &PublicKey,
    ) -> Result<Option<String>, Error> {
        self.reply(notification, Some(app_public_key.clone())).await
    }

    async fn reply(
        self,
        notification: &Verified<Notification>,
        given_key: Option<PublicKey>,
    ) -> Result<Option<String>, Error> {
        if notification.name() != GATEWAY_CHECK {
            return Ok(None);
        }
        self.check_event(notification)?;
        let credentials = self.client.credentials();
        let app_public_key = given_key.or_else(|| credentials.app_public_key());
        let certificates = credentials.certificates.as_ref();
        // What the answer says of the app's key: with a certificate, its serial is enough.
        let (key, serial) = match (certificates, &app_public_key) {
            (Some(certificates), _) => {
                let serial = certificates.app_cert_sn();
                (String::new(), format!("<app_cert_sn>{serial}</app_cert_sn>"))
            }
            (None, Some(key)) => (format!("<biz_content>{}</biz_content>", base64_of(key)?), String::new()),
            (None, None) => {
                let message = "the app's public key is not known, as the client has a signer of its own: give the key, by \
                               `gateway_check_reply_with_key`";
                return Err(Error::new(ErrorKind::Configuration, message));
            }
        };
        // ASCII alone, so that it is the same in GBK.
        let response = format!("{key}<success>true</success>");
        let signature =
            reply_signature::of_app(self.client, &credentials, &response, "the answer to the gateway check").await?;
        let sign_type = credentials.sign_type();
        let is_by = |key: &PublicKey| {
            let verifier = key.verifier(sign_type);
            verifier.is_ok_and(|verifier| verifier.verify(response.as_bytes(), &signature).is_ok())
        };
        if let Some(false) = app_public_key.as_ref().map(is_by) {
            let message = "the signer's signature does not hold by the app's public key that was given: the two don't belong together";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let signature = BASE64_STANDARD.encode(signature);
        Ok(Some(format!(
            "<?xml version=\"1.0\" encoding=\"GBK\"?><alipay><response>{response}</response>{serial}<sign>{signature}</sign>\
             <sign_type>{sign_type}</sign_type></alipay>"
        )))
    }

    /// Refuses what is no check of this app's gateway address.
    fn check_event(self, check: &Verified<Notification>) -> Result<(), Error> {
        let event = check
            .parameter("biz_content")
            .and_then(|content| xml::text_of(content, "EventType"));
        if event.as_deref() != Some(EVENT) {
            let message = format!(
                "the gateway check is verified, but its event is `{}`, not `{EVENT}`",
                Sanitized(&event.unwrap_or_default())
            );
            return Err(verified::mismatch(message));
        }
        self.check_app("the gateway check", check.all_parameters())
    }
}

fn base64_of(key: &PublicKey) -> Result<String, Error> {
    key.to_base64().map_err(|error| {
        let message = "the app's public key can't be written";
        Error::new(ErrorKind::Configuration, message).with_source(error)
    })
}
