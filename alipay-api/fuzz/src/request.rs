use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

use alipay_mock::{Gateway, Mock, keys::KeyPair};
use bytes::Bytes;
use encoding_rs::Encoding;
use http::{
    Request, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, HeaderValue},
};

use crate::client::APP_ID;

/// How many requests a gateway gets: it remembers all that they do.
const PER_GATEWAY: u32 = 1_000;

/// Whatever is sent to the embedded gateway, nothing panics, and it answers.
///
/// The first line is the query, the second one the content type, and the rest the body. They are sent as they are, and once more with what every
/// request has to have, so that what lies behind the checks is reached.
///
/// # Panics
/// If that is not so.
pub fn request(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (query, content_type, body) = (line(), line(), line());
    let sound = format!(
        "app_id={APP_ID}&charset=utf-8&sign_type=RSA2&sign=AA%3D%3D&timestamp=2026-11-27%2012:00:00&version=1.0&"
    );
    for beginning in ["", &sound] {
        let target = [b"/gateway.do?", beginning.as_bytes(), query].concat();
        // A server would not hand it over either.
        let Ok(target) = Uri::try_from(target) else { continue };
        let mut request = Request::new(Bytes::copy_from_slice(body));
        *request.uri_mut() = target;
        if let Ok(value) = HeaderValue::from_bytes(content_type) {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        hand_over(&request);
    }
}

fn hand_over(request: &Request<Bytes>) {
    static GATEWAY: Mutex<Option<(u32, Gateway)>> = Mutex::new(None);
    let mut used = GATEWAY.lock().unwrap_or_else(PoisonError::into_inner);
    let (left, gateway) = match used.take() {
        Some((left, gateway)) if left > 0 => (left, gateway),
        _ => (PER_GATEWAY, gateway()),
    };
    let answer = gateway.handle(request);
    *used = Some((left - 1, gateway));
    assert_eq!(answer.status(), StatusCode::OK, "{request:?}");
    let text = text(&answer);
    assert!(
        text.starts_with('<') || serde_json::from_str::<serde_json::Value>(&text).is_ok(),
        "{request:?}: {text}"
    );
}

/// An answer in the charset that it names.
fn text(answer: &Response<Bytes>) -> Cow<'_, str> {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let charset = content_type.and_then(|value| value.split_once("charset="));
    let encoding = charset.and_then(|(_, charset)| Encoding::for_label(charset.as_bytes()));
    encoding
        .unwrap_or(encoding_rs::UTF_8)
        .decode_without_bom_handling(answer.body())
        .0
}

/// To it, the signature `AA==` is good.
fn gateway() -> Gateway {
    let key = || KeyPair::of_function(|_| vec![0]);
    let builder = Mock::builder()
        .app_id(APP_ID)
        .app_key_pair(key())
        .alipay_key_pair(key());
    builder.in_process(0).expect("a gateway")
}
