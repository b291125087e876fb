//! Whatever is configured or fetched as a certificate, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::certificate(bytes));
