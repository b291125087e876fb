//! What was measured, beside what is allowed.

use std::fmt;
use std::time::Duration;

/// Lines of a table.
#[derive(Debug, Default)]
pub(super) struct Report {
    failures: usize,
}

impl Report {
    /// Shows a line, and remembers whether it is beyond its limit.
    pub(super) fn line(&mut self, what: &str, measured: Amount, limit: Option<Amount>) {
        let (limit, verdict) = match limit {
            Some(limit) if measured.0 > limit.0 => {
                self.failures += 1;
                (format!("{limit}"), "TOO MUCH")
            }
            Some(limit) => (format!("{limit}"), "ok"),
            None => (String::new(), ""),
        };
        crate::console::say(&format_args!(
            "{what:<72} {:>12} {limit:>12} {verdict}",
            measured.to_string()
        ));
    }

    pub(super) fn holds(&self) -> bool {
        self.failures == 0
    }
}

/// So much, in milliseconds, bytes or times something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount(f64, Unit);

#[derive(Clone, Copy, Debug)]
enum Unit {
    Milliseconds,
    Mebibytes,
    /// Of one thing to another.
    Times,
}

impl Amount {
    pub(super) fn time(time: Duration) -> Self {
        Self::milliseconds(time.as_secs_f64() * 1e3)
    }

    pub(super) const fn milliseconds(amount: f64) -> Self {
        Self(amount, Unit::Milliseconds)
    }

    pub(super) const fn ratio(amount: f64) -> Self {
        Self(amount, Unit::Times)
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody reads the last bytes")]
    pub(super) const fn memory(bytes: u64) -> Self {
        Self(bytes as f64 / (1024.0 * 1024.0), Unit::Mebibytes)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Unit::Milliseconds => write!(formatter, "{:.1} ms", self.0),
            Unit::Times => write!(formatter, "{:.2}", self.0),
            Unit::Mebibytes => write!(formatter, "{:.0} MiB", self.0),
        }
    }
}
