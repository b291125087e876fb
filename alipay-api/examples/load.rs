//! How many calls a second, and how long each takes: the library, beside a bare reqwest that sends the same bytes without signing or
//! verifying, and beside the bare arithmetic of the signature.
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
use axum::{Router, routing::post};
use hdrhistogram::Histogram;
use tokio::{net::TcpListener, task::JoinSet};

type Failure = Box<dyn Error + Send + Sync>;

const CONTENT: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","buyer_pay_amount":"88.88","out_trade_no":"20161112","receipt_amount":"88.88","send_pay_date":"2024-01-02 03:04:07","total_amount":"88.88","trade_no":"2024010222001473700100000001","trade_status":"TRADE_SUCCESS"}"#;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let calls: u64 = arguments.next().as_deref().unwrap_or("20000").parse()?;
    let concurrent: u64 = arguments.next().as_deref().unwrap_or("64").parse()?;

    let (app, alipay) = (KeyPair::generate()?, KeyPair::generate()?);
    let gateway = serve(&alipay).await?;
    let cores = thread::available_parallelism()?.get();
    let signatures = signatures_per_second(&PrivateKey::parse(&app.to_pem()?)?, cores)?;
    println!("{cores} cores sign {signatures:.0} times a second; {calls} calls, {concurrent} at a time\n");
    println!("              calls/s    p50 µs    p90 µs    p99 µs   p99.9 µs    MiB after 1,000    MiB at the end");

    let bare = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{gateway}?method=alipay.trade.query&sign={}", "x".repeat(344));
    let body = format!("biz_content={}", "x".repeat(60));
    let floor = measure("bare reqwest", calls, concurrent, || {
        let request = bare.post(&url).body(body.clone());
        async move {
            request.send().await?.bytes().await?;
            Ok(())
        }
    })
    .await?;

    let credentials = Credentials::public_key(&app.to_pem()?, &alipay.public_key().to_base64()?)?;
    let client = Client::builder("2021000000000001", credentials)
        .gateway(gateway)
        .build()?;
    let library = measure("alipay-api", calls, concurrent, || {
        let client = client.clone();
        async move {
            client.trade().query(Query::with_out_trade_no("20161112")).await?;
            Ok(())
        }
    })
    .await?;

    let both = 1.0 / (1.0 / signatures + 1.0 / floor);
    println!("\n{:.0} % of the signatures alone", 100.0 * library / signatures);
    println!(
        "{:.0} % of signatures and bare requests one after the other",
        100.0 * library / both
    );
    Ok(())
}

/// A gateway that gives everybody the same signed answer.
async fn serve(alipay: &KeyPair) -> Result<String, Failure> {
    let sign = alipay.sign(MockSignType::Rsa2, CONTENT.as_bytes())?;
    let answer = Arc::<str>::from(format!(
        r#"{{"alipay_trade_query_response":{CONTENT},"sign":"{sign}"}}"#
    ));
    let router = Router::new().route("/gateway.do", post(async move || answer.to_string()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let gateway = format!("http://{}/gateway.do", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(gateway)
}

/// What all cores together can sign.
fn signatures_per_second(key: &PrivateKey, cores: usize) -> Result<f64, Failure> {
    let signer = key.signer(SignType::Rsa2)?;
    let count = AtomicU64::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while begin.elapsed() < Duration::from_secs(2) {
                    _ = signer.sign(&[b'x'; 400]);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    Ok(per_second(count.into_inner(), begin.elapsed()))
}

/// Calls until all are done, prints what it took, and gives the calls per second.
async fn measure<F>(name: &str, calls: u64, concurrent: u64, call: impl Fn() -> F) -> Result<f64, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut latencies = Histogram::<u64>::new(3)?;
    let (mut sent, mut done, mut after_first) = (0, 0, 0.0);
    let begin = Instant::now();
    while done < calls {
        while sent < calls && sent - done < concurrent {
            let call = call();
            running.spawn(async move {
                let begin = Instant::now();
                call.await.map(|()| begin.elapsed())
            });
            sent += 1;
        }
        let Some(result) = running.join_next().await else { break };
        latencies.record(u64::try_from(result??.as_micros())?)?;
        done += 1;
        if done == 1000 {
            after_first = resident_mebibytes();
        }
    }
    let rate = per_second(done, begin.elapsed());
    let at = |quantile| latencies.value_at_quantile(quantile);
    println!(
        "{name:<12}  {rate:>7.0}  {:>8}  {:>8}  {:>8}  {:>9}  {after_first:>17.1}  {:>16.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        resident_mebibytes(),
    );
    Ok(rate)
}

#[allow(clippy::cast_precision_loss, reason = "for people to read")]
fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// What the process holds, where the system says so in `/proc`.
fn resident_mebibytes() -> f64 {
    let pages = |statm: String| statm.split(' ').nth(1)?.parse::<f64>().ok();
    fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(pages)
        .unwrap_or(f64::NAN)
        * 4096.0
        / 1_048_576.0
}
