//! 账务明细: all that came into the account and went out of it.

use std::collections::BTreeMap;

use super::ledger::{Cause, Entry};
use super::period::Period;
use super::table::{Head, cell, tabbed};
use crate::clock::{beijing, beijing_day};
use crate::money::Money;

const HEADER: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
const SUMMARY_HEADER: &str = "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）";

/// An entry, its place in the account, and what was in the account after it.
pub(super) struct Row<'a> {
    entry: &'a Entry<'a>,
    place: usize,
    balance: Money,
}

/// The entries of a time.
pub(super) fn rows<'a>(entries: &'a [Entry<'a>], mut balance: Money, period: &Period) -> Vec<Row<'a>> {
    let all = (1..).zip(entries).map(|(place, entry)| {
        balance = balance.plus(entry.amount());
        Row { entry, place, balance }
    });
    all.filter(|row| period.has(row.entry.at)).collect()
}

impl Row<'_> {
    fn kind(&self) -> &'static str {
        match self.entry.cause {
            Cause::Payment(..) => "在线支付",
            Cause::Refund { .. } => "交易退款",
            Cause::Share { .. } => "交易分账",
            Cause::Transfer(_) => "转账",
        }
    }

    fn line(&self) -> String {
        let (business, number, subject, other, memo) = match &self.entry.cause {
            Cause::Payment(order, trade) => {
                let terms = &order.terms;
                (
                    trade.no.as_str(),
                    &terms.out_trade_no,
                    terms.subject.as_str(),
                    &*terms.buyer.logon_id,
                    None,
                )
            }
            Cause::Refund {
                order, trade, reason, ..
            } => {
                let terms = &order.terms;
                (
                    trade.no.as_str(),
                    &terms.out_trade_no,
                    terms.subject.as_str(),
                    &*terms.buyer.logon_id,
                    *reason,
                )
            }
            Cause::Share {
                order, number, account, ..
            } => (
                *number,
                &order.terms.out_trade_no,
                order.terms.subject.as_str(),
                *account,
                None,
            ),
            Cause::Transfer(transfer) => {
                let terms = &transfer.terms;
                (
                    transfer.order_id.as_str(),
                    &terms.number.out_biz_no,
                    "",
                    terms.payee.as_str(),
                    None,
                )
            }
        };
        let amount = self.entry.amount();
        [
            tabbed(&format!("{}{:010}", beijing_day(self.entry.at), self.place)),
            tabbed(business),
            tabbed(number),
            tabbed(subject),
            beijing(self.entry.at),
            tabbed(other),
            amount.max(Money::ZERO).to_string(),
            amount.min(Money::ZERO).to_string(),
            self.balance.to_string(),
            "支付宝".to_owned(),
            self.kind().to_owned(),
            cell(memo.unwrap_or_default()).into_owned(),
        ]
        .join(",")
    }
}

/// What came in and went out.
#[derive(Clone, Copy, Default)]
struct Sums {
    incomes: usize,
    income: Money,
    expenses: usize,
    expense: Money,
}

impl Sums {
    fn add(&mut self, amount: Money) {
        if amount < Money::ZERO {
            self.expenses += 1;
            self.expense = self.expense.plus(amount);
        } else {
            self.incomes += 1;
            self.income = self.income.plus(amount);
        }
    }

    fn line(self, kind: &str) -> String {
        let Self {
            incomes,
            income,
            expenses,
            expense,
        } = self;
        format!(
            "{kind},{incomes},{income},{expenses},{expense},{}",
            income.plus(expense)
        )
    }
}

fn sums(rows: &[Row<'_>]) -> Sums {
    let mut sums = Sums::default();
    for row in rows {
        sums.add(row.entry.amount());
    }
    sums
}

/// The rows, and their totals.
pub(super) fn table(head: &Head<'_>, rows: &[Row<'_>]) -> String {
    let sums = sums(rows);
    let totals = [
        format!("#支出合计：{}笔，共{}元", sums.expenses, sums.expense),
        format!("#收入合计：{}笔，共{}元", sums.incomes, sums.income),
    ];
    head.table(
        "支付宝账务明细查询",
        "账务明细列表",
        HEADER,
        rows.iter().map(Row::line),
        &totals,
    )
}

/// What they come to, by kind and in all.
pub(super) fn summary(head: &Head<'_>, rows: &[Row<'_>]) -> String {
    let mut kinds: BTreeMap<&str, Sums> = BTreeMap::new();
    for row in rows {
        kinds.entry(row.kind()).or_default().add(row.entry.amount());
    }
    let kinds = kinds.into_iter().map(|(kind, sums)| sums.line(kind));
    let lines = kinds.chain([sums(rows).line("合计")]);
    head.table("支付宝账务汇总查询", "账务汇总列表", SUMMARY_HEADER, lines, &[])
}
