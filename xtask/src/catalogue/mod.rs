//! The catalogue: facts on the gateway's methods that specs are drafted from and compared with. The project keeps a digest of it.

mod compare;
mod digest;
mod news;
mod reasons;
mod sdk;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alipay_codegen::{Outline, Unpacked, ir, load, pack, read_specs};
use clap::Args;

use crate::console::say;
use compare::compare;
use news::{News, news};
use reasons::{Reasons, Settled};
pub(crate) use texts::Texts;

/// What the catalogue says, as far as specs are compared with it.
const DIGEST: &str = "spec/catalogue.txt";
/// The catalogue as `alipay-codegen` has it.
const PACKED: &str = "codegen/catalogue.gz";
/// The differences that have a reason.
const REASONS: &str = "spec/DIFFERENCES.md";

/// What the specs are compared with.
#[derive(Args)]
#[group(required = true)]
pub(crate) struct Arguments {
    /// The catalogue inside `alipay-codegen`, of which the project keeps a digest that can be read.
    #[arg(long)]
    check: bool,
    /// A folder with the catalogue itself: the files that `new --catalogue` takes, and `additions.txt` with the names of more methods, one a line. The digest
    /// and the catalogue inside `alipay-codegen` must be those of this catalogue.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    compare: Option<PathBuf>,
    /// Source trees of the official SDKs: the .NET SDK's for V2, the PHP SDK's for V3, or the folders of their repositories. Says what is new, changed or gone
    /// since the catalogue inside `alipay-codegen`: which methods, and of those that have a spec which fields. Nothing is compared with the specs.
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with_all = ["check", "compare"])]
    from: Vec<PathBuf>,
    /// Write the digest. With `--compare` or `--from`, write the catalogue inside `alipay-codegen` too.
    #[arg(long, conflicts_with = "check")]
    write: bool,
}

/// Compares, reports, and tells whether every difference has a reason.
pub(crate) fn run(workspace: &Path, arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let spec = load(read_specs(&workspace.join("spec"))?)?;
    let path = workspace.join(DIGEST);
    if !arguments.from.is_empty() {
        return from_trees(workspace, arguments, &spec);
    }
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let holds;
    let outline = match &arguments.compare {
        None => {
            let digest = digest::read(&read(&path)?).map_err(|problem| format!("{DIGEST}: {problem}"))?;
            let methods = digest.methods.into_keys().chain(described(&spec)).collect();
            let outline = Unpacked::built_in()?.catalogue().outline(&methods)?;
            let wanted = digest::write(&outline);
            holds = keep(&path, wanted.as_bytes(), arguments.write, |found, wanted| {
                found == wanted
            })?;
            outline
        }
        Some(folder) => {
            let texts = Texts::whole(folder)?;
            let outline = outline(folder, &texts, &spec)?;
            let is_written = keep(
                &path,
                digest::write(&outline).as_bytes(),
                arguments.write,
                |found, wanted| found == wanted,
            )?;
            let is_packed = keep(
                &workspace.join(PACKED),
                &pack(&texts.catalogue())?,
                arguments.write,
                |found, wanted| {
                    Unpacked::read(found)
                        .ok()
                        .zip(Unpacked::read(wanted).ok())
                        .is_some_and(|(a, b)| a == b)
                },
            )?;
            holds = is_written && is_packed;
            outline
        }
    };
    let reasons = Reasons::read(&read(&workspace.join(REASONS))?).map_err(|problem| format!("{REASONS}: {problem}"))?;
    let differences: BTreeSet<String> = compare(&outline, &spec).iter().map(ToString::to_string).collect();
    let settled = reasons.settle(&differences);
    show(&outline, &settled)?;
    Ok(holds && settled.holds())
}

/// Reads the catalogue anew from the SDKs' trees, says what is new in it, and keeps it if that is wanted.
fn from_trees(workspace: &Path, arguments: &Arguments, spec: &ir::Spec) -> Result<bool, Box<dyn Error>> {
    let built_in = Unpacked::built_in()?;
    let old = built_in.catalogue();
    let (texts, problems) = sdk::read(&arguments.from, &old)?;
    if !problems.is_empty() {
        say(&problems);
        return Err(
            "the trees have what is not understood, so nothing is taken from them; teach xtask/src/catalogue/sdk"
                .into(),
        );
    }
    let packed = pack(&texts.catalogue())?;
    let unpacked = Unpacked::read(&packed)?;
    let new = unpacked.catalogue();
    let specs: BTreeSet<String> = described(spec).collect();
    let News {
        methods,
        fields,
        others,
    } = news(&old, &new, &specs)?;
    let mut out = io::stdout().lock();
    for line in problems.left_out.iter().chain(&methods).chain(&fields) {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "{} methods are new or gone, {} facts have changed of those that have a spec, {others} others have changed",
        methods.len(),
        fields.len(),
    )?;
    if arguments.write {
        let digest = digest::read(&fs::read_to_string(workspace.join(DIGEST))?)?;
        let compared = digest.methods.into_keys().chain(specs).collect();
        fs::write(workspace.join(DIGEST), digest::write(&new.outline(&compared)?))?;
        fs::write(workspace.join(PACKED), packed)?;
        writeln!(out, "written: {PACKED}, {DIGEST}")?;
    }
    Ok(true)
}

/// The methods that have a spec.
fn described(spec: &ir::Spec) -> impl Iterator<Item = String> {
    let methods = spec.products.iter().flat_map(|product| &product.methods);
    methods.map(|method| method.name.clone())
}

/// Writes a file, or tells whether it is what it should be.
fn keep(path: &Path, wanted: &[u8], write: bool, is_same: impl Fn(&[u8], &[u8]) -> bool) -> Result<bool, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let found = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        found => found.map_err(failed)?,
    };
    if is_same(&found, wanted) {
        return Ok(true);
    }
    if write {
        fs::write(path, wanted).map_err(failed)?;
    } else {
        say(&format_args!(
            "stale: {} is not what the catalogue says; to mend it: cargo xtask catalogue --write, with --compare DIR if that was there",
            path.display()
        ));
    }
    Ok(write)
}

/// What the catalogue says of its first methods, of the additions, and of what else has a spec.
fn outline(folder: &Path, texts: &Texts, spec: &ir::Spec) -> Result<Outline, Box<dyn Error>> {
    let mut methods = Texts::first(folder)?.catalogue().names()?;
    methods.extend(texts::additions(folder)?);
    methods.extend(described(spec));
    Ok(texts.catalogue().outline(&methods)?)
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
