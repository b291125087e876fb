//! Delivers notifications, with repeats until the answer is `success` or the schedule ends.
//!
//! A notification is stored with its cause, and each attempt with what came of it. So a gateway that starts again goes on where it was. A listener may
//! get one twice whose answer was not stored before the end of the process: Alipay promises no more.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

use super::Notification;
use crate::clock::{MovableClock, beijing};
use crate::news::{News, Topic};
use crate::state::preauths;
use crate::state::trades::Key;
use crate::store::Store;
use crate::strictness::Strictness;
use crate::table::{Change, List, Rows as _};

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

/// So many attempts are made at once: a burst of payments must not use up all sockets.
const AT_ONCE: usize = 64;

/// A notification, and how its delivery went so far.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The body of the POST, which every attempt sends: a signed form, in the charset that its `charset` names.
    pub body: String,
    /// The attempts so far.
    pub attempts: Vec<AttemptView>,
    /// Whether it arrived.
    pub outcome: NotificationOutcome,
}

/// Shows no body: that of a message about a merchant's authorisation has tokens.
impl fmt::Debug for NotificationView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NotificationView")
            .field("notify_id", &self.notify_id)
            .field("name", &self.name)
            .field("trade_status", &self.trade_status)
            .field("url", &self.url)
            .field("attempts", &self.attempts)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// One attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct AttemptView {
    /// When the answer came, or it was clear that none would: Beijing time, by the gateway's clock.
    pub at: String,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// The beginning of the answer, or why none came.
    pub answer: String,
}

/// Whether a notification arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Why a notification is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResendRefusal {
    /// There is no such notification.
    Unknown,
    /// This gateway delivers nothing.
    NoCourier,
}

/// Everything that is on its way or has arrived.
#[derive(Clone)]
pub(crate) struct Deliveries {
    /// Without one, nothing is sent: notifications are only recorded.
    courier: Option<Courier>,
    clock: Arc<MovableClock>,
    news: News,
    records: Arc<Mutex<List<Record>>>,
    pending: Arc<watch::Sender<usize>>,
    store: Store,
}

/// A notification, and all that its delivery needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    about: About,
    view: NotificationView,
    charset: String,
    /// How often it was attempted by the schedule.
    scheduled: usize,
    /// When the next attempt is due after one that failed, by the machine's clock.
    due: Option<Timestamp>,
    /// Told when it has arrived by another attempt than those of the schedule.
    #[serde(skip)]
    arrived: Arc<Notify>,
}

/// What carries them.
#[derive(Clone, Debug)]
pub(crate) struct Courier {
    runtime: Handle,
    client: reqwest::Client,
    schedule: Arc<[Duration]>,
    stop: watch::Receiver<bool>,
    slots: Arc<Semaphore>,
    strictness: Strictness,
}

/// Where the notifications stand among what is stored.
pub(crate) const NOTIFICATIONS: &str = "notifications";

impl Deliveries {
    /// Nothing sent yet.
    pub(crate) fn new(courier: Option<Courier>, clock: Arc<MovableClock>, news: News, store: Store) -> Self {
        Self {
            courier,
            clock,
            news,
            records: Arc::default(),
            pending: Arc::new(watch::Sender::new(0)),
            store,
        }
    }

    /// Where records are kept.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Stores these changes together with the notifications of them. The deliveries start when both are stored.
    pub(crate) fn send(&self, changes: Result<Vec<Change>, serde_json::Error>, news: Vec<(About, Notification)>) {
        let places = self.with(|records| {
            let places: Vec<_> = news
                .into_iter()
                .map(|(about, notification)| records.push(Record::new(about, notification)))
                .collect();
            self.keep(records, changes);
            places
        });
        if !places.is_empty() {
            self.news.tell(Topic::Notifications);
        }
        for place in places {
            self.begin(place);
        }
    }

