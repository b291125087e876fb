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
#[cfg(feature = "sm2")]
mod sm2;
mod wycheproof;

use futures_util::FutureExt as _;
use tokio::runtime::TryCurrentError;

use super::{KeyErrorKind, PrivateKey, PublicKey, SignType, blocking, rsa::Backend};

/// The sign types of RSA.
const SIGN_TYPES: [SignType; 2] = [SignType::Rsa2, SignType::Rsa];

/// What is said of what is no private key.
const PRIVATE_FORMS: &str = if cfg!(feature = "sm2") {
    "the input is not a private key in any known form: PKCS#8, PKCS#1 and SEC 1 are known, as PEM, base64 or DER"
} else {
    "the input is not a private key in any known form: PKCS#8 and PKCS#1 are known, as PEM, base64 or DER"
};

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

/// Whether a signature is made on the caller's thread: the others need tokio's threads, and there is no runtime here.
fn signs_on_the_callers_thread(bits: usize, sign_type: SignType) -> bool {
    let signer = private_key(bits).signer(sign_type).unwrap();
    let signature = signer.sign(b"message").now_or_never().expect("nothing to wait for");
    match signature {
        Ok(signature) => signature == signer.sign_now(b"message").unwrap().unwrap(),
        Err(error) => !std::error::Error::source(&error).unwrap().is::<TryCurrentError>(),
    }
}

#[test]
fn only_fast_keys_sign_on_the_callers_thread() {
    assert_eq!(
        signs_on_the_callers_thread(2048, SignType::Rsa2),
        cfg!(feature = "aws-lc")
    );
    assert!(!signs_on_the_callers_thread(3072, SignType::Rsa2));
    assert!(!signs_on_the_callers_thread(2048, SignType::Rsa));
}

#[tokio::test]
async fn slow_keys_and_blocking_functions_sign_on_threads_of_their_own() {
    let slow = private_key(2048).signer(SignType::Rsa).unwrap();
    assert_eq!(
        slow.sign(b"message").await.unwrap(),
        slow.sign_now(b"message").unwrap().unwrap()
    );
    let hsm = blocking(SignType::Rsa2, |message| {
        Ok([message, format!("{:?}", std::thread::current().id()).as_bytes()].concat())
    });
    let here = hsm.sign_now(b"message").unwrap().unwrap();
    let elsewhere = hsm.sign(b"message").await.unwrap();
    assert!(here.starts_with(b"message") && elsewhere.starts_with(b"message"));
    assert_ne!(here, elsewhere);
    assert_eq!(
        (hsm.sign_type(), format!("{hsm:?}")),
        (SignType::Rsa2, "BlockingSigner(RSA2)".to_owned())
    );
    // A function that panics is an error of the call, not of the caller.
    let broken = blocking(SignType::Rsa2, |_| panic!("no session"));
    assert!(broken.sign(b"message").await.is_err());
}

#[test]
fn sign_types_have_their_names() {
    assert_eq!(SignType::default(), SignType::Rsa2);
    for sign_type in SIGN_TYPES {
        assert_eq!(sign_type.to_string().parse(), Ok(sign_type));
    }
    let advice = if cfg!(feature = "sm2") {
        "not a sign type: write RSA2, RSA or SM2"
    } else {
        assert!("SM2".parse::<SignType>().is_err());
        "not a sign type: write RSA2 or RSA"
    };
    for name in ["", "rsa2", "RSA2 ", "sm2", "RSA1"] {
        assert_eq!(name.parse::<SignType>().unwrap_err().to_string(), advice);
    }
}
