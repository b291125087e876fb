//! The folder that a gateway keeps its data in: a lock, the database, and the keys and certificates as files for the app.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::sqlite::FILE;
use crate::certificates::{Certificates, Files};
use crate::keys::{KeyError, KeyPair, PublicKey, SignType};

/// Whoever holds its lock has the folder.
const LOCK: &str = "lock";
/// The certificates: the app's, Alipay's, and the roots.
const CERTIFICATES: [&str; 3] = ["app-cert.crt", "alipay-cert.crt", "root-cert.crt"];

/// Why a gateway can't have its data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Another gateway has the folder.
    #[error("another gateway uses the data directory {}: end it, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// A file or the folder can't be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no such key.
    #[error("{}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The database was written by another version of this crate.
    #[error(
        "{} has the format version {version}, and this alipay-mock reads version {expected}: choose another data directory, or use the alipay-mock that made this one",
        file.display()
    )]
    Version {
        /// The database.
        file: PathBuf,
        /// Its version.
        version: i64,
        /// The only version that is read.
        expected: i64,
    },
    /// The file is a database of another program.
    #[error("{} is not a database of alipay-mock: choose another data directory", .0.display())]
    Foreign(PathBuf),
    /// The database can't be read or written.
    #[error("{}", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A row of the database can't be understood.
    #[error("the data of the gateway is damaged: {table} {key}")]
    Row {
        /// What it belongs to.
        table: String,
        /// Which.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The database has what this version doesn't know.
    #[error("the data of the gateway is damaged: there is nothing that is called {0}")]
    UnknownTable(String),
    /// What the gateway begins with has no form to be stored in.
    #[error("what the gateway begins with can't be written down")]
    Unwritable(#[source] serde_json::Error),
    /// A gateway without a server has no data directory.
    #[error("a gateway without a server has no data directory: leave out Builder::data and Builder::keys")]
    InProcess,
}

/// A folder that nobody else uses as long as this lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    // Closing it, which the end of the process does too, is what gives the lock back.
    _lock: File,
}

impl Folder {
    /// Takes the folder, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let named = |path: &Path, source| DataError::File {
            path: path.to_owned(),
            source,
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| named(path, error))?;
        let lock_path = path.join(LOCK);
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&lock_path);
        let lock = lock.map_err(|error| named(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(named(&lock_path, error)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the database, which only its owner may read.
    pub(super) fn database(&self) -> Result<PathBuf, DataError> {
        let path = self.path.join(FILE);
        let opened = private(OpenOptions::new().append(true).create(true)).open(&path);
        opened.map_err(|source| DataError::File {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }

    /// The app's public key, and the private one where it is there too; made if there is none.
    pub(crate) fn app_key(&self, sign_type: SignType) -> Result<(PublicKey, Option<KeyPair>), DataError> {
        let Some(public) = self.read("app-public-key.pem", PublicKey::parse)? else {
            let pair = self.key_pair("app", sign_type)?;
            return Ok((pair.public_key(), Some(pair)));
        };
        // The app may have a key of its own, of which only the public half is here.
        let pair = self.read("app-private-key.pem", KeyPair::parse)?;
        let pair = pair.filter(|pair| pair.public_key() == public);
        Ok((public, pair))
    }

    /// Alipay's key pair; made if there is none.
    pub(crate) fn alipay_key(&self, sign_type: SignType) -> Result<KeyPair, DataError> {
        self.key_pair("alipay", sign_type)
    }

    fn key_pair(&self, whose: &str, sign_type: SignType) -> Result<KeyPair, DataError> {
        let file = |name: &str| format!("{whose}-{name}");
        let failed = |source| DataError::Key {
            path: self.path.join(file("private-key.pem")),
            source,
        };
        let known = self.read(&file("private-key.pem"), KeyPair::parse)?;
        let is_known = known.is_some();
        let pair = known.map_or_else(|| KeyPair::generate_for(sign_type).map_err(failed), Ok)?;
        // The public PEM is the last: with it, all are there.
        if is_known && self.path.join(file("public-key.pem")).exists() {
            return Ok(pair);
        }
        if !is_known {
            self.write(&file("private-key.pem"), &pair.to_pem().map_err(failed)?, true)?;
        }
        self.write(&file("private-key.txt"), &pair.to_base64().map_err(failed)?, true)?;
        let public = pair.public_key();
        self.write(&file("public-key.txt"), &public.to_base64().map_err(failed)?, false)?;
        self.write(&file("public-key.pem"), &public.to_pem().map_err(failed)?, false)?;
        Ok(pair)
    }

    /// The certificates that are there.
    pub(crate) fn certificates(&self) -> Result<Option<Files>, DataError> {
        let [app, alipay, roots] = CERTIFICATES.map(|name| self.read(name, |text| Ok(text.to_owned())));
        Ok(match (app?, alipay?, roots?) {
            (Some(app), Some(alipay), Some(roots)) => Some(Files { app, alipay, roots }),
            _ => None,
        })
    }

    /// Puts the certificates where the app finds them.
    pub(crate) fn show(&self, certificates: &Certificates) -> Result<(), DataError> {
        let texts = [
            certificates.app_cert(),
            certificates.alipay_cert(),
            certificates.root_cert(),
        ];
        let is_there = |files: Files| [&files.app, &files.alipay, &files.roots] == texts;
        if self.certificates()?.is_some_and(is_there) {
            return Ok(());
        }
        CERTIFICATES
            .into_iter()
            .zip(texts)
            .try_for_each(|(name, text)| self.write(name, text, false))
    }

    /// What a file holds, if it is there.
    fn read<T>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, KeyError>) -> Result<Option<T>, DataError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => parse(&text).map(Some).map_err(|source| DataError::Key { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataError::File { path, source }),
        }
    }

    /// Writes a file: all of it, or nothing that is read later.
    fn write(&self, name: &str, text: &str, is_private: bool) -> Result<(), DataError> {
        let path = self.path.join(name);
        let new = self.path.join(format!("{name}.new"));
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            if is_private {
                private(&mut options);
            }
            options.open(&new)?.write_all(text.as_bytes())?;
            fs::rename(&new, &path)
        };
        write().map_err(|source| DataError::File { path, source })
    }
}

/// Files that are made so may be read by their owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
