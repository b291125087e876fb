//! What the HTTP server, the control endpoint and the in-process handle share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::answers::Answers;
use crate::certificates::Signatory;
use crate::clock::{Alarm, MovableClock};
use crate::encryption::AesKey;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::PublicKey;
use crate::news::{News, Topic};
use crate::notify::delivery::{About, Deliveries};
use crate::notify::envelope::Sender;
use crate::notify::{self, Notification, messages};
use crate::specs::Specs;
use crate::state::State;
use crate::state::authorisations::Event;
use crate::strictness::Strictness;

/// The one app that may call.
pub(crate) struct App {
    pub(crate) id: String,
    /// The user number of the merchant whose app it is.
    pub(crate) seller_id: String,
    pub(crate) key: PublicKey,
    /// What its contents are encrypted with, where it has such a key.
    pub(crate) aes_key: Option<AesKey>,
}

/// All that a running gateway keeps.
pub(crate) struct Core {
    pub(crate) specs: Specs,
    pub(crate) app: App,
    pub(crate) strictness: Strictness,
    pub(crate) clock: Arc<MovableClock>,
    /// Who looks on is told here what changes.
    pub(crate) news: News,
    /// What the console's own forms send along, and nobody else knows.
    pub(crate) form_token: String,
    /// By which address browsers and phones reach it, if it has a server.
    pub(crate) base_url: Option<String>,
    /// How long the body of a request may take to arrive.
    pub(crate) body_timeout: Duration,
    /// Whether notifications and return URLs name the certificate that they are signed with.
    pub(crate) notifications_name_certificate: bool,
    /// Whether messages are encrypted, where the app has a key.
    pub(crate) encrypts_messages: bool,
    pub(crate) state: Mutex<State>,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) answers: Answers,
    pub(crate) deliveries: Deliveries,
    /// When something is due next.
    pub(crate) alarm: watch::Sender<Alarm>,
    /// Tells slow buyers to decide now.
    pub(crate) slow_buyers: watch::Sender<()>,
}

impl Core {
    /// The present moment, by the gateway's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The present moment by the clock that nobody has moved, which callers have too: the times that protocols compare are by this one.
    pub(crate) fn unmoved_now(&self) -> Timestamp {
        self.clock.unmoved()
    }

    /// Reads or changes the state. What has changed is handed to the store together with the notifications of it, before anybody else sees the change;
    /// the notifications are sent when it is stored.
    pub(crate) fn with_state<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = action(&mut state);
        let notifications = self.notifications_due(&mut state);
        let is_changed = state.is_changed();
        state.note_deadlines();
        let changes = if self.deliveries.store().is_kept() {
            state.take_changes()
        } else {
            state.forget_changes();
            Ok(Vec::new())
        };
        self.deliveries.send(changes, notifications);
        self.alarm.send_if_modified(|alarm| {
            let next = Alarm {
                at: state.next_deadline(),
                ahead: self.clock.ahead(),
            };
            std::mem::replace(alarm, next) != next
        });
        drop(state);
        if is_changed {
            self.news.tell(Topic::State);
        }
        result
    }

    /// What merchants are to be told of since this was asked last.
    fn notifications_due(&self, state: &mut State) -> Vec<(About, Notification)> {
        let now = self.now();
        let signatory = self.notification_signer(state.identity.signatory());
        let sender = Sender {
            specs: &self.specs,
            signatory: &signatory,
            message_key: self.message_key(),
            now,
        };
        let mut notifications = Vec::new();
        // A look at an order can be what finishes it.
        while !state.trades.events.is_empty() {
            for event in std::mem::take(&mut state.trades.events) {
                let notification = state
                    .trades
                    .get(&event.key, now)
                    .and_then(|order| notify::notification(order, &event.kind, sender));
                notifications.extend(notification.map(|notification| (About::Order(event.key), notification)));
            }
        }
        for event in state.preauths.take_events() {
            let preauth = state.preauths.get(&event.key, now);
            let notification = preauth.and_then(|preauth| notify::preauths::notification(&event, preauth, sender));
            notifications.extend(notification.map(|notification| (About::Preauth(event.key), notification)));
        }
        for event in state.agreements.take_events() {
            let url = state.app_gateway_url.as_deref();
            let notification = notify::agreements::notification(&event, url, sender);
            notifications.extend(notification.map(|notification| (About::Agreement(event.agreement.no), notification)));
        }
        for event in state.authorisations.take_events() {
            let (Event::Authorised(grant, _) | Event::Cancelled(grant)) = &event;
            let about = About::Merchant(grant.grantor.auth_app_id.clone());
            let url = state.app_gateway_url.as_deref();
            let notification = url.and_then(|url| notify::merchants::notification(&event, &self.app.id, url, sender));
            notifications.extend(notification.map(|notification| (about, notification)));
        }
        self.add_messages(state, sender, &mut notifications);
        notifications
    }

    /// What the app is told of splits, applications and complaints, if it has an address.
    fn add_messages(&self, state: &mut State, sender: Sender<'_>, notifications: &mut Vec<(About, Notification)>) {
        let splits = std::mem::take(&mut state.trades.split_events);
        let applications = std::mem::take(&mut state.onboarding.events);
        let complaints = std::mem::take(&mut state.complaints.events);
        let Some(url) = (*state.app_gateway_url).clone() else {
            return;
        };
        let mut all = Vec::new();
        for event in splits {
            let order = state.trades.get(&event.key, sender.now);
            let message = order.and_then(|order| messages::split(order, &event));
            all.extend(message.map(|message| (About::Order(event.key), message)));
        }
        for id in applications {
            let application = state.onboarding.application(&id);
            let message = application.and_then(|application| messages::application(application, state));
            all.extend(message.map(|message| (About::Application(id), message)));
        }
        for id in complaints {
            let message = messages::complaint(&id);
            all.push((About::Complaint(id), message));
        }
        for (about, (name, content)) in all {
            let notification = messages::message(name, &content, &url, &self.app.id, sender);
            notifications.extend(notification.map(|notification| (about, notification)));
        }
    }

    /// Notes what goes back to the request of this number, and the fault that it has.
    pub(crate) fn answered(&self, number: u64, response: &Response<Bytes>, fault: Option<&'static str>) {
        self.journal.answer(number, response, fault);
        self.news.tell(Topic::Requests);
    }

    /// What messages are encrypted with, if they are.
    pub(crate) fn message_key(&self) -> Option<&AesKey> {
        self.app.aes_key.as_ref().filter(|_| self.encrypts_messages)
    }

    /// Reads the state, together with the time.
    pub(crate) fn look<T>(&self, action: impl FnOnce(&State, Timestamp) -> T) -> T {
        let now = self.now();
        action(&self.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// Closes and finishes what is due, and tells merchants of it: this happens when somebody asks for the thing itself, or by this.
    pub(crate) fn sweep(&self) {
        if self.look(|state, now| state.next_deadline().is_some_and(|at| at <= now)) {
            self.with_state(|state| state.expire(self.now()));
        }
    }

    /// What Alipay signs with at present.
    pub(crate) fn signatory(&self) -> Signatory {
        self.look(|state, _| state.identity.signatory())
    }

    /// The same for notifications and return URLs.
    pub(crate) fn notification_signer(&self, signatory: Signatory) -> Signatory {
        if self.notifications_name_certificate {
            signatory
        } else {
            signatory.unnamed()
        }
    }
}
