//! Orders and pre-authorisations expire when their time is up, also when nobody looks.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;

use crate::core::Core;

/// A clock that was stopped just before a deadline is not asked again and again without a pause.
const SHORTEST: Duration = Duration::from_millis(100);
/// The machine may sleep or be set to another time meanwhile, and so may a clock of the caller's own, without a word.
const LONGEST: Duration = Duration::from_mins(1);

/// Does what is due, whenever it is. It never ends.
pub(crate) async fn keep(core: Arc<Core>) {
    let mut alarm = core.alarm.subscribe();
    loop {
        core.sweep();
        let next = alarm.borrow_and_update().at;
        let left = next.map(|at| at.duration_since(core.now()));
        let due = async {
            match left {
                Some(left) => sleep(pause(left)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            // The core has the sender: this does not fail.
            _ = alarm.changed() => {}
        }
    }
}

fn pause(left: SignedDuration) -> Duration {
    Duration::try_from(left).unwrap_or_default().clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_neither_short_nor_long() {
        assert_eq!(pause(SignedDuration::from_secs(-5)), SHORTEST);
        assert_eq!(pause(SignedDuration::from_millis(1500)), Duration::from_millis(1500));
        assert_eq!(pause(SignedDuration::from_hours(1)), LONGEST);
    }
}
