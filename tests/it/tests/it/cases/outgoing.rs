//! Requests and pages of `tests/cases/`.
