//! Maintainers' commands. What they do is in `alipay-codegen`; here are their arguments and where this workspace keeps its files.

mod bench_report;
mod budget;
mod catalogue;
mod console;
mod e2e;
mod modules;
mod msrv;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alipay_codegen::{
    Causes, Filling, Page, Project, Root, SourceFile, Unpacked, drafts, methods_page, methods_table, read_specs,
    shipped_list, spec_of, types_list, with_products,
};
use clap::{Args, Parser};
use console::say;

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
    /// Draft specs of methods from their lines of the catalogue.
    New(New),
    /// Compare the specs with the catalogue of the gateway's methods: names, types and places. Fails where they differ without a reason that
    /// `spec/DIFFERENCES.md` says.
    Catalogue(catalogue::Arguments),
    /// Check that no module of a crate uses one that uses it, and show them in their order.
    Modules,
    /// Check that no dependency of a published package needs a newer Rust than the package's `rust-version`, and check the package with that version
    /// where it is installed.
    Msrv,
    /// Show what `cargo bench` has measured beside its floors, and fail where it is too far from them.
    BenchReport,
    /// Drive a browser through the pages of the embedded gateway: payments, refusals, agreements, logins. Pictures of the pages go to `target/e2e`.
    E2e {
        /// Only the tests whose names have one of these in them.
        tests: Vec<String>,
    },
    /// Measure what the generated code costs to make and to compile, and fail where that is too much.
    Budget {
        /// A folder with `methods.jsonl`, `types.jsonl`, `all-methods.jsonl.gz` and `all-types.jsonl.gz`, to try all of that too.
        #[arg(long)]
        catalogue: Option<PathBuf>,
        /// Only build a program of one call.
        #[arg(long, conflicts_with = "catalogue")]
        program: bool,
    },
}

/// What is drafted, and from what.
#[derive(Args)]
struct New {
    /// The methods, as the gateway names them.
    methods: Vec<String>,
    /// A file with the names of more methods, one a line. Those that have a spec already are left out.
    #[arg(long)]
    list: Vec<PathBuf>,
    /// Every method of the catalogue, or of a folder's `methods.jsonl`, that has no spec yet.
    #[arg(long)]
    all: bool,
    /// A folder with `methods.jsonl` and, as far as they are known, `types.jsonl`, `fields.jsonl`, `types-facts.jsonl`, `kinds.tsv`,
    /// `idempotent.tsv`, `v3-differences.tsv`, and `all-….jsonl.gz` of more methods and types; or a file of methods, one JSON object a line:
    /// `method`, `biz_content`, `params`, `response`, `error_codes`. Without, the catalogue inside `alipay-codegen`.
    #[arg(long)]
    catalogue: Option<PathBuf>,
    /// A file of the types that methods refer to, one JSON object a line: `type`, `fields`.
    #[arg(long)]
    types: Option<PathBuf>,
    /// The folder of the specs, if it is not `spec/`.
    #[arg(long)]
    spec: Option<PathBuf>,
    /// Fill what is empty with words that mean nothing: to try the generator, and for nothing else.
    #[arg(long)]
    made_up: bool,
    /// Write the drafts to the folder of the specs instead of showing them.
    #[arg(long)]
    write: bool,
}

type CommandResult = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = budget::stand_in().unwrap_or_else(run);
    outcome.unwrap_or_else(|error| {
        say(&Causes(&*error));
        ExitCode::FAILURE
    })
}

