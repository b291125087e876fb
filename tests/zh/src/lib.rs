//! The README and the guide in Chinese. Their snippets are doc tests of this package.

pub mod snippets;

#[cfg(doctest)]
include!(concat!(env!("OUT_DIR"), "/pages.rs"));
