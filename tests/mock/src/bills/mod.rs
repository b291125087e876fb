//! Bills: the ledger of a day or a month, as a ZIP archive of tables in GBK.
//!
//! # Where the layout comes from
//! From bills of Alipay's that are public: in comments and tests of programs that read them, such as the business bill of 2019-09-16 with all its lines, or the
//! account bill of 2012-12-29; from the names of columns and the words of totals that such programs look for; and, for `secure`, the error codes and
//! `EMPTY_DATA_WITH_BILL_FILE`, from the documentation of `alipay.data.dataservice.bill.downloadurl.query`. What none of these shows is the gateway's own choice: how a
//! comma, a quote or a line break in a text is written (as RFC 4180 has it), what stands in place of a character that GBK has not (a question mark), what
//! splits are called, and the columns of summaries being the sums of the rows' columns.

mod account;
mod archive;
mod ledger;
mod period;
mod table;
mod trade;

pub(crate) use self::period::Period;

use jiff::Timestamp;

use crate::state::State;
use crate::state::trades::Merchant;

/// The bills that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Payments and refunds.
    Trade,
    /// All that moved in the account.
    Account,
}

impl Kind {
    /// The `bill_type`.
    pub(crate) fn of(bill_type: &str) -> Option<Self> {
        match bill_type {
            "trade" => Some(Self::Trade),
            "signcustomer" => Some(Self::Account),
            _ => None,
        }
    }
}

/// A bill.
pub(crate) struct Bill {
    /// What the archive is saved as.
    pub(crate) name: String,
    pub(crate) zip: Vec<u8>,
    /// Whether nothing happened.
    pub(crate) is_empty: bool,
}

/// The bill of a merchant.
pub(crate) fn bill(state: &State, merchant: &Merchant, kind: Kind, period: &Period, now: Timestamp) -> Bill {
    let entries = ledger::entries(state, merchant);
    // As in Alipay's, whose account numbers have four digits more here than elsewhere.
    let account = format!("{}0156", merchant.seller_id);
    let head = table::Head {
        account: &account,
        period,
        now,
    };
    let (rows, name, tables) = match kind {
        Kind::Trade => {
            let rows: Vec<_> = entries
                .iter()
                .filter(|entry| period.has(entry.at))
                .filter_map(trade::row)
                .collect();
            (
                rows.len(),
                "业务明细",
                [trade::summary(&head, &rows), trade::table(&head, &rows)],
            )
        }
        Kind::Account => {
            let rows = account::rows(&entries, state.transfers.initial_balance(), period);
            (
                rows.len(),
                "账务明细",
                [account::summary(&head, &rows), account::table(&head, &rows)],
            )
        }
    };
    let stem = format!("{account}_{}", period.digits());
    let [summary, table] = tables.map(|text| table::gbk(&text));
    let files = [
        (table::gbk(&format!("{stem}_{name}(汇总).csv")), summary),
        (table::gbk(&format!("{stem}_{name}.csv")), table),
    ];
    Bill {
        name: format!("{stem}.csv.zip"),
        zip: archive::zip(&files),
        is_empty: rows == 0,
    }
}
