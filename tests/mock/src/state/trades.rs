//! Orders and trades. An order is what the merchant asked for; its trade exists once the buyer has come into it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::deadlines::Deadlines;
use super::movements::{Cause, Movement};
use super::refunds::Refund;
use super::splits::Splits;
use crate::money::Money;
use crate::numbers;
use crate::protocol::Callbacks;
use crate::table::{List, Rows, Table};

/// Who an order is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names that the wire has for them")]
pub(crate) struct Merchant {
    /// The app that calls.
    pub(crate) app_id: String,
    /// The app it calls for: its own, or that of the merchant who authorised it.
    pub(crate) auth_app_id: String,
    /// Who gets the money.
    pub(crate) seller_id: String,
}

/// An order's name: numbers are a merchant's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// `auth_app_id`
    pub(crate) merchant: String,
    /// The merchant's number.
    pub(crate) out_trade_no: String,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names that the wire has for them")]
pub(crate) struct Buyer {
    /// `2088…`
    pub(crate) user_id: String,
    /// Where the app has moved to open ids.
    pub(crate) open_id: Option<String>,
    /// Partly masked.
    pub(crate) logon_id: String,
}

impl Default for Buyer {
    fn default() -> Self {
        Self {
            user_id: "2088102146225135".to_owned(),
            open_id: None,
            logon_id: "159****5620".to_owned(),
        }
    }
}

/// What the merchant asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) merchant: Merchant,
    pub(crate) method: String,
    pub(crate) out_trade_no: String,
    pub(crate) subject: String,
    pub(crate) total: Money,
    pub(crate) body: Option<String>,
    pub(crate) passback_params: Option<String>,
    pub(crate) merchant_order_no: Option<String>,
    pub(crate) store_id: Option<String>,
    pub(crate) terminal_id: Option<String>,
    pub(crate) buyer: Buyer,
    pub(crate) callbacks: Callbacks,
    /// Where a buyer goes who leaves the cashier.
    pub(crate) quit_url: Option<String>,
    /// When an unpaid trade is closed.
    pub(crate) expires: Option<Timestamp>,
    /// Until when a QR code can be scanned.
    pub(crate) scan_until: Option<Timestamp>,
    /// Whether the money is frozen for splits.
    pub(crate) freeze: bool,
}

/// Where a trade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    WaitBuyerPay,
    Closed,
    Success,
    /// Paid, and it can't be refunded any more.
    Finished,
}

impl Status {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Closed => "TRADE_CLOSED",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
        }
    }

    /// Whether the merchant has the money.
    pub(crate) fn is_paid(self) -> bool {
        matches!(self, Self::Success | Self::Finished)
    }
}

/// What a cancel did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CancelAction {
    Close,
    Refund,
}

/// What came of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trade {
    pub(crate) no: String,
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    pub(crate) paid: Option<Timestamp>,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) splits: Splits,
    pub(crate) cancel: Option<CancelAction>,
}

/// An order, with its trade if there is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) terms: Terms,
    pub(crate) trade: Option<Trade>,
    /// Withdrawn before there was a trade.
    pub(crate) withdrawn: bool,
    /// The code of a precreated order that is to be scanned.
    pub(crate) qr_code: Option<String>,
    /// When the merchant asked for it.
    pub(crate) placed: Timestamp,
}

/// Something that merchants are notified of.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) key: Key,
    pub(crate) kind: EventKind,
}

/// A split was carried out.
#[derive(Clone, Debug)]
pub(crate) struct SplitEvent {
    pub(crate) key: Key,
    pub(crate) settle_no: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Paid,
    Closed,
    Finished,
    Refunded { out_request_no: String, at: Timestamp },
}

/// Why an order is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceRefusal {
    /// The number is taken by a different order.
    Inconsistent,
    /// It is paid.
    Paid,
    /// It is closed.
    Closed,
    /// Its time is over before it began.
    Late,
}

