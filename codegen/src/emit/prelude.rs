//! Short names for what is in Rust's prelude.
//!
//! Code is made with absolute paths, since official names include `Option`, `Result` and `String`. Where a file has no such name
//! of its own, the prelude's is enough: that is easier to read, and quicker to compile.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// Names of the prelude, and where they are.
const PRELUDE: [[&str; 3]; 7] = [
    ["core", "convert", "From"],
    ["core", "convert", "Into"],
    ["core", "default", "Default"],
    ["core", "option", "Option"],
    ["std", "boxed", "Box"],
    ["std", "string", "String"],
    ["std", "vec", "Vec"],
];

/// The tokens of a file with `Option` for `::core::option::Option`, unless the file says `Option` of something else.
pub(super) fn shortened(tokens: TokenStream) -> TokenStream {
    let mut free = PRELUDE.to_vec();
    keep_free(tokens.clone(), &mut free);
    shorten(tokens, &free)
}

/// Removes the names that stand for something else somewhere.
fn keep_free(tokens: TokenStream, free: &mut Vec<[&str; 3]>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = match path(rest) {
            Some((_, after)) => after,
            None => after,
        };
        match first {
            TokenTree::Group(group) => keep_free(group.stream(), free),
            TokenTree::Ident(ident) => free.retain(|[_, _, name]| ident != name),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn shorten(tokens: TokenStream, free: &[[&str; 3]]) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut short = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some((name, after)) = path(rest)
            && free.iter().any(|[_, _, free]| name == free)
        {
            short.push(TokenTree::Ident(name.clone()));
            rest = after;
            continue;
        }
        short.push(match first {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), shorten(group.stream(), free));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        });
        rest = after;
    }
    short.into_iter().collect()
}

/// The last word of a path of the prelude's that the tokens begin with, and what follows it.
fn path(tokens: &[TokenTree]) -> Option<(&Ident, &[TokenTree])> {
    // Three words, each after two colons.
    let (path, rest) = tokens.split_at_checked(9)?;
    let is_word = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if ident == word);
    let is_path = |words: &[&str; 3]| {
        path.chunks(3)
            .zip(words)
            .all(|(part, word)| is_colons(part) && is_word(&part[2], word))
    };
    match path.last() {
        Some(TokenTree::Ident(name)) if PRELUDE.iter().any(is_path) => Some((name, rest)),
        _ => None,
    }
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    tokens.iter().take(2).all(is_colon)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn prelude_names_are_short() {
        let long = quote!(
            pub a: ::core::option::Option<::std::vec::Vec<::std::string::String>>,
        );
        let short = quote!(
            pub a: Option<Vec<String>>,
        );
        assert_eq!(shortened(long).to_string(), short.to_string());
    }

    #[test]
    fn a_name_that_is_taken_is_not() {
        let long = quote!(
            enum String {}
            struct A {
                a: ::core::option::Option<::std::string::String>,
                b: String,
                c: ::std::option::Option<u8>,
            }
        );
        let short = quote!(
            enum String {}
            struct A {
                a: ::core::option::Option<::std::string::String>,
                b: String,
                c: ::std::option::Option<u8>,
            }
        );
        // `::std::option` is not how the code says it, so that this `Option` may be anything.
        assert_eq!(shortened(long).to_string(), short.to_string());
    }
}
