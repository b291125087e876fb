//! `alipay.trade.*`: orders, payments and what follows them.

mod after;
mod funding;
mod place;
pub(crate) mod royalty;

use super::{Behaviour, Call};
use crate::state::trades::{Key, Order};

pub(super) use place::{is_payment_code, unheard};

/// What can be wrong with an order that is placed.
const PLACE: &[&str] = &[
    "ACQ.INVALID_PARAMETER",
    "ACQ.CONTEXT_INCONSISTENT",
    "ACQ.TRADE_HAS_SUCCESS",
    "ACQ.TRADE_HAS_CLOSE",
];
/// The same, of methods that tell a late order from a closed one.
const PLACE_IN_TIME: &[&str] = &[
    "ACQ.INVALID_PARAMETER",
    "ACQ.CONTEXT_INCONSISTENT",
    "ACQ.TRADE_HAS_SUCCESS",
    "ACQ.TRADE_HAS_CLOSE",
    "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
];

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.trade.page.pay",
        errors: PLACE,
        play: place::page,
    },
    Behaviour {
        method: "alipay.trade.wap.pay",
        errors: PLACE,
        play: place::page,
    },
    Behaviour {
        method: "alipay.trade.app.pay",
        errors: PLACE,
        play: place::app,
    },
    Behaviour {
        method: "alipay.trade.create",
        errors: PLACE_IN_TIME,
        play: place::create,
    },
    Behaviour {
        method: "alipay.trade.precreate",
        errors: PLACE_IN_TIME,
        play: place::precreate,
    },
    Behaviour {
        method: "alipay.trade.pay",
        errors: &[
            "ACQ.INVALID_PARAMETER",
            "ACQ.CONTEXT_INCONSISTENT",
            "ACQ.TRADE_HAS_SUCCESS",
            "ACQ.TRADE_HAS_CLOSE",
            "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
            "ACQ.PAYMENT_AUTH_CODE_INVALID",
            "ACQ.TRADE_BUYER_NOT_MATCH",
            "ACQ.BUYER_BALANCE_NOT_ENOUGH",
            "ACQ.INVALID_RECEIVE_ACCOUNT",
            "ACQ.AUTH_NO_ERROR",
            "ACQ.AUTH_ORDER_NOT_PAID",
            "ACQ.AUTH_ORDER_HAS_FINISHED",
            "ACQ.AUTH_ORDER_HAS_CLOSED",
            "ACQ.AUTH_AMOUNT_NOT_ENOUGH",
            "ACQ.PRE_AUTH_PROD_CODE_INCONSISTENT",
            "ACQ.AGREEMENT_NOT_EXIST",
            "ACQ.AGREEMENT_INVALID",
            "ACQ.AGREEMENT_STATUS_NOT_NORMAL",
            "ACQ.AGREEMENT_ERROR",
            "ACQ.CYCLE_PAY_DATE_NOT_MATCH",
            "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED",
            "ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED",
            "ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED",
        ],
        play: place::pay,
    },
    Behaviour {
        method: "alipay.trade.query",
        errors: &["ACQ.TRADE_NOT_EXIST"],
        play: after::query,
    },
    Behaviour {
        method: "alipay.trade.cancel",
        errors: &[
            "ACQ.INVALID_PARAMETER",
            "ACQ.TRADE_CANCEL_TIME_OUT",
            "ACQ.TRADE_HAS_FINISHED",
            "ACQ.SELLER_BALANCE_NOT_ENOUGH",
        ],
        play: after::cancel,
    },
    Behaviour {
        method: "alipay.trade.close",
        errors: &["ACQ.TRADE_NOT_EXIST", "ACQ.REASON_TRADE_STATUS_INVALID"],
        play: after::close,
    },
    Behaviour {
        method: "alipay.trade.refund",
        errors: &[
            "ACQ.INVALID_PARAMETER",
            "ACQ.TRADE_NOT_EXIST",
            "ACQ.TRADE_STATUS_ERROR",
            "ACQ.TRADE_HAS_CLOSE",
            "ACQ.TRADE_HAS_FINISHED",
            "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
            "ACQ.REASON_TRADE_REFUND_FEE_ERR",
            "ACQ.DISCORDANT_REPEAT_REQUEST",
            "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR",
            "ACQ.SELLER_BALANCE_NOT_ENOUGH",
            "ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST",
            "ACQ.REFUNDALLOC_UNAUTH_LIMIT",
        ],
        play: after::refund,
    },
    Behaviour {
        method: "alipay.trade.fastpay.refund.query",
        errors: &["ACQ.TRADE_NOT_EXIST"],
        play: after::refund_query,
    },
];

impl Call<'_> {
    /// The order that the request names, by either number.
    fn order(&mut self) -> Option<Key> {
        let (trade_no, out_trade_no) = (self.text("trade_no"), self.text("out_trade_no"));
        self.state
            .trades
            .find(&self.merchant, trade_no.as_deref(), out_trade_no.as_deref(), self.now)
            .map(Order::key)
    }
}
