//! What all parts of the shop have.

use std::sync::Arc;

use alipay_api::Client;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Config, orders::Orders};

/// What handlers and tasks share. Clones are the same shop.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) alipay: Client,
    pub(crate) orders: Orders,
    pub(crate) config: Arc<Config>,
    /// The work that has to come to an end before the process does.
    pub(crate) tasks: TaskTracker,
    /// Is cancelled when the shop is to end.
    pub(crate) shutdown: CancellationToken,
}

impl Shop {
    /// When to look at what is open: now, and then from time to time.
    pub(crate) fn rounds(&self) -> Interval {
        let mut rounds = interval(self.config.timing.reconcile_every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rounds
    }

    /// Waits for the next look. Says whether there is one: there is none when the shop ends.
    pub(crate) async fn next_round(&self, rounds: &mut Interval) -> bool {
        tokio::select! {
            () = self.shutdown.cancelled() => false,
            _ = rounds.tick() => true,
        }
    }
}
