//! `alipay.user.agreement.*`: agreements by which users let the merchant deduct money.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::clock::{self, beijing};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::agreements::{
    Agreement, GENERAL, LAST_DAY_OF_MONTH, Named, PeriodRule, PeriodUnit, PlanRefusal, REGULAR, Signature, Status,
    Terms, end_of,
};
use crate::state::visits::Subject;

/// The scene and the third party where the merchant names none.
const SCENE: &str = "DEFAULT|DEFAULT";
const THIRD_PARTY: &str = "PARTNER";
/// When an agreement that was signed for long ends.
const FOR_LONG: &str = "2115-02-01 00:00:00";
/// A period in days is no shorter.
const LEAST_DAYS: i64 = 7;

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.user.agreement.page.sign",
        errors: &[],
        play: sign,
    },
    Behaviour {
        method: "alipay.user.agreement.query",
        errors: &[
            "INVALID_PARAMETER",
            "USER_AGREEMENT_NOT_EXIST",
            "AGREEMENT_HAS_UNSIGNED",
        ],
        play: query,
    },
    Behaviour {
        method: "alipay.user.agreement.unsign",
        errors: &[
            "INVALID_PARAMETER",
            "AGREEMENT_NOT_EXIST",
            "USER_AGREEMENT_STATUS_NOT_NORMAL",
        ],
        play: unsign,
    },
    Behaviour {
        method: "alipay.user.agreement.executionplan.modify",
        errors: &["INVALID_PARAMETER", "ILLEGAL_AGREEMENT", "ILLEGAL_EXECUTION_TIME"],
        play: modify,
    },
    Behaviour {
        method: "alipay.user.agreement.transfer",
        errors: &[
            "INVALID_PARAMETER",
            "USER_AGREEMENT_NOT_EXIST",
            "USER_AGREEMENT_IS_OUT_OF_DATE",
            "PRODUCTCODE_ALREADY_UPDATE",
            "PRODUCT_CODE_IS_INVALID",
            "NOT_SUPPORTED_BUSINESS",
        ],
        play: transfer,
    },
];

/// page.sign: the user's browser or app is here, and asks the user.
fn sign(call: &mut Call<'_>) -> Result<Played, Failure> {
    // The method has no codes of its own: the page shows the gateway's.
    let invalid = |what: &str| Failure::invalid("isv.invalid-parameter", what);
    let product = call.text("personal_product_code");
    let product = product.ok_or_else(|| invalid("personal_product_code: missing"))?;
    let external_agreement_no = call.text("external_agreement_no");
    let scene = scene(call, external_agreement_no.as_deref()).map_err(|what| invalid(&what))?;
    let rule = match call.request.get("period_rule_params") {
        Some(rule) => Some(period_rule(rule).map_err(|what| invalid(&what))?),
        None if product == REGULAR => return Err(invalid("period_rule_params: missing")),
        None => None,
    };
    let invalid_time = match call.text("sign_validity_period") {
        Some(validity) => end_of(&validity, call.now),
        None => clock::parse(FOR_LONG),
    };
    let invalid_time = invalid_time.ok_or_else(|| invalid("sign_validity_period: must be like 30d or 2m"))?;
    let seconds = match call.text("effect_time").map(|text| text.parse::<i64>()) {
        Some(Ok(seconds)) if (0..=86400).contains(&seconds) => Some(seconds),
        Some(_) => return Err(invalid("effect_time: must be from 0 to 86400 seconds")),
        None => None,
    };
    let who = |name: &str| {
        let params = call.request.get("identity_params");
        let who = params.and_then(|params| params.get(name)).and_then(Value::as_str);
        who.filter(|who| !who.is_empty()).map(str::to_owned)
    };
    let terms = Terms {
        merchant: call.merchant.clone(),
        external_agreement_no,
        external_logon_id: call.text("external_logon_id"),
        // Other products than that of regular deductions have no plan.
        rule: rule.filter(|_| product == REGULAR),
        product,
        scene,
        third_party_type: call.text("third_party_type").unwrap_or_else(|| THIRD_PARTY.to_owned()),
        signer: (who("sign_user_id"), who("sign_open_id")),
        is_direct: call.text("agreement_effect_type").is_none_or(|kind| kind == "DIRECT"),
        sign_until: seconds.map(|seconds| call.now + jiff::SignedDuration::from_secs(seconds)),
        invalid: invalid_time,
        callbacks: call.callbacks.clone(),
    };
    let no = call.state.agreements.offer(terms, call.now);
    Ok(Played::Page(Subject::Agreement(no)))
}

/// The scene, which a merchant's own number needs.
fn scene(call: &Call<'_>, external_agreement_no: Option<&str>) -> Result<String, String> {
    let scene = call.text("sign_scene").unwrap_or_else(|| SCENE.to_owned());
    if external_agreement_no.is_some() && scene == SCENE {
        return Err("sign_scene: must be given with external_agreement_no, and not the default".to_owned());
    }
    Ok(scene)
}

