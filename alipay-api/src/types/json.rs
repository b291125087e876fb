use crate::codec::{DecodeError, JsonWriter, Scalar, Value, scalar};

/// JSON text inside a string, such as a field that Alipay only passes on.
///
/// The exact text is kept. Make it from a [`serde_json::Value`], and read it with [`Json::to_value`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Takes the text without checking it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the text.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn to_value(&self) -> Result<serde_json::Value, DecodeError> {
        Value::parse(&self.0)?;
        serde_json::from_str(&self.0)
            .map_err(|_| DecodeError::new("the JSON is nested too deep or has a number out of range"))
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

impl Scalar for Json {
    fn empty() -> Self {
        Self::default()
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.string(&self.0);
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        // An object that was not put into a string is taken as it stands.
        Ok(String::decode(value)?.map(Self))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

scalar!(Json);
crate::__serde!(Json);
