//! Bills that are laid out as Alipay's are, and bills that are not.

mod hostile;
mod zip;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream as _;

use self::zip::{File, zip};
use super::*;
use crate::types::{Date, Price};

/// A bill of payments and refunds, as it is published of Alipay's.
pub(super) const TRADES: &str = "\
#支付宝业务明细查询
#账号：[20881110000000000156]
#起始日期：[2026年03月20日 00:00:00]   终止日期：[2026年03月21日 00:00:00]
#-----------------------------------------业务明细列表----------------------------------------
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,\
支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,\
服务费（元）,分润（元）,备注
2026032022001\t,A1\t,交易\t,一杯茶,2026-03-20 10:55:16,2026-03-20 10:55:23,NJ_001\t,一店\t,op\t,T1\t,*明(159****5620)\t,88.80,80.00,0.00,0.00,\
1.00,8.80,0.00,,0.00\t,0.00,\t,-0.48,0.00,趁热喝
2026032022001\t,A1\t,退款\t,一杯茶,2026-03-20 10:55:16,2026-03-20 11:56:48,\t,\t,\t,\t,*明(159****5620)\t,-8.80,-8.00,0.00,0.00,0.00,-0.80,0.00,,\
0.00\t,0.00,A1_1\t,0.00,0.00,
#-----------------------------------------业务明细列表结束------------------------------------
#交易合计：1笔，商家实收共80.00元，商家优惠共8.80元
#退款合计：1笔，商家实收退款共-8.00元，商家优惠退款共-0.80元
#导出时间：[2026年03月21日 05:46:49]
";

/// A bill of an account, likewise.
pub(super) const ACCOUNT: &str = "\
#支付宝账务明细查询
#账号：[20881110000000000156]
#起始日期：[2026年03月20日 00:00:00]   终止日期：[2026年03月21日 00:00:00]
#-----------------------------------------账务明细列表----------------------------------------
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
1\t,2026032022001\t,A1\t,一杯茶\t,2026-03-20 10:55:23,明 (159****5620)\t,80.00,0.00,1080.00,支付宝,在线支付,
2\t,2026032022001\t,A1\t,一杯茶\t,2026-03-20 11:56:48,明 (159****5620)\t,0.00,-8.00,1072.00,支付宝,交易退款,
3\t,2026032022002\t,T1\t,\t,2026-03-20 12:00:00,红 (186****1234)\t,,-72.00,1000.00,支付宝,转账,工资
#----------------------------------------账务明细列表结束-------------------------------------
#支出合计：2笔，共-80.00元
#收入合计：1笔，共80.00元
#导出时间：[2026年03月21日 05:46:49]
";

const SUMMARY: &str = "\
#支付宝业务汇总查询
门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）
合计\t,\t,1,1,80.00
#----------------------------------------业务汇总列表结束-------------------------------------
";

pub(super) fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// A bill of this table, and of a summary that comes first.
pub(super) fn bill_of(table: &str) -> Bill {
    read(&zip(&[
        File::new("1_20260320_业务明细(汇总).csv", SUMMARY),
        File::new("1_20260320_业务明细.csv", table),
    ]))
    .unwrap()
}

pub(super) fn read(zip: &[u8]) -> Result<Bill, BillError> {
    Bill::from_zip(zip.to_vec(), BillLimits::default())
}

/// All rows, or the error that is in their place.
pub(super) fn collect<T: Row>(rows: Result<Rows<T>, BillError>) -> Result<Vec<T>, BillError> {
    let mut rows = rows?;
    let mut all = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match Pin::new(&mut rows).poll_next(&mut context) {
            // It has woken its task already.
            Poll::Pending => {}
            Poll::Ready(Some(Ok(row))) => all.push(row),
            Poll::Ready(Some(Err(error))) => {
                assert!(
                    matches!(Pin::new(&mut rows).poll_next(&mut context), Poll::Ready(None)),
                    "{error}"
                );
                return Err(error);
            }
            Poll::Ready(None) => return Ok(all),
        }
    }
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn payments_and_refunds_are_read() {
    let bill = bill_of(TRADES);
    assert_eq!(
        bill.file_names().collect::<Vec<_>>(),
        ["1_20260320_业务明细(汇总).csv", "1_20260320_业务明细.csv"]
    );
    let [payment, refund] = collect(bill.trades()).unwrap().try_into().unwrap();
    let expected = TradeRow {
        trade_no: "2026032022001".into(),
        out_trade_no: "A1".into(),
        kind: TradeRowKind::Payment,
        subject: "一杯茶".into(),
        created: Some("2026-03-20 10:55:16".parse().unwrap()),
        completed: "2026-03-20 10:55:23".parse().unwrap(),
        store_id: Some("NJ_001".into()),
        store_name: Some("一店".into()),
        operator_id: Some("op".into()),
        terminal_id: Some("T1".into()),
        buyer: Some("*明(159****5620)".into()),
        amount: Price::from_cents(8880),
        received: Price::from_cents(8000),
        alipay_red_packet: Some(price("0")),
        points: Some(price("0")),
        alipay_discount: Some(price("1")),
        merchant_discount: Price::from_cents(880),
        voucher_amount: Some(price("0")),
        voucher_name: None,
        merchant_red_packet: Some(price("0")),
        card_amount: Some(price("0")),
        out_request_no: None,
        fee: Some(price("-0.48")),
        royalty: Some(price("0")),
        memo: Some("趁热喝".into()),
        extra: Vec::new(),
    };
    assert_eq!(payment, expected);
    assert_eq!(
        (refund.kind, refund.received),
        (TradeRowKind::Refund, Price::from_cents(-800))
    );
    assert_eq!(
        (refund.out_request_no.as_deref(), refund.store_id, refund.memo),
        (Some("A1_1"), None, None)
    );
}

