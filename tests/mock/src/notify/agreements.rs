//! What merchants are told of agreements.

use alipay_codegen::ir;
use jiff::Timestamp;

use super::envelope::{Envelope, Sender};
use super::form::signed_form;
use super::{Notification, with_query};
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::keys::KeyError;
use crate::methods;
use crate::protocol::Callbacks;
use crate::state::agreements::{Agreement, Event, EventKind};

/// The news of an event: for the URL that the call named, else for the app's gateway URL.
pub(crate) fn notification(event: &Event, app_gateway_url: Option<&str>, sender: Sender<'_>) -> Option<Notification> {
    let (agreement, terms) = (&event.agreement, &event.agreement.terms);
    let signature = agreement.signature.as_ref()?;
    let user = match &signature.user.open_id {
        Some(open_id) => ("alipay_open_id", open_id.clone()),
        None => ("alipay_user_id", signature.user.user_id.clone()),
    };
    let mut fields = vec![
        ("agreement_no", agreement.no.clone()),
        (
            "external_agreement_no",
            terms.external_agreement_no.clone().unwrap_or_default(),
        ),
        ("personal_product_code", terms.product.clone()),
        ("sign_scene", terms.scene.clone()),
        user,
        ("alipay_logon_id", signature.user.logon_id.clone()),
        ("status", agreement.status(sender.now).name().to_owned()),
    ];
    let name = match event.kind {
        EventKind::Signed => {
            fields.extend([
                ("sign_time", beijing(signature.at)),
                ("valid_time", beijing(signature.at)),
                ("invalid_time", beijing(terms.invalid)),
            ]);
            "dut_user_sign"
        }
        EventKind::Unsigned => {
            fields.push(("unsign_time", signature.ended.map(beijing).unwrap_or_default()));
            "dut_user_unsign"
        }
    };
    let url = event.callbacks.notify_url.as_deref().or(app_gateway_url)?;
    let envelope = Envelope::to_merchant(url, &terms.merchant, &event.callbacks, sender);
    envelope.notification(name, fields)
}

/// Where the user's browser goes after signing: the `return_url` with the agreement as signed parameters.
pub(crate) fn return_url(
    agreement: &Agreement,
    signatory: &Signatory,
    now: Timestamp,
) -> Result<Option<String>, KeyError> {
    let Callbacks {
        return_url: Some(url),
        charset,
        sign_type,
        ..
    } = &agreement.terms.callbacks
    else {
        return Ok(None);
    };
    let Some(signature) = &agreement.signature else {
        return Ok(None);
    };
    let merchant = &agreement.terms.merchant;
    let result = methods::agreements::sign_result(agreement, signature, now);
    let result = result
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    let common = [
        ("charset", charset.name().to_owned()),
        ("method", "alipay.user.agreement.page.sign.return".to_owned()),
        ("auth_app_id", merchant.auth_app_id.clone()),
        ("version", "1.0".to_owned()),
        ("app_id", merchant.app_id.clone()),
        ("timestamp", beijing(now)),
    ];
    let fields: Vec<_> = common.into_iter().chain(result).collect();
    let query = signed_form(&fields, ir::Signature::V1, charset, *sign_type, signatory)?;
    Ok(Some(with_query(url, &query)))
}
