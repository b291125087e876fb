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

#[cfg(feature = "catalogue")]
mod add;
#[cfg(feature = "generate")]
mod catalogue;
mod causes;
mod check;
mod diagnostics;
#[cfg(feature = "generate")]
mod draft;
#[cfg(feature = "generate")]
mod emit;
#[cfg(feature = "generate")]
mod generate;
pub mod ir;
#[doc = include_str!("../LANGUAGE.md")]
pub mod language {}
#[cfg(feature = "generate")]
mod list;
mod load;
#[cfg(feature = "generate")]
mod lower;
#[cfg(feature = "generate")]
mod manifest;
mod names;
#[cfg(feature = "generate")]
mod project;
#[cfg(feature = "catalogue")]
mod search;
#[cfg(feature = "catalogue")]
mod shipped;
mod source;
mod syntax;
#[cfg(feature = "generate")]
mod table;
#[cfg(all(test, feature = "generate"))]
mod tests;
#[cfg(feature = "generate")]
mod tree;

#[cfg(feature = "catalogue")]
pub use add::{AddError, Added, AddedMethod, Drafted, Refusal, add};
#[cfg(feature = "generate")]
pub use catalogue::{Catalogue, CatalogueError, FieldOutline, MethodOutline, Outline};
#[cfg(feature = "catalogue")]
pub use catalogue::{Unpacked, pack};
pub use causes::Causes;
pub use diagnostics::{Code, Diagnostic, Diagnostics};
#[cfg(feature = "generate")]
pub use draft::{Filling, drafts};
#[cfg(feature = "generate")]
pub use emit::Root;
#[cfg(feature = "generate")]
pub use generate::{Options, generate};
#[cfg(feature = "generate")]
pub use list::types_list;
pub use load::{load, load_labelled};
#[cfg(feature = "generate")]
pub use lower::{extension_names, rust_names};
#[cfg(feature = "generate")]
pub use project::{Page, Project, ProjectError};
#[cfg(feature = "catalogue")]
pub use search::{Found, search};
#[cfg(feature = "catalogue")]
pub use shipped::{Shipped, shipped_list};
pub use source::{ReadError, SourceFile, read_specs, spec_of};
#[cfg(feature = "generate")]
pub use table::{methods_page, methods_table, with_products};
#[cfg(feature = "generate")]
pub use tree::{Difference, Differences, Tree, WriteError};
