//! Pre-authorisations: a payer's money that is frozen for a merchant, and what becomes of it. What is frozen, released and paid is summed up from the
//! operations, so that every amount adds up.

use std::collections::BTreeMap;
use std::mem;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::deadlines::Deadlines;
use super::trades::{Buyer, Merchant};
use crate::money::Money;
use crate::numbers;
use crate::protocol::Callbacks;
use crate::table::{Rows, Table};

/// A freeze can be cancelled for this long.
const CANCEL_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// A pre-authorisation's name: numbers are a merchant's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// `auth_app_id`
    pub(crate) merchant: String,
    /// The merchant's number.
    pub(crate) out_order_no: String,
}

/// What the merchant asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) merchant: Merchant,
    pub(crate) method: String,
    pub(crate) out_order_no: String,
    pub(crate) out_request_no: String,
    pub(crate) title: String,
    pub(crate) amount: Money,
    /// What a payment from it has to name too.
    pub(crate) product_code: String,
    pub(crate) payee_user_id: Option<String>,
    pub(crate) payee_logon_id: Option<String>,
    /// What comes back with queries.
    pub(crate) merchant_ext: Option<String>,
    pub(crate) callbacks: Callbacks,
    /// Until when the payer can authorise it.
    pub(crate) expires: Timestamp,
}

impl Terms {
    fn key(&self) -> Key {
        Key {
            merchant: self.merchant.auth_app_id.clone(),
            out_order_no: self.out_order_no.clone(),
        }
    }

    /// Whether a repetition asks for the same. It comes later, and may name other URLs.
    fn is_same(&self, other: &Self) -> bool {
        let asked = |terms: &Self| {
            (
                terms.method.clone(),
                terms.out_request_no.clone(),
                terms.title.clone(),
                terms.amount,
                terms.product_code.clone(),
                (terms.payee_user_id.clone(), terms.payee_logon_id.clone()),
            )
        };
        asked(self) == asked(other)
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum OperationKind {
    Freeze,
    Unfreeze,
    Pay,
}

impl OperationKind {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Freeze => "FREEZE",
            Self::Unfreeze => "UNFREEZE",
            Self::Pay => "PAY",
        }
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OperationStatus {
    /// The payer has yet to authorise it.
    Init,
    Success,
    Closed,
}

impl OperationStatus {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
        }
    }
}

/// Something that was done with the payer's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// The merchant's number: of a payment, that of the order.
    pub(crate) out_request_no: String,
    pub(crate) kind: OperationKind,
    pub(crate) status: OperationStatus,
    pub(crate) amount: Money,
    pub(crate) remark: Option<String>,
    pub(crate) created: Timestamp,
    /// When it succeeded or was closed.
    pub(crate) done: Option<Timestamp>,
    /// What was released without an operation of its own: the rest, after a payment that completes, or all of a freeze that was cancelled.
    released: Money,
    /// When that was.
    released_at: Option<Timestamp>,
}

impl Operation {
    /// What was released without an operation of its own, and when.
    pub(crate) fn released(&self) -> Option<(Timestamp, Money)> {
        let at = self.released_at.or(self.done)?;
        (self.released > Money::ZERO).then_some((at, self.released))
    }
}

/// Where a pre-authorisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The payer has yet to authorise it.
    Init,
    /// Money is frozen.
    Authorised,
    /// Something was paid from it, and nothing is frozen any more.
    Finished,
    /// Not authorised in time, or all was released.
    Closed,
}

impl Status {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Authorised => "AUTHORIZED",
            Self::Finished => "FINISH",
            Self::Closed => "CLOSED",
        }
    }
}

/// How much of a pre-authorisation is where: `frozen` is always the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) frozen: Money,
    pub(crate) released: Money,
    pub(crate) paid: Money,
    /// Still frozen.
    pub(crate) rest: Money,
}

/// A pre-authorisation that the payer has come into.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) auth_no: String,
    pub(crate) payer: Buyer,
    /// The first is the freeze: there is only one, as nothing can be frozen in addition.
    operations: Vec<Operation>,
}

/// What a merchant asked for, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Preauth {
    pub(crate) terms: Terms,
    /// `None` until somebody scans the code.
    pub(crate) opened: Option<Opened>,
    /// The code of one that is to be scanned.
    pub(crate) qr_code: Option<String>,
    /// When the merchant asked for it.
    pub(crate) placed: Timestamp,
}

