//! Delivers notifications, with repeats until the answer is `success` or the schedule ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Notification;
use crate::state::preauths;
use crate::state::trades::Key;

/// The pauses that Alipay documents between its eight attempts.
pub(crate) const DOCUMENTED_SCHEDULE: [Duration; 7] = {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    [
        Duration::from_secs(4 * MINUTE),
        Duration::from_secs(10 * MINUTE),
        Duration::from_secs(10 * MINUTE),
        Duration::from_secs(HOUR),
        Duration::from_secs(2 * HOUR),
        Duration::from_secs(6 * HOUR),
        Duration::from_secs(15 * HOUR),
    ]
};

/// How long a merchant may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A notification, and how its delivery went so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NotificationView {
    /// The same for every attempt.
    pub notify_id: String,
    /// Its `notify_type` or `msg_method`.
    pub name: String,
    /// What it says of a trade, if it is of one.
    pub trade_status: Option<String>,
    /// Where it goes.
    pub url: String,
    /// The attempts so far.
    pub attempts: Vec<AttemptView>,
    /// Whether it arrived.
    pub outcome: NotificationOutcome,
}

/// One attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttemptView {
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// The beginning of the answer, or why none came.
    pub answer: String,
}

/// Whether a notification arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotificationOutcome {
    /// More attempts are to come.
    Pending,
    /// It was answered with `success`.
    Delivered,
    /// All attempts failed.
    GivenUp,
}

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Order(Key),
    /// By `auth_app_id`.
    Merchant(String),
    /// Nothing that the gateway plays: a test ordered it.
    Ordered,
    Preauth(preauths::Key),
    /// By Alipay's number.
    Agreement(String),
    /// For a sub-merchant.
    Application(String),
    Complaint(String),
}

/// Everything that is on its way or has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries {
    /// Without one, nothing is sent: notifications are only recorded.
    courier: Option<Courier>,
    records: Arc<Mutex<Vec<(About, NotificationView)>>>,
    pending: Arc<watch::Sender<usize>>,
}

/// What carries them.
#[derive(Clone, Debug)]
struct Courier {
    runtime: Handle,
    client: reqwest::Client,
    schedule: Arc<[Duration]>,
    stop: watch::Receiver<bool>,
}

impl Deliveries {
    /// Nothing will ever be sent.
    pub(crate) fn none() -> Self {
        Self {
            courier: None,
            records: Arc::default(),
            pending: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Nothing sent yet. Attempts run on `runtime` until `stop` says so.
    pub(crate) fn new(
        runtime: Handle,
        schedule: Vec<Duration>,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, reqwest::Error> {
        // Notifications go to their URL only: neither through proxies nor to where a redirect leads.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self {
            courier: Some(Courier {
                runtime,
                client,
                schedule: schedule.into(),
                stop,
            }),
            ..Self::none()
        })
    }

    /// Starts a delivery.
    pub(crate) fn send(&self, about: About, notification: Notification) {
        let view = NotificationView {
            notify_id: notification.notify_id.clone(),
            name: notification.name.to_string(),
            trade_status: notification.trade_status.as_deref().map(str::to_owned),
            url: notification.url.clone(),
            attempts: Vec::new(),
            outcome: NotificationOutcome::Pending,
        };
        let index = self.with(|records| {
            records.push((about, view));
            records.len() - 1
        });
        let Some(courier) = self.courier.clone() else {
            return;
        };
        self.pending.send_modify(|count| *count += 1);
        let this = self.clone();
        courier.runtime.clone().spawn(async move {
            let outcome = if this.deliver(&courier, index, &notification).await {
                NotificationOutcome::Delivered
            } else {
                NotificationOutcome::GivenUp
            };
            this.update(index, |view| view.outcome = outcome);
            this.pending.send_modify(|count| *count -= 1);
        });
    }

    /// The notifications of an order or a merchant.
    pub(crate) fn of(&self, about: &About) -> Vec<NotificationView> {
        self.with(|records| {
            records
                .iter()
                .filter(|(other, _)| other == about)
                .map(|(_, view)| view.clone())
                .collect()
        })
    }

    /// All notifications.
    pub(crate) fn all(&self) -> Vec<NotificationView> {
        self.with(|records| records.iter().map(|(_, view)| view.clone()).collect())
    }

    /// Waits until nothing is on its way.
    pub(crate) async fn settled(&self) {
        let mut pending = self.pending.subscribe();
        // This fails only when every sender was dropped.
        let _ = pending.wait_for(|count| *count == 0).await;
    }

    async fn deliver(&self, courier: &Courier, index: usize, notification: &Notification) -> bool {
        let mut stop = courier.stop.clone();
        let mut pauses = courier.schedule.iter();
        loop {
            let attempt = courier.attempt(notification).await;
            let arrived = attempt.status == Some(200) && attempt.answer == "success";
            self.update(index, |view| view.attempts.push(attempt));
            if arrived {
                return true;
            }
            let Some(pause) = pauses.next() else { return false };
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                _ = stop.wait_for(|stopped| *stopped) => return false,
            }
        }
    }

    fn update(&self, index: usize, change: impl FnOnce(&mut NotificationView)) {
        self.with(|records| {
            if let Some((_, view)) = records.get_mut(index) {
                change(view);
            }
        });
    }

    fn with<T>(&self, action: impl FnOnce(&mut Vec<(About, NotificationView)>) -> T) -> T {
        action(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Courier {
    async fn attempt(&self, notification: &Notification) -> AttemptView {
        let content_type = format!("application/x-www-form-urlencoded; charset={}", notification.charset);
        let sent = self
            .client
            .post(&notification.url)
            .header("content-type", content_type)
            .body(notification.form.clone())
            .send()
            .await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => {
                return AttemptView {
                    status: None,
                    answer: error.to_string(),
                };
            }
        };
        let status = Some(response.status().as_u16());
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                // More than this is no `success`, however it ends.
                Ok(Some(chunk)) if answer.len() + chunk.len() <= 200 => answer.extend_from_slice(&chunk),
                Ok(Some(chunk)) => {
                    answer.extend_from_slice(&chunk[..chunk.len().min(200)]);
                    break;
                }
                Ok(None) => break,
                Err(error) => {
                    return AttemptView {
                        status: None,
                        answer: error.to_string(),
                    };
                }
            }
        }
        AttemptView {
            status,
            answer: String::from_utf8_lossy(&answer).into_owned(),
        }
    }
}
