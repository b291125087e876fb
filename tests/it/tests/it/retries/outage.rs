//! The gateway is down for ten seconds, under 200 calls a second.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alipay_api::{
    Client,
    retry::RetryBudget,
    trade::{Query, Refund},
    transport::{
        BoxFuture, MethodName, Request, ReqwestTransport, Response, Transport, TransportError, TransportErrorKind,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, interval, sleep},
};

use super::{bad_gateway, free};
use crate::support::price;

/// How a gateway is down.
#[derive(Clone, Copy, Debug)]
enum Outage {
    NoConnection,
    Reset,
    BadGateway,
    Silent,
}

/// When it is down, from the beginning on.
const DOWN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(20));
const END: Duration = Duration::from_secs(25);
const EVERY: Duration = Duration::from_millis(5);
/// How long the gateway takes for an answer.
const LATENCY: Duration = Duration::from_millis(20);

fn is_down(at: Duration) -> bool {
    DOWN.0 <= at && at < DOWN.1
}

/// A gateway without a network, which answers everything while it is not down.
#[derive(Clone, Debug)]
struct Gateway {
    outage: Outage,
    start: Instant,
    /// When each request came.
    requests: Arc<Mutex<Vec<Duration>>>,
}

impl Transport for Gateway {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let at = self.start.elapsed();
        self.requests.lock().unwrap().push(at);
        let method = request.extensions().get().map_or("", MethodName::as_str).to_owned();
        Box::pin(async move {
            if is_down(at) {
                let failed = |kind| Err(TransportError::new(kind));
                match self.outage {
                    Outage::NoConnection => return failed(TransportErrorKind::Connect),
                    Outage::Silent => return pending().await,
                    Outage::Reset => {
                        sleep(LATENCY).await;
                        return failed(TransportErrorKind::Broken);
                    }
                    Outage::BadGateway => {
                        sleep(LATENCY).await;
                        return Ok(bad_gateway());
                    }
                }
            }
            sleep(LATENCY).await;
            Ok(Response::new(answer(&method).into()))
        })
    }
}

