//! The body of a request: JSON, or a form whose part `data` is JSON beside files.
//!
//! Of an encrypted body, the ciphertext is signed; it says nothing before it is [decrypted](Body::decrypted).

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::journal::ReceivedFile;
use crate::protocol::failure::Failure;
use crate::protocol::{json, multipart};

/// The header that says how a body is encrypted.
pub(super) const ENCRYPT_TYPE: &str = "alipay-encrypt-type";

/// The part of a form that has the fields.
const DATA: &str = "data";

/// What a body says.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// What is signed of it, as sent.
    pub(super) signed: Vec<u8>,
    /// The fields.
    pub(super) fields: Result<Map<String, Value>, Failure>,
    /// In the order of the wire.
    pub(super) files: Vec<(String, ReceivedFile)>,
}

impl Body {
    /// Reads a body. `is_form` tells whether the method takes a form, where that is known. What is wrong with the content type or with the
    /// form comes beside what could be read.
    pub(super) fn read(headers: &HeaderMap, is_form: Option<bool>, body: &[u8]) -> (Self, Option<Failure>) {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is = |media: &str| media_type.eq_ignore_ascii_case(media);
        if headers.contains_key(ENCRYPT_TYPE) {
            let this = Self {
                signed: body.to_vec(),
                fields: Ok(Map::new()),
                files: Vec::new(),
            };
            let problem = (!is("text/plain")).then(|| wrong_type("加密的请求体应为 text/plain"));
            return (this, problem);
        }
        if is("multipart/form-data") && is_form != Some(false) {
            let parts = multipart::boundary(content_type).and_then(|boundary| multipart::parse(body, boundary));
            return match parts {
                Some(parts) => Self::of_parts(parts),
                None => (Self::of_json(body), Some(wrong_type("请求体与 Content-Type 不符"))),
            };
        }
        let problem = if is_form == Some(true) {
            Some(wrong_type("应为 multipart/form-data"))
        } else if !body.is_empty() && !is("application/json") {
            Some(wrong_type("应为 application/json"))
        } else {
            (!is_utf8(content_type)).then(|| Failure::invalid("isv.invalid-charset", "字符集错误：应为 UTF-8"))
        };
        (Self::of_json(body), problem)
    }

    fn of_json(body: &[u8]) -> Self {
        Self {
            signed: body.to_vec(),
            fields: read(body),
            files: Vec::new(),
        }
    }

    /// Nothing but the part `data` is signed, so nothing else may say what a field is.
    fn of_parts(parts: Vec<multipart::Part<'_>>) -> (Self, Option<Failure>) {
        let mut data = None;
        let mut files: Vec<(String, ReceivedFile)> = Vec::new();
        let mut problem = None;
        for part in parts {
            let is_repeated = match &part.file_name {
                Some(_) => files.iter().any(|(name, _)| *name == part.name),
                None => part.name == DATA && data.is_some(),
            };
            if is_repeated {
                problem.get_or_insert_with(|| invalid(&format!("参数重复: {}", part.name)));
                continue;
            }
            match part.file_name {
                Some(name) => {
                    let content = part.content.to_vec();
                    files.push((part.name, ReceivedFile { name, content }));
                }
                None if part.name == DATA => data = Some(part.content),
                None => _ = problem.get_or_insert_with(|| invalid(&format!("参数无效: {}: 应在 data 中", part.name))),
            }
        }
        let signed = data.unwrap_or_default();
        let this = Self {
            signed: signed.to_vec(),
            fields: read(signed),
            files,
        };
        (this, problem)
    }

    /// The same, which says this. What is signed stays as it was sent.
    pub(super) fn decrypted(&self, plain: &[u8]) -> Self {
        Self {
            signed: self.signed.clone(),
            ..Self::of_json(plain)
        }
    }

    /// Whether a file came under this name.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|(field, _)| field == name)
    }
}

/// The fields that a text has. No text has none.
fn read(text: &[u8]) -> Result<Map<String, Value>, Failure> {
    if text.is_empty() {
        return Ok(Map::new());
    }
    let text = std::str::from_utf8(text).map_err(|error| error.to_string());
    text.and_then(json::object)
        .map_err(|problem| Failure::invalid("isv.illegal-json", format!("请求体不是 JSON: {problem}")))
}

/// Whether a content type names no charset, or the only one.
fn is_utf8(content_type: &str) -> bool {
    let named = content_type.split(';').skip(1).filter_map(|item| item.split_once('='));
    named
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, value)| ["utf-8", "utf8"].contains(&&*value.trim().trim_matches('"').to_ascii_lowercase()))
}

fn wrong_type(message: &str) -> Failure {
    Failure::invalid("isv.invalid-content-type", message)
}

fn invalid(message: &str) -> Failure {
    Failure::invalid("isv.invalid-parameter", message)
}
