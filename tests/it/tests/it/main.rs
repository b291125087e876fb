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
mod postgres_server;
mod properties;
mod raw;
mod stores;
mod support;
mod tamper;
mod trade;
