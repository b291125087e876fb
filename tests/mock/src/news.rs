//! What has changed, for those who look on: how often, by topic. Whoever is slow misses nothing that counts, and nothing waits for it.

use tokio::sync::watch;

/// A kind of thing that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Orders and all else that the gateway plays.
    State,
    /// Requests, and what was answered.
    Requests,
    /// Notifications, and how their delivery went.
    Notifications,
    /// What is ordered for the next calls.
    Faults,
    /// The clock was moved.
    Clock,
}

impl Topic {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::State,
        Self::Requests,
        Self::Notifications,
        Self::Faults,
        Self::Clock,
    ];

    /// As pages name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Requests => "requests",
            Self::Notifications => "notifications",
            Self::Faults => "faults",
            Self::Clock => "clock",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// How often each topic has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([u64; Topic::ALL.len()]);

impl Counts {
    /// The topics that have changed since the earlier counts.
    pub(crate) fn since(self, earlier: Self) -> Vec<Topic> {
        let is_changed = |topic: &Topic| self.0[topic.index()] != earlier.0[topic.index()];
        Topic::ALL.into_iter().filter(is_changed).collect()
    }
}

/// Tells of changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct News(watch::Sender<Counts>);

impl News {
    /// Something has changed.
    pub(crate) fn tell(&self, topic: Topic) {
        self.0.send_modify(|counts| {
            let count = &mut counts.0[topic.index()];
            *count = count.wrapping_add(1);
        });
    }

    /// Waits until this finds something: it is asked at once, and again after each change.
    pub(crate) async fn until<T>(&self, mut find: impl FnMut() -> Option<T>) -> T {
        let mut changes = self.subscribe();
        loop {
            changes.mark_unchanged();
            if let Some(found) = find() {
                return found;
            }
            // The sender is here: this does not fail.
            let _ = changes.changed().await;
        }
    }

    /// Who looks on from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Counts> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_topic() {
        let news = News::default();
        let mut reader = news.subscribe();
        let before = *reader.borrow_and_update();
        news.tell(Topic::Clock);
        news.tell(Topic::Requests);
        news.tell(Topic::Requests);
        let after = *reader.borrow_and_update();
        assert_eq!(after.since(before), [Topic::Requests, Topic::Clock]);
        assert_eq!(after.since(after), []);
    }
}
