//! `openssl` verifies what is signed here, and signs what is verified here.

use proptest::{prelude::*, test_runner::Config};

use super::{SIGN_TYPES, backends, openssl, private_key, public_key};
use crate::sign::{BadSignature, SignType};

/// Usual sizes, and two whose top byte is not full.
const SIZES: [usize; 5] = [1024, 1031, 2047, 2048, 3072];

pub(super) fn messages() -> [Vec<u8>; 4] {
    [
        Vec::new(),
        "app_id=2016&biz_content={\"subject\":\"测试 & 订单\"}&charset=utf-8".into(),
        vec![0xFF],
        (0_u32..300_000).flat_map(u32::to_be_bytes).collect(),
    ]
}

fn digest(sign_type: SignType) -> &'static str {
    match sign_type {
        SignType::Rsa2 => "-sha256",
        SignType::Rsa => "-sha1",
        #[cfg(feature = "sm2")]
        SignType::Sm2 => "-sm3",
    }
}

#[test]
fn openssl_verifies_what_is_signed_here() {
    for (bits, sign_type) in SIZES
        .into_iter()
        .flat_map(|bits| SIGN_TYPES.map(|sign_type| (bits, sign_type)))
    {
        let folder = openssl::Folder::with_keys(bits);
        for backend in backends(sign_type, bits) {
            let signer = private_key(bits).signer_by(backend, sign_type).unwrap();
            assert_eq!(signer.sign_type(), sign_type);
            for message in messages() {
                let signature = signer.sign_now(&message).unwrap().unwrap();
                folder.write("message", &message);
                folder.write("signature", &signature);
                let verify = [
                    "dgst",
                    digest(sign_type),
                    "-verify",
                    "public.pem",
                    "-signature",
                    "signature",
                    "message",
                ];
                assert!(folder.succeeds(&verify), "{sign_type} {bits} {backend:?}");
            }
        }
    }
}

#[test]
fn what_openssl_signs_is_verified_here() {
    for (bits, sign_type) in SIZES
        .into_iter()
        .flat_map(|bits| SIGN_TYPES.map(|sign_type| (bits, sign_type)))
    {
        let folder = openssl::Folder::with_keys(bits);
        for message in messages() {
            folder.write("message", &message);
            let sign = ["dgst", digest(sign_type), "-sign", "key.pem", "message"];
            let signature = folder.run(&sign);
            for backend in backends(sign_type, bits) {
                let verifier = public_key(bits).verifier_by(backend, sign_type).unwrap();
                assert_eq!(verifier.sign_type(), sign_type);
                assert_eq!(
                    verifier.verify(&message, &signature),
                    Ok(()),
                    "{sign_type} {bits} {backend:?}"
                );
                assert_eq!(verifier.verify(b"another", &signature), Err(BadSignature));
                let own = private_key(bits)
                    .signer_by(backend, sign_type)
                    .unwrap()
                    .sign_now(&message)
                    .unwrap()
                    .unwrap();
                assert_eq!(
                    own, signature,
                    "{sign_type} {bits} {backend:?}: the padding leaves no choice"
                );
            }
        }
    }
}

#[test]
fn the_sign_types_are_not_taken_for_each_other() {
    let (private, public) = (private_key(2048), public_key(2048));
    for sign_type in SIGN_TYPES {
        let signature = private
            .signer(sign_type)
            .unwrap()
            .sign_now(b"message")
            .unwrap()
            .unwrap();
        for other in SIGN_TYPES {
            let verdict = public.verifier(other).unwrap().verify(b"message", &signature);
            assert_eq!(verdict.is_ok(), other == sign_type, "{sign_type} as {other}");
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn any_message_verifies_and_any_change_is_refused(message: Vec<u8>, at: prop::sample::Index, bit in 0..8_u32) {
        let sign_type = SignType::Rsa2;
        let signer = private_key(2048).signer(sign_type).unwrap();
        let signature = signer.sign_now(&message).unwrap().unwrap();
        let mut changed_signature = signature.clone();
        changed_signature[at.index(signature.len())] ^= 1_u8 << bit;
        let mut changed_message = message.clone();
        if message.is_empty() {
            changed_message.push(0);
        } else {
            changed_message[at.index(message.len())] ^= 1_u8 << bit;
        }
        for backend in backends(sign_type, 2048) {
            let verifier = public_key(2048).verifier_by(backend, sign_type).unwrap();
            prop_assert_eq!(verifier.verify(&message, &signature), Ok(()));
            prop_assert_eq!(verifier.verify(&message, &changed_signature), Err(BadSignature));
            prop_assert_eq!(verifier.verify(&changed_message, &signature), Err(BadSignature));
        }
    }
}
