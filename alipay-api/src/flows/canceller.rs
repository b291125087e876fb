use std::sync::Arc;

use tokio::sync::watch;

/// Ends a [flow](super::Flow) from outside: an order that can still be paid is cancelled, and the flow ends when that is known.
///
/// A flow that can't be undone, such as a refund, stops waiting and ends as unknown. Clones end the same flow.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<watch::Sender<bool>>);

impl Canceller {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks the flow to end. A request that is under way is answered first.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until [`cancel`](Self::cancel) is called.
    pub(super) async fn cancelled(&self) {
        // The sender is alive, so waiting can't fail.
        let _ = self.0.subscribe().wait_for(|is_cancelled| *is_cancelled).await;
    }
}
