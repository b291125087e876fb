//! When time alone changes something: what is due next, without a look at all there is.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// Moments and what they change. One that no longer holds is dropped when its turn comes.
#[derive(Debug)]
pub(crate) struct Deadlines<K>(BTreeSet<(Timestamp, K)>);

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<K: Ord + Clone> Deadlines<K> {
    /// Takes in what has changed. `moment` says when time alone changes the thing of a key, if ever.
    pub(super) fn note<'k>(
        &mut self,
        changed: impl IntoIterator<Item = &'k K>,
        moment: impl Fn(&K) -> Option<Timestamp>,
    ) where
        K: 'k,
    {
        let found = changed.into_iter().filter_map(|key| Some((moment(key)?, key.clone())));
        self.0.extend(found);
        while let Some((at, key)) = self.0.first()
            && moment(key) != Some(*at)
        {
            self.0.pop_first();
        }
    }

    /// The next of them.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// What is due: it is taken out.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<K> {
        let mut due = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            due.extend(self.0.pop_first().map(|(_, key)| key));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_no_longer_holds_is_dropped() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut moments: BTreeMap<&str, i64> = [("a", 10), ("b", 20), ("c", 30)].into();
        let mut deadlines = Deadlines::default();
        let note =
            |deadlines: &mut Deadlines<&'static str>, moments: &BTreeMap<&str, i64>, changed: &[&'static str]| {
                deadlines.note(changed, |key| moments.get(key).map(|second| at(*second)));
            };
        note(&mut deadlines, &moments, &["c", "a", "b", "d"]);
        assert_eq!(deadlines.next(), Some(at(10)));
        // One has no moment any more, another has a later one.
        moments.remove("a");
        moments.insert("b", 40);
        note(&mut deadlines, &moments, &["a", "b"]);
        assert_eq!(deadlines.next(), Some(at(30)));
        assert_eq!(deadlines.take(at(29)), [""; 0]);
        assert_eq!(deadlines.take(at(40)), ["c", "b"]);
        assert_eq!(deadlines.next(), None);
    }
}
