//! Files on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{
    fs,
    io::{self, Read as _},
};

use super::header;
use super::map::Tree;

/// Generated files could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The system says no.
    #[error("cannot {action} {}", path.display())]
    #[non_exhaustive]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The folder holds something else than generated files: nothing was written or removed.
    #[error(
        "{} holds what was not generated, so nothing was written or removed: {}: give the generated code a folder of its own",
        folder.display(), some_of(paths)
    )]
    #[non_exhaustive]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The first that were found, relative to the folder.
        paths: Vec<String>,
    },
}

impl WriteError {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// As many names as a person wants to read.
fn some_of(paths: &[String]) -> String {
    let shown: Vec<_> = paths
        .iter()
        .take(FEW)
        .map(|path| format!("`{}`", path.escape_debug()))
        .collect();
    let more = if paths.len() > FEW { " and more" } else { "" };
    shown.join(", ") + more
}

/// So many foreign files tell what the folder is.
const FEW: usize = 5;

impl Tree {
    /// Makes a folder hold these files and no others. Files that are right already aren't touched, so that nothing is built anew for them. Removed is
    /// only what was generated.
    ///
    /// # Errors
    /// When the folder holds anything else; nothing is changed then. When a file can't be read, written or removed; what was done until then stays.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let present = generated(folder)?;
        for (path, text) in self.iter() {
            write(&folder.join(path), text)?;
        }
        for orphan in present.iter().filter(|path| self.get(path).is_none()) {
            remove(folder, orphan)?;
        }
        Ok(())
    }
}

/// Writes a file if it says something else, by way of another one beside it: whoever reads it meanwhile sees the one or the other.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    if read(path)?.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    let failed = |source| WriteError::new("write", path, source);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// What a file says; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, WriteError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WriteError::new("read", path, error)),
    }
}

/// Removes a file, and the folders that it leaves empty.
fn remove(root: &Path, path: &str) -> Result<(), WriteError> {
    let path = root.join(path);
    fs::remove_file(&path).map_err(|source| WriteError::new("remove", &path, source))?;
    let mut folder = path.parent();
    while let Some(empty) = folder.filter(|folder| *folder != root) {
        if fs::remove_dir(empty).is_err() {
            break;
        }
        folder = empty.parent();
    }
    Ok(())
}

/// The files below a folder, relative to it: all of them are generated ones, or it is an error. Symbolic links are not, and are not followed.
pub(crate) fn generated(folder: &Path) -> Result<BTreeSet<String>, WriteError> {
    let mut survey = Survey::default();
    survey.look_into(folder, "")?;
    if survey.foreign.is_empty() {
        return Ok(survey.generated);
    }
    Err(WriteError::Foreign {
        folder: folder.to_owned(),
        paths: survey.foreign,
    })
}

/// What a folder holds.
#[derive(Default)]
struct Survey {
    generated: BTreeSet<String>,
    foreign: Vec<String>,
}

impl Survey {
    /// Looks into a folder and those in it, in the order of their names, until it has seen enough.
    fn look_into(&mut self, folder: &Path, prefix: &str) -> Result<(), WriteError> {
        let failed = |source| WriteError::new("read", folder, source);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => Err(error),
        };
        let mut entries = entries.map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.foreign.len() > FEW {
                break;
            }
            let name = entry.file_name();
            let path = format!("{prefix}{}", name.to_string_lossy());
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.look_into(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() && name.to_str().is_some() && is_generated(&entry.path())? {
                self.generated.insert(path);
            } else {
                self.foreign.push(path);
            }
        }
        Ok(())
    }
}

fn is_generated(path: &Path) -> Result<bool, WriteError> {
    let mut beginning = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(header::LONGEST).read_to_end(&mut beginning));
    read.map_err(|source| WriteError::new("read", path, source))?;
    Ok(header::begins(&beginning))
}
