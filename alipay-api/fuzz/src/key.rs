use alipay_api::sign::{PrivateKey, PublicKey, SignType};

/// Whatever is configured as a key, nothing panics, and a key that is taken can be used.
///
/// # Panics
/// If that is not so.
pub fn key(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for key in [PublicKey::from_der(bytes), PublicKey::parse(&text)] {
        match key {
            Ok(key) => drop(
                key.verifier(SignType::Rsa2)
                    .map(|verifier| verifier.verify(b"", &[0; 256])),
            ),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    for key in [PrivateKey::from_der(bytes), PrivateKey::parse(&text)] {
        match key {
            Ok(key) => drop(key.signer(SignType::Rsa2).map(|signer| signer.sign_now(b""))),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
