//! What a folder has that it shouldn't, and the other way round.

use std::fmt;
use std::path::Path;

use similar::TextDiff;

use super::files::{WriteError, generated, read};
use super::map::Tree;

/// A file that isn't as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It isn't there.
    Missing {
        /// The file, relative to the folder.
        path: String,
    },
    /// It says something else.
    Stale {
        /// The file, relative to the folder.
        path: String,
        /// The beginning of a unified diff from what it says to what it should.
        diff: String,
    },
    /// It was generated, and nothing asks for it any more.
    Orphan {
        /// The file, relative to the folder.
        path: String,
    },
}

/// All that isn't as it should be, by path. Its [`Display`](fmt::Display) is what a maintainer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences(pub(crate) Vec<Difference>);

impl Differences {
    /// The differences, by path.
    pub fn iter(&self) -> std::slice::Iter<'_, Difference> {
        self.0.iter()
    }

    /// Whether all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with paths that begin with `folder`.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        for difference in &mut self.0 {
            let (Difference::Missing { path } | Difference::Stale { path, .. } | Difference::Orphan { path }) =
                difference;
            *path = format!("{}/{path}", folder.trim_end_matches('/'));
        }
        self
    }
}

impl<'a> IntoIterator for &'a Differences {
    type Item = &'a Difference;
    type IntoIter = std::slice::Iter<'a, Difference>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.0 {
            match difference {
                Difference::Missing { path } => writeln!(f, "missing: {path}")?,
                Difference::Orphan { path } => writeln!(f, "orphan: {path}")?,
                Difference::Stale { path, diff } => {
                    writeln!(f, "stale: {path}")?;
                    for line in diff.lines() {
                        writeln!(f, "    {line}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Tree {
    /// What would have to change in a folder for it to hold these files and no others. A folder that isn't there is empty.
    ///
    /// # Errors
    /// When the folder or a file can't be read, or the folder holds what was not generated.
    pub fn compare(&self, folder: &Path) -> Result<Differences, WriteError> {
        let mut differences = Vec::new();
        let mut paths = generated(folder)?;
        paths.extend(self.iter().map(|(path, _)| path.to_owned()));
        for path in paths {
            let found = read(&folder.join(&path))?;
            match (found, self.get(&path)) {
                (None, Some(_)) => differences.push(Difference::Missing { path }),
                (_, None) => differences.push(Difference::Orphan { path }),
                (Some(found), Some(wanted)) if found != wanted.as_bytes() => {
                    let diff = excerpt(&String::from_utf8_lossy(&found), wanted);
                    differences.push(Difference::Stale { path, diff });
                }
                _ => {}
            }
        }
        Ok(Differences(differences))
    }
}

/// As much of a diff as shows what kind of change it is.
pub(crate) fn excerpt(found: &str, wanted: &str) -> String {
    const LINES: usize = 16;
    let diff = TextDiff::from_lines(found, wanted);
    let unified = diff.unified_diff().context_radius(1).to_string();
    let mut lines: Vec<&str> = unified.lines().take(LINES + 1).collect();
    if lines.len() > LINES {
        lines[LINES] = "…";
    }
    lines.join("\n")
}
