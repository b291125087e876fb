//! Signatures that look right to a careless verifier, after Project Wycheproof's for RSASSA-PKCS1-v1_5.
//!
//! `openssl` does the private operation on messages that are padded here by hand, wrongly.

use sha2::{Digest as _, Sha256};

use super::{backends, openssl, private_key, public_key};
use crate::sign::{BadSignature, SignType, Verifier};

const MESSAGE: &[u8] = b"total_amount=0.01";

/// `DigestInfo` up to the hash: SEQUENCE { SEQUENCE { OID sha256, NULL }, OCTET STRING (32) }.
const SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// `00 01 FF … FF 00 info`, so long as `size`.
fn padded(size: usize, info: &[u8]) -> Vec<u8> {
    [&[0, 1][..], &vec![0xFF; size - 3 - info.len()], &[0], info].concat()
}

fn each_verifier(bits: usize, check: impl Fn(&str, &dyn Verifier)) {
    for backend in backends(SignType::Rsa2, bits) {
        let verifier = public_key(bits).verifier_by(backend, SignType::Rsa2).unwrap();
        check(&format!("{backend:?}, {bits} bits"), &*verifier);
    }
}

/// Messages for the private operation, none of them the one that PKCS#1 asks for.
fn wrongly_padded(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let hash = Sha256::digest(MESSAGE);
    let info = [SHA256, &hash].concat();
    let right = padded(size, &info);
    let with = |index: usize, byte: u8| {
        let mut message = right.clone();
        message[index] = byte;
        message
    };
    let infixed = |range: std::ops::Range<usize>, replacement: &[u8]| {
        let mut info = info.clone();
        info.splice(range, replacement.iter().copied());
        padded(size, &info)
    };
    let short_padding = |between: &[u8], info: &[u8], fill: u8| {
        let mut message = [
            &[0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..],
            between,
            info,
        ]
        .concat();
        message.resize(size, fill);
        message
    };
    let separator = size - info.len() - 1;
    vec![
        ("no DigestInfo", padded(size, &hash)),
        (
            "the hash of another message",
            padded(size, &[SHA256, &Sha256::digest(b"total_amount=9.99")].concat()),
        ),
        ("a hash cut short", padded(size, &info[..info.len() - 1])),
        ("a hash with one byte more", padded(size, &[&info[..], &[0]].concat())),
        ("no NULL", {
            let mut info = [&SHA256[..15], &SHA256[17..], &hash].concat();
            (info[1], info[3]) = (0x2f, 0x0b);
            padded(size, &info)
        }),
        ("no NULL, lengths as with it", infixed(15..17, &[])),
        ("parameters that are not NULL", {
            let mut info = [&SHA256[..15], &[0x04, 0x02, 0xAB, 0xCD], &SHA256[17..], &hash].concat();
            (info[1], info[3]) = (0x33, 0x0f);
            padded(size, &info)
        }),
        ("NULL with contents", infixed(16..17, &[0x01, 0x00])),
        (
            "SHA-1's OID",
            infixed(4..15, &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a]),
        ),
        ("SHA-512's OID", infixed(14..15, &[0x03])),
        ("SHA-224's OID", infixed(14..15, &[0x04])),
        ("a length in long form", infixed(1..2, &[0x81, 0x31])),
        ("an inner length in long form", infixed(3..4, &[0x81, 0x0d])),
        ("the hash's length in long form", infixed(18..19, &[0x81, 0x20])),
        ("an indefinite length", infixed(1..2, &[0x80])),
        ("a set for a sequence", infixed(0..1, &[0x31])),
        ("a bit string for an octet string", infixed(17..18, &[0x03])),
        (
            "bytes behind the DigestInfo",
            padded(size, &[&info[..], &[0; 8]].concat()),
        ),
        ("the whole room behind a short padding", short_padding(&[0], &info, 0)),
        (
            "the whole room behind a short padding, filled",
            short_padding(&[0], &info, 0xFF),
        ),
        ("no separator", short_padding(&[], &info, 0)),
        ("a padding that is not FF, at its start", with(2, 0xFE)),
        ("a padding that is not FF, in the middle", with(size / 3, 0x7F)),
        ("a padding that is not FF, at its end", with(separator - 1, 0xFE)),
        (
            "a padding of zeros",
            [&[0, 1][..], &vec![0; size - 2 - info.len()], &info].concat(),
        ),
        ("an early separator", with(12, 0)),
        ("a separator that is not 00", with(separator, 0x01)),
        ("a separator that is FF", with(separator, 0xFF)),
        ("block type 0", with(1, 0)),
        ("block type 2", with(1, 2)),
        ("a first byte that is not 00", with(0, 1)),
        ("no first byte", [&right[1..], &[0]].concat()),
        ("nothing but the DigestInfo, at the start", {
            let mut message = [&[0][..], &info].concat();
            message.resize(size, 0);
            message
        }),
        (
            "nothing but the DigestInfo, at the end",
            [&vec![0; size - info.len()][..], &info].concat(),
        ),
        ("one", [&vec![0; size - 1][..], &[1]].concat()),
    ]
}

