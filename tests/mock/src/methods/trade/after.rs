//! What can be done with an order once it is placed.

use serde_json::{Value, json};

use super::royalty;
use crate::clock::beijing;
use crate::methods::{Call, Played};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::State;
use crate::state::refunds::{RefundRefusal, Refunding};
use crate::state::splits::{Account, ReturnRefusal};
use crate::state::trades::{CancelAction, Key, Order, StepRefusal, Trade};

/// The one source that buyers here pay from.
pub(super) fn fund_bills(amount: Money) -> Value {
    json!([{ "fund_channel": "ALIPAYACCOUNT", "amount": amount.to_string() }])
}

pub(super) fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = call.order().ok_or_else(|| no_trade(call))?;
    let wants_bills = call.wants("fund_bill_list");
    match call.state.trades.get(&key, call.now) {
        Some(Order {
            terms,
            trade: Some(trade),
            ..
        }) => {
            let is_paid = trade.paid.is_some();
            let paid = |value: Money| if is_paid { value } else { Money::ZERO };
            Ok(Played::success(
                Fields::new()
                    .with("trade_no", trade.no.clone())
                    .with("out_trade_no", key.out_trade_no)
                    .with("buyer_logon_id", terms.buyer.logon_id.clone())
                    .with("trade_status", trade.status.name())
                    .with("total_amount", terms.total)
                    .with("buyer_pay_amount", paid(terms.total))
                    .with("point_amount", Money::ZERO)
                    .with("invoice_amount", paid(terms.total))
                    .with("receipt_amount", paid(terms.total))
                    .maybe("send_pay_date", trade.paid.map(beijing))
                    .maybe("store_id", terms.store_id.clone())
                    .maybe("terminal_id", terms.terminal_id.clone())
                    .maybe(
                        "fund_bill_list",
                        (is_paid && wants_bills).then(|| fund_bills(terms.total)),
                    )
                    .maybe(
                        "buyer_user_id",
                        terms.buyer.open_id.is_none().then(|| terms.buyer.user_id.clone()),
                    )
                    .maybe("buyer_open_id", terms.buyer.open_id.clone()),
            ))
        }
        // A precreated order has no trade until somebody scans it.
        _ => Err(no_trade(call)),
    }
}

pub(super) fn cancel(call: &mut Call<'_>) -> Result<Played, Failure> {
    let Some(key) = call.order() else {
        // Nothing to cancel is as good as cancelled, but a trade number must be one that Alipay gave out.
        return match (call.text("trade_no"), call.text("out_trade_no")) {
            (Some(_), _) | (None, None) => {
                Err(call.refuse("ACQ.INVALID_PARAMETER", "参数无效: trade_no: no such trade"))
            }
            (None, Some(number)) => Ok(Played::success(
                Fields::new().with("out_trade_no", number).with("retry_flag", "N"),
            )),
        };
    };
    let seller = seller(call, &key);
    let State { trades, transfers, .. } = &mut *call.state;
    let cancelled = trades.cancel(&key, transfers.balance(&seller), call.now);
    let action = cancelled.map_err(|refusal| match refusal {
        StepRefusal::Balance => balance(call),
        StepRefusal::Finished => finished(call),
        _ => call.refuse("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围"),
    })?;
    let trade_no = trade(call.state.trades.get(&key, call.now)).map(|trade| trade.no.clone());
    let action = action.map(|action| match action {
        CancelAction::Close => "close",
        CancelAction::Refund => "refund",
    });
    Ok(Played::success(
        Fields::new()
            .maybe("trade_no", trade_no)
            .with("out_trade_no", key.out_trade_no)
            .with("retry_flag", "N")
            .maybe("action", action),
    ))
}

pub(super) fn close(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = call.order().ok_or_else(|| no_trade(call))?;
    call.state
        .trades
        .close(&key, call.now)
        .map_err(|refusal| match refusal {
            StepRefusal::NoTrade => no_trade(call),
            _ => call.refuse(
                "ACQ.REASON_TRADE_STATUS_INVALID",
                "交易状态不合法：只有等待付款的交易可以关闭",
            ),
        })?;
    let trade_no = trade(call.state.trades.get(&key, call.now)).map(|trade| trade.no.clone());
    Ok(Played::success(
        Fields::new()
            .with("out_trade_no", key.out_trade_no)
            .maybe("trade_no", trade_no),
    ))
}

