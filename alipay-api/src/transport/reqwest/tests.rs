//! HTTP/2 connections that go silent: the peer is gone, and nothing says so.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::*;

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
        let answer = timeout(LIMIT, transport.send(request.body(Bytes::new()).unwrap()));
        let answer = answer.await.expect("the call ends");
        answer.map(|answer| String::from_utf8_lossy(answer.body()).into_owned())
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
    let builder = builder(Duration::from_secs(5), keep_alive).no_proxy();
    ReqwestTransport(builder.http2_prior_knowledge().build().unwrap())
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
        .expect("it is closed")
        .unwrap();
    assert_eq!(gateway.call(&transport, "/").await.unwrap(), "2");
}
