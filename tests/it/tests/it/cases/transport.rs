//! The transport of `tests/cases/`.
