//! What signs and verifies here is held against the `openssl` command line, which knows nothing of this code.

mod damage;
mod forgery;
mod forms;
mod garbage;
mod malformed;
mod misuse;
mod openssl;
mod oracle;
mod secrecy;
mod wycheproof;

use super::{KeyErrorKind, PrivateKey, PublicKey, SignType, backend::Backend};

const SIGN_TYPES: [SignType; 2] = [SignType::Rsa2, SignType::Rsa];

/// Every backend that serves such keys, not only the one that would be chosen.
fn backends(sign_type: SignType, bits: usize) -> Vec<Backend> {
    let mut backends = vec![Backend::choose(sign_type, bits), Backend::RustCrypto];
    backends.dedup();
    backends
}

fn private_key(bits: usize) -> PrivateKey {
    PrivateKey::parse(openssl::pair(bits).pkcs8).unwrap()
}

fn public_key(bits: usize) -> PublicKey {
    PublicKey::parse(openssl::pair(bits).public).unwrap()
}

#[track_caller]
fn private_is_refused(text: &str, kind: &KeyErrorKind, message: &str) {
    let error = PrivateKey::parse(text).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[track_caller]
fn public_is_refused(text: &str, kind: &KeyErrorKind, message: &str) {
    let error = PublicKey::parse(text).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn the_fastest_backend_is_chosen() {
    for (sign_type, bits, is_served_by_aws_lc) in [
        (SignType::Rsa2, 1024, false),
        (SignType::Rsa2, 2047, false),
        (SignType::Rsa2, 2048, true),
        (SignType::Rsa2, 8192, true),
        (SignType::Rsa, 2048, false),
    ] {
        let has_choice = backends(sign_type, bits).len() == 2;
        assert_eq!(
            has_choice,
            is_served_by_aws_lc && cfg!(feature = "aws-lc"),
            "{sign_type} {bits}"
        );
    }
}

#[test]
fn only_the_fast_are_not_slow() {
    let signer = private_key(2048).signer(SignType::Rsa2).unwrap();
    assert_eq!(signer.is_slow(), cfg!(not(feature = "aws-lc")));
    assert!(private_key(3072).signer(SignType::Rsa2).unwrap().is_slow());
    assert!(private_key(2048).signer(SignType::Rsa).unwrap().is_slow());
}

#[test]
fn sign_types_have_their_names() {
    assert_eq!(SignType::default(), SignType::Rsa2);
    for sign_type in SIGN_TYPES {
        assert_eq!(sign_type.to_string().parse(), Ok(sign_type));
    }
    for name in ["", "rsa2", "RSA2 ", "SM2", "RSA1"] {
        let error = name.parse::<SignType>().unwrap_err();
        assert_eq!(error.to_string(), "not a sign type: write RSA2 or RSA");
    }
}
