//! Sub-merchants of a platform: applications to take one in or to change one, and what came of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::numbers;
use crate::table::{List, Rows};

/// What an application says of a sub-merchant, as the request had it.
pub(crate) type Details = Map<String, Value>;

/// What an application is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// A new sub-merchant.
    Create,
    /// Another word about one that is there: its SMID.
    Modify(String),
}

/// How far an application is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    Waiting,
    Passed { memo: Option<String> },
    Rejected { reason: String },
}

/// An application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) order_id: String,
    /// Whose it is: `auth_app_id`.
    pub(crate) merchant: String,
    pub(crate) external_id: String,
    pub(crate) purpose: Purpose,
    /// All that is to be known of the sub-merchant if it passes.
    pub(crate) details: Details,
    /// Whether it names a bank card that has no number yet.
    pub(crate) has_new_card: bool,
    pub(crate) progress: Progress,
    pub(crate) at: Timestamp,
    /// The sub-merchant, once there is one.
    pub(crate) smid: Option<String>,
}

/// What is applied for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) external_id: String,
    pub(crate) purpose: Purpose,
    pub(crate) details: Details,
    pub(crate) has_new_card: bool,
}

/// A sub-merchant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SubMerchant {
    pub(crate) smid: String,
    /// Whose it is: `auth_app_id`.
    pub(crate) merchant: String,
    pub(crate) external_id: String,
    pub(crate) details: Details,
    /// The number that stands for its bank card.
    pub(crate) card_alias_no: Option<String>,
    is_void: bool,
}

/// Why an application is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplyRefusal {
    /// The merchant's number is that of another sub-merchant.
    Taken,
    /// An application about the sub-merchant waits.
    Waiting,
}

/// Why an application can't be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecideRefusal {
    /// There is none.
    NoApplication,
    /// It was decided.
    Decided,
}

/// All applications and sub-merchants.
#[derive(Debug, Default)]
pub(crate) struct Onboarding {
    applications: List<Application>,
    sub_merchants: List<SubMerchant>,
    /// The applications that were decided and that nobody has been told of yet.
    pub(crate) events: Vec<String>,
}

