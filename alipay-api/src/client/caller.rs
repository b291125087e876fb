//! For whom a client's calls are made.

use std::{fmt, sync::Arc};

use crate::{exchange::Tokens, types::Secret};

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

impl CallerIdentity {
    /// Where the merchant's token comes from, if somebody keeps it alive.
    pub(super) fn tokens(&self) -> Option<&dyn Tokens> {
        match self {
            Self::Managed(tokens) => Some(&**tokens),
            Self::App | Self::Merchant(_) => None,
        }
    }

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
