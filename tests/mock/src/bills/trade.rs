//! 业务明细: payments and refunds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ledger::{Cause, Entry};
use super::table::{Head, cell, tabbed};
use crate::clock::beijing;
use crate::money::Money;
use crate::state::trades::{Order, Trade};

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,\
支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,\
服务费（元）,分润（元）,备注";
const SUMMARY_HEADER: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,\
服务费（元）,分润（元）,实收净额（元）";

/// A payment or a refund.
pub(super) struct Row<'a> {
    order: &'a Order,
    trade: &'a Trade,
    at: Timestamp,
    amount: Money,
    /// The number of a refund.
    refund: Option<&'a str>,
}

/// An entry, if it is of a payment or a refund.
pub(super) fn row<'a>(entry: &Entry<'a>) -> Option<Row<'a>> {
    let (order, trade, refund) = match entry.cause {
        Cause::Payment(order, trade) => (order, trade, None),
        Cause::Refund {
            order, trade, number, ..
        } => (order, trade, Some(number)),
        Cause::Share { .. } | Cause::Transfer(_) => return None,
    };
    Some(Row {
        order,
        trade,
        at: entry.at,
        amount: entry.amount(),
        refund,
    })
}

impl Row<'_> {
    /// The gateway's buyers have no vouchers, and it takes no fee.
    fn line(&self) -> String {
        let terms = &self.order.terms;
        let kind = if self.refund.is_some() { "退款" } else { "交易" };
        [
            tabbed(&self.trade.no),
            tabbed(&terms.out_trade_no),
            tabbed(kind),
            cell(&terms.subject).into_owned(),
            beijing(self.trade.created),
            beijing(self.at),
            tabbed(terms.store_id.as_deref().unwrap_or_default()),
            tabbed(""),
            tabbed(""),
            tabbed(terms.terminal_id.as_deref().unwrap_or_default()),
            tabbed(&terms.buyer.logon_id),
            format!("{0},{0},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00", self.amount),
            tabbed(self.refund.unwrap_or_default()),
            "0.00,0.00".to_owned(),
            cell(terms.body.as_deref().unwrap_or_default()).into_owned(),
        ]
        .join(",")
    }
}

/// How many payments and refunds there are, and what they come to.
#[derive(Clone, Copy, Default)]
struct Sums {
    payments: usize,
    refunds: usize,
    paid: Money,
    refunded: Money,
}

impl Sums {
    fn of<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> Self {
        rows.fold(Self::default(), |sums, row| match row.refund {
            None => Self {
                payments: sums.payments + 1,
                paid: sums.paid.plus(row.amount),
                ..sums
            },
            Some(_) => Self {
                refunds: sums.refunds + 1,
                refunded: sums.refunded.plus(row.amount),
                ..sums
            },
        })
    }

    fn line(self, store: &str) -> String {
        let Self { payments, refunds, .. } = self;
        let net = self.paid.plus(self.refunded);
        let store = tabbed(store);
        format!("{store},\t,{payments},{refunds},{net},{net},0.00,0.00,0.00,0.00,0.00,{net}")
    }
}

/// The rows, and their totals.
pub(super) fn table(head: &Head<'_>, rows: &[Row<'_>]) -> String {
    let sums = Sums::of(rows.iter());
    let totals = [
        format!(
            "#交易合计：{}笔，商家实收共{}元，商家优惠共0.00元",
            sums.payments, sums.paid
        ),
        format!(
            "#退款合计：{}笔，商家实收退款共{}元，商家优惠退款共0.00元",
            sums.refunds, sums.refunded
        ),
    ];
    head.table(
        "支付宝业务明细查询",
        "业务明细列表",
        HEADER,
        rows.iter().map(Row::line),
        &totals,
    )
}

/// What they come to, by store and in all.
pub(super) fn summary(head: &Head<'_>, rows: &[Row<'_>]) -> String {
    let mut stores: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        stores
            .entry(row.order.terms.store_id.as_deref().unwrap_or_default())
            .or_default()
            .push(row);
    }
    let stores = stores
        .iter()
        .map(|(store, rows)| Sums::of(rows.iter().copied()).line(store));
    let lines = stores.chain([Sums::of(rows.iter()).line("合计")]);
    head.table("支付宝业务汇总查询", "业务汇总列表", SUMMARY_HEADER, lines, &[])
}
