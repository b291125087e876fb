//! Complaints of buyers about paid orders: what the merchant reads of them and writes.
//!
//! Complaints are about the merchant (`PID`): the gateway knows no mini programs or life accounts. Feedback on refunds and on pay-later trades, which has
//! codes of its own, is refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Behaviour, Call, Played};
use crate::clock::{beijing, parse};
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::complaints::{Complaint, ComplaintRefusal, Message, Word, Writer};
use crate::state::images::Album;

/// What can be wrong with what a merchant writes.
const WRITE: &[&str] = &["PARAM_ILLEGAL", "AUTHORITY_ILLEGAL", "STATUS_CHANGED"];

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.merchant.tradecomplain.batchquery",
        errors: &["PARAM_ILLEGAL"],
        play: batchquery,
    },
    Behaviour {
        method: "alipay.merchant.tradecomplain.query",
        errors: &["PARAM_ILLEGAL", "AUTHORITY_ILLEGAL"],
        play: query,
    },
    Behaviour {
        method: "alipay.merchant.tradecomplain.feedback.submit",
        errors: WRITE,
        play: feedback,
    },
    Behaviour {
        method: "alipay.merchant.tradecomplain.reply.submit",
        errors: WRITE,
        play: reply,
    },
    Behaviour {
        method: "alipay.merchant.tradecomplain.supplement.submit",
        errors: WRITE,
        play: supplement,
    },
];

fn illegal(call: &Call<'_>, problem: &str) -> Failure {
    call.refuse("PARAM_ILLEGAL", &format!("参数不合法: {problem}"))
}

fn batchquery(call: &mut Call<'_>) -> Result<Played, Failure> {
    let number = |name: &str, usual: usize| {
        let number = call.text(name);
        number.map_or(Some(usual), |number| number.parse().ok())
    };
    let page = number("page_num", 1).filter(|page| *page >= 1);
    let page = page.ok_or_else(|| illegal(call, "page_num: from 1"))?;
    let size = number("page_size", 10).filter(|size| (1..=20).contains(size));
    let size = size.ok_or_else(|| illegal(call, "page_size: 1 to 20"))?;
    let (begin, end) = span(call)?;
    let status = call.text("status");
    let targets = call.request.get("target_infos").and_then(Value::as_array);
    let merchant = call.merchant.auth_app_id.clone();
    // The newest first: not documented.
    let found: Vec<Complaint> = call.state.complaints.of(&merchant).rev().cloned().collect();
    let mut shown = Vec::new();
    for complaint in found {
        let is_in_time = (begin..=end).contains(&complaint.created);
        let is_in_state = status.as_deref().is_none_or(|status| status == complaint.status.name());
        if !is_in_time || !is_in_state {
            continue;
        }
        let fields = fields(call, &complaint);
        let is_about = |target: &Value| {
            let of = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
            target.get("target_id") == of("target_id") && target.get("target_type") == of("target_type")
        };
        if targets.is_none_or(|targets| targets.is_empty() || targets.iter().any(is_about)) {
            let object = fields.iter().map(|(name, value)| (name.to_owned(), value.clone()));
            shown.push(Value::Object(object.collect()));
        }
    }
    let total = shown.len();
    let start = (page - 1).saturating_mul(size);
    let page_of: Vec<Value> = shown.into_iter().skip(start).take(size).collect();
    Ok(Played::success(
        Fields::new()
            .with("page_num", page)
            .with("page_size", size)
            .with("total_num", total)
            .with("total_page_num", total.div_ceil(size))
            .with("trade_complain_infos", page_of),
    ))
}

/// From when to when: the last thirty days, and a year at most.
fn span(call: &Call<'_>) -> Result<(Timestamp, Timestamp), Failure> {
    let time = |name: &str, usual: Timestamp| match call.text(name) {
        Some(text) => parse(&text).ok_or_else(|| illegal(call, name)),
        None => Ok(usual),
    };
    let days = |count: i64| SignedDuration::from_hours(24 * count);
    let begin = time("begin_time", call.now - days(30))?;
    let end = time("end_time", call.now)?;
    if begin > end || end.duration_since(begin) > days(366) {
        return Err(illegal(call, "begin_time, end_time: at most a year"));
    }
    Ok((begin, end))
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let complaint = named(call)?;
    let order = call.state.trades.get(&complaint.order, call.now);
    let total = order.map(|order| order.terms.total);
    let messages: Vec<Value> = complaint.messages.iter().map(message).collect();
    Ok(Played::success(
        fields(call, &complaint)
            .maybe("trade_amount", total)
            .with("reply_detail_infos", messages),
    ))
}