/// What a cancel did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelAction {
    /// No money was frozen yet.
    Close,
    Unfreeze,
}

impl CancelAction {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Unfreeze => "unfreeze",
        }
    }
}

/// Something that the merchant is notified of.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) key: Key,
    pub(crate) kind: EventKind,
    /// Those of the call that made it happen.
    pub(crate) callbacks: Callbacks,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// An operation succeeded: a freeze or an unfreeze.
    Done(Operation),
    /// The freeze was cancelled.
    Cancelled(CancelAction),
}

/// Why a freeze is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceRefusal {
    /// One of its numbers stands for something else.
    Inconsistent,
    /// The money is frozen already.
    Frozen,
    Finished,
    Closed,
}

/// Why the payer can't come into it, or not authorise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepRefusal {
    Authorised,
    Closed,
}

/// Why money is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnfreezeRefusal {
    Unknown,
    /// The number was used for another operation.
    Inconsistent,
    NotAuthorised,
    Finished,
    Closed,
    /// More than is frozen.
    TooMuch,
}

/// Why a freeze is not cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelRefusal {
    Unknown,
    /// Nothing is left to be done.
    Over,
    /// The time for it is over.
    TooLate,
    /// Some of the money was released or paid.
    Used,
}

/// Why nothing is paid from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayRefusal {
    Unknown,
    NotAuthorised,
    Finished,
    Closed,
    /// More than is frozen.
    TooMuch,
}

impl Opened {
    /// The freeze.
    pub(crate) fn freeze(&self) -> &Operation {
        // There is one from the beginning.
        &self.operations[0]
    }

    /// All that was done, oldest first.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// How much is where.
    pub(crate) fn totals(&self) -> Totals {
        let done = || {
            let operations = self.operations.iter();
            operations.filter(|operation| operation.status == OperationStatus::Success)
        };
        let of = |kind| {
            let of_kind = done().filter(|operation| operation.kind == kind);
            Money::sum(of_kind.map(|operation| operation.amount))
        };
        let frozen = of(OperationKind::Freeze);
        let released = of(OperationKind::Unfreeze).plus(Money::sum(done().map(|operation| operation.released)));
        let paid = of(OperationKind::Pay);
        Totals {
            frozen,
            released,
            paid,
            rest: frozen.minus(released).minus(paid),
        }
    }

    /// Where it stands.
    pub(crate) fn status(&self) -> Status {
        let totals = self.totals();
        match self.freeze().status {
            OperationStatus::Init => Status::Init,
            OperationStatus::Success if totals.rest > Money::ZERO => Status::Authorised,
            OperationStatus::Success if totals.paid > Money::ZERO => Status::Finished,
            OperationStatus::Success | OperationStatus::Closed => Status::Closed,
        }
    }

    /// An operation by either number: the freeze first, then an unfreeze, then a payment.
    pub(crate) fn operation(&self, id: Option<&str>, out_request_no: Option<&str>) -> impl Iterator<Item = &Operation> {
        let mut found: Vec<_> = self
            .operations
            .iter()
            .filter(|operation| match id {
                Some(id) => operation.id == id,
                None => Some(operation.out_request_no.as_str()) == out_request_no,
            })
            .collect();
        found.sort_by_key(|operation| operation.kind);
        found.into_iter()
    }

    fn add(&mut self, kind: OperationKind, number: &str, amount: Money, now: Timestamp) -> &mut Operation {
        self.operations.push(Operation {
            id: numbers::operation_id(now),
            out_request_no: number.to_owned(),
            kind,
            status: OperationStatus::Success,
            amount,
            remark: None,
            created: now,
            done: Some(now),
            released: Money::ZERO,
            released_at: None,
        });
        let last = self.operations.len() - 1;
        &mut self.operations[last]
    }
}

impl Preauth {
    /// Its name.
    pub(crate) fn key(&self) -> Key {
        self.terms.key()
    }

