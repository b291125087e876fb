use std::time::Duration;

/// The limits of a store in a database.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub(super) timeout: Duration,
    pub(super) max_connections: u32,
}

impl StoreOptions {
    /// Five seconds, eight connections.
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            max_connections: 8,
        }
    }

    /// How long to wait for a connection, and after that for the database's answer, before the operation fails with
    /// [`Unavailable`](super::super::StoreErrorKind::Unavailable). From a millisecond to an hour; other values are changed to the nearest.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(1), Duration::from_secs(60 * 60));
        self
    }

    /// How many connections this process may have open at a time, from 1 to 1,000. They are opened when they are needed. For a
    /// store that uses a pool of the program's, the pool's own limit counts instead.
    #[must_use]
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.clamp(1, 1000);
        self
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self::new()
    }
}
