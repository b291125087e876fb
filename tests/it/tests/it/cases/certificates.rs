//! Certificates and roots of `tests/cases/`.
