use std::{error::Error as StdError, fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    codec::{Field, Object, Reading, Values, to_json},
    types::{DateTime, Price},
};

/// The numbers and amounts of a flow, and what was last known of it: all that is needed to [resume](super::resume) it.
///
/// Store it before you await the flow. `Display` writes it as one line of JSON and `FromStr` reads that again; with the feature `serde` it also
/// has serde's traits. That text has what a refund or transfer was asked with, so that the same request can be sent again: keep it where you
/// keep such data. `Debug` shows the numbers and amounts only.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    pub(super) flow: FlowKind,
    pub(super) app_id: String,
    pub(super) number: String,
    pub(super) order: Option<OrderNumber>,
    pub(super) amount: Price,
    pub(super) begun: Option<DateTime>,
    pub(super) code_minutes: Option<u32>,
    pub(super) alipay_number: Option<String>,
    pub(super) status: Option<String>,
    /// How far the flow had come when the ticket was stored, if it was stored on the way.
    pub(super) step: Option<Step>,
    pub(super) request: Option<String>,
}

/// What a flow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FlowKind {
    /// [`scan_pay`](super::scan_pay): the shop scans the buyer's code.
    #[cfg(feature = "trade")]
    ScanPay,
    /// [`agreement_pay`](super::agreement_pay): a deduction under an agreement.
    #[cfg(feature = "trade")]
    AgreementPay,
    /// [`qr_pay`](super::qr_pay): the buyer scans the shop's code.
    #[cfg(feature = "trade")]
    QrPay,
    /// [`preauth_pay`](super::preauth_pay): a payment from a pre-authorisation.
    #[cfg(feature = "trade")]
    PreauthPay,
    /// [`refund`](super::refund).
    #[cfg(feature = "trade")]
    Refund,
    /// [`settle`](super::settle): a split of a paid order.
    #[cfg(feature = "trade")]
    Settle,
    /// [`transfer`](super::transfer): `alipay.fund.trans.uni.transfer`.
    #[cfg(feature = "fund")]
    Transfer,
    /// [`transfer_to_account`](super::transfer_to_account): `alipay.fund.trans.toaccount.transfer`.
    #[cfg(feature = "fund")]
    TransferToAccount,
    /// [`freeze`](super::freeze): a pre-authorisation.
    #[cfg(feature = "fund")]
    Freeze,
    /// [`unfreeze`](super::unfreeze): a release of what is frozen.
    #[cfg(feature = "fund")]
    Unfreeze,
}

impl FlowKind {
    pub(super) const ALL: &'static [(Self, &'static str, &'static str)] = &[
        #[cfg(feature = "trade")]
        (Self::ScanPay, "scan_pay", "payment"),
        #[cfg(feature = "trade")]
        (Self::AgreementPay, "agreement_pay", "deduction"),
        #[cfg(feature = "trade")]
        (Self::QrPay, "qr_pay", "QR code payment"),
        #[cfg(feature = "trade")]
        (Self::PreauthPay, "preauth_pay", "payment"),
        #[cfg(feature = "trade")]
        (Self::Refund, "refund", "refund"),
        #[cfg(feature = "trade")]
        (Self::Settle, "settle", "split"),
        #[cfg(feature = "fund")]
        (Self::Transfer, "transfer", "transfer"),
        #[cfg(feature = "fund")]
        (Self::TransferToAccount, "transfer_to_account", "transfer"),
        #[cfg(feature = "fund")]
        (Self::Freeze, "freeze", "freeze"),
        #[cfg(feature = "fund")]
        (Self::Unfreeze, "unfreeze", "release"),
    ];

    /// Its name in a ticket's text.
    pub fn as_str(self) -> &'static str {
        self.names().0
    }

    /// Whether "there is no such number" is an answer that the gateway documents.
    pub(super) fn absence_is_proven(self) -> bool {
        match self {
            #[cfg(feature = "trade")]
            Self::Settle => false,
            _ => true,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        let names = Self::ALL.iter().find(|(kind, ..)| *kind == self);
        names.map_or(("", ""), |(_, name, words)| (name, words))
    }
}

/// What it is, in words.
impl fmt::Display for FlowKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.names().1)
    }
}

/// How far a flow has come. It is written down before the step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Sending,
    Cancelling,
}

