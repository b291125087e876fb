use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_core::Stream;

use super::{
    NotificationError, Reply,
    body::{self, BodyError, Limits},
};
use crate::{
    Client, Error, ErrorKind,
    error::Sanitized,
    notify::{self, Notification, Verified},
};

/// Takes notifications from a web framework: the clients that verify them, and how much of a body is waited for, and how long.
///
/// In axum, the router's state gives it: the state is a [`Client`], is a `NotificationReceiver`, or has a `FromRef` of your own. In actix, it
/// is the `app_data`, by itself or in `web::Data`.
///
/// It is cheap to clone.
#[derive(Clone, Debug)]
pub struct NotificationReceiver {
    /// By their apps. There is one at least.
    clients: Arc<HashMap<String, Client>>,
    limits: Limits,
}

impl NotificationReceiver {
    /// Takes the notifications of this client's app.
    pub fn new(client: Client) -> Self {
        Self {
            clients: Arc::new(HashMap::from([(client.app_id().to_owned(), client)])),
            limits: Limits::default(),
        }
    }

    /// Takes the notifications of another app on the same address, too. The app that a body names chooses the client, which then verifies the
    /// body. An app has one client: another one replaces it.
    #[must_use]
    pub fn also(mut self, client: Client) -> Self {
        Arc::make_mut(&mut self.clients).insert(client.app_id().to_owned(), client);
        self
    }

    /// How large a body may be, in bytes, before it is refused with 413. By default and at most
    /// [1 MiB](crate::notify::Notifications::verify): a larger one is refused before it is verified anyway, and Alipay documents no limit
    /// for its messages. Payments' notifications are of 1 to 4 KiB, so an address for these alone may have a limit of 64 KiB.
    ///
    /// This is the memory that each connection can take. Limits of the framework's own extractors, such as axum's `DefaultBodyLimit` and
    /// actix's `PayloadConfig`, don't apply.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.limits.size = bytes.min(notify::MAX_BODY);
        self
    }

    /// How long to wait for the whole body, before it is refused with 408: 10 seconds by default. Alipay sends few KiB at once; whoever
    /// sends them slowly keeps a connection and its memory busy.
    #[must_use]
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Verifies a notification, given the raw body of the POST: for other frameworks. It does not look at the limits, which are for reading
    /// a body.
    ///
    /// # Errors
    /// Those of [`receive`](crate::notify::Notifications::receive), and [`ErrorKind::Verification`] where several apps share the address
    /// and the body names none of them.
    pub async fn receive(&self, body: impl AsRef<[u8]>) -> Result<Received, Error> {
        let body = body.as_ref();
        let client = self.client_for(body)?;
        let notification = client.notifications().receive(body).await?;
        Ok(Received {
            notification,
            client: client.clone(),
        })
    }

    /// The client of the app that the body names; nobody has verified that yet.
    fn client_for(&self, body: &[u8]) -> Result<&Client, Error> {
        if self.clients.len() == 1
            && let Some(client) = self.clients.values().next()
        {
            return Ok(client);
        }
        let claimed = notify::claimed_app_id(body)?;
        self.clients.get(&claimed).ok_or_else(|| {
            let message = format!(
                "the notification is for the app `{}`, and none of this address's clients is that app's (nobody has verified which app is named)",
                Sanitized(&claimed)
            );
            Error::new(ErrorKind::Verification, message)
        })
    }

    /// Whether one of the clients is this app's.
    pub(super) fn has_app(&self, app_id: &str) -> bool {
        self.clients.contains_key(app_id)
    }

    /// Reads the body of a request, and verifies it.
    pub(super) async fn extract(
        &self,
        method: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, BodyError>>,
    ) -> Result<Received, NotificationError> {
        if method != "POST" {
            let message = "the request is no POST: Alipay posts its notifications";
            return Err(NotificationError::not_allowed(message, "POST"));
        }
        let body = body::read(body, length, self.limits).await?;
        Ok(self.receive(body).await?)
    }
}

impl From<Client> for NotificationReceiver {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// A verified notification. As an argument of a handler it is of any kind; the functions of a [`GatewayHandler`](super::GatewayHandler) get one type, such
/// as `Received<TradeStatusSync>`.
///
/// ```
/// use alipay_api::web::{NotificationError, Received, Reply};
///
/// async fn notified(received: Received) -> Result<Reply, NotificationError> {
///     if let Some(reply) = received.gateway_check().await? {
///         return Ok(reply);
///     }
///     println!("{}: {:?}", received.client.app_id(), received.notification.name());
///     Ok(Reply::SUCCESS)
/// }
/// ```
///
/// It needs a [`NotificationReceiver`]. What is refused is answered [by its status](super) without a call of the handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received<T = Notification> {
    /// What Alipay has signed.
    pub notification: Verified<T>,
    /// The client of the app that it is for.
    pub client: Client,
}

impl Received {
    /// The reply to a check of the app's gateway address; `None` for every other notification. See
    /// [`gateway_check_reply`](crate::notify::Notifications::gateway_check_reply).
    ///
    /// # Errors
    /// Those of [`gateway_check_reply`](crate::notify::Notifications::gateway_check_reply).
    pub async fn gateway_check(&self) -> Result<Option<Reply>, Error> {
        let notifications = self.client.notifications();
        let reply = notifications.gateway_check_reply(&self.notification).await?;
        Ok(reply.map(Reply::gateway_check))
    }
}