/// Why a step can't be taken from where the trade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepRefusal {
    /// There is no trade (any more, or yet).
    NoTrade,
    /// It is paid.
    Paid,
    /// It is closed.
    Closed,
    /// Nobody has paid it.
    Unpaid,
    /// It is paid, and can't be refunded any more.
    Finished,
    /// It was paid too long ago.
    TooLate,
    /// The money was shared out, and the seller's account does not make up for it.
    Balance,
}

impl Order {
    /// Its name.
    pub(crate) fn key(&self) -> Key {
        Key {
            merchant: self.terms.merchant.auth_app_id.clone(),
            out_trade_no: self.terms.out_trade_no.clone(),
        }
    }

    /// Makes the trade, if it doesn't exist yet: the buyer has come into the order.
    pub(crate) fn open(&mut self, now: Timestamp) -> &mut Trade {
        self.trade.get_or_insert_with(|| Trade {
            no: numbers::trade_no(now),
            status: Status::WaitBuyerPay,
            created: now,
            paid: None,
            closed: None,
            refunds: Vec::new(),
            splits: Splits::default(),
            cancel: None,
        })
    }

    /// The buyer scans the code or pays: a trade is made if there was none.
    pub(crate) fn scan(&mut self, now: Timestamp) -> Result<&mut Trade, StepRefusal> {
        if self.trade.is_none() && (self.withdrawn || self.terms.scan_until.is_some_and(|until| until < now)) {
            return Err(StepRefusal::NoTrade);
        }
        Ok(self.open(now))
    }

    /// What time alone makes of it, and when.
    fn due(&self, refund_period: Option<SignedDuration>) -> Option<(Timestamp, Due)> {
        let trade = self.trade.as_ref()?;
        match trade.status {
            Status::WaitBuyerPay => Some((self.terms.expires?, Due::Closed)),
            Status::Success => {
                let (paid, period) = trade.paid.zip(refund_period)?;
                // One that is too far away never comes.
                Some((paid.checked_add(period).ok()?, Due::Finished))
            }
            Status::Closed | Status::Finished => None,
        }
    }
}

/// What time alone makes of an order.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// Nobody has paid.
    Closed,
    /// A payment can't be refunded any more.
    Finished,
}

/// When time alone changes the order of this name.
fn deadline(orders: &Table<Key, Order>, key: &Key, refund_period: Option<SignedDuration>) -> Option<Timestamp> {
    let (at, _) = orders.get(key)?.due(refund_period)?;
    Some(at)
}

/// All orders.
#[derive(Debug, Default)]
pub(crate) struct Trades {
    orders: Table<Key, Order>,
    by_trade_no: BTreeMap<String, Key>,
    by_code: BTreeMap<String, Key>,
    deadlines: Deadlines<Key>,
    /// What nobody has been notified of yet.
    pub(crate) events: Vec<Event>,
    /// The same of splits.
    pub(crate) split_events: Vec<SplitEvent>,
    /// Payments and refunds.
    pub(crate) movements: List<Movement>,
    /// How long after its payment a trade can be refunded, if that ends at all.
    pub(crate) refund_period: Option<SignedDuration>,
}

