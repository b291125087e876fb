//! Whole lists of methods that give them page by page.

use std::sync::{Arc, Mutex};

use alipay_api::{
    Client, Error, ErrorKind, Items, Pages, Protocol,
    data::BillAccountlogQuery,
    fund::JointaccountBillQuery,
    method::Paged,
    social::BaseContentlibStandardcontentBatchquery,
    trade::{
        RoyaltyRelationBatchquery, RoyaltyRelationBind,
        royalty_relation_batchquery::{RoyaltyRelationBatchqueryErrorCode, RoyaltyRelationBatchqueryResponse},
        types::RoyaltyEntity,
    },
};
use alipay_mock::{Answer, Fault, Mock};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{builder, start};

const RELATIONS: &str = "alipay.trade.royalty.relation.batchquery";

type Relations = RoyaltyRelationBatchqueryResponse;

fn query() -> RoyaltyRelationBatchquery {
    RoyaltyRelationBatchquery::new().out_request_no("list_1")
}

fn relations(client: &Client) -> Pages<Relations> {
    client.trade().royalty_relation_batchquery(query()).pages()
}

fn account(number: usize) -> String {
    format!("2088{number:012}")
}

fn accounts(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(account).collect()
}

/// The accounts of the receivers.
fn named(receivers: &[RoyaltyEntity]) -> Vec<String> {
    receivers
        .iter()
        .map(|receiver| receiver.account.clone().unwrap_or_default())
        .collect()
}

async fn read(items: Items<Relations>) -> Result<Vec<String>, Error> {
    items.try_collect::<Vec<_>>().await.map(|receivers| named(&receivers))
}

/// Everything that a stream gives, and that it gives no more after its end.
async fn all<T>(mut stream: impl Stream<Item = Result<T, Error>> + Unpin) -> (Vec<T>, Option<Error>) {
    let (mut items, mut last) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        assert!(last.is_none(), "nothing comes after an error");
        match item {
            Ok(item) => items.push(item),
            Err(error) => last = Some(error),
        }
    }
    assert!(stream.next().await.is_none());
    (items, last)
}

/// The page numbers and sizes that a gateway was asked for.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<(Value, Value)>>>);

impl Asked {
    fn note(&self, number: &Value, size: &Value) {
        self.0.lock().unwrap().push((number.clone(), size.clone()));
    }

    fn take(&self) -> Vec<(Value, Value)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn numbers(&self) -> Vec<u64> {
        self.take().iter().map(|(number, _)| number.as_u64().unwrap()).collect()
    }
}

/// The receivers with these numbers, as the gateway shows them.
fn shown(numbers: impl Iterator<Item = usize>) -> Vec<Value> {
    numbers
        .map(|number| json!({ "type": "userId", "account": account(number) }))
        .collect()
}

/// Has the gateway answer with what `make` makes of the numbers on the page that is asked for, of so many receivers, and of the page's number.
fn serve(mock: &Mock, count: usize, make: impl Fn(Vec<Value>, usize) -> Value + Send + Sync + 'static) -> Asked {
    let asked = Asked::default();
    let noted = asked.clone();
    let answer = Answer::of(move |request: &Value| {
        noted.note(&request["page_num"], &request["page_size"]);
        let number = |name: &str| usize::try_from(request[name].as_u64().unwrap()).unwrap();
        let (page, size) = (number("page_num"), number("page_size"));
        let before = (page - 1) * size;
        make(shown((before + 1..=count).take(size)), page)
    });
    mock.answer(RELATIONS, answer.exactly()).unwrap();
    asked
}

/// An answer that says nothing of the whole list.
fn bare(receivers: &[Value]) -> Value {
    json!({ "code": "10000", "msg": "Success", "result_code": "SUCCESS", "receiver_list": receivers })
}

/// An answer that says how many receivers there are.
fn of_total(receivers: &[Value], total: usize) -> Value {
    let mut answer = bare(receivers);
    answer["total_record_num"] = total.into();
    answer
}

