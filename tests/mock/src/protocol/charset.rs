//! The two charsets that the gateway speaks.

use std::borrow::Cow;

use encoding_rs::{Encoding, GBK, UTF_8};
use serde::{Deserialize, Serialize};

/// A charset, with the name that the caller gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Charset {
    name: String,
    encoding: &'static Encoding,
}

impl Default for Charset {
    fn default() -> Self {
        Self {
            name: "utf-8".to_owned(),
            encoding: UTF_8,
        }
    }
}

impl From<Charset> for String {
    fn from(charset: Charset) -> Self {
        charset.name
    }
}

impl TryFrom<String> for Charset {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        Self::from_name(&name).ok_or("the charset is neither UTF-8 nor GBK")
    }
}

impl Charset {
    /// The charset of this name: UTF-8, or GBK under any of its names.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let encoding = match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => UTF_8,
            "gbk" | "gb2312" | "gb18030" => GBK,
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            encoding,
        })
    }

    /// GBK.
    pub(crate) fn gbk() -> Self {
        Self {
            name: "GBK".to_owned(),
            encoding: GBK,
        }
    }

    /// As the caller spelled it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The text that the bytes stand for, if they stand for one.
    pub(crate) fn decode<'a>(&self, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
        self.encoding.decode_without_bom_handling_and_without_replacement(bytes)
    }

    /// The same, with U+FFFD for what is none.
    pub(crate) fn decode_lossy(&self, bytes: &[u8]) -> String {
        self.encoding.decode_without_bom_handling(bytes).0.into_owned()
    }

    /// The charset that is not this one.
    pub(crate) fn other(&self) -> Self {
        if self.encoding == GBK {
            Self::default()
        } else {
            Self::gbk()
        }
    }

    /// Plain text as bytes. What the charset lacks becomes a numeric character reference, as browsers do in forms.
    pub(crate) fn encode<'a>(&self, text: &'a str) -> Cow<'a, [u8]> {
        self.encoding.encode(text).0
    }

    /// JSON text as bytes. What the charset lacks becomes a `\u` escape, so nothing is lost.
    pub(crate) fn encode_json(&self, json: &str) -> Vec<u8> {
        let (bytes, _, lossy) = self.encoding.encode(json);
        if !lossy {
            return bytes.into_owned();
        }
        let mut out = Vec::with_capacity(json.len());
        for letter in json.chars() {
            let mut buffer = [0; 4];
            let (bytes, _, lossy) = self.encoding.encode(letter.encode_utf8(&mut buffer));
            if lossy {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            } else {
                out.extend_from_slice(&bytes);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_loses_nothing_in_json() {
        let gbk = Charset::from_name("GBK").unwrap();
        let bytes = gbk.encode_json("{\"a\":\"你好😀\"}");
        assert_eq!(gbk.decode(&bytes).unwrap(), "{\"a\":\"你好\\ud83d\\ude00\"}");
        assert_eq!(gbk.decode(b"\xff\xff"), None);
        assert_eq!(Charset::from_name("latin1"), None);
    }
}
