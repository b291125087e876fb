//! What the state is made of where it outlives the process: tables, lists and single values that know what has changed in them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Values;
use std::mem;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A row that was written or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whose row it is.
    pub(crate) table: &'static str,
    /// Its key, as JSON.
    pub(crate) key: String,
    /// What it holds now, as JSON; `None`: nothing any more.
    pub(crate) value: Option<String>,
}

impl Change {
    /// A row holds this now.
    pub(crate) fn of(
        table: &'static str,
        key: &impl Serialize,
        value: Option<&impl Serialize>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            table,
            key: serde_json::to_string(key)?,
            value: value.map(serde_json::to_string).transpose()?,
        })
    }
}

/// Something whose changes can be taken, and that can be made again from its rows.
pub(crate) trait Rows {
    /// Whether something has changed since the changes were taken.
    fn is_changed(&self) -> bool;
    /// The rows that have changed, for the table of this name.
    fn take_changes(&mut self, table: &'static str, changes: &mut Vec<Change>) -> Result<(), serde_json::Error>;
    /// The changes are of no interest.
    fn forget_changes(&mut self);
    /// Takes a row as it was stored.
    fn load(&mut self, key: &str, value: &str) -> Result<(), serde_json::Error>;
}

/// Values by key, in the order of the keys. Reading is that of a map; whatever is handed out to be changed counts as changed.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    changed: Vec<K>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: Vec::new(),
        }
    }
}

impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.rows
    }
}

impl<K, V> Table<K, V> {
    /// The keys of what has changed since the changes were taken or forgotten; some may be there twice.
    pub(crate) fn changed(&self) -> &[K] {
        &self.changed
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// The value of this key, to change it.
    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (own, _) = self.rows.get_key_value(key)?;
        self.changed.push(own.clone());
        self.rows.get_mut(key)
    }

    /// The value of this key, to change it; made if there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.changed.push(key.clone());
        self.rows.entry(key).or_insert_with(make)
    }

    /// Sets the value of this key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.changed.push(key.clone());
        self.rows.insert(key, value);
    }

    /// Removes the value of this key.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some((key, _)) = self.rows.remove_entry(key) {
            self.changed.push(key);
        }
    }

    /// The first value of this kind, to change it.
    pub(crate) fn find_mut(&mut self, is_it: impl Fn(&V) -> bool) -> Option<&mut V> {
        let (key, value) = self.rows.iter_mut().find(|(_, value)| is_it(value))?;
        self.changed.push(key.clone());
        Some(value)
    }

    /// Changes all values of this kind.
    pub(crate) fn change_all(&mut self, is_one: impl Fn(&V) -> bool, change: impl Fn(&mut V)) {
        for (key, value) in self.rows.iter_mut().filter(|(_, value)| is_one(value)) {
            self.changed.push(key.clone());
            change(value);
        }
    }
}

impl<K: Ord + Clone + Serialize + DeserializeOwned, V: Serialize + DeserializeOwned> Rows for Table<K, V> {
    fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    fn take_changes(&mut self, table: &'static str, changes: &mut Vec<Change>) -> Result<(), serde_json::Error> {
        let mut keys = mem::take(&mut self.changed);
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            changes.push(Change::of(table, &key, self.rows.get(&key))?);
        }
        Ok(())
    }

    fn forget_changes(&mut self) {
        self.changed.clear();
    }

    fn load(&mut self, key: &str, value: &str) -> Result<(), serde_json::Error> {
        self.rows
            .insert(serde_json::from_str(key)?, serde_json::from_str(value)?);
        Ok(())
    }
}

/// Values in the order in which they were added.
#[derive(Debug)]
pub(crate) struct List<T>(Table<u64, T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Table::default())
    }
}

impl<T> List<T> {
    /// Adds a value at the end: gives its place.
    pub(crate) fn push(&mut self, value: T) -> u64 {
        let next = self.0.last_key_value().map_or(0, |(last, _)| last + 1);
        self.0.insert(next, value);
        next
    }

    /// The value at this place.
    pub(crate) fn get(&self, place: u64) -> Option<&T> {
        self.0.get(&place)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, place: u64) -> Option<&mut T> {
        self.0.get_mut(&place)
    }

    /// All values with their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u64, &T)> {
        self.0.iter().map(|(place, value)| (*place, value))
    }

    /// All values.
    pub(crate) fn iter(&self) -> Values<'_, u64, T> {
        self.0.values()
    }

    /// The first value of this kind, to change it.
    pub(crate) fn find_mut(&mut self, is_it: impl Fn(&T) -> bool) -> Option<&mut T> {
        self.0.find_mut(is_it)
    }

    /// Removes all values of this kind.
    pub(crate) fn remove_all(&mut self, is_one: impl Fn(&T) -> bool) {
        let keys: Vec<u64> = self
            .0
            .iter()
            .filter(|(_, value)| is_one(value))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.0.remove(&key);
        }
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = Values<'a, u64, T>;

    fn into_iter(self) -> Values<'a, u64, T> {
        self.0.values()
    }
}

