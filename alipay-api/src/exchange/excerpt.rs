//! What can be said of an answer that is none. Pages of proxies and firewalls quote the request, and an answer in a wrapping holds tokens:
//! so nothing of its text.

use std::fmt;

/// Says what sort of text it is, and how long.
pub(super) struct Sort<'a>(pub(super) &'a [u8]);

impl fmt::Display for Sort<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_ascii_start();
        let (text, mark) = match text.strip_prefix(b"\xEF\xBB\xBF") {
            Some(text) => (text.trim_ascii_start(), " behind a byte order mark"),
            None => (text, ""),
        };
        if text.is_empty() {
            return formatter.write_str("it is empty");
        }
        let begins = |with: &str| {
            text.get(..with.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(with.as_bytes()))
        };
        let sort = if begins("{") || begins("[") {
            "like JSON"
        } else if begins("<?xml") {
            "like XML"
        } else if begins("<") {
            "like HTML"
        } else if is_call(text) {
            "like a call of JavaScript, as JSONP does"
        } else if text.starts_with(&[0x1F, 0x8B]) {
            "like gzip"
        } else if std::str::from_utf8(text).is_ok() {
            "like plain text"
        } else {
            "like no text in UTF-8"
        };
        write!(formatter, "it is {} bytes that begin {sort}{mark}", self.0.len())
    }
}

/// `name(`.
fn is_call(text: &[u8]) -> bool {
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.'));
    let name = name.count();
    name > 0 && text[name..].trim_ascii_start().starts_with(b"(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_sort_and_nothing_of_the_text() {
        for (body, told) in [
            (&b"  \n"[..], "it is empty"),
            (b"\xEF\xBB\xBF", "it is empty"),
            (b" {\"token\":1}", "it is 12 bytes that begin like JSON"),
            (
                b"\xEF\xBB\xBF[token]",
                "it is 10 bytes that begin like JSON behind a byte order mark",
            ),
            (
                b"callback ({token})",
                "it is 18 bytes that begin like a call of JavaScript, as JSONP does",
            ),
            (b"<!DOCTYPE html>token", "it is 20 bytes that begin like HTML"),
            (b"<?XML token", "it is 11 bytes that begin like XML"),
            (
                b"token: no healthy upstream",
                "it is 26 bytes that begin like plain text",
            ),
            (b"token \xC4\xE3", "it is 8 bytes that begin like no text in UTF-8"),
            (b"\x1F\x8B\x08", "it is 3 bytes that begin like gzip"),
        ] {
            assert_eq!(Sort(body).to_string(), told);
        }
    }
}
