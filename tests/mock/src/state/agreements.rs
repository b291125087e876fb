//! Agreements by which users let merchants deduct money.

use std::collections::btree_map::Values;
use std::mem;

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::trades::{Buyer, Merchant};
use crate::clock;
use crate::money::Money;
use crate::numbers;
use crate::protocol::Callbacks;
use crate::table::{List, Rows};

/// The product of deductions in general.
pub(crate) const GENERAL: &str = "GENERAL_WITHHOLDING_P";
/// The product of regular deductions.
pub(crate) const REGULAR: &str = "CYCLE_PAY_AUTH_P";
/// A regular deduction may be made so many days before its day, and not after it.
const DAYS_BEFORE: i64 = 5;
/// A regular deduction of every month is on this day or before.
pub(crate) const LAST_DAY_OF_MONTH: i8 = 28;

/// The unit of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PeriodUnit {
    Day,
    Month,
}

impl PeriodUnit {
    /// As the gateway writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Month => "MONTH",
        }
    }
}

/// When, how much and how often may be deducted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeriodRule {
    pub(crate) unit: PeriodUnit,
    pub(crate) length: i64,
    pub(crate) first: Date,
    pub(crate) single: Money,
    pub(crate) total: Option<Money>,
    pub(crate) times: Option<i64>,
}

impl PeriodRule {
    /// The day one period later.
    fn after(&self, day: Date) -> Option<Date> {
        let span = match self.unit {
            PeriodUnit::Day => Span::new().try_days(self.length),
            PeriodUnit::Month => Span::new().try_months(self.length),
        };
        day.checked_add(span.ok()?).ok()
    }
}

/// What the merchant asked the user for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) merchant: Merchant,
    pub(crate) external_agreement_no: Option<String>,
    pub(crate) external_logon_id: Option<String>,
    pub(crate) product: String,
    pub(crate) scene: String,
    pub(crate) third_party_type: String,
    pub(crate) rule: Option<PeriodRule>,
    /// Who must sign: by user number and by open id.
    pub(crate) signer: (Option<String>, Option<String>),
    /// Whether a signature puts it in force, or the merchant has to do so later.
    pub(crate) is_direct: bool,
    /// Until when it can be signed.
    pub(crate) sign_until: Option<Timestamp>,
    /// When it ends by itself.
    pub(crate) invalid: Timestamp,
    pub(crate) callbacks: Callbacks,
}

/// Where an agreement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The user has yet to decide.
    Offered,
    Refused,
    /// Signed, and not in force.
    Temporary,
    InForce,
    /// Its time is over, or that to sign it.
    Expired,
    /// The merchant or the user has ended it.
    Unsigned,
}

impl Status {
    /// As the gateway writes it, or would.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Offered => "OFFERED",
            Self::Refused => "REFUSED",
            Self::Temporary => "TEMP",
            Self::InForce => "NORMAL",
            Self::Expired => "EXPIRED",
            Self::Unsigned => "UNSIGN",
        }
    }

    fn is_live(self) -> bool {
        matches!(self, Self::Temporary | Self::InForce)
    }
}

/// A user's signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) user: Buyer,
    pub(crate) at: Timestamp,
    /// When the agreement was ended.
    pub(crate) ended: Option<Timestamp>,
}

/// Money that was deducted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deduction {
    pub(crate) amount: Money,
    pub(crate) day: Date,
}

/// An agreement, or the offer of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Agreement {
    /// The merchant learns it when the user has signed.
    pub(crate) no: String,
    pub(crate) terms: Terms,
    pub(crate) signature: Option<Signature>,
    is_refused: bool,
    /// The day of the next regular deduction.
    pub(crate) next: Option<Date>,
    pub(crate) deductions: Vec<Deduction>,
}

/// How a merchant's call names one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub(crate) external_agreement_no: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) open_id: Option<String>,
    pub(crate) logon_id: Option<String>,
    pub(crate) product: String,
    pub(crate) scene: String,
    pub(crate) third_party_type: String,
}

