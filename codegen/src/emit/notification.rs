//! Notifications, and the enum over them.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::emitter::{Emitter, Root};
use super::prelude::Prelude;
use super::tokens::{docs, ident, inner_docs};
use crate::ir::{Address, Signature};
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
        let body = (self.root == Root::Library).then(|| {
            quote! {
                /// What it tells, to be written; `None` for an unknown one.
                #[cfg(feature = "serde")]
                pub(crate) fn body(&self) -> #option<&dyn #root::codec::Field> {
                    match self {
                        #(#features Self::#idents(body) => Some(&**body),)*
                        Self::Other(_) => None,
                    }
                }

                /// What it tells, as a value of its own type.
                #[inline]
                pub(crate) fn into_any(self) -> #boxed<dyn core::any::Any> {
                    match self {
                        #(#features Self::#idents(body) => body,)*
                        Self::Other(other) => #boxed::new(other),
                    }
                }
            }
        });
        let facts = self.facts(notifications);
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

                #body
            }
            #(#features impl #from<#idents> for Notification {
                fn from(body: #idents) -> Self {
                    Self::#idents(#boxed::new(body))
                }
            })*
            #(#features impl #root::types::NotificationType for #idents {
                const NAME: &'static str = #wires;
            })*
            #facts
        }
    }

    /// What the library must know of notifications before it reads them. A user's crate has no use for it.
    fn facts(&self, notifications: &[Notification<'_>]) -> Option<TokenStream> {
        // They are in the order of their names.
        let all = notifications.iter().map(|notification| {
            let (name, names) = (notification.name, parameters(notification));
            let names = names.iter();
            quote!((#name, &[#(#names),*]))
        });
        let to_notify_url = notifications
            .iter()
            .filter(|notification| notification.address == Address::NotifyUrl);
        let returned: BTreeSet<BTreeSet<&str>> = to_notify_url.map(parameters).collect();
        let returned = returned.iter().map(|names| {
            let names = names.iter();
            quote!(&[#(#names),*])
        });
        let proven = notifications.iter().filter_map(|notification| {
            let name = notification.name;
            match notification.signature {
                Signature::V1 => Some(quote!((#name, false))),
                Signature::V2 => Some(quote!((#name, true))),
                Signature::Unproven => None,
            }
        });
        (self.root == Root::Library).then(|| {
            quote! {
                /// The parameters of each notification; both in byte order.
                pub(crate) const PARAMETERS: &[(&str, &[&str])] = &[#(#all),*];
                /// The parameters of each notification that is sent to the `notify_url` of a request, in byte order. Some of them repeat fields of
                /// the request.
                pub(crate) const RETURNED: &[&[&str]] = &[#(#returned),*];
                /// Whether `sign_type` is signed, for each notification of which that is proven, in the byte order of their names.
                pub(crate) const SIGNS_SIGN_TYPE: &[(&str, bool)] = &[#(#proven),*];
            }
        })
    }
}

/// The names of a notification's parameters.
fn parameters<'a>(notification: &Notification<'a>) -> BTreeSet<&'a str> {
    notification.body.fields.iter().map(|field| field.wire).collect()
}
