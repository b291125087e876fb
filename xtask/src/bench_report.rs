//! Sets the results of `cargo bench` against their floors.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How a result may differ from its floor.
#[derive(Clone, Copy)]
enum Limit {
    /// At most this many times the floor.
    Times(f64),
    /// At most this many microseconds more than the floor.
    More(f64),
    /// At most this many microseconds, whatever the floor.
    Microseconds(f64),
}

/// A result, its floor, and how far they may be apart: the limits of RSA2 with 2048 bits.
struct Row {
    what: &'static str,
    result: &'static str,
    floor: &'static str,
    limit: Limit,
}

const ROWS: &[Row] = &[
    row("sign with aws-lc", "sign/aws_lc", "sign/aws_lc_raw", Limit::Times(1.02)),
    row(
        "verify with aws-lc",
        "verify/aws_lc",
        "verify/aws_lc_raw",
        Limit::Times(1.02),
    ),
    row("sign with rsa", "sign/rsa", "sign/rsa_raw", Limit::Times(1.02)),
    row("verify with rsa", "verify/rsa", "verify/rsa_raw", Limit::Times(1.02)),
    row(
        "page-pay URL",
        "build_page_pay/library",
        "build_page_pay/raw_sign",
        Limit::Times(1.03),
    ),
    row(
        "the same without crypto",
        "build_page_pay/without_crypto",
        "build_page_pay/raw_sign",
        Limit::Microseconds(2.0),
    ),
    row(
        "request of V3, beside V2",
        "build_v3/library",
        "build_v3/v2",
        Limit::Times(1.03),
    ),
    row(
        "the same without crypto",
        "build_v3/without_crypto",
        "build_v3/v2_without_crypto",
        Limit::Times(1.0),
    ),
    row(
        "notification",
        "notify_trade_status_sync/library",
        "notify_trade_status_sync/raw_verify",
        Limit::More(5.0),
    ),
    row(
        "the same without crypto",
        "notify_trade_status_sync/without_crypto",
        "notify_trade_status_sync/raw_verify",
        Limit::Microseconds(5.0),
    ),
    row(
        "query response",
        "response_trade_query/library",
        "response_trade_query/raw_verify",
        Limit::More(3.0),
    ),
    row(
        "the same without crypto",
        "response_trade_query/without_crypto",
        "response_trade_query/raw_verify",
        Limit::Microseconds(2.0),
    ),
    row(
        "query response of V3, beside V2",
        "response_v3/library",
        "response_v3/v2",
        Limit::Times(1.03),
    ),
    row(
        "the same without crypto",
        "response_v3/without_crypto",
        "response_v3/v2_without_crypto",
        Limit::Times(1.0),
    ),
];

const fn row(what: &'static str, result: &'static str, floor: &'static str, limit: Limit) -> Row {
    Row {
        what,
        result,
        floor,
        limit,
    }
}

/// The table, and whether every result is within its limit.
pub(crate) fn report(workspace: &Path) -> Result<(String, bool), Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), Into::into);
    let results = target.join("criterion");
    let mut table = String::from("| | µs | floor, µs | ratio | limit | |\n|---|---:|---:|---:|---|---|\n");
    let mut holds = true;
    for row in ROWS {
        let result = microseconds(&results, row.result)?;
        let floor = microseconds(&results, row.floor)?;
        let (limit, is_within) = match row.limit {
            Limit::Times(times) => (format!("≤ {times:.2} × floor"), result <= floor * times),
            Limit::More(more) => (format!("≤ floor + {more} µs"), result <= floor + more),
            Limit::Microseconds(most) => (format!("≤ {most} µs"), result <= most),
        };
        holds &= is_within;
        let verdict = if is_within { "" } else { "beyond" };
        let ratio = result / floor;
        writeln!(
            table,
            "| {} | {result:.2} | {floor:.2} | {ratio:.3} | {limit} | {verdict} |",
            row.what
        )?;
    }
    Ok((table, holds))
}

/// The median that criterion has found.
fn microseconds(results: &Path, benchmark: &str) -> Result<f64, Box<dyn Error>> {
    let path = results.join(benchmark).join("new").join("estimates.json");
    let text =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}; run `cargo bench` first", path.display()))?;
    let estimates: serde_json::Value = serde_json::from_str(&text)?;
    let median = estimates
        .pointer("/median/point_estimate")
        .and_then(serde_json::Value::as_f64);
    let nanoseconds = median.ok_or_else(|| format!("{}: it has no median", path.display()))?;
    Ok(nanoseconds / 1000.0)
}
