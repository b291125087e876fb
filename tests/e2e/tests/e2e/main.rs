//! A buyer's browser, the embedded gateway and a merchant's server: what happens between them, from the shop's page to the notification. Each page is
//! kept as a picture in `target/e2e`, in Chinese and in English: look at them when a page changes.

mod browser;
mod consent;
mod console;
mod pay;
mod refusals;
mod shop;

/// The languages that pages are in, as a browser names them and as pictures are named.
const LANGUAGES: [(&str, &str); 2] = [("zh-CN", "zh"), ("en", "en")];
