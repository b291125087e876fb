//! The numbers and tokens that Alipay issues.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::clock::beijing_day;

/// Counts up through all gateways of the process, so that no two issue the same number.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A trade's number: 28 digits, beginning with the day.
pub(crate) fn trade_no(now: Timestamp) -> String {
    format!("{}22001{:015}", beijing_day(now), next())
}

/// A transfer's number: 32 digits.
pub(crate) fn order_id(now: Timestamp) -> String {
    format!("{}110070{:018}", beijing_day(now), next())
}

/// The number of a movement of funds: 32 digits.
pub(crate) fn fund_order_id(now: Timestamp) -> String {
    format!("{}110075{:018}", beijing_day(now), next())
}

/// A pre-authorisation's number: 28 digits.
pub(crate) fn auth_no(now: Timestamp) -> String {
    format!("{}10002001{:012}", beijing_day(now), next())
}

/// The number of an operation of a pre-authorisation: 20 digits.
pub(crate) fn operation_id(now: Timestamp) -> String {
    format!("{}{:012}", beijing_day(now), next())
}

/// The number of a user's agreement: 20 digits.
pub(crate) fn agreement_no(now: Timestamp) -> String {
    format!("{}{:012}", beijing_day(now), next())
}

/// A settlement's number: 32 digits.
pub(crate) fn settle_no(now: Timestamp) -> String {
    format!("{}0025{:020}", beijing_day(now), next())
}

/// An application's number: 28 digits.
pub(crate) fn application(now: Timestamp) -> String {
    format!("{}00502{:015}", beijing_day(now), next())
}

/// A complaint's number: 28 digits.
pub(crate) fn complaint(now: Timestamp) -> String {
    format!("{}00102{:015}", beijing_day(now), next())
}

/// A notification's number: 34 characters.
pub(crate) fn notify_id(now: Timestamp) -> String {
    format!("{}00222{:021}", beijing_day(now), next())
}

/// The text of a QR code that a buyer scans.
pub(crate) fn qr_code() -> String {
    format!("https://qr.alipay.com/bax{}", random(8))
}

/// The text of a QR code that a payer scans to have money frozen.
pub(crate) fn preauth_qr_code() -> String {
    format!("https://qr.alipay.com/aax{}", random(8))
}

/// A token: 40 characters, of which the first ones show the month.
pub(crate) fn token(now: Timestamp) -> String {
    let day = beijing_day(now);
    format!("{}BB{}", &day[..day.len().min(6)], random(16))
}

/// A user's token: 40 characters.
pub(crate) fn user_token() -> String {
    format!("authusrB{}", random(16))
}

/// The number of an app or a user: 16 digits, the first of which say what it is.
pub(crate) fn account(prefix: &str) -> String {
    let number = u64::from_str_radix(&random(4), 16).unwrap_or_default();
    format!("{prefix}{number:012}")
}

/// `2 * bytes` random hexadecimal digits.
pub(crate) fn random(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    if aws_lc_rs::rand::fill(&mut buffer).is_err() {
        // Without randomness, at least no two are the same.
        return format!("{:0width$x}", next(), width = 2 * bytes);
    }
    buffer.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
