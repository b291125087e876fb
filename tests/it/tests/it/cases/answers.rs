//! Answers of the gateway of `tests/cases/`.
