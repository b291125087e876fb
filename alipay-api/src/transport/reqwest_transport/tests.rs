//! What the wire does: HTTP/2 connections that go silent, bodies that come while they are read.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use http_body_util::StreamBody;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::{
    builder::{KeepAlive, client_builder},
    *,
};
use crate::{
    ErrorKind,
    transport::{MAX_BODY, RequestBody},
};

/// No more than a limit for what would never end.
const LIMIT: Duration = Duration::from_secs(30);
/// To this path, the connection answers nothing any more.
const SILENCE: &str = "/silence";

/// A gateway that speaks HTTP/2 without TLS, behind a relay that can fall silent.
struct Gateway {
    address: SocketAddr,
    /// How many connections were made.
    connections: Arc<AtomicUsize>,
    /// How many the client has closed.
    closed: watch::Receiver<usize>,
    /// The number of the last connection that has fallen silent.
    silent: Arc<watch::Sender<usize>>,
}

impl Gateway {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let (closing, closed) = watch::channel(0);
        let closing = Arc::new(closing);
        let silent = Arc::new(watch::Sender::new(0));
        let silence = Arc::clone(&silent);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let server = serve(number, Arc::clone(&silence)).await;
                tokio::spawn(relay(client, server, number, silence.subscribe(), Arc::clone(&closing)));
            }
        });
        Self {
            address,
            connections,
            closed,
            silent,
        }
    }

    /// Calls it: the number of the connection that the answer came over.
    async fn call(&self, transport: &ReqwestTransport, path: &str) -> Result<String, TransportError> {
        let request = http::Request::post(format!("http://{}{path}", self.address));
        let answer = timeout(LIMIT, transport.send(request.body(RequestBody::default()).unwrap()));
        let answer = answer.await.expect("the call ends");
        let body = answer?.into_body().collect(100).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// Answers with the connection's number, and says when silence is asked for.
async fn serve(number: usize, silence: Arc<watch::Sender<usize>>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relayed = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            if request.uri().path() == SILENCE {
                silence.send_replace(number);
            }
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            body.send_data(number.to_string().into(), true).unwrap();
        }
    });
    relayed
}

/// Hands bytes on in both directions, until it falls silent: from then on it takes what comes, and that is all.
async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    number: usize,
    mut silence: watch::Receiver<usize>,
    closing: Arc<watch::Sender<usize>>,
) {
    let (mut from_client, mut from_server) = (vec![0; 4096], vec![0; 4096]);
    loop {
        tokio::select! {
            biased;
            () = async { drop(silence.wait_for(|silent| *silent >= number).await) } => break,
            read = client.read(&mut from_client) => match read {
                Ok(length @ 1..) => server.write_all(&from_client[..length]).await.unwrap(),
                _ => break,
            },
            read = server.read(&mut from_server) => match read {
                Ok(length @ 1..) => client.write_all(&from_server[..length]).await.unwrap(),
                _ => break,
            },
        }
    }
    while matches!(client.read(&mut from_client).await, Ok(1..)) {}
    closing.send_modify(|closed| *closed += 1);
}

fn transport() -> ReqwestTransport {
    let keep_alive = KeepAlive {
        interval: Duration::from_millis(200),
        timeout: Duration::from_millis(200),
    };
    let builder = client_builder(Duration::from_secs(5), keep_alive).no_proxy();
    ReqwestTransport {
        client: builder.http2_prior_knowledge().build().unwrap(),
        is_known: true,
    }
}

#[tokio::test]
async fn a_call_over_a_silent_connection_fails_and_the_next_has_another() {
    let gateway = Gateway::start().await;
    let transport = transport();
    assert_eq!(gateway.call(&transport, "/").await.unwrap(), "1");
    let error = gateway.call(&transport, SILENCE).await.unwrap_err();
    // Something was sent: nobody knows what became of it.
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(gateway.call(&transport, "/").await.unwrap(), "2");
    assert_eq!(gateway.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_falls_silent_between_calls_is_not_kept() {
    let gateway = Gateway::start().await;
    let transport = transport();
    assert_eq!(gateway.call(&transport, "/").await.unwrap(), "1");
    gateway.silent.send_replace(1);
    let mut closed = gateway.closed.clone();
    timeout(LIMIT, closed.wait_for(|closed| *closed == 1))
        .await
        .expect("the connection must be closed in time")
        .unwrap();
    assert_eq!(gateway.call(&transport, "/").await.unwrap(), "2");
}

/// The head of the next request, and what has come of its body.
async fn head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(
            stream.read_buf(&mut bytes).await.unwrap(),
            0,
            "the connection was closed"
        );
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return (String::from_utf8(bytes).unwrap().to_ascii_lowercase(), body);
        }
    }
}

fn post(address: SocketAddr, body: impl Into<RequestBody>) -> Request {
    http::Request::post(format!("http://{address}/"))
        .body(body.into())
        .unwrap()
}

fn direct() -> ReqwestTransport {
    let keep_alive = KeepAlive {
        interval: LIMIT,
        timeout: LIMIT,
    };
    ReqwestTransport {
        client: client_builder(LIMIT, keep_alive).no_proxy().build().unwrap(),
        is_known: true,
    }
}

