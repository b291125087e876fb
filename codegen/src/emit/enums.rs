//! Listed values and error codes.

use proc_macro2::TokenStream;
use quote::quote;

use super::emitter::Emitter;
use super::tokens::{deprecated, docs, ident, option};
use crate::ir::ErrorClass;
use crate::lower::{Enum, ErrorEnum};

impl Emitter {
    /// The listed values of an enum.
    pub(super) fn listed(&self, listed: &Enum<'_>) -> TokenStream {
        let root = &self.path;
        let (name, doc) = (ident(&listed.ident), docs(&listed.doc));
        let idents: Vec<_> = listed.variants.iter().map(|variant| ident(&variant.ident)).collect();
        let wires = listed.variants.iter().map(|variant| variant.wire);
        let variant_docs = listed.variants.iter().map(|variant| {
            let (doc, notice) = (docs(&variant.doc), deprecated(variant.deprecated.as_ref()));
            quote!(#doc #notice)
        });
        quote! {
            #doc
            #[non_exhaustive]
            pub enum #name {
                #(#variant_docs #idents,)*
            }
            impl #root::codec::KnownValue for #name {
                #[inline]
                fn listed() -> (&'static [&'static str], &'static [Self]) {
                    (&[#(#wires),*], &[#(Self::#idents),*])
                }
                #[inline]
                fn place(self) -> usize {
                    self as usize
                }
            }
            #root::codec::listed!(#name);
        }
    }

    pub(super) fn error_enum(&self, errors: &ErrorEnum<'_>) -> TokenStream {
        let root = &self.path;
        let optional = &self.prelude.option;
        let listed = self.listed(&errors.codes);
        let name = ident(&errors.codes.ident);
        let classes = errors.classes.iter().map(|(class, idents)| {
            let idents = idents.iter().map(|name| ident(name));
            let class = option(class.map(|class| {
                let class = ident(class_name(class));
                quote!(#root::ErrorClass::#class)
            }));
            quote!(#(Self::#idents)|* => #class,)
        });
        quote! {
            #listed
            impl #root::method::ErrorCode for #name {
                #[inline]
                fn class(self) -> #optional<#root::ErrorClass> {
                    match self {
                        #(#classes)*
                    }
                }
            }
        }
    }
}

/// The library's name of a class.
fn class_name(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Retry => "Retry",
        ErrorClass::Unknown => "OutcomeUnknown",
        ErrorClass::Done => "AlreadyDone",
        ErrorClass::Request => "Request",
        ErrorClass::Declined => "Declined",
        ErrorClass::Setup => "Setup",
    }
}
