//! Generates typed Rust for gateway methods that `alipay-api` doesn't ship, from specs of your own.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use alipay_codegen::{Project, Root};
use clap::Parser;

/// Writes the Rust of Alipay gateway methods from their specs, for a crate that depends on `alipay-api`.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder of the specs: `<product>/<method>.yaml`.
    #[arg(long)]
    spec: String,
    /// The folder of the generated code: one of its own. What was generated into it before and is asked for no more is removed; with anything else in it, it
    /// is refused, and nothing is changed.
    #[arg(long)]
    out: String,
    /// Change nothing, and fail where something would change.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            _ = writeln!(io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let Arguments { spec, out, check } = arguments;
    let project = Project {
        base: PathBuf::new(),
        spec: spec.clone(),
        out: out.clone(),
        manifest: None,
        root: Root::User,
        pages: Vec::new(),
    };
    if !check {
        project.write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = project.compare()?;
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        io::stderr(),
        "{differences}\nto mend this: alipay-codegen --spec {spec} --out {out}"
    )?;
    Ok(ExitCode::FAILURE)
}
