//! Acting as the user who is asked to sign an agreement. The user is the visitor.

use schemars::JsonSchema;
use serde::Serialize;

use super::ControlError;
use crate::clock::beijing;
use crate::core::Core;
use crate::notify;
use crate::notify::delivery::{About, NotificationView};
use crate::state::agreements::{Agreement, SignRefusal};
use crate::state::trades::Buyer;

/// An agreement as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AgreementView {
    /// Alipay's number. The merchant learns it when the user has signed.
    pub agreement_no: String,
    /// The merchant's number, if it gave one.
    pub external_agreement_no: Option<String>,
    /// `NORMAL`, `TEMP` or `UNSIGN` as Alipay says it; and what Alipay does not tell: `OFFERED`, `REFUSED` and `EXPIRED`.
    pub status: String,
    /// The product that it is for.
    pub personal_product_code: String,
    /// The scene that it is for.
    pub sign_scene: String,
    /// The app that it is for.
    pub auth_app_id: String,
    /// The user who signed.
    pub user_id: Option<String>,
    /// When the user signed.
    pub signed_at: Option<String>,
    /// When it was ended.
    pub ended_at: Option<String>,
    /// When it ends by itself.
    pub invalid_time: String,
    /// How often was deducted.
    pub deductions: usize,
    /// How much was deducted in all, in yuan.
    pub deducted_amount: String,
    /// The day of the next regular deduction, if it is for regular deductions.
    pub next_deduct_time: Option<String>,
    /// The notifications, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// The result of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Signing {
    /// The agreement, signed.
    pub agreement: AgreementView,
    /// Where the user's browser is sent, if the request has a `return_url`.
    pub return_url: Option<String>,
}

impl Core {
    fn find_agreement(&self, number: &str) -> Result<Agreement, ControlError> {
        self.with_state(|state| state.agreements.find_any(number).cloned())
            .ok_or_else(|| ControlError::NoAgreement(number.to_owned()))
    }

    /// The agreement of this number, Alipay's or the merchant's.
    pub(crate) fn agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        Ok(self.agreement_view(&self.find_agreement(number)?))
    }

    /// All agreements, oldest first.
    pub(crate) fn agreements(&self) -> Vec<AgreementView> {
        let all = self.with_state(|state| state.agreements.all().cloned().collect::<Vec<_>>());
        all.iter().map(|agreement| self.agreement_view(agreement)).collect()
    }

    /// The visitor signs.
    pub(crate) fn sign_agreement(&self, number: &str) -> Result<Signing, ControlError> {
        self.sign_agreement_as(number, None)
    }

    /// This user signs, or the visitor.
    pub(crate) fn sign_agreement_as(&self, number: &str, user: Option<Buyer>) -> Result<Signing, ControlError> {
        let no = self.find_agreement(number)?.no;
        let now = self.now();
        self.with_state(|state| {
            let user = user.unwrap_or_else(|| state.users.visitor.account());
            state.agreements.sign(&no, user, now)
        })
        .map_err(|refusal| refused(number, refusal))?;
        let agreement = self.find_agreement(&no)?;
        Ok(Signing {
            return_url: self.agreement_return_url(&agreement)?,
            agreement: self.agreement_view(&agreement),
        })
    }

    /// Where the browser of a user who has signed goes.
    pub(crate) fn agreement_return_url(&self, agreement: &Agreement) -> Result<Option<String>, ControlError> {
        let signatory = self.notification_signer(self.signatory());
        notify::agreements::return_url(agreement, &signatory, self.now()).map_err(|_| ControlError::Signing)
    }

    /// The visitor refuses.
    pub(crate) fn refuse_agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        let no = self.find_agreement(number)?.no;
        self.with_state(|state| state.agreements.refuse(&no, self.now()))
            .map_err(|refusal| refused(number, refusal))?;
        self.agreement(&no)
    }

    /// The user who has signed ends it, in Alipay.
    pub(crate) fn unsign_agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        let no = self.find_agreement(number)?.no;
        if !self.with_state(|state| state.agreements.unsign(&no, None, self.now())) {
            return Err(ControlError::NotSigned(number.to_owned()));
        }
        self.agreement(&no)
    }

    fn agreement_view(&self, agreement: &Agreement) -> AgreementView {
        let (terms, signature) = (&agreement.terms, agreement.signature.as_ref());
        AgreementView {
            agreement_no: agreement.no.clone(),
            external_agreement_no: terms.external_agreement_no.clone(),
            status: agreement.status(self.now()).name().to_owned(),
            personal_product_code: terms.product.clone(),
            sign_scene: terms.scene.clone(),
            auth_app_id: terms.merchant.auth_app_id.clone(),
            user_id: signature.map(|signature| signature.user.user_id.clone()),
            signed_at: signature.map(|signature| beijing(signature.at)),
            ended_at: signature.and_then(|signature| signature.ended).map(beijing),
            invalid_time: beijing(terms.invalid),
            deductions: agreement.deductions.len(),
            deducted_amount: agreement.deducted().to_string(),
            next_deduct_time: agreement.next.map(|next| next.to_string()),
            notifications: self.deliveries.of(&About::Agreement(agreement.no.clone())),
        }
    }
}

fn refused(number: &str, refusal: SignRefusal) -> ControlError {
    let number = number.to_owned();
    match refusal {
        SignRefusal::NotOffered => ControlError::NotOffered(number),
        SignRefusal::OtherUser => ControlError::OtherUser(number),
        SignRefusal::Twice(known) => ControlError::SignedTwice(number, known),
    }
}
