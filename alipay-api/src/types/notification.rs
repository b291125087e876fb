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
