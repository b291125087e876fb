//! The keys that the program reads, and those that it makes.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use alipay_mock::keys::{KeyPair, PublicKey};

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
    if let Some(file) = file {
        return KeyPair::parse(&read(file)?).map_err(|error| named(file, &error));
    }
    let folder = required(folder, "--alipay-private-key")?;
    let kept = folder.join("alipay-private-key.pem");
    if kept.exists() {
        return KeyPair::parse(&read(&kept)?).map_err(|error| named(&kept, &error));
    }
    make(folder, "alipay")
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
