/// A notification that no spec describes, or that was not read. Its parameters are on the [`Verified`](crate::notify::Verified) around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// Its `notify_type` or `msg_method`; empty where it has neither.
    pub name: String,
}

impl OtherNotification {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}
