use std::sync::Arc;

use super::{BadSignature, SignType, Verifier};

/// Takes a signature by any of several keys, all of one sign type.
#[derive(Debug)]
pub(crate) struct AnyOf {
    first: Arc<dyn Verifier>,
    others: Vec<Arc<dyn Verifier>>,
}

impl AnyOf {
    /// The first is asked first: it should be the one that most signatures are by.
    pub(crate) fn new(first: Arc<dyn Verifier>, others: Vec<Arc<dyn Verifier>>) -> Self {
        Self { first, others }
    }
}

impl Verifier for AnyOf {
    fn sign_type(&self) -> SignType {
        self.first.sign_type()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let mut others = self.others.iter();
        self.first.verify(message, signature).or_else(|bad| {
            others
                .any(|other| other.verify(message, signature).is_ok())
                .then_some(())
                .ok_or(bad)
        })
    }
}
