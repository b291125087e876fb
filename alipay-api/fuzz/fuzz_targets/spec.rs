//! Whatever stands in a spec file, nothing panics, and what is refused is explained.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::spec(bytes));
