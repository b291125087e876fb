use http::Method;

use super::{
    Client,
    prepared::Prepared,
    raw::{Known, RawParts, raw_call},
};
use crate::{Error, exchange::AnswerValue, method::AnswerInfo, protocol::Protocol};

/// A call of a V3 path, sent when it is awaited: from [`Client::v3_raw`].
///
/// Nothing is known of the method, so the call is sent again only where no connection was made, unless the method only
/// [reads](Self::reads).
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct RawV3Call {
    parts: RawParts,
}

impl RawV3Call {
    pub(super) fn new(client: &Client, verb: Method, target: String) -> Self {
        Self {
            parts: RawParts::new(Prepared::raw_v3(client, verb, target)),
        }
    }

    /// The body, as JSON. Without it, none is sent. Where a [file](Self::file) is uploaded, it is the part `data`.
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn body(mut self, body: serde_json::Value) -> Self {
        self.parts.prepared.body(&body);
        self
    }

    async fn send(self, wants_metadata: bool) -> Result<AnswerValue, Error> {
        let known = Known {
            protocol: Protocol::V3.wire(),
            query_method: None,
            answer: AnswerInfo::PLAIN,
        };
        self.parts.send(known, wants_metadata).await
    }
}

raw_call!(RawV3Call);
