//! Whatever is sent to the embedded gateway, nothing panics, and it answers.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::request(bytes));
