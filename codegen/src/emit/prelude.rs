//! What Rust's prelude has, by the shortest name that means it.

use proc_macro2::TokenStream;
use quote::quote;

/// The prelude's names in one file: official names include `Option`, `Result` and `String`, and where a file has such a type of
/// its own, the prelude's is told by its path. Everywhere else its name is easier to read, and quicker to compile.
#[derive(Clone, Debug)]
pub(super) struct Prelude {
    pub(super) boxed: TokenStream,
    pub(super) default: TokenStream,
    pub(super) from: TokenStream,
    pub(super) into: TokenStream,
    pub(super) option: TokenStream,
    pub(super) string: TokenStream,
    pub(super) vec: TokenStream,
}

impl Prelude {
    /// In a file that has types of these names.
    pub(super) fn beside(types: &[&str]) -> Self {
        let free = |name: &str| !types.contains(&name);
        macro_rules! name {
            ($from:ident::$module:ident::$name:ident) => {
                if free(stringify!($name)) {
                    quote!($name)
                } else {
                    quote!(::$from::$module::$name)
                }
            };
        }
        Self {
            boxed: name!(std::boxed::Box),
            default: name!(core::default::Default),
            from: name!(core::convert::From),
            into: name!(core::convert::Into),
            option: name!(core::option::Option),
            string: name!(std::string::String),
            vec: name!(std::vec::Vec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_a_path() {
        let prelude = Prelude::beside(&["String", "Options"]);
        let said = [&prelude.string, &prelude.option, &prelude.vec].map(ToString::to_string);
        assert_eq!(said, [":: std :: string :: String", "Option", "Vec"]);
    }
}
