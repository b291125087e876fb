//! The specs that are built into the gateway.

use alipay_codegen::SourceFile;

/// `(path below spec/, text)`, written by `build.rs`.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/specs.rs"));

/// The specs as they stood when this crate was built.
pub(crate) fn embedded() -> Vec<SourceFile> {
    EMBEDDED
        .iter()
        .map(|&(path, text)| SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .collect()
}
