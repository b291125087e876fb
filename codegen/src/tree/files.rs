//! Files on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Tree;

/// A generated file could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct WriteError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl WriteError {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

impl Tree {
    /// Makes a folder hold these files and no others. Files that are right already aren't touched, so that nothing is built anew for them.
    ///
    /// # Errors
    /// When a file can't be read, written or removed; what was done until then stays.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let present = existing(folder)?;
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

/// The files below a folder, relative to it. Symbolic links count as files, and are not followed.
pub(super) fn existing(folder: &Path) -> Result<BTreeSet<String>, WriteError> {
    let mut files = BTreeSet::new();
    collect(folder, "", &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeSet<String>) -> Result<(), WriteError> {
    let failed = |source| WriteError::new("read", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}
