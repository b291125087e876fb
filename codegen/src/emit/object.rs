//! Structs.

use proc_macro2::TokenStream;
use quote::quote;

use super::emitter::Emitter;
use super::prelude::Prelude;
use super::tokens::{deprecated, docs, ident};
use crate::lower::{Base, ByName, Constructor, Field, Holder, Setter, Struct};

impl Emitter {
    /// A struct with all that belongs to it; `aliases` is by what else documentation finds it.
    pub(super) fn object(&self, object: &Struct<'_>, aliases: &[&str]) -> TokenStream {
        let root = &self.path;
        let name = ident(&object.ident);
        let (doc, notice) = (docs(&object.doc), deprecated(object.deprecated.as_ref()));
        let fields = object.fields.iter().map(|field| {
            let (doc, name, ty) = (docs(&field.doc), ident(&field.ident), self.held(field));
            let notice = deprecated(field.deprecated.as_ref());
            quote!(#doc #notice pub #name: #ty,)
        });
        let functions: Vec<_> = object
            .constructors
            .iter()
            .map(|constructor| self.constructor(object, constructor))
            .chain(object.setters.iter().map(|setter| self.setter(object, setter)))
            .collect();
        let functions = (!functions.is_empty()).then(|| quote!(impl #name { #(#functions)* }));
        let default = object.default.then(|| {
            let default = &self.prelude.default;
            quote! {
                impl #default for #name {
                    #[inline]
                    fn default() -> Self {
                        <Self as #root::codec::Object>::empty()
                    }
                }
            }
        });
        let must_use = (!object.setters.is_empty()).then(|| quote!(#[must_use]));
        let by_name = object.by_name.as_ref().map(|by_name| self.by_name(object, by_name));
        let implementation = self.object_impl(object);
        quote! {
            #doc
            #(#[doc(alias = #aliases)])*
            #notice
            #must_use
            #[non_exhaustive]
            pub struct #name {
                #(#fields)*
                /// Fields that this version of the library does not know.
                pub extra: #root::types::Extra,
            }
            #by_name
            #functions
            #default
            #implementation
            #root::codec::object!(#name);
        }
    }

    fn object_impl(&self, object: &Struct<'_>) -> TokenStream {
        let root = &self.path;
        let name = ident(&object.ident);
        let of = object.ident.trim_start_matches("r#");
        let idents: Vec<_> = object.fields.iter().map(|field| ident(&field.ident)).collect();
        let wires: Vec<_> = object.fields.iter().map(|field| field.wire).collect();
        let groups = &object.at_least_one;
        let with_groups = (!groups.is_empty()).then(|| {
            quote! {
                .with_groups(&[#(&[#(#groups),*]),*])
            }
        });
        let vec = &self.prelude.vec;
        let empties = object.fields.iter().map(|field| match field.holder {
            Holder::Plain => quote!(#root::codec::Field::empty()),
            Holder::Option | Holder::OptionBox => quote!(None),
            Holder::Vec => quote!(#vec::new()),
        });
        let required = &object.required;
        let require = (!required.is_empty()).then(|| quote!(source.require(&[#(#required),*]);));
        quote! {
            impl #root::codec::Object for #name {
                #[inline]
                fn empty() -> Self {
                    Self {
                        #(#idents: #empties,)*
                        extra: #root::codec::Extra::EMPTY,
                    }
                }
                #[inline]
                fn fill(&mut self, source: &mut #root::codec::Source<'_>) {
                    #require
                    source.fill(&[#(#wires),*], &mut [#(&mut self.#idents),*], &mut self.extra);
                }
                #[inline]
                fn fields(&self) -> #root::codec::FieldsRef<'_> {
                    #root::codec::FieldsRef::new(#of, &[#(#wires),*], &[#(&self.#idents),*], &self.extra)#with_groups
                }
            }
        }
    }

    /// The struct in which constructors take what must be given.
    fn by_name(&self, object: &Struct<'_>, by_name: &ByName) -> TokenStream {
        let (doc, name) = (docs(&by_name.doc), ident(&by_name.ident));
        let fields = by_name.fields.iter().map(|&at| &object.fields[at]);
        let fields = fields.map(|field| {
            let (doc, name, ty) = (docs(&field.doc), ident(&field.ident), self.given(field));
            quote!(#doc pub #name: #ty,)
        });
        quote! {
            #doc
            pub struct #name {
                #(#fields)*
            }
        }
    }

    fn constructor(&self, object: &Struct<'_>, constructor: &Constructor) -> TokenStream {
        let root = &self.path;
        let (doc, name) = (docs(&constructor.doc), ident(&constructor.ident));
        let given = || constructor.parameters.iter().map(|&at| &object.fields[at]);
        let parameters = given().map(|field| self.parameter(field));
        let inline = (!given().any(is_converted)).then(|| quote!(#[inline]));
        // A field may have this name too.
        let mut local = "request".to_owned();
        while given().any(|field| field.ident == local) {
            local.push('_');
        }
        let local = ident(&local);
        let local = quote!(#local);
        let values = given().map(|field| self.assignment(field, &local));
        let is_taken = given().any(|field| field.ident == "required");
        let by_name = ident(if is_taken { "required_" } else { "required" });
        let required = object.by_name.as_ref().map(|of| {
            let name = ident(&of.ident);
            quote!(#by_name: #name)
        });
        let named = object.by_name.iter().flat_map(|by_name| &by_name.fields);
        let named = named.map(|&at| {
            let field = &object.fields[at];
            let name = ident(&field.ident);
            self.put(field, &local, &quote!(#by_name.#name))
        });
        let empty = quote!(<Self as #root::codec::Object>::empty());
        let body = if constructor.parameters.is_empty() && object.by_name.is_none() {
            empty
        } else {
            quote!(let mut #local = #empty; #(#values)* #(#named)* #local)
        };
        let parameters = parameters.chain(required);
        quote! {
            #doc
            #inline
            pub fn #name(#(#parameters),*) -> Self {
                #body
            }
        }
    }

    fn setter(&self, object: &Struct<'_>, setter: &Setter) -> TokenStream {
        let field = &object.fields[setter.field];
        let (doc, name) = (docs(&setter.doc), ident(&setter.ident));
        let notice = deprecated(field.deprecated.as_ref());
        let inline = (!is_converted(field)).then(|| quote!(#[inline]));
        let (parameter, assignment) = (self.parameter(field), self.assignment(field, &quote!(self)));
        quote! {
            #doc
            #notice
            #inline
            pub fn #name(mut self, #parameter) -> Self {
                #assignment
                self
            }
        }
    }

    fn parameter(&self, field: &Field<'_>) -> TokenStream {
        let (name, base) = (ident(&field.ident), self.base(&field.base));
        let Prelude { into, vec, .. } = &self.prelude;
        match field.holder {
            Holder::Vec => quote!(#name: impl #into<#vec<#base>>),
            _ if field.base.converts() => quote!(#name: impl #into<#base>),
            _ => quote!(#name: #base),
        }
    }

    /// The type that a field is declared with.
    fn held(&self, field: &Field<'_>) -> TokenStream {
        let base = self.base(&field.base);
        let Prelude { boxed, option, vec, .. } = &self.prelude;
        match field.holder {
            Holder::Plain => base,
            Holder::Option => quote!(#option<#base>),
            Holder::OptionBox => quote!(#option<#boxed<#base>>),
            Holder::Vec => quote!(#vec<#base>),
        }
    }

    pub(super) fn base(&self, base: &Base) -> TokenStream {
        let root = &self.path;
        match base {
            Base::String => self.prelude.string.clone(),
            Base::I64 => quote!(i64),
            Base::Bool => quote!(bool),
            Base::Price => quote!(#root::types::Price),
            Base::DateTime => quote!(#root::types::DateTime),
            Base::Date => quote!(#root::types::Date),
            Base::Json => quote!(#root::types::Json),
            Base::File => quote!(#root::types::File),
            Base::Secret => quote!(#root::types::Secret),
            Base::Here { ident: name, is_enum } => {
                let name = ident(name);
                self.named(&quote!(#name), *is_enum)
            }
            Base::Shared { ident: name, is_enum } => {
                let name = ident(name);
                self.named(&quote!(super::types::#name), *is_enum)
            }
        }
    }

    /// A named type, which is open where it is an enum.
    fn named(&self, name: &TokenStream, is_enum: bool) -> TokenStream {
        let root = &self.path;
        if is_enum {
            quote!(#root::types::OpenEnum<#name>)
        } else {
            name.clone()
        }
    }

    /// The type of a value that the field is given.
    fn given(&self, field: &Field<'_>) -> TokenStream {
        let base = self.base(&field.base);
        let vec = &self.prelude.vec;
        match field.holder {
            Holder::Vec => quote!(#vec<#base>),
            Holder::Plain | Holder::Option | Holder::OptionBox => base,
        }
    }

    /// Puts a parameter in its field.
    fn assignment(&self, field: &Field<'_>, of: &TokenStream) -> TokenStream {
        let name = ident(&field.ident);
        let into = &self.prelude.into;
        let value = if is_converted(field) {
            quote!(#into::into(#name))
        } else {
            quote!(#name)
        };
        self.put(field, of, &value)
    }

    /// Puts a value in its field.
    fn put(&self, field: &Field<'_>, of: &TokenStream, value: &TokenStream) -> TokenStream {
        let name = ident(&field.ident);
        let boxed = &self.prelude.boxed;
        match field.holder {
            Holder::Plain | Holder::Vec => quote!(#of.#name = #value;),
            Holder::Option => quote!(#of.#name = Some(#value);),
            Holder::OptionBox => quote!(#of.#name = Some(#boxed::new(#value));),
        }
    }
}

/// Whether a function that takes the field is generic over what becomes it; others are told to be compiled where they are
/// called, as generic ones are.
fn is_converted(field: &Field<'_>) -> bool {
    field.base.converts() || field.holder == Holder::Vec
}