/// Binds receivers with the numbers from 1.
async fn bind(client: &Client, count: usize) {
    let numbers: Vec<usize> = (1..=count).collect();
    for numbers in numbers.chunks(20) {
        let receivers = numbers
            .iter()
            .map(|number| RoyaltyEntity::new().r#type("userId").account(account(*number)));
        let bind = RoyaltyRelationBind::new().receiver_list(receivers.collect::<Vec<_>>());
        client.trade().royalty_relation_bind(bind).await.unwrap();
    }
}

#[tokio::test]
async fn all_items_come_once_in_spite_of_a_fault() {
    let (mock, client) = start().await;
    bind(&client, 250).await;
    for protocol in [Protocol::V2, Protocol::V3] {
        for fault in [|| Fault::CloseConnection, || Fault::HttpStatus(502)] {
            let sent = mock.requests_of(RELATIONS);
            let call = client.trade().royalty_relation_batchquery(query()).protocol(protocol);
            let mut receivers = call.pages().items();
            let mut found = Vec::new();
            while let Some(receiver) = receivers.try_next().await.unwrap() {
                found.push(receiver.account.unwrap_or_default());
                if found.len() == 100 {
                    assert_eq!(
                        mock.requests_of(RELATIONS) - sent,
                        1,
                        "no page is asked for before it is needed"
                    );
                    mock.fault_next(fault());
                }
            }
            found.sort_unstable();
            assert_eq!(found, accounts(1..=250), "{protocol:?} {:?}", fault());
            assert_eq!(mock.requests_of(RELATIONS) - sent, 4, "three pages, one of them twice");
        }
    }
}

#[tokio::test]
async fn pages_come_whole() {
    let (_mock, client) = start().await;
    bind(&client, 45).await;
    let query = query().page_size(20);
    let pages = client.trade().royalty_relation_batchquery(query).pages();
    let (pages, error) = all(pages).await;
    assert!(error.is_none());
    let sizes: Vec<_> = pages.iter().map(|page| page.receiver_list.len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
    let numbers: Vec<_> = pages
        .iter()
        .map(|page| (page.current_page_num, page.total_record_num))
        .collect();
    assert_eq!(numbers, [(Some(1), Some(45)), (Some(2), Some(45)), (Some(3), Some(45))]);
}

#[tokio::test]
async fn the_answer_says_where_the_list_ends() {
    let (mock, client) = start().await;
    for (count, pages) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (250, 3)] {
        let numbers: Vec<u64> = (1..=pages).collect();
        let asked = serve(&mock, count, move |page, _| of_total(&page, count));
        assert_eq!(read(relations(&client).items()).await.unwrap(), accounts(1..=count));
        assert_eq!(asked.numbers(), numbers, "{count} by their number");
        let asked = serve(&mock, count, move |page, _| {
            let mut answer = bare(&page);
            answer["total_page_num"] = pages.into();
            answer
        });
        assert_eq!(read(relations(&client).items()).await.unwrap(), accounts(1..=count));
        assert_eq!(asked.numbers(), numbers, "{count} by the number of pages");
    }
}

#[tokio::test]
async fn else_an_empty_page_ends_it() {
    let (mock, client) = start().await;
    for (count, pages) in [(0, 1), (99, 2), (100, 2), (200, 3), (250, 4)] {
        let asked = serve(&mock, count, |page, _| bare(&page));
        assert_eq!(read(relations(&client).items()).await.unwrap(), accounts(1..=count));
        assert_eq!(asked.numbers(), (1..=pages).collect::<Vec<_>>(), "{count}");
    }
}

#[tokio::test]
async fn an_empty_list_has_one_page() {
    let (_mock, client) = start().await;
    let (pages, error) = all(relations(&client)).await;
    let [page] = pages.as_slice() else {
        panic!("{} pages", pages.len())
    };
    assert!(page.receiver_list.is_empty() && error.is_none());
    assert_eq!(page.total_record_num, Some(0));
}

#[tokio::test]
async fn a_short_page_ends_nothing() {
    let (mock, client) = start().await;
    // Twenty at most, whatever is asked for.
    for total in [None, Some(55)] {
        let asked = serve(&mock, 55, move |_, number| {
            let page = shown(((number - 1) * 20 + 1..=55).take(20));
            total.map_or_else(|| bare(&page), |total| of_total(&page, total))
        });
        assert_eq!(read(relations(&client).items()).await.unwrap(), accounts(1..=55));
        assert_eq!(asked.numbers().len(), if total.is_some() { 3 } else { 4 });
    }
    // Page 2 is short, because some of its items are hidden.
    let hides = |page: Vec<Value>, number| {
        page.into_iter()
            .skip(if number == 2 { 30 } else { 0 })
            .collect::<Vec<_>>()
    };
    serve(&mock, 250, move |page, number| of_total(&hides(page, number), 250));
    let expected = accounts((1..=100).chain(131..=250));
    assert_eq!(read(relations(&client).items()).await.unwrap(), expected);
}

#[tokio::test]
async fn a_gateway_without_an_end_is_left() {
    let (mock, client) = start().await;
    let asked = serve(&mock, usize::MAX, |page, _| bare(&page));
    let (pages, error) = all(relations(&client).max_pages(5)).await;
    assert_eq!((pages.len(), asked.numbers()), (5, vec![1, 2, 3, 4, 5]));
    let error = error.unwrap();
    assert_eq!((error.kind(), error.page()), (ErrorKind::Paging, Some(6)));
    assert_eq!(error.method(), Some(RELATIONS));
    assert!(
        error.to_string().contains("page 6: there are more than the 5 pages"),
        "{error}"
    );
    // The page where it ended is the next one.
    let (pages, error) = all(relations(&client).from_page(6).max_pages(2)).await;
    assert_eq!(
        (pages.len(), asked.numbers(), error.unwrap().page()),
        (2, vec![6, 7], Some(8))
    );
    // Exactly as many as there are.
    serve(&mock, 200, |page, _| of_total(&page, 200));
    let (pages, error) = all(relations(&client).max_pages(2)).await;
    assert!(pages.len() == 2 && error.is_none());
}

#[tokio::test]
async fn a_gateway_that_repeats_a_page_is_left() {
    let (mock, client) = start().await;
    let asked = serve(&mock, 250, |_, _| of_total(&shown(1..=100), 250));
    let (receivers, error) = all(relations(&client).items()).await;
    assert_eq!(named(&receivers), accounts(1..=100));
    let error = error.unwrap();
    assert_eq!((error.kind(), error.page()), (ErrorKind::Paging, Some(2)));
    assert!(
        error.to_string().contains("the same items as the page before it"),
        "{error}"
    );
    assert_eq!(asked.numbers(), [1, 2]);
}

#[tokio::test]
async fn an_empty_page_before_the_end_is_an_error() {
    let (mock, client) = start().await;
    let of_pages = |page: Vec<Value>| {
        let mut answer = bare(&page);
        answer["total_page_num"] = 3.into();
        answer
    };
    for (given, page) in [(100, 2), (0, 1)] {
        serve(&mock, given, |page, _| of_total(&page, 250));
        let by_items = all(relations(&client).items()).await;
        serve(&mock, given, move |page, _| of_pages(page));
        let by_pages = all(relations(&client).items()).await;
        for ((receivers, error), says) in [(by_items, "there are 250 items"), (by_pages, "there are 3 pages")] {
            let error = error.unwrap();
            assert_eq!(
                (receivers.len(), error.kind(), error.page()),
                (given, ErrorKind::Paging, Some(page))
            );
            assert!(error.to_string().contains(&format!("says that {says}")), "{error}");
        }
    }
}

#[tokio::test]
async fn an_error_says_where_to_go_on() {
    let (mock, client) = start().await;
    bind(&client, 250).await;
    let mut pages = relations(&client);
    let first = pages.try_next().await.unwrap().unwrap();
    mock.answer_next(RELATIONS, "40004", "INVALID_PARAMETER", false);
    let error = pages.try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.page()), (ErrorKind::Gateway, Some(2)));
    let code = error.sub_code_as::<RoyaltyRelationBatchqueryErrorCode>();
    assert_eq!(code, Some(RoyaltyRelationBatchqueryErrorCode::InvalidParameter));
    assert!(error.to_string().contains(&format!("{RELATIONS}: page 2: ")), "{error}");
    assert!(pages.try_next().await.unwrap().is_none(), "it has ended");
    assert_eq!(mock.requests_of(RELATIONS), 2);
    let rest = relations(&client).from_page(error.page().unwrap()).items();
    let mut found = [named(&first.receiver_list), read(rest).await.unwrap()].concat();
    found.sort_unstable();
    assert_eq!(found, accounts(1..=250));
}