/// Something that the merchant is notified of.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    /// As it stands then.
    pub(crate) agreement: Box<Agreement>,
    /// Those of the call that made it happen; of the signing, if the user ends it.
    pub(crate) callbacks: Callbacks,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Signed,
    Unsigned,
}

/// Why a user can't sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignRefusal {
    /// It was signed or refused, or the time for it is over.
    NotOffered,
    /// Another user must sign.
    OtherUser,
    /// The user, or the merchant's number, has this agreement in force.
    Twice(String),
}

/// Why nothing is deducted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeductRefusal {
    /// Never signed, or ended.
    Unknown,
    Expired,
    NotInForce,
    /// The plan has no deduction today.
    Date,
    /// More than the plan has at a time.
    Single,
    /// More than the plan has in all.
    Total,
    /// More often than the plan has.
    Times,
}

/// Why a plan is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanRefusal {
    /// Not in force, or without a plan.
    Agreement,
    /// Not later than planned, or a day that the plan can't have.
    Day,
}

impl Agreement {
    /// Where it stands.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        match &self.signature {
            None if self.is_refused => Status::Refused,
            None if self.terms.sign_until.is_some_and(|until| until < now) => Status::Expired,
            None => Status::Offered,
            Some(signature) if signature.ended.is_some() => Status::Unsigned,
            Some(_) if self.terms.invalid <= now => Status::Expired,
            Some(_) if self.terms.is_direct => Status::InForce,
            Some(_) => Status::Temporary,
        }
    }

    /// How much was deducted in all.
    pub(crate) fn deducted(&self) -> Money {
        Money::sum(self.deductions.iter().map(|deduction| deduction.amount))
    }

    fn is_of(&self, merchant: &Merchant) -> bool {
        self.terms.merchant.auth_app_id == merchant.auth_app_id
    }

    /// Whether the plan, if there is one, has this deduction today.
    fn plan(&self, amount: Money, now: Timestamp) -> Result<(), DeductRefusal> {
        let (Some(rule), Some(next)) = (&self.terms.rule, self.next) else {
            return Ok(());
        };
        let today = clock::day(now);
        let first = next.checked_sub(Span::new().days(DAYS_BEFORE)).unwrap_or(next);
        let made = i64::try_from(self.deductions.len()).unwrap_or(i64::MAX);
        if rule.times.is_some_and(|times| made >= times) {
            Err(DeductRefusal::Times)
        } else if today < first || today > next {
            Err(DeductRefusal::Date)
        } else if amount > rule.single {
            Err(DeductRefusal::Single)
        } else if rule.total.is_some_and(|total| self.deducted().plus(amount) > total) {
            Err(DeductRefusal::Total)
        } else {
            Ok(())
        }
    }

    fn is_named(&self, named: &Named) -> bool {
        let terms = &self.terms;
        let Some(Signature { user, .. }) = &self.signature else {
            return false;
        };
        let who = match (&named.open_id, &named.user_id, &named.logon_id) {
            (Some(open_id), ..) => user.open_id.as_ref() == Some(open_id),
            (None, Some(user_id), _) => user.user_id == *user_id,
            (None, None, Some(logon_id)) => user.logon_id == *logon_id,
            (None, None, None) => true,
        };
        who && terms.external_agreement_no == named.external_agreement_no
            && terms.product == named.product
            && terms.scene == named.scene
            && terms.third_party_type == named.third_party_type
    }
}

/// All agreements, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Agreements {
    all: List<Agreement>,
    events: Vec<Event>,
}

