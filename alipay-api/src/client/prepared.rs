use std::fmt;

use super::Client;
use crate::{
    Error, ErrorKind,
    method::MethodInfo,
    protocol::request::{Business, Options},
    wire::{MissingFields, Object},
};

/// A request that is ready to be signed: what is left of it once its type plays no part any more.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) info: &'static MethodInfo,
    pub(super) options: Options,
    business: Result<Business, MissingFields>,
}

impl Prepared {
    /// Sorts the request's fields by where they go.
    pub(super) fn new(client: &Client, request: &dyn Object, info: &'static MethodInfo) -> Self {
        Self {
            client: client.clone(),
            info,
            options: client.options(),
            business: Business::new(request, info),
        }
    }

    /// What the request says.
    pub(super) fn business(&self) -> Result<&Business, Error> {
        self.business.as_ref().map_err(|missing| {
            Error::new(ErrorKind::Request, missing.to_string())
                .with_method(self.info.name)
                .with_source(missing.clone())
        })
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prepared")
            .field("method", &self.info.name)
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