    /// When it is closed if nobody authorises it.
    fn deadline(&self) -> Option<Timestamp> {
        let freeze = self.opened.as_ref()?.freeze();
        (freeze.status == OperationStatus::Init).then_some(self.terms.expires)
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    fn close(&mut self) {
        if let Some(opened) = &mut self.opened {
            opened.operations[0].status = OperationStatus::Closed;
            opened.operations[0].done = Some(self.terms.expires);
        }
    }
}

/// All pre-authorisations.
#[derive(Debug, Default)]
pub(crate) struct Preauths {
    all: Table<Key, Preauth>,
    by_auth_no: BTreeMap<String, Key>,
    by_code: BTreeMap<String, Key>,
    deadlines: Deadlines<Key>,
    events: Vec<Event>,
}

impl Preauths {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 1] {
        [("preauths", &mut self.all)]
    }

    /// Finds them again by what else names them, after they were loaded.
    pub(super) fn index(&mut self) {
        for (key, preauth) in self.all.iter() {
            if let Some(opened) = &preauth.opened {
                self.by_auth_no.insert(opened.auth_no.clone(), key.clone());
            }
            if let Some(code) = &preauth.qr_code {
                self.by_code.insert(code.clone(), key.clone());
            }
        }
        let all = &self.all;
        self.deadlines.note(all.keys(), |key| all.get(key)?.deadline());
    }

    /// Takes in until when what has changed can stay as it is.
    pub(super) fn note_deadlines(&mut self) {
        let all = &self.all;
        self.deadlines.note(all.changed(), |key| all.get(key)?.deadline());
    }

    /// When one is closed next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// Closes all whose time is over.
    pub(super) fn expire_all(&mut self, now: Timestamp) {
        for key in self.deadlines.take(now) {
            self.expire(&key, now);
        }
    }

    /// What merchants are to be notified of since this was asked last.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    /// All of them, as they stand now.
    pub(crate) fn all(&self, now: Timestamp) -> impl Iterator<Item = Preauth> {
        self.all.values().map(move |preauth| {
            let mut preauth = preauth.clone();
            if preauth.is_expired(now) {
                preauth.close();
            }
            preauth
        })
    }

    /// The one of this name, as it stands now: what has expired is closed first.
    pub(crate) fn get(&mut self, key: &Key, now: Timestamp) -> Option<&Preauth> {
        self.expire(key, now);
        self.all.get(key)
    }

    /// The same, to change it.
    fn get_mut(&mut self, key: &Key, now: Timestamp) -> Option<&mut Preauth> {
        self.expire(key, now);
        self.all.get_mut(key)
    }

    fn expire(&mut self, key: &Key, now: Timestamp) {
        if self.all.get(key).is_some_and(|preauth| preauth.is_expired(now))
            && let Some(preauth) = self.all.get_mut(key)
        {
            preauth.close();
        }
    }

    /// The one of this number, whoever's it is: the control endpoint has no caller.
    pub(crate) fn find_any(&self, out_order_no: &str) -> Option<Key> {
        let keys = self.all.keys().filter(|key| key.out_order_no == out_order_no);
        keys.min_by(|a, b| a.merchant.cmp(&b.merchant)).cloned()
    }

    /// Those of payment codes that their payers have not confirmed yet, by number.
    pub(crate) fn unconfirmed(&self, now: Timestamp) -> Vec<(&Preauth, &Opened)> {
        let of_codes = self
            .all
            .values()
            .filter(|preauth| preauth.terms.method == "alipay.fund.auth.order.freeze" && preauth.terms.expires > now);
        let mut waiting: Vec<_> = of_codes
            .filter_map(|preauth| Some((preauth, preauth.opened.as_ref()?)))
            .filter(|(_, opened)| opened.status() == Status::Init)
            .collect();
        waiting.sort_by(|(_, a), (_, b)| a.auth_no.cmp(&b.auth_no));
        waiting
    }

    /// The one of this number of Alipay's, whoever's it is.
    pub(crate) fn of_auth_no(&self, auth_no: &str) -> Option<Key> {
        self.by_auth_no.get(auth_no).cloned()
    }

    /// Whether there is such a number, whoever's it is.
    pub(crate) fn exists(&self, auth_no: &str) -> bool {
        self.by_auth_no.contains_key(auth_no)
    }

    /// The one that a merchant's call means: Alipay's number wins. One whose code nobody has scanned is not there yet.
    pub(crate) fn find(
        &mut self,
        merchant: &Merchant,
        auth_no: Option<&str>,
        out_order_no: Option<&str>,
        now: Timestamp,
    ) -> Option<(Key, &Opened)> {
        let key = match auth_no {
            Some(no) => self.by_auth_no.get(no)?.clone(),
            None => Key {
                merchant: merchant.auth_app_id.clone(),
                out_order_no: out_order_no?.to_owned(),
            },
        };
        if key.merchant != merchant.auth_app_id {
            return None;
        }
        let opened = self.get(&key, now)?.opened.as_ref()?;
        Some((key, opened))
    }

