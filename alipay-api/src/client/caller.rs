//! For whom a client's calls are made.

use std::{fmt, sync::Arc};

use crate::{Error, transport::BoxFuture, types::Secret};

/// For whom a client's calls are made.
#[derive(Clone)]
pub(super) enum CallerIdentity {
    /// The app itself.
    App,
    /// The merchant that granted this token.
    Merchant(Secret),
    /// A merchant whose token somebody keeps alive.
    Managed(Arc<dyn Tokens>),
}

/// Keeps a merchant's token alive.
pub(crate) trait Tokens: fmt::Debug + Send + Sync {
    /// A token that the gateway should take now.
    fn live(&self) -> BoxFuture<'_, Result<LiveToken, Error>>;

    /// Another token than this one, which the gateway has refused; `None` where there is no reason to believe in another.
    fn after_refusal<'a>(&'a self, refused: &'a LiveToken) -> BoxFuture<'a, Result<Option<LiveToken>, Error>>;
}

/// A merchant's token.
#[derive(Clone, Debug)]
pub(crate) struct LiveToken {
    pub(crate) token: Secret,
    /// Which of the merchant's tokens it is.
    pub(crate) generation: u64,
}

impl CallerIdentity {
    /// The token that every call carries.
    pub(super) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Merchant(token) => Some(token),
            Self::App | Self::Managed(_) => None,
        }
    }
}

impl fmt::Debug for CallerIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => formatter.write_str("for the app"),
            Self::Merchant(token) => formatter.debug_tuple("for the merchant of").field(token).finish(),
            Self::Managed(tokens) => tokens.fmt(formatter),
        }
    }
}
