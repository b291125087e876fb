use std::{borrow::Cow, fmt};

/// The name of the gateway's method that a request calls, such as `alipay.trade.query`: an extension of every [`Request`](super::Request) that
/// a transport is given.
///
/// ```
/// # use alipay_api::transport::{MethodName, Request};
/// # fn example(request: &Request) -> Option<&str> {
/// request.extensions().get::<MethodName>().map(MethodName::as_str)
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MethodName(Cow<'static, str>);

impl MethodName {
    /// The name of a method. Only tests of a transport need it: the library names the method of each of its requests.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
