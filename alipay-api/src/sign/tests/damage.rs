//! Keys whose numbers are not what they should be.

use rsa::{
    pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef, UintRef},
    pkcs8::der::{Decode as _, Encode as _},
};

use super::openssl::{self, unarmour};
use crate::sign::{KeyErrorKind, PrivateKey, PublicKey};

fn pkcs1(bits: usize) -> Vec<u8> {
    unarmour(openssl::pair(bits).pkcs1)
}

fn uint(bytes: &[u8]) -> UintRef<'_> {
    UintRef::new(bytes).unwrap()
}

/// The number with its second lowest bit turned: as odd or even as it was.
fn changed(number: UintRef<'_>) -> Vec<u8> {
    let mut bytes = number.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 2;
    }
    bytes
}

#[track_caller]
fn assert_inconsistent(name: &str, key: &RsaPrivateKeyRef<'_>) {
    let error = PrivateKey::from_der(&key.to_der().unwrap()).unwrap_err();
    assert_eq!(error.kind(), &KeyErrorKind::Inconsistent, "{name}");
    assert_eq!(
        error.to_string(),
        "the numbers in this private key don't belong together: it was damaged after it was made, so copy it again"
    );
}

#[test]
fn every_number_is_checked() {
    type Field = for<'a, 'k> fn(&'a mut RsaPrivateKeyRef<'k>) -> &'a mut UintRef<'k>;

    let der = pkcs1(1024);
    let key = RsaPrivateKeyRef::from_der(&der).unwrap();
    assert!(PrivateKey::from_der(&key.to_der().unwrap()).is_ok());

    let fields: [(&str, Field); 8] = [
        ("n", |key| &mut key.modulus),
        ("e", |key| &mut key.public_exponent),
        ("d", |key| &mut key.private_exponent),
        ("p", |key| &mut key.prime1),
        ("q", |key| &mut key.prime2),
        ("dP", |key| &mut key.exponent1),
        ("dQ", |key| &mut key.exponent2),
        ("qInv", |key| &mut key.coefficient),
    ];
    for (name, field) in fields {
        let mut damaged = key.clone();
        let number = changed(*field(&mut damaged));
        *field(&mut damaged) = uint(&number);
        assert_inconsistent(name, &damaged);
    }
}

#[test]
fn numbers_that_would_divide_by_zero_or_swap_the_primes_are_refused() {
    let der = pkcs1(1024);
    let key = RsaPrivateKeyRef::from_der(&der).unwrap();
    let [zero, one] = [uint(&[0]), uint(&[1])];
    for (name, prime1, prime2, private_exponent) in [
        ("p and q", key.prime2, key.prime1, key.private_exponent),
        ("p = 1", one, key.modulus, key.private_exponent),
        ("q = 1", key.modulus, one, key.private_exponent),
        ("p = 0", zero, key.prime2, key.private_exponent),
        ("d = 0", key.prime1, key.prime2, zero),
        ("d = n", key.prime1, key.prime2, key.modulus),
    ] {
        let damaged = RsaPrivateKeyRef {
            prime1,
            prime2,
            private_exponent,
            ..key.clone()
        };
        assert_inconsistent(name, &damaged);
    }
}

#[test]
fn no_byte_of_a_private_key_can_change() {
    let der = pkcs1(1024);
    for (index, bit) in (0..der.len()).flat_map(|index| [(index, 0x01), (index, 0x80)]) {
        let mut damaged = der.clone();
        damaged[index] ^= bit;
        assert!(PrivateKey::from_der(&damaged).is_err(), "byte {index}, bit {bit:02x}");
    }
}

#[test]
fn sizes_and_exponents_have_limits() {
    let der = pkcs1(1024);
    let key = RsaPrivateKeyRef::from_der(&der).unwrap();
    let modulus = key.modulus.as_bytes();
    let [mut of_1023_bits, mut even] = [modulus.to_vec(), modulus.to_vec()];
    of_1023_bits[0] = 0x7F;
    even[127] &= 0xFE;
    let of_8193_bits = [&[1][..], &[0xFF; 1024]].concat();
    let f4 = &[1, 0, 1][..];
    for (modulus, exponent, kind, problem) in [
        (
            &of_1023_bits[..],
            f4,
            KeyErrorKind::TooShort { bits: 1023 },
            "has 1023 bits, at least 1024 are needed: use 2048",
        ),
        (
            &[0],
            f4,
            KeyErrorKind::TooShort { bits: 0 },
            "has 0 bits, at least 1024 are needed: use 2048",
        ),
        (
            &of_8193_bits,
            f4,
            KeyErrorKind::TooLong { bits: 8193 },
            "has 8193 bits, at most 8192 are allowed: use 2048",
        ),
    ] {
        let private = RsaPrivateKeyRef {
            modulus: uint(modulus),
            public_exponent: uint(exponent),
            ..key.clone()
        };
        let error = PrivateKey::from_der(&private.to_der().unwrap()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (&kind, format!("this private key {problem}"))
        );
        let public = RsaPublicKeyRef {
            modulus: uint(modulus),
            public_exponent: uint(exponent),
        };
        let error = PublicKey::from_der(&public.to_der().unwrap()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (&kind, format!("this public key {problem}"))
        );
    }
    for exponent in [
        &[0][..],
        &[1],
        &[2],
        &[1, 0, 0],
        &[2, 0, 0, 0, 1],
        &[1, 0, 0, 0, 0, 0, 0, 0, 3],
        modulus,
    ] {
        let public = RsaPublicKeyRef {
            modulus: uint(modulus),
            public_exponent: uint(exponent),
        };
        let error = PublicKey::from_der(&public.to_der().unwrap()).unwrap_err();
        assert_eq!(error.kind(), &KeyErrorKind::Exponent);
        assert_eq!(
            error.to_string(),
            "the public exponent of this public key is not an odd number from 3 to 2^33 - 1: 65537 is usual"
        );
    }
    for exponent in [&[3][..], &[1, 0, 1], &[1, 0xFF, 0xFF, 0xFF, 0xFF]] {
        let public = RsaPublicKeyRef {
            modulus: uint(modulus),
            public_exponent: uint(exponent),
        };
        assert_eq!(PublicKey::from_der(&public.to_der().unwrap()).unwrap().bits(), 1024);
    }
    let public = RsaPublicKeyRef {
        modulus: uint(&even),
        public_exponent: uint(f4),
    };
    assert_eq!(
        PublicKey::from_der(&public.to_der().unwrap()).unwrap_err().kind(),
        &KeyErrorKind::Inconsistent
    );
}

#[test]
fn keys_have_two_primes() {
    let pem = openssl::Folder::new().print(&["genrsa", "-primes", "3", "2048"]);
    let error = PrivateKey::parse(&pem).unwrap_err();
    assert_eq!(error.kind(), &KeyErrorKind::MultiPrime);
    assert_eq!(
        error.to_string(),
        "this private key has more than two primes: make one with two"
    );
}
