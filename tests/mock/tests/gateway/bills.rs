//! Bills, as merchants download them.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alipay_mock::Mock;
use flate2::read::DeflateDecoder;
use http::StatusCode;
use rawzip::{CompressionMethod, ZipArchive};
use serde_json::json;

use crate::client::{Answer, Client};

const METHOD: &str = "alipay.data.dataservice.bill.downloadurl.query";

/// 2026-03-20 23:59:50 in Beijing.
const EVENING: u64 = 1_774_022_390;
const DAY: u64 = 24 * 60 * 60;

/// A clock that the test moves.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

async fn start() -> (Mock, Client, Hands) {
    let hands = Hands(Arc::new(AtomicU64::new(EVENING)));
    let clock = hands.clone();
    let now = move || -> SystemTime { UNIX_EPOCH + Duration::from_secs(clock.0.load(Ordering::SeqCst)) };
    let mock = Mock::builder().clock(now).start().await.unwrap();
    let client = Client::of(&mock);
    (mock, client, hands)
}

async fn ask(client: &Client, bill_type: &str, bill_date: &str) -> Answer {
    client
        .call(
            METHOD,
            &json!({ "bill_type": bill_type, "bill_date": bill_date, "secure": "true" }),
        )
        .await
}

/// The files of a bill: names and texts.
async fn download(client: &Client, bill_type: &str, bill_date: &str) -> Vec<(String, String)> {
    let answer = ask(client, bill_type, bill_date).await;
    let response = client.http.get(answer.text("bill_download_url")).send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &"application/zip".parse().unwrap())
    );
    files(&response.bytes().await.unwrap())
}

fn files(zip: &[u8]) -> Vec<(String, String)> {
    let gbk = |bytes: &[u8]| {
        encoding_rs::GBK
            .decode_without_bom_handling_and_without_replacement(bytes)
            .unwrap()
            .into_owned()
    };
    let archive = ZipArchive::from_slice(zip).unwrap();
    let read = archive.entries().map(|entry| {
        let entry = entry.unwrap();
        assert_eq!(
            (entry.compression_method(), entry.flags().bits()),
            (CompressionMethod::DEFLATE, 0)
        );
        let packed = archive.get_entry(entry.wayfinder()).unwrap();
        let mut content = Vec::new();
        let mut reader = packed.verifying_reader(DeflateDecoder::new(packed.data()));
        reader.read_to_end(&mut content).unwrap();
        (gbk(entry.file_path().as_ref()), gbk(&content))
    });
    read.collect()
}

/// A payment and a refund in part, and on the next day a transfer: their numbers at Alipay.
async fn business(mock: &Mock, client: &Client, hands: &Hands) -> [String; 2] {
    let order = json!({
        "out_trade_no": "A1", "total_amount": "88.80", "subject": "\"茶\", 一杯\n热的 😀", "body": "趁热喝", "store_id": "NJ_001", "terminal_id": "T1",
    });
    client.call("alipay.trade.precreate", &order).await;
    hands.set(EVENING + 1);
    let trade_no = mock.pay("A1").unwrap().trade.trade_no.unwrap();
    hands.set(EVENING + 9);
    let refund =
        json!({ "out_trade_no": "A1", "refund_amount": "8.80", "out_request_no": "A1_1", "refund_reason": "洒了" });
    assert_eq!(client.code("alipay.trade.refund", &refund).await, "10000");
    // Of the next day.
    hands.set(EVENING + 10);
    let transfer = json!({ "out_biz_no": "T1", "payee_type": "ALIPAY_USERID", "payee_account": "2088102146225135", "amount": "72.00" });
    let sent = client.call("alipay.fund.trans.toaccount.transfer", &transfer).await;
    let order_id = sent.text("order_id");
    [trade_no, order_id.to_owned()]
}

