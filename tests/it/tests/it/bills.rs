//! Bills: downloaded from the gateway, they add up to its ledger.

use std::{
    fmt,
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_api::{
    Client, ErrorKind, Protocol,
    bill::{
        AccountRow, Bill, BillAnswer, BillErrorKind, BillKind, BillLimits, BillPeriod, Bills, TradeRow, TradeRowKind,
    },
    data::DataserviceBillDownloadurlQueryErrorCode as Code,
    fund::{TransToaccountTransfer, TransToaccountTransferRequired},
    trade::{Precreate, Refund},
    transport::{BoxFuture, MethodName, Request, ReqwestTransport, Response, Transport, TransportError},
    types::{DateTime, Price},
};
use alipay_mock::{Mock, MovementKind};
use futures_util::TryStreamExt as _;
use http::{Method, StatusCode, header::LOCATION};
use serde_json::json;

use crate::{
    clock::TestClock,
    support::{builder, price},
};

const METHOD: &str = "alipay.data.dataservice.bill.downloadurl.query";
const DAY: Duration = Duration::from_hours(24);

/// A gateway and its client, early on a day in Beijing.
async fn morning() -> (Mock, Client, TestClock) {
    let clock = TestClock::new();
    let now = DateTime::try_from(clock.time()).unwrap();
    let midnight = now.date().at(0, 0, 0).unwrap().unix_seconds() + 24 * 60 * 60;
    clock.advance(Duration::from_secs((midnight - now.unix_seconds() + 60).unsigned_abs()));
    let of_mock = clock.clone();
    let mock = Mock::builder().clock(move || of_mock.time()).start().await.unwrap();
    let client = builder(&mock).clock(clock.clone()).build().unwrap();
    (mock, client, clock)
}

fn bills(mock: &Mock, client: &Client) -> Bills {
    client.bill().allow_host(mock.address().to_string())
}

/// The day that it is, in Beijing.
fn today(clock: &TestClock) -> BillPeriod {
    DateTime::try_from(clock.time()).unwrap().date().into()
}

async fn download(bills: &Bills, kind: BillKind, period: BillPeriod) -> Bill {
    bills
        .download(kind, period)
        .await
        .unwrap()
        .bill()
        .expect("there is one")
}

/// Payments, refunds of parts and of wholes, and a transfer.
async fn business(mock: &Mock, client: &Client, clock: &TestClock) {
    for (number, amount, subject) in [
        ("A1", "88.80", "一杯茶"),
        ("A2", "0.01", "\"茶\", 一杯\n热的"),
        ("A3", "99999.99", "#,,,\t"),
        ("A4", "20.00", "中文，逗号"),
    ] {
        client
            .trade()
            .precreate(Precreate::new(number, price(amount), subject))
            .await
            .unwrap();
        mock.pay(number).unwrap();
        clock.advance(Duration::from_secs(1));
    }
    for (number, amount, refund) in [("A1", "8.80", "A1_1"), ("A1", "10.01", "A1_2"), ("A4", "20.00", "A4_1")] {
        let refund = Refund::with_out_trade_no(number, price(amount)).out_request_no(refund);
        client.trade().refund(refund).await.unwrap();
        clock.advance(Duration::from_secs(1));
    }
    let transfer = TransToaccountTransfer::new(TransToaccountTransferRequired {
        out_biz_no: "T1".into(),
        payee_type: "ALIPAY_USERID".into(),
        payee_account: "2088102146225135".into(),
        amount: price("72.00"),
    });
    client.fund().trans_toaccount_transfer(transfer).await.unwrap();
}

/// Money that moved: what by, its number, its order, how much, and when.
type Moved = (MovementKind, String, Option<String>, Price, String);

fn ledger(mock: &Mock) -> Vec<Moved> {
    let movements = mock.movements().into_iter();
    let mut all: Vec<_> = movements
        .map(|moved| {
            (
                moved.kind,
                moved.number,
                moved.out_trade_no,
                price(&moved.amount),
                moved.at,
            )
        })
        .collect();
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all
}

fn of_trades(rows: Vec<TradeRow>) -> Vec<Moved> {
    let moved = rows.into_iter().map(|row| {
        assert_eq!(row.amount, row.received, "nobody has vouchers");
        let order = Some(row.out_trade_no.clone());
        match (row.kind, row.out_request_no) {
            (TradeRowKind::Payment, None) => (
                MovementKind::Payment,
                row.out_trade_no,
                order,
                row.amount,
                row.completed.to_string(),
            ),
            (TradeRowKind::Refund, Some(number)) => (
                MovementKind::Refund,
                number,
                order,
                Price::ZERO - row.amount,
                row.completed.to_string(),
            ),
            other => panic!("{other:?}"),
        }
    });
    let mut all: Vec<_> = moved.collect();
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all
}

#[tokio::test]
async fn the_bill_of_a_day_adds_up_to_the_ledger() {
    let (mock, client, clock) = morning().await;
    let day = today(&clock);
    business(&mock, &client, &clock).await;
    let ledger = ledger(&mock);
    assert_eq!(ledger.len(), 8);
    clock.advance(DAY);
    // Of the next day.
    client
        .trade()
        .precreate(Precreate::new("B1", price("5.00"), "茶"))
        .await
        .unwrap();
    mock.pay("B1").unwrap();

    let bills = bills(&mock, &client);
    let bill = download(&bills, BillKind::Trade, day).await;
    let names: Vec<_> = bill.file_names().collect();
    assert!(
        names[0].ends_with("_业务明细(汇总).csv") && names[1].ends_with("_业务明细.csv"),
        "{names:?}"
    );
    let rows: Vec<_> = bill.trades().unwrap().try_collect().await.unwrap();
    let subjects: Vec<_> = rows.iter().take(4).map(|row| row.subject.as_str()).collect();
    assert_eq!(subjects, ["一杯茶", "\"茶\", 一杯\n热的", "#,,,", "中文，逗号"]);
    let expected: Vec<_> = ledger
        .iter()
        .filter(|moved| moved.0 != MovementKind::Transfer)
        .cloned()
        .collect();
    assert_eq!(of_trades(rows), expected);
    let total = bill.summary_rows().unwrap().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(
        total.last().and_then(|row| row.get("实收净额（元）")),
        Some("100069.99")
    );

    // What was downloaded can be kept, and read again.
    let kept = Bill::from_zip(bill.zip().clone(), BillLimits::default()).unwrap();
    assert_eq!(kept.trades().unwrap().try_collect::<Vec<_>>().await.unwrap().len(), 7);

    let bill = download(&bills, BillKind::SignCustomer, day).await;
    let rows: Vec<AccountRow> = bill.account_entries().unwrap().try_collect().await.unwrap();
    let (income, expense): (Price, Price) = (
        rows.iter().map(|row| row.income).sum(),
        rows.iter().map(|row| row.expense).sum(),
    );
    let came = |kind| {
        ledger
            .iter()
            .filter(|moved| moved.0 == kind)
            .map(|moved| moved.3)
            .sum::<Price>()
    };
    assert_eq!(income, came(MovementKind::Payment));
    assert_eq!(expense, came(MovementKind::Refund) + came(MovementKind::Transfer));
    let mut amounts: Vec<_> = rows
        .iter()
        .map(|row| (row.income + row.expense, row.occurred.to_string()))
        .collect();
    let mut moved: Vec<_> = ledger.iter().map(|moved| (moved.3, moved.4.clone())).collect();
    amounts.sort();
    moved.sort();
    assert_eq!(amounts, moved);
    let last = rows.last().unwrap();
    assert_eq!(
        (last.out_trade_no.as_deref(), last.kind.as_deref()),
        (Some("T1"), Some("转账"))
    );
    assert_eq!(last.balance, Some(Price::from_yuan(1_000_000) + income - expense));
}

#[tokio::test]
async fn a_month_has_all_its_days() {
    let (mock, client, clock) = morning().await;
    let first = DateTime::try_from(clock.time()).unwrap();
    business(&mock, &client, &clock).await;
    clock.advance(40 * DAY);
    let month = BillPeriod::month(first.year(), first.month()).unwrap();
    // By V3, the address is asked for by V2 all the same.
    let client = builder(&mock)
        .clock(clock.clone())
        .protocol(Protocol::V3)
        .build()
        .unwrap();
    let bill = download(&bills(&mock, &client), BillKind::Trade, month).await;
    let rows = of_trades(bill.trades().unwrap().try_collect().await.unwrap());
    let mut ledger = ledger(&mock);
    ledger.retain(|moved| moved.0 != MovementKind::Transfer);
    assert_eq!(rows, ledger);
    let asked = mock.last_request(METHOD).unwrap();
    assert!(asked["biz_content"].contains(r#""secure":"true""#), "{asked:?}");
}

#[tokio::test]
async fn a_day_without_business_is_no_error() {
    let (mock, client, clock) = morning().await;
    let day = today(&clock);
    let bills = bills(&mock, &client);
    // Not yet.
    let error = bills.download(BillKind::Trade, day).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.call().unwrap().sub_code_as()),
        (BillErrorKind::Call, Some(Code::IsvInvalidArguments))
    );
    clock.advance(DAY);
    for kind in [BillKind::Trade, BillKind::SignCustomer] {
        let bill = download(&bills, kind.clone(), day).await;
        let count = match kind {
            BillKind::Trade => bill.trades().unwrap().try_collect::<Vec<_>>().await.unwrap().len(),
            _ => bill
                .account_entries()
                .unwrap()
                .try_collect::<Vec<_>>()
                .await
                .unwrap()
                .len(),
        };
        assert_eq!(count, 0);
    }
    // Beyond what there is, and where Alipay says so in other words.
    let absent = bills
        .download(BillKind::Trade, BillPeriod::month(2001, 1).unwrap())
        .await
        .unwrap();
    let BillAnswer::NoBill(reason) = absent else {
        panic!("{absent:?}")
    };
    let refusal = reason.refusal.as_ref().and_then(alipay_api::Error::sub_code_as);
    assert_eq!(refusal, Some(Code::IspBillNotExist));
    assert!(
        reason
            .to_string()
            .starts_with("Alipay has no such bill: nothing happened, or the bill is not made yet (")
    );
    for sub_code in ["BILL_NOT_EXIST", "NO_BILL_DATA"] {
        mock.answer_next(METHOD, "40004", sub_code, false);
        assert!(
            bills.download(BillKind::Trade, day).await.unwrap().bill().is_none(),
            "{sub_code}"
        );
    }
    mock.answer(METHOD, alipay_mock::Answer::from(json!({})).once())
        .unwrap();
    assert!(bills.download(BillKind::Trade, day).await.unwrap().bill().is_none());
    let other = bills
        .download(BillKind::other("settlementMerge"), day)
        .await
        .unwrap_err();
    assert_eq!(other.call().unwrap().sub_code_as(), Some(Code::TypeNotSupported));
    mock.answer_next(METHOD, "40004", "BILL_DATE_BEFORE_REGISTRATION", false);
    let error = bills.download(BillKind::Trade, day).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.call().map(alipay_api::Error::kind)),
        (BillErrorKind::Call, Some(ErrorKind::Gateway))
    );
}

