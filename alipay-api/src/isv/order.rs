//! Which of two pairs of tokens is newer, by the clocks of several processes.

use std::time::{Duration, SystemTime};

use super::store::Authorisation;

/// How far the clocks of an app's processes may differ. A greater difference means that a clock was set since.
pub(super) const APART: Duration = Duration::from_secs(60);
/// The resolution of stores: a millisecond.
const STEP: Duration = Duration::from_millis(1);

/// Whether one pair was issued after the other: for a later authorisation of the merchant, or by a later refresh of the same authorisation.
///
/// Two authorisations within a minute may be the same one, timed by two clocks. Then the time of issue decides.
pub(super) fn follows(one: &Authorisation, other: &Authorisation) -> bool {
    if apart(one.authorised_at, other.authorised_at) < APART {
        return one.issued_at > other.issued_at;
    }
    one.authorised_at > other.authorised_at
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|behind| behind.duration())
}

/// The time of an event that happens `now`, after another event: always the later of the two, even if the clock that timed the other is some
/// seconds ahead.
pub(super) fn after(earlier: SystemTime, now: SystemTime) -> SystemTime {
    match earlier.duration_since(now) {
        Ok(ahead) if ahead < APART => earlier + STEP,
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn pair(authorised: u64, issued: u64) -> Authorisation {
        let mut pair = Authorisation::new("token", "refresh", "user", at(authorised));
        pair.issued_at = at(issued);
        pair
    }

    #[test]
    fn the_authorisation_comes_before_the_issue() {
        assert!(follows(&pair(1, 3), &pair(1, 2)));
        assert!(follows(&pair(200, 200), &pair(1, 900)));
        assert!(!follows(&pair(1, 2), &pair(1, 2)));
        assert!(!follows(&pair(1, 900), &pair(200, 200)));
        // One authorisation, timed by a clock that is half a minute ahead: the tokens of its refresh are the later ones.
        assert!(!follows(&pair(30, 30), &pair(1, 900)));
        assert!(follows(&pair(1, 900), &pair(30, 30)));
    }

    #[test]
    fn what_comes_after_is_later_whatever_the_clocks_say() {
        assert_eq!(after(at(100), at(160)), at(160));
        assert_eq!(after(at(100), at(100)), at(100) + STEP);
        assert_eq!(after(at(110), at(100)), at(110) + STEP);
        // Not where a clock was an hour ahead, and has been set since.
        assert_eq!(after(at(3700), at(100)), at(100));
    }
}