#[tokio::test]
async fn payments_and_refunds_are_laid_out_as_alipays() {
    let (mock, client, hands) = start().await;
    let [trade_no, _] = business(&mock, &client, &hands).await;
    let [summary, detail] = download(&client, "trade", "2026-03-20").await.try_into().unwrap();
    assert_eq!(summary.0, "20881011179556110156_20260320_业务明细(汇总).csv");
    assert_eq!(detail.0, "20881011179556110156_20260320_业务明细.csv");
    let lines: Vec<_> = detail.1.split("\r\n").collect();
    let rows = [
        format!(
            "{trade_no}\t,A1\t,交易\t,\"\"\"茶\"\", 一杯\n热的 ?\",2026-03-20 23:59:51,2026-03-20 23:59:51,NJ_001\t,\t,\t,T1\t,159****5620\t,88.80,88.80,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,0.00,0.00,趁热喝"
        ),
        format!(
            "{trade_no}\t,A1\t,退款\t,\"\"\"茶\"\", 一杯\n热的 ?\",2026-03-20 23:59:51,2026-03-20 23:59:59,NJ_001\t,\t,\t,T1\t,159****5620\t,-8.80,-8.80,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,A1_1\t,0.00,0.00,趁热喝"
        ),
    ];
    assert_eq!(
        lines,
        [
            "#支付宝业务明细查询",
            "#账号：[20881011179556110156]",
            "#起始日期：[2026年03月20日 00:00:00]   终止日期：[2026年03月21日 00:00:00]",
            "#-----------------------------------------业务明细列表----------------------------------------",
            "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
            &rows[0],
            &rows[1],
            "#-----------------------------------------业务明细列表结束------------------------------------",
            "#交易合计：1笔，商家实收共88.80元，商家优惠共0.00元",
            "#退款合计：1笔，商家实收退款共-8.80元，商家优惠退款共0.00元",
            "#导出时间：[2026年03月21日 00:00:00]",
            "",
        ]
    );
    assert!(
        summary
            .1
            .contains("\r\nNJ_001\t,\t,1,1,80.00,80.00,0.00,0.00,0.00,0.00,0.00,80.00\r\n合计\t,\t,1,1,80.00,"),
        "{}",
        summary.1
    );
}

#[tokio::test]
async fn what_moves_in_the_account_is_laid_out_as_alipays() {
    let (mock, client, hands) = start().await;
    let [trade_no, order_id] = business(&mock, &client, &hands).await;
    hands.set(EVENING + DAY + 10);
    let [_, detail] = download(&client, "signcustomer", "2026-03-20")
        .await
        .try_into()
        .unwrap();
    assert_eq!(detail.0, "20881011179556110156_20260320_账务明细.csv");
    let rows: Vec<_> = detail.1.split("\r\n").skip(5).collect();
    let expected = [
        format!(
            "202603200000000001\t,{trade_no}\t,A1\t,\"\"\"茶\"\", 一杯\n热的 ?\t\",2026-03-20 23:59:51,159****5620\t,88.80,0.00,1000088.80,支付宝,在线支付,"
        ),
        format!(
            "202603200000000002\t,{trade_no}\t,A1\t,\"\"\"茶\"\", 一杯\n热的 ?\t\",2026-03-20 23:59:59,159****5620\t,0.00,-8.80,1000080.00,支付宝,交易退款,洒了"
        ),
    ];
    assert_eq!(
        rows,
        [
            &*expected[0],
            &*expected[1],
            "#----------------------------------------账务明细列表结束-------------------------------------",
            "#支出合计：1笔，共-8.80元",
            "#收入合计：1笔，共88.80元",
            "#导出时间：[2026年03月22日 00:00:00]",
            "",
        ]
    );
    // The transfer is of the next day: midnight is Beijing's.
    let [_, detail] = download(&client, "signcustomer", "2026-03-21")
        .await
        .try_into()
        .unwrap();
    let row = format!(
        "202603210000000003\t,{order_id}\t,T1\t,\t,2026-03-21 00:00:00,2088102146225135\t,0.00,-72.00,1000008.00,支付宝,转账,\r\n#-"
    );
    assert!(detail.1.contains(&row), "{}", detail.1);
    hands.set(EVENING + 20 * DAY);
    let [summary, detail] = download(&client, "signcustomer", "2026-03").await.try_into().unwrap();
    assert_eq!(detail.0, "20881011179556110156_202603_账务明细.csv");
    assert!(
        detail
            .1
            .contains("#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年04月01日 00:00:00]")
    );
    assert!(
        detail
            .1
            .contains("#支出合计：2笔，共-80.80元\r\n#收入合计：1笔，共88.80元"),
        "{}",
        detail.1
    );
    assert!(
        summary
            .1
            .contains("\r\n转账,0,0.00,1,-72.00,-72.00\r\n合计,1,88.80,2,-80.80,8.00\r\n"),
        "{}",
        summary.1
    );
}

