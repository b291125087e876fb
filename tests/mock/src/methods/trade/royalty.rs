//! Who may get shares of payments, and the splits of paid orders.
//!
//! A receiver is known by the account that was bound: whether a login name and a user number are of one person, the gateway can't know, and it takes them
//! for two. It has no face-to-face payments whose shares come back by themselves: a share comes back if the refund says so.

use serde_json::{Map, Value, json};

use crate::clock::beijing;
use crate::methods::{Behaviour, Call, Played, illegal, text};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::State;
use crate::state::refunds::Refund;
use crate::state::royalties::{BindRefusal, Change, Receiver};
use crate::state::splits::{
    Account, Asked, Detail, Failed, Finish, Limits, Mode, Share, ShareState, Split, SplitRefusal,
};
use crate::state::trades::Key;

/// What can be wrong with receivers.
const RECEIVERS: &[&str] = &[
    "INVALID_PARAMETER",
    "RECEIVER_LIST_EMPTY",
    "RECEIVER_LIST_OVERLOAD",
    "INVALID_RECEIVER_TYPE",
    "USERNAME_NOT_MATCH",
    "USER_NOT_EXIST",
];

pub(in crate::methods) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.trade.royalty.relation.bind",
        errors: &[
            "INVALID_PARAMETER",
            "RECEIVER_LIST_EMPTY",
            "RECEIVER_LIST_OVERLOAD",
            "INVALID_RECEIVER_TYPE",
            "USERNAME_NOT_MATCH",
            "USER_NOT_EXIST",
            "RELATION_QUANTITY_LIMIT",
        ],
        play: bind,
    },
    Behaviour {
        method: "alipay.trade.royalty.relation.unbind",
        errors: RECEIVERS,
        play: unbind,
    },
    Behaviour {
        method: "alipay.trade.royalty.relation.batchquery",
        errors: &["INVALID_PARAMETER"],
        play: batchquery,
    },
    Behaviour {
        method: "alipay.trade.royalty.rate.query",
        errors: &["INVALID_PARAMETER"],
        play: rate,
    },
    Behaviour {
        method: "alipay.trade.order.settle",
        errors: &[
            "ACQ.INVALID_PARAMETER",
            "ACQ.TRADE_NOT_EXIST",
            "ACQ.TRADE_STATUS_ERROR",
            "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR",
            "ACQ.DISCORDANT_REPEAT_REQUEST",
            "ACQ.ALREADY_FINISH_ALLOC",
            "ACQ.ALLOC_REFUSE_AFTER_REFUND",
            "ACQ.ILLEGAL_REQUEST",
            "ACQ.ROYALTY_RECEIVER_INVALID",
            "ACQ.ROYALTY_ACCOUNTS_EQUAL",
            "ACQ.ROYALTY_ACCOUNT_NAME_NOT_MATCH",
            "ACQ.SETTLE_TO_CARD_NOT_SUPPORT",
            "ACQ.INVALID_REPLENISH_AMOUNT",
            "ACQ.MUST_ALLOC_FROM_ROOT_ACCOUNT",
        ],
        play: settle,
    },
    Behaviour {
        method: "alipay.trade.order.settle.query",
        errors: &["INVALID_PARAMETER", "MERCHANT_TRADE_NOT_MATCH"],
        play: settle_query,
    },
    Behaviour {
        method: "alipay.trade.order.onsettle.query",
        errors: &[],
        play: onsettle_query,
    },
];

fn bind(call: &mut Call<'_>) -> Result<Played, Failure> {
    let receivers = receivers(call)?;
    // A login name alone does not tell whose it is.
    let is_nameless = |receiver: &Receiver| receiver.account.kind == "loginName" && receiver.name.is_none();
    if receivers.iter().any(is_nameless) {
        return Err(call.refuse(
            "INVALID_PARAMETER",
            "参数无效: receiver_list.name: required with loginName",
        ));
    }
    change(call, Change::Bind(receivers))
}

fn unbind(call: &mut Call<'_>) -> Result<Played, Failure> {
    let receivers = receivers(call)?;
    change(call, Change::Unbind(receivers))
}

