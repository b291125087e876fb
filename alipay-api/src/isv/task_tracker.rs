//! What must not be cut off.

use tokio::sync::watch;

/// Counts tasks that have a pair of tokens, or are about to have one, that is not stored yet.
#[derive(Debug, Default)]
pub(super) struct TaskTracker(watch::Sender<usize>);

/// One of them. It is over when this is dropped.
pub(super) struct Task(watch::Sender<usize>);

impl TaskTracker {
    pub(super) fn begin(&self) -> Task {
        self.0.send_modify(|tasks| *tasks += 1);
        Task(self.0.clone())
    }

    /// Waits until there are none.
    pub(super) async fn none(&self) {
        // The sender is here: it can't be gone.
        _ = self.0.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.send_modify(|tasks| *tasks -= 1);
    }
}
