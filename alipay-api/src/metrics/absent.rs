//! No metrics, for the build without them: nothing else has to ask whether they are in the build.

use super::EndedCall;
use crate::ErrorKind;

pub(crate) fn call_ended(_: &EndedCall) {}

pub(crate) fn retry_refused(_: Option<&'static str>, _: &'static str) {}

pub(crate) fn notification_verified(_: Option<ErrorKind>) {}

#[cfg(any(feature = "fund", feature = "trade"))]
pub(crate) fn flow_ended(_: &'static str, _: &'static str, _: Option<&dyn std::fmt::Debug>) {}
