//! What a third-party app (ISV) needs on top of a client: merchants' authorisations, and tokens that stay alive.

pub mod store;
