//! Maintainers' commands. What they do is in `alipay-codegen`; here are their arguments and where this workspace keeps its files.

mod bench_report;
mod budget;
mod catalogue;
mod modules;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fmt, fs};

use alipay_codegen::{Project, Root, draft, load, methods_table, read_specs};
use clap::Parser;

/// Maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Write the library's generated code from `spec/`.
    Codegen {
        /// Change nothing, and fail where something would change.
        #[arg(long)]
        check: bool,
    },
    /// Draft the spec of a method from its line of the catalogue.
    New {
        /// The method, as the gateway names it.
        method: String,
        /// A folder with `methods.jsonl` and, as far as they are known, `types.jsonl`, `fields.jsonl`, `types-facts.jsonl`, `kinds.tsv`,
        /// `idempotent.tsv`, `v3-differences.tsv`, and `all-….jsonl.gz` of more methods and types; or a file of methods, one JSON object a line:
        /// `method`, `biz_content`, `params`, `response`, `error_codes`. Standard input without.
        #[arg(long)]
        catalogue: Option<PathBuf>,
        /// A file of the types that methods refer to, one JSON object a line: `type`, `fields`.
        #[arg(long)]
        types: Option<PathBuf>,
        /// Write the draft to `spec/` instead of showing it.
        #[arg(long)]
        write: bool,
    },
    /// Check that no module of the library or of the embedded gateway uses one that uses it, and show them in their order.
    Modules,
    /// Show what `cargo bench` has measured beside its floors, and fail where it is too far from them.
    BenchReport,
    /// Measure what the generated code costs to make and to compile, and fail where that is too much.
    Budget {
        /// A folder with `methods.jsonl`, `types.jsonl`, `all-methods.jsonl.gz` and `all-types.jsonl.gz`, to try all of that too.
        #[arg(long)]
        catalogue: Option<PathBuf>,
    },
}

type CommandResult = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Codegen { check } => codegen(check),
        Command::New {
            method,
            catalogue,
            types,
            write,
        } => new(&method, catalogue.as_deref(), types.as_deref(), write),
        Command::Modules => modules(),
        Command::BenchReport => show_benchmarks(),
        Command::Budget { catalogue } => budget::run(workspace(), catalogue.as_deref())
            .map(|holds| if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    };
    outcome.unwrap_or_else(|error| {
        say(&Causes(&*error));
        ExitCode::FAILURE
    })
}

/// The workspace's folder.
fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn show_benchmarks() -> CommandResult {
    let (table, holds) = bench_report::report(workspace())?;
    io::stdout().write_all(table.as_bytes())?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn modules() -> CommandResult {
    let mut outcome = ExitCode::SUCCESS;
    for folder in ["alipay-api/src", "tests/mock/src"] {
        let graph = modules::Graph::read(&workspace().join(folder))?;
        let Some(circle) = graph.circle() else {
            writeln!(io::stdout(), "{folder}:\n  {}", graph.order().join("\n  "))?;
            continue;
        };
        say(&format_args!("modules of {folder} use each other in a circle:"));
        for (at, (module, file)) in circle.iter().enumerate() {
            let (next, _) = &circle[(at + 1) % circle.len()];
            say(&format_args!("  {module} uses {next}: {}", file.display()));
        }
        outcome = ExitCode::FAILURE;
    }
    Ok(outcome)
}

fn codegen(check: bool) -> CommandResult {
    let project = Project {
        base: workspace().to_owned(),
        spec: "spec".to_owned(),
        out: "alipay-api/src/generated".to_owned(),
        manifest: Some("alipay-api/Cargo.toml".to_owned()),
        root: Root::Library,
    };
    let table = workspace().join("spec/METHODS.md");
    if !check {
        project.write()?;
        fs::write(&table, methods_table(&load(read_specs(&workspace().join("spec"))?)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = project.compare()?;
    if differences.is_empty() {
        let wanted = methods_table(&load(read_specs(&workspace().join("spec"))?)?);
        if fs::read_to_string(&table).is_ok_and(|found| found == wanted) {
            return Ok(ExitCode::SUCCESS);
        }
        say(&"stale: spec/METHODS.md\nto mend it: cargo xtask codegen");
        return Ok(ExitCode::FAILURE);
    }
    say(&format_args!(
        "{differences}\nthe generated code is not what spec/ asks for; to mend it: cargo xtask codegen"
    ));
    Ok(ExitCode::FAILURE)
}

fn new(method: &str, catalogue: Option<&Path>, types: Option<&Path>, write: bool) -> CommandResult {
    let mut texts = match catalogue {
        Some(folder) if folder.is_dir() => catalogue::read(folder, method)?,
        Some(file) => catalogue::Texts::of_methods(read(file)?),
        None => catalogue::Texts::of_methods(io::read_to_string(io::stdin().lock())?),
    };
    if let Some(file) = types {
        texts.types = read(file)?;
    }
    let spec = workspace().join("spec");
    let draft = draft(method, &texts.catalogue(), &read_specs(&spec)?)?;
    if !write {
        io::stdout().write_all(draft.text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = spec.join(&draft.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // An existing spec is worth more than a draft.
    let mut file = fs::File::create_new(&path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("spec/{} exists already: delete it to draft it anew", draft.path),
        _ => format!("spec/{}: {error}", draft.path),
    })?;
    file.write_all(draft.text.as_bytes())?;
    say(&format_args!(
        "drafted spec/{}: fill in what is empty, check what is guessed, and read the rest beside the documentation",
        draft.path
    ));
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn say(text: &dyn fmt::Display) {
    // Nobody is left to be told that standard error is closed.
    _ = writeln!(io::stderr(), "{text}");
}

/// An error with its causes.
struct Causes<'e>(&'e dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