    /// Takes a request to freeze money, or finds that it is there already.
    pub(crate) fn place(&mut self, terms: Terms, now: Timestamp) -> Result<Key, PlaceRefusal> {
        let key = terms.key();
        if let Some(known) = self.get(&key, now) {
            let is_same = known.terms.is_same(&terms);
            return match known.opened.as_ref().map(Opened::status) {
                Some(Status::Finished) => Err(PlaceRefusal::Finished),
                Some(Status::Closed) => Err(PlaceRefusal::Closed),
                // The code can't be scanned any more.
                None if known.terms.expires <= now => Err(PlaceRefusal::Closed),
                _ if !is_same => Err(PlaceRefusal::Inconsistent),
                Some(Status::Authorised) => Err(PlaceRefusal::Frozen),
                Some(Status::Init) | None => Ok(key),
            };
        }
        // A number of a freeze serves once at a merchant.
        let mut others = self.all.values().filter(|other| other.key().merchant == key.merchant);
        if others.any(|other| other.terms.out_request_no == terms.out_request_no) {
            return Err(PlaceRefusal::Inconsistent);
        }
        let preauth = Preauth {
            terms,
            opened: None,
            qr_code: None,
            placed: now,
        };
        self.all.insert(key.clone(), preauth);
        Ok(key)
    }

    /// The code of one that is to be scanned: the same each time.
    pub(crate) fn code(&mut self, key: &Key) -> Option<String> {
        if let Some(code) = &self.all.get(key)?.qr_code {
            return Some(code.clone());
        }
        let code = numbers::preauth_qr_code();
        self.all.get_mut(key)?.qr_code = Some(code.clone());
        self.by_code.insert(code.clone(), key.clone());
        Some(code)
    }

    /// The one that has this code.
    pub(crate) fn of_code(&self, code: &str) -> Option<Key> {
        self.by_code.get(code).cloned()
    }

    /// The payer comes into it: from now on it exists, and waits to be authorised.
    pub(crate) fn open(&mut self, key: &Key, payer: Buyer, now: Timestamp) -> Result<(), StepRefusal> {
        let preauth = self.get(key, now).ok_or(StepRefusal::Closed)?;
        if preauth.opened.is_some() {
            return Ok(());
        }
        if preauth.terms.expires <= now {
            return Err(StepRefusal::Closed);
        }
        let mut opened = Opened {
            auth_no: numbers::auth_no(now),
            payer,
            operations: Vec::new(),
        };
        let preauth = self.get_mut(key, now).ok_or(StepRefusal::Closed)?;
        let (number, amount) = (preauth.terms.out_request_no.clone(), preauth.terms.amount);
        let freeze = opened.add(OperationKind::Freeze, &number, amount, now);
        freeze.status = OperationStatus::Init;
        freeze.done = None;
        let auth_no = opened.auth_no.clone();
        preauth.opened = Some(opened);
        self.by_auth_no.insert(auth_no, key.clone());
        Ok(())
    }

    /// The payer authorises it: the money is frozen.
    pub(crate) fn authorise(&mut self, key: &Key, payer: Buyer, now: Timestamp) -> Result<(), StepRefusal> {
        self.open(key, payer.clone(), now)?;
        let preauth = self.get_mut(key, now).ok_or(StepRefusal::Closed)?;
        let callbacks = preauth.terms.callbacks.clone();
        let opened = preauth.opened.as_mut().ok_or(StepRefusal::Closed)?;
        match opened.status() {
            Status::Init => opened.payer = payer,
            Status::Authorised | Status::Finished => return Err(StepRefusal::Authorised),
            Status::Closed => return Err(StepRefusal::Closed),
        }
        let freeze = &mut opened.operations[0];
        freeze.status = OperationStatus::Success;
        freeze.done = Some(now);
        let kind = EventKind::Done(freeze.clone());
        self.tell(key, kind, callbacks);
        Ok(())
    }

