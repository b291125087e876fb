//! Neither `Debug` nor an error shows anything of a key.

use std::{collections::HashSet, fmt::Debug};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rsa::{
    BoxedUint,
    pkcs1::{DecodeRsaPrivateKey as _, RsaPrivateKeyRef},
    pkcs8::der::Decode as _,
    traits::PrivateKeyParts as _,
};

use super::{
    SIGN_TYPES, backends, openssl,
    openssl::{base64_lines, unarmour},
    private_key, public_key,
};
use crate::sign::{KeyError, PrivateKey, PublicKey, Signer, Verifier};

/// So many characters in a row are no chance.
const FRAGMENT: usize = 8;

/// Every fragment of the secret numbers of a key, in the ways that they could be printed.
fn secrets(bits: usize) -> HashSet<[u8; FRAGMENT]> {
    let der = unarmour(openssl::pair(bits).pkcs1);
    let fields = RsaPrivateKeyRef::from_der(&der).unwrap();
    let key = rsa::PrivateKey::from_pkcs1_der(&der).unwrap();
    let mut secrets = vec![STANDARD.encode(&der), base64_lines(openssl::pair(bits).pkcs8).concat()];
    for field in [
        fields.private_exponent,
        fields.prime1,
        fields.prime2,
        fields.exponent1,
        fields.coefficient,
    ] {
        let bytes = field.as_bytes();
        let hex = bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat();
        secrets.extend([format!("{bytes:?}"), hex.to_uppercase(), hex, STANDARD.encode(bytes)]);
    }
    let primes = key.primes().iter().map(AsRef::as_ref);
    secrets.extend(
        primes
            .chain([key.d()])
            .map(|number: &BoxedUint| number.to_string_radix_vartime(10)),
    );
    secrets.iter().flat_map(|secret| fragments(secret)).collect()
}

fn fragments(text: &str) -> impl Iterator<Item = [u8; FRAGMENT]> {
    text.as_bytes()
        .windows(FRAGMENT)
        .filter_map(|window| window.try_into().ok())
}

#[track_caller]
fn assert_secret(shown: &str, secrets: &HashSet<[u8; FRAGMENT]>) {
    assert!(!fragments(shown).any(|fragment| secrets.contains(&fragment)), "{shown}");
}

fn shown(value: &dyn Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn debug_shows_the_size_alone() {
    for bits in [1024, 2048] {
        let secrets = secrets(bits);
        let (private, public) = (private_key(bits), public_key(bits));
        assert_eq!(format!("{private:?}"), format!("PrivateKey {{ bits: {bits}, .. }}"));
        assert_eq!(format!("{public:?}"), format!("PublicKey {{ bits: {bits}, .. }}"));
        for sign_type in SIGN_TYPES {
            for backend in backends(sign_type, bits) {
                let signer = private.signer_by(backend, sign_type).unwrap();
                let verifier = public.verifier_by(backend, sign_type).unwrap();
                assert_eq!(format!("{signer:?}"), format!("{backend:?}Signer({sign_type})"));
                assert_eq!(format!("{verifier:?}"), format!("{backend:?}Verifier({sign_type})"));
                assert_secret(&(shown(&signer) + &shown(&verifier)), &secrets);
            }
        }
        assert_secret(&(shown(&private) + &shown(&public)), &secrets);
    }
}

#[test]
fn no_error_shows_what_it_was_given() {
    let secrets = secrets(2048);
    let pem = openssl::pair(2048).pkcs8;
    let base64 = base64_lines(pem).concat();
    let middle = base64.len() / 2;
    let misplaced = format!("{}{}{}", &base64[..middle], &base64[middle + 4..], "AAAA");
    let texts = [
        base64[..middle].to_owned(),
        base64[middle..].to_owned(),
        format!("{base64}*"),
        format!("{}\\{}", &base64[..middle], &base64[middle..]),
        format!("/{base64}"),
        format!("{}.pem", &base64[..100]),
        format!("{base64}{base64}"),
        misplaced,
        pem.repeat(2),
        pem.replacen("-----END", "", 1),
        pem.replacen("PRIVATE KEY", &base64, 1),
        pem.replace("PRIVATE KEY", &base64),
        base64.repeat(50),
        base64.clone(),
    ];
    let mut errors: Vec<KeyError> = texts.iter().filter_map(|text| PublicKey::parse(text).err()).collect();
    assert_eq!(
        errors.len(),
        texts.len(),
        "a private key in whatever form is no public key"
    );
    errors.extend(texts.iter().filter_map(|text| PrivateKey::parse(text).err()));
    let der = unarmour(pem);
    errors.extend((0..der.len()).filter_map(|index| {
        let mut damaged = der.clone();
        damaged[index] ^= 0xFF;
        PrivateKey::from_der(&damaged).err()
    }));
    assert!(errors.len() > der.len(), "{}", errors.len());
    for error in &errors {
        assert_secret(&format!("{error} {error:?} {error:#?}"), &secrets);
    }
}

#[test]
fn all_may_be_shared_and_sent() {
    fn is_shareable<T: Send + Sync + ?Sized + 'static>(_: Option<&T>) -> bool {
        true
    }
    assert!(is_shareable::<PrivateKey>(None) && is_shareable::<PublicKey>(None));
    assert!(is_shareable::<dyn Signer>(None) && is_shareable::<dyn Verifier>(None));
    assert!(is_shareable::<KeyError>(None));
}
