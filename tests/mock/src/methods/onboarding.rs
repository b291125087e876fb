//! Sub-merchants of direct settlement (直付通): applications to take one in, to change one, and questions about both.
//!
//! None of these methods has documented error codes: what is wrong here is refused as the gateway itself refuses a parameter. Checked is what the
//! documentation calls needed, and that pictures were uploaded. An application without a name or a number of the merchant is refused too: there would be
//! nothing to know it by. Trades and what they need (`mcc`) are not known here.

mod check;

use serde_json::{Map, Value, json};

use super::{Behaviour, Call, Played, illegal, text};
use crate::clock::beijing;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::onboarding::{Application, ApplyRefusal, Details, Progress, Purpose, SubMerchant, Wish};

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.create",
        errors: &[],
        play: create,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.simplecreate",
        errors: &[],
        play: create,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.consult",
        errors: &[],
        play: consult,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.modify",
        errors: &[],
        play: modify,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.settlementmodify",
        errors: &[],
        play: modify,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zft.delete",
        errors: &[],
        play: delete,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zftorder.query",
        errors: &[],
        play: orders,
    },
    Behaviour {
        method: "ant.merchant.expand.indirect.zftsubsettle.query",
        errors: &[],
        play: settlement,
    },
    Behaviour {
        method: "ant.merchant.expand.order.query",
        errors: &["ORDER_NOT_EXIST", "NOT_ALLOW_QUERY"],
        play: order,
    },
];

fn create(call: &mut Call<'_>) -> Result<Played, Failure> {
    let wish = new(call)?;
    apply(call, wish)
}

fn consult(call: &mut Call<'_>) -> Result<Played, Failure> {
    let wish = new(call)?;
    check::legal_person(&wish.details).map_err(|problem| illegal(&problem))?;
    Ok(Played::success(
        Fields::new()
            .with("order_id", crate::numbers::application(call.now))
            // Everything that is applied for here waits for a review.
            .with("account_audit", true)
            .with("risk_audit", true),
    ))
}

/// What a request for a new sub-merchant asks for.
fn new(call: &Call<'_>) -> Result<Wish, Failure> {
    let details = call.request.clone();
    let needed = |name: &str| text(&details, name).ok_or_else(|| illegal(&format!("{name}: required")));
    let external_id = needed("external_id")?;
    needed("name")?;
    checked(call, &details)?;
    Ok(Wish {
        external_id,
        purpose: Purpose::Create,
        has_new_card: details.contains_key("biz_cards"),
        details,
    })
}

fn modify(call: &mut Call<'_>) -> Result<Played, Failure> {
    let known = known(call)?;
    let (external_id, smid) = (known.external_id.clone(), known.smid.clone());
    let mut details = known.details.clone();
    for (name, value) in call.request {
        if name != "smid" {
            details.insert(name.clone(), value.clone());
        }
    }
    let has_new_card = call.request.contains_key("biz_cards");
    // Money goes to the card or to the account: the newer word counts.
    if has_new_card && !call.request.contains_key("alipay_logon_id") {
        details.remove("alipay_logon_id");
    } else if !has_new_card && call.request.contains_key("alipay_logon_id") {
        details.remove("biz_cards");
    }
    checked(call, &details)?;
    if call.method.name.ends_with(".modify") {
        check::legal_person(&details).map_err(|problem| illegal(&problem))?;
    }
    let wish = Wish {
        external_id,
        purpose: Purpose::Modify(smid),
        details,
        has_new_card,
    };
    apply(call, wish)
}

/// What the documentation asks for, and that the pictures are there.
fn checked(call: &Call<'_>, details: &Details) -> Result<(), Failure> {
    check::details(details).map_err(|problem| illegal(&problem))?;
    let (images, merchant) = (&call.state.images, &call.merchant.auth_app_id);
    check::images(details, images, merchant).map_err(|problem| illegal(&problem))
}

fn apply(call: &mut Call<'_>, wish: Wish) -> Result<Played, Failure> {
    let merchant = call.merchant.auth_app_id.clone();
    let applied = call.state.onboarding.apply(&merchant, wish, call.now);
    let order_id = applied.map_err(|refusal| match refusal {
        ApplyRefusal::Taken => illegal("external_id: of another sub-merchant"),
        ApplyRefusal::Waiting => illegal("external_id: an application about this sub-merchant is being reviewed"),
    })?;
    Ok(Played::success(Fields::new().with("order_id", order_id)))
}

/// The sub-merchant that the request names; its SMID wins.
fn known<'a>(call: &'a Call<'_>) -> Result<&'a SubMerchant, Failure> {
    let (onboarding, merchant) = (&call.state.onboarding, &call.merchant.auth_app_id);
    let known = match (call.text("smid"), call.text("external_id")) {
        (Some(smid), _) => onboarding.by_smid(merchant, &smid),
        (None, Some(id)) => onboarding.by_external_id(merchant, &id),
        (None, None) => None,
    };
    known.ok_or_else(|| illegal("no such sub-merchant"))
}

