//! Keys of `tests/cases/`.
