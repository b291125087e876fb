//! From files to the clean model.

use crate::source::SourceFile;
use crate::{Diagnostics, check, diagnostics, ir, syntax};

/// Reads and checks specs, in any order.
///
/// # Errors
/// Every problem of every file.
pub fn load(files: impl IntoIterator<Item = SourceFile>) -> Result<ir::Spec, Diagnostics> {
    let mut files: Vec<SourceFile> = files.into_iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path).then_with(|| one.text.cmp(&other.text)));
    let report = diagnostics::Report::default();
    let trees: Vec<_> = (0..)
        .zip(&files)
        .map(|(index, file)| syntax::parse(index, &file.text, &report))
        .collect();
    let spec = check::check(&files, &trees, &report);
    drop(trees);
    match report.finish(&files) {
        None => Ok(spec),
        Some(diagnostics) => Err(diagnostics),
    }
}
