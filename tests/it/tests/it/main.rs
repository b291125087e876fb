//! The library against the embedded gateway, over real HTTP.

mod answers;
mod debug;
mod ebpp;
mod examples;
mod faults;
mod fund;
mod notices;
mod notify;
mod open;
mod pages;
mod properties;
mod raw;
mod support;
mod tamper;
mod trade;
