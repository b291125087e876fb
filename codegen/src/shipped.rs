//! The methods that `alipay-api` has, for whoever asks for one of all.

use std::fmt::Write as _;

use crate::ir::Spec;
use crate::{names, rust_names};

/// The file that the program knows them by: method, product, function, request.
pub fn shipped_list(spec: &Spec) -> String {
    let mut list = String::new();
    for product in &spec.products {
        for method in &product.methods {
            let (request, function) = rust_names(method);
            let _ = writeln!(list, "{} {} {function} {request}", method.name, product.name);
        }
    }
    list
}

/// A method of `alipay-api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The product, which is the feature too.
    pub feature: &'static str,
    /// The function of the product's handle.
    pub function: &'static str,
    /// The name of the request's type.
    pub request: &'static str,
}

impl Shipped {
    /// The method of this name, if `alipay-api` has it in the version of this crate.
    pub fn find(method: &str) -> Option<Self> {
        let line = |line: &'static str| {
            let mut words = line.strip_prefix(method)?.strip_prefix(' ')?.split(' ');
            Some(Self {
                feature: words.next()?,
                function: words.next()?,
                request: words.next()?,
            })
        };
        include_str!("shipped.txt").lines().find_map(line)
    }
}

impl std::fmt::Display for Shipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let handle = names::identifier(self.feature);
        let Self {
            feature,
            function,
            request,
        } = self;
        write!(
            f,
            "feature `{feature}`, `client.{handle}().{function}({handle}::{request})`"
        )
    }
}
