//! `alipay.fund.auth.*`: pre-authorisations. All of them freeze the payer's own money: those on credit are not played.

use serde_json::{Value, json};

use super::trade::{is_payment_code, unheard};
use super::{Behaviour, Call, Played};
use crate::clock::{self, beijing};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::qr;
use crate::state::buyers::{TestBuyer, Undecided};
use crate::state::preauths::{
    CancelRefusal, Key, Opened, Operation, OperationKind, OperationStatus, PlaceRefusal, StepRefusal, Terms,
    UnfreezeRefusal,
};
use crate::state::trades::Buyer;

/// Up to here a scanned payment code freezes at once; above, the payer confirms on the phone.
const FREEZES_AT_ONCE: Money = Money::yuan(1000);
/// How long the payer may take, where the merchant doesn't say.
const TIMEOUT: &str = "15m";

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.fund.auth.order.freeze",
        errors: &[
            "ILLEGAL_ARGUMENT",
            "UNIQUE_VIOLATION",
            "FREEZE_ALREADY_SUCCESS",
            "ORDER_ALREADY_CLOSED",
            "ORDER_ALREADY_FINISH",
            "CURRENCY_VERIFICATION_FAIL",
            "ILLEGAL_PAYEE_USER_ID",
            "PAYMENT_AUTH_CODE_INVALID",
            "MONEY_NOT_ENOUGH",
        ],
        play: freeze,
    },
    Behaviour {
        method: "alipay.fund.auth.order.voucher.create",
        errors: &[
            "ILLEGAL_ARGUMENT",
            "UNIQUE_VIOLATION",
            "FREEZE_ALREADY_SUCCESS",
            "ORDER_ALREADY_CLOSED",
            "ORDER_ALREADY_FINISH",
            "CURRENCY_VERIFICATION_FAIL",
            "ILLEGAL_PAYEE_USER_ID",
        ],
        play: voucher,
    },
    Behaviour {
        method: "alipay.fund.auth.order.app.freeze",
        errors: &[
            "ILLEGAL_ARGUMENT",
            "FREEZE_ALREADY_SUCCESS",
            "ORDER_ALREADY_CLOSED",
            "ORDER_ALREADY_FINISH",
            "CURRENCY_VERIFICATION_FAIL",
            "PAYEE_NOT_EXIST",
        ],
        play: app_freeze,
    },
    Behaviour {
        method: "alipay.fund.auth.operation.detail.query",
        errors: &["AUTH_ORDER_NOT_EXIST", "AUTH_OPERATION_NOT_EXIST", "HAS_NO_PRIVILEGE"],
        play: query,
    },
    Behaviour {
        method: "alipay.fund.auth.order.unfreeze",
        errors: &[
            "AUTH_ORDER_NOT_EXIST",
            "UNIQUE_VIOLATION",
            "ILLEGAL_STATUS",
            "ORDER_ALREADY_CLOSED",
            "ORDER_ALREADY_FINISH",
            "REQUEST_AMOUNT_EXCEED",
        ],
        play: unfreeze,
    },
    Behaviour {
        method: "alipay.fund.auth.operation.cancel",
        errors: &[
            "ILLEGAL_ARGUMENT",
            "AUTH_ORDER_NOT_EXIST",
            "ORDER_ALREADY_FINISH",
            "CANCEL_OPERATION_TIME_OUT",
            "REQUEST_AMOUNT_EXCEED",
        ],
        play: cancel,
    },
];

/// freeze: the money is frozen at once, unless the payer has to confirm.
fn freeze(call: &mut Call<'_>) -> Result<Played, Failure> {
    let is_bar_code = call.required("auth_code_type") == "bar_code";
    if is_bar_code && !is_payment_code(&call.required("auth_code")) {
        return Err(call.refuse("PAYMENT_AUTH_CODE_INVALID", "支付授权码无效"));
    }
    let code = call.text("auth_code").filter(|_| is_bar_code);
    let who = code.as_deref().and_then(TestBuyer::of_code);
    match who {
        Some(TestBuyer::WithoutMoney) => return Err(call.refuse("MONEY_NOT_ENOUGH", "付款方资金不足")),
        Some(TestBuyer::UnknownUnpaid) => return Err(unheard()),
        _ => {}
    }
    let payer = who.map(TestBuyer::account).unwrap_or_default();
    let key = place(call)?;
    open(call, &key, payer.clone())?;
    let freezes_at_once = match who {
        Some(who) => !matches!(who, TestBuyer::Password | TestBuyer::Slow),
        None => call.money("amount").unwrap_or_default() <= FREEZES_AT_ONCE,
    };
    if freezes_at_once {
        let authorised = call.state.preauths.authorise(&key, payer, call.now);
        authorised.map_err(|refusal| step(call, refusal))?;
    }
    if who == Some(TestBuyer::UnknownPaid) {
        return Err(unheard());
    }
    let fields = operation_fields(call, &key)?;
    let payer = opened(call, &key)?.payer.logon_id.clone();
    let fields = fields.with("payer_logon_id", payer);
    Ok(match who {
        Some(TestBuyer::Slow) => Played::Late("10000", fields, Undecided::Preauth(key)),
        _ => Played::success(fields),
    })
}

