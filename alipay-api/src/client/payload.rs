//! What a mini program gets from Alipay for the merchant's server.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{Client, RawResponse};
use crate::{
    Error, ErrorClass, ErrorKind,
    codec::Values,
    encryption::{EncryptType, GIVE_KEY, Plaintext},
    error::{GatewayError, Sanitized},
    exchange::RefusalClass,
    protocol::{self, WRONG_ALIPAY_KEY},
    sign::BadSignature,
};

/// The code of a gateway that is overloaded: nothing was to be done but to ask.
const UNAVAILABLE: &str = "20000";

/// Alipay sends no larger one.
const MAX_PAYLOAD: usize = 1024 * 1024;

impl Client {
    /// Verifies and decrypts what a mini program gets from `my.getPhoneNumber` or `my.getRunData`: the text of its `res.response`, as the mini
    /// program sends it on to your server.
    ///
    /// ```
    /// # fn example(client: alipay_api::Client, response: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let phone = client.decrypt_payload(response)?.get::<String>("mobile")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is JSON such as `{"response":"…","sign":"…"}`, of which `response` is encrypted and signed. It says neither which user it is about
    /// nor when it was made, so the mini program can send one that it got earlier, or elsewhere.
    ///
    /// Alipay signs it only if the app has its keys, its AES key and its gateway address set on the open platform. What is not signed is
    /// refused here, though Alipay's examples take it: anyone could have made it.
    ///
    /// Needs the feature `encryption`.
    ///
    /// # Errors
    /// * [`ErrorKind::Malformed`]: it is not such JSON, is in another charset than UTF-8, or is larger than 1 MiB.
    /// * [`ErrorKind::Verification`]: the signature is missing or wrong, or of another type than the client's.
    /// * [`ErrorKind::Gateway`]: Alipay says why there is nothing, such as `isv.missing-encrypt-key`: the app has no AES key. See
    ///   [`Error::is_verified`] for whether that is signed.
    /// * [`ErrorKind::Configuration`]: the client has no [`encryption_key`](crate::ClientBuilder::encryption_key).
    /// * [`ErrorKind::Decode`]: it is signed, and encrypted with another key than the client's, or says nothing of its success.
    pub fn decrypt_payload(&self, payload: impl AsRef<[u8]>) -> Result<RawResponse, Error> {
        let payload = Payload::parse(payload.as_ref())?;
        payload.check_types(self)?;
        let is_signed = self.verify(&payload)?;
        let plain = match &payload.content {
            Content::Encrypted(ciphertext) if is_signed => Some(payload.decrypted(ciphertext, self)?),
            Content::Encrypted(_) => return Err(unsigned()),
            Content::Plain(_) => None,
        };
        let text = match (&plain, &payload.content) {
            (Some(plain), _) => plain.text().map_err(|error| undecryptable().with_source(error))?,
            (None, Content::Plain(text) | Content::Encrypted(text)) => text,
        };
        let values = match Values::parse(text, 1) {
            Ok(values) => values,
            Err(_) if plain.is_some() => return Err(undecryptable()),
            Err(error) => return Err(malformed(&format!("has a `response` that can't be read: {error}"))),
        };
        judge(&values, is_signed)
            .map_err(|error| match error.kind() {
                ErrorKind::Decode => error.with_verified_content(text),
                _ => error,
            })
            .map(|()| RawResponse::new(text, protocol::DEFAULT.own_members(), &[]))
    }

    /// Checks the signature, if there is one.
    fn verify(&self, payload: &Payload<'_>) -> Result<bool, Error> {
        let Some(sign) = &payload.sign else {
            return Ok(false);
        };
        let wrong = || {
            let error =
                Error::new(ErrorKind::Verification, "the payload's signature does not hold").with_source(BadSignature);
            error.with_hint(&format!(
                "the payload is forged or was changed on the way, or {WRONG_ALIPAY_KEY}"
            ))
        };
        let sign = BASE64_STANDARD.decode(&**sign).map_err(|_| wrong())?;
        // Alipay signs a ciphertext with quotes around it, as in an answer.
        let message = match &payload.content {
            Content::Encrypted(ciphertext) => Cow::Owned(format!("\"{ciphertext}\"")),
            Content::Plain(text) => Cow::Borrowed(&**text),
        };
        // It names no certificate.
        let verifier = self.verifier(None).ok_or_else(wrong)?;
        verifier.verify(message.as_bytes(), &sign).map_err(|_| wrong())?;
        Ok(true)
    }
}

/// What a mini program sends on, taken apart. Nothing of it is verified.
struct Payload<'a> {
    content: Content<'a>,
    sign: Option<Cow<'a, str>>,
    sign_type: Option<Cow<'a, str>>,
    encrypt_type: Option<Cow<'a, str>>,
}

