use std::{borrow::Cow, fmt};

use super::{Client, handed_over};
use crate::{
    Error, ErrorKind,
    codec::Object,
    method::{Kind, MethodInfo},
    protocol::content::{Ambiguous, InvalidRequest, Options, RequestContent},
    types::{File, Secret},
};

/// A request that is ready to be signed: what is left of it once its type plays no part any more.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) options: Options,
    content: RequestContent,
    /// Why the request can't be sent as it is.
    invalid: Option<InvalidRequest>,
}

impl Prepared {
    /// Sorts the request's fields by where they go.
    pub(super) fn new(client: &Client, request: &dyn Object, info: &'static MethodInfo) -> Self {
        let (content, invalid) = match RequestContent::new(request, info) {
            Ok(content) => (content, None),
            Err(invalid) => (RequestContent::of(Cow::Borrowed(info.name)), Some(invalid)),
        };
        Self {
            options: client.options(),
            client: client.clone(),
            content,
            invalid,
        }
    }

    /// A request of a method by name, which is to be called as methods of this kind are.
    pub(super) fn raw(client: &Client, method: String, business: &serde_json::Value, kind: Kind) -> Self {
        let wrong = handed_over::check(&method, kind).map_err(InvalidRequest::WrongKind);
        let invalid = wrong.and_then(|()| Ambiguous::check_all(business).map_err(InvalidRequest::Ambiguous));
        Self {
            options: client.options(),
            client: client.clone(),
            content: RequestContent::raw(method, business),
            invalid: invalid.err(),
        }
    }

    /// The method's name.
    pub(super) fn method(&self) -> &str {
        &self.content.method
    }

    /// Adds a parameter that stands beside the content.
    pub(super) fn parameter(&mut self, name: String, value: Secret) {
        if self.invalid.is_none() {
            let ambiguous = Ambiguous::check(&name, value.expose()).map_err(InvalidRequest::Ambiguous);
            self.invalid = ambiguous.err();
        }
        self.content.top_level.push((Cow::Owned(name), value));
    }

    /// Whether such a parameter stands beside the content.
    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.content.parameters(name).next().is_some()
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: String, file: File) {
        self.content.files.push((Cow::Owned(name), file));
    }

    /// What the request says.
    pub(super) fn content(&self) -> Result<&RequestContent, Error> {
        self.invalid.as_ref().map_or(Ok(&self.content), |invalid| {
            let error = Error::new(ErrorKind::Request, invalid.to_string()).with_method(self.method());
            Err(match invalid {
                InvalidRequest::Missing(missing) => error.with_source(missing.clone()),
                InvalidRequest::Ambiguous(_) | InvalidRequest::Negative(_) | InvalidRequest::WrongKind(_) => error,
            })
        })
    }

    /// The same for a method that changes nothing: what it says does not come back in a notification.
    pub(super) fn content_to_read(&self) -> Result<&RequestContent, Error> {
        match self.invalid {
            Some(InvalidRequest::Ambiguous(_)) => Ok(&self.content),
            _ => self.content(),
        }
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prepared")
            .field("method", &self.method())
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
