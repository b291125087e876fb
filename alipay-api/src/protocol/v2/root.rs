//! The JSON object of an answer: the content, its exact text, and the other members, found in one pass.

use std::{borrow::Cow, fmt};

use serde_core::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use crate::codec::{DecodeError, Name, Value, Values, read_object};

/// An answer's members.
pub(super) struct Root<'a> {
    pub(super) content: Found<'a>,
    pub(super) others: Values<'a>,
}

/// The content that was found.
pub(super) enum Found<'a> {
    Nothing,
    Content(SignedContent<'a>),
    /// A content whose name has escapes, which the gateway never writes.
    Escaped,
    /// More than one.
    Several,
}

/// The signed content of an answer.
pub(super) struct SignedContent<'a> {
    /// The exact text, which is signed: an object, or a string with its quotes.
    pub(super) text: &'a str,
    /// The object's members.
    pub(super) values: Values<'a>,
    /// What the string holds.
    pub(super) ciphertext: Option<Cow<'a, str>>,
    /// Whether it is called `error_response`.
    pub(super) is_error: bool,
}

impl<'a> Root<'a> {
    /// Parses the answer to a call of `method`.
    pub(super) fn read(body: &'a str, method: &str) -> Result<Self, DecodeError> {
        read_object(body, RootVisitor { body, method })
    }
}

struct RootVisitor<'a, 'm> {
    body: &'a str,
    method: &'m str,
}

impl<'a> Visitor<'a> for RootVisitor<'a, '_> {
    type Value = Root<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Root<'a>, A::Error> {
        let mut root = Root {
            content: Found::Nothing,
            others: Values::with_capacity(2),
        };
        while let Some(Name(name)) = map.next_key()? {
            let is_error = name == "error_response";
            if !is_error && !is_content_of(self.method, &name) {
                root.others.push(name, Value::of(map.next_value()?, 1));
                continue;
            }
            let content = map.next_value_seed(ContentVisitor)?;
            root.content = match (root.content, name) {
                (Found::Nothing, Cow::Borrowed(name)) => {
                    let text = match &content {
                        Content::Object(values) => object_named(self.body, name, values),
                        Content::Text(_) => string_named(self.body, name),
                    };
                    let text = text.ok_or_else(|| A::Error::custom("the content's text is not where it was read"))?;
                    let (values, ciphertext) = match content {
                        Content::Object(values) => (values, None),
                        Content::Text(text) => (Values::with_capacity(0), Some(text)),
                    };
                    Found::Content(SignedContent {
                        text,
                        values,
                        ciphertext,
                        is_error,
                    })
                }
                (Found::Nothing, Cow::Owned(_)) => Found::Escaped,
                _ => Found::Several,
            };
        }
        Ok(root)
    }
}

/// What a content is.
enum Content<'a> {
    Object(Values<'a>),
    Text(Cow<'a, str>),
}

/// Reads an object's members, or a string.
struct ContentVisitor;

impl<'a> DeserializeSeed<'a> for ContentVisitor {
    type Value = Content<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ContentVisitor {
    type Value = Content<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        Values::read(map, 1).map(Content::Object)
    }
}

/// The exact text of a string that was read from `body`, where it has this name.
fn string_named<'a>(body: &'a str, name: &'a str) -> Option<&'a str> {
    let end = name.as_ptr().addr().checked_sub(body.as_ptr().addr())? + name.len();
    // Between the name and the string are a quote, a colon and perhaps blanks.
    let behind = body.get(end..)?.strip_prefix('"')?.trim_start();
    let string = behind.strip_prefix(':')?.trim_start();
    let mut is_escaped = false;
    let length = string.strip_prefix('"')?.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    string.get(..length + 2)
}

/// The exact text of an object that was read from `body`, where it has this name and these members: all of them, in their order,
/// each a part of `body`.
fn object_named<'a>(body: &'a str, name: &'a str, members: &Values<'a>) -> Option<&'a str> {
    let end_of = |part: &str| Some(part.as_ptr().addr().checked_sub(body.as_ptr().addr())? + part.len());
    // Between the name and the object are a quote, a colon and perhaps blanks; after the last member there are only blanks.
    let start = end_of(name)? + body.get(end_of(name)?..)?.find('{')?;
    let inside = match members.iter().next_back() {
        Some((_, last)) => end_of(last.as_raw())?,
        None => start + 1,
    };
    let end = inside + body.get(inside..)?.find('}')?;
    body.get(start..=end)
}

