//! The inputs of `tests/cases/`, each with the result that its README asks for.

mod answers;
mod certificates;
pub(crate) mod incoming;
mod keys;
mod outgoing;
mod raw;
mod transport;

use std::{fs, path::PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../cases")
}

/// The case of this name, such as `answers/half-an-emoji`.
fn case(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_case_has_a_test() {
    let tests = [
        include_str!("answers.rs"),
        include_str!("certificates.rs"),
        include_str!("incoming.rs"),
        include_str!("keys.rs"),
        include_str!("outgoing.rs"),
        include_str!("raw.rs"),
        include_str!("transport.rs"),
    ];
    let mut untested = Vec::new();
    for kind in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        if !kind.is_dir() {
            continue;
        }
        for file in fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
            let [kind, file] = [&kind, &file].map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
            let name = format!("{kind}/{file}");
            let is_tested = tests.iter().any(|test| test.contains(&format!("\"{name}\"")));
            // What the other notifications start from.
            if !is_tested && name != "notifications/base" {
                untested.push(name);
            }
        }
    }
    untested.sort();
    assert!(untested.is_empty(), "cases without a test: {untested:?}");
}
