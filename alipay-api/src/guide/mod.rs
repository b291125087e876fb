//! The guide: one page for each topic. All its examples are compiled with the library.
//!
//! Start with these:
//!
//! - [`keys`]: where keys and certificates come from, which mode to choose, and how to replace a key.
//! - [`payments`]: by web page, phone browser, app, mini program, QR code and bar code.
//! - [`notifications`]: what Alipay sends, and how to answer it.
//! - [`answers`]: what `Ok` proves, and what to do when the outcome of a call is unknown.
//!
//! `examples/shop`, in the repository, is a whole web shop to copy, which does all of this.
//!
//! What takes more than one call (waiting for a buyer, cancelling, an outcome that is unknown) is done by [flows](crate::flows): the pages on
//! payments, refunds and transfers show them.
//!
//! Or by what you look for: [`products`] lists Alipay's products with their methods, and [`moving`] says what is called what in other libraries.
//!
//! Then, as you need them:
//!
//! - [`refunds`]: refunds, closing and cancelling of payments.
//! - [`transfers`]: payouts to accounts, and their status.
//! - [`bills`]: what a day or a month came to, row by row, and whether it adds up.
//! - [`agreements`]: deductions under an agreement that the buyer has signed (周期扣款, 商家扣款).
//! - [`preauthorization`]: money that is frozen, paid from and released (预授权, 免押).
//! - [`royalties`]: shares of payments (分账).
//! - [`onboarding`]: platforms and their sub-merchants (直付通).
//! - [`mini_programs`]: login, payment, phone number and messages in mini programs.
//! - [`login`]: users who log in with Alipay.
//! - [`isv`]: third-party apps that call for merchants, and their tokens.
//! - [`methods`]: all methods, by product.
//! - [`user_ids`]: `user_id` and `open_id`, and the move from the one to the other.
//! - [`protocols`]: V2 and V3, encrypted content, and SM2.
//! - [`uploads`]: files from memory, from disk and from streams, and their limits.
//! - [`raw`]: methods and fields that have no spec.
//! - [`transport`]: proxies, an HTTP client of your own, and transports that wrap another.
//! - [`observability`]: spans, metrics, and what to alarm on.
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

// It links to a module that is there with the feature `bill` alone.
#[cfg_attr(feature = "bill", doc = include_str!("bills.md"))]
#[cfg_attr(not(feature = "bill"), doc = "Bills: this page needs the feature `bill`.")]
pub mod bills {}

#[doc = include_str!("agreements.md")]
pub mod agreements {}

#[doc = include_str!("preauthorization.md")]
pub mod preauthorization {}

#[doc = include_str!("royalties.md")]
pub mod royalties {}

#[doc = include_str!("onboarding.md")]
pub mod onboarding {}

#[doc = include_str!("mini_programs.md")]
pub mod mini_programs {}

#[doc = include_str!("products.md")]
pub mod products {}

#[doc = include_str!("moving.md")]
pub mod moving {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("isv.md")]
pub mod isv {}

#[doc = include_str!("protocols.md")]
pub mod protocols {}

#[doc = include_str!("uploads.md")]
pub mod uploads {}

#[doc = include_str!("raw.md")]
pub mod raw {}

#[doc = include_str!("transport.md")]
pub mod transport {}

#[doc = include_str!("observability.md")]
pub mod observability {}

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