#[tokio::test]
async fn a_fault_that_stays_is_the_error_of_its_page() {
    let mock = Mock::start().await.unwrap();
    let client = builder(&mock).max_attempts(2).build().unwrap();
    serve(&mock, 250, |page, _| of_total(&page, 250));
    let mut pages = relations(&client);
    pages.try_next().await.unwrap().unwrap();
    mock.fault_next(Fault::HttpStatus(502));
    mock.fault_next(Fault::HttpStatus(502));
    let error = pages.try_next().await.unwrap_err();
    assert_eq!((error.page(), error.http_status()), (Some(2), Some(502)));
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
    assert_eq!(mock.requests_of(RELATIONS), 3);
}

#[tokio::test]
async fn a_list_that_is_read_from_its_middle_ends_too() {
    let (mock, client) = start().await;
    // By the pages.
    let mut answered = serve(&mock, 250, |page, _| {
        let mut answer = of_total(&page, 250);
        answer["total_page_num"] = 3.into();
        answer
    });
    assert_eq!(
        read(relations(&client).from_page(2).items()).await.unwrap(),
        accounts(101..=250)
    );
    assert_eq!(answered.numbers(), [2, 3]);
    // By an empty page, for how many came before is not known.
    answered = serve(&mock, 250, |page, _| of_total(&page, 250));
    assert_eq!(
        read(relations(&client).from_page(2).items()).await.unwrap(),
        accounts(101..=250)
    );
    assert_eq!(answered.numbers(), [2, 3, 4]);
    // Beyond the end there is nothing.
    let (pages, error) = all(relations(&client).from_page(9)).await;
    assert!(pages.len() == 1 && pages[0].receiver_list.is_empty() && error.is_none());
}

