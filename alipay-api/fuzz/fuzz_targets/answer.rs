//! Whatever answers, nothing panics; and what was read and is written again is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| alipay_fuzz::answer(bytes));
