//! Text in GBK, with the feature `gbk`.

use std::borrow::Cow;

/// Decodes text of a charset; `None` if the bytes are malformed.
pub(crate) type Decode = fn(&[u8]) -> Option<Cow<'_, str>>;

/// Decodes GBK.
#[cfg(feature = "gbk")]
pub(crate) const GBK: Option<Decode> =
    Some(|bytes| encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes));
#[cfg(not(feature = "gbk"))]
pub(crate) const GBK: Option<Decode> = None;
