//! Merchants' tokens that are kept alive while calls are made with them.

use std::fmt;

use crate::{Error, transport::BoxFuture, types::Secret};

/// Keeps a merchant's token alive.
pub(crate) trait Tokens: fmt::Debug + Send + Sync {
    /// A token that the gateway should take now.
    fn live(&self) -> BoxFuture<'_, Result<LiveToken, Error>>;

    /// The same for what can't be sent again where the gateway refuses the token, such as a page: not a token that another process has replaced.
    fn present(&self) -> BoxFuture<'_, Result<LiveToken, Error>>;

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