#[tokio::test]
async fn a_bill_is_there_when_its_time_is_over() {
    let (_mock, client, hands) = start().await;
    let arguments = "40004 isv.invalid_arguments";
    for (bill_type, bill_date, code) in [
        ("trade", "2026-03-20", arguments),
        ("trade", "2026-03", arguments),
        ("trade", "2027-01-01", arguments),
        ("trade", "20260319", arguments),
        ("trade", "2026-02-30", arguments),
        ("trade", "2020-03-19", "40004 isp.bill_not_exist"),
        ("trade", "2020-03-20", "10000"),
        ("trade", "2026-02", "10000"),
        ("signcustomer", "2026-03-19", "10000"),
        ("settlementMerge", "2026-03-19", "40004 TYPE_NOT_SUPPORTED"),
        ("Trade", "2026-03-19", "40004 TYPE_NOT_SUPPORTED"),
    ] {
        assert_eq!(
            ask(&client, bill_type, bill_date).await.code(),
            code,
            "{bill_type} {bill_date}"
        );
    }
    hands.set(EVENING + 10);
    let empty = ask(&client, "trade", "2026-03-20").await;
    assert_eq!(
        (empty.code().as_str(), empty.text("bill_file_code")),
        ("10000", "EMPTY_DATA_WITH_BILL_FILE")
    );
}

#[tokio::test]
async fn an_address_holds_for_thirty_seconds() {
    let (mock, client, hands) = start().await;
    let answer = ask(&client, "trade", "2026-03-19").await;
    let url = answer.text("bill_download_url");
    let status = |url: String| async { client.http.get(url).send().await.unwrap().status() };
    assert!(url.starts_with(&format!("{}/bill/", mock.base_url())), "{url}");
    hands.set(EVENING + 29);
    assert_eq!(status(url.to_owned()).await, StatusCode::OK);
    assert_eq!(
        client.http.post(url).send().await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    hands.set(EVENING + 30);
    assert_eq!(status(url.to_owned()).await, StatusCode::NOT_FOUND);
    for path in ["/bill/", "/bill/x", "/bill/..%2f"] {
        assert_eq!(
            status(format!("{}{path}", mock.base_url())).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn shares_go_out_of_the_account() {
    let (mock, client, hands) = start().await;
    client.create("A1", "88.80", &[]).await;
    let trade_no = mock.pay("A1").unwrap().trade.trade_no.unwrap();
    let receiver = "2088101126708402";
    client.bind(receiver).await;
    let shares = json!([{ "trans_in": receiver, "amount": "2.00" }]);
    let settle = json!({ "out_request_no": "s1", "trade_no": trade_no, "royalty_parameters": shares });
    assert_eq!(client.code("alipay.trade.order.settle", &settle).await, "10000");
    hands.set(EVENING + 10);
    let [_, detail] = download(&client, "signcustomer", "2026-03-20")
        .await
        .try_into()
        .unwrap();
    let row =
        format!("\t,A1\t,测试订单\t,2026-03-20 23:59:50,{receiver}\t,0.00,-2.00,1000086.80,支付宝,交易分账,\r\n#-");
    assert!(detail.1.contains(&row), "{}", detail.1);
    assert!(
        detail
            .1
            .contains("#支出合计：1笔，共-2.00元\r\n#收入合计：1笔，共88.80元"),
        "{}",
        detail.1
    );
}