#[test]
fn the_right_padding_is_accepted() {
    for bits in [1024, 2048] {
        let message = padded(bits / 8, &[SHA256, &Sha256::digest(MESSAGE)].concat());
        let signature = openssl::raw_private_operation(bits, &message);
        each_verifier(bits, |name, verifier| {
            assert_eq!(verifier.verify(MESSAGE, &signature), Ok(()), "{name}");
        });
    }
}

#[test]
fn no_other_padding_is() {
    for bits in [1024, 2048] {
        let right = padded(bits / 8, &[SHA256, &Sha256::digest(MESSAGE)].concat());
        for (flaw, message) in wrongly_padded(bits / 8) {
            assert_eq!(message.len(), bits / 8, "{flaw}");
            assert_ne!(message, right, "{flaw}");
            let signature = openssl::raw_private_operation(bits, &message);
            each_verifier(bits, |name, verifier| {
                assert_eq!(
                    verifier.verify(MESSAGE, &signature),
                    Err(BadSignature),
                    "{flaw}: {name}"
                );
            });
        }
    }
}

#[test]
fn pss_is_not_taken_for_it() {
    let folder = openssl::Folder::with_keys(2048);
    folder.write("message", MESSAGE);
    let sign = [
        "dgst",
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sign",
        "key.pem",
        "message",
    ];
    let signature = folder.run(&sign);
    each_verifier(2048, |name, verifier| {
        assert_eq!(verifier.verify(MESSAGE, &signature), Err(BadSignature), "{name}");
    });
}

/// Big-endian addition, with a digit more where it carries.
fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut digits: Vec<u8> = left
        .iter()
        .rev()
        .zip(right.iter().rev())
        .map(|(left, right)| {
            let digit = u16::from(*left) + u16::from(*right) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    if carry == 1 {
        digits.push(1);
    }
    digits.reverse();
    digits
}

/// Big-endian subtraction of a smaller number: by adding its complement.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = right.iter().map(|digit| !digit).collect();
    let one = [&vec![0; left.len() - 1][..], &[1]].concat();
    sum(&sum(left, &complement)[1..], &one)
}

fn modulus(bits: usize) -> Vec<u8> {
    let text = openssl::Folder::with_keys(bits).print(&["rsa", "-in", "key.pem", "-noout", "-modulus"]);
    let hex = text.trim().strip_prefix("Modulus=").unwrap();
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn nothing_but_a_number_below_the_modulus_and_as_long_is() {
    for bits in [1024_usize, 1031, 2048] {
        let size = bits.div_ceil(8);
        let signature = private_key(bits)
            .signer(SignType::Rsa2)
            .unwrap()
            .sign_now(MESSAGE)
            .unwrap()
            .unwrap();
        let modulus = modulus(bits);
        assert_eq!((signature.len(), modulus.len()), (size, size));
        let one = [&vec![0; size - 1][..], &[1]].concat();
        let forged: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("a byte", vec![1]),
            ("the last byte missing", signature[..size - 1].to_vec()),
            ("the first byte missing", signature[1..].to_vec()),
            ("a zero in front", [&[0][..], &signature].concat()),
            ("a zero behind", [&signature[..], &[0]].concat()),
            ("twice", signature.repeat(2)),
            ("much too long", vec![0xAB; 1 << 20]),
            ("0", vec![0; size]),
            ("1", one.clone()),
            ("n - 1", difference(&modulus, &one)),
            ("n", modulus.clone()),
            ("n + 1", sum(&modulus, &one)),
            ("n + s", sum(&modulus, &signature)),
            ("n - s", difference(&modulus, &signature)),
            ("the largest", vec![0xFF; size]),
        ];
        each_verifier(bits, |name, verifier| {
            assert_eq!(verifier.verify(MESSAGE, &signature), Ok(()), "{name}");
            for (flaw, signature) in &forged {
                assert_eq!(verifier.verify(MESSAGE, signature), Err(BadSignature), "{flaw}: {name}");
            }
        });
    }
}

#[test]
fn a_leading_zero_belongs_to_the_signature() {
    let signer = private_key(1024).signer(SignType::Rsa2).unwrap();
    let (message, signature) = (0..u16::MAX)
        .map(u16::to_be_bytes)
        .map(|message| (message, signer.sign_now(&message).unwrap().unwrap()))
        .find(|(_, signature)| signature[0] == 0)
        .unwrap();
    each_verifier(1024, |name, verifier| {
        assert_eq!(verifier.verify(&message, &signature), Ok(()), "{name}");
        assert_eq!(verifier.verify(&message, &signature[1..]), Err(BadSignature), "{name}");
    });
}
