//! Requests and pages of `tests/cases/`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alipay_api::{
    Client, Error, ErrorKind, PageCall,
    notify::{SUCCESS, TradeStatusSync},
    trade::{AppPay, Create, CreateRequired, PagePay, Pay, PayRequired, Precreate, Query, Refund, WapPay},
    transport::{BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind},
};
use serde_json::json;

use super::case;
use crate::{
    pages::{as_a_browser_reads, submit},
    support::{builder, merchant, price, start, start_lenient},
};

/// Counts what would be sent.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<AtomicUsize>);

impl Transport for Counter {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(TransportError::new(TransportErrorKind::Broken)) })
    }
}

/// The call that a case describes.
fn page_pay(client: &Client, case: &serde_json::Value) -> PageCall {
    assert_eq!(case["call"], "page_pay");
    let subject = case["subject"].as_str().unwrap_or("subject");
    let mut request = PagePay::new("1", price("0.01"), subject);
    for (field, value) in [
        ("body", &mut request.body),
        ("passback_params", &mut request.passback_params),
    ] {
        *value = case[field].as_str().map(str::to_owned);
    }
    client.trade().page_pay(request)
}

fn refused(error: &Error, words: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Request, "{error}");
    assert!(!error.is_outcome_unknown() && !error.is_retryable());
    for word in words {
        assert!(error.to_string().contains(word), "no {word:?} in: {error}");
    }
}

#[tokio::test]
async fn what_would_be_refused_when_it_comes_back_is_not_sent() {
    let (_mock, client) = start().await;
    for (name, words) in [
        (
            "requests/passback-with-a-parameter-of-the-notification",
            ["`passback_params` holds `&trade_no=`", "percent-encode the whole value"],
        ),
        (
            "requests/subject-with-a-parameter-of-the-notification",
            ["`subject` holds `&trade_no=`", "write the value otherwise"],
        ),
    ] {
        let call = page_pay(&client, &case(name));
        refused(&call.url().unwrap_err(), &words);
        refused(&call.form().unwrap_err(), &words);
    }
}

/// The notification of a payment that says this is taken, paid and refunded.
async fn is_told(subject: &str, body: &str, passback_params: &str) {
    let (mock, client) = start_lenient().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("1", price("0.01"), subject);
    let order = order.body(body).passback_params(passback_params);
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    let refund = Refund::with_out_trade_no("1", price("0.01")).out_request_no(subject);
    client.trade().refund(refund).await.unwrap();
    let refunded = |told: &TradeStatusSync| told.out_biz_no.as_deref() == Some(subject);
    let mut told = Vec::new();
    for _ in 0..2 {
        let notified = client.notifications().verify(posted.recv().await.unwrap()).unwrap();
        told.push(notified.expect_order("1", price("0.01")).unwrap());
    }
    assert!(told.iter().any(|told| refunded(told)));
    for told in told {
        assert_eq!(
            (
                told.subject.as_deref(),
                told.body.as_deref(),
                told.passback_params.as_deref()
            ),
            (Some(subject), Some(body), Some(passback_params))
        );
    }
}

#[tokio::test]
async fn what_the_error_advises_is_taken_when_it_comes_back() {
    is_told("A& trade_no=1", "&a=1&trade_no", "uid%3D1%26trade_no%3D5").await;
    is_told(
        "https://example.com/?a=1&b=2&z=3",
        "a=1&b=2&c=3",
        "a=1&b=2&uid=3&zone=4",
    )
    .await;
    is_told("R&D = research", "{\"a\":\"b&c=1\"}", "&=&&x&").await;
}

#[tokio::test]
async fn every_kind_of_call_is_refused_before_anything_is_sent() {
    let (mock, _) = start().await;
    let counter = Counter::default();
    let client = builder(&mock).transport(counter.clone()).build().unwrap();
    let trade = client.trade();
    let (amount, subject) = (price("0.01"), "A&trade_no=1");
    let words = ["`subject` holds `&trade_no=`"];
    refused(
        &trade.wap_pay(WapPay::new("1", amount, subject)).url().unwrap_err(),
        &words,
    );
    refused(
        &trade
            .app_pay(AppPay::new("1", amount, subject))
            .order_string()
            .unwrap_err(),
        &words,
    );
    refused(
        &trade.precreate(Precreate::new("1", amount, subject)).await.unwrap_err(),
        &words,
    );
    refused(
        &trade
            .pay(Pay::with_auth_code(
                "28",
                PayRequired {
                    out_trade_no: "1".into(),
                    total_amount: amount,
                    subject: subject.into(),
                },
            ))
            .await
            .unwrap_err(),
        &words,
    );
    let create = Create::with_buyer_id(
        "2088",
        CreateRequired {
            out_trade_no: "1".into(),
            total_amount: amount,
            subject: "subject".into(),
        },
    )
    .body("x&gmt_refund=1");
    refused(
        &trade.create(create).await.unwrap_err(),
        &["`body` holds `&gmt_refund=`"],
    );
    // It comes back under another name.
    let refund = Refund::with_out_trade_no("1", amount).out_request_no("1&out_trade_no=2");
    refused(
        &trade.refund(refund).await.unwrap_err(),
        &["`out_request_no` holds `&out_trade_no=`"],
    );
    // A field that the request's type does not have, and calls by name.
    let mut query = PagePay::new("1", amount, "subject");
    query.extra.insert("seller_email", &json!("a&subject=b"));
    refused(
        &trade.page_pay(query).url().unwrap_err(),
        &["`seller_email` holds `&subject=`"],
    );
    let raw = client.call_raw("alipay.trade.create", json!({"subject": subject, "total_amount": 1}));
    refused(&raw.await.unwrap_err(), &words);
    let raw = client
        .call_raw("alipay.trade.create", json!({}))
        .parameter("subject", subject);
    refused(&raw.await.unwrap_err(), &words);
    assert_eq!(counter.0.load(Ordering::SeqCst), 0);

    // Nobody is notified of a question, nor told of what does not come back.
    let sent = |error: Error| assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    sent(trade.query(Query::with_out_trade_no("1&trade_no=2")).await.unwrap_err());
    sent(
        client
            .call_raw("alipay.trade.query", json!({"subject": subject}))
            .reads()
            .await
            .unwrap_err(),
    );
    sent(
        client
            .call_raw("alipay.trade.create", json!({"store_name": subject}))
            .await
            .unwrap_err(),
    );
    assert!(counter.0.load(Ordering::SeqCst) >= 3);
}

#[tokio::test]
async fn a_form_survives_a_page_that_is_read_as_gbk() {
    let (mock, client) = start_lenient().await;
    let case = case("pages/form-in-a-gbk-page");
    assert_eq!(case["page_is_read_as"], "gbk");
    let form = page_pay(&client, &case).form().unwrap();
    assert!(form.is_ascii(), "{form}");
    for charset in [encoding_rs::GBK, encoding_rs::WINDOWS_1252] {
        let (page, _, _) = charset.decode(form.as_bytes());
        assert_eq!(as_a_browser_reads(&page), as_a_browser_reads(&form));
    }
    let (page, _, _) = encoding_rs::GBK.decode(form.as_bytes());
    let (status, answer) = submit(&page).await;
    assert_eq!(status, 200);
    assert!(!answer.contains("isv.invalid-signature"), "{answer}");
    let opened = mock.trade("1").unwrap();
    assert_eq!(opened.subject, case["subject"].as_str().unwrap());
}