#[tokio::test]
async fn a_stream_is_sent_as_it_comes() {
    const CHUNK: usize = 64 << 10;
    const LENGTH: u64 = 64 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let chunks = stream::repeat_with(move || {
        let made = count.fetch_add(CHUNK as u64, Ordering::SeqCst);
        (made < LENGTH).then(|| Ok::<_, Infallible>(http_body::Frame::data(vec![b'x'; CHUNK].into())))
    });
    let chunks = chunks.take_while(|chunk| std::future::ready(chunk.is_some()));
    let chunks = chunks.filter_map(std::future::ready);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, body) = head(&mut stream).await;
        assert!(head.contains(&format!("content-length: {LENGTH}\r\n")), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        let (mut received, mut most_in_memory) = (body.len() as u64, 0);
        let mut buffer = vec![0; CHUNK];
        while received < LENGTH {
            most_in_memory = most_in_memory.max(made.load(Ordering::SeqCst) - received);
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "the connection was closed");
            received += read as u64;
        }
        assert_eq!(received, LENGTH);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
        most_in_memory
    };
    let transport = direct();
    let request = post(address, RequestBody::stream(LENGTH, StreamBody::new(chunks)));
    let (answer, most_in_memory) = tokio::join!(transport.send(request), server);
    assert_eq!(answer.unwrap().into_body().collect(10).await.unwrap(), "ok");
    // The kernel has some of it.
    assert!(
        most_in_memory < LENGTH / 2,
        "{most_in_memory} bytes were made before they were sent"
    );
}

#[tokio::test]
async fn a_stream_of_another_length_is_never_taken_for_the_whole() {
    for text in ["123", "12345"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            // Until the client gives up.
            drop(stream.read_to_end(&mut bytes).await);
            let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            head.map_or_else(Vec::new, |head| bytes.split_off(head + 4))
        };
        let transport = direct();
        let chunks = text
            .bytes()
            .map(|byte| Ok::<_, Infallible>(http_body::Frame::data(vec![byte].into())));
        let request = post(address, RequestBody::stream(4, StreamBody::new(stream::iter(chunks))));
        let (answer, body) = tokio::join!(transport.send(request), server);
        assert_eq!(answer.unwrap_err().kind(), TransportErrorKind::Broken);
        assert!(body.len() < 4, "{body:?}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        let mut chunk = format!("{:x}\r\n", 64 << 10).into_bytes();
        chunk.extend(vec![b'x'; 64 << 10]);
        chunk.extend(b"\r\n");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        // The client closes the connection.
        while stream.write_all(&chunk).await.is_ok() {}
    };
    let transport = direct();
    let read = async {
        transport
            .send(post(address, ""))
            .await
            .unwrap()
            .into_body()
            .collect(MAX_BODY)
            .await
    };
    let (answer, ()) = tokio::join!(
        timeout(LIMIT, read),
        timeout(LIMIT, server).map(|ended| ended.expect("the connection must be closed in time"))
    );
    assert_eq!(
        answer.expect("it ends").unwrap_err().kind(),
        TransportErrorKind::TooLarge
    );
}

#[tokio::test]
async fn a_redirect_that_a_users_client_follows_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in [
            &b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /other\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            stream.write_all(answer).await.unwrap();
        }
    });
    let transport = ReqwestTransport::from_client(reqwest::Client::builder().no_proxy().build().unwrap());
    let error = transport.send(post(address, "")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Broken);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.starts_with("the HTTP client has followed a redirect: "),
        "{cause}"
    );
    // Without a redirect, it is like any other.
    let answer = transport.send(post(address, "")).await.unwrap();
    assert_eq!(answer.into_body().collect(10).await.unwrap(), "ok");
}

/// The address tells nothing where a redirect points to itself.
#[tokio::test]
async fn a_users_client_sends_no_body_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sent, mut received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            sent.send(head(&mut stream).await).unwrap();
            let answer =
                b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let transport = ReqwestTransport::from_client(reqwest::Client::builder().no_proxy().build().unwrap());
    let answer = transport.send(post(address, "a=1")).await.unwrap();
    assert_eq!(answer.status(), 307);
    received.recv().await.unwrap();
    assert!(received.try_recv().is_err(), "sent twice");
}

#[tokio::test]
async fn what_the_client_cannot_send_is_not_sent() {
    let request = http::Request::post("ftp://gateway.example/")
        .body(RequestBody::default())
        .unwrap();
    let error = direct().send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unusable, "{error:?}");
}

#[tokio::test]
async fn a_connection_that_is_closed_before_it_is_used_has_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.shutdown().await.unwrap();
        let mut received = Vec::new();
        drop(stream.read_to_end(&mut received).await);
        received
    };
    // The server has its turn before the connection that the client has made.
    let transport = direct();
    let (received, answer) = tokio::join!(server, transport.send(post(address, "")));
    assert_eq!(answer.unwrap_err().kind(), TransportErrorKind::NotSent);
    assert!(received.is_empty(), "{received:?}");
}

#[test]
fn a_proxys_password_is_never_shown() {
    let builder = ReqwestTransport::builder().proxy("http://user:hunter2@proxy.example:3128");
    let transport = builder.build().unwrap();
    let shown = format!("{builder:?} {transport:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let error = ReqwestTransport::builder().proxy("hunter2").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("the HTTP client can't be set up: the proxy's URL must have a scheme")
            && !shown.contains("hunter2"),
        "{shown}"
    );
}
