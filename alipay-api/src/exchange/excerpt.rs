//! What an error says of a body that is no answer. Pages of proxies and firewalls quote the request, and a wrapped answer holds tokens:
//! so nothing of the text is shown.

use std::fmt;

/// Says what the body looks like, and how long it is.
pub(super) struct Sort<'a>(pub(super) &'a [u8]);

impl fmt::Display for Sort<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_ascii_start();
        let (text, mark) = match text.strip_prefix(b"\xEF\xBB\xBF") {
            Some(text) => (text.trim_ascii_start(), " behind a byte order mark"),
            None => (text, ""),
        };
        if text.is_empty() {
            return formatter.write_str("the body is empty");
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
        write!(formatter, "the body has {} bytes and begins {sort}{mark}", self.0.len())
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
    fn the_sort_is_told_and_nothing_of_the_text() {
        for (body, told) in [
            (&b"  \n"[..], "the body is empty"),
            (b"\xEF\xBB\xBF", "the body is empty"),
            (b" {\"token\":1}", "the body has 12 bytes and begins like JSON"),
            (
                b"\xEF\xBB\xBF[token]",
                "the body has 10 bytes and begins like JSON behind a byte order mark",
            ),
            (
                b"callback ({token})",
                "the body has 18 bytes and begins like a call of JavaScript, as JSONP does",
            ),
            (b"<!DOCTYPE html>token", "the body has 20 bytes and begins like HTML"),
            (b"<?XML token", "the body has 11 bytes and begins like XML"),
            (
                b"token: no healthy upstream",
                "the body has 26 bytes and begins like plain text",
            ),
            (
                b"token \xC4\xE3",
                "the body has 8 bytes and begins like no text in UTF-8",
            ),
            (b"\x1F\x8B\x08", "the body has 3 bytes and begins like gzip"),
        ] {
            assert_eq!(Sort(body).to_string(), told);
        }
    }
}