/// The rules for regular deductions, or what is wrong with them.
fn period_rule(rule: &Value) -> Result<PeriodRule, String> {
    let text = |name: &str| match rule.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let missing = |name: &str| format!("period_rule_params.{name}: missing or wrong");
    let number = |name: &str| {
        text(name)
            .and_then(|text| text.parse::<i64>().ok())
            .filter(|number| *number > 0)
    };
    let money = |name: &str| {
        text(name)
            .and_then(|text| Money::parse(&text))
            .filter(|money| *money > Money::ZERO)
    };
    let unit = match text("period_type").as_deref() {
        Some("DAY") => PeriodUnit::Day,
        Some("MONTH") => PeriodUnit::Month,
        _ => return Err(missing("period_type")),
    };
    let length = number("period").ok_or_else(|| missing("period"))?;
    let first = text("execute_time").and_then(|text| clock::parse_day(&text));
    let first = first.ok_or_else(|| missing("execute_time"))?;
    let single = money("single_amount").ok_or_else(|| missing("single_amount"))?;
    if unit == PeriodUnit::Day && length < LEAST_DAYS {
        return Err(format!("period_rule_params.period: at least {LEAST_DAYS} days"));
    }
    if unit == PeriodUnit::Month && first.day() > LAST_DAY_OF_MONTH {
        return Err(format!(
            "period_rule_params.execute_time: not after the {LAST_DAY_OF_MONTH}th of a month"
        ));
    }
    let optional = |name: &str, is_good: bool| match text(name) {
        Some(_) if !is_good => Err(missing(name)),
        _ => Ok(()),
    };
    let (total, times) = (money("total_amount"), number("total_payments"));
    optional("total_amount", total.is_some())?;
    optional("total_payments", times.is_some())?;
    Ok(PeriodRule {
        unit,
        length,
        first,
        single,
        total,
        times,
    })
}

/// How a request without Alipay's number names an agreement.
fn named(call: &Call<'_>) -> Result<Named, Failure> {
    let invalid = |what: &str| call.refuse("INVALID_PARAMETER", &format!("参数有误: {what}"));
    let external_agreement_no = call.text("external_agreement_no");
    let scene = scene(call, external_agreement_no.as_deref()).map_err(|what| invalid(&what))?;
    let product = call.text("personal_product_code");
    Ok(Named {
        external_agreement_no,
        user_id: call.text("alipay_user_id"),
        open_id: call.text("alipay_open_id"),
        logon_id: call.text("alipay_logon_id"),
        product: product.ok_or_else(|| invalid("personal_product_code: required without agreement_no"))?,
        scene,
        third_party_type: call.text("third_party_type").unwrap_or_else(|| THIRD_PARTY.to_owned()),
    })
}

fn names_user(named: &Named) -> bool {
    named.user_id.is_some() || named.open_id.is_some() || named.logon_id.is_some()
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let not_there = |call: &Call<'_>| call.refuse("USER_AGREEMENT_NOT_EXIST", "用户协议不存在");
    let agreement = if let Some(no) = call.text("agreement_no") {
        call.state.agreements.find(&call.merchant, &no)
    } else {
        let named = named(call)?;
        if !names_user(&named) && named.external_agreement_no.is_none() {
            return Err(call.refuse(
                "INVALID_PARAMETER",
                "参数有误: agreement_no, external_agreement_no, alipay_user_id: one must be given",
            ));
        }
        call.state.agreements.find_named(&call.merchant, &named, call.now)
    };
    let agreement = agreement.ok_or_else(|| not_there(call))?;
    match agreement.status(call.now) {
        Status::InForce | Status::Temporary => {}
        Status::Unsigned => return Err(call.refuse("AGREEMENT_HAS_UNSIGNED", "用户协议已解约")),
        // What is said of an agreement that has expired is not documented.
        Status::Expired | Status::Offered | Status::Refused => return Err(not_there(call)),
    }
    let terms = &agreement.terms;
    let signature = agreement.signature.as_ref().ok_or_else(|| not_there(call))?;
    let open_id = signature.user.open_id.clone();
    let user_id = open_id.is_none().then(|| signature.user.user_id.clone());
    Ok(Played::success(
        signed_fields(agreement, signature, call.now)
            .with("third_party_type", terms.third_party_type.clone())
            .with("pricipal_type", "CARD")
            .maybe("principal_id", user_id)
            .maybe("principal_open_id", open_id)
            .maybe("single_quota", terms.rule.as_ref().map(|rule| rule.single))
            .maybe(
                "last_deduct_time",
                agreement
                    .deductions
                    .last()
                    .filter(|_| terms.rule.is_some())
                    .map(|last| last.day.to_string()),
            )
            .maybe("next_deduct_time", agreement.next.map(|next| next.to_string())),
    ))
}

/// What a query and the page's result both say of an agreement.
fn signed_fields(agreement: &Agreement, signature: &Signature, now: jiff::Timestamp) -> Fields {
    let terms = &agreement.terms;
    Fields::new()
        .with("agreement_no", agreement.no.clone())
        .with("status", agreement.status(now).name())
        .with("personal_product_code", terms.product.clone())
        .with("sign_scene", terms.scene.clone())
        .with("alipay_logon_id", signature.user.logon_id.clone())
        .with("sign_time", beijing(signature.at))
        .with("valid_time", beijing(signature.at))
        .with("invalid_time", beijing(terms.invalid))
        .maybe("external_agreement_no", terms.external_agreement_no.clone())
        .maybe("external_logon_id", terms.external_logon_id.clone())
}