/// voucher.create: a code to scan, and no pre-authorisation yet.
fn voucher(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = place(call)?;
    let code = call.state.preauths.code(&key);
    let picture = code.as_deref().and_then(|code| qr::picture_url(call.base_url, code));
    Ok(Played::success(
        Fields::new()
            .with("out_order_no", call.required("out_order_no"))
            .with("out_request_no", call.required("out_request_no"))
            .with("code_type", "qrCode")
            .maybe("code_value", code.map(|code| qr::text(call.base_url, &code)))
            .maybe("code_url", picture),
    ))
}

/// app.freeze: the Alipay app has delivered the order string, and the payer sees the cashier.
fn app_freeze(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = place(call)?;
    open(call, &key, Buyer::default())?;
    Ok(Played::success(operation_fields(call, &key)?))
}

fn place(call: &mut Call<'_>) -> Result<Key, Failure> {
    let terms = terms(call)?;
    let placed = call.state.preauths.place(terms, call.now);
    placed.map_err(|refusal| match refusal {
        PlaceRefusal::Inconsistent if call.errors.contains(&"UNIQUE_VIOLATION") => {
            call.refuse("UNIQUE_VIOLATION", "商户订单号或请求流水号重复，且请求参数不一致")
        }
        // What this method says then is not documented.
        PlaceRefusal::Inconsistent => call.refuse(
            "ILLEGAL_ARGUMENT",
            "参数异常: out_order_no, out_request_no: used before with other parameters",
        ),
        PlaceRefusal::Frozen => call.refuse("FREEZE_ALREADY_SUCCESS", "授权订单已经冻结成功，请勿重复授权"),
        PlaceRefusal::Finished => call.refuse("ORDER_ALREADY_FINISH", "授权订单已经完结，无法再进行资金操作"),
        PlaceRefusal::Closed => call.refuse("ORDER_ALREADY_CLOSED", "授权订单已经关闭"),
    })
}

fn open(call: &mut Call<'_>, key: &Key, payer: Buyer) -> Result<(), Failure> {
    let opened = call.state.preauths.open(key, payer, call.now);
    opened.map_err(|refusal| step(call, refusal))
}

fn step(call: &Call<'_>, refusal: StepRefusal) -> Failure {
    match refusal {
        StepRefusal::Authorised => call.refuse("FREEZE_ALREADY_SUCCESS", "授权订单已经冻结成功，请勿重复授权"),
        StepRefusal::Closed => call.refuse("ORDER_ALREADY_CLOSED", "授权订单已经关闭"),
    }
}

fn terms(call: &Call<'_>) -> Result<Terms, Failure> {
    let illegal = |what: &str| call.refuse("ILLEGAL_ARGUMENT", &format!("参数异常: {what}"));
    let timeout = match (call.text("pay_timeout"), call.text("timeout_express")) {
        // Which of the two would win is not documented.
        (Some(one), Some(other)) if one != other => {
            return Err(illegal("pay_timeout, timeout_express: they differ"));
        }
        (Some(timeout), _) | (None, Some(timeout)) => timeout,
        (None, None) => TIMEOUT.to_owned(),
    };
    let timeout = clock::span(&timeout).ok_or_else(|| illegal("pay_timeout: must be from 1m to 15d"))?;
    if call.text("enable_pay_channels").is_some() && call.text("disable_pay_channels").is_some() {
        return Err(illegal(
            "enable_pay_channels, disable_pay_channels: only one can be given",
        ));
    }
    for name in ["trans_currency", "settle_currency"] {
        if call.text(name).is_some_and(|currency| currency != "CNY") {
            return Err(call.refuse("CURRENCY_VERIFICATION_FAIL", "币种校验失败：模拟网关只支持 CNY"));
        }
    }
    let payee_user_id = call.text("payee_user_id");
    // A merchant has one account here.
    if payee_user_id
        .as_ref()
        .is_some_and(|payee| *payee != call.merchant.seller_id)
    {
        return Err(if call.errors.contains(&"ILLEGAL_PAYEE_USER_ID") {
            call.refuse("ILLEGAL_PAYEE_USER_ID", "收款方账号不是该商户的账号")
        } else {
            call.refuse("PAYEE_NOT_EXIST", "收款方账号不存在")
        });
    }
    let product_code = call.text("product_code").unwrap_or_else(|| "PRE_AUTH".to_owned());
    Ok(Terms {
        merchant: call.merchant.clone(),
        method: call.method.name.clone(),
        out_order_no: call.required("out_order_no"),
        out_request_no: call.required("out_request_no"),
        title: call.required("order_title"),
        amount: call.money("amount").unwrap_or_default(),
        // The documentation of `app.freeze` fixes the one, and payments take the other.
        product_code: match product_code.as_str() {
            "PREAUTH_PAY" => "PRE_AUTH_ONLINE".to_owned(),
            _ => product_code,
        },
        payee_user_id,
        payee_logon_id: call.text("payee_logon_id"),
        merchant_ext: call.text("extra_param").and_then(|text| merchant_ext(&text)),
        callbacks: call.callbacks.clone(),
        expires: call.now + timeout,
    })
}

