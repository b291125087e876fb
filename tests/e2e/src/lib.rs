//! Nothing: the tests are in `tests/e2e`, and `cargo xtask e2e` runs them.
