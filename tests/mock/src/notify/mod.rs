//! What Alipay sends without being asked: notifications, and the parameters of return URLs and app results.

pub(crate) mod agreements;
pub(crate) mod delivery;
pub(crate) mod envelope;
pub(crate) mod form;
pub(crate) mod merchants;
pub(crate) mod messages;
pub(crate) mod ordered;
pub(crate) mod preauths;

use std::borrow::Cow;

use alipay_codegen::ir::Signature;
use jiff::Timestamp;
use serde_json::json;

use crate::certificates::Signatory;
use crate::clock::{beijing, beijing_millis};
use crate::keys::KeyError;
use crate::money::Money;
use crate::protocol::Callbacks;
use crate::protocol::fields::Fields;
use crate::protocol::v2::answer::{Answer, assemble, root};
use crate::state::trades::{EventKind, Merchant, Order, Trade};
use envelope::{Envelope, Sender};
use form::signed_form;

/// A notification that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) notify_id: String,
    /// Its `notify_type` or `msg_method`.
    pub(crate) name: Cow<'static, str>,
    /// What it says of a trade.
    pub(crate) trade_status: Option<Cow<'static, str>>,
    pub(crate) url: String,
    /// The signed form; every attempt sends the same.
    pub(crate) form: String,
    /// The charset that the form is in.
    pub(crate) charset: String,
}

/// The `trade_status_sync` notification of an event, if the order asked to be notified.
pub(crate) fn notification(order: &Order, event: &EventKind, sender: Sender<'_>) -> Option<Notification> {
    let terms = &order.terms;
    let trade = order.trade.as_ref()?;
    let url = terms.callbacks.notify_url.as_deref()?;
    let envelope = Envelope::to_merchant(url, &terms.merchant, &terms.callbacks, sender);
    envelope.notification("trade_status_sync", fields(order, trade, event))
}

fn fields(order: &Order, trade: &Trade, event: &EventKind) -> Vec<(&'static str, String)> {
    let terms = &order.terms;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut fields = vec![
        ("trade_no", trade.no.clone()),
        ("out_trade_no", terms.out_trade_no.clone()),
        ("trade_status", trade.status.name().to_owned()),
        ("buyer_logon_id", terms.buyer.logon_id.clone()),
        ("seller_id", terms.merchant.seller_id.clone()),
        ("subject", terms.subject.clone()),
        ("body", text(&terms.body)),
        ("passback_params", text(&terms.passback_params)),
        ("total_amount", terms.total.to_string()),
        ("gmt_create", beijing(trade.created)),
        match &terms.buyer.open_id {
            Some(open_id) => ("buyer_open_id", open_id.clone()),
            None => ("buyer_id", terms.buyer.user_id.clone()),
        },
    ];
    if let Some(paid) = trade.paid {
        // The buyer has no discounts here: everybody's amount is the order's.
        for name in ["receipt_amount", "buyer_pay_amount", "invoice_amount"] {
            fields.push((name, terms.total.to_string()));
        }
        fields.push(("point_amount", Money::ZERO.to_string()));
        fields.push((
            "fund_bill_list",
            json!([{ "amount": terms.total.to_string(), "fundChannel": "ALIPAYACCOUNT" }]).to_string(),
        ));
        fields.push(("gmt_payment", beijing(paid)));
    }
    if let EventKind::Refunded { out_request_no, at } = event {
        fields.push(("out_biz_no", out_request_no.clone()));
        fields.push(("refund_fee", order.refunded().to_string()));
        fields.push(("gmt_refund", beijing_millis(*at)));
    }
    if let Some(closed) = trade.closed {
        fields.push(("gmt_close", beijing(closed)));
    }
    fields
}

/// Where the buyer's browser goes after paying: the order's `return_url` with signed parameters, for methods that have a browser.
pub(crate) fn return_url(order: &Order, signatory: &Signatory, now: Timestamp) -> Result<Option<String>, KeyError> {
    let terms = &order.terms;
    let (Some(trade), Some(url)) = (&order.trade, &terms.callbacks.return_url) else {
        return Ok(None);
    };
    if !matches!(terms.method.as_str(), "alipay.trade.page.pay" | "alipay.trade.wap.pay") {
        return Ok(None);
    }
    let fields = [
        ("charset", terms.callbacks.charset.name().to_owned()),
        ("out_trade_no", terms.out_trade_no.clone()),
        ("method", format!("{}.return", terms.method)),
        ("total_amount", terms.total.to_string()),
        ("trade_no", trade.no.clone()),
        ("auth_app_id", terms.merchant.auth_app_id.clone()),
        ("version", "1.0".to_owned()),
        ("app_id", terms.merchant.app_id.clone()),
        ("seller_id", terms.merchant.seller_id.clone()),
        ("merchant_order_no", terms.merchant_order_no.clone().unwrap_or_default()),
        ("timestamp", beijing(now)),
    ];
    let query = signed_form(
        &fields,
        Signature::V1,
        &terms.callbacks.charset,
        terms.callbacks.sign_type,
        signatory,
    )?;
    Ok(Some(with_query(url, &query)))
}

/// A URL with more parameters.
pub(crate) fn with_query(url: &str, query: &str) -> String {
    let (url, fragment) = match url.split_once('#') {
        Some((url, fragment)) => (url, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}{fragment}")
}

/// What Alipay's phone SDK hands to the merchant's app after paying, for `alipay.trade.app.pay`.
pub(crate) fn app_result(order: &Order, signatory: &Signatory, now: Timestamp) -> Result<Option<String>, KeyError> {
    let terms = &order.terms;
    let Some(trade) = order.trade.as_ref().filter(|_| terms.method == "alipay.trade.app.pay") else {
        return Ok(None);
    };
    let fields = Fields::new()
        .with("out_trade_no", terms.out_trade_no.clone())
        .with("total_amount", terms.total)
        .with("trade_no", trade.no.clone())
        .with("seller_id", terms.merchant.seller_id.clone())
        .maybe("merchant_order_no", terms.merchant_order_no.clone());
    signed_result(
        &terms.method,
        &terms.merchant,
        &terms.callbacks,
        &fields,
        (signatory, now),
    )
    .map(Some)
}

/// What Alipay's phone SDK hands to the merchant's app: an answer with these fields.
fn signed_result(
    method: &str,
    merchant: &Merchant,
    callbacks: &Callbacks,
    fields: &Fields,
    (signatory, now): (&Signatory, Timestamp),
) -> Result<String, KeyError> {
    let Callbacks { charset, sign_type, .. } = callbacks;
    let fields = Fields::new()
        .with("app_id", merchant.app_id.clone())
        .with("auth_app_id", merchant.auth_app_id.clone())
        .with("charset", charset.name())
        .with("timestamp", beijing(now))
        .and(fields);
    let node = Answer::success("10000", &fields);
    let sign = signatory.sign(*sign_type, &charset.encode_json(&node))?;
    let mut result = assemble(&root(method), node.as_bytes(), Some(&sign), signatory);
    result.pop();
    let result = String::from_utf8_lossy(&result).into_owned();
    let sign_type = signatory.sign_type(*sign_type);
    Ok(format!("{result},\"sign_type\":\"{}\"}}", sign_type.name()))
}