/// The part of `extra_param` that comes back with queries.
fn merchant_ext(extra_param: &str) -> Option<String> {
    let extra: Value = serde_json::from_str(extra_param).ok()?;
    let own = extra.get("merchantExt").filter(|own| !own.is_null())?;
    Some(json!({ "merchantExt": own }).to_string())
}

fn opened<'c>(call: &'c mut Call<'_>, key: &Key) -> Result<&'c Opened, Failure> {
    let preauth = call.state.preauths.get(key, call.now);
    let opened = preauth.and_then(|preauth| preauth.opened.as_ref());
    opened.ok_or_else(|| Failure::unavailable("pre-authorisation vanished"))
}

/// What the calls that freeze are answered with.
fn operation_fields(call: &mut Call<'_>, key: &Key) -> Result<Fields, Failure> {
    let number = key.out_order_no.clone();
    let opened = opened(call, key)?;
    let freeze = opened.freeze();
    Ok(Fields::new()
        .with("auth_no", opened.auth_no.clone())
        .with("out_order_no", number)
        .and(&own_fields(freeze))
        .and(&payer_fields(&opened.payer)))
}

/// The answer to `app.freeze` once its payer has authorised it, as the phone app gets it.
pub(crate) fn app_result(opened: &Opened, out_order_no: &str) -> Fields {
    Fields::new()
        .with("auth_no", opened.auth_no.clone())
        .with("out_order_no", out_order_no)
        .and(&own_fields(opened.freeze()))
        .and(&payer_fields(&opened.payer))
}

/// What an operation says of itself. All that is frozen here is the payer's own money.
fn own_fields(operation: &Operation) -> Fields {
    let is_done = operation.status == OperationStatus::Success;
    Fields::new()
        .with("operation_id", operation.id.clone())
        .with("out_request_no", operation.out_request_no.clone())
        .with("amount", operation.amount)
        .with("status", operation.status.name())
        .maybe("gmt_trans", operation.done.filter(|_| is_done).map(beijing))
        .maybe("fund_amount", is_done.then_some(operation.amount))
        .maybe("credit_amount", is_done.then_some(Money::ZERO))
}

fn payer_fields(payer: &Buyer) -> Fields {
    match &payer.open_id {
        Some(open_id) => Fields::new().with("payer_open_id", open_id.clone()),
        None => Fields::new().with("payer_user_id", payer.user_id.clone()),
    }
}

/// The pre-authorisation that the request names, by either number.
fn find(call: &mut Call<'_>) -> Option<(Key, Opened)> {
    let (auth_no, out_order_no) = (call.text("auth_no"), call.text("out_order_no"));
    let preauths = &mut call.state.preauths;
    let found = preauths.find(&call.merchant, auth_no.as_deref(), out_order_no.as_deref(), call.now);
    found.map(|(key, opened)| (key, opened.clone()))
}