fn delete(call: &mut Call<'_>) -> Result<Played, Failure> {
    let known = known(call)?;
    // What a review would come to of a sub-merchant that is not there any more is not documented.
    if call.state.onboarding.is_waiting(&known.merchant, &known.external_id) {
        return Err(illegal(
            "smid: an application about this sub-merchant is being reviewed",
        ));
    }
    let smid = known.smid.clone();
    call.state.onboarding.void(&call.merchant.auth_app_id, &smid);
    Ok(Played::success(Fields::new()))
}

fn orders(call: &mut Call<'_>) -> Result<Played, Failure> {
    let (onboarding, merchant) = (&call.state.onboarding, &call.merchant.auth_app_id);
    // The order among several is not documented: the newest comes first.
    let found: Vec<Value> = match (call.text("order_id"), call.text("external_id")) {
        (Some(id), _) => {
            let found = onboarding.application(&id);
            let found = found.filter(|application| application.merchant == *merchant);
            found.into_iter().map(|application| shown(call, application)).collect()
        }
        (None, Some(id)) => {
            let found = onboarding.of(merchant, &id).rev();
            found.map(|application| shown(call, application)).collect()
        }
        (None, None) => Vec::new(),
    };
    if found.is_empty() {
        return Err(illegal("申请单不存在"));
    }
    Ok(Played::success(Fields::new().with("orders", found)))
}

/// An application as the query shows it. What `apply_type` says is not documented, so that it says nothing.
fn shown(call: &Call<'_>, application: &Application) -> Value {
    let mut shown = json!({
        "order_id": application.order_id,
        "external_id": application.external_id,
        "apply_time": beijing(application.at),
        "status": status(application),
    });
    if let Some(name) = text(&application.details, "name") {
        shown["merchant_name"] = json!(name);
    }
    if let Some(login) = text(&application.details, "binding_alipay_logon_id") {
        shown["safe_binding_logon_id"] = json!(masked(&login));
    }
    let audits = match &application.progress {
        Progress::Waiting => ["CREATE", "CREATE", "CREATE"],
        Progress::Passed { memo } => {
            if let Some(memo) = memo {
                shown["kz_audit_memo"] = json!(memo);
            }
            let known = application.smid.as_ref();
            let known = known.and_then(|smid| call.state.onboarding.by_smid(&application.merchant, smid));
            if let Some(number) = known.and_then(|known| known.card_alias_no.as_ref()) {
                shown["card_alias_no"] = json!(number);
            }
            shown["smid"] = json!(application.smid);
            ["PASS", "PASS", "FINISH"]
        }
        Progress::Rejected { reason } => {
            shown["reason"] = json!(reason);
            shown["kz_audit_memo"] = json!(reason);
            ["CREATE", "REJECT", "NOT_CONFIRM"]
        }
    };
    for (name, audit) in ["fk_audit", "kz_audit", "sub_confirm"].into_iter().zip(audits) {
        shown[name] = json!(audit);
    }
    shown
}

fn status(application: &Application) -> &'static str {
    match application.progress {
        Progress::Waiting => "031",
        Progress::Passed { .. } => "99",
        Progress::Rejected { .. } => "-1",
    }
}

/// `tes***@example.com`, `159***`
fn masked(login: &str) -> String {
    let (name, host) = login
        .split_once('@')
        .map_or((login, None), |(name, host)| (name, Some(host)));
    let start: String = name.chars().take(3).collect();
    host.map_or_else(|| format!("{start}***"), |host| format!("{start}***@{host}"))
}

fn settlement(call: &mut Call<'_>) -> Result<Played, Failure> {
    let known = known(call)?;
    let given = |name: &str| known.details.get(name).cloned();
    // The older methods take one card outside a list.
    let cards = given("biz_cards").map(|cards| if cards.is_array() { cards } else { json!([cards]) });
    Ok(Played::success(
        Fields::new()
            .maybe("alipay_logon_id", given("alipay_logon_id"))
            .maybe("biz_cards", cards)
            .maybe("default_settle_rule", given("default_settle_rule")),
    ))
}

fn order(call: &mut Call<'_>) -> Result<Played, Failure> {
    let found = call.state.onboarding.application(&call.required("order_id"));
    let application = found.ok_or_else(|| call.refuse("ORDER_NOT_EXIST", "申请单不存在"))?;
    if application.merchant != call.merchant.auth_app_id {
        return Err(call.refuse("NOT_ALLOW_QUERY", "不允许查询该申请单"));
    }
    let smid = application.smid.as_ref();
    let known = smid.and_then(|smid| call.state.onboarding.by_smid(&application.merchant, smid));
    let ext_info = smid.map(|smid| {
        let mut info = Map::new();
        if let Some(number) = known.and_then(|known| known.card_alias_no.as_ref()) {
            info.insert("cardAliasNo".to_owned(), json!(number));
        }
        info.insert("smid".to_owned(), json!(smid));
        Value::Object(info).to_string()
    });
    Ok(Played::success(
        Fields::new()
            .with("status", status(application))
            .with("apply_time", beijing(application.at))
            .maybe("merchant_name", text(&application.details, "name"))
            .maybe("ip_role_id", smid.map(|smid| json!([smid])))
            .maybe("ext_info", ext_info),
    ))
}