#[test]
fn what_came_in_and_went_out_is_read() {
    let bill = read(&zip(&[File::new("1_20260320_账务明细.csv", ACCOUNT)])).unwrap();
    let rows = collect(bill.account_entries()).unwrap();
    let amounts: Vec<_> = rows
        .iter()
        .map(|row| (row.income.cents(), row.expense.cents(), row.balance))
        .collect();
    let balances = ["1080", "1072", "1000"].map(|text| Some(price(text)));
    assert_eq!(
        amounts,
        [(8000, 0, balances[0]), (0, 800, balances[1]), (0, 7200, balances[2])]
    );
    let transfer = &rows[2];
    assert_eq!(transfer.occurred.to_string(), "2026-03-20 12:00:00");
    assert_eq!(
        [
            &transfer.out_trade_no,
            &transfer.subject,
            &transfer.kind,
            &transfer.memo
        ]
        .map(Option::as_deref),
        [Some("T1"), None, Some("转账"), Some("工资")]
    );
}

/// Some bills have positive amounts where others have a sign, and a row of 0.00 counts somewhere.
#[test]
fn expenses_may_have_no_sign() {
    let table = ACCOUNT.replace(",-8.00,", ",8.00,").replace(",-72.00,", ",72.00,");
    let table = table.replace("\n2\t", "\n4\t,,,,2026-03-20 10:56:00,,0.00,0.00,1080.00,,,\n2\t");
    for (told, is_whole) in [("1笔，共80.00", false), ("2笔，共80.00", true), ("3笔，共80.00", false)] {
        let table = table.replace("#收入合计：1笔，共80.00", &format!("#收入合计：{told}"));
        let bill = read(&zip(&[File::new("账务明细.CSV", &table)])).unwrap();
        let rows = collect(bill.account_entries()).map(|rows| rows.len());
        assert_eq!(
            rows.map_err(|error| error.kind()),
            if is_whole { Ok(4) } else { Err(BillErrorKind::Totals) },
            "{told}"
        );
    }
}

#[test]
fn a_day_without_business_has_no_rows() {
    let from = TRADES.find("2026032022001").unwrap();
    let to = TRADES.rfind("#---").unwrap();
    let table = [&TRADES[..from], &TRADES[to..]].concat();
    let table = table.replace(
        "1笔，商家实收共80.00元，商家优惠共8.80元",
        "0笔，商家实收共0.00元，商家优惠共0.00元",
    );
    let table = table.replace(
        "1笔，商家实收退款共-8.00元，商家优惠退款共-0.80元",
        "0笔，商家实收退款共0.00元，商家优惠退款共0.00元",
    );
    assert_eq!(collect(bill_of(&table).trades()).unwrap(), []);
    // Totals that count what is not there.
    let error = collect(bill_of(&table.replace("：0笔", "：1笔")).trades()).unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Totals);
}

#[test]
fn quoted_texts_keep_commas_quotes_and_lines() {
    let table = TRADES.replace(
        ",一杯茶,2026-03-20 10:55:16,2026-03-20 10:55:23",
        ",\"一杯\"\"茶\"\",\n热的\",2026-03-20 10:55:16,2026-03-20 10:55:23",
    );
    assert_eq!(
        collect(bill_of(&table).trades()).unwrap()[0].subject,
        "一杯\"茶\",\n热的"
    );
}

