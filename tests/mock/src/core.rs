//! What the HTTP server, the control endpoint and the in-process handle share.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::answers::Answers;
use crate::certificates::Signatory;
use crate::clock::{Clock, timestamp};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::PublicKey;
use crate::notify::delivery::{About, Deliveries};
use crate::notify::envelope::Sender;
use crate::notify::{self, messages};
use crate::specs::Specs;
use crate::state::State;
use crate::state::authorisations::Event;

/// The one app that may call.
pub(crate) struct App {
    pub(crate) id: String,
    /// The user number of the merchant whose app it is.
    pub(crate) seller_id: String,
    pub(crate) key: PublicKey,
}

/// All that a running gateway keeps.
pub(crate) struct Core {
    pub(crate) specs: Specs,
    pub(crate) app: App,
    pub(crate) clock: Box<dyn Clock>,
    /// Whether notifications and return URLs name the certificate that they are signed with.
    pub(crate) notifications_name_certificate: bool,
    pub(crate) state: Mutex<State>,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) answers: Answers,
    pub(crate) deliveries: Deliveries,
}

impl Core {
    /// The present moment, by the gateway's clock.
    pub(crate) fn now(&self) -> Timestamp {
        timestamp(self.clock.now())
    }

    /// Reads or changes the state; notifications of the changes are sent afterwards.
    pub(crate) fn with_state<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = action(&mut state);
        let now = self.now();
        let signatory = self.notification_signer(state.identity.signatory());
        let sender = Sender {
            specs: &self.specs,
            signatory: &signatory,
            now,
        };
        for event in std::mem::take(&mut state.trades.events) {
            let notification = state
                .trades
                .get(&event.key, now)
                .and_then(|order| notify::notification(order, &event.kind, sender));
            if let Some(notification) = notification {
                self.deliveries.send(About::Order(event.key), notification);
            }
        }
        for event in state.preauths.take_events() {
            let preauth = state.preauths.get(&event.key, now);
            let notification = preauth.and_then(|preauth| notify::preauths::notification(&event, preauth, sender));
            if let Some(notification) = notification {
                self.deliveries.send(About::Preauth(event.key), notification);
            }
        }
        for event in state.agreements.take_events() {
            let url = state.app_gateway_url.as_deref();
            if let Some(notification) = notify::agreements::notification(&event, url, sender) {
                self.deliveries.send(About::Agreement(event.agreement.no), notification);
            }
        }
        for event in state.authorisations.take_events() {
            let (Event::Authorised(grant, _) | Event::Cancelled(grant)) = &event;
            let about = About::Merchant(grant.grantor.auth_app_id.clone());
            let url = state.app_gateway_url.as_deref();
            let notification = url.and_then(|url| notify::merchants::notification(&event, &self.app.id, url, sender));
            if let Some(notification) = notification {
                self.deliveries.send(about, notification);
            }
        }
        self.send_messages(&mut state, sender);
        result
    }

    /// Tells the app what became of splits, applications and complaints, if it has an address.
    fn send_messages(&self, state: &mut State, sender: Sender<'_>) {
        let splits = std::mem::take(&mut state.trades.split_events);
        let applications = std::mem::take(&mut state.onboarding.events);
        let complaints = std::mem::take(&mut state.complaints.events);
        let Some(url) = state.app_gateway_url.clone() else {
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
            if let Some(notification) = messages::message(name, &content, &url, &self.app.id, sender) {
                self.deliveries.send(about, notification);
            }
        }
    }

    /// Reads the state, together with the time.
    pub(crate) fn look<T>(&self, action: impl FnOnce(&State, Timestamp) -> T) -> T {
        self.with_state(|state| action(state, self.now()))
    }

    /// What Alipay signs with at present.
    pub(crate) fn signatory(&self) -> Signatory {
        self.with_state(|state| state.identity.signatory())
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
