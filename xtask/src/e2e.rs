//! Runs the tests that drive a browser.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names that Chromium has.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// How to get it.
const MISSING: &str = "Chromium is not installed: the tests drive it. On Debian, apt-get install --no-install-recommends chromium fonts-noto-cjk; \
                       elsewhere, set ALIPAY_E2E_CHROMIUM to the path of a Chromium or Chrome";

/// Runs the tests of these names, or all. Whether they hold.
pub(crate) fn run(workspace: &Path, tests: &[String]) -> Result<bool, Box<dyn Error>> {
    let chromium = chromium().ok_or(MISSING)?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let status = Command::new(env!("CARGO"))
        .args([
            "test",
            "--locked",
            "--package",
            "alipay-e2e",
            "--features",
            "browser",
            "--test",
            "e2e",
            "--",
        ])
        .args(tests)
        .current_dir(workspace)
        .env("ALIPAY_E2E_CHROMIUM", chromium)
        .env("ALIPAY_E2E_PICTURES", target.join("e2e"))
        .status()?;
    Ok(status.success())
}

/// Where Chromium is.
fn chromium() -> Option<PathBuf> {
    if let Some(path) = env::var_os("ALIPAY_E2E_CHROMIUM") {
        return Some(path.into());
    }
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    let mut candidates = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.find(|candidate| candidate.is_file())
}
