//! Tokens and files. Nothing is decided here: what is written stands in [`crate::lower`]'s model.
//!
//! Each function of a method is either generic or `#[inline]`: it is compiled where it is called, so that a program pays for the methods it
//! calls, and not for those beside them.

mod emitter;
mod enums;
mod method;
mod notification;
mod object;
mod prelude;
mod product;
mod tokens;

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::{Kind, Retry};
use crate::lower::{Item, Library};
use crate::tree::{Tree, header};
use emitter::Emitter;
pub use emitter::Root;
use prelude::Prelude;
use tokens::{ident, inner_docs};

/// Everything as files.
pub(crate) fn emit(library: &Library<'_>, root: Root) -> Tree {
    let path = match root {
        Root::Library => quote!(crate),
        Root::User => quote!(::alipay_api),
    };
    let prelude = Prelude::beside(&[]);
    let emitter = Emitter { root, path, prelude };
    let mut tree = Tree::default();
    tree.insert("mod.rs", emitter.print("spec/", emitter.root_module(library)));
    if let Some(gateway) = &library.gateway {
        let codes = emitter.error_enum(&gateway.codes);
        let errors = emitter.error_enum(&gateway.errors);
        let doc = inner_docs(&["The gateway's own codes.".to_owned()]);
        tree.insert(
            "gateway.rs",
            emitter.print("spec/gateway.yaml", quote!(#doc #codes #errors)),
        );
    }
    emitter.notifications(&library.notifications, &mut tree);
    for product in &library.products {
        emitter.product(product, &mut tree);
    }
    tree
}

impl Emitter {
    /// For a file that has types of these names.
    fn beside(&self, types: &[&str]) -> Self {
        Self {
            prelude: Prelude::beside(types),
            ..self.clone()
        }
    }

    fn root_module(&self, library: &Library<'_>) -> TokenStream {
        let products = library.products.iter().map(|product| {
            let name = ident(&product.ident);
            let feature = product.name;
            let feature = (self.root == Root::Library).then(|| quote!(#[cfg(feature = #feature)]));
            quote!(#feature pub mod #name;)
        });
        let gateway = library.gateway.as_ref().map(|_| {
            quote!(
                pub mod gateway;
            )
        });
        let notification = self.has_notifications(&library.notifications).then(|| match self.root {
            // The library shows them in `notify`, beside what verifies them.
            Root::Library => quote!(
                pub(crate) mod notification;
            ),
            Root::User => quote!(
                pub mod notification;
            ),
        });
        let called_by_name = self.called_by_name(library);
        // A program uses some of what its specs have.
        let unused = (self.root == Root::User).then(|| quote!(dead_code, unreachable_pub, unused_imports,));
        quote! {
            //! The products of the gateway, generated from the specs.
            #![allow(clippy::all, clippy::pedantic, deprecated, #unused)]
            #(#products)*
            #gateway
            #notification
            #called_by_name
        }
    }

    /// What has to be known of methods that are called by name. A user's crate has no use for it.
    fn called_by_name(&self, library: &Library<'_>) -> Option<TokenStream> {
        if self.root == Root::User {
            return None;
        }
        let infos = || {
            let methods = library.products.iter().flat_map(|product| &product.methods);
            methods.map(|method| &method.info)
        };
        let certificate_only = infos().filter(|info| info.certificate_only).map(|info| info.name);
        let encrypted_only = infos().filter(|info| info.encrypted).map(|info| info.name);
        let without_code = infos().filter(|info| info.without_code).map(|info| info.name);
        let handed_over = infos().filter_map(|info| {
            let name = info.name;
            match info.kind {
                Kind::Page => Some(quote!((#name, crate::method::Kind::Page))),
                Kind::App => Some(quote!((#name, crate::method::Kind::App))),
                Kind::PageOrApp => Some(quote!((#name, crate::method::Kind::PageOrApp))),
                Kind::Server | Kind::Upload => None,
            }
        });
        let mut query_methods: Vec<_> = infos()
            .filter_map(|info| match &info.retry {
                Retry::Keyed { ask, .. } => Some((info.name, ask)),
                Retry::Read | Retry::Never => None,
            })
            .collect();
        query_methods.sort_unstable();
        let query_methods = query_methods.iter().map(|(name, ask)| quote!((#name, #ask)));
        Some(quote! {
            /// The methods that the gateway takes in certificate mode only.
            pub(crate) const CERTIFICATE_ONLY: &[&str] = &[#(#certificate_only),*];
            /// The methods whose content the gateway takes encrypted only.
            pub(crate) const ENCRYPTED_ONLY: &[&str] = &[#(#encrypted_only),*];
            /// The methods whose success has no `code`.
            pub(crate) const WITHOUT_CODE: &[&str] = &[#(#without_code),*];
            /// The methods that no server calls: browsers and phone apps are handed them.
            pub(crate) const HANDED_OVER: &[(&str, crate::method::Kind)] = &[#(#handed_over),*];
            /// Methods, and the one of each that tells what became of a call whose outcome is unknown. In the order of their names.
            pub(crate) const QUERY_METHODS: &[(&str, &str)] = &[#(#query_methods),*];
        })
    }

    fn item(&self, item: &Item<'_>) -> TokenStream {
        match item {
            Item::Struct(object) => self.object(object, &[]),
            Item::Enum(listed) => self.listed(listed),
        }
    }

    fn items(&self, items: &[Item<'_>]) -> TokenStream {
        items.iter().map(|item| self.item(item)).collect()
    }

    /// The text of a file that comes from `source`.
    fn print(&self, source: &str, tokens: TokenStream) -> String {
        let mut text = header(self.root == Root::Library, source);
        match syn::parse2(tokens) {
            Ok(file) => spaced_out(&prettyplease::unparse(&file), &mut text),
            // Only a model that `check` hasn't seen gets here: the compiler will say what is wrong with it.
            Err(error) => text.push_str(&error.to_compile_error().to_string()),
        }
        text
    }
}

/// The printer's text with a blank line between items, and between the functions of one.
fn spaced_out(code: &str, out: &mut String) {
    out.reserve(code.len() + code.len() / 32);
    let mut before = "";
    for line in code.lines() {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        let begins = inner.starts_with("///") || inner.starts_with("#[") || is_item(inner);
        let joined = before.is_empty() || before.starts_with("///") || before.starts_with("#[");
        let closed = before == "}" && indent <= 4;
        let apart =
            indent == 0 && (before.starts_with("//!") || before.starts_with("#![") || before.ends_with([';', '}']));
        if begins && !joined && (closed || apart) && !(is_short(before) && is_short(inner)) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        before = inner;
    }
}

fn is_item(line: &str) -> bool {
    ["pub ", "impl ", "fn ", "crate::", "::alipay_api::"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// What stands in a list of its kind.
fn is_short(line: &str) -> bool {
    line.starts_with("pub mod ") || line.starts_with("pub use ") || line == "};"
}
