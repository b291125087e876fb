//! Notifications, and the enum over them.

use proc_macro2::TokenStream;
use quote::quote;

use super::emitter::{Emitter, Root};
use super::prelude::Prelude;
use super::tokens::{docs, ident, inner_docs};
use crate::lower::{Item, Notification};
use crate::tree::Tree;

impl Emitter {
    /// The library always has the enum, be it empty; a user's crate only has what its specs ask for.
    pub(super) fn has_notifications(&self, notifications: &[Notification<'_>]) -> bool {
        self.root == Root::Library || !notifications.is_empty()
    }

    pub(super) fn notifications(&self, notifications: &[Notification<'_>], tree: &mut Tree) {
        if !self.has_notifications(notifications) {
            return;
        }
        tree.insert(
            "notification/mod.rs",
            self.print("spec/notify/", self.notification_module(notifications)),
        );
        for notification in notifications {
            let doc = inner_docs(&notification.module_doc);
            let types = notification.types.iter().map(Item::ident);
            let names: Vec<_> = types.chain([notification.body.ident.as_str()]).collect();
            let beside = self.beside(&names);
            let body = beside.object(&notification.body, &[]);
            let types = beside.items(&notification.types);
            let text = self.print(&format!("spec/{}", notification.file), quote!(#doc #body #types));
            tree.insert(format!("notification/{}.rs", notification.module), text);
        }
    }

    fn notification_module(&self, notifications: &[Notification<'_>]) -> TokenStream {
        let root = &self.path;
        let modules: Vec<_> = notifications
            .iter()
            .map(|notification| ident(&notification.ident))
            .collect();
        let idents: Vec<_> = notifications
            .iter()
            .map(|notification| ident(&notification.body.ident))
            .collect();
        let names: Vec<_> = notifications
            .iter()
            .map(|notification| notification.body.ident.as_str())
            .collect();
        let Prelude {
            boxed, from, option, ..
        } = Prelude::beside(&names);
        let wires: Vec<_> = notifications.iter().map(|notification| notification.name).collect();
        let variant_docs = notifications.iter().map(|notification| docs(&notification.variant_doc));
        // A product's notification is compiled with the product.
        let features: Vec<_> = notifications
            .iter()
            .map(|notification| {
                let product = notification.product.filter(|_| self.root == Root::Library)?;
                Some(quote!(#[cfg(feature = #product)]))
            })
            .collect();
        let read = match self.root {
            Root::Library => quote!(pub(crate) fn read),
            Root::User => quote!(pub fn read),
        };
        let parameters = self.parameters(notifications);
        quote! {
            //! What Alipay tells without being asked.
            #(#features pub mod #modules;)*
            #(#features pub use #modules::#idents;)*

            /// A notification, by what it tells.
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub enum Notification {
                #(#variant_docs #features #idents(#boxed<#idents>),)*
                /// One that this version of the library does not know: its parameters as they came.
                Other(#root::types::OtherNotification),
            }
            impl Notification {
                /// What a notification of this name tells, made of its parameters; `None` for an unknown name. Whether they were sound,
                /// `source` knows.
                #read(name: &str, source: &mut #root::codec::Source<'_>) -> #option<Self> {
                    match name {
                        #(#features #wires => Some(Self::#idents(source.make())),)*
                        _ => None,
                    }
                }

                /// Its `notify_type` or `msg_method`.
                pub fn name(&self) -> &str {
                    match self {
                        #(#features Self::#idents(_) => #wires,)*
                        Self::Other(other) => &other.name,
                    }
                }
            }
            #(#features impl #from<#idents> for Notification {
                fn from(body: #idents) -> Self {
                    Self::#idents(#boxed::new(body))
                }
            })*
            #parameters
        }
    }

    /// The names of all parameters: where one value ends and the next begins, the library tells by them. A user's crate has no use
    /// for them.
    fn parameters(&self, notifications: &[Notification<'_>]) -> Option<TokenStream> {
        let lists = notifications.iter().map(|notification| {
            let mut names: Vec<_> = notification.body.fields.iter().map(|field| field.wire).collect();
            names.sort_unstable();
            quote!(&[#(#names),*])
        });
        (self.root == Root::Library).then(|| {
            quote! {
                /// The parameters of each notification, in the byte order of their names.
                pub(crate) const PARAMETERS: &[&[&str]] = &[#(#lists),*];
            }
        })
    }
}