/// Whether the content of an answer to the method has this name: the method's own, with underscores.
fn is_content_of(method: &str, name: &str) -> bool {
    let with_underscores = method.bytes().map(|byte| if byte == b'.' { b'_' } else { byte });
    name.strip_suffix("_response")
        .is_some_and(|name| with_underscores.eq(name.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: &str = "alipay.trade.query";

    fn found(body: &str) -> Found<'_> {
        Root::read(body, METHOD).expect("a JSON object").content
    }

    #[test]
    fn the_content_is_the_exact_text() {
        for content in [
            "{}",
            "{ \n }",
            r#"{"code":"10000"}"#,
            r#"{ "code" : "10000" , "n" : 1.50 , "none" : null }"#,
            r#"{"subject":"}{\"sign\":\"","url":"https:\/\/a"}"#,
            r#"{"list":[{"a":"}"},[]],"object":{"b":{"}":"}"}}}"#,
            r#"{"list":[1,2] }"#,
            r#"{"\u007d":"你好 \ud83d\ude00"}"#,
            r#"{"alipay_trade_query_response":{"code":"1"}}"#,
        ] {
            for (before, after) in [
                ("", ""),
                (" \t", "\r\n"),
                (r#""sign":"{}","#, ""),
                (r#""sign":"","#, r#","alipay_cert_sn":"}""#),
            ] {
                for name in ["alipay_trade_query_response", "error_response"] {
                    for colon in [":", " : "] {
                        let body = format!("{{{before}\"{name}\"{colon}{content}{after}}}");
                        let Found::Content(found) = found(&body) else {
                            panic!("{body}");
                        };
                        assert_eq!(found.text, content, "{body}");
                        assert_eq!(found.is_error, name == "error_response");
                    }
                }
            }
        }
    }

    #[test]
    fn a_string_is_a_ciphertext_with_its_quotes() {
        for (string, ciphertext) in [
            (r#""""#, ""),
            (r#""c2VjcmV0""#, "c2VjcmV0"),
            (r#""a\/b+c==""#, "a/b+c=="),
            (r#""\"\\\"}{""#, r#""\"}{"#),
            (r#""你\u597d""#, "你好"),
        ] {
            for (before, after) in [("", ""), (r#""sign":"","#, r#","alipay_cert_sn":"""#)] {
                for colon in [":", " \t: \r\n"] {
                    let body = format!(r#"{{{before}"error_response"{colon}{string}{after}}}"#);
                    let Found::Content(found) = found(&body) else {
                        panic!("{body}");
                    };
                    assert_eq!(found.text, string, "{body}");
                    assert_eq!(found.ciphertext.as_deref(), Some(ciphertext), "{body}");
                    assert!(found.values.iter().len() == 0 && found.is_error);
                }
            }
        }
    }

    #[test]
    fn what_is_no_content_is_told_apart() {
        assert!(matches!(found("{}"), Found::Nothing));
        assert!(matches!(found(r#"{"alipay_trade_pay_response":{}}"#), Found::Nothing));
        assert!(matches!(found(r#"{"error_respons\u0065":{}}"#), Found::Escaped));
        for twice in ["error_response", r"error_respons\u0065", "alipay_trade_query_response"] {
            for second in ["{}", "\"c2VjcmV0\""] {
                let body = format!(r#"{{"error_response":{{}},"sign":"","{twice}":{second}}}"#);
                assert!(matches!(found(&body), Found::Several), "{body}");
            }
        }
        for broken in ["", "[]", "{", r#"{"error_response":{}"#, r#"{"error_response":{}}}"#] {
            assert!(Root::read(broken, METHOD).is_err(), "{broken}");
        }
        for other in ["[]", "null", "1", "true"] {
            let body = format!(r#"{{"error_response":{other}}}"#);
            assert!(Root::read(&body, METHOD).is_err(), "{body}");
        }
    }

    #[test]
    fn members_that_repeat_or_never_end_are_told_and_not_kept() {
        let root = |others: &str, content: &str| {
            let body = format!(r#"{{{others}"error_response":{{{content}}}}}"#);
            let root = Root::read(&body, METHOD).expect("a JSON object");
            let Found::Content(content) = root.content else {
                panic!("{body}");
            };
            let flaws = [&root.others, &content.values].map(|values| values.flaw().is_some());
            (flaws, root.others.iter().len() + content.values.iter().len())
        };
        assert_eq!(root(r#""sign":"a","#, r#""code":"1""#).0, [false, false]);
        assert_eq!(root(r#""sign":"a","sig\u006e":"b","#, "").0, [true, false]);
        assert_eq!(root("", r#""code":"1","msg":"","code":"1""#).0, [false, true]);
        let members: Vec<String> = (0..100_000).map(|number| format!("\"{number}\":0")).collect();
        let (flaws, kept) = root("", &members.join(","));
        assert!(flaws == [false, true] && kept < 2000);
    }
}
