//! Open enums and error codes.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Emitter;
use super::tokens::{docs, ident};
use crate::ir::ErrorClass;
use crate::lower::{Enum, ErrorEnum};

impl Emitter {
    pub(super) fn open_enum(&self, open: &Enum<'_>) -> TokenStream {
        let root = &self.path;
        let (name, doc) = (ident(&open.ident), docs(&open.doc));
        let idents: Vec<_> = open.variants.iter().map(|variant| ident(&variant.ident)).collect();
        let wires: Vec<_> = open.variants.iter().map(|variant| variant.wire).collect();
        let variant_docs = open.variants.iter().map(|variant| docs(&variant.doc));
        let places = (0..idents.len()).map(Literal::usize_unsuffixed);
        let listed = if idents.is_empty() {
            quote!(None)
        } else {
            quote! {
                Some(match place {
                    #(#places => Self::#idents,)*
                    _ => return None,
                })
            }
        };
        let place = if idents.is_empty() { quote!(_) } else { quote!(place) };
        quote! {
            #doc
            #[non_exhaustive]
            pub enum #name {
                #(#variant_docs #idents,)*
                /// A value that this version of the library does not know.
                Other(::std::boxed::Box<str>),
            }
            impl #root::wire::OpenEnum for #name {
                fn value(&self) -> &str {
                    match self {
                        #(Self::#idents => #wires,)*
                        Self::Other(value) => value,
                    }
                }
                fn listed(#place: usize) -> ::core::option::Option<Self> {
                    #listed
                }
                fn other(value: ::std::boxed::Box<str>) -> Self {
                    Self::Other(value)
                }
            }
            #root::wire::open_enum!(#name);
        }
    }

    pub(super) fn error_enum(&self, errors: &ErrorEnum<'_>) -> TokenStream {
        let root = &self.path;
        let open = self.open_enum(&errors.codes);
        let name = ident(&errors.codes.ident);
        let classes = errors.classes.iter().map(|(class, idents)| {
            let wires = errors
                .codes
                .variants
                .iter()
                .filter(|variant| idents.contains(&variant.ident));
            let wires = wires.map(|variant| variant.wire);
            let class = ident(class_name(*class));
            quote!((#root::ErrorClass::#class, &[#(#wires),*]))
        });
        quote! {
            #open
            impl #root::method::ErrorCode for #name {
                fn class(&self) -> ::core::option::Option<#root::ErrorClass> {
                    #root::method::class_of(self.as_str(), &[#(#classes),*])
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
