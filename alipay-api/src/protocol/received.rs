//! An HTTP response, and its body as text, also where that is in GBK.

use std::borrow::Cow;

use bytes::Bytes;

/// A response, and a text of the same length to find members in.
pub(crate) struct Received<'a> {
    response: &'a http::Response<Bytes>,
    text: Cow<'a, str>,
}

impl<'a> Received<'a> {
    pub(crate) fn new(response: &'a http::Response<Bytes>) -> Self {
        let bytes = response.body();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(masked(bytes)),
        };
        Self { response, text }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// All headers of this name.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &'a http::HeaderValue> {
        self.response.headers().get_all(name).iter()
    }

    /// Alipay's number of the exchange.
    pub(crate) fn trace_id(&self) -> Option<&'a str> {
        self.header("trace_id").or_else(|| self.header("alipay-trace-id"))
    }

    /// The bytes that came.
    pub(crate) fn body(&self) -> &'a Bytes {
        self.response.body()
    }

    /// The text. Where the bytes are not UTF-8, `?` stands for each byte of what is not ASCII.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text is what came.
    pub(super) fn is_utf8(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_))
    }

    /// The bytes that came for this part of the text.
    pub(super) fn bytes_of(&self, part: &str) -> &'a [u8] {
        let start = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr());
        let bytes = start.and_then(|start| self.body().get(start..start + part.len()));
        bytes.unwrap_or_default()
    }
}

/// ASCII as it is, and `?` for each byte of the characters of GBK, whose second byte can look like ASCII.
fn masked(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let length = match (first, after) {
            (0..=0x7f, _) => {
                text.push(char::from(*first));
                rest = after;
                continue;
            }
            (0x81..=0xfe, [b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', ..]) => 4,
            (0x81..=0xfe, [0x40..=0x7e | 0x80..=0xfe, ..]) => 2,
            _ => 1,
        };
        text.extend(std::iter::repeat_n('?', length));
        rest = &rest[length..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_ascii_inside_a_character_is_masked() {
        // The second byte of 诚 is `\` in GBK.
        let mut bytes = br#"{"msg":""#.to_vec();
        bytes.extend([0xd5, b'\\', 0x80, 0xff, 0x81, b'0', 0x81, b'0', 0xfe]);
        bytes.extend(br#"","code":"20000"}"#);
        let response = http::Response::new(Bytes::from(bytes.clone()));
        let body = Received::new(&response);
        assert_eq!(body.text(), r#"{"msg":"?????????","code":"20000"}"#);
        assert_eq!(body.text().len(), bytes.len());
        assert!(!body.is_utf8());
        let code = &body.text()[body.text().find("code").unwrap()..];
        assert_eq!(body.bytes_of(code), code.as_bytes());
        assert_eq!(body.bytes_of(body.text()), bytes);
        assert!(body.bytes_of("code").is_empty(), "a text of somewhere else");
    }

    #[test]
    fn utf8_is_what_it_is() {
        let response = http::Response::new(Bytes::from("{\"msg\":\"诚\"}"));
        let body = Received::new(&response);
        assert!(body.is_utf8() && body.text() == "{\"msg\":\"诚\"}");
    }
}