fn unknown(call: &Call<'_>) -> Failure {
    call.refuse("AUTH_ORDER_NOT_EXIST", "支付宝资金授权订单不存在")
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let (id, number) = (call.text("operation_id"), call.text("out_request_no"));
    let kind = call.text("operation_type");
    let Some((key, opened)) = find(call) else {
        let is_others = call.text("auth_no").is_some_and(|no| call.state.preauths.exists(&no));
        return Err(if is_others {
            call.refuse("HAS_NO_PRIVILEGE", "商户无权限查看该笔订单信息")
        } else {
            unknown(call)
        });
    };
    let mut operations = opened.operation(id.as_deref(), number.as_deref());
    let operation = operations.find(|operation| kind.as_ref().is_none_or(|kind| operation.kind.name() == kind));
    let Some(operation) = operation.cloned() else {
        return Err(call.refuse("AUTH_OPERATION_NOT_EXIST", "支付宝资金操作流水不存在"));
    };
    let (totals, status, payer) = (opened.totals(), opened.status(), opened.payer.clone());
    let auth_no = opened.auth_no.clone();
    let terms = call
        .state
        .preauths
        .get(&key, call.now)
        .map(|preauth| preauth.terms.clone());
    Ok(Played::success(
        Fields::new()
            .with("auth_no", auth_no)
            .with("out_order_no", key.out_order_no)
            .with("order_status", status.name())
            .maybe("order_title", terms.as_ref().map(|terms| terms.title.clone()))
            .maybe("extra_param", terms.and_then(|terms| terms.merchant_ext))
            .with("payer_logon_id", payer.logon_id.clone())
            .and(&payer_fields(&payer))
            .with("total_freeze_amount", totals.frozen)
            .with("total_freeze_fund_amount", totals.frozen)
            .with("total_freeze_credit_amount", Money::ZERO)
            .with("total_pay_amount", totals.paid)
            .with("total_pay_fund_amount", totals.paid)
            .with("total_pay_credit_amount", Money::ZERO)
            .with("rest_amount", totals.rest)
            .with("rest_fund_amount", totals.rest)
            .with("rest_credit_amount", Money::ZERO)
            .with("operation_type", operation.kind.name())
            .and(&own_fields(&operation))
            .maybe("remark", operation.remark)
            .with("gmt_create", beijing(operation.created)),
    ))
}

fn unfreeze(call: &mut Call<'_>) -> Result<Played, Failure> {
    let Some((key, _)) = find(call) else {
        return Err(unknown(call));
    };
    let number = call.required("out_request_no");
    let amount = call.money("amount").unwrap_or_default();
    let (remark, callbacks) = (call.text("remark"), call.callbacks.clone());
    let unfrozen = call
        .state
        .preauths
        .unfreeze(&key, (&number, amount), remark, callbacks, call.now);
    let operation = unfrozen.map_err(|refusal| match refusal {
        UnfreezeRefusal::Unknown => unknown(call),
        UnfreezeRefusal::Inconsistent => call.refuse(
            "UNIQUE_VIOLATION",
            "解冻信息被篡改：同一 out_request_no 已用于其他操作，或金额不一致",
        ),
        UnfreezeRefusal::NotAuthorised => call.refuse("ILLEGAL_STATUS", "订单状态非法：资金尚未冻结成功"),
        UnfreezeRefusal::Finished => call.refuse("ORDER_ALREADY_FINISH", "授权订单已经完结，无法再进行资金操作"),
        UnfreezeRefusal::Closed => call.refuse("ORDER_ALREADY_CLOSED", "授权订单已经关闭，无法再进行资金操作"),
        UnfreezeRefusal::TooMuch => call.refuse("REQUEST_AMOUNT_EXCEED", "请求解冻金额超限"),
    })?;
    Ok(Played::success(
        Fields::new()
            .with("auth_no", call.required("auth_no"))
            .with("out_order_no", key.out_order_no)
            .and(&own_fields(&operation)),
    ))
}

fn cancel(call: &mut Call<'_>) -> Result<Played, Failure> {
    let (id, number) = (call.text("operation_id"), call.text("out_request_no"));
    let Some((key, opened)) = find(call) else {
        return Err(unknown(call));
    };
    let auth_no = opened.auth_no.clone();
    let freeze = opened.operation(id.as_deref(), number.as_deref()).next().cloned();
    // What another operation's number does here is not documented.
    let Some(freeze) = freeze.filter(|operation| operation.kind == OperationKind::Freeze) else {
        return Err(call.refuse(
            "ILLEGAL_ARGUMENT",
            "参数异常: operation_id, out_request_no: not the number of the freeze",
        ));
    };
    let callbacks = call.callbacks.clone();
    let cancelled = call.state.preauths.cancel(&key, callbacks, call.now);
    let action = cancelled.map_err(|refusal| match refusal {
        CancelRefusal::Unknown => unknown(call),
        // Also what came of a cancel before: the documentation does not say that a repetition is answered the same.
        CancelRefusal::Over => call.refuse("ORDER_ALREADY_FINISH", "授权订单已经完结，无法再进行资金操作"),
        CancelRefusal::TooLate => call.refuse("CANCEL_OPERATION_TIME_OUT", "撤销操作超过允许时间范围"),
        CancelRefusal::Used => call.refuse("REQUEST_AMOUNT_EXCEED", "撤销触发的解冻金额超过冻结金额"),
    })?;
    Ok(Played::success(
        Fields::new()
            .with("auth_no", auth_no)
            .with("out_order_no", key.out_order_no)
            .with("operation_id", freeze.id)
            .with("out_request_no", freeze.out_request_no)
            .with("action", action.name()),
    ))
}