    /// Releases money: gives the operation, the same for a repetition.
    pub(crate) fn unfreeze(
        &mut self,
        key: &Key,
        (out_request_no, amount): (&str, Money),
        remark: Option<String>,
        callbacks: Callbacks,
        now: Timestamp,
    ) -> Result<Operation, UnfreezeRefusal> {
        let opened = self.get_mut(key, now).and_then(|preauth| preauth.opened.as_mut());
        let opened = opened.ok_or(UnfreezeRefusal::Unknown)?;
        if let Some(earlier) = opened.operation(None, Some(out_request_no)).next() {
            let is_same = earlier.kind == OperationKind::Unfreeze && earlier.amount == amount;
            return is_same.then(|| earlier.clone()).ok_or(UnfreezeRefusal::Inconsistent);
        }
        match opened.status() {
            Status::Init => return Err(UnfreezeRefusal::NotAuthorised),
            Status::Finished => return Err(UnfreezeRefusal::Finished),
            Status::Closed => return Err(UnfreezeRefusal::Closed),
            Status::Authorised if amount > opened.totals().rest => return Err(UnfreezeRefusal::TooMuch),
            Status::Authorised => {}
        }
        let operation = opened.add(OperationKind::Unfreeze, out_request_no, amount, now);
        operation.remark = remark;
        let operation = operation.clone();
        self.tell(key, EventKind::Done(operation.clone()), callbacks);
        Ok(operation)
    }

    /// Ends a freeze that nothing was taken from.
    pub(crate) fn cancel(
        &mut self,
        key: &Key,
        callbacks: Callbacks,
        now: Timestamp,
    ) -> Result<CancelAction, CancelRefusal> {
        let opened = self.get_mut(key, now).and_then(|preauth| preauth.opened.as_mut());
        let opened = opened.ok_or(CancelRefusal::Unknown)?;
        let totals = opened.totals();
        let status = opened.status();
        let freeze = &mut opened.operations[0];
        let action = match status {
            Status::Finished | Status::Closed => return Err(CancelRefusal::Over),
            Status::Init => {
                freeze.status = OperationStatus::Closed;
                freeze.done = Some(now);
                CancelAction::Close
            }
            Status::Authorised => {
                let frozen = freeze.done.unwrap_or(freeze.created);
                if now.duration_since(frozen) > CANCEL_WITHIN {
                    return Err(CancelRefusal::TooLate);
                }
                if totals.rest < totals.frozen {
                    return Err(CancelRefusal::Used);
                }
                freeze.released = totals.rest;
                freeze.released_at = Some(now);
                CancelAction::Unfreeze
            }
        };
        self.tell(key, EventKind::Cancelled(action), callbacks);
        Ok(action)
    }

    /// Whether so much can be paid from it.
    pub(crate) fn payable(&mut self, key: &Key, amount: Money, now: Timestamp) -> Result<&Opened, PayRefusal> {
        let opened = self.get(key, now).and_then(|preauth| preauth.opened.as_ref());
        let opened = opened.ok_or(PayRefusal::Unknown)?;
        match opened.status() {
            Status::Init => Err(PayRefusal::NotAuthorised),
            Status::Finished => Err(PayRefusal::Finished),
            Status::Closed => Err(PayRefusal::Closed),
            Status::Authorised if amount > opened.totals().rest => Err(PayRefusal::TooMuch),
            Status::Authorised => Ok(opened),
        }
    }

    /// Takes what an order costs. With `completes`, the rest is released.
    pub(crate) fn pay(
        &mut self,
        key: &Key,
        (out_trade_no, amount): (&str, Money),
        completes: bool,
        now: Timestamp,
    ) -> Result<(), PayRefusal> {
        let rest = self.payable(key, amount, now)?.totals().rest.minus(amount);
        let opened = self.get_mut(key, now).and_then(|preauth| preauth.opened.as_mut());
        let opened = opened.ok_or(PayRefusal::Unknown)?;
        let operation = opened.add(OperationKind::Pay, out_trade_no, amount, now);
        if completes {
            operation.released = rest;
            operation.released_at = Some(now);
        }
        Ok(())
    }

    fn tell(&mut self, key: &Key, kind: EventKind, callbacks: Callbacks) {
        self.events.push(Event {
            key: key.clone(),
            kind,
            callbacks,
        });
    }
}

#[cfg(test)]
#[path = "preauths_tests.rs"]
pub(super) mod tests;
