use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use tokio::time::Instant;

/// The calls and retries of how many seconds are counted.
const WINDOW: u64 = 10;

/// How many retries the calls of one or more clients may make together, so that an outage of the gateway does not multiply what is sent to it.
///
/// Within ten seconds, there are fewer retries than a share of the calls that began in them, or as many as a small reserve if that is more. By
/// default the share is 0.2 and the reserve 10: while nothing succeeds, the gateway gets less than 1.2 requests for each call; and a program that
/// makes few calls can retry each of them. Times are counted in whole seconds, and rounded so that fewer retries are made.
///
/// A call whose retry is refused ends with the error that it has. Clones of a client and its handles share one budget. For several clients to
/// share one, give each an [`Arc`](std::sync::Arc) of it.
///
/// Two kinds of retries are counted, and never refused, because there are few of them: the one with a new token, after the gateway has refused
/// the token of a managed merchant (feature `isv`), and those of the download of Alipay's next certificate, without which answers that have
/// come can't be verified.
pub struct RetryBudget(Option<Limited>);

struct Limited {
    share: f64,
    reserve: u32,
    began: Instant,
    /// In the order of time, the present second last: at most eleven.
    slots: Mutex<VecDeque<Slot>>,
}

/// What happened in one second.
#[derive(Clone, Copy, Default)]
struct Slot {
    second: u64,
    calls: u32,
    retries: u32,
}

impl RetryBudget {
    /// Fewer retries than `share` for each call, or `reserve` retries in ten seconds if that is more. With a share of 2.0, a client in an outage
    /// sends nearly three requests for each call; with a share and a reserve of 0, nothing is retried.
    pub fn new(share: f64, reserve: u32) -> Self {
        Self(Some(Limited {
            share: share.max(0.0),
            reserve,
            began: Instant::now(),
            slots: Mutex::default(),
        }))
    }

    /// As many retries as the [policy](super::RetryPolicy) wants.
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// A call begins.
    pub(crate) fn begin_call(&self) {
        self.with(|_, _, present| present.calls = present.calls.saturating_add(1));
    }

    /// Takes a retry out of the budget, if there is one.
    pub(crate) fn take_retry(&self) -> bool {
        self.with(|limited, past, present| {
            // The present second is not over: these are at most ten seconds of calls, and at least ten seconds of retries.
            let (mut calls, mut retries) = (present.calls, present.retries);
            for slot in past {
                if slot.second + WINDOW > present.second {
                    calls = calls.saturating_add(slot.calls);
                }
                retries = retries.saturating_add(slot.retries);
            }
            let is_left = retries < limited.reserve || f64::from(retries) + 1.0 < limited.share * f64::from(calls);
            if is_left {
                present.count_retry();
            }
            is_left
        })
        .unwrap_or(true)
    }

    /// Takes a retry out of the budget, whether there is one or not.
    pub(crate) fn force_retry(&self) {
        self.with(|_, _, present| present.count_retry());
    }

    /// Gives the slots of the last ten seconds and that of the present second, if there are limits.
    fn with<T>(&self, work: impl FnOnce(&Limited, &VecDeque<Slot>, &mut Slot) -> T) -> Option<T> {
        let limited = self.0.as_ref()?;
        let second = Instant::now().saturating_duration_since(limited.began).as_secs();
        let mut slots = limited.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // A runtime whose time is paused may be behind another.
        let mut present = slots.pop_back().unwrap_or_default();
        if second > present.second {
            let before = std::mem::replace(
                &mut present,
                Slot {
                    second,
                    ..Slot::default()
                },
            );
            slots.push_back(before);
            while slots.front().is_some_and(|slot| slot.second + WINDOW < second) {
                slots.pop_front();
            }
        }
        let result = work(limited, &slots, &mut present);
        slots.push_back(present);
        Some(result)
    }
}