pub(super) fn refund(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = call.order().ok_or_else(|| no_trade(call))?;
    let amount = call.money("refund_amount").unwrap_or_default();
    if amount <= Money::ZERO {
        return Err(call.refuse(
            "ACQ.INVALID_PARAMETER",
            "参数无效: refund_amount: must be more than zero",
        ));
    }
    let number = call.text("out_request_no");
    let seller = seller(call, &key);
    let asked = Refunding {
        out_request_no: number.clone(),
        amount,
        reason: call.text("refund_reason"),
        returned: royalty::returned(call, &seller)?,
    };
    let State {
        trades,
        transfers,
        royalties,
        ..
    } = &mut *call.state;
    let allows = |account: &Account| royalties.returns(account);
    let refunded = trades.refund(&key, asked, &allows, transfers.balance(&seller), call.now);
    let moved = refunded.map_err(|refusal| match refusal {
        RefundRefusal::NoTrade => no_trade(call),
        RefundRefusal::Unpaid => call.refuse("ACQ.TRADE_STATUS_ERROR", "交易状态不合法：尚未付款"),
        RefundRefusal::Closed => call.refuse("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
        RefundRefusal::Finished => finished(call),
        RefundRefusal::NotTotal => call.refuse(
            "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
            "退款金额超限，或部分退款缺少 out_request_no",
        ),
        RefundRefusal::MoreThanLeft => call.refuse("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额大于剩余可退金额"),
        RefundRefusal::Discordant => call.refuse(
            "ACQ.DISCORDANT_REPEAT_REQUEST",
            "同一 out_request_no 的两次请求金额不一致",
        ),
        RefundRefusal::Share(ReturnRefusal::NotAllowed) => {
            call.refuse("ACQ.REFUNDALLOC_UNAUTH_LIMIT", "分账接收方未开通分账回退授权")
        }
        RefundRefusal::Share(ReturnRefusal::NoShare) => call.refuse(
            "ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST",
            "退分账的支出方没有收到过该交易的分账",
        ),
        RefundRefusal::Share(ReturnRefusal::MoreThanShare) => {
            call.refuse("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "退分账金额大于已分账金额")
        }
        RefundRefusal::Balance => balance(call),
    })?;
    let wants_detail = call.wants("refund_detail_item_list");
    let Some(order) = call.state.trades.get(&key, call.now) else {
        return Err(no_trade(call));
    };
    let at = number
        .as_deref()
        .or(Some(&key.out_trade_no))
        .and_then(|number| order.refund_of(number))
        .map(|refund| beijing(refund.at));
    let buyer = &order.terms.buyer;
    Ok(Played::success(
        Fields::new()
            .maybe("trade_no", order.trade.as_ref().map(|trade| trade.no.clone()))
            .with("out_trade_no", key.out_trade_no.clone())
            .with("buyer_logon_id", buyer.logon_id.clone())
            .with("fund_change", if moved { "Y" } else { "N" })
            .with("refund_fee", order.refunded())
            .maybe("gmt_refund_pay", at)
            .maybe("refund_detail_item_list", wants_detail.then(|| fund_bills(amount)))
            .maybe("send_back_fee", wants_detail.then_some(amount))
            .maybe("buyer_user_id", buyer.open_id.is_none().then(|| buyer.user_id.clone()))
            .maybe("buyer_open_id", buyer.open_id.clone()),
    ))
}

pub(super) fn refund_query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = call.order().ok_or_else(|| no_trade(call))?;
    let number = call.required("out_request_no");
    let (wants_time, wants_detail) = (call.wants("gmt_refund_pay"), call.wants("refund_detail_item_list"));
    let Some(order) = call.state.trades.get(&key, call.now) else {
        return Err(no_trade(call));
    };
    let Some(no) = order.trade.as_ref().map(|trade| trade.no.clone()) else {
        return Err(no_trade(call));
    };
    // A refund that doesn't exist is a success without a refund.
    let Some(refund) = order.refund_of(&number) else {
        return Ok(Played::success(Fields::new()));
    };
    Ok(Played::success(
        Fields::new()
            .with("trade_no", no)
            .with("out_trade_no", key.out_trade_no)
            .with("out_request_no", number)
            .with("refund_status", "REFUND_SUCCESS")
            .with("total_amount", order.terms.total)
            .with("refund_amount", refund.amount)
            .maybe("refund_reason", refund.reason.clone())
            .maybe("gmt_refund_pay", wants_time.then(|| beijing(refund.at)))
            .maybe(
                "refund_detail_item_list",
                wants_detail.then(|| fund_bills(refund.amount)),
            )
            .maybe("send_back_fee", wants_detail.then_some(refund.amount)),
    ))
}

/// Who has the money of an order.
fn seller(call: &mut Call<'_>, key: &Key) -> String {
    let order = call.state.trades.get(key, call.now);
    order
        .map(|order| order.terms.merchant.seller_id.clone())
        .unwrap_or_default()
}

fn finished(call: &Call<'_>) -> Failure {
    call.refuse("ACQ.TRADE_HAS_FINISHED", "交易已经完结")
}

fn balance(call: &Call<'_>) -> Failure {
    call.refuse("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
}

fn no_trade(call: &Call<'_>) -> Failure {
    call.refuse("ACQ.TRADE_NOT_EXIST", "交易不存在")
}

fn trade(order: Option<&Order>) -> Option<&Trade> {
    order?.trade.as_ref()
}
