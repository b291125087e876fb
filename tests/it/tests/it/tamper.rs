//! One changed byte anywhere: nothing of it reaches the caller.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use alipay_api::{
    ErrorKind,
    trade::{Create, CreateRequired, Query},
    transport::{BoxFuture, MAX_BODY, Request, ReqwestTransport, Response, Transport, TransportError},
};
use bytes::Bytes;

use crate::support::{builder, price, start};

/// Answers every request with the same bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canned(Arc<Mutex<Bytes>>, Arc<AtomicUsize>);

impl Canned {
    pub(crate) fn get(&self) -> Bytes {
        self.0.lock().unwrap().clone()
    }

    /// How many requests were answered.
    pub(crate) fn sent(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, body: impl Into<Vec<u8>>) {
        *self.0.lock().unwrap() = body.into().into();
    }
}

impl Transport for Canned {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let body = self.0.lock().unwrap().clone();
        Box::pin(async move { Ok(Response::new(body.into())) })
    }
}

/// Passes requests on and keeps the last answer.
#[derive(Debug)]
pub(crate) struct Recorder {
    inner: ReqwestTransport,
    last: Canned,
}

impl Recorder {
    pub(crate) fn new(last: &Canned) -> Self {
        Self {
            inner: ReqwestTransport::new().unwrap(),
            last: last.clone(),
        }
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (head, body) = self.inner.send(request).await?.into_parts();
            let body = body.collect(MAX_BODY).await?;
            self.last.set(body.clone());
            Ok(Response::from_parts(head, body.into()))
        })
    }
}

#[tokio::test]
async fn a_changed_byte_in_an_answer_is_refused() {
    let (mock, client) = start().await;
    let create = Create::with_buyer_id(
        "2088102146225135",
        CreateRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject · 你好".into(),
        },
    );
    client.trade().create(create).await.unwrap();
    let canned = Canned::default();
    let client = builder(&mock).transport(Recorder::new(&canned)).build().unwrap();
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap();

    let client = builder(&mock)
        .transport(canned.clone())
        .max_attempts(1)
        .build()
        .unwrap();
    client
        .trade()
        .query(Query::with_out_trade_no("1"))
        .await
        .expect("the recorded answer holds");
    let genuine = canned.get();
    for index in 0..genuine.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut changed = genuine.to_vec();
            changed[index] ^= change;
            canned.set(changed);
            let error = client
                .trade()
                .query(Query::with_out_trade_no("1"))
                .await
                .expect_err("a changed byte");
            assert!(
                matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed),
                "byte {index} ^ {change:#x}: {error}"
            );
        }
    }
    // A signed refusal whose signature is broken off is a refusal that nobody signed.
    let sender = builder(&mock).transport(Recorder::new(&canned)).build().unwrap();
    let error = sender.trade().query(Query::with_out_trade_no("2")).await.unwrap_err();
    assert!(error.is_verified(), "{error}");
    let refusal = canned.get();
    for index in 0..refusal.len() {
        let mut changed = refusal.to_vec();
        changed[index] ^= 0x01;
        canned.set(changed);
        let error = client
            .trade()
            .query(Query::with_out_trade_no("2"))
            .await
            .expect_err("a changed byte");
        assert!(!error.is_verified(), "byte {index}: {error}");
    }
    for length in 0..genuine.len() {
        canned.set(&genuine[..length]);
        let error = client
            .trade()
            .query(Query::with_out_trade_no("1"))
            .await
            .expect_err("cut short");
        assert_eq!(error.kind(), ErrorKind::Malformed, "{length} bytes");
    }
}