impl Trades {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 2] {
        [("orders", &mut self.orders), ("trade_movements", &mut self.movements)]
    }

    /// Finds orders again by what else names them, after they were loaded.
    pub(super) fn index(&mut self) {
        for (key, order) in self.orders.iter() {
            if let Some(trade) = &order.trade {
                self.by_trade_no.insert(trade.no.clone(), key.clone());
            }
            if let Some(code) = &order.qr_code {
                self.by_code.insert(code.clone(), key.clone());
            }
        }
        let (orders, period) = (&self.orders, self.refund_period);
        self.deadlines.note(orders.keys(), |key| deadline(orders, key, period));
    }

    /// The order that a call means: the trade's number wins over the merchant's.
    pub(crate) fn find(
        &mut self,
        merchant: &Merchant,
        trade_no: Option<&str>,
        out_trade_no: Option<&str>,
        now: Timestamp,
    ) -> Option<&Order> {
        let key = match trade_no {
            Some(no) => self
                .by_trade_no
                .get(no)
                .filter(|key| key.merchant == merchant.auth_app_id)?
                .clone(),
            None => Key {
                merchant: merchant.auth_app_id.clone(),
                out_trade_no: out_trade_no?.to_owned(),
            },
        };
        self.get(&key, now)
    }

    /// All orders, as they were left.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// The order of this name, as it was left.
    pub(crate) fn peek(&self, key: &Key) -> Option<&Order> {
        self.orders.get(key)
    }

    /// Takes in until when what has changed can stay as it is.
    pub(super) fn note_deadlines(&mut self) {
        let (orders, period) = (&self.orders, self.refund_period);
        self.deadlines
            .note(orders.changed(), |key| deadline(orders, key, period));
    }

    /// When time alone changes an order next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// Closes or finishes all whose time is over.
    pub(super) fn expire_all(&mut self, now: Timestamp) {
        for key in self.deadlines.take(now) {
            self.expire(&key, now);
        }
    }

    /// A merchant's orders.
    pub(crate) fn of(&self, auth_app_id: &str) -> impl Iterator<Item = &Order> {
        self.orders
            .values()
            .filter(move |order| order.terms.merchant.auth_app_id == auth_app_id)
    }

    /// The order that has a split of this number, whoever's it is.
    pub(super) fn order_of_split(&self, settle_no: &str) -> Option<Key> {
        let mut orders = self
            .orders
            .iter()
            .filter_map(|(key, order)| Some((key, order.trade.as_ref()?)));
        let found = orders.find(|(_, trade)| trade.splits.list.iter().any(|split| split.settle_no == settle_no));
        found.map(|(key, _)| key.clone())
    }

    /// The orders of payment codes whose buyers have not confirmed them yet, oldest first.
    pub(crate) fn unconfirmed(&self, now: Timestamp) -> Vec<(&Order, &Trade)> {
        let of_codes = self
            .orders
            .values()
            .filter(|order| order.terms.method == "alipay.trade.pay" && order.terms.expires.is_none_or(|at| at > now));
        let mut waiting: Vec<_> = of_codes
            .filter_map(|order| Some((order, order.trade.as_ref()?)))
            .filter(|(_, trade)| trade.status == Status::WaitBuyerPay)
            .collect();
        waiting.sort_by(|(_, a), (_, b)| (a.created, &a.no).cmp(&(b.created, &b.no)));
        waiting
    }

    /// The order of this trade, whoever's it is.
    pub(crate) fn of_trade_no(&self, trade_no: &str) -> Option<Key> {
        self.by_trade_no.get(trade_no).cloned()
    }

    /// Whether there is such a trade, whoever's it is.
    pub(crate) fn exists(&self, trade_no: &str) -> bool {
        self.by_trade_no.contains_key(trade_no)
    }

    /// The order of this number, whoever's it is: the control endpoint has no caller.
    pub(crate) fn find_any(&self, out_trade_no: &str) -> Option<Key> {
        let mut keys: Vec<_> = self
            .orders
            .keys()
            .filter(|key| key.out_trade_no == out_trade_no)
            .collect();
        keys.sort_by(|a, b| a.merchant.cmp(&b.merchant));
        keys.first().map(|&key| key.clone())
    }

    /// The order of this name, as it stands now: what has expired is closed first.
    pub(crate) fn get(&mut self, key: &Key, now: Timestamp) -> Option<&Order> {
        self.expire(key, now);
        self.orders.get(key)
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self, key: &Key, now: Timestamp) -> Option<&mut Order> {
        self.expire(key, now);
        self.orders.get_mut(key)
    }

    fn expire(&mut self, key: &Key, now: Timestamp) {
        let due = self.orders.get(key).and_then(|order| order.due(self.refund_period));
        let Some((at, due)) = due.filter(|(at, _)| *at <= now) else {
            return;
        };
        if let Some(trade) = self.orders.get_mut(key).and_then(|order| order.trade.as_mut()) {
            let kind = match due {
                Due::Closed => {
                    trade.status = Status::Closed;
                    trade.closed = Some(at);
                    EventKind::Closed
                }
                Due::Finished => {
                    trade.status = Status::Finished;
                    EventKind::Finished
                }
            };
            self.events.push(Event { key: key.clone(), kind });
        }
    }

    /// Takes an order, or finds that it is there already.
    pub(crate) fn place(&mut self, terms: Terms, now: Timestamp) -> Result<Key, PlaceRefusal> {
        let key = Key {
            merchant: terms.merchant.auth_app_id.clone(),
            out_trade_no: terms.out_trade_no.clone(),
        };
        if let Some(order) = self.get(&key, now) {
            let known = &order.terms;
            if order.withdrawn {
                return Err(PlaceRefusal::Closed);
            }
            match order.trade.as_ref().map(|trade| trade.status) {
                Some(Status::Success | Status::Finished) => return Err(PlaceRefusal::Paid),
                Some(Status::Closed) => return Err(PlaceRefusal::Closed),
                _ => {}
            }
            let same = known.total == terms.total
                && known.subject == terms.subject
                && known.merchant.seller_id == terms.merchant.seller_id
                && known.method == terms.method;
            return if same { Ok(key) } else { Err(PlaceRefusal::Inconsistent) };
        }
        if terms.expires.is_some_and(|expires| expires <= now) {
            return Err(PlaceRefusal::Late);
        }
        self.orders.insert(
            key.clone(),
            Order {
                terms,
                trade: None,
                withdrawn: false,
                qr_code: None,
                placed: now,
            },
        );
        Ok(key)
    }

    /// The code of an order that is to be scanned: the same each time.
    pub(crate) fn code(&mut self, key: &Key) -> Option<String> {
        if let Some(code) = &self.orders.get(key)?.qr_code {
            return Some(code.clone());
        }
        let code = numbers::qr_code();
        self.orders.get_mut(key)?.qr_code = Some(code.clone());
        self.by_code.insert(code.clone(), key.clone());
        Some(code)
    }

    /// The order that has this code.
    pub(crate) fn of_code(&self, code: &str) -> Option<Key> {
        self.by_code.get(code).cloned()
    }

    /// Who is going to pay an order, unless the merchant has named the buyer, or somebody has paid it.
    pub(crate) fn choose_buyer(&mut self, key: &Key, buyer: Buyer, now: Timestamp) {
        let Some(order) = self.get(key, now) else {
            return;
        };
        let is_open = order
            .trade
            .as_ref()
            .is_none_or(|trade| trade.status == Status::WaitBuyerPay);
        if is_open
            && order.terms.buyer == Buyer::default()
            && buyer != order.terms.buyer
            && let Some(order) = self.get_mut(key, now)
        {
            order.terms.buyer = buyer;
        }
    }

    /// The buyer comes into the order: gives the trade's number.
    pub(crate) fn open(&mut self, key: &Key, now: Timestamp) -> Result<String, StepRefusal> {
        let order = self.get(key, now).ok_or(StepRefusal::NoTrade)?;
        if let Some(trade) = &order.trade {
            return Ok(trade.no.clone());
        }
        let order = self.get_mut(key, now).ok_or(StepRefusal::NoTrade)?;
        let no = order.scan(now)?.no.clone();
        self.by_trade_no.insert(no.clone(), key.clone());
        Ok(no)
    }

    /// The buyer pays.
    pub(crate) fn pay(&mut self, key: &Key, now: Timestamp) -> Result<(), StepRefusal> {
        self.open(key, now)?;
        let order = self.get_mut(key, now).ok_or(StepRefusal::NoTrade)?;
        let amount = order.terms.total;
        let trade = order.trade.as_mut().ok_or(StepRefusal::NoTrade)?;
        match trade.status {
            Status::Success | Status::Finished => return Err(StepRefusal::Paid),
            Status::Closed => return Err(StepRefusal::Closed),
            Status::WaitBuyerPay => {}
        }
        trade.status = Status::Success;
        trade.paid = Some(now);
        self.movements.push(Movement {
            cause: Cause::Payment,
            number: key.out_trade_no.clone(),
            amount,
            at: now,
        });
        self.events.push(Event {
            key: key.clone(),
            kind: EventKind::Paid,
        });
        Ok(())
    }

    /// An unpaid trade ends.
    pub(crate) fn close(&mut self, key: &Key, now: Timestamp) -> Result<(), StepRefusal> {
        let trade = self
            .get_mut(key, now)
            .and_then(|order| order.trade.as_mut())
            .ok_or(StepRefusal::NoTrade)?;
        match trade.status {
            Status::Success | Status::Finished => return Err(StepRefusal::Paid),
            Status::Closed => return Err(StepRefusal::Closed),
            Status::WaitBuyerPay => {}
        }
        trade.status = Status::Closed;
        trade.closed = Some(now);
        self.events.push(Event {
            key: key.clone(),
            kind: EventKind::Closed,
        });
        Ok(())
    }

    /// A paid trade ends: it can't be refunded any more.
    pub(crate) fn finish(&mut self, key: &Key, now: Timestamp) -> Result<(), StepRefusal> {
        let trade = self
            .get_mut(key, now)
            .and_then(|order| order.trade.as_mut())
            .ok_or(StepRefusal::Unpaid)?;
        match trade.status {
            Status::WaitBuyerPay => return Err(StepRefusal::Unpaid),
            Status::Closed => return Err(StepRefusal::Closed),
            Status::Finished => return Err(StepRefusal::Finished),
            Status::Success => {}
        }
        trade.status = Status::Finished;
        self.events.push(Event {
            key: key.clone(),
            kind: EventKind::Finished,
        });
        Ok(())
    }

    /// Ends an order whatever became of it: an unpaid one is closed, a paid one refunded. Repeating it does nothing more and tells the same.
    pub(crate) fn cancel(
        &mut self,
        key: &Key,
        balance: &mut Money,
        now: Timestamp,
    ) -> Result<Option<CancelAction>, StepRefusal> {
        let Some(order) = self.get_mut(key, now) else {
            return Ok(None);
        };
        let Some(trade) = &mut order.trade else {
            // Nobody has scanned the code yet; from now on nobody can.
            order.withdrawn = true;
            return Ok(None);
        };
        let action = match (trade.cancel, trade.status) {
            (Some(action), _) => return Ok(Some(action)),
            (None, Status::WaitBuyerPay) => {
                trade.cancel = Some(CancelAction::Close);
                self.close(key, now)?;
                CancelAction::Close
            }
            (None, Status::Success) => {
                if trade
                    .paid
                    .is_some_and(|paid| now.duration_since(paid) > SignedDuration::from_hours(24))
                {
                    return Err(StepRefusal::TooLate);
                }
                let rest = order.terms.total.minus(order.refunded());
                self.refund_rest(key, rest, balance, now)
                    .map_err(|_| StepRefusal::Balance)?;
                if let Some(trade) = self.get_mut(key, now).and_then(|order| order.trade.as_mut()) {
                    trade.cancel = Some(CancelAction::Refund);
                }
                CancelAction::Refund
            }
            (None, Status::Finished) => return Err(StepRefusal::Finished),
            (None, Status::Closed) => return Ok(None),
        };
        Ok(Some(action))
    }
}

#[cfg(test)]
#[path = "trades_tests.rs"]
pub(super) mod tests;
