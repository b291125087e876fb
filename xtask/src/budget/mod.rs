//! What generated code costs to make and to compile, and whether that is too much.
//!
//! Everything is user time, on one core where the compiler keeps to one, of the real `alipay-codegen` and the real cargo, over crates in temporary
//! folders. A method's cost is what a crate takes beyond one of its smallest product, so that what every crate pays once counts for none.

mod calls;
mod compiler;
mod program;
mod report;
mod trial;
mod usage;

use std::error::Error;
use std::path::Path;

use alipay_codegen::{Catalogue, Filling, SourceFile, drafts, read_specs};
pub(crate) use compiler::stand_in;
use report::{Amount, Report};
use trial::Trial;
use usage::Usage;

use crate::catalogue::Texts;

/// How often what is measured is measured: the least counts, since other work can only add to it.
const RUNS: usize = 5;

/// `cargo check`, a shipped method. They are the largest that there are.
const SHIPPED: Amount = Amount::milliseconds(5.0);
/// `cargo check`, a method of the first catalogue.
const CATALOGUE: Amount = Amount::milliseconds(4.0);
/// A release build, a method that is called.
const CALLED: Amount = Amount::milliseconds(60.0);
/// Generating the first catalogue.
const GENERATING: Amount = Amount::milliseconds(1_500.0);
/// Generating everything.
const GENERATING_ALL: Amount = Amount::milliseconds(15_000.0);
const GENERATING_MEMORY: Amount = Amount::memory(1 << 30);

/// How many methods the program calls that is built for release.
const CALLS: usize = 100;

/// Measures the program of one call alone.
pub(crate) fn program(workspace: &Path) -> Result<bool, Box<dyn Error>> {
    let mut report = Report::default();
    program::compare(&mut report, workspace)?;
    Ok(report.holds())
}

/// Measures, reports, and tells whether all is within the limits.
pub(crate) fn run(workspace: &Path, catalogue: Option<&Path>) -> Result<bool, Box<dyn Error>> {
    let mut report = Report::default();
    let shipped = Trial::new(workspace, &read_specs(&workspace.join("spec"))?)?;
    generate(&mut report, "shipped", &shipped, GENERATING)?;
    compile(&mut report, "shipped", &shipped, RUNS, SHIPPED)?;
    program::compare(&mut report, workspace)?;
    if let Some(folder) = catalogue {
        let first = Texts::first(folder)?;
        let trial = Trial::new(workspace, &specs(&first.methods, &first.types)?)?;
        generate(&mut report, "catalogue", &trial, GENERATING)?;
        compile(&mut report, "catalogue", &trial, 3, CATALOGUE)?;
        call(&mut report, workspace, &first)?;
        let all = Texts::all(folder)?;
        let all = Trial::new(workspace, &specs(&all.methods, &all.types)?)?;
        generate(&mut report, "everything", &all, GENERATING_ALL)?;
        in_turn(&mut report, &all)?;
    }
    Ok(report.holds())
}

fn generate(report: &mut Report, name: &str, trial: &Trial, limit: Amount) -> Result<(), Box<dyn Error>> {
    // The first run may have to build the generator.
    trial.generate(false)?;
    for (what, compare) in [("generate", false), ("generate and compare", true)] {
        let usage = least(3, || trial.generate(compare))?;
        let what = format!("{name}: {what} {} methods", trial.methods());
        report.line(&what, Amount::time(usage.user), Some(limit));
        report.line(
            &format!("{what}, memory"),
            Amount::memory(usage.peak),
            Some(GENERATING_MEMORY),
        );
    }
    Ok(())
}

/// Checks all products at once.
fn compile(report: &mut Report, name: &str, trial: &Trial, runs: usize, limit: Amount) -> Result<(), Box<dyn Error>> {
    let Some((smallest, few)) = trial.products.iter().min_by_key(|(_, methods)| **methods) else {
        return Ok(());
    };
    // The first run has to check the dependencies.
    trial.check([smallest.as_str()])?;
    let base = least(runs, || trial.check([smallest.as_str()]))?;
    let whole = least(runs, || trial.check(trial.products.keys().map(String::as_str)))?;
    let (user, more) = (whole.user.saturating_sub(base.user), trial.methods() - few);
    let what = format!("{name}: cargo check of {} methods", trial.methods());
    report.line(&what, Amount::time(whole.user), None);
    report.line(&format!("{what}, memory"), Amount::memory(whole.peak), None);
    report.line(&format!("{what}, each"), each(user, more), Some(limit));
    Ok(())
}

/// Specs of all these methods, as bare as they can be.
fn specs(methods: &str, types: &str) -> Result<Vec<SourceFile>, Box<dyn Error>> {
    let catalogue = Catalogue {
        methods,
        types,
        ..Catalogue::default()
    };
    Ok(drafts(&catalogue.names()?, &catalogue, &[], Filling::MadeUp)?)
}

/// Builds a program that calls some methods of every sort.
fn call(report: &mut Report, workspace: &Path, catalogue: &Texts) -> Result<(), Box<dyn Error>> {
    let build = |calls: usize| -> Result<Usage, Box<dyn Error>> {
        let specs = specs(&calls::some(&catalogue.methods, calls), &catalogue.types)?;
        let main = calls::main_of(&specs)?;
        let trial = Trial::new(workspace, &specs)?;
        trial.generate(false)?;
        trial.build(&main)?;
        least(3, || trial.build(&main))
    };
    let (few, many) = (build(1)?, build(CALLS)?);
    let what = format!("catalogue: release build of {CALLS} methods that are called");
    report.line(&what, Amount::time(many.user), None);
    report.line(&format!("{what}, memory"), Amount::memory(many.peak), None);
    let user = many.user.saturating_sub(few.user);
    report.line(&format!("{what}, each"), each(user, CALLS - 1), Some(CALLED));
    Ok(())
}

/// Checks one product after the other.
fn in_turn(report: &mut Report, trial: &Trial) -> Result<(), Box<dyn Error>> {
    let mut user = std::time::Duration::ZERO;
    let mut peak = 0;
    for product in trial.products.keys() {
        let usage = trial.check([product.as_str()])?;
        user += usage.user;
        peak = peak.max(usage.peak);
    }
    let (methods, products) = (trial.methods(), trial.products.len());
    let what = format!("everything: cargo check of {methods} methods in {products} products, in turn");
    report.line(&what, Amount::time(user), None);
    report.line(&format!("{what}, memory"), Amount::memory(peak), None);
    report.line(&format!("{what}, each"), each(user, methods), None);
    Ok(())
}

fn each(time: std::time::Duration, number: usize) -> Amount {
    Amount::time(time / u32::try_from(number.max(1)).unwrap_or(u32::MAX))
}

fn least(runs: usize, mut run: impl FnMut() -> Result<Usage, Box<dyn Error>>) -> Result<Usage, Box<dyn Error>> {
    let mut least = run()?;
    for _ in 1..runs {
        least = least.least(run()?);
    }
    Ok(least)
}
