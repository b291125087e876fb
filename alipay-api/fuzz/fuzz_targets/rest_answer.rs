//! Whatever answers over V3, nothing panics, and no success is made of what is none.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::rest_answer(bytes));
