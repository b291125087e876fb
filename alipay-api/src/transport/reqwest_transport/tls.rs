//! TLS by rustls, over the root certificates of the machine.

use std::{error::Error as StdError, fmt, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// TLS can't be set up.
#[derive(Debug)]
pub(super) enum TlsError {
    NoCryptography,
    NoRoots,
    Other(rustls::Error),
}

/// Where only a proxy may want TLS, a machine without root certificates is good enough: nothing is trusted then.
pub(super) fn config(is_needed: bool) -> Result<ClientConfig, TlsError> {
    let provider = provider().ok_or(TlsError::NoCryptography)?;
    let builder = || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let verified = match builder()?.with_platform_verifier() {
        Ok(verified) => verified,
        Err(_) if !is_needed => builder()?.with_root_certificates(RootCertStore::empty()),
        // So rustls-platform-verifier says where it has found none.
        Err(rustls::Error::General(_)) => return Err(TlsError::NoRoots),
        Err(error) => return Err(error.into()),
    };
    let mut config = verified.with_no_client_auth();
    // reqwest leaves this to whoever sets TLS up.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The library's own cryptography: whatever a program, or another library in it, has made the process's default is for others.
#[cfg(any(feature = "aws-lc", feature = "ring"))]
#[expect(clippy::unnecessary_wraps, reason = "without both features there may be none")]
fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    Some(Arc::new(provider))
}

/// There is none but what the program has chosen for its process.
#[cfg(not(any(feature = "aws-lc", feature = "ring")))]
fn provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().map(Arc::clone)
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Other(error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoCryptography => {
                "TLS has no cryptography: turn on the feature `aws-lc` or `ring` of alipay-api, or install a default `CryptoProvider` of rustls"
            }
            Self::NoRoots => {
                "this machine has no root certificates: install ca-certificates, or name a file of root certificates in SSL_CERT_FILE"
            }
            Self::Other(_) => "TLS can't be set up",
        })
    }
}

impl StdError for TlsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NoCryptography | Self::NoRoots => None,
            Self::Other(error) => Some(error),
        }
    }
}
