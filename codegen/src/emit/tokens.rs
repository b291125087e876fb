//! Small pieces of code.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

/// An identifier, `r#type` included.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(name) => Ident::new_raw(name, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

/// `Some(value)` or `None`, spelt out.
pub(super) fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

/// Documentation of what follows.
pub(super) fn docs(lines: &[String]) -> TokenStream {
    lines
        .iter()
        .map(|line| spaced(line))
        .map(|line| quote!(#[doc = #line]))
        .collect()
}

/// `#[deprecated]`, where there is a reason.
pub(super) fn deprecated(why: Option<&String>) -> Option<TokenStream> {
    why.map(|why| quote!(#[deprecated(note = #why)]))
}

/// Documentation of the module around.
pub(super) fn inner_docs(lines: &[String]) -> TokenStream {
    lines
        .iter()
        .map(|line| spaced(line))
        .map(|line| quote!(#![doc = #line]))
        .collect()
}

/// `/// line`, and `///` where it is empty.
fn spaced(line: &str) -> String {
    if line.is_empty() {
        String::new()
    } else {
        format!(" {line}")
    }
}
