//! No metrics, for the build without them: nothing else has to ask whether they are in the build.

use std::{borrow::Cow, fmt::Debug};

use super::EndedCall;
use crate::ErrorKind;

pub(crate) fn call_ended(_: &EndedCall<'_>) {}

pub(crate) fn retry_refused(_: &Cow<'static, str>, _: &'static str) {}

pub(crate) fn notification_verified(_: Option<ErrorKind>) {}

pub(crate) fn flow_ended(_: &'static str, _: &'static str, _: Option<&dyn Debug>) {}
