//! The guide: one page for each topic. All its examples are compiled with the library.
//!
//! Start with these:
//!
//! - [`keys`]: where keys and certificates come from, which mode to choose, and how to replace a key.
//! - [`payments`]: by web page, phone browser, app, mini program, QR code and bar code.
//! - [`notifications`]: what Alipay sends, and how to answer it.
//! - [`answers`]: what `Ok` proves, and what to do when the outcome of a call is unknown.
//!
//! What takes more than one call (waiting for a buyer, cancelling, an outcome that is unknown) is done by [flows](crate::flows): the pages on
//! payments, refunds and transfers show them.
//!
//! Then, as you need them:
//!
//! - [`refunds`]: refunds, closing, cancelling and splitting of payments.
//! - [`transfers`]: payouts to accounts, and their status.
//! - [`login`]: users who log in with Alipay.
//! - [`isv`]: third-party apps that call for merchants, and their tokens.
//! - [`methods`]: all methods, by product.
//! - [`user_ids`]: `user_id` and `open_id`, and the move from the one to the other.
//! - [`raw`]: methods and fields that have no spec.
//! - [`transport`]: proxies, an HTTP client of your own, and transports that wrap another.
//! - [`testing`]: the embedded gateway, in your own tests and as a program.
//! - [`codegen`]: typed methods from spec files of your own.
//! - [`performance`]: what a call costs.

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("payments.md")]
pub mod payments {}

#[doc = include_str!("refunds.md")]
pub mod refunds {}

#[doc = include_str!("transfers.md")]
pub mod transfers {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("isv.md")]
pub mod isv {}

#[doc = include_str!("raw.md")]
pub mod raw {}

#[doc = include_str!("transport.md")]
pub mod transport {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("codegen.md")]
pub mod codegen {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("user_ids.md")]
pub mod user_ids {}

// Its links lead into all products. Only documentation needs its text.
#[cfg_attr(all(doc, feature = "full"), doc = include_str!("methods.md"))]
#[cfg_attr(
    not(all(doc, feature = "full")),
    doc = "All methods: this page lists them where the documentation is built with the feature `full`, as on <https://docs.rs/alipay-api/latest/alipay_api/guide/methods/index.html>."
)]
pub mod methods {}
