//! `alipay.fund.trans.*`: money sent to accounts.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::clock::beijing;
use crate::protocol::answer::Fields;
use crate::protocol::failure::Failure;
use crate::state::money::Money;
use crate::state::transfers::{Terms, Transfer, TransferRefusal};

/// From here on, the payee must be told what the money is for.
const REMARK_FROM: Money = Money::yuan(50_000);

const TRANSFER_ERRORS: &[&str] = &[
    "PAYMENT_INFO_INCONSISTENCY",
    "PAYER_BALANCE_NOT_ENOUGH",
    "EXCEED_LIMIT_SM_MIN_AMOUNT",
    "MEMO_REQUIRED_IN_TRANSFER_ERROR",
];

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.fund.trans.toaccount.transfer",
        errors: TRANSFER_ERRORS,
        play: to_account,
    },
    Behaviour {
        method: "alipay.fund.trans.uni.transfer",
        errors: TRANSFER_ERRORS,
        play: uni,
    },
    Behaviour {
        method: "alipay.fund.trans.order.query",
        errors: &["ORDER_NOT_EXIST", "ORDER_ID_INVALID"],
        play: query,
    },
];

fn to_account(call: &mut Call<'_>) -> Result<Played, Failure> {
    let terms = Terms {
        out_biz_no: call.required("out_biz_no"),
        payee_type: call.required("payee_type"),
        payee: call.required("payee_account"),
        amount: call.money("amount").unwrap_or_default(),
    };
    let transfer = send(call, terms)?;
    Ok(Played::success(
        Fields::new()
            .with("order_id", transfer.order_id)
            .with("out_biz_no", transfer.terms.out_biz_no)
            .with("pay_date", beijing(transfer.at)),
    ))
}

fn uni(call: &mut Call<'_>) -> Result<Played, Failure> {
    let payee = |name: &str| {
        call.request
            .get("payee_info")
            .and_then(|payee| payee.get(name))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let terms = Terms {
        out_biz_no: call.required("out_biz_no"),
        payee_type: payee("identity_type"),
        payee: payee("identity"),
        amount: call.money("trans_amount").unwrap_or_default(),
    };
    let transfer = send(call, terms)?;
    Ok(Played::success(
        Fields::new()
            .with("out_biz_no", transfer.terms.out_biz_no)
            .with("order_id", transfer.order_id)
            .with("pay_fund_order_id", transfer.fund_order_id)
            .with("status", "SUCCESS")
            .with("trans_date", beijing(transfer.at)),
    ))
}

fn send(call: &mut Call<'_>, terms: Terms) -> Result<Transfer, Failure> {
    let is_red_packet = call.text("product_code").is_some_and(|code| code == "STD_RED_PACKET");
    if terms.amount < Money::yuan(1).percent(10) && !is_red_packet {
        return Err(call.refuse("EXCEED_LIMIT_SM_MIN_AMOUNT", "转账金额低于最低限额 0.10 元"));
    }
    if terms.amount >= REMARK_FROM && call.text("remark").is_none() {
        return Err(call.refuse(
            "MEMO_REQUIRED_IN_TRANSFER_ERROR",
            "转账金额达到 50000 元时必须填写 remark",
        ));
    }
    let sent = call
        .state
        .transfers
        .send(&call.merchant.seller_id, terms, call.now)
        .cloned();
    sent.map_err(|refusal| match refusal {
        TransferRefusal::Inconsistent => {
            call.refuse("PAYMENT_INFO_INCONSISTENCY", "同一 out_biz_no 的两次请求参数不一致")
        }
        TransferRefusal::Balance => call.refuse("PAYER_BALANCE_NOT_ENOUGH", "付款方余额不足"),
    })
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let order_id = call.text("order_id");
    if order_id.as_ref().is_some_and(|id| id.len() != 30 && id.len() != 32) {
        return Err(call.refuse("ORDER_ID_INVALID", "order_id 长度应为 30 或 32 位"));
    }
    let Some(transfer) = call.state.transfers.find(
        &call.merchant.seller_id,
        order_id.as_deref(),
        call.text("out_biz_no").as_deref(),
    ) else {
        return Err(call.refuse("ORDER_NOT_EXIST", "转账订单不存在"));
    };
    Ok(Played::success(
        Fields::new()
            .with("order_id", transfer.order_id.clone())
            .with("out_biz_no", transfer.terms.out_biz_no.clone())
            .with("status", "SUCCESS")
            .with("pay_date", beijing(transfer.at))
            .with("arrival_time_end", beijing(transfer.at))
            .with("order_fee", Money::ZERO),
    ))
}
