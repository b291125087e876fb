use alipay_api::{__private::read_answer, trade::Query};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::client::{NOW, V3_CLIENT};

/// Whatever answers over V3, nothing panics; and what is taken for a success has the status of one, one signature, and a time that is near.
///
/// The first line is the status; then come headers, an empty line and the body.
///
/// # Panics
/// If that is not so.
pub fn rest_answer(bytes: &[u8]) {
    let Some(answer) = response(bytes) else { return };
    if read_answer::<Query>(&V3_CLIENT, &answer).is_err() {
        return;
    }
    assert!(answer.status().is_success(), "{answer:?}");
    let once = |name| {
        let mut values = answer.headers().get_all(name).iter();
        let first = values.next().and_then(|value| value.to_str().ok());
        assert!(values.next().is_none(), "{answer:?}");
        first.unwrap_or_default()
    };
    assert!(
        !once("alipay-signature").is_empty() && !once("alipay-nonce").is_empty(),
        "{answer:?}"
    );
    let time: u64 = once("alipay-timestamp").parse().expect("milliseconds");
    assert!(time.abs_diff(NOW) <= 10 * 60 * 1000, "{answer:?}");
}

fn response(bytes: &[u8]) -> Option<Response<Bytes>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (&bytes[..end], &bytes[end + 2..]);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = StatusCode::from_bytes(lines.next()?).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?);
    }
    *response.headers_mut() = headers;
    Some(response)
}
