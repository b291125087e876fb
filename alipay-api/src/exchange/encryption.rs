//! Whether a call is encrypted.

use super::Exchange;
use crate::{Error, ErrorKind, encryption::EncryptionKey};

/// Whether a call is encrypted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encryption<'a> {
    No,
    /// Where the request has something that can be encrypted.
    IfPossible(&'a EncryptionKey),
    /// The call is not sent otherwise.
    Always(&'a EncryptionKey),
}

impl Exchange<'_> {
    /// Encrypts what is confidential of the request, once for all attempts.
    pub(super) fn encrypt(&mut self) -> Result<(), Error> {
        let (key, is_required) = match self.encryption {
            Encryption::No => return Ok(()),
            Encryption::IfPossible(key) => (key, false),
            Encryption::Always(key) => (key, true),
        };
        let (session, method) = (self.session, &*self.content.method);
        let plain = self.protocol.confidential(self.content, &self.options);
        let plain = plain.map_err(|error| super::invalid(error, method))?;
        if plain.is_empty() {
            if !is_required {
                return Ok(());
            }
            let message = "the call is to be encrypted, but the request has nothing that Alipay encrypts: that is the content alone, and \
                           neither parameters beside it nor uploads";
            return Err(self.error(ErrorKind::Request, message));
        }
        let ciphertext = key.encrypt(&plain, &*session.random).map_err(|error| {
            self.error(ErrorKind::Configuration, "the source of random numbers has none")
                .with_source(error)
        })?;
        self.options.ciphertext = Some(ciphertext);
        Ok(())
    }

    /// What the answer is decrypted with, where the request is encrypted.
    pub(super) fn key_of_answer(&self) -> Option<&EncryptionKey> {
        self.options.ciphertext.as_ref()?;
        match self.encryption {
            Encryption::No => None,
            Encryption::IfPossible(key) | Encryption::Always(key) => Some(key),
        }
    }
}
