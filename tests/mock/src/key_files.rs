//! The keys and certificates that the program reads, and those that it makes.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alipay_mock::Mock;
use alipay_mock::keys::{KeyPair, PublicKey};

/// What Alipay's key is called in the folder.
const ALIPAY_PRIVATE_KEY: &str = "alipay-private-key.pem";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The app's public key: from its file, else from the folder, else made there.
pub(crate) fn app_public_key(file: Option<&Path>, folder: Option<&Path>) -> Result<PublicKey> {
    if let Some(file) = file {
        return PublicKey::parse(&read(file)?).map_err(|error| named(file, &error));
    }
    let folder = required(folder, "--app-public-key")?;
    let kept = folder.join("app-public-key.pem");
    if kept.exists() {
        return PublicKey::parse(&read(&kept)?).map_err(|error| named(&kept, &error));
    }
    Ok(make(folder, "app")?.public_key())
}

/// Alipay's key pair, likewise.
pub(crate) fn alipay_key_pair(file: Option<&Path>, folder: Option<&Path>) -> Result<KeyPair> {
    let kept = folder.map(|folder| folder.join(ALIPAY_PRIVATE_KEY));
    match file.or(kept.as_deref().filter(|kept| kept.exists())) {
        Some(file) => KeyPair::parse(&read(file)?).map_err(|error| named(file, &error)),
        None => make(required(folder, "--alipay-private-key")?, "alipay"),
    }
}

/// Alipay's key pair from its file, else from the folder.
pub(crate) fn kept_alipay_key_pair(file: Option<&Path>, folder: Option<&Path>) -> Result<KeyPair> {
    let kept = folder.map(|folder| folder.join(ALIPAY_PRIVATE_KEY));
    let file = file.or(kept.as_deref());
    let file = file.ok_or("give --alipay-private-key FILE: the private key of Alipay's certificate")?;
    KeyPair::parse(&read(file)?).map_err(|error| named(file, &error))
}

/// The texts of the three certificate files.
pub(crate) struct CertificateFiles {
    pub(crate) app: String,
    pub(crate) alipay: String,
    pub(crate) roots: String,
}

/// What they are called in the folder: the app's, Alipay's, and the roots.
const CERTIFICATES: [&str; 3] = ["app-cert.crt", "alipay-cert.crt", "root-cert.crt"];

impl CertificateFiles {
    /// From three files.
    pub(crate) fn read(files: [&PathBuf; 3]) -> Result<Self> {
        let [app, alipay, roots] = files;
        Ok(Self {
            app: read(app)?,
            alipay: read(alipay)?,
            roots: read(roots)?,
        })
    }

    /// Those in the folder, if there are any.
    pub(crate) fn kept(folder: Option<&Path>) -> Result<Option<Self>> {
        let folder = required(folder, "--app-cert")?;
        let files = CERTIFICATES.map(|name| folder.join(name));
        if !files.iter().any(|file| file.exists()) {
            return Ok(None);
        }
        let [app, alipay, roots] = &files;
        Self::read([app, alipay, roots]).map(Some)
    }

    /// Those of a gateway.
    pub(crate) fn of(mock: &Mock) -> Self {
        Self {
            app: mock.app_cert(),
            alipay: mock.alipay_cert(),
            roots: mock.root_cert(),
        }
    }

    /// Writes them to the folder.
    pub(crate) fn keep(&self, folder: &Path) -> Result<()> {
        let texts = [&self.app, &self.alipay, &self.roots];
        for (name, text) in CERTIFICATES.into_iter().zip(texts) {
            let path = folder.join(name);
            write(&path, text, false).map_err(|error| named(&path, &error))?;
        }
        Ok(())
    }
}

fn required<'a>(folder: Option<&'a Path>, option: &str) -> Result<&'a Path> {
    folder.ok_or_else(|| format!("give {option} FILE, or --keys DIR to make the keys that aren't given").into())
}

/// Makes a pair, and writes both halves as PEM and as one line of base64.
fn make(folder: &Path, whose: &str) -> Result<KeyPair> {
    fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    let pair = KeyPair::generate()?;
    let public = pair.public_key();
    for (name, text, is_private) in [
        ("private-key.pem", pair.to_pem()?, true),
        ("private-key.txt", pair.to_base64()?, true),
        ("public-key.pem", public.to_pem()?, false),
        ("public-key.txt", public.to_base64()?, false),
    ] {
        let path = folder.join(format!("{whose}-{name}"));
        write(&path, &text, is_private).map_err(|error| named(&path, &error))?;
    }
    Ok(pair)
}

/// Writes a file that wasn't there; only its owner may read a private one.
fn write(path: &Path, text: &str, is_private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    options.open(path)?.write_all(text.as_bytes())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &dyn Error) -> Box<dyn Error> {
    format!("{}: {error}", path.display()).into()
}
