//! Transports of a user's own, and the proxy of the builder.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use alipay_api::{
    ErrorKind,
    trade::{Precreate, Query},
    transport::{
        BoxFuture, MAX_BODY, MethodName, Request, ReqwestTransport, Response, ResponseBody, Transport, TransportError,
        TransportErrorKind, http_body::Frame,
    },
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::StreamBody;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use crate::support::{builder, certified_builder, price, start, start_certified};

const QUERY: &str = "alipay.trade.query";

/// Counts by method what it passes on.
#[derive(Debug)]
struct Counted<T>(T, Mutex<HashMap<String, usize>>);

impl<T: Transport> Counted<T> {
    fn new(inner: T) -> Arc<Self> {
        Arc::new(Self(inner, Mutex::default()))
    }

    fn count(&self, method: &str) -> usize {
        self.1.lock().unwrap().get(method).copied().unwrap_or_default()
    }
}

impl<T: Transport> Transport for Counted<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let method = request.extensions().get().map_or("", MethodName::as_str).to_owned();
        *self.1.lock().unwrap().entry(method).or_default() += 1;
        self.0.send(request)
    }
}

#[tokio::test]
async fn clients_share_a_transport_that_counts_by_method() {
    let (mock, _) = start_certified().await;
    // A box and an arc of a transport are transports, whatever is in them.
    let inner: Box<dyn Transport> = Box::new(ReqwestTransport::new().unwrap());
    let transport = Counted::new(inner);
    let shared: Arc<dyn Transport> = transport.clone();
    let clients = [(); 2].map(|()| certified_builder(&mock).transport(Arc::clone(&shared)).build().unwrap());
    mock.roll_over_alipay_certificate().unwrap();
    for client in &clients {
        let query = client.trade().query(Query::with_out_trade_no("1"));
        assert_eq!(query.await.unwrap_err().sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
        let raw = client.call_raw(QUERY, serde_json::json!({ "out_trade_no": "1" }));
        assert_eq!(raw.await.unwrap_err().sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    }
    assert_eq!(transport.count(QUERY), 4);
    assert_eq!(transport.count("alipay.open.app.alipaycert.download"), 2);
    assert_eq!(transport.count(""), 0);
}

/// Refuses so many requests, and passes on the others.
#[derive(Debug)]
struct Limiter {
    inner: ReqwestTransport,
    refusals: AtomicUsize,
    kind: TransportErrorKind,
}

impl Transport for Limiter {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let count = |left: usize| left.checked_sub(1);
        if self
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count)
            .is_ok()
        {
            let error = TransportError::new(self.kind).with_source("too many requests");
            return Box::pin(ready(Err(error)));
        }
        self.inner.send(request)
    }
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again_whatever_it_does() {
    for (kind, expected, calls) in [
        (TransportErrorKind::NotSent, None, 3),
        (TransportErrorKind::Connect, None, 3),
        // That would not pass.
        (TransportErrorKind::Unusable, Some((ErrorKind::Configuration, false)), 1),
        // That may have been carried out.
        (TransportErrorKind::Broken, Some((ErrorKind::Transport, true)), 1),
        (TransportErrorKind::Timeout, Some((ErrorKind::Timeout, true)), 1),
    ] {
        let (mock, _) = start().await;
        let limiter = Limiter {
            inner: ReqwestTransport::new().unwrap(),
            refusals: AtomicUsize::new(2),
            kind,
        };
        let transport = Counted::new(limiter);
        let client = builder(&mock).transport(Arc::clone(&transport)).build().unwrap();
        let order = client
            .trade()
            .precreate(Precreate::new("1", price("1.00"), "subject"))
            .await;
        let error = order.err();
        let unknown = error.as_ref().map(|error| (error.kind(), error.is_outcome_unknown()));
        assert_eq!(unknown, expected, "{error:?}");
        assert_eq!(transport.count("alipay.trade.precreate"), calls, "{kind:?}");
        assert_eq!(mock.requests(), u64::from(expected.is_none()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_transports_own_is_told() {
    let (mock, _) = start().await;
    let limiter = Limiter {
        inner: ReqwestTransport::new().unwrap(),
        refusals: AtomicUsize::new(1),
        kind: TransportErrorKind::NotSent,
    };
    let client = builder(&mock).transport(limiter).max_attempts(1).build().unwrap();
    let order = Precreate::new("1", price("1.00"), "subject");
    let error = client.trade().precreate(order).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "alipay.trade.precreate: the request was not sent: too many requests"
    );
    assert!(error.kind() == ErrorKind::Transport && error.is_retryable() && !error.is_outcome_unknown());
}

/// Answers without an end, and counts the chunks that were read. It does not look at any limit.
#[derive(Clone, Debug, Default)]
struct Endless(Arc<AtomicUsize>);

const CHUNK: usize = 1 << 20;

impl Transport for Endless {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let count = Arc::clone(&self.0);
        let chunks = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b' '; CHUNK])))
        });
        Box::pin(ready(Ok(Response::new(ResponseBody::stream(StreamBody::new(
            chunks.boxed(),
        ))))))
    }
}

