//! Complaints of buyers about orders that they have paid.
//!
//! Documented are the names of the states, in which of them the merchant may write, and that one who handles a complaint changes its state. The whole
//! diagram is published as a picture only. What the names do not say plainly is refused here.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trades::Key;
use crate::numbers;
use crate::table::{List, Rows};

/// Where a complaint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ComplaintStatus {
    /// The merchant has to handle it.
    MerchantProcessing,
    /// The merchant has handled it.
    MerchantFeedbacked,
    /// The buyer is content.
    Finished,
    /// The buyer has withdrawn it.
    Cancelled,
    /// Alipay's customer service is at work on it.
    PlatformProcessing,
    /// Alipay's customer service has finished with it.
    PlatformFinish,
    /// Alipay has closed it.
    Closed,
}

impl ComplaintStatus {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MerchantProcessing => "MERCHANT_PROCESSING",
            Self::MerchantFeedbacked => "MERCHANT_FEEDBACKED",
            Self::Finished => "FINISHED",
            Self::Cancelled => "CANCELLED",
            Self::PlatformProcessing => "PLATFORM_PROCESSING",
            Self::PlatformFinish => "PLATFORM_FINISH",
            Self::Closed => "CLOSED",
        }
    }

    /// Whether it lies between the buyer and the merchant.
    fn is_between_them(self) -> bool {
        matches!(self, Self::MerchantProcessing | Self::MerchantFeedbacked)
    }
}

/// What the buyer or Alipay does with a complaint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ComplaintStep {
    /// The buyer writes to the merchant, who has to handle it or has handled it.
    Reply {
        /// What the buyer writes.
        content: String,
    },
    /// The buyer withdraws it, from the same states.
    Withdraw,
    /// The buyer is content with how the merchant has handled it.
    Accept,
    /// The buyer turns to Alipay's customer service, from the same states as `Reply`.
    Escalate,
    /// Alipay's customer service finishes with it.
    Conclude,
    /// Alipay closes it, from the same states as `Reply`.
    Close,
}

/// What a buyer complains about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewComplaint {
    /// Why: 投诉原因, such as 重复扣款.
    pub reason: String,
    /// What the buyer writes.
    pub content: String,
    /// What the buyer wants: 投诉诉求, such as 我要退款.
    #[serde(default)]
    pub demand: Option<String>,
    /// The buyer's phone number.
    #[serde(default)]
    pub phone_no: Option<String>,
    /// The addresses of pictures.
    #[serde(default)]
    pub images: Vec<String>,
}

impl NewComplaint {
    /// A complaint with a reason and a text.
    pub fn new(reason: &str, content: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            content: content.to_owned(),
            demand: None,
            phone_no: None,
            images: Vec::new(),
        }
    }
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Writer {
    /// The buyer.
    User,
    /// The merchant.
    Merchant,
}

/// A message between buyer and merchant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) writer: Writer,
    pub(crate) content: Option<String>,
    /// The ids of pictures.
    pub(crate) images: Vec<String>,
    pub(crate) at: Timestamp,
}

/// What the merchant writes.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// How it was handled: the code of it.
    Feedback(String),
    /// To the buyer.
    Reply,
    /// To Alipay's customer service.
    Supplement,
}

/// A complaint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Complaint {
    pub(crate) id: String,
    pub(crate) order: Key,
    pub(crate) about: NewComplaint,
    pub(crate) status: ComplaintStatus,
    /// How the merchant handled it.
    pub(crate) feedback_code: Option<String>,
    pub(crate) messages: Vec<Message>,
    /// What the merchant wrote to Alipay's customer service.
    pub(crate) supplements: Vec<Message>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) finished: Option<Timestamp>,
}

/// Why something can't be done with a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComplaintRefusal {
    /// There is none.
    NoComplaint,
    /// Not from where it stands.
    Status(ComplaintStatus),
}

/// All complaints.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    all: List<Complaint>,
    /// The complaints that the merchant has not been told of yet.
    pub(crate) events: Vec<String>,
}

