//! What came over the wire, for tests that want to see it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Older requests are forgotten, so that a load test may run for ever.
const KEPT: usize = 64;

/// Files are large: only those of the latest requests are kept.
const FILES_KEPT: usize = 4;

/// A request's parameters, decoded; the body's and the query's.
pub type Received = BTreeMap<String, String>;

/// A file of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// The requests of a gateway.
#[derive(Default)]
pub(crate) struct Journal {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    count: u64,
    methods: BTreeMap<String, u64>,
    refusals: BTreeMap<String, u64>,
    not_played: BTreeMap<String, u64>,
    last: VecDeque<Received>,
    files: VecDeque<(String, ReceivedFiles)>,
}

/// The files of a request, by field.
type ReceivedFiles = Vec<(String, ReceivedFile)>;

impl Journal {
    /// Notes a request; `known` is its method's name, if the gateway knows that.
    pub(crate) fn add(&self, parameters: Received, known: Option<&str>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        if let Some(method) = known {
            *state.methods.entry(method.to_owned()).or_default() += 1;
        }
        if state.last.len() == KEPT {
            state.last.pop_front();
        }
        state.last.push_back(parameters);
    }

    /// Keeps the files of a request of this method.
    pub(crate) fn add_files(&self, method: &str, files: &[(String, ReceivedFile)]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.files.len() == FILES_KEPT {
            state.files.pop_front();
        }
        state.files.push_back((method.to_owned(), files.to_vec()));
    }

    /// The files of the latest request of this method that had some.
    pub(crate) fn last_files(&self, method: &str) -> Option<ReceivedFiles> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest_first = state.files.iter().rev();
        let (_, files) = latest_first.find(|(name, _)| name == method)?;
        Some(files.clone())
    }

    /// Notes that a request was refused.
    pub(crate) fn refused(&self, sub_code: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state.refusals.entry(sub_code.to_owned()).or_default() += 1;
    }

    /// Notes that a request was answered by its method's spec alone, because the method is not played.
    pub(crate) fn not_played(&self, method: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state.not_played.entry(method.to_owned()).or_default() += 1;
    }

    /// How many requests of methods that are not played were answered, by method.
    pub(crate) fn by_method_not_played(&self) -> BTreeMap<String, u64> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .not_played
            .clone()
    }

    /// How many requests were refused, by `sub_code`.
    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .refusals
            .clone()
    }

    pub(crate) fn count(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    pub(crate) fn by_method(&self) -> BTreeMap<String, u64> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .methods
            .clone()
    }

    pub(crate) fn last(&self, method: &str) -> Option<Received> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest_first = state.last.iter().rev();
        latest_first
            .find(|parameters| parameters.get("method").is_some_and(|name| name == method))
            .cloned()
    }
}
