use crate::codec::Object;

/// A notification that is known by its type: those in [`notify`](crate::notify), and those that `alipay-codegen` has written from specs of
/// your own.
///
/// [`expect_type`](crate::notify::Verified::expect_type) takes such a notification, and so does each function of a
/// [`GatewayHandler`](crate::web::GatewayHandler). Generated code implements it.
pub trait NotificationType: Object + Sized {
    /// Its `notify_type` or `msg_method`.
    const NAME: &'static str;
}

/// A notification that has no spec, or that was not decoded. Its parameters are in the [`Verified`](crate::notify::Verified) around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// Its `notify_type` or `msg_method`; empty if it has neither.
    pub name: String,
}

impl OtherNotification {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}
