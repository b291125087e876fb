use std::fmt;

use super::Client;
use crate::{
    Error, ErrorKind,
    codec::Object,
    method::MethodInfo,
    protocol::content::{InvalidRequest, Options, RequestContent},
};

/// A request that is ready to be signed: what is left of it once its type plays no part any more.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) info: &'static MethodInfo,
    pub(super) options: Options,
    content: Result<RequestContent, InvalidRequest>,
}

impl Prepared {
    /// Sorts the request's fields by where they go.
    pub(super) fn new(client: &Client, request: &dyn Object, info: &'static MethodInfo) -> Self {
        Self {
            client: client.clone(),
            info,
            options: client.options(),
            content: RequestContent::new(request, info),
        }
    }

    /// What the request says.
    pub(super) fn content(&self) -> Result<&RequestContent, Error> {
        self.content.as_ref().map_err(|invalid| {
            let error = Error::new(ErrorKind::Request, invalid.to_string()).with_method(self.info.name);
            match invalid {
                InvalidRequest::Missing(missing) => error.with_source(missing.clone()),
                InvalidRequest::Ambiguous(_) | InvalidRequest::Negative(_) => error,
            }
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
