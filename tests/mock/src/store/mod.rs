//! Where changes of the state are kept, if they are: a writer takes them in their order, and commits what waits in one transaction.
//!
//! Changes are handed over while the lock is held under which they were made, so their order is that in which they happened. Whoever tells somebody of
//! them waits first until they are [committed](Store::settled).

#![cfg_attr(
    not(feature = "data"),
    allow(dead_code, reason = "without the database, nothing is ever written")
)]

#[cfg(feature = "data")]
pub(crate) mod folder;
#[cfg(feature = "data")]
pub(crate) mod sqlite;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::table::Change;

/// A gateway can't store what has happened, so it answers nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway can't store its data, and answers nothing any more: {0}")]
pub struct StorageError(Arc<str>);

/// The writer's handle, or none where nothing is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Option<Arc<Writer>>);

#[derive(Debug)]
struct Writer {
    inbox: Mutex<Inbox>,
    progress: watch::Receiver<Progress>,
}

#[derive(Debug)]
struct Inbox {
    /// How many were handed over.
    count: u64,
    /// `None`: the store is closed.
    sender: Option<mpsc::UnboundedSender<Batch>>,
}

/// Changes that belong together, or why they can't be written.
type Batch = Result<Vec<Change>, serde_json::Error>;

/// How far the writer is.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// How many batches are in the database.
    committed: u64,
    end: Option<End>,
}

/// Why nothing more is written.
#[derive(Clone, Debug)]
enum End {
    Closed,
    Failed(StorageError),
}

impl Progress {
    fn failure(&self) -> Option<&StorageError> {
        match &self.end {
            Some(End::Failed(error)) => Some(error),
            Some(End::Closed) | None => None,
        }
    }
}

impl Store {
    /// Nothing is kept.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// A store, and the writer's side of it.
    #[cfg(feature = "data")]
    fn new() -> (Self, mpsc::UnboundedReceiver<Batch>, watch::Sender<Progress>) {
        let (sender, batches) = mpsc::unbounded_channel();
        let (progress, seen) = watch::channel(Progress::default());
        let writer = Writer {
            inbox: Mutex::new(Inbox {
                count: 0,
                sender: Some(sender),
            }),
            progress: seen,
        };
        (Self(Some(Arc::new(writer))), batches, progress)
    }

    /// Whether anything is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Hands changes over, which are written together or not at all.
    pub(crate) fn submit(&self, batch: Batch) {
        let Some(writer) = &self.0 else { return };
        if batch.as_ref().is_ok_and(Vec::is_empty) {
            return;
        }
        let mut inbox = writer.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.count += 1;
        if let Some(sender) = &inbox.sender {
            // This fails after the writer has, and whoever waits learns that from it.
            let _ = sender.send(batch);
        }
    }

    /// Waits until all that was handed over is committed: it survives the end of the process, though perhaps not that of the machine.
    pub(crate) async fn settled(&self) -> Result<(), StorageError> {
        let Some(writer) = &self.0 else { return Ok(()) };
        let wanted = writer.inbox.lock().unwrap_or_else(PoisonError::into_inner).count;
        let mut progress = writer.progress.clone();
        let is_known = |progress: &Progress| progress.end.is_some() || progress.committed >= wanted;
        let ended = || StorageError("the store was closed".into());
        let seen = progress.wait_for(is_known).await.map_err(|_| ended())?;
        match seen.failure() {
            Some(failure) => Err(failure.clone()),
            None if seen.committed >= wanted => Ok(()),
            None => Err(ended()),
        }
    }

    /// Waits until nothing can be stored any more, if that ever happens.
    pub(crate) async fn failed(&self) -> StorageError {
        if let Some(writer) = &self.0 {
            let mut progress = writer.progress.clone();
            if let Ok(seen) = progress.wait_for(|progress| progress.failure().is_some()).await
                && let Some(failure) = seen.failure()
            {
                return failure.clone();
            }
        }
        std::future::pending().await
    }

    /// Takes no more changes; those that were handed over are still written.
    pub(crate) fn close(&self) {
        if let Some(writer) = &self.0 {
            let mut inbox = writer.inbox.lock().unwrap_or_else(PoisonError::into_inner);
            inbox.sender = None;
        }
    }

    /// Waits until the writer has ended, after [`close`](Self::close).
    pub(crate) async fn closed(&self) {
        if let Some(writer) = &self.0 {
            // This fails if the writer is gone already.
            let _ = writer
                .progress
                .clone()
                .wait_for(|progress| progress.end.is_some())
                .await;
        }
    }
}
