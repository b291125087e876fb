//! From files to the clean model.

use crate::source::SourceFile;
use crate::{Diagnostics, check, diagnostics, ir, syntax};

/// Reads and checks specs, in any order.
///
/// # Errors
/// Every problem of every file.
pub fn load(files: impl IntoIterator<Item = SourceFile>) -> Result<ir::Spec, Diagnostics> {
    read(files, false)
}

/// [`load`], and each field and type must have a `label`, or say that there is none. The library's own specs are held to that.
///
/// # Errors
/// Every problem of every file.
pub fn load_labelled(files: impl IntoIterator<Item = SourceFile>) -> Result<ir::Spec, Diagnostics> {
    read(files, true)
}

fn read(files: impl IntoIterator<Item = SourceFile>, labelled: bool) -> Result<ir::Spec, Diagnostics> {
    let mut files: Vec<SourceFile> = files.into_iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path).then_with(|| one.text.cmp(&other.text)));
    let report = diagnostics::Report::default();
    let trees: Vec<_> = (0..)
        .zip(&files)
        .map(|(index, file)| syntax::parse(index, &file.text, &report))
        .collect();
    let reader = check::Reader {
        report: &report,
        labelled,
    };
    let spec = check::check(&files, &trees, reader);
    drop(trees);
    match report.finish(&files) {
        None => Ok(spec),
        Some(diagnostics) => Err(diagnostics),
    }
}