/// What the browser or the app comes back with when the user has signed.
pub(crate) fn sign_result(agreement: &Agreement, signature: &Signature, now: jiff::Timestamp) -> Fields {
    let user = &signature.user;
    signed_fields(agreement, signature, now)
        .maybe("alipay_user_id", user.open_id.is_none().then(|| user.user_id.clone()))
        .maybe("alipay_open_id", user.open_id.clone())
}

fn unsign(call: &mut Call<'_>) -> Result<Played, Failure> {
    if call.text("operate_type").is_some() {
        // Nothing waits for the merchant to confirm here.
        let message = "参数有误: operate_type: no asynchronous termination is in progress";
        return Err(call.refuse("INVALID_PARAMETER", message));
    }
    let agreement = if let Some(no) = call.text("agreement_no") {
        call.state.agreements.find(&call.merchant, &no)
    } else {
        let named = named(call)?;
        if !names_user(&named) {
            return Err(call.refuse(
                "INVALID_PARAMETER",
                "参数有误: alipay_user_id, alipay_open_id, alipay_logon_id: one is required without agreement_no",
            ));
        }
        call.state.agreements.find_named(&call.merchant, &named, call.now)
    };
    let Some(no) = agreement.map(|agreement| agreement.no.clone()) else {
        return Err(call.refuse("AGREEMENT_NOT_EXIST", "用户协议不存在"));
    };
    let callbacks = call.callbacks.clone();
    if !call.state.agreements.unsign(&no, Some(callbacks), call.now) {
        return Err(call.refuse("USER_AGREEMENT_STATUS_NOT_NORMAL", "用户协议状态不正常：已解约或已失效"));
    }
    Ok(Played::success(Fields::new()))
}

fn modify(call: &mut Call<'_>) -> Result<Played, Failure> {
    let day = call.text("deduct_time").and_then(|text| clock::parse_day(&text));
    let (Some(no), Some(day)) = (call.text("agreement_no"), day) else {
        return Err(call.refuse(
            "INVALID_PARAMETER",
            "参数有误: agreement_no, deduct_time: both must be given",
        ));
    };
    let put_off = call.state.agreements.put_off(&call.merchant, &no, day, call.now);
    put_off.map_err(|refusal| match refusal {
        PlanRefusal::Agreement => call.refuse("ILLEGAL_AGREEMENT", "协议不存在、未生效或不是周期扣款协议"),
        PlanRefusal::Day => call.refuse(
            "ILLEGAL_EXECUTION_TIME",
            "下一次扣款时间只能往后推，按月扣款时不晚于 28 号",
        ),
    })?;
    Ok(Played::success(
        Fields::new()
            .with("agreement_no", no)
            .with("deduct_time", day.to_string()),
    ))
}

fn transfer(call: &mut Call<'_>) -> Result<Played, Failure> {
    let no = call.required("agreement_no");
    let found = call.state.agreements.find(&call.merchant, &no);
    let found = found.map(|agreement| (agreement.status(call.now), agreement.terms.product.clone()));
    match found {
        Some((Status::InForce, product)) if product == REGULAR => {
            return Err(call.refuse("PRODUCTCODE_ALREADY_UPDATE", "协议产品码已经变更"));
        }
        Some((Status::InForce, product)) if product == GENERAL => {}
        Some((Status::Expired, _)) => {
            return Err(call.refuse("USER_AGREEMENT_IS_OUT_OF_DATE", "用户协议已过期"));
        }
        Some((Status::InForce | Status::Temporary, _)) => {
            return Err(call.refuse(
                "NOT_SUPPORTED_BUSINESS",
                "不支持的业务：只有已生效的通用代扣协议可以转移",
            ));
        }
        Some((Status::Offered | Status::Refused | Status::Unsigned, _)) | None => {
            return Err(call.refuse("USER_AGREEMENT_NOT_EXIST", "用户协议不存在"));
        }
    }
    if call.text("target_product_code").as_deref() != Some(REGULAR) {
        return Err(call.refuse("PRODUCT_CODE_IS_INVALID", "产品码无效"));
    }
    let rule = call.request.get("period_rule_params").cloned().unwrap_or_default();
    let rule = period_rule(&rule).map_err(|what| call.refuse("INVALID_PARAMETER", &format!("参数有误: {what}")))?;
    call.state.agreements.make_regular(&no, rule.clone());
    Ok(Played::success(
        Fields::new()
            .with("execute_time", rule.first.to_string())
            .with("period_type", rule.unit.name())
            .with("period", rule.length.to_string())
            .with("amount", rule.single)
            .maybe("total_amount", rule.total)
            .maybe("total_payments", rule.times.map(|times| times.to_string())),
    ))
}
