//! What objects are for.

/// What an object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Callers make it, the gateway reads it.
    Request,
    /// The gateway makes it, callers read it.
    Response,
    Both,
}

impl Role {
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}
