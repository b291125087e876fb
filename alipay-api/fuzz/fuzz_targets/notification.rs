//! Whatever is sent to `notify_url` or `return_url`, or comes from a phone, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::notification(bytes));
