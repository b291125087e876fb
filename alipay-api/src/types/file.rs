use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

use crate::codec::{DecodeError, Field, JsonWriter, Reading, Scalar, Value, scalar};

/// A file of an upload. Its bytes are sent beside the signed parameters and are not signed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct File {
    name: String,
    content: Bytes,
}

impl File {
    /// A file of this name and content. The gateway takes the kind of file from the name's ending (`shop.png`).
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes.
    pub fn content(&self) -> &Bytes {
        &self.content
    }
}

impl fmt::Debug for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("File")
            .field("name", &self.name)
            .field("bytes", &self.content.len())
            .finish()
    }
}

/// Only for serde, to store a request: files are never part of JSON that is sent.
impl Scalar for File {
    fn empty() -> Self {
        Self::default()
    }

    fn encode(&self, out: &mut JsonWriter) {
        let content = BASE64_STANDARD.encode(&self.content);
        out.list([&self.name as &dyn Field, &content].into_iter());
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let mut parts = Vec::<String>::new();
        let field: &mut dyn Field = &mut parts;
        if !field.read(value, Reading::Strict)? {
            return Ok(None);
        }
        let [name, content] = parts.as_slice() else {
            return Err(DecodeError::new("expected a file: its name and its content in base64"));
        };
        let content = BASE64_STANDARD
            .decode(content)
            .map_err(|_| DecodeError::new("expected a file's content in base64"))?;
        Ok(Some(Self::new(name.clone(), content)))
    }
}

scalar!(File);
crate::__serde!(File);