fn change(call: &mut Call<'_>, change: Change) -> Result<Played, Failure> {
    let number = number(call)?;
    let merchant = call.merchant.auth_app_id.clone();
    let changed = call.state.royalties.change(&merchant, number.as_deref(), change);
    changed.map_err(|refusal| match refusal {
        // That the number is the merchant's own and unique is documented, what a second use comes to is not.
        BindRefusal::Discordant => call.refuse(
            "INVALID_PARAMETER",
            "参数无效: out_request_no: used for another request",
        ),
        BindRefusal::Full => call.refuse("RELATION_QUANTITY_LIMIT", "分账关系数量超限"),
        BindRefusal::OtherName => call.refuse("USERNAME_NOT_MATCH", "姓名与分账接收方不一致"),
        BindRefusal::NotBound => call.refuse("USER_NOT_EXIST", "分账接收方不存在"),
    })?;
    Ok(Played::success(Fields::new().with("result_code", "SUCCESS")))
}

/// The merchant's number of the request, if it has one.
fn number(call: &Call<'_>) -> Result<Option<String>, Failure> {
    match call.text("out_request_no") {
        Some(number) if !is_number(&number) => Err(call.refuse(
            "INVALID_PARAMETER",
            "参数无效: out_request_no: letters, digits and underscores",
        )),
        number => Ok(number),
    }
}

/// Letters, digits and underscores.
fn is_number(number: &str) -> bool {
    number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The receivers that a request names.
fn receivers(call: &Call<'_>) -> Result<Vec<Receiver>, Failure> {
    let list = list(call, "receiver_list");
    if list.is_empty() {
        return Err(call.refuse("RECEIVER_LIST_EMPTY", "分账接收方列表为空"));
    }
    if list.len() > 20 {
        return Err(call.refuse("RECEIVER_LIST_OVERLOAD", "分账接收方列表超过 20 个"));
    }
    let mut receivers = Vec::with_capacity(list.len());
    for item in list {
        let kind = text(item, "type").filter(|kind| is_kind(kind));
        let kind = kind.ok_or_else(|| call.refuse("INVALID_RECEIVER_TYPE", "分账接收方类型无效"))?;
        let number = text(item, "account").filter(|number| kind != "userId" || is_user(number));
        let number = number.ok_or_else(|| call.refuse("INVALID_PARAMETER", "参数无效: receiver_list.account"))?;
        receivers.push(Receiver {
            account: Account { kind, number },
            name: text(item, "name"),
            memo: text(item, "memo"),
        });
    }
    Ok(receivers)
}

fn batchquery(call: &mut Call<'_>) -> Result<Played, Failure> {
    number(call)?;
    let count = |name: &str, usual: usize| {
        let number = call.text(name);
        number.map_or(Some(usual), |number| number.parse().ok())
    };
    let page = count("page_num", 1).filter(|page| *page >= 1);
    let page = page.ok_or_else(|| call.refuse("INVALID_PARAMETER", "参数无效: page_num: from 1"))?;
    let size = count("page_size", 20).filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| call.refuse("INVALID_PARAMETER", "参数无效: page_size: 1 to 100"))?;
    let all = call.state.royalties.receivers(&call.merchant.auth_app_id);
    let start = (page - 1).saturating_mul(size);
    let shown: Vec<Value> = all.iter().skip(start).take(size).map(receiver).collect();
    Ok(Played::success(
        Fields::new()
            .with("result_code", "SUCCESS")
            .with("current_page_num", page)
            .with("current_page_size", shown.len())
            .with("total_page_num", all.len().div_ceil(size))
            .with("total_record_num", all.len())
            .with("receiver_list", shown),
    ))
}

/// A receiver as the list shows it: without the name.
fn receiver(receiver: &Receiver) -> Value {
    let Account { kind, number } = &receiver.account;
    let mut shown = json!({ "type": kind, "account": number });
    match kind.as_str() {
        "loginName" => {
            shown["bind_login_name"] = json!(number);
            shown["login_name"] = json!(number);
        }
        "openId" => shown["account_open_id"] = json!(number),
        _ => {}
    }
    if let Some(memo) = &receiver.memo {
        shown["memo"] = json!(memo);
    }
    shown
}

fn rate(call: &mut Call<'_>) -> Result<Played, Failure> {
    number(call)?;
    Ok(Played::success(
        Fields::new()
            .with("user_id", call.merchant.seller_id.clone())
            .with("max_ratio", *call.state.royalties.ratio),
    ))
}