#[tokio::test]
async fn a_request_keeps_its_page_and_size() {
    let (mock, client) = start().await;
    let asked = serve(&mock, 70, |page, _| of_total(&page, 70));
    let relations = |query| client.trade().royalty_relation_batchquery(query).pages();
    let found = read(relations(query().page_num(2).page_size(30)).items())
        .await
        .unwrap();
    assert_eq!(found, accounts(31..=70));
    assert_eq!(asked.take()[0], (json!(2), json!(30)));
    // What was said last counts.
    let found = read(relations(query().page_num(2).page_size(30)).from_page(3).items())
        .await
        .unwrap();
    assert_eq!(found, accounts(61..=70));
    assert_eq!(asked.take()[0], (json!(3), json!(30)));
    // Without any, the first page and the most that a page may have.
    assert_eq!(read(relations(query()).items()).await.unwrap(), accounts(1..=70));
    assert_eq!(asked.take(), [(json!(1), json!(100))]);
    for (pages, problem) in [
        (
            relations(query().page_size(101)),
            "`page_size` is 101, and a page has at most 100 items",
        ),
        (
            relations(query().page_size(0)),
            "`page_size` is 0: a page has at least one item",
        ),
        (
            relations(query().page_size(-1)),
            "`page_size`: expected a whole number from 0",
        ),
        (
            relations(query().page_num(0)),
            "`page_num` is 0, and the first page has the number 1",
        ),
        (
            relations(query()).from_page(0),
            "`page_num` is 0, and the first page has the number 1",
        ),
    ] {
        let (pages, error) = all(pages).await;
        let error = error.unwrap();
        assert!(pages.is_empty() && asked.take().is_empty());
        assert_eq!((error.kind(), error.page()), (ErrorKind::Request, None));
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn numbers_are_text_where_the_gateway_has_them_so() {
    let (mock, client) = start().await;
    let asked = Asked::default();
    let noted = asked.clone();
    let answer = Answer::of(move |request: &Value| {
        noted.note(&request["page_no"], &request["page_size"]);
        let number: usize = request["page_no"].as_str().unwrap().parse().unwrap();
        let detail = |number| json!({ "account_log_id": account(number) });
        let details: Vec<_> = ((number - 1) * 2000 + 1..=4500).take(2000).map(detail).collect();
        json!({ "page_no": number.to_string(), "total_size": "4500", "detail_list": details })
    });
    mock.answer("alipay.data.bill.accountlog.query", answer).unwrap();
    let query = || {
        let query = BillAccountlogQuery::new().start_time("2026-03-01 00:00:00".parse().unwrap());
        query.end_time("2026-03-02 00:00:00".parse().unwrap())
    };
    let logs = |query| client.data().bill_accountlog_query(query).pages().items();
    let (logged, error) = all(logs(query())).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(logged.len(), 4500);
    assert_eq!(logged[4499].account_log_id.as_deref(), Some(&*account(4500)));
    let pages = ["1", "2", "3"].map(|number| (json!(number), json!("2000")));
    assert_eq!(asked.take(), pages);
    let (_, error) = all(logs(query().page_no("x"))).await;
    assert!(
        error
            .unwrap()
            .to_string()
            .contains("`page_no`: expected a whole number")
    );
    assert!(asked.take().is_empty());
}

#[tokio::test]
async fn an_answer_says_whether_another_page_follows() {
    let (mock, client) = start().await;
    let method = "alipay.fund.jointaccount.bill.query";
    let answer = Answer::of(|request: &Value| {
        let number: usize = request["page_num"].as_str().unwrap().parse().unwrap();
        let bills: Vec<_> = (0..20)
            .map(|at| json!({ "bill_no": account(number * 100 + at) }))
            .collect();
        json!({ "has_next_page": number < 3, "bill_list": bills })
    });
    mock.answer(method, answer).unwrap();
    let bills = || {
        client
            .fund()
            .jointaccount_bill_query(JointaccountBillQuery::new())
            .pages()
    };
    let (items, error) = all(bills().items()).await;
    assert!(items.len() == 60 && error.is_none(), "{error:?}");
    assert_eq!(mock.requests_of(method), 3);
    mock.answer(method, json!({ "has_next_page": true, "bill_list": [] }))
        .unwrap();
    let (_, error) = all(bills()).await;
    assert!(error.unwrap().to_string().contains("says that another page follows"));
}

#[tokio::test]
async fn items_can_be_texts() {
    let (mock, client) = start().await;
    let ids = json!({ "content_ids": ["1", "2", "3"], "total": 3 });
    mock.answer("alipay.social.base.contentlib.standardcontent.batchquery", ids)
        .unwrap();
    let query = BaseContentlibStandardcontentBatchquery::new();
    let ids = client
        .social()
        .base_contentlib_standardcontent_batchquery(query)
        .pages()
        .items();
    assert_eq!(ids.try_collect::<Vec<String>>().await.unwrap(), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_empty() {
    let (mock, client) = start().await;
    serve(&mock, 250, |_, _| {
        let mut answer = of_total(&[], 250);
        answer["receiver_list"] = json!(["no object"]);
        answer
    });
    let (pages, error) = all(relations(&client)).await;
    let error = error.unwrap();
    assert_eq!(
        (pages.len(), error.kind(), error.page()),
        (0, ErrorKind::Decode, Some(1))
    );
    assert!(
        error.to_string().contains("the items in `receiver_list` can't be read"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_that_is_dropped_asks_no_more() {
    let (mock, client) = start().await;
    serve(&mock, 250, |page, _| of_total(&page, 250));
    let mut pages = relations(&client);
    pages.try_next().await.unwrap().unwrap();
    let (fault, mut release) = Fault::delay();
    mock.fault_next(fault);
    tokio::select! {
        page = pages.next() => panic!("{page:?}"),
        () = release.reached() => drop(pages),
    }
    release.release();
    assert_eq!(mock.requests_of(RELATIONS), 2);
}

#[test]
fn a_program_without_a_runtime_has_an_iterator() {
    let runtime = Runtime::new().unwrap();
    let (mock, client) = runtime.block_on(start());
    runtime.block_on(bind(&client, 250));
    let mut pages = relations(&client).blocking();
    assert_eq!(pages.next().unwrap().unwrap().items().len(), 100);
    mock.fault_next(Fault::CloseConnection);
    let rest: Vec<_> = pages.map(|page| page.unwrap().receiver_list.len()).collect();
    assert_eq!(rest, [100, 50]);
    assert_eq!(mock.requests_of(RELATIONS), 4);
    let found: Result<Vec<_>, _> = relations(&client).items().blocking().collect();
    let mut found = named(&found.unwrap());
    found.sort_unstable();
    assert_eq!(found, accounts(1..=250));
    // In a runtime nothing is sent.
    let sent = mock.requests();
    runtime.block_on(async {
        let errors: Vec<_> = relations(&client).blocking().collect();
        let [Err(error)] = errors.as_slice() else {
            panic!("{errors:?}")
        };
        assert_eq!(error.kind(), ErrorKind::Configuration);
    });
    assert_eq!(mock.requests(), sent);
}
