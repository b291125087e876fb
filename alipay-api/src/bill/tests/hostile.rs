//! Whatever a file holds: an error, in bounded time and memory, and never other rows than those that were written.

use proptest::prelude::*;

use super::{
    super::{BillErrorKind as Kind, *},
    ACCOUNT, TRADES, bill_of, collect, read,
    zip::{File, counted, zip},
};

fn kind<T>(result: Result<T, BillError>) -> Option<Kind> {
    result.err().map(|error| {
        assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
        error.kind()
    })
}

/// What comes of an archive whose table is read as payments.
fn rows(zip: &[u8]) -> Result<Vec<TradeRow>, BillError> {
    collect(read(zip)?.trades())
}

fn table() -> File {
    File::new("业务明细.csv", TRADES)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn archives_that_are_none() {
    let whole = zip(&[table()]);
    assert_eq!(rows(&whole).unwrap().len(), 2);
    let name = |name: &[u8]| File {
        name: name.to_vec(),
        ..table()
    };
    let crowd: Vec<_> = (0..101).map(|number| File::new(&format!("{number}.csv"), "")).collect();
    let half = &whole[..whole.len() / 2];
    let cases: &[(&str, Vec<u8>, Kind)] = &[
        ("nothing", Vec::new(), Kind::Archive),
        ("a page", b"<html>the link has expired</html>".to_vec(), Kind::Archive),
        ("half of one", half.to_vec(), Kind::Archive),
        ("without its first byte", whole[1..].to_vec(), Kind::Archive),
        ("no file", zip(&[]), Kind::Archive),
        ("no table", zip(&[File::new("readme.txt", TRADES)]), Kind::Archive),
        (
            "a summary alone",
            zip(&[File::new("业务明细(汇总).csv", TRADES)]),
            Kind::Archive,
        ),
        ("a folder", zip(&[name(b"a/")]), Kind::Archive),
        ("a path", zip(&[name(b"a/b.csv")]), Kind::Archive),
        ("a path upwards", zip(&[name(b"../b.csv")]), Kind::Archive),
        ("a path of Windows", zip(&[name(b"C:\\b.csv")]), Kind::Archive),
        ("a path from the root", zip(&[name(b"/etc/passwd")]), Kind::Archive),
        ("a nul", zip(&[name(b"a\0.csv")]), Kind::Archive),
        ("no name", zip(&[name(b"")]), Kind::Archive),
        ("a name that is no GBK", zip(&[name(b"\xff\xff.csv")]), Kind::Archive),
        (
            "a name that is no UTF-8",
            zip(&[File {
                flags: 1 << 11,
                ..name(b"\xd2\xb5\xce\xf1.csv")
            }]),
            Kind::Archive,
        ),
        ("a long name", zip(&[name(&[b'a'; 300])]), Kind::Archive),
        ("encrypted", zip(&[File { flags: 1, ..table() }]), Kind::Archive),
        (
            "another compression",
            zip(&[File { method: 12, ..table() }]),
            Kind::Archive,
        ),
        ("another checksum", zip(&[File { crc: 1, ..table() }]), Kind::Archive),
        ("a size too small", zip(&[File { size: 100, ..table() }]), Kind::Archive),
        (
            "a size too large",
            zip(&[File {
                size: 10_000,
                ..table()
            }]),
            Kind::Archive,
        ),
        (
            "not deflated",
            zip(&[File {
                packed: vec![7; 100],
                ..table()
            }]),
            Kind::Archive,
        ),
        (
            "more behind the end",
            zip(&[File {
                packed: [table().packed, vec![0; 9]].concat(),
                ..table()
            }]),
            Kind::Archive,
        ),
        (
            "cut short",
            zip(&[File {
                packed: table().packed[..200].to_vec(),
                ..table()
            }]),
            Kind::Archive,
        ),
        (
            "stored, and another size",
            zip(&[File {
                size: 7,
                ..File::stored("a.csv", b"abc")
            }]),
            Kind::Archive,
        ),
        ("many files", zip(&crowd), Kind::TooLarge),
        (
            "an absurd size",
            zip(&[File {
                size: u32::MAX,
                ..table()
            }]),
            Kind::TooLarge,
        ),
        (
            "sizes that are too much together",
            zip(&vec![
                File {
                    size: 1 << 30,
                    packed: vec![0; 6 << 20],
                    ..table()
                };
                3
            ]),
            Kind::TooLarge,
        ),
        (
            "a bomb",
            zip(&[File::bytes(b"a.csv", &vec![b'\n'; 8 << 20])]),
            Kind::TooLarge,
        ),
    ];
    for (what, zip, expected) in cases {
        assert_eq!(kind(rows(zip)), Some(*expected), "{what}");
    }
    // A count that is not true is no matter: the files are counted.
    assert_eq!(kind(rows(&counted(&[table()], 60_000))), None);
    assert_eq!(kind(rows(&counted(&crowd, 1))), Some(Kind::TooLarge));
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn tables_that_are_none() {
    let changed = |from: &str, to: &str| {
        assert!(TRADES.contains(from), "{from}");
        TRADES.replacen(from, to, 1)
    };
    let end = TRADES.rfind("#---").unwrap();
    let totals = TRADES.find("#交易合计").unwrap();
    let cases: &[(&str, String, Kind)] = &[
        ("nothing", String::new(), Kind::Format),
        (
            "no header",
            TRADES[..TRADES.find("支付宝交易号").unwrap()].to_owned(),
            Kind::Format,
        ),
        ("no end", TRADES[..end].to_owned(), Kind::Format),
        ("no totals", TRADES[..totals].to_owned(), Kind::Totals),
        (
            "one total",
            TRADES[..TRADES.find("#退款合计").unwrap()].to_owned(),
            Kind::Totals,
        ),
        ("a row behind the end", format!("{TRADES}a,b\n"), Kind::Format),
        (
            "a remark among the rows",
            changed("2026032022001\t,A1\t,退款", "#\n2026032022001\t,A1\t,退款"),
            Kind::Format,
        ),
        ("a comma in a text", changed(",一杯茶,", ",一杯,茶,"), Kind::Format),
        ("a cell less", changed(",一杯茶,", ","), Kind::Format),
        (
            "a quote that is never closed",
            changed(",一杯茶,", ",\"一杯茶,"),
            Kind::Format,
        ),
        (
            "a text that is too long",
            changed("一杯茶", &"茶".repeat(40_000)),
            Kind::TooLarge,
        ),
        (
            "more columns than allowed",
            changed("商品名称", &"a,".repeat(300)),
            Kind::TooLarge,
        ),
        (
            "no column of amounts",
            changed("商家实收（元）", "商家实收"),
            Kind::Column,
        ),
        ("a column twice", changed("商品名称", "业务类型"), Kind::Column),
        (
            "an amount of three decimals",
            changed(",80.00,", ",80.001,"),
            Kind::Cell,
        ),
        ("an amount that is none", changed(",80.00,", ",NaN,"), Kind::Cell),
        ("no amount", changed(",80.00,", ",,"), Kind::Cell),
        (
            "a huge amount",
            changed(",80.00,", ",99999999999999999999.00,"),
            Kind::Cell,
        ),
        (
            "a sum out of range",
            changed(",80.00,", ",92233720368547758.07,")
                .replace("交易\t", "退款\t")
                .replace("-8.00", "92233720368547758.07"),
            Kind::Totals,
        ),
        ("no time", changed("2026-03-20 10:55:23", ""), Kind::Cell),
        (
            "a time that is none",
            changed("2026-03-20 10:55:16", "2026-02-30 10:55:16"),
            Kind::Cell,
        ),
        ("another amount", changed(",80.00,", ",80.01,"), Kind::Totals),
        ("another reduction", changed(",8.80,", ",8.81,"), Kind::Totals),
        ("a refund as a payment", changed("退款\t", "交易\t"), Kind::Totals),
        ("a row that no total counts", changed("退款\t", "充值\t"), Kind::Totals),
        (
            "a row less",
            TRADES.replace(TRADES.lines().nth(6).unwrap(), ""),
            Kind::Totals,
        ),
        (
            "a total in other words",
            changed("商家优惠共8.80元", "优惠金额共8.80元"),
            Kind::Totals,
        ),
        (
            "a total without an amount",
            changed("，商家优惠共8.80元", ""),
            Kind::Totals,
        ),
        (
            "a total with one more",
            changed("商家优惠共8.80元", "商家优惠共8.80元，0元"),
            Kind::Totals,
        ),
        (
            "a total that is no number",
            changed("#交易合计：1笔", "#交易合计：一笔"),
            Kind::Totals,
        ),
        ("totals twice", format!("{TRADES}{}", &TRADES[totals..]), Kind::Totals),
        (
            "totals out of range",
            format!("{TRADES}#交易合计：1笔，商家实收共92233720368547758.07元，商家优惠共0.00元\n"),
            Kind::Totals,
        ),
    ];
    for (what, table, expected) in cases {
        assert_eq!(kind(collect(bill_of(table).trades())), Some(*expected), "{what}");
    }
    let not_gbk = File::bytes(b"a.csv", b"\xff\xfe\n");
    assert_eq!(kind(rows(&zip(&[not_gbk]))), Some(Kind::Encoding));
    // A table in UTF-8 is one of other columns.
    let utf8 = File::bytes(b"a.csv", TRADES.as_bytes());
    assert!(kind(rows(&zip(&[utf8]))).is_some());
    let account = |table: &str| collect(read(&zip(&[File::new("a.csv", table)])).unwrap().account_entries());
    assert_eq!(
        kind(account(&ACCOUNT.replace(",-72.00,", ",-72.01,"))),
        Some(Kind::Totals)
    );
    assert_eq!(
        kind(account(&ACCOUNT.replace("共-80.00元", "共-92233720368547758.08元"))),
        Some(Kind::Totals)
    );
    assert_eq!(
        kind(account(&ACCOUNT.replace("#收入合计", "#收入"))),
        Some(Kind::Totals)
    );
    assert_eq!(kind(account(TRADES)), Some(Kind::Column));
}

#[test]
fn limits_are_kept() {
    let zip = zip(&[table()]);
    let with = |limits: BillLimits| Bill::from_zip(zip.clone(), limits).and_then(|bill| collect(bill.trades()));
    let all = BillLimits::default();
    let size = super::gbk(TRADES).len() as u64;
    assert_eq!(
        kind(with(BillLimits {
            download: zip.len(),
            unpacked: size,
            files: 1,
            columns: 25,
            ..all
        })),
        None
    );
    for limits in [
        BillLimits {
            download: zip.len() - 1,
            ..all
        },
        BillLimits {
            unpacked: size - 1,
            ..all
        },
        BillLimits { files: 0, ..all },
        BillLimits { columns: 24, ..all },
        BillLimits { row: 200, ..all },
        BillLimits {
            row: 0,
            columns: 0,
            ratio: 0,
            ..all
        },
    ] {
        assert_eq!(kind(with(limits)), Some(Kind::TooLarge), "{limits:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A byte of an archive that is another one, or missing, gives no other rows.
    #[test]
    fn damage_gives_no_other_rows(at in any::<prop::sample::Index>(), byte in any::<u8>(), is_cut in any::<bool>()) {
        let mut zip = zip(&[File::new("业务明细(汇总).csv", super::SUMMARY), table()]);
        let at = at.index(zip.len());
        if is_cut {
            zip.remove(at);
        } else {
            zip[at] = byte;
        }
        if let Ok(rows) = rows(&zip) {
            prop_assert_eq!(rows, collect(bill_of(TRADES).trades()).unwrap());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(zip in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = rows(&zip);
    }

    /// Whatever is in a file, in any order of the pieces that such files are made of.
    #[test]
    fn any_table_is_read_or_refused(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "#", "\n", "\r\n", ",", "\"", "\t", "结束", "笔", "共", "元", "，", "：", "交易合计", "支出合计", "1.00", "-", "2026-03-20 10:55:16",
                    "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,商家实收（元）,商家优惠（元）\n", "1,2,交易,2026-03-20 10:55:16,1,1,0\n",
                    "#结束\n", "#交易合计：1笔，商家实收共1元，商家优惠共0元\n", "#退款合计：0笔，商家实收退款共0元，商家优惠退款共0元\n",
                ]).prop_map(super::gbk),
                prop::collection::vec(any::<u8>(), 0..8),
            ],
            0..60,
        ),
    ) {
        let table = pieces.concat();
        let bill = read(&zip(&[File::bytes(b"a.csv", &table)])).unwrap();
        if let Ok(rows) = collect(bill.trades()) {
            let total = super::gbk("交易合计：");
            prop_assert!(table.windows(total.len()).any(|window| window == total), "nothing says that {rows:?} are all");
        }
        let _ = collect(bill.account_entries());
        let _ = collect(bill.raw_rows());
    }
}
