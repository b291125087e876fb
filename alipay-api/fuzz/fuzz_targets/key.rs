//! Whatever is configured as a key, nothing panics, and a key that is taken can be used.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::key(bytes));
