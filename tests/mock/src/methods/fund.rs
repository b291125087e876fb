//! `alipay.fund.trans.*`: money sent to accounts.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::clock::beijing;
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::transfers::{Named, Number, Product, Terms, Transfer, TransferRefusal};

/// From here on, the payee must be told what the money is for.
const REMARK_FROM: Money = Money::yuan(50_000);

const TRANSFER_ERRORS: &[&str] = &[
    "PAYMENT_INFO_INCONSISTENCY",
    "PAYER_BALANCE_NOT_ENOUGH",
    "EXCEED_LIMIT_SM_MIN_AMOUNT",
    "MEMO_REQUIRED_IN_TRANSFER_ERROR",
];

const UNI_ERRORS: &[&str] = &[
    "INVALID_PARAMETER",
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
        errors: UNI_ERRORS,
        play: uni,
    },
    Behaviour {
        method: "alipay.fund.trans.order.query",
        errors: &["ORDER_NOT_EXIST", "ORDER_ID_INVALID"],
        play: query,
    },
    Behaviour {
        method: "alipay.fund.trans.common.query",
        errors: &["ORDER_NOT_EXIST", "INVALID_PARAMETER"],
        play: common_query,
    },
];

fn to_account(call: &mut Call<'_>) -> Result<Played, Failure> {
    let terms = Terms {
        number: Number {
            product: Product::ToAccount,
            out_biz_no: call.required("out_biz_no"),
        },
        payee_type: call.required("payee_type"),
        payee: call.required("payee_account"),
        amount: call.money("amount").unwrap_or_default(),
    };
    let transfer = send(call, terms)?;
    Ok(Played::success(
        Fields::new()
            .with("order_id", transfer.order_id)
            .with("out_biz_no", transfer.terms.number.out_biz_no)
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
    let bank = call.request.get("payee_info").and_then(Value::as_object);
    if bank.is_some_and(|payee| !call.strictness.has_bank(payee)) {
        let message = "参数无效: payee_info.bankcard_ext_info: required with BANKCARD_ACCOUNT";
        return Err(call.refuse("INVALID_PARAMETER", message));
    }
    // A caller that names none means the plain transfer.
    let or = |name: &str, usual: &str| call.text(name).unwrap_or_else(|| usual.to_owned());
    let product = Product::Uni {
        code: or("product_code", "TRANS_ACCOUNT_NO_PWD"),
        scene: or("biz_scene", "DIRECT_TRANSFER"),
    };
    let terms = Terms {
        number: Number {
            product,
            out_biz_no: call.required("out_biz_no"),
        },
        payee_type: payee("identity_type"),
        payee: payee("identity"),
        amount: call.money("trans_amount").unwrap_or_default(),
    };
    let transfer = send(call, terms)?;
    let status = transfer.status(call.now);
    Ok(Played::success(
        Fields::new()
            .with("out_biz_no", transfer.terms.number.out_biz_no)
            .with("order_id", transfer.order_id)
            .with("pay_fund_order_id", transfer.fund_order_id)
            .with("status", status)
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
    let passback_params = call.text("passback_params");
    let sent = call
        .state
        .transfers
        .send(&call.merchant.seller_id, terms, passback_params, call.now)
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
    let number = Number {
        product: Product::ToAccount,
        out_biz_no: call.required("out_biz_no"),
    };
    let named = order_id.as_deref().map_or(Named::Number(&number), Named::OrderId);
    // It knows nothing of the newer interface's transfers, by any number.
    let Some(transfer) = call
        .state
        .transfers
        .find(&call.merchant.seller_id, named)
        .filter(|transfer| transfer.terms.number.product == Product::ToAccount)
    else {
        return Err(call.refuse("ORDER_NOT_EXIST", "转账订单不存在"));
    };
    Ok(Played::success(
        Fields::new()
            .with("order_id", transfer.order_id.clone())
            .with("out_biz_no", transfer.terms.number.out_biz_no.clone())
            .with("status", "SUCCESS")
            .with("pay_date", beijing(transfer.at))
            .with("arrival_time_end", beijing(transfer.at))
            .with("order_fee", Money::ZERO),
    ))
}

fn common_query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let (order_id, fund_order_id) = (call.text("order_id"), call.text("pay_fund_order_id"));
    let number = match (
        call.text("out_biz_no"),
        call.text("product_code"),
        call.text("biz_scene"),
    ) {
        (Some(out_biz_no), Some(code), Some(scene)) => Some(Number {
            product: Product::Uni { code, scene },
            out_biz_no,
        }),
        _ => None,
    };
    let named = match (&fund_order_id, &order_id, &number) {
        (Some(id), ..) => Named::FundOrderId(id),
        (None, Some(id), _) => Named::OrderId(id),
        (None, None, Some(number)) => Named::Number(number),
        (None, None, None) => {
            return Err(call.refuse(
                "INVALID_PARAMETER",
                "参数无效: product_code, biz_scene: required with out_biz_no",
            ));
        }
    };
    let Some(transfer) = call.state.transfers.find(&call.merchant.seller_id, named) else {
        return Err(call.refuse("ORDER_NOT_EXIST", "转账订单不存在"));
    };
    let status = transfer.status(call.now);
    let arrival = transfer.arrival();
    Ok(Played::success(
        Fields::new()
            .with("order_id", transfer.order_id.clone())
            .with("pay_fund_order_id", transfer.fund_order_id.clone())
            .with("out_biz_no", transfer.terms.number.out_biz_no.clone())
            .with("status", status)
            .with("pay_date", beijing(transfer.at))
            .maybe("trans_amount", (status == "SUCCESS").then_some(transfer.terms.amount))
            .maybe("arrival_time_end", arrival.map(beijing))
            .maybe("order_fee", arrival.map(|_| Money::ZERO))
            .maybe("passback_params", transfer.passback_params.clone()),
    ))
}
