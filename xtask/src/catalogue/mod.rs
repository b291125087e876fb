//! The catalogue: facts on the gateway's methods that specs are drafted from and compared with. The project keeps a digest of it.

mod compare;
mod digest;
mod reasons;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alipay_codegen::{Outline, ir, load, read_specs};
use clap::Args;

use crate::console::say;
use compare::compare;
use reasons::{Reasons, Settled};
pub(crate) use texts::Texts;

/// What the catalogue says, as far as specs are compared with it.
const DIGEST: &str = "spec/catalogue.txt";
/// The differences that have a reason.
const REASONS: &str = "spec/DIFFERENCES.md";

/// What the specs are compared with.
#[derive(Args)]
#[group(required = true)]
pub(crate) struct Arguments {
    /// The digest of the catalogue that the project keeps.
    #[arg(long)]
    check: bool,
    /// A folder with the catalogue itself: the files that `new --catalogue` takes, and `additions.txt` with the names of more methods, one a line. The digest
    /// must be that of this catalogue.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    compare: Option<PathBuf>,
    /// Write the digest of that catalogue first.
    #[arg(long, requires = "compare", conflicts_with = "check")]
    write: bool,
}

/// Compares, reports, and tells whether every difference has a reason.
pub(crate) fn run(workspace: &Path, arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let spec = load(read_specs(&workspace.join("spec"))?)?;
    let path = workspace.join(DIGEST);
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut holds = true;
    let outline = match &arguments.compare {
        None => digest::read(&read(&path)?).map_err(|problem| format!("{DIGEST}: {problem}"))?,
        Some(folder) => {
            let outline = outline(folder, &spec)?;
            let text = digest::write(&outline);
            if arguments.write {
                fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            } else if fs::read_to_string(&path).ok() != Some(text) {
                say(&format_args!(
                    "stale: {DIGEST} is not what the catalogue says; to mend it: --write"
                ));
                holds = false;
            }
            outline
        }
    };
    let reasons = Reasons::read(&read(&workspace.join(REASONS))?).map_err(|problem| format!("{REASONS}: {problem}"))?;
    let differences: BTreeSet<String> = compare(&outline, &spec).iter().map(ToString::to_string).collect();
    let settled = reasons.settle(&differences);
    show(&outline, &settled)?;
    Ok(holds && settled.holds())
}

/// What the catalogue says of its first methods, of the additions, and of what else has a spec.
fn outline(folder: &Path, spec: &ir::Spec) -> Result<Outline, Box<dyn Error>> {
    let mut texts = Texts::first(folder)?;
    let mut methods = texts.catalogue().names()?;
    methods.extend(texts::additions(folder)?);
    let specs = spec.products.iter().flat_map(|product| &product.methods);
    methods.extend(specs.map(|method| method.name.clone()));
    texts.complete(folder, &methods)?;
    let outline = texts.catalogue().outline(&methods)?;
    Ok(outline)
}

fn show(outline: &Outline, settled: &Settled) -> io::Result<()> {
    for difference in &settled.unlisted {
        say(difference);
    }
    for entry in &settled.stale {
        say(&format_args!(
            "{REASONS} lists what is no difference, and the entry has to go: {entry}"
        ));
    }
    if !settled.unlisted.is_empty() {
        say(&format_args!(
            "differences without a reason: {}; mend the specs, or list the lines as they are printed in {REASONS}, below why they differ",
            settled.unlisted.len()
        ));
    }
    let mut out = io::stdout().lock();
    let methods = outline.methods.values();
    let fields: usize = methods
        .clone()
        .map(|method| method.request.len() + method.response.len())
        .sum();
    let of_types: usize = outline.types.values().map(BTreeMap::len).sum();
    let codes: usize = methods.map(|method| method.errors.len()).sum();
    writeln!(
        out,
        "{} methods with {fields} fields and {codes} error codes, and {} types with {of_types} fields: {} differences without a reason",
        outline.methods.len(),
        outline.types.len(),
        settled.unlisted.len(),
    )?;
    for (reason, count) in &settled.counts {
        writeln!(out, "{count:5}  {reason}")?;
    }
    Ok(())
}
