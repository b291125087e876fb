//! The library against the embedded gateway, over real HTTP.

mod answers;
mod cases;
mod certificates;
mod clock;
mod debug;
mod ebpp;
mod examples;
mod faults;
mod fund;
mod isv;
mod notices;
mod notify;
mod oauth;
mod open;
mod pages;
mod postgres_server;
mod processes;
mod properties;
mod raw;
mod recuts;
mod stores;
mod support;
mod tamper;
mod trade;
mod users;
