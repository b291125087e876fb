use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use tokio::{sync::Mutex, time::Instant};

use super::{
    NotificationError, Reply,
    body::{self, BodyError, Limits},
};
use crate::{
    Client, Error, ErrorKind,
    notify::{self, CallRefusal, IncomingCall, Verified},
    types::Json,
};

/// How long a refusal that could not be signed is not signed again.
const BETWEEN_FAILURES: Duration = Duration::from_secs(60);

/// Takes the calls that Alipay makes to an app (`spi.…`) from a web framework: the client that verifies them and signs the answers, and how much
/// of a body is waited for, and how long.
///
/// In axum, the router's state is one, or has a `FromRef` of your own. In actix, it is the `app_data`, by itself or in `web::Data`. A call need
/// not name the app that it is for, so each app has an address of its own.
///
/// It is cheap to clone. Make it once: its clones share the answer to a call whose signature does not hold, which is signed once for each set of keys.
#[derive(Clone)]
pub struct CallReceiver {
    client: Client,
    limits: Limits,
    refusal: Arc<Mutex<Refusal>>,
}

/// The answer to all calls whose signature does not hold.
#[derive(Default)]
struct Refusal {
    kept: Option<CallRefusal>,
    /// When it could last not be signed.
    failed: Option<Instant>,
}

impl CallReceiver {
    /// Takes the calls to this client's app.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            limits: Limits::default(),
            refusal: Arc::default(),
        }
    }

    /// How large a body may be, in bytes, before it is refused with 413. By default and at most 1 MiB. This is the memory that each connection
    /// can take, beside what the framework allows of an address.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.limits.size = bytes.min(notify::MAX_BODY);
        self
    }

    /// How long to wait for the whole body, before it is refused with 408: 10 seconds by default. Alipay does not document how long it waits
    /// for the answer.
    #[must_use]
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Verifies a call, given what stands behind the `?` of the address and the raw body: for other frameworks. It does not look at the limits,
    /// which are for reading a body.
    ///
    /// # Errors
    /// Those of [`receive_call`](crate::notify::Notifications::receive_call).
    pub async fn receive(&self, query: &str, body: impl AsRef<[u8]>) -> Result<ReceivedCall, Error> {
        let call = self.client.notifications().receive_call(query, body).await?;
        Ok(ReceivedCall {
            call,
            client: self.client.clone(),
        })
    }

    /// Reads the body of a request, and verifies it.
    pub(super) async fn extract(
        &self,
        method: &str,
        query: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, BodyError>>,
    ) -> Result<ReceivedCall, NotificationError> {
        let body = match method {
            "GET" => Bytes::new(),
            "POST" => body::read(body, length, self.limits).await?,
            _ => {
                let message = "the request is neither GET nor POST: Alipay makes its calls by these";
                return Err(NotificationError::not_allowed(message, "GET, POST"));
            }
        };
        match self.receive(query, body).await {
            Ok(received) => Ok(received),
            Err(error) if error.kind() == ErrorKind::Verification => Err(self.refused(error).await),
            Err(error) => Err(error.into()),
        }
    }

    /// What to answer to a call whose signature does not hold. Anyone can send many of them, and break them off: their answer is signed once for
    /// all, in a task of its own. Meanwhile, and for a minute after that has failed, the others get an unsigned one.
    async fn refused(&self, error: Error) -> NotificationError {
        let forbidden = |error| NotificationError::new(StatusCode::FORBIDDEN, error);
        let Ok(mut refusal) = Arc::clone(&self.refusal).try_lock_owned() else {
            return forbidden(error);
        };
        let is_current = |kept: &&CallRefusal| kept.is_by(&self.client);
        let json = if let Some(kept) = refusal.kept.as_ref().filter(is_current) {
            Some(kept.json.clone())
        } else if refusal.failed.is_some_and(|at| at.elapsed() < BETWEEN_FAILURES) {
            None
        } else {
            let client = self.client.clone();
            let signing = tokio::spawn(async move {
                match CallRefusal::sign(&client).await {
                    Ok(signed) => {
                        let json = signed.json.clone();
                        refusal.kept = Some(signed);
                        Some(json)
                    }
                    Err(unsigned) => {
                        tracing::error!(error = %unsigned, "the refusal of an incoming call can't be signed");
                        refusal.failed = Some(Instant::now());
                        None
                    }
                }
            });
            signing.await.ok().flatten()
        };
        match json {
            Some(json) => forbidden(error).with_reply(Reply::call(json)),
            None => forbidden(error),
        }
    }
}

impl fmt::Debug for CallReceiver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallReceiver")
            .field("client", &self.client)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl From<Client> for CallReceiver {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// A verified call of a `spi.…` method, as an argument of a handler.
///
/// ```
/// use alipay_api::web::{NotificationError, ReceivedCall, Reply};
/// use serde_json::json;
///
/// async fn called(received: ReceivedCall) -> Result<Reply, NotificationError> {
///     let response = match received.call.method.as_str() {
///         "spi.alipay.marketing.activity.order.send" => json!({ "code": "10000", "msg": "Success" }),
///         _ => json!({ "code": "40004", "msg": "Business Failed", "sub_code": "UNKNOWN-METHOD", "sub_msg": "不支持" }),
///     };
///     Ok(received.reply(response).await?)
/// }
/// ```
///
/// It needs a [`CallReceiver`]. What is refused is answered [by its status](super), or with a signed refusal, without a call of the handler. A
/// handler's error is answered with its [status](NotificationError::status) and `fail`, and no signature: to tell Alipay of a failure that
/// it is to believe, reply with a `code`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedCall {
    /// What Alipay has signed.
    pub call: Verified<IncomingCall>,
    /// The client of the app that the address is for.
    pub client: Client,
}

impl ReceivedCall {
    /// The signed answer: see [`call_reply`](crate::notify::Notifications::call_reply).
    ///
    /// # Errors
    /// Those of [`call_reply`](crate::notify::Notifications::call_reply).
    pub async fn reply(&self, response: impl Into<Json>) -> Result<Reply, Error> {
        let json = self.client.notifications().call_reply(&self.call, response).await?;
        Ok(Reply::call(json))
    }
}
