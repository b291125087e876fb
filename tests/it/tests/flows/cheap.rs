//! Signatures that cost nothing: a hash over a secret that both sides have, and the message. It goes by the name of RSA2.

use std::sync::{Arc, LazyLock};

use alipay_api::{
    Credentials,
    sign::{BadSignature, BoxFuture, SignError, SignType, Signer, Verifier},
};
use alipay_mock::{AesKey, EncryptType, keys::KeyPair};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{
    Request, Response, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use sha2::{Digest as _, Sha256};

pub(crate) const APP_ID: &str = "2021000000000001";

/// What the contents of some flows are encrypted with.
pub(crate) const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";

/// The same, for the gateway.
pub(crate) fn aes_key() -> AesKey {
    AesKey::from_base64(AES_KEY).expect("a key")
}

fn hash(message: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix("known to both sides");
    hash.update(message);
    hash.finalize().to_vec()
}

/// The gateway's key, and the app's.
pub(crate) fn key() -> KeyPair {
    KeyPair::of_function(hash)
}

/// The library's side.
pub(crate) static CREDENTIALS: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::custom(Arc::new(Cheap), Arc::new(Cheap)).expect("credentials"));

#[derive(Debug)]
struct Cheap;

impl Signer for Cheap {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async { Ok(hash(message)) })
    }
}

impl Verifier for Cheap {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if hash(message) == signature {
            Ok(())
        } else {
            Err(BadSignature)
        }
    }
}

/// A request with these parameters, signed.
pub(crate) fn signed(mut parameters: Vec<(String, String)>) -> Request<Bytes> {
    parameters.retain(|(name, value)| name != "sign" && !value.is_empty());
    parameters.sort();
    let message: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let sign = BASE64_STANDARD.encode(hash(message.join("&").as_bytes()));
    parameters.push(("sign".to_owned(), sign));
    let mut form = Serializer::new(String::new());
    form.extend_pairs(parameters);
    Request::post("/gateway.do")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
        .body(form.finish().into())
        .expect("a request")
}

/// A request of this method.
pub(crate) fn call(method: &str, content: &serde_json::Value) -> Request<Bytes> {
    let parameters = [
        ("app_id", APP_ID),
        ("method", method),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-09-21 12:00:00"),
        ("version", "1.0"),
        ("biz_content", &content.to_string()),
    ];
    signed(
        parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    )
}

/// The parameters of a request of V2.
fn parameters(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(request.body()));
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// What a request says, for the story.
pub(crate) fn words(request: &Request<Bytes>) -> String {
    if is_v3(request) {
        let body = String::from_utf8_lossy(request.body());
        format!("{} {:?} {body}", request.uri(), request.headers().get(AUTHORIZATION))
    } else {
        format!("{:?}", parameters(request))
    }
}

fn is_v3(request: &Request<Bytes>) -> bool {
    request.uri().path().starts_with("/v3/")
}

/// The same call with another text in the place of this one, signed again. `None` if it does not hold this text.
pub(crate) fn replaced(request: &Request<Bytes>, text: &str, other: &str) -> Option<Request<Bytes>> {
    let replaced = |content: &str| {
        let plain = plain(content);
        if !plain.contains(text) {
            return None;
        }
        let changed = plain.replace(text, other);
        Some(if plain == content {
            changed
        } else {
            aes_key().encrypt(EncryptType::Aes, changed.as_bytes())
        })
    };
    if !is_v3(request) {
        let mut parameters = parameters(request);
        let (_, content) = parameters.iter_mut().find(|(name, _)| name == "biz_content")?;
        *content = replaced(content)?;
        return Some(signed(parameters));
    }
    let target = request.uri().path_and_query()?.as_str();
    let body = std::str::from_utf8(request.body()).ok()?;
    let (target, body) = match replaced(body) {
        Some(body) => (target.to_owned(), body),
        None if target.contains(text) => (target.replace(text, other), body.to_owned()),
        None => return None,
    };
    let authorization = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, items) = authorization.split_once(' ')?;
    let (auth, _) = items.split_once(",sign=")?;
    let message = format!("{auth}\n{}\n{target}\n{body}\n", request.method());
    let sign = BASE64_STANDARD.encode(hash(message.as_bytes()));
    let mut changed = request.clone().map(|_| body.into());
    *changed.uri_mut() = target.parse::<Uri>().ok()?;
    changed
        .headers_mut()
        .insert(AUTHORIZATION, format!("{scheme} {auth},sign={sign}").parse().ok()?);
    Some(changed)
}

/// A text, decrypted if it is encrypted.
fn plain(text: &str) -> String {
    let plain = aes_key().decrypt(EncryptType::Aes, text.trim_matches('"')).ok();
    let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
    plain.unwrap_or_else(|| text.to_owned())
}

/// Whether an answer is a success, and its content holds this text.
pub(crate) fn is_success_with(answer: &Response<Bytes>, text: &str) -> bool {
    let Ok(body) = std::str::from_utf8(answer.body()) else {
        return false;
    };
    if answer.headers().contains_key("alipay-signature") {
        return answer.status().is_success() && plain(body).contains(text);
    }
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let mut contents = body.as_object().into_iter().flatten();
    let content = contents.find(|(name, _)| name.ends_with("_response"));
    let content = content
        .map(|(_, content)| plain(&content.to_string()))
        .unwrap_or_default();
    content.contains(text) && content.contains("\"10000\"")
}
