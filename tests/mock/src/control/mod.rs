//! Acting as the others: the buyer, the merchant who authorises the app, the user who chooses invoices. The control endpoint and the in-process handle
//! both call these functions.

pub(crate) mod agreements;
pub(crate) mod answers;
pub(crate) mod buyers;
pub(crate) mod certificates;
pub(crate) mod clock;
pub(crate) mod complaints;
pub(crate) mod faults;
pub(crate) mod merchants;
pub(crate) mod movements;
pub(crate) mod notifications;
pub(crate) mod onboarding;
pub(crate) mod preauths;
pub(crate) mod splits;
pub(crate) mod users;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answers::AnswerError;
use crate::clock::beijing;
use crate::core::Core;
use crate::notify;
use crate::notify::delivery::{About, NotificationView};
use crate::notify::ordered::NotificationError;
use crate::state::trades::{Buyer, Key, Order, StepRefusal};

/// Why the gateway can't do what a test asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such order.
    #[error("there is no order {0}")]
    NoOrder(String),
    /// The order can't be paid: its code has expired, or it was cancelled.
    #[error("order {0} can't be paid: its code has expired, or it was cancelled")]
    NoTrade(String),
    /// The trade is paid.
    #[error("trade {0} is paid")]
    Paid(String),
    /// The trade is closed.
    #[error("trade {0} is closed")]
    Closed(String),
    /// The trade is finished.
    #[error("trade {0} is finished")]
    Finished(String),
    /// The buyer has no money.
    #[error("the buyer has no money to pay order {0}")]
    NoMoney(String),
    /// The order is another buyer's.
    #[error("order {0} is for another buyer to pay")]
    OtherBuyer(String),
    /// No such merchant has authorised the app.
    #[error("merchant {0} has not authorised the app")]
    NoMerchant(String),
    /// The merchant has cancelled its authorisation.
    #[error("merchant {0} has cancelled its authorisation")]
    Cancelled(String),
    /// There is no such pre-authorisation.
    #[error("there is no pre-authorisation {0}")]
    NoPreauth(String),
    /// The payer has authorised it.
    #[error("pre-authorisation {0} is authorised")]
    PreauthAuthorised(String),
    /// The pre-authorisation is closed, or its time is over.
    #[error("pre-authorisation {0} is closed, or its time is over")]
    PreauthClosed(String),
    /// There is no such agreement.
    #[error("there is no agreement {0}")]
    NoAgreement(String),
    /// Nobody is asked to sign the agreement any more.
    #[error("agreement {0} can't be signed or refused: it was signed or refused, or the time for it is over")]
    NotOffered(String),
    /// The merchant asked another user to sign.
    #[error("agreement {0} is for another user to sign: set the visitor")]
    OtherUser(String),
    /// The same agreement is in force.
    #[error("agreement {0} can't be signed: the same is in force as {1}")]
    SignedTwice(String, String),
    /// The agreement is not signed, or not any more.
    #[error("agreement {0} is not signed, or not any more")]
    NotSigned(String),
    /// Nobody has paid the order.
    #[error("nobody has paid order {0}")]
    NotPaid(String),
    /// There is no such split.
    #[error("there is no split {0}")]
    NoSplit(String),
    /// The split was carried out.
    #[error("split {0} was carried out")]
    SplitDone(String),
    /// There is no such application.
    #[error("there is no application {0}")]
    NoApplication(String),
    /// The application was decided.
    #[error("application {0} was decided")]
    Decided(String),
    /// There is no such complaint.
    #[error("there is no complaint {0}")]
    NoComplaint(String),
    /// The complaint's state does not allow the step.
    #[error("complaint {complain_event_id} is {status}: the step is not possible")]
    ComplaintState {
        /// The complaint.
        complain_event_id: String,
        /// Where it stands.
        status: &'static str,
    },
    /// There is no such notification.
    #[error("there is no notification {0}")]
    NoNotification(String),
    /// No such fault and no such answer waits for a call.
    #[error("there is no fault {0} that waits for a call")]
    NoFault(String),
    /// The gateway is in public-key mode.
    #[error("the gateway is in public-key mode and has no certificates")]
    NoCertificates,
    /// The gateway is in public-key mode, or its certificates are from files: the gateway can't issue others.
    #[error(
        "the gateway can't issue certificates: the gateway is in public-key mode, or its certificates are from files"
    )]
    NoAuthority,
    /// A setting or its value is not valid.
    #[error("{0}")]
    Setting(String),
    /// An answer that can't be ordered.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A notification that can't be ordered.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// Signing failed.
    #[error("the gateway could not sign what it gives back")]
    Signing,
}

/// An order as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct TradeView {
    /// The merchant's number.
    pub out_trade_no: String,
    /// Alipay's number, once there is a trade.
    pub trade_no: Option<String>,
    /// The status of the trade, once there is one.
    pub trade_status: Option<String>,
    /// The method that placed the order.
    pub method: String,
    /// The order's title.
    pub subject: String,
    /// In yuan.
    pub total_amount: String,
    /// The sum of the refunds, in yuan.
    pub refunded_amount: String,
    /// The sum of the shares of others that were made or wait, less those that came back, in yuan.
    pub settled_amount: String,
    /// What is frozen for splits, in yuan.
    pub frozen_amount: String,
    /// The user number of the payee.
    pub seller_id: String,
    /// The app that the order is for.
    pub auth_app_id: String,
    /// When the buyer paid.
    pub paid_at: Option<String>,
    /// The refunds, oldest first.
    pub refunds: Vec<RefundView>,
    /// The notifications, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct RefundView {
    /// The merchant's number of it.
    pub out_request_no: String,
    /// In yuan.
    pub amount: String,
    /// When.
    pub at: String,
}