/// The `response`.
enum Content<'a> {
    Encrypted(Cow<'a, str>),
    /// JSON.
    Plain(Cow<'a, str>),
}

impl<'a> Payload<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        if payload.len() > MAX_PAYLOAD {
            return Err(malformed("is larger than 1 MiB"));
        }
        let payload = std::str::from_utf8(payload).map_err(|_| malformed("is not UTF-8"))?;
        let unread = |error| malformed(&format!("can't be read: {error}"));
        let values = Values::parse(payload, 0).map_err(unread)?;
        let member = |name| {
            let text = values.get(name).map(|value| value.text()).transpose().map_err(unread)?;
            Ok::<_, Error>(text.flatten().filter(|text| !text.is_empty()))
        };
        let response = values.get("response").ok_or_else(|| {
            malformed("has no member `response`: give the text that the mini program got as `res.response`")
        })?;
        let text = response.text().map_err(unread)?.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| malformed("has an empty `response`"))?;
        // A string of JSON, or JSON itself.
        let content = if text.trim_start().starts_with('{') {
            Content::Plain(text)
        } else {
            Content::Encrypted(text)
        };
        if let Some(charset) = member("charset")?
            && !charset.eq_ignore_ascii_case("utf-8")
            && !charset.eq_ignore_ascii_case("utf8")
        {
            return Err(malformed(
                "is in another charset than UTF-8, which the library does not read",
            ));
        }
        Ok(Self {
            content,
            sign: member("sign")?,
            sign_type: member("sign_type")?,
            encrypt_type: member("encrypt_type")?,
        })
    }

    /// Whoever could choose the algorithm could choose the weakest.
    fn check_types(&self, client: &Client) -> Result<(), Error> {
        let expected = client.sign_type().as_str();
        match &self.sign_type {
            Some(named) if named != expected => {
                let message = format!(
                    "the payload has the sign type `{}`, and the client's is `{expected}`: the signature is forged, or another app's",
                    Sanitized(named)
                );
                Err(Error::new(ErrorKind::Verification, message))
            }
            _ => Ok(()),
        }
    }

    /// Decrypts what is verified.
    fn decrypted(&self, ciphertext: &str, client: &Client) -> Result<Plaintext, Error> {
        let key = client.encryption_key().ok_or_else(|| {
            let message = format!("the payload is encrypted, and the client has no AES key: {GIVE_KEY}");
            Error::new(ErrorKind::Configuration, message).verified()
        })?;
        let named = self.encrypt_type.as_deref();
        let encrypt_type = named.map_or(Some(EncryptType::Aes), EncryptType::named);
        let encrypt_type = encrypt_type.ok_or_else(|| {
            malformed(&format!(
                "is encrypted by `{}`, which the library does not know",
                Sanitized(named.unwrap_or_default())
            ))
        })?;
        key.decrypt(ciphertext, encrypt_type)
            .map_err(|error| undecryptable().with_source(error))
    }
}

/// Whether the payload is a success. `is_signed` says whether Alipay says so.
fn judge(values: &Values<'_>, is_signed: bool) -> Result<(), Error> {
    // In the names of the gateway, or in those of mini programs.
    let text = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| values.get(name))?;
        let text = value.text().unwrap_or(Some(Cow::Borrowed(value.as_raw())))?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    };
    let gateway = GatewayError {
        code: text(["code", "code"]).unwrap_or_default(),
        message: text(["msg", "msg"]).unwrap_or_default(),
        sub_code: text(["sub_code", "subCode"]),
        sub_message: text(["sub_msg", "subMsg"]),
        help_link: None,
    };
    match (gateway.code.as_str(), &gateway.sub_code, is_signed) {
        ("10000", None, true) => Ok(()),
        ("10000" | "", None, false) => Err(unsigned()),
        ("", None, true) => {
            let message = "the payload is verified, but has no `code`: nothing shows that it is a success";
            Err(Error::new(ErrorKind::Decode, message).verified())
        }
        _ => {
            let class = RefusalClass::of(&gateway, |_| None).class;
            let is_temporary = class == Some(ErrorClass::Retry) || gateway.code == UNAVAILABLE;
            Err(Error::new(ErrorKind::Gateway, "the payload is an error:")
                .with_gateway(gateway, class, is_signed)
                .with_outcome(false, is_temporary))
        }
    }
}

fn malformed(does: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("the payload {does}"))
}

fn unsigned() -> Error {
    let message = "the payload has no signature: set the app's keys (接口加签方式), AES key (接口内容加密方式) and gateway address (应用网关) on the \
                   open platform, and Alipay signs payloads";
    Error::new(ErrorKind::Verification, message)
}

fn undecryptable() -> Error {
    Error::new(ErrorKind::Decode, "the payload is signed, but can't be decrypted").verified()
}
