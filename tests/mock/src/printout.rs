//! What the program tells at its start: all that a client needs, ready to be pasted. It names the files of private keys, and shows none.

use std::fmt::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use alipay_mock::Mock;

/// What the gateway runs with.
pub(crate) struct Setting<'a> {
    /// Where the keys and certificates are.
    pub(crate) folder: &'a Path,
    /// Whether the folder ends with the program.
    pub(crate) is_ephemeral: bool,
    /// Whether the app has a private key that is not in the folder.
    pub(crate) has_own_key: bool,
    /// In certificate mode, the files of the app's certificate, Alipay's and the roots.
    pub(crate) certificates: Option<[&'a Path; 3]>,
    /// What the app is set up with.
    pub(crate) sign_type: &'a str,
}

/// All of it.
pub(crate) fn text(mock: &Mock, setting: &Setting<'_>) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let Setting { folder, .. } = setting;
    let (gateway, app_id) = (mock.gateway_url(), mock.app_id());
    writeln!(out, "listening on {}", mock.base_url())?;
    if !mock.address().ip().is_loopback() {
        writeln!(
            out,
            "open to other machines: whoever reaches {} may call",
            mock.address()
        )?;
    }
    writeln!(out, "gateway   {gateway} (V2), {}/v3/ (V3)", mock.base_url())?;
    writeln!(
        out,
        "app       {app_id} of merchant {}, {}",
        mock.seller_id(),
        setting.sign_type
    )?;
    let mode = match setting.certificates {
        Some(_) => "certificates",
        None => "public keys; --certificates turns to certificates",
    };
    writeln!(out, "mode      {mode}")?;
    let kept = if setting.is_ephemeral {
        "nothing is kept, and the keys are removed at the end"
    } else {
        "kept; --data names another folder, --ephemeral keeps nothing"
    };
    writeln!(out, "data      {} ({kept})", folder.display())?;

    if let Some(moved) = moved(mock.now(), SystemTime::now()) {
        writeln!(out, "clock     {moved}; the console or POST /_mock/clock moves it back")?;
    }

    let private_key = |extension: &str| {
        let own = || folder.join(format!("app-private-key.{extension}"));
        (!setting.has_own_key).then(own)
    };
    writeln!(out, "\n# For a shell, or a file of environment variables:")?;
    writeln!(out, "export ALIPAY_GATEWAY={}", quoted(&gateway))?;
    writeln!(out, "export ALIPAY_APP_ID={}", quoted(app_id))?;
    writeln!(out, "export ALIPAY_SELLER_ID={}", quoted(mock.seller_id()))?;
    match private_key("txt") {
        Some(file) => writeln!(out, "export ALIPAY_PRIVATE_KEY=\"$(cat {})\"", quoted_path(&file))?,
        None => writeln!(out, "# ALIPAY_PRIVATE_KEY is the app's own.")?,
    }
    match setting.certificates {
        Some(files) => {
            let names = ["ALIPAY_APP_CERT", "ALIPAY_CERT", "ALIPAY_ROOT_CERT"];
            for (name, file) in names.into_iter().zip(files) {
                writeln!(out, "export {name}={}", quoted_path(file))?;
            }
        }
        None => writeln!(out, "export ALIPAY_PUBLIC_KEY={}", quoted(&mock.alipay_public_key()))?,
    }

    writeln!(out, "\n// For alipay-api:")?;
    let key_file = private_key("pem").map_or_else(|| "app-private-key.pem".to_owned(), |file| shown(&file));
    if let Some(files) = setting.certificates {
        let [app, alipay, roots] = files.map(shown);
        writeln!(
            out,
            "let credentials = Credentials::certificates_from_files({key_file:?}, {app:?}, {alipay:?}, {roots:?})?;"
        )?;
    } else {
        let public_key = mock.alipay_public_key();
        writeln!(out, "let private_key = std::fs::read_to_string({key_file:?})?;")?;
        writeln!(
            out,
            "let credentials = Credentials::public_key(&private_key, {public_key:?})?;"
        )?;
    }
    writeln!(
        out,
        "let client = Client::builder({app_id:?}, credentials).gateway({gateway:?}).build()?;"
    )?;
    Ok(out)
}

/// How far a clock that was moved is from the machine's.
fn moved(clock: SystemTime, machine: SystemTime) -> Option<String> {
    let (apart, words) = match clock.duration_since(machine) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // Reading both takes a moment, and nobody moves a clock by less.
    let seconds = (apart + Duration::from_millis(500)).as_secs();
    (seconds > 0).then(|| format!("moved, {seconds} s {words} this machine's"))
}

/// As a shell takes it: one word, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn quoted_path(path: &Path) -> String {
    quoted(&shown(path))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_moved_is_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        assert_eq!(moved(now, now + Duration::from_millis(400)), None);
        assert_eq!(
            moved(now, now - Duration::from_mins(1)).as_deref(),
            Some("moved, 60 s ahead of this machine's")
        );
        assert_eq!(
            moved(now - Duration::from_mins(1), now).as_deref(),
            Some("moved, 60 s behind this machine's")
        );
    }
}
