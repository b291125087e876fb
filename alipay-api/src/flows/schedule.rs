use std::time::Duration;

/// How long to wait before each question.
///
/// ```
/// use std::time::Duration;
///
/// use alipay_api::flows::PollSchedule;
///
/// // After 1, 2 and 5 seconds, and then every 5 seconds.
/// let schedule = PollSchedule::steps([1, 2, 5].map(Duration::from_secs));
/// assert_ne!(schedule, PollSchedule::every(Duration::from_secs(5)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollSchedule {
    first: Vec<Duration>,
    last: Duration,
}

impl PollSchedule {
    /// The shortest pause: a shorter one counts as this, so that no schedule floods the gateway.
    const SHORTEST: Duration = Duration::from_millis(10);

    /// The same pause before each question.
    pub fn every(pause: Duration) -> Self {
        Self::steps([pause])
    }

    /// These pauses one after the other; the last one is repeated. Without any, 3 seconds each.
    pub fn steps(pauses: impl IntoIterator<Item = Duration>) -> Self {
        let mut first: Vec<_> = pauses.into_iter().map(|pause| pause.max(Self::SHORTEST)).collect();
        let last = first.pop().unwrap_or(Duration::from_secs(3));
        Self { first, last }
    }

    /// The longest pause between two questions.
    pub(super) fn longest(&self) -> Duration {
        self.first.iter().copied().fold(self.last, Duration::max)
    }

    /// The pause before this question, counted from 0.
    pub(super) fn pause(&self, question: usize) -> Duration {
        self.first.get(question).copied().unwrap_or(self.last)
    }
}
