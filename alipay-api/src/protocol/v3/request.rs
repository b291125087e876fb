//! A request, and what of it is signed.

use std::borrow::Cow;

use http::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use zeroize::Zeroizing;

use super::{
    authorization,
    fields::{self, Placed},
};
use crate::{
    cert::Certificates,
    encryption::EncryptType,
    error::GatewayError,
    protocol::{
        InvalidParameter, Unsigned,
        content::{Identity, Options, RequestContent, Rest},
        multipart,
    },
    random::{self, RandomSource},
    sign::SignType,
    transport::RequestBody,
    types::Secret,
};

/// A request that lacks nothing but its signature.
pub(super) struct Request<'a> {
    verb: Method,
    /// The gateway, without a path.
    base: &'a str,
    /// Path and query.
    target: Cow<'a, str>,
    auth: String,
    /// JSON, or what is encrypted.
    body: Zeroizing<String>,
    encrypt_type: Option<EncryptType>,
    files: Option<&'a RequestContent>,
    app_auth_token: Option<&'a str>,
    root_cert_sn: Option<&'a str>,
    random: &'a dyn RandomSource,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Self, InvalidParameter> {
        if identity.sign_type != SignType::Rsa2 {
            return Err(InvalidParameter::SignType(identity.sign_type));
        }
        let Place {
            verb,
            target,
            mut body,
            is_multipart,
        } = Place::of(content, options)?;
        let encrypt_type = options.ciphertext.as_ref().map(|ciphertext| {
            ciphertext.text.clone_into(&mut body);
            ciphertext.encrypt_type
        });
        Ok(Self {
            verb,
            base: base(identity.gateway),
            target,
            auth: authorization::auth(identity),
            body,
            encrypt_type,
            files: is_multipart.then_some(content),
            app_auth_token: options.app_auth_token.as_ref().map(Secret::expose),
            root_cert_sn: identity.certificates.map(Certificates::alipay_root_cert_sn),
            random: identity.random,
        })
    }
}

/// The body, where it can be encrypted.
pub(super) fn confidential<'a>(
    content: &'a RequestContent,
    options: &'a Options,
) -> Result<Cow<'a, str>, InvalidParameter> {
    let place = Place::of(content, options)?;
    let text = if place.is_multipart { "" } else { &*place.body };
    Ok(Cow::Owned(text.to_owned()))
}

/// Where a request goes, and what it says there.
struct Place<'a> {
    verb: Method,
    target: Cow<'a, str>,
    body: Zeroizing<String>,
    is_multipart: bool,
}

impl<'a> Place<'a> {
    fn of(content: &'a RequestContent, options: &'a Options) -> Result<Self, InvalidParameter> {
        let (verb, target, mut body, is_multipart) = match &content.rest {
            Rest::None => return Err(InvalidParameter::NotInV3),
            Rest::Method(place) => {
                let verb = Method::from_bytes(place.verb.as_bytes()).map_err(|_| InvalidParameter::NotInV3)?;
                let Placed { target, body } = fields::place(place, content, options)?;
                (verb, Cow::Owned(target), body, place.multipart)
            }
            Rest::Raw { verb, target } => {
                let body = Zeroizing::new(content.content.expose().to_owned());
                (verb.clone(), Cow::Borrowed(target.as_str()), body, false)
            }
        };
        let is_multipart = is_multipart || !content.files.is_empty();
        if is_multipart && body.is_empty() {
            body.push_str("{}");
        }
        Ok(Self {
            verb,
            target,
            body,
            is_multipart,
        })
    }
}

/// The gateway's address without V2's path: `https://openapi.alipay.com` of `https://openapi.alipay.com/gateway.do`.
fn base(gateway: &str) -> &str {
    let beside = gateway.strip_suffix("/gateway.do").unwrap_or(gateway);
    beside.strip_suffix('/').unwrap_or(beside)
}

impl Unsigned for Request<'_> {
    fn message(&self) -> Zeroizing<String> {
        let parts = [&*self.auth, self.verb.as_str(), &*self.target, &*self.body];
        let length = parts
            .iter()
            .copied()
            .chain(self.app_auth_token)
            .map(|part| part.len() + 1)
            .sum();
        let mut message = Zeroizing::new(String::with_capacity(length));
        for part in parts.into_iter().chain(self.app_auth_token) {
            message.push_str(part);
            message.push('\n');
        }
        message
    }

    fn finish(&self, signature: &[u8]) -> Result<http::Request<RequestBody>, http::Error> {
        let mut request = http::Request::builder()
            .method(self.verb.clone())
            .uri(format!("{}{}", self.base, self.target))
            .header(AUTHORIZATION, secret(&authorization::header(&self.auth, signature))?)
            .header("alipay-request-id", random::digits(self.random));
        if let Some(token) = self.app_auth_token {
            request = request.header("alipay-app-auth-token", secret(token)?);
        }
        if let Some(serial) = self.root_cert_sn {
            request = request.header("alipay-root-cert-sn", serial);
        }
        let (content_type, body) = match self.files {
            Some(content) => {
                let data = [("data", "application/json", self.body.as_str())];
                let (content_type, body) = multipart::encode(data.into_iter(), &content.files, self.random);
                (Cow::Owned(content_type), body)
            }
            None if self.encrypt_type.is_some() => {
                (Cow::Borrowed("text/plain"), RequestBody::from(self.body.to_string()))
            }
            None => (
                Cow::Borrowed("application/json"),
                RequestBody::from(self.body.to_string()),
            ),
        };
        if let Some(encrypt_type) = self.encrypt_type {
            request = request.header("alipay-encrypt-type", encrypt_type.as_str());
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, &*content_type);
        }
        request.body(body)
    }

    /// The gateway does not say what it has verified.
    fn explain(&self, _: &mut GatewayError) {}
}

/// A header that neither `Debug` nor the compression of HTTP/2 keeps.
fn secret(text: &str) -> Result<HeaderValue, http::Error> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
