use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::KeyPair;

/// As PKCS#8 in one line of base64.
pub(crate) fn serialize<S: Serializer>(pair: &KeyPair, serializer: S) -> Result<S::Ok, S::Error> {
    pair.to_base64().map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads it again.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyPair, D::Error> {
    KeyPair::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