fn settle(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = call.order().ok_or_else(|| no_trade(call))?;
    let order = call.state.trades.get(&key, call.now);
    let (total, seller) = order
        .map(|order| (order.terms.total, order.terms.merchant.seller_id.clone()))
        .unwrap_or_default();
    let asked = asked(call, total, &seller)?;
    let number = call.required("out_request_no");
    if !is_number(&number) {
        return Err(invalid(call, "out_request_no: letters, digits and underscores"));
    }
    let State { trades, royalties, .. } = &mut *call.state;
    let check = |share: &Share| match royalties.receiver(&key.merchant, &share.account) {
        None => Err(SplitRefusal::NotBound),
        // A name that nobody has said can't be compared.
        Some(Receiver { name: Some(name), .. }) if share.name.as_ref().is_some_and(|said| said != name) => {
            Err(SplitRefusal::OtherName)
        }
        Some(_) => Ok(()),
    };
    let limits = Limits {
        ratio: *royalties.ratio,
        check: &check,
    };
    let settled = trades.split(&key, &number, asked, &limits, call.now);
    let settle_no = settled.map_err(|refusal| match refusal {
        SplitRefusal::NoTrade => no_trade(call),
        SplitRefusal::NotPaid => call.refuse("ACQ.TRADE_STATUS_ERROR", "交易状态不合法：只有已付款的交易可以结算"),
        SplitRefusal::Refunded => call.refuse("ACQ.ALLOC_REFUSE_AFTER_REFUND", "交易已全额退款，不能分账"),
        SplitRefusal::TooMuch => call.refuse(
            "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR",
            "分账金额大于剩余可分账金额，或超过最大分账比例",
        ),
        SplitRefusal::Discordant => call.refuse(
            "ACQ.DISCORDANT_REPEAT_REQUEST",
            "同一 out_request_no 的两次请求参数不一致",
        ),
        SplitRefusal::Finished => call.refuse("ACQ.ALREADY_FINISH_ALLOC", "交易分账已完结"),
        SplitRefusal::OtherName => call.refuse("ACQ.ROYALTY_ACCOUNT_NAME_NOT_MATCH", "分账收款方姓名与账户不一致"),
        SplitRefusal::NotBound => call.refuse("ACQ.ROYALTY_RECEIVER_INVALID", "分账收入方未与商户绑定分账关系"),
        // That both are not to be done is documented, by which codes they are refused is not.
        SplitRefusal::OtherMode => call.refuse("ACQ.ILLEGAL_REQUEST", "同一笔交易不能混用同步分账与异步分账"),
        SplitRefusal::NotFrozen => call.refuse("ACQ.ILLEGAL_REQUEST", "交易没有冻结分账资金，不能单独完结分账"),
    })?;
    Ok(Played::success(
        Fields::new()
            .with("trade_no", call.required("trade_no"))
            .with("settle_no", settle_no),
    ))
}

/// The split that a request asks for.
fn asked(call: &Call<'_>, total: Money, seller: &str) -> Result<Asked, Failure> {
    let params = call.request.get("extend_params").and_then(Value::as_object);
    let param = |name: &str| params.and_then(|params| text(params, name));
    let is_finished = param("royalty_finish").is_some_and(|flag| flag == "true");
    let finish = match (is_finished, param("royalty_finish_amount")) {
        (true, None) => Finish::All,
        (false, None) => Finish::Open,
        (true, Some(amount)) => {
            let amount = Money::parse(&amount).filter(|amount| *amount > Money::ZERO);
            Finish::Part(
                amount.ok_or_else(|| invalid(call, "extend_params.royalty_finish_amount: must be more than zero"))?,
            )
        }
        (false, Some(_)) => {
            return Err(invalid(
                call,
                "extend_params.royalty_finish_amount: only with royalty_finish",
            ));
        }
    };
    let rows = list(call, "royalty_parameters");
    if rows.is_empty() && finish == Finish::Open {
        return Err(invalid(
            call,
            "royalty_parameters: only a split that is finished has none",
        ));
    }
    let mode = match call.text("royalty_mode").as_deref() {
        None | Some("sync") => Mode::Now,
        Some("async") => Mode::Later,
        Some(_) => return Err(invalid(call, "royalty_mode: sync or async")),
    };
    let mut shares = Vec::with_capacity(rows.len());
    for row in rows {
        shares.push(share(call, row, total, seller)?);
    }
    Ok(Asked { shares, mode, finish })
}