impl Onboarding {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 2] {
        [
            ("applications", &mut self.applications),
            ("sub_merchants", &mut self.sub_merchants),
        ]
    }

    /// Takes an application: gives its number.
    pub(crate) fn apply(&mut self, merchant: &str, wish: Wish, now: Timestamp) -> Result<String, ApplyRefusal> {
        if self.is_waiting(merchant, &wish.external_id) {
            return Err(ApplyRefusal::Waiting);
        }
        let mut all = self.sub_merchants.iter();
        let is_taken = all.any(|known| known.merchant == merchant && known.external_id == wish.external_id);
        // That a voided sub-merchant keeps its number is the stricter reading: not documented.
        if wish.purpose == Purpose::Create && is_taken {
            return Err(ApplyRefusal::Taken);
        }
        let order_id = numbers::application(now);
        self.applications.push(Application {
            order_id: order_id.clone(),
            merchant: merchant.to_owned(),
            external_id: wish.external_id,
            purpose: wish.purpose,
            details: wish.details,
            has_new_card: wish.has_new_card,
            progress: Progress::Waiting,
            at: now,
            smid: None,
        });
        Ok(order_id)
    }

    /// Whether an application about the sub-merchant of this number waits.
    pub(crate) fn is_waiting(&self, merchant: &str, external_id: &str) -> bool {
        self.of(merchant, external_id)
            .any(|application| application.progress == Progress::Waiting)
    }

    /// An application passes: its sub-merchant is there, or is changed.
    pub(crate) fn pass(&mut self, order_id: &str, memo: Option<String>) -> Result<(), DecideRefusal> {
        let application = self.waiting(order_id)?;
        application.progress = Progress::Passed { memo };
        let card_alias_no = application.has_new_card.then(|| numbers::random(5));
        let smid = match &application.purpose {
            Purpose::Create => numbers::account("2088"),
            Purpose::Modify(smid) => smid.clone(),
        };
        application.smid = Some(smid.clone());
        let (is_new, details) = (application.purpose == Purpose::Create, application.details.clone());
        let (merchant, external_id) = (application.merchant.clone(), application.external_id.clone());
        if is_new {
            self.sub_merchants.push(SubMerchant {
                smid,
                merchant,
                external_id,
                details,
                card_alias_no,
                is_void: false,
            });
        } else if let Some(known) = self.sub_merchants.find_mut(|known| known.smid == smid) {
            known.details = details;
            known.card_alias_no = card_alias_no.or_else(|| known.card_alias_no.take());
        }
        self.events.push(order_id.to_owned());
        Ok(())
    }

    /// An application is rejected: nothing changes.
    pub(crate) fn reject(&mut self, order_id: &str, reason: String) -> Result<(), DecideRefusal> {
        self.waiting(order_id)?.progress = Progress::Rejected { reason };
        self.events.push(order_id.to_owned());
        Ok(())
    }

    fn waiting(&mut self, order_id: &str) -> Result<&mut Application, DecideRefusal> {
        let application = self
            .applications
            .find_mut(|application| application.order_id == order_id)
            .ok_or(DecideRefusal::NoApplication)?;
        match application.progress {
            Progress::Waiting => Ok(application),
            Progress::Passed { .. } | Progress::Rejected { .. } => Err(DecideRefusal::Decided),
        }
    }

    /// The application of this number, whoever's it is.
    pub(crate) fn application(&self, order_id: &str) -> Option<&Application> {
        let mut all = self.applications.iter();
        all.find(|application| application.order_id == order_id)
    }

    /// A merchant's applications about the sub-merchant of this number, oldest first.
    pub(crate) fn of<'a>(
        &'a self,
        merchant: &'a str,
        external_id: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Application> {
        self.applications
            .iter()
            .filter(move |application| application.merchant == merchant && application.external_id == external_id)
    }

    /// A merchant's sub-merchant by its SMID, if it is in force.
    pub(crate) fn by_smid(&self, merchant: &str, smid: &str) -> Option<&SubMerchant> {
        let mut all = self.of_merchant(merchant);
        all.find(|known| known.smid == smid)
    }

    /// The same by the merchant's number.
    pub(crate) fn by_external_id(&self, merchant: &str, external_id: &str) -> Option<&SubMerchant> {
        let mut all = self.of_merchant(merchant);
        all.find(|known| known.external_id == external_id)
    }

    fn of_merchant(&self, merchant: &str) -> impl Iterator<Item = &SubMerchant> {
        self.sub_merchants
            .iter()
            .filter(move |known| known.merchant == merchant && !known.is_void)
    }

    /// Voids a merchant's sub-merchant, and tells whether it was in force.
    pub(crate) fn void(&mut self, merchant: &str, smid: &str) -> bool {
        let is_it = |known: &SubMerchant| known.merchant == merchant && known.smid == smid && !known.is_void;
        let known = self.sub_merchants.find_mut(is_it);
        known.map(|known| known.is_void = true).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(external_id: &str, purpose: Purpose, name: &str) -> Wish {
        let mut details = Details::new();
        details.insert("name".to_owned(), name.into());
        Wish {
            external_id: external_id.to_owned(),
            purpose,
            details,
            has_new_card: true,
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn an_application_is_decided_once() {
        let mut all = Onboarding::default();
        let apply = |all: &mut Onboarding| all.apply("m", wish("1", Purpose::Create, "店"), NOW);
        let rejected = apply(&mut all).unwrap();
        assert_eq!(apply(&mut all), Err(ApplyRefusal::Waiting));
        all.reject(&rejected, "资质不全".to_owned()).unwrap();
        assert_eq!(all.pass(&rejected, None), Err(DecideRefusal::Decided));
        assert!(all.by_external_id("m", "1").is_none());

        let passed = apply(&mut all).unwrap();
        all.pass(&passed, None).unwrap();
        assert_eq!(all.reject(&passed, String::new()), Err(DecideRefusal::Decided));
        assert_eq!(all.pass("none", None), Err(DecideRefusal::NoApplication));
        assert_eq!(apply(&mut all), Err(ApplyRefusal::Taken));
        assert_eq!(all.events, [rejected, passed]);
        assert_eq!(all.of("m", "1").count(), 2);
        // Another merchant's number 1 is another sub-merchant.
        assert!(all.by_external_id("other", "1").is_none());
        assert!(all.apply("other", wish("1", Purpose::Create, "店"), NOW).is_ok());
    }

    #[test]
    fn only_what_passes_changes_a_sub_merchant() {
        let mut all = Onboarding::default();
        let order = all.apply("m", wish("1", Purpose::Create, "店"), NOW).unwrap();
        all.pass(&order, None).unwrap();
        let known = all.by_external_id("m", "1").unwrap().clone();
        let modify = |all: &mut Onboarding| {
            all.apply("m", wish("1", Purpose::Modify(known.smid.clone()), "新店"), NOW)
                .unwrap()
        };
        let name = |all: &Onboarding| all.by_smid("m", &known.smid).unwrap().details["name"].clone();
        let order = modify(&mut all);
        all.reject(&order, String::new()).unwrap();
        assert_eq!(name(&all), "店");
        let order = modify(&mut all);
        all.pass(&order, None).unwrap();
        assert_eq!(name(&all), "新店");
        let changed = all.by_smid("m", &known.smid).unwrap();
        assert!(changed.card_alias_no.is_some() && changed.card_alias_no != known.card_alias_no);

        assert!(!all.void("other", &known.smid));
        assert!(all.void("m", &known.smid));
        assert!(!all.void("m", &known.smid));
        assert!(all.by_smid("m", &known.smid).is_none());
    }
}
