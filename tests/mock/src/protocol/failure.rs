//! Errors as the gateway answers with them.

use std::borrow::Cow;

use super::fields::Fields;

/// A refusal: `code` is the gateway's, `sub_code` says why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// `40004`
    pub(crate) code: Cow<'static, str>,
    /// `ACQ.TRADE_NOT_EXIST`
    pub(crate) sub_code: Cow<'static, str>,
    /// For people.
    pub(crate) sub_msg: String,
    /// What else it says.
    pub(crate) fields: Fields,
}

impl Failure {
    fn new(code: &'static str, sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            sub_code: sub_code.into(),
            sub_msg: sub_msg.into(),
            fields: Fields::new(),
        }
    }

    /// The service is unavailable: 20000.
    pub(crate) fn unavailable(sub_msg: impl Into<String>) -> Self {
        Self::new("20000", "isp.unknow-error", sub_msg)
    }

    /// A token is not valid: 20001.
    pub(crate) fn token(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self::new("20001", sub_code, sub_msg)
    }

    /// A protocol parameter is missing: 40001.
    pub(crate) fn missing(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self::new("40001", sub_code, sub_msg)
    }

    /// A parameter is wrong: 40002.
    pub(crate) fn invalid(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self::new("40002", sub_code, sub_msg)
    }

    /// The signature does not hold, and nothing more is said of it.
    pub(crate) fn wrong_signature() -> Self {
        Self::invalid("isv.invalid-signature", "无效签名")
    }

    /// Something is not as it has to be: 40003.
    pub(crate) fn conditions(sub_code: &'static str, sub_msg: impl Into<String>) -> Self {
        Self::new("40003", sub_code, sub_msg)
    }

    /// The method refuses: 40004.
    pub(crate) fn business(sub_code: impl Into<Cow<'static, str>>, sub_msg: impl Into<String>) -> Self {
        Self {
            code: "40004".into(),
            sub_code: sub_code.into(),
            sub_msg: sub_msg.into(),
            fields: Fields::new(),
        }
    }
}

/// The `msg` that goes with a `code`.
pub(crate) fn msg(code: &str) -> &'static str {
    match code {
        "10000" => "Success",
        "10003" => "order success pay inprocess",
        "20000" => "Service Currently Unavailable",
        "20001" => "Insufficient Token Permissions",
        "40001" => "Missing Required Arguments",
        "40002" => "Invalid Arguments",
        "40003" => "Insufficient Conditions",
        "40005" => "Call Limited",
        "40006" => "Insufficient Permissions",
        _ => "Business Failed",
    }
}
