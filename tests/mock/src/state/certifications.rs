//! Verifications of who users are.

use serde::{Deserialize, Serialize};

use super::trades::Merchant;
use crate::numbers;
use crate::table::{Rows, Table};

/// What came of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// Nobody has decided yet.
    Open,
    Passed,
    Failed,
}

/// A verification that a merchant has prepared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Certification {
    /// Alipay's name of it.
    pub(crate) id: String,
    pub(crate) merchant: Merchant,
    /// Who the user should be, as far as the merchant says it.
    pub(crate) name: Option<String>,
    /// Where the browser goes when the user has passed.
    pub(crate) return_url: Option<String>,
    pub(crate) outcome: Outcome,
}

/// All verifications.
#[derive(Debug, Default)]
pub(crate) struct Certifications(Table<String, Certification>);

impl Certifications {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 1] {
        [("certifications", &mut self.0)]
    }

    /// Prepares one: gives its name.
    pub(crate) fn prepare(&mut self, merchant: Merchant, name: Option<String>, return_url: Option<String>) -> String {
        let id = numbers::random(16);
        let certification = Certification {
            id: id.clone(),
            merchant,
            name,
            return_url,
            outcome: Outcome::Open,
        };
        self.0.insert(id.clone(), certification);
        id
    }

    /// The one of this name, whoever's it is.
    pub(crate) fn get(&self, id: &str) -> Option<&Certification> {
        self.0.get(id)
    }

    /// The one of this name, if it is the merchant's.
    pub(crate) fn of(&self, merchant: &Merchant, id: &str) -> Option<&Certification> {
        self.get(id)
            .filter(|known| known.merchant.auth_app_id == merchant.auth_app_id)
    }

    /// The user passes or fails, once.
    pub(crate) fn decide(&mut self, id: &str, passes: bool) {
        if let Some(certification) = self.0.get_mut(id).filter(|known| known.outcome == Outcome::Open) {
            certification.outcome = if passes { Outcome::Passed } else { Outcome::Failed };
        }
    }
}
