//! What merchants are told of pre-authorisations.

use jiff::Timestamp;

use super::envelope::{Envelope, Sender};
use super::{Notification, signed_result};
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::keys::KeyError;
use crate::methods;
use crate::state::preauths::{Event, EventKind, Opened, Operation, OperationKind, Preauth};

/// The news of an event, if the call that made it happen asked to be notified.
pub(crate) fn notification(event: &Event, preauth: &Preauth, sender: Sender<'_>) -> Option<Notification> {
    let opened = preauth.opened.as_ref()?;
    let (name, fields) = match &event.kind {
        EventKind::Done(operation) => {
            let name = match operation.kind {
                OperationKind::Freeze => "fund_auth_freeze",
                OperationKind::Unfreeze => "fund_auth_unfreeze",
                // The order's own notification tells of it.
                OperationKind::Pay => return None,
            };
            (name, done(preauth, opened, operation))
        }
        EventKind::Cancelled(action) => {
            let freeze = opened.freeze();
            let fields = vec![
                ("operation_id", freeze.id.clone()),
                ("out_request_no", freeze.out_request_no.clone()),
                ("action", action.name().to_owned()),
            ];
            ("fund_auth_operation_cancel", fields)
        }
    };
    let numbers = [
        ("auth_no", opened.auth_no.clone()),
        ("out_order_no", preauth.terms.out_order_no.clone()),
    ];
    let url = event.callbacks.notify_url.as_deref()?;
    let envelope = Envelope::to_merchant(url, &preauth.terms.merchant, &event.callbacks, sender);
    envelope.notification(name, numbers.into_iter().chain(fields))
}

fn done(preauth: &Preauth, opened: &Opened, operation: &Operation) -> Vec<(&'static str, String)> {
    let (terms, totals) = (&preauth.terms, opened.totals());
    let payee = terms.payee_user_id.as_ref().unwrap_or(&terms.merchant.seller_id);
    let mut fields = vec![
        ("operation_id", operation.id.clone()),
        ("out_request_no", operation.out_request_no.clone()),
        ("operation_type", operation.kind.name().to_owned()),
        ("amount", operation.amount.to_string()),
        ("status", operation.status.name().to_owned()),
        ("gmt_create", beijing(operation.created)),
        ("gmt_trans", operation.done.map(beijing).unwrap_or_default()),
        ("payer_logon_id", opened.payer.logon_id.clone()),
        ("payee_user_id", payee.clone()),
        ("payee_logon_id", terms.payee_logon_id.clone().unwrap_or_default()),
        ("total_freeze_amount", totals.frozen.to_string()),
        ("total_unfreeze_amount", totals.released.to_string()),
        ("total_pay_amount", totals.paid.to_string()),
        ("rest_amount", totals.rest.to_string()),
    ];
    if opened.payer.open_id.is_none() {
        fields.push(("payer_user_id", opened.payer.user_id.clone()));
    }
    fields
}

/// What Alipay's phone SDK hands to the merchant's app when the payer has authorised it, for `alipay.fund.auth.order.app.freeze`.
pub(crate) fn app_result(preauth: &Preauth, signatory: &Signatory, now: Timestamp) -> Result<Option<String>, KeyError> {
    let terms = &preauth.terms;
    let is_app = terms.method == "alipay.fund.auth.order.app.freeze";
    let Some(opened) = preauth.opened.as_ref().filter(|_| is_app) else {
        return Ok(None);
    };
    let fields = methods::preauths::app_result(opened, &terms.out_order_no);
    signed_result(
        &terms.method,
        &terms.merchant,
        &terms.callbacks,
        &fields,
        (signatory, now),
    )
    .map(Some)
}
