//! Where the money of `alipay.trade.pay` comes from: a payment code, a pre-authorisation or an agreement.

use serde_json::Value;

use crate::methods::Call;
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::state::agreements::{self, DeductRefusal};
use crate::state::buyers::TestBuyer;
use crate::state::preauths::{self, PayRefusal};
use crate::state::trades::{Buyer, Key, Status};

/// Up to here a scanned payment code pays at once; above, the buyer confirms on the phone.
const PAYS_AT_ONCE: Money = Money::yuan(1000);

/// What is paid from.
pub(super) enum Funding {
    /// A payment code: its buyer is who the request says.
    Code,
    /// The payment code of a test buyer.
    TestBuyer { who: TestBuyer, buyer: Buyer },
    /// Money that is frozen.
    Preauth { key: preauths::Key, buyer: Buyer },
    /// What a user lets the merchant deduct.
    Agreement { no: String, buyer: Buyer },
    /// Nothing: the order is paid or closed, and will be refused.
    Nothing,
}

impl Funding {
    /// Finds it, and whether it pays `total`.
    pub(super) fn of(call: &mut Call<'_>, total: Money) -> Result<Self, Failure> {
        let agreement_no = call
            .request
            .get("agreement_params")
            .and_then(|params| params.get("agreement_no"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let (code, auth_no) = (call.text("auth_code"), call.text("auth_no"));
        let given = [code.is_some(), agreement_no.is_some(), auth_no.is_some()];
        // What the gateway does with several is not documented.
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(invalid(
                call,
                "auth_code, agreement_params, auth_no: only one of them can pay",
            ));
        }
        if is_over(call) {
            return Ok(Self::Nothing);
        }
        match (agreement_no, auth_no) {
            (Some(no), _) => agreement(call, no, total),
            (None, Some(no)) => preauth(call, &no, total),
            (None, None) => Ok(match code.as_deref().and_then(TestBuyer::of_code) {
                Some(who) => Self::TestBuyer {
                    who,
                    buyer: who.account(),
                },
                None => Self::Code,
            }),
        }
    }

    /// Who pays, where the request does not decide it.
    pub(super) fn buyer(&self) -> Option<&Buyer> {
        match self {
            Self::TestBuyer { buyer, .. } | Self::Preauth { buyer, .. } | Self::Agreement { buyer, .. } => Some(buyer),
            Self::Code | Self::Nothing => None,
        }
    }

    /// What the test buyer does whose payment code it is.
    pub(super) fn test_buyer(&self) -> Option<TestBuyer> {
        match self {
            Self::TestBuyer { who, .. } => Some(*who),
            _ => None,
        }
    }

    /// Whether it pays without another word of the buyer. A code that is scanned needs one above the limit; an agreement or a pre-authorisation is that
    /// word.
    pub(super) fn pays_at_once(&self, total: Money) -> bool {
        match self {
            Self::Code | Self::Nothing => total <= PAYS_AT_ONCE,
            Self::TestBuyer { who, .. } => !matches!(who, TestBuyer::Password | TestBuyer::Slow),
            Self::Preauth { .. } | Self::Agreement { .. } => true,
        }
    }

    /// Takes the money.
    pub(super) fn take(&self, call: &mut Call<'_>, total: Money) -> Result<(), Failure> {
        match self {
            Self::Code | Self::TestBuyer { .. } | Self::Nothing => Ok(()),
            Self::Preauth { key, .. } => {
                let completes = call.text("auth_confirm_mode").as_deref() == Some("COMPLETE");
                let number = call.required("out_trade_no");
                let paid = call.state.preauths.pay(key, (&number, total), completes, call.now);
                paid.map_err(|refusal| not_paid(call, refusal))
            }
            Self::Agreement { no, .. } => {
                let deducted = call.state.agreements.deduct(&call.merchant, no, total, call.now);
                deducted.map_err(|refusal| not_deducted(call, refusal))
            }
        }
    }
}

/// Whether the order is paid or closed: that is told whatever became of its pre-authorisation or agreement since.
fn is_over(call: &mut Call<'_>) -> bool {
    let key = Key {
        merchant: call.merchant.auth_app_id.clone(),
        out_trade_no: call.required("out_trade_no"),
    };
    call.state.trades.get(&key, call.now).is_some_and(|order| {
        let trade = order.trade.as_ref();
        order.withdrawn || trade.is_some_and(|trade| trade.status != Status::WaitBuyerPay)
    })
}

fn preauth(call: &mut Call<'_>, auth_no: &str, total: Money) -> Result<Funding, Failure> {
    let found = call.state.preauths.find(&call.merchant, Some(auth_no), None, call.now);
    let Some((key, opened)) = found else {
        return Err(call.refuse("ACQ.AUTH_NO_ERROR", "预授权号错误或状态不对"));
    };
    let buyer = opened.payer.clone();
    let terms = call
        .state
        .preauths
        .get(&key, call.now)
        .map(|preauth| preauth.terms.clone());
    let Some(terms) = terms else {
        return Err(call.refuse("ACQ.AUTH_NO_ERROR", "预授权号错误或状态不对"));
    };
    if call.text("product_code").as_deref() != Some(terms.product_code.as_str()) {
        return Err(call.refuse("ACQ.PRE_AUTH_PROD_CODE_INCONSISTENT", "预授权产品码不一致"));
    }
    if call.text("buyer_id").is_none() && call.text("buyer_open_id").is_none() {
        return Err(invalid(call, "buyer_id: required to pay from a pre-authorisation"));
    }
    is_named(call, &buyer)?;
    let payee = terms.payee_user_id.unwrap_or(terms.merchant.seller_id);
    match call.text("seller_id") {
        None => return Err(invalid(call, "seller_id: required to pay from a pre-authorisation")),
        Some(seller) if seller != payee => {
            return Err(call.refuse("ACQ.INVALID_RECEIVE_ACCOUNT", "收款账户与预授权的收款方不一致"));
        }
        Some(_) => {}
    }
    let payable = call.state.preauths.payable(&key, total, call.now).map(|_| ());
    payable.map_err(|refusal| not_paid(call, refusal))?;
    Ok(Funding::Preauth { key, buyer })
}

fn agreement(call: &mut Call<'_>, no: String, total: Money) -> Result<Funding, Failure> {
    let found = call
        .state
        .agreements
        .deductible(&call.merchant, &no, total, call.now)
        .map(|agreement| {
            let user = agreement.signature.as_ref().map(|signature| signature.user.clone());
            (agreement.terms.product.clone(), user.unwrap_or_default())
        });
    let (product, buyer) = found.map_err(|refusal| not_deducted(call, refusal))?;
    let paid_by = match product.as_str() {
        agreements::GENERAL => Some("GENERAL_WITHHOLDING"),
        agreements::REGULAR => Some("CYCLE_PAY_AUTH"),
        // Which product pays by it is not documented.
        _ => None,
    };
    if paid_by.is_none() || call.text("product_code").as_deref() != paid_by {
        return Err(call.refuse("ACQ.AGREEMENT_ERROR", "协议信息异常：product_code 与协议产品不一致"));
    }
    is_named(call, &buyer)?;
    Ok(Funding::Agreement { no, buyer })
}

/// Whether the buyer whom the request names, if it names one, is this one.
fn is_named(call: &Call<'_>, buyer: &Buyer) -> Result<(), Failure> {
    let is_other_user = call.text("buyer_id").is_some_and(|id| id != buyer.user_id);
    let open_id = call.text("buyer_open_id");
    if is_other_user || (open_id.is_some() && open_id != buyer.open_id) {
        return Err(call.refuse("ACQ.TRADE_BUYER_NOT_MATCH", "交易买家不匹配"));
    }
    Ok(())
}

fn not_paid(call: &Call<'_>, refusal: PayRefusal) -> Failure {
    match refusal {
        PayRefusal::Unknown => call.refuse("ACQ.AUTH_NO_ERROR", "预授权号错误或状态不对"),
        PayRefusal::NotAuthorised => call.refuse("ACQ.AUTH_ORDER_NOT_PAID", "预授权订单未完成授权"),
        PayRefusal::Finished => call.refuse("ACQ.AUTH_ORDER_HAS_FINISHED", "预授权订单已经完结"),
        PayRefusal::Closed => call.refuse("ACQ.AUTH_ORDER_HAS_CLOSED", "预授权订单已经关闭"),
        PayRefusal::TooMuch => call.refuse("ACQ.AUTH_AMOUNT_NOT_ENOUGH", "授权金额不足：订单金额大于剩余冻结金额"),
    }
}

fn not_deducted(call: &Call<'_>, refusal: DeductRefusal) -> Failure {
    match refusal {
        DeductRefusal::Unknown => call.refuse("ACQ.AGREEMENT_NOT_EXIST", "用户协议不存在"),
        DeductRefusal::Expired => call.refuse("ACQ.AGREEMENT_INVALID", "用户协议失效"),
        DeductRefusal::NotInForce => call.refuse("ACQ.AGREEMENT_STATUS_NOT_NORMAL", "用户协议状态非NORMAL"),
        DeductRefusal::Date => call.refuse("ACQ.CYCLE_PAY_DATE_NOT_MATCH", "扣款日期不在签约时的允许范围之内"),
        DeductRefusal::Single => call.refuse("ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", "周期扣款的单笔金额超过签约时限制"),
        DeductRefusal::Total => call.refuse("ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED", "周期扣款的累计金额超过签约时限制"),
        DeductRefusal::Times => call.refuse("ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED", "周期扣款的总次数超过签约时限制"),
    }
}

fn invalid(call: &Call<'_>, what: &str) -> Failure {
    call.refuse("ACQ.INVALID_PARAMETER", &format!("参数无效: {what}"))
}