impl Step {
    const ALL: [(Self, &'static str); 2] = [(Self::Sending, "sending"), (Self::Cancelling, "cancelling")];
}

/// The order that a refund or split is about, or the pre-authorisation of a freeze or release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OrderNumber {
    OutTrade(String),
    Trade(String),
    OutOrder(String),
    Auth(String),
}

/// How a number is named in a ticket's text, and what it is made into.
type NumberName = (&'static str, fn(String) -> OrderNumber);

impl OrderNumber {
    const NAMES: [NumberName; 4] = [
        ("out_trade_no", Self::OutTrade),
        ("trade_no", Self::Trade),
        ("out_order_no", Self::OutOrder),
        ("auth_no", Self::Auth),
    ];

    fn named(&self) -> (&'static str, &str) {
        match self {
            Self::OutTrade(number) => ("out_trade_no", number),
            Self::Trade(number) => ("trade_no", number),
            Self::OutOrder(number) => ("out_order_no", number),
            Self::Auth(number) => ("auth_no", number),
        }
    }
}

impl Ticket {
    pub(super) fn new(flow: FlowKind, app_id: &str, number: String, amount: Price) -> Self {
        Self {
            flow,
            app_id: app_id.to_owned(),
            number,
            order: None,
            amount,
            begun: None,
            code_minutes: None,
            alipay_number: None,
            status: None,
            step: None,
            request: None,
        }
    }

    /// The ticket of a payment of this app by its `out_trade_no` and its amount, where none was stored: of a [`scan_pay`](super::scan_pay), or of an
    /// order that is paid on a page or in an app.
    ///
    /// The amount must be that of the order: [resumed](super::resume), an order of another amount is not touched.
    #[cfg(feature = "trade")]
    pub fn of_payment(app_id: impl Into<String>, out_trade_no: impl Into<String>, total_amount: Price) -> Self {
        Self::new(FlowKind::ScanPay, &app_id.into(), out_trade_no.into(), total_amount)
    }

    /// The same of a [`qr_pay`](super::qr_pay) whose code could be scanned for so many minutes (`qr_code_timeout_express`).
    #[cfg(feature = "trade")]
    pub fn of_qr_pay(
        app_id: impl Into<String>,
        out_trade_no: impl Into<String>,
        total_amount: Price,
        code_minutes: u32,
    ) -> Self {
        let ticket = Self::new(FlowKind::QrPay, &app_id.into(), out_trade_no.into(), total_amount);
        Self {
            code_minutes: Some(code_minutes),
            ..ticket
        }
    }

    /// The ticket of a [`refund`](super::refund) of this app by its numbers and its amount, where none was stored. [Resumed](super::resume), it
    /// is asked for and never sent.
    #[cfg(feature = "trade")]
    pub fn of_refund(
        app_id: impl Into<String>,
        out_trade_no: impl Into<String>,
        out_request_no: impl Into<String>,
        refund_amount: Price,
    ) -> Self {
        let ticket = Self::new(FlowKind::Refund, &app_id.into(), out_request_no.into(), refund_amount);
        Self {
            order: Some(OrderNumber::OutTrade(out_trade_no.into())),
            ..ticket
        }
    }

    /// Keeps what is sent, so that it can be sent again. A request that lacks something is not kept: it fails when it is sent.
    pub(super) fn store_request(&mut self, request: &dyn Field) {
        self.request = to_json(request).ok();
    }

    pub(super) fn stored_request<T: Object>(&self) -> Option<T> {
        let values = Values::parse(self.request.as_deref()?, 1).ok()?;
        values.make(Reading::Strict).ok()
    }

    /// What the flow does.
    pub fn flow(&self) -> FlowKind {
        self.flow
    }

    /// The app whose client it was begun with.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The merchant's own number: a payment's `out_trade_no`, a transfer's `out_biz_no`, the `out_request_no` of all others.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The amount that was asked for, in yuan or in the currency that the request names. A split's is the sum of its shares, without those in
    /// percent.
    pub fn amount(&self) -> Price {
        self.amount
    }

    /// When the flow was begun, in Beijing time by the flow's clock.
    pub fn begun(&self) -> Option<DateTime> {
        self.begun
    }

    /// Alipay's number, once it is known: a payment's or refund's `trade_no`, a split's `settle_no`, a transfer's `order_id`, a freeze's `auth_no`,
    /// a release's `operation_id`.
    pub fn alipay_number(&self) -> Option<&str> {
        self.alipay_number.as_deref()
    }

    /// The status that the gateway last gave, such as `WAIT_BUYER_PAY`.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    fn to_json(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::from);
        put("flow", Some(self.flow.as_str().into()));
        put("app_id", Some(self.app_id.clone().into()));
        put("number", Some(self.number.clone().into()));
        if let Some((name, number)) = self.order.as_ref().map(OrderNumber::named) {
            put(name, Some(number.into()));
        }
        put("amount", Some(self.amount.to_string().into()));
        put("begun", self.begun.map(|begun| begun.to_string().into()));
        put("code_minutes", self.code_minutes.map(Value::from));
        put("alipay_number", text(&self.alipay_number));
        put("status", text(&self.status));
        let step = Step::ALL.iter().find(|(step, _)| Some(*step) == self.step);
        put("step", step.map(|(_, name)| (*name).into()));
        put("request", text(&self.request));
        Value::Object(map)
    }

    fn from_json(map: &Map<String, Value>) -> Result<Self, TicketError> {
        let text = |name: &'static str| match map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TicketError(name)),
        };
        let required = |name: &'static str| text(name)?.ok_or(TicketError(name));
        let flow = required("flow")?;
        let flow = FlowKind::ALL.iter().find(|(_, name, _)| *name == flow);
        let mut order = None;
        for (name, make) in OrderNumber::NAMES {
            if let Some(number) = text(name)?
                && order.replace(make(number)).is_some()
            {
                return Err(TicketError(name));
            }
        }
        let code_minutes = match map.get("code_minutes") {
            None => None,
            Some(value) => {
                let minutes = value.as_u64().and_then(|minutes| u32::try_from(minutes).ok());
                Some(minutes.ok_or(TicketError("code_minutes"))?)
            }
        };
        #[cfg(feature = "trade")]
        if matches!(flow, Some((FlowKind::QrPay, ..))) && code_minutes.is_none() {
            // How long the code can be scanned decides when an absent order is not paid.
            return Err(TicketError("code_minutes"));
        }
        let step = text("step")?.map(|text| {
            let step = Step::ALL.iter().find(|(_, name)| *name == text);
            step.map(|(step, _)| *step).ok_or(TicketError("step"))
        });
        let begun = text("begun")?.map(|begun| begun.parse().map_err(|_| TicketError("begun")));
        Ok(Self {
            flow: flow.map(|(kind, ..)| *kind).ok_or(TicketError("flow"))?,
            app_id: required("app_id")?,
            number: required("number")?,
            order,
            amount: required("amount")?.parse().map_err(|_| TicketError("amount"))?,
            begun: begun.transpose()?,
            code_minutes,
            alipay_number: text("alipay_number")?,
            status: text("status")?,
            step: step.transpose()?,
            request: text("request")?,
        })
    }
}

