//! Messages to the address of the app: a name, and what it says as JSON.

use serde_json::{Value, json};

use super::Notification;
use super::envelope::{Envelope, Sender};
use crate::clock::beijing;
use crate::methods::trade::royalty;
use crate::state::State;
use crate::state::onboarding::{Application, Progress};
use crate::state::trades::{Order, SplitEvent};

/// The message of this name for the address of the app.
pub(crate) fn message(
    name: &'static str,
    content: &Value,
    url: &str,
    app_id: &str,
    sender: Sender<'_>,
) -> Option<Notification> {
    Envelope::to_app(url, app_id, sender).notification(name, [("biz_content", content.to_string())])
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
