//! The test is in `tests/call.rs`.