fn run() -> CommandResult {
    match Command::parse() {
        Command::Codegen { check } => codegen(check),
        Command::New(arguments) => new(&arguments),
        Command::Catalogue(arguments) => catalogue::run(workspace(), &arguments)
            .map(|holds| if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Command::Modules => modules(),
        Command::Msrv => msrv::run(workspace()).map(|holds| if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Command::BenchReport => show_benchmarks(),
        Command::E2e { tests } => {
            e2e::run(workspace(), &tests).map(|holds| if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Budget { catalogue, program } => {
            let holds = if program {
                budget::program(workspace())
            } else {
                budget::run(workspace(), catalogue.as_deref())
            };
            holds.map(|holds| if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
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
    for (root, divided) in modules::CRATES {
        let graph = modules::Graph::read(&workspace().join(root), divided)?;
        let Some(circle) = graph.circle() else {
            writeln!(io::stdout(), "{root}:\n  {}", graph.order().join("\n  "))?;
            continue;
        };
        say(&format_args!("{root}: modules use each other in a circle:"));
        for (at, (module, file)) in circle.iter().enumerate() {
            let (next, _) = &circle[(at + 1) % circle.len()];
            say(&format_args!("  {module} uses {next}: {}", file.display()));
        }
        outcome = ExitCode::FAILURE;
    }
    Ok(outcome)
}

fn codegen(check: bool) -> CommandResult {
    let page = |path: &str, text| Page {
        path: path.to_owned(),
        text,
    };
    let project = Project {
        base: workspace().to_owned(),
        spec: "spec".to_owned(),
        out: "alipay-api/src/generated".to_owned(),
        manifest: Some("alipay-api/Cargo.toml".to_owned()),
        root: Root::Library,
        pages: vec![
            page("docs/METHODS.md", |spec, _| Some(methods_table(spec))),
            page("alipay-api/src/guide/methods.md", |spec, _| Some(methods_page(spec))),
            page("README.md", |spec, found| with_products(found, spec)),
            page("codegen/src/shipped.txt", |spec, _| Some(shipped_list(spec))),
            page("tests/it/tests/methods/list.rs", |spec, _| Some(types_list(spec))),
        ],
    };
    if !check {
        project.write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = project.compare()?;
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format_args!(
        "{differences}\nwhat was generated is not what spec/ asks for; to mend it: cargo xtask codegen"
    ));
    Ok(ExitCode::FAILURE)
}

fn new(arguments: &New) -> CommandResult {
    let spec = arguments.spec.clone().unwrap_or_else(|| workspace().join("spec"));
    let specs = read_specs(&spec)?;
    let folder = arguments.catalogue.as_deref().filter(|path| path.is_dir());
    let mut texts = match (folder, &arguments.catalogue) {
        (Some(folder), _) => catalogue::Texts::first(folder)?,
        (None, Some(file)) => catalogue::Texts::of_methods(read(file)?),
        (None, None) => catalogue::Texts::from(&Unpacked::built_in()?.catalogue()),
    };
    if let Some(file) = &arguments.types {
        texts.types = read(file)?;
    }
    let mut methods = BTreeSet::new();
    if arguments.all {
        methods.extend(texts.catalogue().names()?);
    }
    for file in &arguments.list {
        let names = read(file)?;
        let names = names.lines().map(str::trim).filter(|name| !name.is_empty());
        methods.extend(names.map(str::to_owned));
    }
    // An existing spec is worth more than a draft.
    let path_of = |method: &str| spec_of(&specs, method).map(|file| &file.path);
    methods.retain(|method| path_of(method).is_none());
    for method in &arguments.methods {
        if let Some(path) = path_of(method) {
            let path = spec.join(path);
            return Err(format!("{} exists already: delete it to draft it anew", path.display()).into());
        }
        methods.insert(method.clone());
    }
    if methods.is_empty() {
        return Err("no method is named that has no spec yet".into());
    }
    if let Some(folder) = folder {
        texts.complete(folder, &methods)?;
    }
    let filling = if arguments.made_up {
        Filling::MadeUp
    } else {
        Filling::Empty
    };
    let drafts = drafts(&methods, &texts.catalogue(), &specs, filling)?;
    for SourceFile { path, text } in &drafts {
        if !arguments.write {
            if drafts.len() > 1 {
                writeln!(io::stdout(), "# {path}")?;
            }
            io::stdout().write_all(text.as_bytes())?;
            continue;
        }
        let path = spec.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        say(&format_args!("drafted {}", path.display()));
    }
    if arguments.write {
        say(&"fill in what is empty, check what is guessed, and read the rest beside the documentation");
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