/// What list and query tell of a complaint.
fn fields(call: &mut Call<'_>, complaint: &Complaint) -> Fields {
    let order = call.state.trades.get(&complaint.order, call.now);
    let trade_no = order.as_ref().and_then(|order| Some(order.trade.as_ref()?.no.clone()));
    let seller = order.as_ref().map(|order| order.terms.merchant.seller_id.clone());
    let about = &complaint.about;
    Fields::new()
        .with("complain_event_id", complaint.id.clone())
        .with("status", complaint.status.name())
        .maybe("trade_no", trade_no)
        .with("merchant_order_no", complaint.order.out_trade_no.clone())
        .with("gmt_create", beijing(complaint.created))
        .with("gmt_modified", beijing(complaint.modified))
        .maybe("gmt_finished", complaint.finished.map(beijing))
        .with("complain_reason", about.reason.clone())
        .with("content", about.content.clone())
        .maybe("leaf_category_name", about.demand.clone())
        .maybe("phone_no", about.phone_no.clone())
        .maybe("images", (!about.images.is_empty()).then(|| json!(about.images)))
        .with("target_type", "PID")
        .maybe("target_id", seller)
}

fn message(message: &Message) -> Value {
    let (role, name) = match message.writer {
        Writer::User => ("USER", "用户"),
        Writer::Merchant => ("MERCHANT", "商家"),
    };
    let addresses = message
        .images
        .iter()
        .map(|id| format!("https://mdn.alipay.com/wsdk/img?fileid={id}"));
    json!({
        "replier_role": role,
        "replier_name": name,
        "gmt_create": beijing(message.at),
        "content": message.content.clone().unwrap_or_default(),
        "images": addresses.collect::<Vec<_>>(),
    })
}

fn feedback(call: &mut Call<'_>) -> Result<Played, Failure> {
    let code = call.text("feedback_code").filter(|code| {
        let codes = ["02", "03", "04", "05", "06"];
        codes.contains(&code.as_str())
    });
    let code = code.ok_or_else(|| illegal(call, "feedback_code"))?;
    if call.text("operator").is_some_and(|name| name.chars().count() > 6) {
        return Err(illegal(call, "operator: six characters at most"));
    }
    write(call, Word::Feedback(code), ["feedback_content", "feedback_images"])
}

fn reply(call: &mut Call<'_>) -> Result<Played, Failure> {
    write(call, Word::Reply, ["reply_content", "reply_images"])
}

fn supplement(call: &mut Call<'_>) -> Result<Played, Failure> {
    write(call, Word::Supplement, ["supplement_content", "supplement_images"])
}

fn write(call: &mut Call<'_>, word: Word, [content, images]: [&str; 2]) -> Result<Played, Failure> {
    let complaint = named(call)?;
    let (content, images) = (call.text(content), call.text(images));
    let images: Vec<String> = images
        .iter()
        .flat_map(|images| images.split(','))
        .map(str::to_owned)
        .collect();
    if content.is_none() && images.is_empty() && !matches!(word, Word::Feedback(_)) {
        return Err(illegal(call, "neither words nor pictures"));
    }
    let (kept, merchant) = (&call.state.images, &call.merchant.auth_app_id);
    if !images.iter().all(|id| kept.has(Album::Complaints, merchant, id)) {
        return Err(illegal(call, "no picture that alipay.merchant.image.upload gave"));
    }
    let written = call
        .state
        .complaints
        .write(&complaint.id, word, content, images, call.now);
    written.map_err(|refusal| match refusal {
        ComplaintRefusal::NoComplaint => illegal(call, "complain_event_id"),
        ComplaintRefusal::Status(_) => call.refuse("STATUS_CHANGED", "投诉单状态已变更"),
    })?;
    Ok(Played::success(Fields::new()))
}

/// The complaint that the request names.
fn named(call: &Call<'_>) -> Result<Complaint, Failure> {
    let id = call.required("complain_event_id");
    let complaint = call.state.complaints.get(&id);
    let complaint = complaint.ok_or_else(|| illegal(call, "complain_event_id: no such complaint"))?;
    if complaint.order.merchant != call.merchant.auth_app_id {
        return Err(call.refuse("AUTHORITY_ILLEGAL", "无权操作该投诉单"));
    }
    Ok(complaint.clone())
}
