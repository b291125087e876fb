//! From specs of Alipay's gateway methods to typed Rust.
//!
//! ```text
//! syntax → check → ir → lower → emit → tree
//! ```
//!
//! `syntax` reads YAML and keeps the place of everything, `check` reports every problem of every file at once and makes the clean model, [`ir`];
//! `lower` decides what things are called in Rust and what their documentation says, `emit` writes that down, and a [`Tree`] of files can be written to a
//! folder or compared with it.
//!
//! ```
//! use alipay_codegen::{Options, SourceFile};
//!
//! let spec = "
//! method: alipay.trade.close
//! title: 统一收单交易关闭接口
//! doc: Closes an order that nobody has paid.
//! source: https://opendocs.alipay.com/open/ce0b4954_alipay.trade.close
//! kind: server
//! retry: never
//! request:
//!   trade_no: { type: string, required: true, max_length: 64, doc: Alipay's number of the order. }
//! ";
//! let files = [SourceFile { path: "trade/alipay.trade.close.yaml".to_owned(), text: spec.to_owned() }];
//! let spec = alipay_codegen::load(files)?;
//! let tree = alipay_codegen::generate(&spec, &Options::default());
//! assert!(tree.get("trade/close.rs").is_some_and(|code| code.contains("pub struct Close")));
//! # Ok::<(), alipay_codegen::Diagnostics>(())
//! ```

mod check;
mod diagnostics;
#[cfg(feature = "generate")]
mod draft;
#[cfg(feature = "generate")]
mod emit;
pub mod ir;
#[cfg(feature = "generate")]
mod lower;
#[cfg(feature = "generate")]
mod manifest;
mod names;
#[cfg(feature = "generate")]
mod project;
mod source;
mod syntax;
#[cfg(feature = "generate")]
mod table;
#[cfg(all(test, feature = "generate"))]
mod tests;
#[cfg(feature = "generate")]
mod tree;

pub use diagnostics::{Code, Diagnostic, Diagnostics};
#[cfg(feature = "generate")]
pub use draft::{Catalogue, Draft, DraftError, draft, import};
#[cfg(feature = "generate")]
pub use emit::Root;
#[cfg(feature = "generate")]
pub use project::{Project, ProjectError};
pub use source::{ReadError, SourceFile, read_specs};
#[cfg(feature = "generate")]
pub use table::methods_table;
#[cfg(feature = "generate")]
pub use tree::{Difference, Differences, Tree, WriteError};

#[cfg(feature = "generate")]
/// How code is generated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What it is for.
    pub root: Root,
}

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

#[cfg(feature = "generate")]
/// What a method is called in Rust: its request's type, and the function of the product's handle that calls it.
pub fn rust_names(method: &ir::Method) -> (String, String) {
    let (request, module) = lower::names_of(method);
    (request, names::identifier(&module))
}

#[cfg(feature = "generate")]
/// The trait that gives a client the handle of a product, in a crate of a user's.
pub fn client_trait(product: &str) -> String {
    format!("{}Client", names::type_of(product))
}

#[cfg(feature = "generate")]
/// The Rust of specs that [`load`] has found sound.
pub fn generate(spec: &ir::Spec, options: &Options) -> Tree {
    emit::emit(&lower::lower(spec), options.root)
}