#[tokio::test]
async fn an_address_that_is_over_leads_nowhere() {
    let (mock, client, clock) = morning().await;
    let day = today(&clock);
    clock.advance(DAY);
    let business = json!({ "bill_type": "trade", "bill_date": day.to_string() });
    let answer = client.call_raw(METHOD, business).reads().await.unwrap();
    let url: String = answer.get("bill_download_url").unwrap().unwrap();
    mock.answer(METHOD, json!({ "bill_download_url": url })).unwrap();
    clock.advance(Duration::from_secs(29));
    let bills = bills(&mock, &client);
    download(&bills, BillKind::Trade, day).await;
    clock.advance(Duration::from_secs(1));
    let error = bills.download(BillKind::Trade, day).await.unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Status(404));
    assert!(
        !format!("{error} {error:?}").contains(url.rsplit('/').next().unwrap()),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_bill_of_another_day_is_refused() {
    let (mock, client, clock) = morning().await;
    let day = today(&clock);
    clock.advance(2 * DAY);
    let answer = client
        .call_raw(METHOD, json!({ "bill_type": "trade", "bill_date": day.to_string() }))
        .reads()
        .await
        .unwrap();
    mock.answer(
        METHOD,
        json!({ "bill_download_url": answer.get::<String>("bill_download_url").unwrap() }),
    )
    .unwrap();
    let other = DateTime::try_from(clock.time() - DAY).unwrap().date();
    let bill = download(&bills(&mock, &client), BillKind::Trade, other.into()).await;
    let error = bill.trades().unwrap().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Period);
}

