//! The numbers and tokens that Alipay issues.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::clock::beijing_day;

/// Counts up through all gateways of the process, so that no two issue the same number.
static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Where the numbers come from while a gateway with a seed is at work on this thread.
    static SEEDED: Cell<Option<Chance>> = const { Cell::new(None) };
}

/// Chance that comes from a seed: the same one gives the same numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    next: u64,
    /// `SplitMix64`'s.
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { next: 1, state: seed }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Takes the numbers that `action` issues from this chance.
pub(crate) fn seeded<T>(chance: &Mutex<Chance>, action: impl FnOnce() -> T) -> T {
    struct Kept<'a>(MutexGuard<'a, Chance>);
    impl Drop for Kept<'_> {
        fn drop(&mut self) {
            if let Some(chance) = SEEDED.take() {
                *self.0 = chance;
            }
        }
    }
    let kept = Kept(chance.lock().unwrap_or_else(PoisonError::into_inner));
    SEEDED.set(Some(*kept.0));
    action()
}

/// What the chance of the gateway at work gives, if that has a seed.
fn from_seed<T>(take: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    let mut chance = SEEDED.get()?;
    let taken = take(&mut chance);
    SEEDED.set(Some(chance));
    Some(taken)
}

fn next() -> u64 {
    from_seed(Chance::next).unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Below this, a number may have been issued.
pub(crate) fn issued() -> u64 {
    NEXT.load(Ordering::Relaxed)
}

/// Issues none below this any more.
pub(crate) fn skip_to(next: u64) {
    NEXT.fetch_max(next, Ordering::Relaxed);
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

/// The code that a buyer scans.
pub(crate) fn qr_code() -> String {
    format!("bax{}", random(8))
}

/// The code that a payer scans to have money frozen.
pub(crate) fn preauth_qr_code() -> String {
    format!("aax{}", random(8))
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

/// As many random bytes, for an initialisation vector.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    let is_filled =
        from_seed(|chance| chance.fill(&mut buffer)).is_some() || aws_lc_rs::rand::fill(&mut buffer).is_ok();
    if !is_filled {
        // Without randomness, at least no two are the same.
        Chance::new(next()).fill(&mut buffer);
    }
    buffer
}

/// `2 * bytes` random hexadecimal digits.
pub(crate) fn random(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    let is_filled = from_seed(|chance| chance.fill(&mut buffer)).is_some();
    if !is_filled && aws_lc_rs::rand::fill(&mut buffer).is_err() {
        // Without randomness, at least no two are the same.
        return format!("{:0width$x}", next(), width = 2 * bytes);
    }
    buffer.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let now = Timestamp::UNIX_EPOCH;
        let issue = |seed| {
            let chance = Mutex::new(Chance::new(seed));
            let issue = || seeded(&chance, || (trade_no(now), token(now), random(5)));
            (issue(), issue())
        };
        let (first, second) = issue(1);
        assert_eq!(issue(1), (first.clone(), second.clone()));
        assert!(first.0 != second.0 && first.1 != second.1);
        assert_ne!(issue(2).0.1, first.1);
        // Others get theirs from the system.
        assert_ne!(random(16), random(16));
    }
}