fn answer(method: &str) -> String {
    let root = method.replace('.', "_");
    format!(r#"{{"{root}_response":{{"code":"10000","trade_no":"1","trade_status":"TRADE_SUCCESS"}},"sign":"AA=="}}"#)
}

/// One call of the load.
struct Made {
    begun: Duration,
    took: Duration,
    succeeded: bool,
}

/// Makes 200 calls a second until the end, three of ten refunds and the others queries, and waits for all.
async fn load(client: &Client, start: Instant, end: Duration) -> Vec<Made> {
    let mut calls = JoinSet::new();
    let mut ticks = interval(EVERY);
    for number in 0.. {
        ticks.tick().await;
        if start.elapsed() >= end {
            break;
        }
        let client = client.clone();
        calls.spawn(async move {
            let begun = start.elapsed();
            let number = number.to_string();
            let succeeded = if number.ends_with(['0', '4', '8']) {
                let refund = Refund::with_out_trade_no(&*number, price("1.00")).out_request_no(&*number);
                client.trade().refund(refund).await.is_ok()
            } else {
                client.trade().query(Query::with_out_trade_no(&*number)).await.is_ok()
            };
            Made {
                begun,
                took: start.elapsed().saturating_sub(begun),
                succeeded,
            }
        });
    }
    calls.join_all().await
}

/// What came of a load.
struct Counted {
    /// During the outage.
    calls: usize,
    requests: usize,
    /// In all.
    all_calls: usize,
    all_requests: usize,
    /// Of those of the outage.
    served: usize,
    /// Of those that began after it.
    after: usize,
    failed_after: usize,
    longest_after: Duration,
}

impl Counted {
    fn new(made: &[Made], requests: &[Duration]) -> Self {
        let of_outage = || made.iter().filter(|call| is_down(call.begun));
        let after = || made.iter().filter(|call| call.begun >= DOWN.1);
        Self {
            calls: of_outage().count(),
            requests: requests.iter().filter(|at| is_down(**at)).count(),
            all_calls: made.len(),
            all_requests: requests.len(),
            served: of_outage().filter(|call| call.succeeded).count(),
            after: after().count(),
            failed_after: after().filter(|call| !call.succeeded).count(),
            longest_after: after().map(|call| call.took).max().unwrap_or_default(),
        }
    }

    /// Tenths of a percent.
    fn ratio(&self) -> usize {
        self.requests * 1000 / self.calls
    }

    #[expect(clippy::print_stdout, reason = "the numbers are for people")]
    fn show(&self, what: &str) {
        println!(
            "{what}: {} requests for {} calls of the outage ({}.{:03} of each), {} for {} in all; {} calls of the outage were served; \
             of {} calls after it, {} failed, and the longest took {:?}",
            self.requests,
            self.calls,
            self.ratio() / 1000,
            self.ratio() % 1000,
            self.all_requests,
            self.all_calls,
            self.served,
            self.after,
            self.failed_after,
            self.longest_after
        );
    }
}

async fn simulated(outage: Outage, budget: RetryBudget) -> Counted {
    let start = Instant::now();
    let gateway = Gateway {
        outage,
        start,
        requests: Arc::default(),
    };
    let client = free("https://gateway.example/gateway.do", gateway.clone());
    let client = client.retry_budget(budget).build().unwrap();
    let made = load(&client, start, END).await;
    let requests = gateway.requests.lock().unwrap();
    Counted::new(&made, &requests)
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied_and_everything_is_served_after_it() {
    for outage in [Outage::NoConnection, Outage::Reset, Outage::BadGateway, Outage::Silent] {
        let counted = simulated(outage, RetryBudget::default()).await;
        counted.show(&format!("{outage:?}"));
        assert!(1_990 <= counted.calls && counted.calls <= 2_010, "{outage:?}");
        assert!(counted.requests * 10 < counted.calls * 12, "{outage:?}");
        assert!(counted.all_requests * 10 < counted.all_calls * 12, "{outage:?}");
        assert!(counted.after >= 990 && counted.failed_after == 0, "{outage:?}");
        assert!(counted.longest_after < Duration::from_secs(1), "{outage:?}");
        // Who fails at once tries again meanwhile.
        if !matches!(outage, Outage::Silent) {
            assert!(counted.requests * 10 > counted.calls * 11, "{outage:?}");
        }
    }
    let counted = simulated(Outage::Reset, RetryBudget::unlimited()).await;
    counted.show("Reset, without a budget");
    assert!(counted.requests * 10 > counted.calls * 28);
}

/// The same over sockets, in the time that it takes: the gateway answers with 502 or resets the connection from the first moment on.
#[tokio::test]
async fn an_outage_over_sockets_is_not_multiplied_either() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    let outage = DOWN.1.saturating_sub(DOWN.0);
    let requests = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let received = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let received = Arc::clone(&received);
            tokio::spawn(async move { serve(stream, start + outage, &received).await });
        }
    });
    let client = free(&gateway, ReqwestTransport::new().unwrap()).build().unwrap();
    let mut made = load(&client, start, outage).await;
    let (calls, of_outage) = (made.len(), requests.swap(0, Ordering::SeqCst));
    made.clear();
    let recovered = Instant::now();
    made.extend(load(&client, recovered, Duration::from_secs(1)).await);
    let counted = Counted {
        calls,
        requests: usize::try_from(of_outage).unwrap(),
        all_calls: calls + made.len(),
        all_requests: usize::try_from(of_outage + requests.load(Ordering::SeqCst)).unwrap(),
        served: 0,
        after: made.len(),
        failed_after: made.iter().filter(|call| !call.succeeded).count(),
        longest_after: made.iter().map(|call| call.took).max().unwrap_or_default(),
    };
    counted.show("over sockets");
    assert!(counted.calls > 1_500, "the load was made");
    assert!(counted.requests * 10 < counted.calls * 12);
    assert!(counted.after > 150 && counted.failed_after == 0);
    assert!(counted.longest_after < Duration::from_secs(1));
}

/// Reads requests, and answers them from this moment on.
async fn serve(mut stream: TcpStream, from: Instant, requests: &AtomicU64) {
    let mut received = Vec::new();
    loop {
        let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
            match stream.read_buf(&mut received).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let head = String::from_utf8_lossy(&received[..end]).into_owned();
        let length = head.to_ascii_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        while received.len() < end + 4 + length {
            if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
                return;
            }
        }
        received.drain(..end + 4 + length);
        let number = requests.fetch_add(1, Ordering::SeqCst);
        let method = head.split("method=").nth(1).unwrap().split(['&', ' ']).next().unwrap();
        let (status, body) = match Instant::now() < from {
            true if number.is_multiple_of(2) => return,
            true => ("502 Bad Gateway", "<html>502</html>".to_owned()),
            false => ("200 OK", answer(method)),
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