/// As one line of JSON.
impl fmt::Display for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(formatter)
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let map: Map<String, Value> = serde_json::from_str(text).map_err(|_| TicketError(""))?;
        Self::from_json(&map)
    }
}

/// Without the request: it names payees.
impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ticket")
            .field("flow", &self.flow)
            .field("app_id", &self.app_id)
            .field("number", &self.number)
            .field("order", &self.order)
            .field("amount", &self.amount)
            .field("begun", &self.begun)
            .field("alipay_number", &self.alipay_number)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "serde")]
impl serde_core::Serialize for Ticket {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde_core::Deserialize<'de> for Ticket {
    fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        Self::from_json(&map).map_err(serde_core::de::Error::custom)
    }
}

/// The text is not a ticket's: this member of it is missing or wrong. Empty if it is no JSON object at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketError(&'static str);

impl fmt::Display for TicketError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => formatter.write_str("the text is not a ticket, which is one JSON object"),
            member => write!(formatter, "the ticket's `{member}` is missing or wrong"),
        }
    }
}

impl StdError for TicketError {}

#[cfg(all(test, feature = "trade"))]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_was_written() {
        let mut ticket = Ticket::new(FlowKind::QrPay, "2021", "20161117".to_owned(), Price::from_cents(1));
        ticket.begun = DateTime::new(2026, 11, 27, 8, 0, 0);
        ticket.code_minutes = Some(2);
        for order in [
            None,
            Some(OrderNumber::Trade("1".to_owned())),
            Some(OrderNumber::OutTrade("\"}".to_owned())),
            Some(OrderNumber::OutOrder("1".to_owned())),
            Some(OrderNumber::Auth("1".to_owned())),
        ] {
            ticket.order = order;
            assert_eq!(ticket.to_string().parse(), Ok(ticket.clone()));
            ticket.request = Some("{}".to_owned());
            ticket.status = Some("WAIT_BUYER_PAY".to_owned());
            ticket.step = Some(Step::Cancelling);
            assert_eq!(ticket.to_string().parse(), Ok(ticket.clone()));
        }
        assert!(!format!("{ticket:?}").contains("{}"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = Ticket::of_payment("2021", "1", Price::from_cents(1)).to_string();
        for (text, member) in [
            ("", "JSON"),
            ("[]", "JSON"),
            ("{}", "`flow`"),
            (&good.replace("scan_pay", "pay"), "`flow`"),
            (&good.replace("0.01", "0.001"), "`amount`"),
            (&good.replace("\"2021\"", "2021"), "`app_id`"),
            (&good.replace("\"number\"", "\"no\""), "`number`"),
            (&good.replace('{', r#"{"out_trade_no":"1","auth_no":"1","#), "`auth_no`"),
            (&good.replace('{', r#"{"step":"cancelled","#), "`step`"),
        ] {
            let error = text.parse::<Ticket>().unwrap_err().to_string();
            assert!(error.contains(member), "{text}: {error}");
        }
    }
}
