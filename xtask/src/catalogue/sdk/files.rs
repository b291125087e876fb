//! Files of a source tree, and what is not understood in them.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Places that are not as they are in the trees that this was written for: nothing of them may be lost unnoticed.
#[derive(Debug, Default)]
pub(in crate::catalogue) struct Problems {
    found: Vec<String>,
    /// What is understood, and left out of the catalogue all the same.
    pub(in crate::catalogue) left_out: Vec<String>,
}

impl Problems {
    pub(super) fn add(&mut self, path: &Path, line: usize, problem: &str) {
        self.found.push(format!("{}:{line}: {problem}", path.display()));
    }

    pub(super) fn line(&mut self, path: &Path, number: usize, line: &str) {
        self.add(path, number, &format!("not understood: {}", line.trim()));
    }

    pub(in crate::catalogue) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found.join("\n"))
    }
}

/// The files of a folder whose names end so, by name, with their texts.
pub(super) fn with_extension(folder: &Path, extension: &str) -> Result<Vec<(PathBuf, String)>, String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = text(&path)?.unwrap_or_default();
        Ok((path, text))
    };
    paths.into_iter().map(read).collect()
}

/// A file's text, `None` where there is no such file. Bytes that are no UTF-8 stand in comments alone.
pub(super) fn text(path: &Path) -> Result<Option<String>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// A file's name without its extension.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
