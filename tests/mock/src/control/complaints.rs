//! Buyers who complain.

use schemars::JsonSchema;
use serde::Serialize;

use super::ControlError;
use crate::clock::beijing;
use crate::core::Core;
use crate::notify::delivery::{About, NotificationView};
use crate::state::complaints::{
    Complaint, ComplaintRefusal, ComplaintStatus, ComplaintStep, Message, NewComplaint, Writer,
};

/// A complaint as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ComplaintView {
    /// Its number.
    pub complain_event_id: String,
    /// The order that it is about.
    pub out_trade_no: String,
    /// The app that the order is for.
    pub auth_app_id: String,
    /// Where it stands.
    pub status: ComplaintStatus,
    /// The code by which the merchant said how it was handled.
    pub feedback_code: Option<String>,
    /// What buyer and merchant wrote to each other, oldest first.
    pub messages: Vec<MessageView>,
    /// What the merchant wrote to Alipay's customer service, oldest first.
    pub supplements: Vec<MessageView>,
    /// The messages to the app about it, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// What somebody wrote about a complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct MessageView {
    /// Who.
    pub writer: Writer,
    /// The words.
    pub content: Option<String>,
    /// The ids of the pictures.
    pub images: Vec<String>,
    /// When, in Beijing time.
    pub at: String,
}

impl MessageView {
    fn new(message: Message) -> Self {
        Self {
            writer: message.writer,
            content: message.content,
            images: message.images,
            at: beijing(message.at),
        }
    }
}

impl Core {
    /// A buyer complains about an order that was paid.
    pub(crate) fn complain(&self, out_trade_no: &str, about: NewComplaint) -> Result<ComplaintView, ControlError> {
        let key = self.key(out_trade_no)?;
        let now = self.now();
        let id = self.with_state(|state| {
            let order = state.trades.get(&key, now);
            let is_paid = order.is_some_and(|order| order.trade.as_ref().is_some_and(|trade| trade.paid.is_some()));
            is_paid.then(|| state.complaints.make(key, about, now))
        });
        self.complaint(&id.ok_or_else(|| ControlError::NotPaid(out_trade_no.to_owned()))?)
    }

    /// The buyer or Alipay does something with a complaint.
    pub(crate) fn step_complaint(&self, id: &str, step: ComplaintStep) -> Result<ComplaintView, ControlError> {
        let stepped = self.with_state(|state| state.complaints.step(id, step, self.now()));
        stepped.map_err(|refusal| match refusal {
            ComplaintRefusal::NoComplaint => ControlError::NoComplaint(id.to_owned()),
            ComplaintRefusal::Status(status) => ControlError::ComplaintState {
                complain_event_id: id.to_owned(),
                status: status.name(),
            },
        })?;
        self.complaint(id)
    }

    /// The complaint of this number.
    pub(crate) fn complaint(&self, id: &str) -> Result<ComplaintView, ControlError> {
        let complaint = self.with_state(|state| state.complaints.get(id).cloned());
        let complaint = complaint.ok_or_else(|| ControlError::NoComplaint(id.to_owned()))?;
        let notifications = self.deliveries.of(&About::Complaint(complaint.id.clone()));
        let Complaint {
            id,
            order,
            status,
            feedback_code,
            messages,
            supplements,
            ..
        } = complaint;
        Ok(ComplaintView {
            complain_event_id: id,
            out_trade_no: order.out_trade_no,
            auth_app_id: order.merchant,
            status,
            feedback_code,
            messages: messages.into_iter().map(MessageView::new).collect(),
            supplements: supplements.into_iter().map(MessageView::new).collect(),
            notifications,
        })
    }
}