/// One share that a request asks for.
fn share(call: &Call<'_>, row: &Map<String, Value>, total: Money, seller: &str) -> Result<Share, Failure> {
    match text(row, "royalty_type").as_deref() {
        None | Some("transfer") => {}
        // A top-up makes up for a reduction of the merchant's, and no order here has one.
        Some("replenish") => {
            return Err(call.refuse("ACQ.INVALID_REPLENISH_AMOUNT", "补差金额大于营销优惠金额"));
        }
        Some(_) => return Err(invalid(call, "royalty_parameters.royalty_type: transfer or replenish")),
    }
    if text(row, "trans_out").is_some_and(|account| account != seller) {
        return Err(call.refuse("ACQ.MUST_ALLOC_FROM_ROOT_ACCOUNT", "分账支出方必须是交易的收款账户"));
    }
    // Without a type it is a user number: so did the documentation say when there were no others.
    let kind = text(row, "trans_in_type").unwrap_or_else(|| "userId".to_owned());
    if kind == "cardAliasNo" {
        return Err(call.refuse("ACQ.SETTLE_TO_CARD_NOT_SUPPORT", "分账收入方不支持银行卡"));
    }
    if !is_kind(&kind) {
        return Err(invalid(call, "royalty_parameters.trans_in_type"));
    }
    let number = text(row, "trans_in").ok_or_else(|| invalid(call, "royalty_parameters.trans_in: required"))?;
    if number == seller {
        return Err(call.refuse("ACQ.ROYALTY_ACCOUNTS_EQUAL", "分账支出方与收入方相同"));
    }
    let account = Account { kind, number };
    let name = text(row, "trans_in_name");
    let percent = row
        .get("amount_percentage")
        .and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let amount = row.get("amount").and_then(Money::from_json);
    let amount = amount.or_else(|| percent.map(|percent| total.percent(percent)));
    match amount.filter(|amount| *amount > Money::ZERO) {
        Some(amount) => Ok(Share { account, name, amount }),
        None => Err(invalid(call, "royalty_parameters.amount: must be more than zero")),
    }
}

/// The shares that a refund asks to take back. A refund of nothing but shares is documented to exist, though not how it is asked for: it is refused, as a
/// refund of zero.
pub(super) fn returned(call: &Call<'_>, seller: &str) -> Result<Vec<Share>, Failure> {
    let mut shares = Vec::new();
    for row in list(call, "refund_royalty_parameters") {
        // A top-up can't have been made, so that none can come back.
        if text(row, "royalty_type").is_some_and(|kind| kind != "transfer") {
            return Err(invalid(call, "refund_royalty_parameters.royalty_type"));
        }
        if text(row, "trans_in").is_some_and(|account| account != seller) {
            return Err(invalid(
                call,
                "refund_royalty_parameters.trans_in: must be the order's seller",
            ));
        }
        let number = text(row, "trans_out");
        let number = number.ok_or_else(|| invalid(call, "refund_royalty_parameters.trans_out: required"))?;
        let amount = row.get("amount").and_then(Money::from_json);
        let Some(amount) = amount.filter(|amount| *amount > Money::ZERO) else {
            return Err(invalid(
                call,
                "refund_royalty_parameters.amount: must be more than zero",
            ));
        };
        let kind = text(row, "trans_out_type").unwrap_or_else(|| "userId".to_owned());
        let account = Account { kind, number };
        shares.push(Share {
            account,
            name: None,
            amount,
        });
    }
    Ok(shares)
}

fn settle_query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let merchant = call.merchant.auth_app_id.clone();
    let trade_no = call.text("trade_no");
    let found = if let Some(no) = call.text("settle_no") {
        call.state.trades.split_by_no(&merchant, &no).map(of_split)
    } else if let Some(key) = call.order() {
        of_order(call, &key)
    } else if trade_no.is_some_and(|no| call.state.trades.exists(&no)) {
        return Err(call.refuse("MERCHANT_TRADE_NOT_MATCH", "商户与交易不匹配"));
    } else {
        None
    };
    found
        .map(Played::success)
        .ok_or_else(|| call.refuse("INVALID_PARAMETER", "参数无效: no such settlement"))
}

