//! Spec files before anything is understood of them.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The files of a product that describe no method, without `.yaml`.
pub(crate) const NOT_METHODS: [&str; 2] = ["types", "product"];

/// A spec file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to `spec/`, with `/` between folders.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The spec of a method among these, whatever its product. No method is called as the two other files that a product has.
pub fn spec_of<'f>(specs: &'f [SourceFile], method: &str) -> Option<&'f SourceFile> {
    if NOT_METHODS.contains(&method) {
        return None;
    }
    let name = format!("{method}.yaml");
    specs
        .iter()
        .find(|file| file.path.split_once('/').is_some_and(|(_, other)| other == name))
}

/// A spec file or folder could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// The YAML files below a folder, by path: also those that are not called `.yaml`, which [`load`](crate::load) refuses. Symbolic links are not followed.
/// What isn't UTF-8 in them becomes U+FFFD, which `load` refuses too.
///
/// # Errors
/// When the folder or one of the files can't be read.
pub fn read_specs(folder: &Path) -> Result<Vec<SourceFile>, ReadError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> Result<(), ReadError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let kind = entry.file_type().map_err(failed(&entry.path()))?;
        // A name that isn't UTF-8 can't be a spec's: `check` would refuse it.
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() && is_yaml(&name) {
            let bytes = fs::read(entry.path()).map_err(failed(&entry.path()))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}

fn is_yaml(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_methods_file_is_a_methods_spec() {
        let paths = [
            "trade/alipay.trade.close.yaml",
            "trade/product.yaml",
            "trade/types.yaml",
        ];
        let specs = paths.map(|path| SourceFile {
            path: path.to_owned(),
            text: String::new(),
        });
        let found = |method| spec_of(&specs, method).map(|file| file.path.as_str());
        assert_eq!(found("alipay.trade.close"), Some("trade/alipay.trade.close.yaml"));
        assert_eq!([found("types"), found("product"), found("alipay.trade.pay")], [None; 3]);
    }
}
