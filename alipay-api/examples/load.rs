//! Calls per second and their latency: the library, compared with a bare reqwest that sends the same bytes without signing or
//! verifying, and with the signatures alone: one made and one verified for each call.
//!
//! `cargo run --release --example load -- [calls] [concurrent calls]`; by default 20,000 and 64. The answers come from a server in the
//! same process, signed beforehand, so the server's work and the kernel's are in both.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]

use std::{
    env,
    error::Error,
    fs,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use alipay_api::{
    Client, Credentials,
    sign::{PrivateKey, SignType},
    trade::Query,
};
use alipay_mock::keys::{KeyPair, SignType as MockSignType};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

type Failure = Box<dyn Error + Send + Sync>;

/// How many rounds each kind of work gets.
const ROUNDS: u64 = 10;

const CONTENT: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","buyer_pay_amount":"88.88","out_trade_no":"20161112","receipt_amount":"88.88","send_pay_date":"2024-01-02 03:04:07","total_amount":"88.88","trade_no":"2024010222001473700100000001","trade_status":"TRADE_SUCCESS"}"#;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let calls: u64 = arguments.next().as_deref().unwrap_or("20000").parse()?;
    let concurrent: u64 = arguments.next().as_deref().unwrap_or("64").parse()?;

    let (app, alipay) = (KeyPair::generate()?, KeyPair::generate()?);
    let gateway = serve(&alipay).await?;
    let bare = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{gateway}?method=alipay.trade.query&sign={}", "x".repeat(344));
    let body = format!("biz_content={}", "x".repeat(60));
    let private_key = PrivateKey::parse(&app.to_pem()?)?;
    let credentials = Credentials::public_key(&app.to_pem()?, &alipay.public_key().to_base64()?)?;
    let client = Client::builder("2021000000000001", credentials)
        .gateway(gateway)
        .build()?;

    let cores = thread::available_parallelism()?.get();
    let mut arithmetic = Load::new("sign and verify")?;
    let mut floor = Load::new("bare reqwest")?;
    let mut library = Load::new("alipay-api")?;
    // In turn, because other programs may use the cores, too.
    for _ in 0..ROUNDS {
        arithmetic.sign_and_verify(&private_key, cores)?;
        let (bare, url, body) = (bare.clone(), url.clone(), body.clone());
        floor
            .measure(calls / ROUNDS, concurrent, move || {
                let request = bare.post(&url).body(body.clone());
                async move {
                    request.send().await?.bytes().await?;
                    Ok(())
                }
            })
            .await?;
        let client = client.clone();
        library
            .measure(calls / ROUNDS, concurrent, move || {
                let client = client.clone();
                async move {
                    client.trade().query(Query::with_out_trade_no("20161112")).await?;
                    Ok(())
                }
            })
            .await?;
    }

    println!("{cores} cores, {concurrent} calls at a time, {ROUNDS} rounds of each in turn\n");
    println!("                   per s    p50 µs    p90 µs    p99 µs   p99.9 µs    MiB after 1,000    MiB at the end");
    for load in [&arithmetic, &floor, &library] {
        load.print();
    }
    let both = 1.0 / (1.0 / arithmetic.rate() + 1.0 / floor.rate());
    let share = |of: f64| 100.0 * library.rate() / of;
    println!("\n{:.0} % of signing and verifying alone", share(arithmetic.rate()));
    println!("{:.0} % of that and bare requests, one after the other", share(both));
    Ok(())
}

/// A gateway that always sends the same signed answer, with as little work as possible, because it shares the cores.
async fn serve(alipay: &KeyPair) -> Result<String, Failure> {
    let sign = alipay.sign(MockSignType::Rsa2, CONTENT.as_bytes())?;
    let body = format!(r#"{{"alipay_trade_query_response":{CONTENT},"sign":"{sign}"}}"#);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let answer = Arc::<[u8]>::from((head + &body).into_bytes());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let gateway = format!("http://{}/gateway.do", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(answer_all(connection, Arc::clone(&answer)));
        }
    });
    Ok(gateway)
}

