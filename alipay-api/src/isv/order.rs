//! Which of two pairs of tokens is the later one, as far as the clocks of several processes tell.

use std::time::{Duration, SystemTime};

use super::store::Authorisation;

/// How far the clocks of an app's processes may be apart. What is further off was written before a clock was set.
pub(super) const APART: Duration = Duration::from_secs(60);
/// Stores keep whole milliseconds.
const STEP: Duration = Duration::from_millis(1);

/// Whether one was given out after the other: to the later authorisation of a merchant, or of one authorisation by the later refresh.
///
/// Authorisations within a minute may be one, timed by two clocks: then the issue tells.
pub(super) fn follows(one: &Authorisation, other: &Authorisation) -> bool {
    if apart(one.authorised_at, other.authorised_at) < APART {
        return one.issued_at > other.issued_at;
    }
    one.authorised_at > other.authorised_at
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|behind| behind.duration())
}

/// The time of something that has happened `now`, and after something else: never the earlier of both, also where that was timed by a
/// clock that is some seconds ahead of this one.
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
