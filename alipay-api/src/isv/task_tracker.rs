//! Tasks that must not be interrupted.

use tokio::sync::watch;

/// Counts the tasks that have, or are about to get, a pair of tokens that is not stored yet.
#[derive(Debug, Default)]
pub(super) struct TaskTracker(watch::Sender<usize>);

/// One of these tasks. It ends when this is dropped.
pub(super) struct Task(watch::Sender<usize>);

impl TaskTracker {
    pub(super) fn begin(&self) -> Task {
        self.0.send_modify(|tasks| *tasks += 1);
        Task(self.0.clone())
    }

    /// Waits until there are no tasks.
    pub(super) async fn none(&self) {
        // This can't fail: the sender is in `self`.
        _ = self.0.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.send_modify(|tasks| *tasks -= 1);
    }
}
