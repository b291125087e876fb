//! Whatever is encrypted, or says that it is, nothing panics; and what is encrypted reads as what is plain.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::encrypted(bytes));
