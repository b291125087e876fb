use super::{
    BillError, Row,
    row::{Cells, RowError, Sum, differs, numbers, sealed::Layout},
};
use crate::types::{DateTime, Price};

/// A payment or a refund: a row of a bill of the kind `trade` (业务明细).
///
/// An amount is `None` where the bill has no such column, or nothing in it. Amounts of refunds are negative.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TradeRow {
    /// 支付宝交易号: Alipay's number of the trade, which a refund has from its payment.
    pub trade_no: String,
    /// 商户订单号: the merchant's number of the order.
    pub out_trade_no: String,
    /// 业务类型: what it is.
    pub kind: TradeRowKind,
    /// 商品名称: the order's subject.
    pub subject: String,
    /// 创建时间: when the trade was created.
    pub created: Option<DateTime>,
    /// 完成时间: when it was paid or refunded.
    pub completed: DateTime,
    /// 门店编号: the store's number.
    pub store_id: Option<String>,
    /// 门店名称: the store's name.
    pub store_name: Option<String>,
    /// 操作员: who took the payment.
    pub operator_id: Option<String>,
    /// 终端号: the till.
    pub terminal_id: Option<String>,
    /// 对方账户: the buyer, partly masked.
    pub buyer: Option<String>,
    /// 订单金额: what the order comes to, or the refund.
    pub amount: Price,
    /// 商家实收: what of it the merchant has got.
    pub received: Price,
    /// 支付宝红包: what Alipay's red packets paid.
    pub alipay_red_packet: Option<Price>,
    /// 集分宝: what points paid.
    pub points: Option<Price>,
    /// 支付宝优惠: Alipay's reductions.
    pub alipay_discount: Option<Price>,
    /// 商家优惠: the merchant's reductions.
    pub merchant_discount: Price,
    /// 券核销金额: what vouchers paid.
    pub voucher_amount: Option<Price>,
    /// 券名称: which vouchers.
    pub voucher_name: Option<String>,
    /// 商家红包消费金额: what the merchant's red packets paid.
    pub merchant_red_packet: Option<Price>,
    /// 卡消费金额: what cards paid.
    pub card_amount: Option<Price>,
    /// 退款批次号/请求号: the merchant's number of the refund.
    pub out_request_no: Option<String>,
    /// 服务费: Alipay's fee. It is negative where it is taken from the merchant.
    pub fee: Option<Price>,
    /// 分润: what was shared out.
    pub royalty: Option<Price>,
    /// 备注: the order's description.
    pub memo: Option<String>,
    /// Columns that this version of the library does not know, in the bill's order.
    pub extra: Vec<(String, String)>,
}

/// What a [`TradeRow`] is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TradeRowKind {
    /// 交易: a payment.
    Payment,
    /// 退款: a refund.
    Refund,
    /// Something else. The totals of a bill count payments and refunds alone: whether such rows are all there is not known.
    Other(String),
}

impl Row for TradeRow {}

/// Payments and refunds: rows, and what the bill says.
#[derive(Default)]
pub struct TradeSums {
    rows: [Totals; 2],
    told: [Option<Totals>; 2],
}

/// Rows of one kind.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    received: Sum,
    discount: Price,
}

/// What a total is called, what it calls its amounts, and what it counts.
const KINDS: [(&str, [&str; 2], &str); 2] = [
    ("交易合计", ["商家实收", "商家优惠"], "payments"),
    ("退款合计", ["商家实收退款", "商家优惠退款"], "refunds"),
];

impl Totals {
    fn add(&mut self, other: Self) -> Option<()> {
        self.received.add(other.received.count, other.received.amount)?;
        self.discount = self.discount.checked_add(other.discount)?;
        Some(())
    }
}

impl Layout for TradeRow {
    type Sums = TradeSums;

    const IS_KNOWN: bool = true;

    const ESSENTIAL: &'static [&'static str] = &[
        "支付宝交易号",
        "商户订单号",
        "业务类型",
        "完成时间",
        "订单金额（元）",
        "商家实收（元）",
        "商家优惠（元）",
    ];

    fn read(mut cells: Cells<'_>) -> Result<Self, RowError> {
        let out_request_no = cells.optional("退款批次号/请求号");
        Ok(Self {
            trade_no: cells.text("支付宝交易号"),
            out_trade_no: cells.text("商户订单号"),
            kind: match cells.text("业务类型") {
                kind if kind == "交易" => TradeRowKind::Payment,
                kind if kind == "退款" => TradeRowKind::Refund,
                kind => TradeRowKind::Other(kind),
            },
            subject: cells.text("商品名称"),
            created: cells.optional_time("创建时间")?,
            completed: cells.time("完成时间")?,
            store_id: cells.optional("门店编号"),
            store_name: cells.optional("门店名称"),
            operator_id: cells.optional("操作员"),
            terminal_id: cells.optional("终端号"),
            buyer: cells.optional("对方账户"),
            amount: cells.amount("订单金额（元）")?,
            received: cells.amount("商家实收（元）")?,
            alipay_red_packet: cells.optional_amount("支付宝红包（元）")?,
            points: cells.optional_amount("集分宝（元）")?,
            alipay_discount: cells.optional_amount("支付宝优惠（元）")?,
            merchant_discount: cells.amount("商家优惠（元）")?,
            voucher_amount: cells.optional_amount("券核销金额（元）")?,
            voucher_name: cells.optional("券名称"),
            merchant_red_packet: cells.optional_amount("商家红包消费金额（元）")?,
            card_amount: cells.optional_amount("卡消费金额（元）")?,
            // Some bills leave the last word out.
            out_request_no: out_request_no.or_else(|| cells.optional("退款批次号")),
            fee: cells.optional_amount("服务费（元）")?,
            royalty: cells.optional_amount("分润（元）")?,
            memo: cells.optional("备注"),
            extra: cells.rest(),
        })
    }

    fn add(&self, sums: &mut TradeSums) -> Option<()> {
        let [payments, refunds] = &mut sums.rows;
        let totals = match self.kind {
            TradeRowKind::Payment => payments,
            TradeRowKind::Refund => refunds,
            TradeRowKind::Other(_) => return Some(()),
        };
        totals.add(Totals {
            received: Sum {
                count: 1,
                amount: self.received,
            },
            discount: self.merchant_discount,
        })
    }

    /// `交易合计：6笔，商家实收共0.06元，商家优惠共0.00元`, `退款合计：4笔，商家实收退款共-0.04元，商家优惠退款共0.00元`
    fn total(sums: &mut TradeSums, line: &str) -> Option<()> {
        for ((name, amounts, _), told) in KINDS.iter().zip(&mut sums.told) {
            if let Some(rest) = line.strip_prefix(name) {
                let (count, [amount, discount]) = numbers(rest, *amounts)?;
                let received = Sum { count, amount };
                told.get_or_insert_default().add(Totals { received, discount })?;
            }
        }
        Some(())
    }

    fn check(sums: &TradeSums) -> Result<(), BillError> {
        for (((_, _, what), rows), told) in KINDS.iter().zip(&sums.rows).zip(&sums.told) {
            match told {
                None => return Err(differs(format!("the bill has no total of its {what}"))),
                Some(told) if told == rows => {}
                Some(told) => {
                    return Err(differs(format!(
                        "the bill says {} {what} of {} and reductions of {}, and its rows are {} of {} and {}",
                        told.received.count,
                        told.received.amount,
                        told.discount,
                        rows.received.count,
                        rows.received.amount,
                        rows.discount,
                    )));
                }
            }
        }
        Ok(())
    }
}
