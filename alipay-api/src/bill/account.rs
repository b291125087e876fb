use super::{
    BillError, Row,
    row::{Cells, RowError, Sum, differs, numbers, sealed::Layout},
};
use crate::types::{DateTime, Price};

/// Money that came into the account or went out of it: a row of a bill of the kind `signcustomer` (账务明细).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountRow {
    /// 账务流水号: the number of this entry.
    pub account_log_id: String,
    /// 业务流水号: Alipay's number of what it is for.
    pub business_no: Option<String>,
    /// 商户订单号: the merchant's number of the order.
    pub out_trade_no: Option<String>,
    /// 商品名称: what it is for.
    pub subject: Option<String>,
    /// 发生时间: when it happened.
    pub occurred: DateTime,
    /// 对方账号: the other account, partly masked.
    pub other_account: Option<String>,
    /// 收入金额: what came in; zero for what went out.
    pub income: Price,
    /// 支出金额: what went out, without the sign that some bills write before it; zero for what came in.
    pub expense: Price,
    /// 账户余额: what was in the account then. Alipay says that it may not fit the entry before.
    pub balance: Option<Price>,
    /// 交易渠道: by which channel.
    pub channel: Option<String>,
    /// 业务类型: what it is, such as 在线支付, 交易退款, 转账, 收费.
    pub kind: Option<String>,
    /// 备注: a remark.
    pub memo: Option<String>,
    /// Columns that this version of the library does not know, in the bill's order.
    pub extra: Vec<(String, String)>,
}

impl Row for AccountRow {}

/// What came in and went out: rows, and what the bill says.
#[derive(Default)]
pub struct AccountSums {
    /// Rows with an amount.
    rows: [Sum; 2],
    all: u64,
    told: [Option<Sum>; 2],
}

const KINDS: [(&str, &str); 2] = [("收入合计", "came in"), ("支出合计", "went out")];

impl Layout for AccountRow {
    type Sums = AccountSums;

    const IS_KNOWN: bool = true;

    const ESSENTIAL: &'static [&'static str] = &["账务流水号", "发生时间", "收入金额（+元）", "支出金额（-元）"];

    fn read(mut cells: Cells<'_>) -> Result<Self, RowError> {
        let expense = cells.optional_amount("支出金额（-元）")?.unwrap_or_default();
        Ok(Self {
            account_log_id: cells.text("账务流水号"),
            business_no: cells.optional("业务流水号"),
            out_trade_no: cells.optional("商户订单号"),
            subject: cells.optional("商品名称"),
            occurred: cells.time("发生时间")?,
            other_account: cells.optional("对方账号"),
            income: cells.optional_amount("收入金额（+元）")?.unwrap_or_default(),
            expense: unsigned(expense).unwrap_or(expense),
            balance: cells.optional_amount("账户余额（元）")?,
            channel: cells.optional("交易渠道"),
            kind: cells.optional("业务类型"),
            memo: cells.optional("备注"),
            extra: cells.rest(),
        })
    }

    fn add(&self, sums: &mut AccountSums) -> Option<()> {
        sums.all = sums.all.checked_add(1)?;
        for (sum, amount) in sums.rows.iter_mut().zip([self.income, self.expense]) {
            sum.add(u64::from(!amount.is_zero()), amount)?;
        }
        Some(())
    }

    /// `支出合计：75171笔，共-540182.61元`, `收入合计：18003笔，共536923.62元`
    fn total(sums: &mut AccountSums, line: &str) -> Option<()> {
        for (index, (name, _)) in KINDS.iter().enumerate() {
            if let Some(rest) = line.strip_prefix(name) {
                let (count, [amount]) = numbers(rest, [""])?;
                let amount = if index == 0 { amount } else { unsigned(amount)? };
                sums.told[index].get_or_insert_default().add(count, amount)?;
            }
        }
        Some(())
    }

    fn check(sums: &AccountSums) -> Result<(), BillError> {
        let mut told_rows = 0_u64;
        for (((_, what), rows), told) in KINDS.iter().zip(&sums.rows).zip(&sums.told) {
            let Some(told) = told else {
                return Err(differs(format!("the bill does not say how much {what}")));
            };
            // Which of both counts a row of 0.00 is not known: all rows together have to be there.
            if told.amount != rows.amount || told.count < rows.count {
                return Err(differs(format!(
                    "the bill says that {} {what} {} times, and in its rows it is {} and {} times",
                    told.amount, told.count, rows.amount, rows.count
                )));
            }
            told_rows = told_rows.saturating_add(told.count);
        }
        if told_rows != sums.all {
            return Err(differs(format!("the bill says {told_rows} rows, and has {}", sums.all)));
        }
        Ok(())
    }
}

/// Without its sign; `None` for the one amount that has none without.
fn unsigned(amount: Price) -> Option<Price> {
    if amount.is_negative() {
        Price::ZERO.checked_sub(amount)
    } else {
        Some(amount)
    }
}