#[test]
fn columns_go_by_their_names() {
    // Other brackets, another order, a column more, and one that is not needed less.
    let table = TRADES.replace('（', "(").replace('）', ")");
    let rows = collect(bill_of(&table).trades()).unwrap();
    assert_eq!(rows, collect(bill_of(TRADES).trades()).unwrap());
    let lines: Vec<_> = TRADES
        .lines()
        .map(|line| match line.rsplit_once(',') {
            Some((rest, _)) if rest.starts_with("支付宝") => format!("花呗分期数,{rest}"),
            Some((rest, _)) if rest.starts_with("2026") => format!("3\t,{rest}"),
            _ => line.to_owned(),
        })
        .collect();
    let rows = collect(bill_of(&lines.join("\r\n")).trades()).unwrap();
    assert_eq!(
        (rows[0].received, rows[0].memo.as_deref()),
        (Price::from_cents(8000), None)
    );
    assert_eq!(rows[0].extra, [("花呗分期数".to_owned(), "3".to_owned())]);
}

#[test]
fn rows_of_any_kind_are_read_as_text() {
    let bill = bill_of(TRADES);
    let rows = collect(bill.raw_rows()).unwrap();
    assert_eq!(
        (rows[1].get("业务类型"), rows[1].get("nothing"), rows[1].iter().count()),
        (Some("退款"), None, 25)
    );
    let sums = collect(bill.summary_rows()).unwrap();
    assert_eq!(sums[0].get("订单金额（元）"), Some("80.00"));
    // Nothing is known of how they end.
    let other = read(&zip(&[File::new("a.csv", "甲,乙\n1\t,2\n3,4\n")])).unwrap();
    let cells: Vec<_> = collect(other.raw_rows())
        .unwrap()
        .iter()
        .map(|row| row.get("乙").map(str::to_owned))
        .collect();
    assert_eq!(cells, [Some("2".to_owned()), Some("4".to_owned())]);
    assert_eq!(other.summary_rows().unwrap_err().kind(), BillErrorKind::Archive);
}

#[test]
fn several_tables_are_one_bill() {
    let bill = read(&zip(&[
        File::new("明细_1.csv", TRADES),
        File::new("明细_2.csv", TRADES),
    ]))
    .unwrap();
    assert_eq!(collect(bill.trades()).unwrap().len(), 4);
    // Only the whole adds up.
    let twice = TRADES.replace(
        "1笔，商家实收共80.00元，商家优惠共8.80元",
        "2笔，商家实收共160.00元，商家优惠共17.60元",
    );
    let twice = twice.replace(
        "1笔，商家实收退款共-8.00元，商家优惠退款共-0.80元",
        "2笔，商家实收退款共-16.00元，商家优惠退款共-1.60元",
    );
    let first = &TRADES[..TRADES.find("#交易合计").unwrap()];
    let bill = read(&zip(&[File::new("明细_1.csv", first), File::new("明细_2.csv", &twice)])).unwrap();
    assert_eq!(collect(bill.trades()).unwrap().len(), 4);
}

#[test]
fn a_bill_of_another_day_is_none_of_this() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let of = |period: BillPeriod| collect(bill_of(TRADES).of_period(period).trades()).map(|rows| rows.len());
    assert_eq!(of(day("2026-03-20").into()).unwrap(), 2);
    let error = of(day("2026-03-21").into()).unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Period);
    assert_eq!(
        error.to_string(),
        "the line 3 of the bill's file `1_20260320_业务明细.csv` says that the bill is of another time than 2026-03-21"
    );
    let month = BillPeriod::month(2026, 3).unwrap();
    assert_eq!(
        (month.to_string().as_str(), BillPeriod::month(2026, 13)),
        ("2026-03", None)
    );
    assert_eq!(of(month).unwrap_err().kind(), BillErrorKind::Period);
}

/// The rows come one by one, so nobody waits for all of them, and other tasks have their turn.
#[test]
fn rows_come_before_the_rest_is_read() {
    let rows = TRADES.lines().nth(5).unwrap();
    let many = TRADES.replace(rows, &vec![rows; 5000].join("\n"));
    let mut rows = bill_of(&many.replace("#交易合计：1笔", "#交易合计：7笔"))
        .trades()
        .unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let (mut read, mut pauses) = (0, 0);
    let error = loop {
        match Pin::new(&mut rows).poll_next(&mut context) {
            Poll::Pending => pauses += 1,
            Poll::Ready(Some(Ok(_))) => read += 1,
            Poll::Ready(Some(Err(error))) => break error,
            Poll::Ready(None) => panic!("the stream ends without an error, though the bill does not add up"),
        }
    };
    assert_eq!((read, error.kind()), (5001, BillErrorKind::Totals));
    assert!(pauses > 70, "{pauses}");
    assert_eq!(
        error.to_string(),
        "the bill says 7 payments of 80.00 and reductions of 8.80, and its rows are 5000 of 400000.00 and 44000.00"
    );
}
