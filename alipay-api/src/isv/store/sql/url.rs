//! URLs of servers, whose passwords no error may show.

use crate::isv::store::{StoreError, StoreErrorKind};

/// What a database's URLs have.
pub(super) struct UrlRules {
    /// The database's name in errors.
    pub(super) product: &'static str,
    /// What a URL may begin with. The first is the usual one.
    pub(super) schemes: &'static [&'static str],
    /// The known parameters. One that ends in `[` stands for all that begin so.
    pub(super) parameters: &'static [&'static str],
}

impl UrlRules {
    /// Refuses what sqlx would misread, or would log with its value.
    pub(super) fn check(&self, url: &str) -> Result<(), StoreError> {
        let known = |scheme: &str| self.schemes.contains(&scheme);
        let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| known(scheme)) else {
            let usual = self.schemes.first().copied().unwrap_or_default();
            return Err(self.wrong(&format!(
                "the beginning is not {usual}://; use a URL of {}",
                self.product
            )));
        };
        // Otherwise a part of the password could be read as the database's name, which errors show.
        let path = rest
            .find(['/', '?', '#'])
            .and_then(|at| rest.get(at..))
            .unwrap_or_default();
        if path.contains(['@', '#']) {
            let what = "write /, ?, # and @ in a name or password as %2F, %3F, %23 and %40";
            return Err(self.wrong(what));
        }
        let query = path.split_once('?').map_or("", |(_, query)| query);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
            let is_known = |known: &&str| name == *known || (known.ends_with('[') && name.starts_with(*known));
            if !self.parameters.iter().any(is_known) {
                return Err(self.wrong(&format!("the parameter {name:?} is not known; remove it")));
            }
        }
        Ok(())
    }

    /// The error for a URL that sqlx can't read.
    pub(super) fn malformed(&self, error: sqlx::Error) -> StoreError {
        self.wrong("the URL is malformed; fix the cause").with_source(error)
    }

    pub(super) fn wrong(&self, what: &str) -> StoreError {
        StoreError::new(
            StoreErrorKind::Configuration,
            format!("the {} URL: {what}", self.product),
        )
    }
}

/// For connections that check the certificate's authority but not its host (`VERIFY_CA`), sqlx takes the process's default cryptography, and
/// rustls panics where a program has both of its kinds and chose none.
#[cfg(any(feature = "aws-lc", feature = "ring"))]
pub(super) fn install_cryptography() {
    #[cfg(feature = "aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster: then there is one.
        let _ = provider.install_default();
    }
}
