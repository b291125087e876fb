//! A method's module.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::emitter::Emitter;
use super::tokens::{ident, inner_docs, option};
use crate::ir::{Field, Kind, Repeat, Retry, V3};
use crate::lower::{Info, Item, Method, Page};

impl Emitter {
    pub(super) fn method(&self, method: &Method<'_>) -> TokenStream {
        let error = method.error.as_ref().map(|error| error.codes.ident.as_str());
        let names = [method.request.ident.as_str(), &method.response.ident];
        let names: Vec<_> = names
            .into_iter()
            .chain(error)
            .chain(method.types.iter().map(Item::ident))
            .collect();
        let beside = self.beside(&names);
        let doc = inner_docs(&method.module_doc);
        let request = beside.object(&method.request, &method.aliases);
        let call = self.method_impl(method);
        let response = beside.object(&method.response, &[]);
        let paged = beside.paged(method);
        let error = method.error.as_ref().map(|error| beside.error_enum(error));
        let types = beside.items(&method.types);
        quote!(#doc #request #call #response #paged #error #types)
    }

    /// What gives the items of a page, where all pages can be read.
    fn paged(&self, method: &Method<'_>) -> Option<TokenStream> {
        let root = &self.path;
        let field = &method.response.fields[method.info.page.as_ref()?.items?];
        let (response, list, vec) = (ident(&method.response.ident), ident(&field.ident), &self.prelude.vec);
        let item = self.base(&field.base);
        Some(quote! {
            impl #root::method::Paged for #response {
                type Item = #item;
                #[inline]
                fn items(&mut self) -> &mut #vec<#item> {
                    &mut self.#list
                }
            }
        })
    }

    fn method_impl(&self, method: &Method<'_>) -> TokenStream {
        let root = &self.path;
        let request = ident(&method.request.ident);
        let response = ident(&method.response.ident);
        let error = method.error.as_ref().map_or_else(
            || quote!(#root::method::NoErrorCode),
            |error| ident(&error.codes.ident).into_token_stream(),
        );
        let info = self.info(&method.info);
        let output = self.output(method);
        let kind = method.info.kind;
        let markers = [
            kind.is_answered().then(|| quote!(ServerMethod)),
            kind.is_page().then(|| quote!(PageMethod)),
            kind.is_app().then(|| quote!(AppMethod)),
        ];
        let markers = markers.into_iter().flatten();
        quote! {
            impl #root::method::Method for #request {
                type Response = #response;
                type Output = #output;
                type ErrorCode = #error;
                const INFO: #root::method::MethodInfo = #info;
            }
            #(impl #root::method::#markers for #request {})*
        }
    }

    /// What a call of the method gives.
    pub(super) fn output(&self, method: &Method<'_>) -> TokenStream {
        let root = &self.path;
        let response = ident(&method.response.ident);
        if method.info.pending.is_empty() {
            response.into_token_stream()
        } else {
            quote!(#root::method::Outcome<#response>)
        }
    }

    fn info(&self, info: &Info<'_>) -> TokenStream {
        let root = &self.path;
        let name = info.name;
        let kind = match info.kind {
            Kind::Server => quote!(Server),
            Kind::Page => quote!(Page),
            Kind::App => quote!(App),
            Kind::Upload => quote!(Upload),
            Kind::PageOrApp => quote!(PageOrApp),
        };
        let retry = match info.retry {
            Retry::Read => quote!(Read),
            Retry::Keyed { key, ask, repeat } => {
                let repeat = option(repeat.map(|repeat| match repeat {
                    Repeat::Same => quote!(#root::method::Repeat::Same),
                    Repeat::Refused => quote!(#root::method::Repeat::Refused),
                }));
                quote!(Keyed { key: #key, ask: #ask, repeat: #repeat })
            }
            Retry::Never => quote!(Never),
        };
        let implied = info.implied.iter().map(|(field, value)| quote!((#field, #value)));
        let more = [
            info.certificate_only.then(|| quote!(certificate_only: true)),
            info.encrypted.then(|| quote!(encrypted: true)),
            info.v3.map(|v3| {
                let v3 = self.v3(v3);
                quote!(v3: Some(#v3))
            }),
            list("top_level", &info.top_level),
            list("files", &info.files),
            self.file_limits(&info.file_limits),
            (!info.implied.is_empty()).then(|| quote!(implied: &[#(#implied),*])),
            list("secret", &info.secret),
            info.page.as_ref().map(|page| {
                let page = self.page(page);
                quote!(page: Some(#page))
            }),
            self.answer_info(info),
        ];
        with(
            &quote!(#root::method::MethodInfo),
            &quote!(#name, #root::method::Kind::#kind, #root::method::Retry::#retry),
            &more.into_iter().flatten().collect::<Vec<_>>(),
        )
    }

    /// What the answer is like, where there is anything to say.
    fn answer_info(&self, info: &Info<'_>) -> Option<TokenStream> {
        let root = &self.path;
        let more = [
            list("pending", &info.pending),
            list("done", &info.done),
            info.without_code.then(|| quote!(without_code: true)),
            list("own_members", &info.own_members),
            list("echoes", &info.echoes),
            list("essential", &info.essential),
            list("of_query", &info.of_query),
        ];
        let more: Vec<_> = more.into_iter().flatten().collect();
        let plain = quote!(#root::method::AnswerInfo);
        (!more.is_empty()).then(|| quote!(answer: #plain { #(#more,)* ..#plain::PLAIN }))
    }

    fn file_limits(&self, fields: &[&Field]) -> Option<TokenStream> {
        let root = &self.path;
        let limits = fields.iter().map(|field| {
            let (name, extensions) = (&field.name, &field.extensions);
            let min_size = option(field.min_size.map(Literal::u64_unsuffixed));
            let max_size = option(field.max_size.map(Literal::u64_unsuffixed));
            quote!(#root::method::FileLimits { field: #name, min_size: #min_size, max_size: #max_size, extensions: &[#(#extensions),*] })
        });
        (!fields.is_empty()).then(|| quote!(file_limits: &[#(#limits),*]))
    }

    fn page(&self, page: &Page<'_>) -> TokenStream {
        let root = &self.path;
        let fields = page.fields;
        let (number, size) = (&fields.number, &fields.size);
        let count = |name: &str, count: Option<u32>| {
            let (name, count) = (ident(name), Literal::u32_unsuffixed(count?));
            Some(quote!(#name: Some(#count)))
        };
        let field = |name: &str, field: Option<&String>| {
            let (name, field) = (ident(name), field?);
            Some(quote!(#name: Some(#field)))
        };
        let more = [
            list("texts", &page.texts),
            count("first", fields.listing.as_ref().map(|listing| listing.first)),
            count("max_items", fields.max_items),
            field("total", fields.total.as_ref()),
            field("pages", fields.pages.as_ref()),
            field("more", fields.more.as_ref()),
            field("items", fields.listing.as_ref().map(|listing| &listing.items)),
        ];
        with(
            &quote!(#root::method::PageFields),
            &quote!(#number, #size),
            &more.into_iter().flatten().collect::<Vec<_>>(),
        )
    }

    fn v3(&self, v3: &V3) -> TokenStream {
        let root = &self.path;
        let (verb, path) = (&v3.verb, &v3.path);
        let more = [
            list("query", &v3.query),
            v3.multipart.then(|| quote!(multipart: true)),
            list("only", &v3.only),
            list("without", &v3.without),
        ];
        with(
            &quote!(#root::method::V3),
            &quote!(#verb, #path),
            &more.into_iter().flatten().collect::<Vec<_>>(),
        )
    }
}

/// A field that holds these texts, if there are some.
fn list<T: ToTokens>(name: &str, texts: &[T]) -> Option<TokenStream> {
    let name = ident(name);
    (!texts.is_empty()).then(|| quote!(#name: &[#(#texts),*]))
}

/// What `new` makes of the arguments, but for these fields.
fn with(ty: &TokenStream, arguments: &TokenStream, fields: &[TokenStream]) -> TokenStream {
    if fields.is_empty() {
        quote!(#ty::new(#arguments))
    } else {
        quote!(#ty { #(#fields,)* ..#ty::new(#arguments) })
    }
}
