//! How long the compiler takes for each package of a build: `xtask` stands before it, as cargo's `RUSTC_WRAPPER`.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, io};

use wait4::Wait4 as _;

/// The file of what each run of the compiler took. Where it is set, `xtask` is the compiler.
const TIMES: &str = "ALIPAY_XTASK_COMPILER_TIMES";

/// Has cargo note in `times` what the compiler takes.
pub(super) fn note(command: &mut Command, times: &Path) -> io::Result<()> {
    command.env("RUSTC_WRAPPER", env::current_exe()?).env(TIMES, times);
    Ok(())
}

/// The user time of each package, by its name and version as `cargo tree` writes them.
pub(super) fn noted(times: &Path) -> Result<BTreeMap<String, Duration>, Box<dyn Error>> {
    let mut packages: BTreeMap<String, Duration> = BTreeMap::new();
    for line in fs::read_to_string(times)?.lines() {
        let (package, microseconds) = line
            .rsplit_once('\t')
            .ok_or("a line of the compiler's times has no tab")?;
        *packages.entry(package.to_owned()).or_default() += Duration::from_micros(microseconds.parse()?);
    }
    Ok(packages)
}

/// Runs the compiler as cargo asks, if cargo is who runs this program.
pub(crate) fn stand_in() -> Option<Result<ExitCode, Box<dyn Error>>> {
    env::var_os(TIMES).map(|times| compile(&times, env::args_os().skip(1)))
}

fn compile(times: &OsStr, mut arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Box<dyn Error>> {
    let compiler = arguments.next().ok_or("cargo did not say which compiler it uses")?;
    let ended = Command::new(compiler).args(arguments).spawn()?.wait4()?;
    // Cargo also asks the compiler for its version, of no package.
    if let (Ok(name), Ok(version)) = (env::var("CARGO_PKG_NAME"), env::var("CARGO_PKG_VERSION")) {
        let line = format!("{name} v{version}\t{}\n", ended.rusage.utime.as_micros());
        // At once: other compilers write too.
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(times)?
            .write_all(line.as_bytes())?;
    }
    Ok(if ended.status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