impl Agreements {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 1] {
        [("agreements", &mut self.all)]
    }

    /// What merchants are to be notified of since this was asked last.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    /// All of them, whoever's they are.
    pub(crate) fn all(&self) -> Values<'_, u64, Agreement> {
        self.all.iter()
    }

    /// A merchant asks a user to sign: gives the number. A newer offer under the merchant's number takes the place of an older one.
    pub(crate) fn offer(&mut self, terms: Terms, now: Timestamp) -> String {
        self.all.remove_all(|known| {
            known.status(now) == Status::Offered
                && known.is_of(&terms.merchant)
                && known.terms.external_agreement_no.is_some()
                && known.terms.external_agreement_no == terms.external_agreement_no
        });
        let no = numbers::agreement_no(now);
        self.all.push(Agreement {
            no: no.clone(),
            next: terms.rule.as_ref().map(|rule| rule.first),
            terms,
            signature: None,
            is_refused: false,
            deductions: Vec::new(),
        });
        no
    }

    /// The one of this number, Alipay's or the merchant's, whoever's it is: the control endpoint has no caller. The latest, if there are several.
    pub(crate) fn find_any(&self, number: &str) -> Option<&Agreement> {
        let has_number = |agreement: &&Agreement| {
            agreement.no == number || agreement.terms.external_agreement_no.as_deref() == Some(number)
        };
        self.all.iter().rev().find(has_number)
    }

    /// The user signs.
    pub(crate) fn sign(&mut self, no: &str, user: Buyer, now: Timestamp) -> Result<(), SignRefusal> {
        let offered = self.all.iter().find(|agreement| agreement.no == no);
        let offered = offered.ok_or(SignRefusal::NotOffered)?;
        if offered.status(now) != Status::Offered {
            return Err(SignRefusal::NotOffered);
        }
        let (user_id, open_id) = &offered.terms.signer;
        if user_id.as_ref().is_some_and(|id| *id != user.user_id) || (open_id.is_some() && *open_id != user.open_id) {
            return Err(SignRefusal::OtherUser);
        }
        let is_twice = |known: &&Agreement| {
            let (a, b) = (&known.terms, &offered.terms);
            let is_user = known
                .signature
                .as_ref()
                .is_some_and(|signature| signature.user.user_id == user.user_id);
            let is_same = match (&a.external_agreement_no, &b.external_agreement_no) {
                (None, None) => is_user && a.product == b.product && a.scene == b.scene,
                (a, b) => a == b,
            };
            is_same && known.is_of(&b.merchant) && known.status(now).is_live()
        };
        if let Some(known) = self.all.iter().find(is_twice) {
            return Err(SignRefusal::Twice(known.no.clone()));
        }
        let agreement = self.all.find_mut(|agreement| agreement.no == no);
        let agreement = agreement.ok_or(SignRefusal::NotOffered)?;
        agreement.signature = Some(Signature {
            user,
            at: now,
            ended: None,
        });
        let event = Event {
            kind: EventKind::Signed,
            callbacks: agreement.terms.callbacks.clone(),
            agreement: Box::new(agreement.clone()),
        };
        // One that is not in force yet is not told of.
        if agreement.terms.is_direct {
            self.events.push(event);
        }
        Ok(())
    }

    /// The user refuses.
    pub(crate) fn refuse(&mut self, no: &str, now: Timestamp) -> Result<(), SignRefusal> {
        let is_offered = |agreement: &Agreement| agreement.no == no && agreement.status(now) == Status::Offered;
        let offered = self.all.find_mut(is_offered);
        offered.ok_or(SignRefusal::NotOffered)?.is_refused = true;
        Ok(())
    }

    /// A merchant's agreement that was signed, by Alipay's number.
    pub(crate) fn find(&self, merchant: &Merchant, no: &str) -> Option<&Agreement> {
        let mut all = self.all.iter();
        all.find(|agreement| agreement.no == no && agreement.is_of(merchant) && agreement.signature.is_some())
    }

    /// A merchant's agreement that is signed and has not ended, by what else names it.
    pub(crate) fn find_named(&self, merchant: &Merchant, named: &Named, now: Timestamp) -> Option<&Agreement> {
        let mut all = self.all.iter().rev();
        all.find(|agreement| agreement.is_of(merchant) && agreement.status(now).is_live() && agreement.is_named(named))
    }

    /// The merchant ends an agreement, or, without callbacks, the user does: tells whether there was one.
    pub(crate) fn unsign(&mut self, no: &str, callbacks: Option<Callbacks>, now: Timestamp) -> bool {
        let is_it = |agreement: &Agreement| agreement.no == no && agreement.status(now).is_live();
        let Some(agreement) = self.all.find_mut(is_it) else {
            return false;
        };
        if let Some(signature) = &mut agreement.signature {
            signature.ended = Some(now);
        }
        let event = Event {
            kind: EventKind::Unsigned,
            callbacks: callbacks.unwrap_or_else(|| Callbacks {
                notify_url: None,
                ..agreement.terms.callbacks.clone()
            }),
            agreement: Box::new(agreement.clone()),
        };
        self.events.push(event);
        true
    }

    /// Whether so much can be deducted now.
    pub(crate) fn deductible(
        &self,
        merchant: &Merchant,
        no: &str,
        amount: Money,
        now: Timestamp,
    ) -> Result<&Agreement, DeductRefusal> {
        let agreement = self.find(merchant, no).ok_or(DeductRefusal::Unknown)?;
        match agreement.status(now) {
            Status::InForce => agreement.plan(amount, now).map(|()| agreement),
            Status::Temporary => Err(DeductRefusal::NotInForce),
            Status::Expired => Err(DeductRefusal::Expired),
            Status::Offered | Status::Refused | Status::Unsigned => Err(DeductRefusal::Unknown),
        }
    }

    /// Deducts it: the next regular deduction is one period later.
    pub(crate) fn deduct(
        &mut self,
        merchant: &Merchant,
        no: &str,
        amount: Money,
        now: Timestamp,
    ) -> Result<(), DeductRefusal> {
        self.deductible(merchant, no, amount, now)?;
        let agreement = self.all.find_mut(|agreement| agreement.no == no);
        let agreement = agreement.ok_or(DeductRefusal::Unknown)?;
        agreement.deductions.push(Deduction {
            amount,
            day: clock::day(now),
        });
        if let (Some(rule), Some(next)) = (&agreement.terms.rule, agreement.next) {
            agreement.next = rule.after(next);
        }
        Ok(())
    }

    /// Puts off the next regular deduction.
    pub(crate) fn put_off(
        &mut self,
        merchant: &Merchant,
        no: &str,
        day: Date,
        now: Timestamp,
    ) -> Result<(), PlanRefusal> {
        let agreement = self.all.find_mut(|agreement| {
            agreement.no == no && agreement.is_of(merchant) && agreement.status(now) == Status::InForce
        });
        let agreement = agreement.ok_or(PlanRefusal::Agreement)?;
        let (Some(rule), Some(next)) = (&agreement.terms.rule, agreement.next) else {
            return Err(PlanRefusal::Agreement);
        };
        let is_possible = rule.unit == PeriodUnit::Day || day.day() <= LAST_DAY_OF_MONTH;
        if day <= next || day < clock::day(now) || !is_possible {
            return Err(PlanRefusal::Day);
        }
        agreement.next = Some(day);
        Ok(())
    }

    /// Gives an agreement on deductions in general a plan. The caller has looked whether that is possible.
    pub(crate) fn make_regular(&mut self, no: &str, rule: PeriodRule) {
        if let Some(agreement) = self.all.find_mut(|agreement| agreement.no == no) {
            REGULAR.clone_into(&mut agreement.terms.product);
            agreement.next = Some(rule.first);
            agreement.terms.rule = Some(rule);
        }
    }
}

/// The end of an agreement that ends by itself so many days or months after the request: `30d`, `2m`.
pub(crate) fn end_of(validity: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, unit) = validity.split_at_checked(validity.len().checked_sub(1)?)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: i32 = is_number.then(|| number.parse().ok())??;
    match unit {
        _ if number == 0 => None,
        "d" => now.checked_add(SignedDuration::from_hours(24 * i64::from(number))).ok(),
        "m" => clock::months_later(now, number),
        _ => None,
    }
}

#[cfg(test)]
#[path = "agreements_tests.rs"]
pub(super) mod tests;
