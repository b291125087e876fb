//! A product's module: its handle and what it re-exports.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::emitter::{Emitter, Root};
use super::tokens::{deprecated, docs, ident, inner_docs};
use crate::ir::Kind;
use crate::lower::{Item, Method, Product};
use crate::tree::Tree;

impl Emitter {
    pub(super) fn product(&self, product: &Product<'_>, tree: &mut Tree) {
        let folder = product.name;
        tree.insert(
            format!("{folder}/mod.rs"),
            self.print(&format!("spec/{folder}/"), self.product_module(product)),
        );
        if !product.types.is_empty() {
            let doc = inner_docs(&[format!("Types that several methods of `{folder}` share.")]);
            let names: Vec<_> = product.types.iter().map(Item::ident).collect();
            let types = self.beside(&names).items(&product.types);
            let text = self.print(&format!("spec/{folder}/types.yaml"), quote!(#doc #types));
            tree.insert(format!("{folder}/types.rs"), text);
        }
        for method in &product.methods {
            let text = self.print(&format!("spec/{}", method.file), self.method(method));
            tree.insert(format!("{folder}/{}.rs", method.module), text);
        }
    }

    fn product_module(&self, product: &Product<'_>) -> TokenStream {
        let root = &self.path;
        let doc = inner_docs(&product.doc);
        let handle = ident(&product.handle);
        let modules: Vec<_> = product.methods.iter().map(|method| ident(&method.ident)).collect();
        let types = (!product.types.is_empty()).then(|| {
            quote!(
                pub mod types;
            )
        });
        let exports = product.methods.iter().zip(&modules).map(|(method, module)| {
            let error = method.error.as_ref().map(|error| &error.codes.ident);
            let by_name = method.request.by_name.as_ref().map(|by_name| &by_name.ident);
            let request = [&method.request.ident].into_iter().chain(by_name);
            let names = request.chain([&method.response.ident]).chain(error);
            let names = names.map(|name| ident(name));
            quote!(pub use #module::{#(#names),*};)
        });
        let calls = product.methods.iter().map(|method| self.call(method));
        let client = self.client(product);
        quote! {
            #doc
            #(pub mod #modules;)*
            #types
            #(#exports)*
            /// The methods of this product, with the client that calls them.
            #[derive(Clone, Copy, Debug)]
            pub struct #handle<'a> {
                client: &'a #root::Client,
            }
            #client
            impl #handle<'_> {
                #(#calls)*
            }
        }
    }

    /// How a client gives the handle.
    fn client(&self, product: &Product<'_>) -> TokenStream {
        let root = &self.path;
        let (name, handle) = (ident(&product.ident), ident(&product.handle));
        let doc = docs(&product.client_doc);
        match self.root {
            Root::Library => quote! {
                impl #root::Client {
                    #doc
                    #[inline]
                    pub fn #name(&self) -> #handle<'_> {
                        #handle { client: self }
                    }
                }
            },
            Root::User => {
                let (extension, name) = (ident(&product.extension.0), ident(&product.extension.1));
                let about = docs(&[format!("Adds the methods of `{}` to a client.", product.name)]);
                quote! {
                    #about
                    pub trait #extension {
                        #doc
                        fn #name(&self) -> #handle<'_>;
                    }
                    impl #extension for #root::Client {
                        #[inline]
                        fn #name(&self) -> #handle<'_> {
                            #handle { client: self }
                        }
                    }
                }
            }
        }
    }

    /// A method as a function of the handle.
    fn call(&self, method: &Method<'_>) -> TokenStream {
        let name = ident(&method.ident);
        let (call, send) = match method.info.kind {
            Kind::Server | Kind::Upload => {
                let output = self.output(method);
                (quote!(Call<#output>), quote!(call))
            }
            Kind::Page => (quote!(PageCall), quote!(page)),
            Kind::App => (quote!(AppCall), quote!(app)),
            Kind::PageOrApp => (quote!(PageOrAppCall), quote!(page_or_app)),
        };
        self.function(method, &name, &call, &send)
    }

    fn function(&self, method: &Method<'_>, name: &Ident, call: &TokenStream, send: &TokenStream) -> TokenStream {
        let root = &self.path;
        let (doc, request) = (docs(&method.call_doc), ident(&method.request.ident));
        let notice = deprecated(method.request.deprecated.as_ref());
        quote! {
            #doc
            #notice
            #[inline]
            pub fn #name(&self, request: #request) -> #root::#call {
                self.client.#send(request)
            }
        }
    }
}