/// The result of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Payment {
    /// The trade, paid.
    pub trade: TradeView,
    /// Where the buyer's browser is sent, if a browser delivered the order and it has a `return_url`.
    pub return_url: Option<String>,
    /// What the merchant's phone app receives, if an app delivered the order.
    pub app_result: Option<String>,
}

impl ControlError {
    /// A setting that should be a URL is none.
    fn no_url(text: &str) -> Self {
        Self::Setting(format!("{text:?} is not an absolute http or https URL"))
    }

    /// Why a step of this order was refused.
    fn of(key: &Key, refusal: StepRefusal) -> Self {
        let number = key.out_trade_no.clone();
        match refusal {
            StepRefusal::NoTrade | StepRefusal::TooLate | StepRefusal::Balance => Self::NoTrade(number),
            StepRefusal::Paid => Self::Paid(number),
            StepRefusal::Unpaid => Self::NotPaid(number),
            StepRefusal::Closed => Self::Closed(number),
            StepRefusal::Finished => Self::Finished(number),
        }
    }
}

impl Core {
    fn key(&self, out_trade_no: &str) -> Result<Key, ControlError> {
        self.with_state(|state| state.trades.find_any(out_trade_no))
            .ok_or_else(|| ControlError::NoOrder(out_trade_no.to_owned()))
    }

    /// The order of this number.
    pub(crate) fn trade(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        let key = self.key(out_trade_no)?;
        self.with_state(|state| state.trades.get(&key, self.now()).map(|order| self.view(order)))
            .ok_or(ControlError::NoOrder(key.out_trade_no))
    }

    /// The buyer scans a precreated order's code, or comes back to any other.
    pub(crate) fn scan(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        let key = self.key(out_trade_no)?;
        self.with_state(|state| state.trades.open(&key, self.now()))
            .map_err(|refusal| ControlError::of(&key, refusal))?;
        self.trade(out_trade_no)
    }

    /// The buyer pays.
    pub(crate) fn pay(&self, out_trade_no: &str) -> Result<Payment, ControlError> {
        self.pay_as(&self.key(out_trade_no)?, None)
    }

    /// This buyer pays, where the merchant has named nobody.
    pub(crate) fn pay_as(&self, key: &Key, buyer: Option<Buyer>) -> Result<Payment, ControlError> {
        let now = self.now();
        self.with_state(|state| {
            if let Some(buyer) = buyer {
                state.trades.choose_buyer(key, buyer, now);
            }
            state.trades.pay(key, now)
        })
        .map_err(|refusal| ControlError::of(key, refusal))?;
        let order = self.placed(key);
        let order = order.ok_or_else(|| ControlError::NoOrder(key.out_trade_no.clone()))?;
        let signatory = self.notification_signer(self.signatory());
        Ok(Payment {
            return_url: self.return_url(&order)?,
            app_result: notify::app_result(&order, &signatory, now).map_err(|_| ControlError::Signing)?,
            trade: self.view(&order),
        })
    }

    /// An order, as it stands now.
    pub(crate) fn placed(&self, key: &Key) -> Option<Order> {
        self.with_state(|state| state.trades.get(key, self.now()).cloned())
    }

    /// Where the browser of a buyer who has paid goes.
    pub(crate) fn return_url(&self, order: &Order) -> Result<Option<String>, ControlError> {
        let signatory = self.notification_signer(self.signatory());
        notify::return_url(order, &signatory, self.now()).map_err(|_| ControlError::Signing)
    }

    /// Alipay closes an unpaid trade, as it does when the order expires.
    pub(crate) fn close(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.close_order(&self.key(out_trade_no)?)?;
        self.trade(out_trade_no)
    }

    /// The same by the order's whole name.
    pub(crate) fn close_order(&self, key: &Key) -> Result<(), ControlError> {
        self.with_state(|state| state.trades.close(key, self.now()))
            .map_err(|refusal| ControlError::of(key, refusal))
    }

    /// Alipay ends a paid trade, as it does when it can't be refunded any more.
    pub(crate) fn finish(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        let key = self.key(out_trade_no)?;
        self.with_state(|state| state.trades.finish(&key, self.now()))
            .map_err(|refusal| ControlError::of(&key, refusal))?;
        self.trade(out_trade_no)
    }

    /// A user picks invoices, which the token stands for.
    pub(crate) fn register_invoices(&self, token: &str, invoices: Vec<Value>) {
        self.with_state(|state| state.invoices.insert(token.to_owned(), invoices));
    }

    fn view(&self, order: &Order) -> TradeView {
        let (terms, trade) = (&order.terms, order.trade.as_ref());
        let refunds = trade.map(|trade| trade.refunds.as_slice()).unwrap_or_default();
        TradeView {
            out_trade_no: terms.out_trade_no.clone(),
            trade_no: trade.map(|trade| trade.no.clone()),
            trade_status: trade.map(|trade| trade.status.name().to_owned()),
            method: terms.method.clone(),
            subject: terms.subject.clone(),
            total_amount: terms.total.to_string(),
            refunded_amount: order.refunded().to_string(),
            settled_amount: order.settled().to_string(),
            frozen_amount: order.frozen(self.now()).to_string(),
            seller_id: terms.merchant.seller_id.clone(),
            auth_app_id: terms.merchant.auth_app_id.clone(),
            paid_at: trade.and_then(|trade| trade.paid).map(beijing),
            refunds: refunds
                .iter()
                .map(|refund| RefundView {
                    out_request_no: refund.out_request_no.clone(),
                    amount: refund.amount.to_string(),
                    at: beijing(refund.at),
                })
                .collect(),
            notifications: self.deliveries.of(&About::Order(order.key())),
        }
    }
}
