//! A method's module.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use super::Emitter;
use super::tokens::{ident, inner_docs};
use crate::ir::{Kind, Retry, V3};
use crate::lower::{Info, Method};

impl Emitter {
    pub(super) fn method(&self, method: &Method<'_>) -> TokenStream {
        let doc = inner_docs(&method.module_doc);
        let request = self.object(&method.request);
        let call = self.method_impl(method);
        let response = self.object(&method.response);
        let error = method.error.as_ref().map(|error| self.error_enum(error));
        let types = self.items(&method.types);
        quote!(#doc #request #call #response #error #types)
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
        let (output, pending, given) = if method.info.pending.is_empty() {
            (quote!(#response), quote!(_), quote!(response))
        } else {
            let outcome = quote!(#root::method::Outcome);
            (
                quote!(#outcome<#response>),
                quote!(pending),
                quote!(#outcome::new(response, pending)),
            )
        };
        let marker = match method.info.kind {
            Kind::Server | Kind::Upload => quote!(ServerMethod),
            Kind::Page => quote!(PageMethod),
            Kind::App => quote!(AppMethod),
        };
        quote! {
            impl #root::method::Method for #request {
                type Response = #response;
                type Output = #output;
                type ErrorCode = #error;
                const INFO: #root::method::MethodInfo = #info;
                fn output(response: Self::Response, #pending: bool) -> Self::Output {
                    #given
                }
            }
            impl #root::method::#marker for #request {}
        }
    }

    fn info(&self, info: &Info<'_>) -> TokenStream {
        let root = &self.path;
        let Info {
            name,
            certificate_only,
            top_level,
            files,
            secret,
            pending,
            ..
        } = info;
        let kind = match info.kind {
            Kind::Server => quote!(Server),
            Kind::Page => quote!(Page),
            Kind::App => quote!(App),
            Kind::Upload => quote!(Upload),
        };
        let retry = match info.retry {
            Retry::Read => quote!(Read),
            Retry::Keyed { key, ask } => quote!(Keyed { key: #key, ask: #ask }),
            Retry::Never => quote!(Never),
        };
        let v3 = if let Some(V3 {
            verb,
            path,
            query,
            multipart,
        }) = info.v3
        {
            quote! {
                Some(#root::method::V3 {
                    verb: #verb,
                    path: #path,
                    query: &[#(#query),*],
                    multipart: #multipart,
                })
            }
        } else {
            quote!(None)
        };
        let implied = info.implied.iter().map(|(field, value)| quote!((#field, #value)));
        quote! {
            #root::method::MethodInfo {
                name: #name,
                kind: #root::method::Kind::#kind,
                certificate_only: #certificate_only,
                retry: #root::method::Retry::#retry,
                v3: #v3,
                top_level: &[#(#top_level),*],
                files: &[#(#files),*],
                implied: &[#(#implied),*],
                secret: &[#(#secret),*],
                pending: &[#(#pending),*],
            }
        }
    }
}