/// Answers with more than the limit, at once.
#[derive(Debug)]
struct Large;

impl Transport for Large {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(ready(Ok(Response::new(vec![b' '; MAX_BODY + 1].into()))))
    }
}

#[tokio::test]
async fn no_transport_makes_the_client_read_more_than_the_limit() {
    let (mock, _) = start().await;
    let endless = Endless::default();
    for client in [
        builder(&mock).transport(endless.clone()).build().unwrap(),
        builder(&mock).transport(Large).build().unwrap(),
    ] {
        let order = Precreate::new("1", price("1.00"), "subject");
        let error = client.trade().precreate(order).await.unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Malformed, true));
        let told = "alipay.trade.precreate: the answer is too large: the limit is 8 MiB; ";
        assert!(error.to_string().starts_with(told), "{error}");
    }
    assert_eq!(endless.0.load(Ordering::SeqCst), MAX_BODY / CHUNK + 1);
}

/// An HTTP proxy that answers each request with this, and tells what it was asked.
async fn proxy(answer: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap() == 0 {
                    break;
                }
            }
            sender
                .send(String::from_utf8_lossy(&head).to_ascii_lowercase())
                .unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

#[tokio::test]
async fn the_builders_proxy_is_asked_and_its_password_never_shown() {
    const REFUSAL: &str =
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // `user:hunter@2`
    const AUTHORISATION: &str = "proxy-authorization: basic dxnlcjpodw50zxjamg==";

    let (mock, _) = start().await;
    let (address, mut asked) = proxy(REFUSAL).await;
    for (gateway, begins) in [
        (
            "http://gateway.invalid/gateway.do",
            "post http://gateway.invalid/gateway.do?",
        ),
        ("https://gateway.invalid/gateway.do", "connect gateway.invalid:443 "),
    ] {
        let builder = builder(&mock)
            .gateway(gateway)
            .proxy(format!("http://user:hunter%402@{address}"))
            .max_attempts(1);
        let client = builder.build().unwrap();
        let order = Precreate::new("1", price("1.00"), "subject");
        let error = client.trade().precreate(order).await.unwrap_err();
        let head = asked.try_recv().expect("the proxy was asked");
        assert!(head.starts_with(begins) && head.contains(AUTHORISATION), "{head}");
        let shown = format!("{error} {error:?} {client:?}");
        assert!(!shown.contains("hunter") && !shown.contains("user:"), "{shown}");
        // Without a tunnel, the gateway was not asked.
        let is_tunnel = gateway.starts_with("https");
        assert_eq!(error.is_outcome_unknown(), !is_tunnel, "{error}");
    }
}

#[tokio::test]
async fn what_is_no_proxy_is_refused() {
    let (mock, _) = start().await;
    for url in [
        "proxy.example:3128",
        "hunter2://user@proxy.example",
        "http://user:hunter2@",
    ] {
        let error = builder(&mock).proxy(url).build().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
        assert!(
            error.to_string().contains("the proxy's URL must have a scheme"),
            "{error}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    // It would not be used.
    let transport = ReqwestTransport::new().unwrap();
    let error = builder(&mock)
        .proxy("http://proxy.example:3128")
        .transport(transport)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.to_string().starts_with("a proxy is set beside a transport"),
        "{error}"
    );
}