/// Answers each request of a connection.
async fn answer_all(mut connection: TcpStream, answer: Arc<[u8]>) -> Result<(), Failure> {
    connection.set_nodelay(true)?;
    let mut received = Vec::with_capacity(4096);
    while connection.read_buf(&mut received).await? > 0 {
        if let Some(length) = request_length(&received)
            && received.len() >= length
        {
            received.drain(..length);
            connection.write_all(&answer).await?;
        }
    }
    Ok(())
}

/// The length of the first request, once its head is complete.
fn request_length(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let fields = str::from_utf8(&received[..head]).ok()?.lines();
    let length = fields
        .filter_map(|field| field.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Some(head + 4 + length?.1.parse::<usize>().ok()?)
}

/// The measurements of one kind of work.
struct Load {
    name: &'static str,
    done: u64,
    time: Duration,
    latencies: Histogram<u64>,
    after_first: f64,
    at_end: f64,
}

impl Load {
    fn new(name: &'static str) -> Result<Self, Failure> {
        Ok(Self {
            name,
            done: 0,
            time: Duration::ZERO,
            latencies: Histogram::new(3)?,
            after_first: f64::NAN,
            at_end: f64::NAN,
        })
    }

    /// Half a second of a call's arithmetic, on all cores.
    fn sign_and_verify(&mut self, key: &PrivateKey, cores: usize) -> Result<(), Failure> {
        let signer = key.signer(SignType::Rsa2)?;
        let verifier = key.public_key().verifier(SignType::Rsa2)?;
        let message = [b'x'; 400];
        let signature = signer.sign_now(&message).ok_or("the key is local")??;
        let count = AtomicU64::new(0);
        let started = Instant::now();
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    while started.elapsed() < Duration::from_millis(500) {
                        let is_right = signer.sign_now(&message).is_some_and(|signature| signature.is_ok())
                            && verifier.verify(&message, &signature).is_ok();
                        count.fetch_add(u64::from(is_right), Ordering::Relaxed);
                    }
                });
            }
        });
        self.done += count.into_inner();
        self.time += started.elapsed();
        Ok(())
    }

    /// Makes all calls, with one task for each concurrent call.
    async fn measure<F>(
        &mut self,
        calls: u64,
        concurrent: u64,
        call: impl Fn() -> F + Clone + Send + 'static,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let begun = Arc::new(AtomicU64::new(self.done));
        let until = self.done + calls;
        let mut callers = JoinSet::new();
        let started = Instant::now();
        for _ in 0..concurrent {
            let (begun, call) = (Arc::clone(&begun), call.clone());
            callers.spawn(async move {
                let mut latencies = Histogram::<u64>::new(3)?;
                let mut after_first = None;
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed);
                    if number >= until {
                        return Ok::<_, Failure>((latencies, after_first));
                    }
                    if number == 1000 {
                        after_first = Some(resident_mebibytes());
                    }
                    let started = Instant::now();
                    call().await?;
                    latencies.record(u64::try_from(started.elapsed().as_micros())?)?;
                }
            });
        }
        while let Some(caller) = callers.join_next().await {
            let (latencies, after_first) = caller??;
            self.latencies.add(latencies)?;
            self.after_first = after_first.unwrap_or(self.after_first);
        }
        self.time += started.elapsed();
        self.done = until;
        self.at_end = resident_mebibytes();
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "for people to read")]
    fn rate(&self) -> f64 {
        self.done as f64 / self.time.as_secs_f64()
    }

    fn print(&self) {
        print!("{:<15}  {:>7.0}", self.name, self.rate());
        if !self.latencies.is_empty() {
            let [p50, p90, p99, most] =
                [0.5, 0.9, 0.99, 0.999].map(|quantile| self.latencies.value_at_quantile(quantile));
            print!("  {p50:>8}  {p90:>8}  {p99:>8}  {most:>9}");
            print!("  {:>17.1}  {:>16.1}", self.after_first, self.at_end);
        }
        println!();
    }
}

/// The memory of the process, if the system reports it in `/proc`.
fn resident_mebibytes() -> f64 {
    let pages = |statm: String| statm.split(' ').nth(1)?.parse::<f64>().ok();
    fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(pages)
        .unwrap_or(f64::NAN)
        * 4096.0
        / 1_048_576.0
}