impl<T: Serialize + DeserializeOwned> Rows for List<T> {
    fn is_changed(&self) -> bool {
        self.0.is_changed()
    }

    fn take_changes(&mut self, table: &'static str, changes: &mut Vec<Change>) -> Result<(), serde_json::Error> {
        self.0.take_changes(table, changes)
    }

    fn forget_changes(&mut self) {
        self.0.forget_changes();
    }

    fn load(&mut self, key: &str, value: &str) -> Result<(), serde_json::Error> {
        self.0.load(key, value)
    }
}

/// One value.
#[derive(Debug, Default)]
pub(crate) struct Single<T> {
    value: T,
    is_changed: bool,
}

impl<T> Single<T> {
    /// A value to begin with.
    pub(crate) fn new(value: T) -> Self {
        Self {
            value,
            is_changed: false,
        }
    }

    /// Sets it.
    pub(crate) fn set(&mut self, value: T) {
        self.value = value;
        self.is_changed = true;
    }
}

impl<T> Deref for Single<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize + DeserializeOwned> Rows for Single<T> {
    fn is_changed(&self) -> bool {
        self.is_changed
    }

    fn take_changes(&mut self, table: &'static str, changes: &mut Vec<Change>) -> Result<(), serde_json::Error> {
        if mem::take(&mut self.is_changed) {
            changes.push(Change::of(table, &(), Some(&self.value))?);
        }
        Ok(())
    }

    fn forget_changes(&mut self) {
        self.is_changed = false;
    }

    fn load(&mut self, _: &str, value: &str) -> Result<(), serde_json::Error> {
        self.value = serde_json::from_str(value)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rows: &mut impl Rows) -> Vec<(String, Option<String>)> {
        let mut changes = Vec::new();
        rows.take_changes("t", &mut changes).unwrap();
        assert!(!rows.is_changed() && changes.iter().all(|change| change.table == "t"));
        changes.into_iter().map(|change| (change.key, change.value)).collect()
    }

    fn row(key: &str, value: Option<&str>) -> (String, Option<String>) {
        (key.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn a_table_knows_the_rows_that_changed() {
        let mut table = Table::<String, Vec<u8>>::default();
        table.insert("b".to_owned(), vec![1]);
        table.insert("a".to_owned(), vec![]);
        table.get_mut("b").unwrap().push(2);
        assert!(table.is_changed());
        assert_eq!(
            taken(&mut table),
            [row("\"a\"", Some("[]")), row("\"b\"", Some("[1,2]"))]
        );
        // Reading changes nothing; a row that is not there can't be changed.
        assert_eq!(table.get("a"), Some(&vec![]));
        assert!(table.get_mut("c").is_none());
        assert_eq!(taken(&mut table), []);
        table.remove("a");
        table.remove("c");
        table.get_or_insert_with("d".to_owned(), || vec![3]);
        table.change_all(|value| value.len() == 2, Vec::clear);
        assert_eq!(
            taken(&mut table),
            [row("\"a\"", None), row("\"b\"", Some("[]")), row("\"d\"", Some("[3]"))]
        );
        table.get_mut("d").unwrap().push(4);
        table.forget_changes();
        assert_eq!(taken(&mut table), []);
        let mut again = Table::<String, Vec<u8>>::default();
        for (key, value) in table.iter() {
            again.load(&format!("\"{key}\""), &format!("{value:?}")).unwrap();
        }
        assert_eq!(*again, *table);
        assert!(!again.is_changed());
        assert!(again.load("1", "[]").is_err() && again.load("\"e\"", "{}").is_err());
    }

    #[test]
    fn a_list_keeps_its_order() {
        let mut list = List::default();
        for number in 0..12 {
            list.push(number);
        }
        assert_eq!(taken(&mut list).len(), 12);
        list.remove_all(|number| *number % 5 == 1);
        *list.find_mut(|number| *number > 5).unwrap() = 70;
        list.push(12);
        let rows = [row("1", None), row("6", None), row("7", Some("70")), row("11", None)];
        let taken = taken(&mut list);
        assert_eq!(taken[..3], rows[..3]);
        assert_eq!(
            taken[3..],
            [row("11", Some("12"))],
            "the place of one that was removed may be used again"
        );
        let mut again = List::<i32>::default();
        for key in ["11", "2", "10"] {
            again.load(key, key).unwrap();
        }
        assert_eq!(again.iter().copied().collect::<Vec<_>>(), [2, 10, 11]);
    }

    #[test]
    fn a_single_value_is_one_row() {
        let mut single = Single::new(1);
        assert_eq!(taken(&mut single), []);
        single.set(2);
        assert_eq!(taken(&mut single), [row("null", Some("2"))]);
        single.load("null", "3").unwrap();
        assert_eq!((*single, single.is_changed()), (3, false));
    }
}