impl Complaints {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 1] {
        [("complaints", &mut self.all)]
    }

    /// A buyer complains: gives the complaint's number.
    pub(crate) fn make(&mut self, order: Key, about: NewComplaint, now: Timestamp) -> String {
        let id = numbers::complaint(now);
        self.all.push(Complaint {
            id: id.clone(),
            order,
            about,
            status: ComplaintStatus::MerchantProcessing,
            feedback_code: None,
            messages: Vec::new(),
            supplements: Vec::new(),
            created: now,
            modified: now,
            finished: None,
        });
        self.events.push(id.clone());
        id
    }

    /// The complaint of this number, whoever's it is.
    pub(crate) fn get(&self, id: &str) -> Option<&Complaint> {
        self.all.iter().find(|complaint| complaint.id == id)
    }

    /// The complaints about a merchant's orders, oldest first.
    pub(crate) fn of<'a>(&'a self, merchant: &'a str) -> impl DoubleEndedIterator<Item = &'a Complaint> {
        self.all
            .iter()
            .filter(move |complaint| complaint.order.merchant == merchant)
    }

    /// The buyer or Alipay does something.
    pub(crate) fn step(&mut self, id: &str, step: ComplaintStep, now: Timestamp) -> Result<(), ComplaintRefusal> {
        let complaint = self.find(id)?;
        let from = complaint.status;
        let is_allowed = match step {
            ComplaintStep::Reply { .. } | ComplaintStep::Withdraw | ComplaintStep::Escalate | ComplaintStep::Close => {
                from.is_between_them()
            }
            ComplaintStep::Accept => from == ComplaintStatus::MerchantFeedbacked,
            ComplaintStep::Conclude => from == ComplaintStatus::PlatformProcessing,
        };
        if !is_allowed {
            return Err(ComplaintRefusal::Status(from));
        }
        complaint.modified = now;
        complaint.status = match step {
            ComplaintStep::Reply { content } => {
                complaint.messages.push(Message {
                    writer: Writer::User,
                    content: Some(content),
                    images: Vec::new(),
                    at: now,
                });
                from
            }
            ComplaintStep::Withdraw => ComplaintStatus::Cancelled,
            ComplaintStep::Accept => ComplaintStatus::Finished,
            ComplaintStep::Escalate => ComplaintStatus::PlatformProcessing,
            ComplaintStep::Conclude => ComplaintStatus::PlatformFinish,
            ComplaintStep::Close => ComplaintStatus::Closed,
        };
        let is_over = !complaint.status.is_between_them() && complaint.status != ComplaintStatus::PlatformProcessing;
        complaint.finished = is_over.then_some(now);
        self.events.push(id.to_owned());
        Ok(())
    }

    /// The merchant writes.
    pub(crate) fn write(
        &mut self,
        id: &str,
        word: Word,
        content: Option<String>,
        images: Vec<String>,
        now: Timestamp,
    ) -> Result<(), ComplaintRefusal> {
        let complaint = self.find(id)?;
        let is_allowed = match word {
            Word::Feedback(_) => complaint.status == ComplaintStatus::MerchantProcessing,
            Word::Reply => complaint.status.is_between_them(),
            Word::Supplement => complaint.status == ComplaintStatus::PlatformProcessing,
        };
        if !is_allowed {
            return Err(ComplaintRefusal::Status(complaint.status));
        }
        complaint.modified = now;
        let message = Message {
            writer: Writer::Merchant,
            content,
            images,
            at: now,
        };
        match word {
            Word::Supplement => complaint.supplements.push(message),
            Word::Reply => complaint.messages.push(message),
            Word::Feedback(code) => {
                complaint.messages.push(message);
                complaint.feedback_code = Some(code);
                complaint.status = ComplaintStatus::MerchantFeedbacked;
            }
        }
        Ok(())
    }

    fn find(&mut self, id: &str) -> Result<&mut Complaint, ComplaintRefusal> {
        let found = self.all.find_mut(|complaint| complaint.id == id);
        found.ok_or(ComplaintRefusal::NoComplaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn complaint() -> (Complaints, String) {
        let mut all = Complaints::default();
        let order = Key {
            merchant: "m".to_owned(),
            out_trade_no: "1".to_owned(),
        };
        let id = all.make(order, NewComplaint::new("重复扣款", "扣了两次"), NOW);
        (all, id)
    }

    fn steps() -> [ComplaintStep; 6] {
        [
            ComplaintStep::Reply {
                content: "在吗".to_owned(),
            },
            ComplaintStep::Withdraw,
            ComplaintStep::Accept,
            ComplaintStep::Escalate,
            ComplaintStep::Conclude,
            ComplaintStep::Close,
        ]
    }

    #[test]
    fn the_merchant_writes_where_it_may() {
        let (mut all, id) = complaint();
        let write = |all: &mut Complaints, word: Word| all.write(&id, word, Some("已处理".to_owned()), Vec::new(), NOW);
        let standing = |status| Err(ComplaintRefusal::Status(status));
        assert_eq!(
            write(&mut all, Word::Supplement),
            standing(ComplaintStatus::MerchantProcessing)
        );
        write(&mut all, Word::Reply).unwrap();
        write(&mut all, Word::Feedback("03".to_owned())).unwrap();
        assert_eq!(
            write(&mut all, Word::Feedback("03".to_owned())),
            standing(ComplaintStatus::MerchantFeedbacked)
        );
        write(&mut all, Word::Reply).unwrap();
        all.step(&id, ComplaintStep::Escalate, NOW).unwrap();
        assert_eq!(
            write(&mut all, Word::Reply),
            standing(ComplaintStatus::PlatformProcessing)
        );
        write(&mut all, Word::Supplement).unwrap();
        all.step(&id, ComplaintStep::Conclude, NOW).unwrap();
        assert_eq!(
            write(&mut all, Word::Supplement),
            standing(ComplaintStatus::PlatformFinish)
        );
        let found = all.get(&id).unwrap();
        assert_eq!((found.messages.len(), found.supplements.len()), (3, 1));
        assert!(found.finished.is_some());
        assert_eq!(
            all.write("none", Word::Reply, None, Vec::new(), NOW),
            Err(ComplaintRefusal::NoComplaint)
        );
    }

    #[test]
    fn nothing_leads_out_of_an_end() {
        for end in [
            ComplaintStep::Withdraw,
            ComplaintStep::Close,
            ComplaintStep::Accept,
            ComplaintStep::Conclude,
        ] {
            let (mut all, id) = complaint();
            if end == ComplaintStep::Accept {
                all.write(&id, Word::Feedback("05".to_owned()), None, Vec::new(), NOW)
                    .unwrap();
            }
            if end == ComplaintStep::Conclude {
                all.step(&id, ComplaintStep::Escalate, NOW).unwrap();
            }
            all.step(&id, end, NOW).unwrap();
            let before = all.events.len();
            let status = all.get(&id).unwrap().status;
            for step in steps() {
                assert_eq!(all.step(&id, step, NOW), Err(ComplaintRefusal::Status(status)));
            }
            for word in [Word::Feedback("03".to_owned()), Word::Reply, Word::Supplement] {
                let written = all.write(&id, word, Some("晚了".to_owned()), Vec::new(), NOW);
                assert_eq!(written, Err(ComplaintRefusal::Status(status)));
            }
            assert_eq!((all.get(&id).unwrap().status, all.events.len()), (status, before));
        }
    }
}