    /// Takes a record as it was stored.
    #[cfg_attr(
        not(feature = "data"),
        allow(dead_code, reason = "nothing is loaded without a store")
    )]
    pub(crate) fn load(&self, key: &str, value: &str) -> Result<(), serde_json::Error> {
        self.with(|records| records.load(key, value))
    }

    /// Goes on with the deliveries that had no end yet when they were stored.
    pub(crate) fn resume(&self) {
        let is_pending = |record: &Record| record.view.outcome == NotificationOutcome::Pending;
        let places: Vec<_> = self.with(|records| {
            let pending = records.places().filter(|(_, record)| is_pending(record));
            pending.map(|(place, _)| place).collect()
        });
        for place in places {
            self.begin(place);
        }
    }

    /// Sends the notification of this `notify_id` once more, now: the same to the byte. Where it arrives, no more attempts follow.
    pub(crate) fn resend(&self, notify_id: &str) -> Result<(), ResendRefusal> {
        let found = self.with(|records| {
            let (place, record) = records.places().find(|(_, record)| record.is(notify_id))?;
            Some((place, record.clone()))
        });
        let (place, record) = found.ok_or(ResendRefusal::Unknown)?;
        let courier = self.courier.clone().ok_or(ResendRefusal::NoCourier)?;
        self.pending.send_modify(|count| *count += 1);
        let this = self.clone();
        courier.runtime.clone().spawn(async move {
            let attempt = this.attempt(&courier, &record).await;
            let has_arrived = attempt.has_arrived();
            this.update(place, |record| record.note(attempt));
            if has_arrived {
                record.arrived.notify_one();
            }
            this.pending.send_modify(|count| *count -= 1);
        });
        Ok(())
    }

    /// The notifications of an order or a merchant.
    pub(crate) fn of(&self, about: &About) -> Vec<NotificationView> {
        self.with(|records| {
            let about = records.iter().filter(|record| record.about == *about);
            about.map(|record| record.view.clone()).collect()
        })
    }

    /// All notifications.
    pub(crate) fn all(&self) -> Vec<NotificationView> {
        self.with(|records| records.iter().map(|record| record.view.clone()).collect())
    }

    /// So many of the latest that are about what is wanted, latest first.
    pub(crate) fn latest(&self, count: usize, is_wanted: impl Fn(&About) -> bool) -> Vec<NotificationView> {
        self.with(|records| {
            let latest_first = records.iter().rev().filter(|record| is_wanted(&record.about));
            latest_first.take(count).map(|record| record.view.clone()).collect()
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.with(|records| records.iter().len())
    }

    /// The notification of this `notify_id`, what it is about, and the charset of its body.
    pub(crate) fn find(&self, notify_id: &str) -> Option<(About, NotificationView, String)> {
        self.with(|records| {
            let record = records.iter().find(|record| record.is(notify_id))?;
            Some((record.about.clone(), record.view.clone(), record.charset.clone()))
        })
    }

    /// Waits until nothing is on its way.
    pub(crate) async fn settled(&self) {
        let mut pending = self.pending.subscribe();
        // This fails only when every sender was dropped.
        let _ = pending.wait_for(|count| *count == 0).await;
    }

    fn begin(&self, place: u64) {
        let Some(courier) = self.courier.clone() else {
            return;
        };
        self.pending.send_modify(|count| *count += 1);
        let this = self.clone();
        courier.runtime.clone().spawn(async move {
            // What is not stored is told to nobody.
            if this.store.settled().await.is_ok() {
                this.deliver(&courier, place).await;
            }
            this.pending.send_modify(|count| *count -= 1);
        });
    }

    /// Attempts it by what is left of the schedule, until it arrives. What the gateway has no time for remains pending.
    async fn deliver(&self, courier: &Courier, place: u64) {
        let Some(record) = self.with(|records| records.get(place).cloned()) else {
            return;
        };
        let mut stop = courier.stop.clone();
        let mut pause = record.pause();
        for index in record.scheduled.. {
            if let Some(pause) = pause {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = record.arrived.notified() => return,
                    _ = stop.wait_for(|stopped| *stopped) => return,
                }
            }
            let attempt = self.attempt(courier, &record).await;
            pause = courier.schedule.get(index).copied().filter(|_| !attempt.has_arrived());
            self.update(place, |record| {
                record.note(attempt);
                record.scheduled += 1;
                record.due = pause.and_then(|pause| Timestamp::now().checked_add(pause).ok());
                // It may have arrived in between, by an attempt beside the schedule.
                if pause.is_none() && record.view.outcome == NotificationOutcome::Pending {
                    record.view.outcome = NotificationOutcome::GivenUp;
                }
            });
            if pause.is_none() {
                return;
            }
        }
    }

    /// Tries once.
    async fn attempt(&self, courier: &Courier, record: &Record) -> AttemptView {
        let (status, answer) = courier.attempt(record).await;
        let at = beijing(self.clock.now());
        AttemptView { at, status, answer }
    }

    fn update(&self, place: u64, change: impl FnOnce(&mut Record)) {
        self.with(|records| {
            if let Some(record) = records.get_mut(place) {
                change(record);
            }
            self.keep(records, Ok(Vec::new()));
        });
        self.news.tell(Topic::Notifications);
    }

    /// Hands these changes to the store, and those of the records.
    fn keep(&self, records: &mut List<Record>, changes: Result<Vec<Change>, serde_json::Error>) {
        if !self.store.is_kept() {
            records.forget_changes();
            return;
        }
        self.store.submit(changes.and_then(|mut changes| {
            records.take_changes(NOTIFICATIONS, &mut changes)?;
            Ok(changes)
        }));
    }

    fn with<T>(&self, action: impl FnOnce(&mut List<Record>) -> T) -> T {
        action(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AttemptView {
    /// Whether the answer is the one that ends the repeats.
    fn has_arrived(&self) -> bool {
        self.status == Some(200) && self.answer == "success"
    }
}

impl Record {
    fn new(about: About, notification: Notification) -> Self {
        Self {
            about,
            view: NotificationView {
                notify_id: notification.notify_id,
                name: notification.name.into_owned(),
                trade_status: notification.trade_status.map(Cow::into_owned),
                url: notification.url,
                body: notification.form,
                attempts: Vec::new(),
                outcome: NotificationOutcome::Pending,
            },
            charset: notification.charset,
            scheduled: 0,
            due: None,
            arrived: Arc::default(),
        }
    }

    fn is(&self, notify_id: &str) -> bool {
        self.view.notify_id == notify_id
    }

    /// Notes what came of an attempt. What has arrived once has arrived.
    fn note(&mut self, attempt: AttemptView) {
        if attempt.has_arrived() {
            self.view.outcome = NotificationOutcome::Delivered;
        }
        self.view.attempts.push(attempt);
    }

    /// How long the next attempt has to wait, if it has to.
    fn pause(&self) -> Option<Duration> {
        let left = self.due?.duration_since(Timestamp::now());
        Some(left.try_into().unwrap_or_default())
    }
}

impl Courier {
    /// Attempts run on `runtime` until `stop` says so.
    pub(crate) fn new(
        runtime: Handle,
        schedule: Vec<Duration>,
        stop: watch::Receiver<bool>,
        strictness: Strictness,
    ) -> Result<Self, reqwest::Error> {
        let client = http_client()?;
        Ok(Self {
            runtime,
            client,
            schedule: schedule.into(),
            stop,
            strictness,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// The status of the answer and its beginning, or why none came.
    async fn attempt(&self, record: &Record) -> (Option<u16>, String) {
        // This fails only for a semaphore that was closed, and nobody closes it.
        let _slot = self.slots.acquire().await;
        let content_type = self.strictness.content_type(&record.charset);
        let sent = self
            .client
            .post(&record.view.url)
            .header("content-type", content_type)
            .body(record.view.body.clone())
            .send()
            .await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return (None, error.to_string()),
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
                Err(error) => return (None, error.to_string()),
            }
        }
        (status, String::from_utf8_lossy(&answer).into_owned())
    }
}

/// What speaks to apps. It goes to their URL only: neither through proxies nor to where a redirect leads.
pub(crate) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
}