impl Slot {
    fn count_retry(&mut self) {
        self.retries = self.retries.saturating_add(1);
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(0.2, 10)
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => formatter.write_str("RetryBudget(unlimited)"),
            Some(limited) => formatter
                .debug_struct("RetryBudget")
                .field("share", &limited.share)
                .field("reserve", &limited.reserve)
                .finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::random::{self, SeededRandom};

    /// How many of so many retries are left.
    fn taken(budget: &RetryBudget, wanted: u32) -> u32 {
        (0..wanted).map(|_| u32::from(budget.take_retry())).sum()
    }

    fn begin(budget: &RetryBudget, calls: u32) {
        (0..calls).for_each(|_| budget.begin_call());
    }

    #[tokio::test(start_paused = true)]
    async fn the_reserve_and_the_share_are_not_added_up() {
        for (calls, left) in [(0, 10), (1, 10), (50, 10), (55, 10), (56, 11), (100, 19), (1_000, 199)] {
            let budget = RetryBudget::default();
            begin(&budget, calls);
            assert_eq!(taken(&budget, 300), left, "{calls} calls");
        }
        let none = RetryBudget::new(0.0, 0);
        begin(&none, 1_000);
        assert_eq!(taken(&none, 10), 0);
        for share in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            let budget = RetryBudget::new(share, 2);
            begin(&budget, 1_000);
            assert_eq!(taken(&budget, 10), 2, "{share}");
        }
        let all = RetryBudget::new(f64::INFINITY, 0);
        assert_eq!(taken(&all, 10), 0, "without a call there is nothing to retry");
        begin(&all, 1);
        assert_eq!(taken(&all, 1_000), 1_000);
        assert_eq!(taken(&RetryBudget::unlimited(), 1_000), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_taken_comes_back_after_ten_seconds() {
        let budget = RetryBudget::default();
        begin(&budget, 101);
        assert_eq!(taken(&budget, 100), 20);
        advance(Duration::from_millis(9_900)).await;
        assert_eq!(taken(&budget, 100), 0);
        advance(Duration::from_millis(100)).await;
        // Now the calls don't count any more, and the retries still do.
        begin(&budget, 201);
        assert_eq!(taken(&budget, 100), 20);
        advance(Duration::from_secs(1)).await;
        assert_eq!(taken(&budget, 100), 20);
        advance(Duration::from_secs(11)).await;
        assert_eq!(taken(&budget, 100), 10);
        advance(Duration::from_secs(1_000_000)).await;
        assert_eq!(taken(&budget, 100), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_refused_counts_all_the_same() {
        let budget = RetryBudget::default();
        begin(&budget, 101);
        (0..15).for_each(|_| budget.force_retry());
        assert_eq!(taken(&budget, 100), 5);
        (0..15).for_each(|_| budget.force_retry());
        assert_eq!(taken(&budget, 100), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn no_retry_is_granted_beyond_the_share_of_the_ten_seconds_before_it() {
        let within = |events: &[(Instant, u32)]| -> u32 {
            let recent = events
                .iter()
                .rev()
                .take_while(|(at, _)| at.elapsed() < Duration::from_secs(10));
            recent.map(|(_, count)| count).sum()
        };
        for seed in 0..20 {
            let (budget, source) = (RetryBudget::new(0.2, 0), SeededRandom::new(seed));
            let (mut calls, mut retries) = (Vec::new(), Vec::new());
            for _ in 0..2_000 {
                let begun = u32::try_from(random::number(&source) % 20).unwrap();
                begin(&budget, begun);
                calls.push((Instant::now(), begun));
                let granted = taken(&budget, 30);
                retries.push((Instant::now(), granted));
                let (calls, retries) = (within(&calls), within(&retries));
                assert!(granted == 0 || retries * 5 < calls, "{retries} of {calls}");
                advance(random::up_to(&source, Duration::from_millis(400))).await;
            }
            let granted: u32 = retries.iter().map(|(_, granted)| granted).sum();
            let begun: u32 = calls.iter().map(|(_, begun)| begun).sum();
            assert!(
                begun * 16 / 100 < granted && granted * 5 < begun,
                "{granted} of {begun}"
            );
        }
    }

    /// What is kept does not grow.
    #[tokio::test(start_paused = true)]
    async fn eleven_seconds_are_kept_at_most() {
        let budget = RetryBudget::default();
        for _ in 0..100 {
            begin(&budget, 3);
            advance(Duration::from_millis(700)).await;
        }
        let slots = &budget.0.as_ref().unwrap().slots;
        assert!(slots.lock().unwrap().len() <= 11);
    }

    #[test]
    fn it_shows_its_limits() {
        let shown = format!("{:?} {:?}", RetryBudget::default(), RetryBudget::unlimited());
        assert_eq!(
            shown,
            "RetryBudget { share: 0.2, reserve: 10, .. } RetryBudget(unlimited)"
        );
    }
}
