//! Metrics of calls, notifications and flows, by the facade of the crate [`metrics`](https://docs.rs/metrics).
//!
//! The library counts; the program installs a recorder, such as that of `metrics-exporter-prometheus`. Without a recorder, nothing is kept.
//! The guide's page on [observability](crate::guide::observability#metrics) lists the metrics with their labels, and what to alarm on. Their
//! names and labels are part of the library's interface. No label has text from outside, so the number of time series is bounded.
//!
//! Needs the feature `metrics`.

#[cfg(not(feature = "metrics"))]
mod absent;
#[cfg(feature = "metrics")]
mod recorded;

use std::time::Duration;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::absent::*;
#[cfg(feature = "metrics")]
pub use self::recorded::describe;
#[cfg(feature = "metrics")]
pub(crate) use self::recorded::*;
use crate::ErrorKind;

/// A call that is over.
#[cfg_attr(not(feature = "metrics"), allow(dead_code))]
pub(crate) struct EndedCall {
    /// The method, where it has a spec.
    pub(crate) method: Option<&'static str>,
    pub(crate) protocol: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}
