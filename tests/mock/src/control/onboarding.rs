//! Those who review applications for sub-merchants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::core::Core;
use crate::notify::delivery::{About, NotificationView};
use crate::state::onboarding::{DecideRefusal, Progress};

/// An application for a sub-merchant as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ApplicationView {
    /// Its number.
    pub order_id: String,
    /// The merchant's number of the sub-merchant.
    pub external_id: String,
    /// The app that it is for.
    pub auth_app_id: String,
    /// How far it is.
    pub status: ApplicationStatus,
    /// Alipay's number of the sub-merchant, once the application has passed.
    pub smid: Option<String>,
    /// The messages about it, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// How far an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ApplicationStatus {
    /// It is being reviewed.
    Waiting,
    /// It has passed.
    Passed,
    /// It was rejected.
    Rejected,
}

/// What a review remarks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memo {
    pub(crate) memo: Option<String>,
}

/// Why an application is rejected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) reason: String,
}

impl Core {
    /// The application of this number.
    pub(crate) fn application(&self, order_id: &str) -> Result<ApplicationView, ControlError> {
        let application = self.with_state(|state| state.onboarding.application(order_id).cloned());
        let application = application.ok_or_else(|| ControlError::NoApplication(order_id.to_owned()))?;
        Ok(ApplicationView {
            status: match application.progress {
                Progress::Waiting => ApplicationStatus::Waiting,
                Progress::Passed { .. } => ApplicationStatus::Passed,
                Progress::Rejected { .. } => ApplicationStatus::Rejected,
            },
            notifications: self.deliveries.of(&About::Application(application.order_id.clone())),
            order_id: application.order_id,
            external_id: application.external_id,
            auth_app_id: application.merchant,
            smid: application.smid,
        })
    }

    /// An application passes.
    pub(crate) fn pass_application(&self, order_id: &str, memo: Memo) -> Result<ApplicationView, ControlError> {
        let decided = self.with_state(|state| state.onboarding.pass(order_id, memo.memo));
        self.decided(order_id, decided)
    }

    /// An application is rejected.
    pub(crate) fn reject_application(&self, order_id: &str, reason: Reason) -> Result<ApplicationView, ControlError> {
        let decided = self.with_state(|state| state.onboarding.reject(order_id, reason.reason));
        self.decided(order_id, decided)
    }

    fn decided(&self, order_id: &str, decided: Result<(), DecideRefusal>) -> Result<ApplicationView, ControlError> {
        decided.map_err(|refusal| match refusal {
            DecideRefusal::NoApplication => ControlError::NoApplication(order_id.to_owned()),
            DecideRefusal::Decided => ControlError::Decided(order_id.to_owned()),
        })?;
        self.application(order_id)
    }
}
