//! Messages to the address of the app: a name, and what it says as JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Notification;
use super::form::signed_form;
use crate::certificates::Signatory;
use crate::clock::beijing;
use crate::keys::SignType;
use crate::methods::trade::royalty;
use crate::numbers;
use crate::protocol::charset::Charset;
use crate::specs::Specs;
use crate::state::State;
use crate::state::onboarding::{Application, Progress};
use crate::state::trades::{Order, SplitEvent};

/// What every message says beside its content.
pub(crate) struct Envelope<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) url: &'a str,
    pub(crate) specs: &'a Specs,
    pub(crate) signatory: &'a Signatory,
    pub(crate) now: Timestamp,
}

impl Envelope<'_> {
    /// The message of this name, signed by the rule of its spec.
    pub(crate) fn message(&self, name: &'static str, content: &Value) -> Option<Notification> {
        let notify_id = numbers::notify_id(self.now);
        let charset = Charset::default();
        let fields = [
            ("notify_id", notify_id.clone()),
            ("charset", charset.name().to_owned()),
            ("app_id", self.app_id.to_owned()),
            ("msg_method", name.to_owned()),
            ("utc_timestamp", self.now.as_millisecond().to_string()),
            ("version", "1.1".to_owned()),
            ("biz_content", content.to_string()),
        ];
        let rule = self.specs.notification(name)?.signature;
        Some(Notification {
            notify_id,
            name: name.into(),
            trade_status: None,
            url: self.url.to_owned(),
            form: signed_form(&fields, rule, &charset, SignType::Rsa2, self.signatory).ok()?,
            charset: charset.name().to_owned(),
        })
    }
}

/// The news of a split that was carried out.
pub(crate) fn split(order: &Order, event: &SplitEvent) -> Option<(&'static str, Value)> {
    let trade = order.trade.as_ref()?;
    let mut list = trade.splits.list.iter();
    let split = list.find(|split| split.settle_no == event.settle_no)?;
    let details = split.details.iter().map(|detail| {
        let Value::Object(mut shown) = royalty::detail(detail) else {
            return Value::Null;
        };
        // The query tells more than the message.
        for name in ["execute_dt", "trans_in_type", "trans_in_open_id"] {
            shown.remove(name);
        }
        Value::Object(shown)
    });
    let content = json!({
        "out_request_no": split.out_request_no,
        "settle_no": split.settle_no,
        "trade_no": trade.no,
        "operation_dt": beijing(split.at),
        "royalty_detail_list": details.collect::<Vec<_>>(),
    });
    Some(("alipay.trade.order.settle.notify", content))
}

/// The news of an application that was decided.
pub(crate) fn application(application: &Application, state: &State) -> Option<(&'static str, Value)> {
    let mut content = json!({ "order_id": application.order_id, "external_id": application.external_id });
    match &application.progress {
        Progress::Waiting => None,
        Progress::Rejected { reason } => {
            content["reason"] = json!(reason);
            Some(("ant.merchant.expand.indirect.zft.rejected", content))
        }
        Progress::Passed { memo } => {
            let smid = application.smid.as_ref()?;
            content["smid"] = json!(smid);
            let known = state.onboarding.by_smid(&application.merchant, smid);
            if let Some(number) = known.and_then(|known| known.card_alias_no.as_ref()) {
                content["card_alias_no"] = json!(number);
            }
            if let Some(memo) = memo {
                content["memo"] = json!(memo);
            }
            Some(("ant.merchant.expand.indirect.zft.passed", content))
        }
    }
}

/// The news of a complaint that was made or changed by others than the merchant.
pub(crate) fn complaint(id: &str) -> (&'static str, Value) {
    let content = json!({ "complain_event_id": id });
    ("alipay.merchant.tradecomplain.changed", content)
}
