//! Gives a crate the methods of Alipay's gateway that `alipay-api` doesn't ship: finds them, drafts their specs, and generates their Rust.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use alipay_codegen::{Added, AddedMethod, Causes, Drafted, Found, Project, Root, Unpacked, add, search};
use clap::{Args, Parser};

/// Typed methods of Alipay's gateway for a crate that depends on `alipay-api`, beside those that it ships.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Draft the specs of methods from the catalogue of all that the gateway has, and write their Rust.
    ///
    /// A spec that is there already is left as it is. What the catalogue doesn't know, you complete from the documentation; then run `generate`.
    Add {
        /// The methods, as the gateway names them.
        #[arg(required = true)]
        methods: Vec<String>,
        #[command(flatten)]
        folders: Folders,
    },
    /// Find methods by words of their names or Chinese titles, which must all be there.
    Search {
        /// The words, such as `coupon` or `优惠券`.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Write the Rust of all specs.
    Generate {
        #[command(flatten)]
        folders: Folders,
        /// Change nothing, and fail where something would change.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Args)]
struct Folders {
    /// The folder of the specs: `<product>/<method>.yaml`.
    #[arg(long)]
    spec: String,
    /// The folder of the generated code. Generated files that no spec asks for any more are removed. A folder with other files is refused, and nothing is
    /// changed.
    #[arg(long)]
    out: String,
}

impl Folders {
    fn project(&self) -> Project {
        Project {
            base: PathBuf::new(),
            spec: self.spec.clone(),
            out: self.out.clone(),
            manifest: None,
            root: Root::User,
            pages: Vec::new(),
        }
    }
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Add { methods, folders } => add_methods(methods, &folders),
        Command::Search { words } => search_methods(&words),
        Command::Generate { folders, check } => generate(&folders, check),
    };
    match outcome {
        Ok(code) => code,
        // Who reads the output has seen enough.
        Err(error) if is_closed(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(io::stderr(), "{}", Causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn add_methods(methods: Vec<String>, folders: &Folders) -> Result<ExitCode, Box<dyn Error>> {
    let catalogue = Unpacked::built_in()?;
    let methods = methods.into_iter().collect();
    let Added { methods, types } = add(&folders.project(), &methods, &catalogue.catalogue())?;
    let mut out = io::stdout().lock();
    for method in &methods {
        let AddedMethod { path, drafted, .. } = method;
        match drafted {
            Some(drafted) => writeln!(out, "drafted {path}: {}", known(drafted))?,
            None => writeln!(out, "kept {path} as it is")?,
        }
    }
    for path in types {
        writeln!(out, "added to {path} what several of them share")?;
    }
    writeln!(out, "generated {}:", folders.out)?;
    for AddedMethod { call, .. } in &methods {
        writeln!(out, "    {call}")?;
    }
    if methods.iter().any(|method| method.drafted.is_some()) {
        let Folders { spec, out: code } = folders;
        writeln!(
            out,
            "complete each draft from the method's documentation, then run `alipay-codegen generate --spec {spec} --out {code}`:\n    \
             `source`, and a `doc` where a draft says that it has none\n    \
             `required: true` on the fields that must be given: the catalogue knows few\n    \
             `retry`: it stays `never` until the documentation says that a repeat changes nothing\n    \
             `class` of each error code: without one, the code leaves the outcome unknown"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn known(drafted: &Drafted) -> String {
    let Drafted {
        titled,
        undescribed,
        required,
        errors,
    } = drafted;
    let title = if *titled { "" } else { "no title, " };
    let count = |number: &usize, one: &str, many: &str| {
        let word = if *number == 1 { one } else { many };
        format!("{number} {word}")
    };
    format!(
        "{title}{} not described, {} known to be required, {} without a class",
        count(undescribed, "field, type or value", "fields, types and values"),
        count(required, "field", "fields"),
        count(errors, "error code", "error codes"),
    )
}

fn search_methods(words: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let catalogue = Unpacked::built_in()?;
    let found = search(&catalogue.catalogue(), words)?;
    let mut out = io::stdout().lock();
    for Found { name, title, shipped } in &found {
        let title = title.as_deref().unwrap_or("-");
        match shipped {
            Some(place) => writeln!(out, "{name}  {title}  alipay-api: {place}")?,
            None => writeln!(out, "{name}  {title}  alipay-codegen add {name}")?,
        }
    }
    if found.is_empty() {
        writeln!(
            io::stderr(),
            "no method has all of this in its name or title: {}",
            words.join(", ")
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(folders: &Folders, check: bool) -> Result<ExitCode, Box<dyn Error>> {
    let project = folders.project();
    if !check {
        project.write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = project.compare()?;
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let Folders { spec, out } = folders;
    writeln!(
        io::stderr(),
        "{differences}\nto mend this: alipay-codegen generate --spec {spec} --out {out}"
    )?;
    Ok(ExitCode::FAILURE)
}