/// The split of the number that the request names, or the shares that came back with the refund of this number.
fn of_order(call: &mut Call<'_>, key: &Key) -> Option<Fields> {
    let number = call.required("out_request_no");
    let order = call.state.trades.get(key, call.now)?;
    if let Some(split) = order.split_of(&number) {
        return Some(of_split(split));
    }
    let refund = order.refund_of(&number).filter(|refund| !refund.returned.is_empty());
    refund.map(of_refund)
}

fn of_split(split: &Split) -> Fields {
    let list: Vec<Value> = split.details.iter().map(detail).collect();
    Fields::new()
        .with("out_request_no", split.out_request_no.clone())
        .with("operation_dt", beijing(split.at))
        .with("royalty_detail_list", list)
}

/// What became of a share: of the two sides, only the one whose account the kind of movement is about is told.
pub(crate) fn detail(detail: &Detail) -> Value {
    let Share { account, amount, .. } = &detail.share;
    let mut shown = json!({
        "operation_type": "transfer",
        "amount": amount.to_string(),
        "state": match detail.state {
            ShareState::Waiting => "PROCESSING",
            ShareState::Made => "SUCCESS",
            ShareState::Failed(_) => "FAIL",
        },
        "detail_id": detail.id,
        "trans_in": account.number,
        "trans_in_type": account.kind,
    });
    if account.kind == "openId" {
        shown["trans_in_open_id"] = json!(account.number);
    }
    if let Some(at) = detail.at {
        shown["execute_dt"] = json!(beijing(at));
    }
    if let ShareState::Failed(failed) = detail.state {
        let (code, description) = match failed {
            Failed::NotBound => ("ROYALTY_RECEIVER_INVALID", "分账收入方未与商户绑定分账关系"),
            Failed::Refunded => ("ALLOC_REFUSE_AFTER_REFUND", "交易已全额退款，不能分账"),
            Failed::Balance => ("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH", "分账余额不足"),
        };
        shown["error_code"] = json!(code);
        shown["error_desc"] = json!(description);
    }
    shown
}

fn of_refund(refund: &Refund) -> Fields {
    let at = beijing(refund.at);
    let list: Vec<Value> = refund
        .returned
        .iter()
        .map(|share| {
            json!({
                "operation_type": "transfer_refund",
                "amount": share.amount.to_string(),
                "state": "SUCCESS",
                "execute_dt": at,
                "trans_out": share.account.number,
                "trans_out_type": share.account.kind,
            })
        })
        .collect();
    Fields::new()
        .with("out_request_no", refund.out_request_no.clone())
        .with("operation_dt", at)
        .with("royalty_detail_list", list)
}

fn onsettle_query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let ratio = *call.state.royalties.ratio;
    let key = call.text("trade_no").and_then(|_| call.order());
    let key = key.ok_or_else(|| illegal("trade_no: no such trade"))?;
    let amount = match call.text("royalty_source").as_deref() {
        None => {
            let order = call.state.trades.get(&key, call.now);
            order.map(|order| order.shareable(ratio, call.now)).unwrap_or_default()
        }
        // No order here waits for its settlement.
        Some("unsettled") => Money::ZERO,
        Some(_) => return Err(illegal("royalty_source: unsettled, or nothing")),
    };
    Ok(Played::success(Fields::new().with("unsettled_amount", amount)))
}

fn is_kind(kind: &str) -> bool {
    matches!(kind, "userId" | "loginName" | "openId")
}

/// `2088…`: 16 digits.
fn is_user(number: &str) -> bool {
    number.len() == 16 && number.starts_with("2088") && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The objects in a list of the request.
fn list<'a>(call: &'a Call<'_>, name: &str) -> Vec<&'a Map<String, Value>> {
    let list = call.request.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object).collect()
}

fn invalid(call: &Call<'_>, problem: &str) -> Failure {
    call.refuse("ACQ.INVALID_PARAMETER", &format!("参数无效: {problem}"))
}

fn no_trade(call: &Call<'_>) -> Failure {
    call.refuse("ACQ.TRADE_NOT_EXIST", "交易不存在")
}
