//! Acting as the payer of a pre-authorisation.

use schemars::JsonSchema;
use serde::Serialize;

use super::ControlError;
use crate::clock::beijing;
use crate::core::Core;
use crate::notify;
use crate::notify::delivery::{About, NotificationView};
use crate::state::preauths::{Key, Opened, Operation, Preauth, StepRefusal, Totals};
use crate::state::trades::Buyer;

/// A pre-authorisation as the gateway knows it. Amounts are in yuan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PreauthView {
    /// The merchant's number.
    pub out_order_no: String,
    /// Alipay's number, once the payer has come into it.
    pub auth_no: Option<String>,
    /// Where it stands, once the payer has come into it.
    pub order_status: Option<String>,
    /// The method that asked for it.
    pub method: String,
    /// What it is for.
    pub order_title: String,
    /// What was or is to be frozen.
    pub amount: String,
    /// What was frozen.
    pub frozen_amount: String,
    /// What of it was released.
    pub unfrozen_amount: String,
    /// What of it was paid.
    pub paid_amount: String,
    /// What is still frozen.
    pub rest_amount: String,
    /// The app that it is for.
    pub auth_app_id: String,
    /// What was done, oldest first. The rest that a payment or a cancel releases is no operation of its own.
    pub operations: Vec<PreauthOperationView>,
    /// What Alipay's SDK hands to the merchant's app when the payer has authorised it, if an app asked for it.
    pub app_result: Option<String>,
    /// The notifications, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// An operation of a pre-authorisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PreauthOperationView {
    /// Alipay's number of it.
    pub operation_id: String,
    /// The merchant's number of it: of a payment, the `out_trade_no`.
    pub out_request_no: String,
    /// `FREEZE`, `UNFREEZE` or `PAY`.
    pub operation_type: String,
    /// `INIT`, `SUCCESS` or `CLOSED`.
    pub status: String,
    /// In yuan.
    pub amount: String,
    /// When it succeeded or was closed.
    pub done_at: Option<String>,
}

impl Core {
    fn preauth_key(&self, out_order_no: &str) -> Result<Key, ControlError> {
        self.with_state(|state| state.preauths.find_any(out_order_no))
            .ok_or_else(|| ControlError::NoPreauth(out_order_no.to_owned()))
    }

    /// The pre-authorisation of this number.
    pub(crate) fn preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        let key = self.preauth_key(out_order_no)?;
        let now = self.now();
        let preauth = self.with_state(|state| state.preauths.get(&key, now).cloned());
        self.preauth_view(&preauth.ok_or(ControlError::NoPreauth(key.out_order_no))?)
    }

    /// The payer scans the code: the pre-authorisation exists, and waits.
    pub(crate) fn scan_preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        let key = self.preauth_key(out_order_no)?;
        self.with_state(|state| state.preauths.open(&key, Buyer::default(), self.now()))
            .map_err(|refusal| refused(&key, refusal))?;
        self.preauth(out_order_no)
    }

    /// The payer authorises it.
    pub(crate) fn authorise_preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        let key = self.preauth_key(out_order_no)?;
        self.with_state(|state| state.preauths.authorise(&key, Buyer::default(), self.now()))
            .map_err(|refusal| refused(&key, refusal))?;
        self.preauth(out_order_no)
    }

    fn preauth_view(&self, preauth: &Preauth) -> Result<PreauthView, ControlError> {
        let (terms, opened) = (&preauth.terms, preauth.opened.as_ref());
        let totals = opened.map_or_else(Totals::default, Opened::totals);
        let signatory = self.notification_signer(self.signatory());
        let app_result = notify::preauths::app_result(preauth, &signatory, self.now());
        Ok(PreauthView {
            out_order_no: terms.out_order_no.clone(),
            auth_no: opened.map(|opened| opened.auth_no.clone()),
            order_status: opened.map(|opened| opened.status().name().to_owned()),
            method: terms.method.clone(),
            order_title: terms.title.clone(),
            amount: terms.amount.to_string(),
            frozen_amount: totals.frozen.to_string(),
            unfrozen_amount: totals.released.to_string(),
            paid_amount: totals.paid.to_string(),
            rest_amount: totals.rest.to_string(),
            auth_app_id: terms.merchant.auth_app_id.clone(),
            operations: opened
                .map(|opened| opened.operations().iter().map(operation_view).collect())
                .unwrap_or_default(),
            app_result: app_result.map_err(|_| ControlError::Signing)?,
            notifications: self.deliveries.of(&About::Preauth(preauth.key())),
        })
    }
}

fn operation_view(operation: &Operation) -> PreauthOperationView {
    PreauthOperationView {
        operation_id: operation.id.clone(),
        out_request_no: operation.out_request_no.clone(),
        operation_type: operation.kind.name().to_owned(),
        status: operation.status.name().to_owned(),
        amount: operation.amount.to_string(),
        done_at: operation.done.map(beijing),
    }
}

fn refused(key: &Key, refusal: StepRefusal) -> ControlError {
    let number = key.out_order_no.clone();
    match refusal {
        StepRefusal::Authorised => ControlError::PreauthAuthorised(number),
        StepRefusal::Closed => ControlError::PreauthClosed(number),
    }
}