/// Sends calls to the gateway, and answers all else itself.
#[derive(Clone)]
struct Elsewhere {
    gateway: String,
    inner: ReqwestTransport,
    answer: fn(&str) -> Response,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Transport for Elsewhere {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let uri = request.uri().to_string();
        if uri.starts_with(&self.gateway) {
            return self.inner.send(request);
        }
        // Nothing goes with it: no header, no body, no parameter of the client's.
        assert_eq!((request.method(), request.headers().len()), (&Method::GET, 0));
        assert!(request.body().as_bytes().is_some_and(bytes::Bytes::is_empty));
        assert_eq!(
            request.extensions().get::<MethodName>().map(MethodName::as_str),
            Some(METHOD)
        );
        let response = (self.answer)(&uri);
        self.asked.lock().unwrap().push(uri);
        Box::pin(ready(Ok(response)))
    }
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

fn redirect(to: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, to.parse().unwrap());
    response
}

fn elsewhere(uri: &str) -> Response {
    match uri.split_once("?to=") {
        Some((_, "")) => {
            let mut response = redirect("/");
            response.headers_mut().remove(LOCATION);
            response
        }
        Some((_, to)) => redirect(to),
        None if uri.ends_with("/500") => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
        None => Response::new("<html>no archive</html>".into()),
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
async fn bills_come_from_hosts_that_are_known() {
    let (mock, _, clock) = morning().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let transport = Elsewhere {
        gateway: mock.gateway_url(),
        inner: ReqwestTransport::new().unwrap(),
        answer: elsewhere,
        asked: Arc::clone(&asked),
    };
    let client = builder(&mock)
        .clock(clock.clone())
        .transport(transport)
        .build()
        .unwrap();
    let bills = client
        .bill()
        .allow_host("Bills.Example")
        .allow_host("files.example:8443")
        .allow_host("127.0.0.1:8089");
    let day = today(&clock);
    let (address, archive) = (BillErrorKind::Address, BillErrorKind::Archive);
    for (url, kind, fetched) in [
        // Where it is Alipay's or allowed, and over TLS in any case.
        (
            "https://dwbillcenter.alipay.com/a?token=1",
            archive,
            &["https://dwbillcenter.alipay.com/a?token=1"][..],
        ),
        (
            "http://dwbillcenter.alipay.com/a?token=1",
            archive,
            &["https://dwbillcenter.alipay.com/a?token=1"],
        ),
        (
            "https://DWBILLCENTER.alipaydev.com:443/a",
            archive,
            &["https://DWBILLCENTER.alipaydev.com:443/a"],
        ),
        ("https://bills.example/a", archive, &["https://bills.example/a"]),
        ("https://bills.example", archive, &["https://bills.example/"]),
        (
            "https://files.example:8443/a",
            archive,
            &["https://files.example:8443/a"],
        ),
        ("http://127.0.0.1:8089/a", archive, &["http://127.0.0.1:8089/a"]),
        (
            "https://bills.example/500",
            BillErrorKind::Status(500),
            &["https://bills.example/500"],
        ),
        // Elsewhere.
        ("https://evil.example/a", address, &[]),
        ("https://dwbillcenter.alipay.com.evil.example/a", address, &[]),
        ("https://evil.example/dwbillcenter.alipay.com", address, &[]),
        ("https://dwbillcenter.alipay.com@evil.example/a", address, &[]),
        ("https://user:word@dwbillcenter.alipay.com/a", address, &[]),
        ("https://dwbillcenter.alipay.com:8443/a", address, &[]),
        ("http://dwbillcenter.alipay.com:80/a", address, &[]),
        ("https://files.example/a", address, &[]),
        ("http://files.example:8443/a", address, &[]),
        ("http://127.0.0.1:8090/a", address, &[]),
        ("http://localhost:8089/a", address, &[]),
        // Redirects.
        (
            "https://bills.example/?to=https://dwbillcenter.alipay.com/a",
            archive,
            &[
                "https://bills.example/?to=https://dwbillcenter.alipay.com/a",
                "https://dwbillcenter.alipay.com/a",
            ],
        ),
        (
            "https://bills.example/?to=/b",
            archive,
            &["https://bills.example/?to=/b", "https://bills.example/b"],
        ),
        (
            "https://bills.example/?to=//evil.example/b",
            address,
            &["https://bills.example/?to=//evil.example/b"],
        ),
        (
            "https://bills.example/?to=https://evil.example/b",
            address,
            &["https://bills.example/?to=https://evil.example/b"],
        ),
        (
            "https://bills.example/?to=file:///etc/passwd",
            address,
            &["https://bills.example/?to=file:///etc/passwd"],
        ),
        ("https://bills.example/?to=", address, &["https://bills.example/?to="]),
        (
            "https://bills.example/?to=/?to=/?to=/?to=/?to=/",
            address,
            &[
                "https://bills.example/?to=/?to=/?to=/?to=/?to=/",
                "https://bills.example/?to=/?to=/?to=/?to=/",
                "https://bills.example/?to=/?to=/?to=/",
                "https://bills.example/?to=/?to=/",
            ],
        ),
    ] {
        mock.answer(METHOD, json!({ "bill_download_url": url })).unwrap();
        let error = bills.download(BillKind::Trade, day).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert_eq!(*asked.lock().unwrap(), fetched, "{url}");
        assert!(!format!("{error} {error:?}").contains("token=1"), "{error:?}");
        asked.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn what_is_too_large_or_too_slow_is_given_up() {
    let (mock, client, clock) = morning().await;
    let day = today(&clock);
    clock.advance(DAY);
    let mut limits = BillLimits::default();
    limits.download = 100;
    let error = bills(&mock, &client)
        .limits(limits)
        .download(BillKind::Trade, day)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::TooLarge);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    mock.answer(METHOD, json!({ "bill_download_url": format!("http://{address}/a") }))
        .unwrap();
    let bills = client.bill().allow_host(&address).timeout(Duration::from_millis(100));
    let error = bills.download(BillKind::Trade, day).await.unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Timeout);
    drop(silent);
    let error = bills
        .timeout(Duration::from_secs(20))
        .download(BillKind::Trade, day)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BillErrorKind::Transport);
}
