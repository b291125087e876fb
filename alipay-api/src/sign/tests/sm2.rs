//! Keys and signatures of SM2, held against the `openssl` command line and the example of the standard.

use std::fmt::Write as _;

use proptest::{prelude::*, test_runner::Config};
use rsa::pkcs8::der::{Encode as _, asn1::UintRef};

use super::{
    forms::rewritten,
    garbage::{apply, changes},
    openssl::{self, Folder, armour, base64_lines, sm2_pair, unarmour},
    oracle::messages,
    private_is_refused, private_key, public_is_refused, public_key,
};
use crate::sign::{BadSignature, KeyErrorKind, PrivateKey, PublicKey, SignType};

/// Openssl's option for the identifier.
const IDENTIFIER: [&str; 2] = ["-sigopt", "distid:1234567812345678"];
/// The order of the curve.
const ORDER: &str = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";

fn private() -> PrivateKey {
    PrivateKey::parse(sm2_pair().pkcs8).unwrap()
}

fn public() -> PublicKey {
    PublicKey::parse(sm2_pair().public).unwrap()
}

fn sign(message: &[u8]) -> Vec<u8> {
    private()
        .signer(SignType::Sm2)
        .unwrap()
        .sign_now(message)
        .unwrap()
        .unwrap()
}

fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    key.verifier(SignType::Sm2).unwrap().verify(message, signature)
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("key.pem", sm2_pair().pkcs8);
    folder.write("public.pem", sm2_pair().public);
    folder
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// An element of DER with a short length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

fn uint(digits: &[u8]) -> Vec<u8> {
    UintRef::new(digits).unwrap().to_der().unwrap()
}

fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
    element(0x30, &[uint(r), uint(s)].concat())
}

/// The two numbers of a signature.
fn numbers(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let length = usize::from(signature[3]);
    (signature[4..4 + length].to_vec(), signature[6 + length..].to_vec())
}

/// An `ECPrivateKey` with these optional fields.
fn sec1(secret: &[u8], optional: &[Vec<u8>]) -> Vec<u8> {
    let fields = [vec![2, 1, 1], element(4, secret), optional.concat()].concat();
    element(0x30, &fields)
}

const SM2_CURVE: &[u8] = &[0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D];
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

fn curve(oid: &[u8]) -> Vec<u8> {
    element(0xA0, oid)
}

/// The public key in `[1]`.
fn point(point: &[u8]) -> Vec<u8> {
    element(0xA1, &element(3, &[&[0], point].concat()))
}

fn spki(curve: &[u8], point: &[u8]) -> Vec<u8> {
    const ELLIPTIC_CURVE: &[u8] = &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
    let algorithm = element(0x30, &[ELLIPTIC_CURVE, curve].concat());
    element(0x30, &[algorithm, element(3, &[&[0], point].concat())].concat())
}

/// The example of GB/T 32918.5-2017, annex A, with the recommended curve.
mod example {
    pub(super) const SECRET: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
    pub(super) const POINT: &str = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                                    CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
    pub(super) const MESSAGE: &[u8] = b"message digest";
    pub(super) const R: &str = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3";
    pub(super) const S: &str = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";
}

#[test]
fn the_example_of_the_standard_holds() {
    let key = PrivateKey::from_der(&sec1(&hex(example::SECRET), &[curve(SM2_CURVE)])).unwrap();
    let public = PublicKey::from_der(&spki(SM2_CURVE, &hex(example::POINT))).unwrap();
    assert_eq!(key.public_key(), public);
    let signature = signature(&hex(example::R), &hex(example::S));
    assert_eq!(verify(&public, example::MESSAGE, &signature), Ok(()));
    assert_eq!(verify(&public, b"message digests", &signature), Err(BadSignature));
    let other = element(0x30, &[uint(&hex(example::S)), uint(&hex(example::R))].concat());
    assert_eq!(verify(&public, example::MESSAGE, &other), Err(BadSignature));
}

#[test]
fn openssl_verifies_what_is_signed_here() {
    let folder = folder();
    for message in messages() {
        folder.write("message", &message);
        folder.write("signature", sign(&message));
        let verify = ["dgst", "-sm3", "-verify", "public.pem", "-signature", "signature"];
        assert!(folder.succeeds(&[&verify[..], &IDENTIFIER, &["message"]].concat()));
        folder.write("message", b"another");
        assert!(!folder.succeeds(&[&verify[..], &IDENTIFIER, &["message"]].concat()));
    }
}

#[test]
fn what_openssl_signs_is_verified_here() {
    let folder = folder();
    for message in messages() {
        folder.write("message", &message);
        let with = |identifier: [&str; 2]| {
            let sign = ["dgst", "-sm3", "-sign", "key.pem"];
            folder.run(&[&sign[..], &identifier, &["message"]].concat())
        };
        let signature = with(IDENTIFIER);
        assert_eq!(verify(&public(), &message, &signature), Ok(()));
        assert_eq!(verify(&public(), b"another", &signature), Err(BadSignature));
        // Who has another identifier is somebody else.
        let signature = with(["-sigopt", "distid:8765432187654321"]);
        assert_eq!(verify(&public(), &message, &signature), Err(BadSignature));
        // Nor is it ECDSA on the same curve, which openssl takes without an identifier.
        let other = PublicKey::from_der(&spki(SM2_CURVE, &hex(example::POINT))).unwrap();
        assert_eq!(verify(&other, &message, &with(IDENTIFIER)), Err(BadSignature));
    }
}

#[test]
fn no_two_signatures_have_the_same_nonce() {
    let signatures = [sign(b"message"), sign(b"message"), sign(b"message")];
    assert_ne!(signatures[0], signatures[1]);
    assert_ne!(signatures[1], signatures[2]);
    for signature in signatures {
        assert_eq!(verify(&public(), b"message", &signature), Ok(()));
    }
}

#[tokio::test]
async fn async_callers_get_the_same() {
    let signer = private().signer(SignType::Sm2).unwrap();
    let signature = signer.sign(b"message").await.unwrap();
    assert_eq!(verify(&public(), b"message", &signature), Ok(()));
    assert_eq!(
        (signer.sign_type(), private().default_sign_type()),
        (SignType::Sm2, SignType::Sm2)
    );
    assert_eq!(private_key(2048).default_sign_type(), SignType::Rsa2);
}

#[test]
fn a_private_key_is_read_in_every_form() {
    let folder = folder();
    let sec1 = sm2_pair().pkcs1.to_owned();
    assert!(
        sec1.contains("PRIVATE KEY-----") && !sec1.contains("BEGIN PRIVATE KEY"),
        "{}",
        &sec1[..31]
    );
    let no_public = folder.print(&["ec", "-in", "key.pem", "-no_public"]);
    let compressed = folder.print(&["ec", "-in", "key.pem", "-conv_form", "compressed"]);
    // As `openssl ecparam -genkey` writes it without `-noout`.
    let parameters = folder.print(&["ecparam", "-name", "SM2"]);
    assert!(parameters.contains("PARAMETERS-----"), "{parameters}");
    let behind_parameters = format!("{parameters}{sec1}");
    for pem in [sm2_pair().pkcs8.to_owned(), sec1, no_public, compressed] {
        for text in rewritten(&pem) {
            let key = PrivateKey::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!((key.public_key(), key.bits()), (public(), 256));
        }
        folder.write("key.der", unarmour(&pem));
        assert_eq!(
            PrivateKey::from_file(folder.path("key.der")).unwrap().public_key(),
            public()
        );
    }
    for text in [
        behind_parameters.clone(),
        behind_parameters.replace('\n', "\r\n"),
        behind_parameters.replace('\n', "\\n"),
        format!("\u{FEFF}{behind_parameters}"),
    ] {
        assert_eq!(PrivateKey::parse(&text).unwrap().public_key(), public(), "{text}");
    }
    let kind = KeyErrorKind::SeveralPemBlocks;
    let twice = sm2_pair().pkcs8.repeat(2);
    private_is_refused(
        &twice,
        &kind,
        "the input has several PEM blocks: keep only the private key",
    );
}

#[test]
fn a_public_key_is_read_in_every_form() {
    let folder = folder();
    let compressed = folder.print(&["ec", "-pubin", "-in", "public.pem", "-conv_form", "compressed"]);
    for pem in [sm2_pair().public.to_owned(), compressed] {
        for text in rewritten(&pem) {
            let key = PublicKey::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!((&key, key.bits()), (&private().public_key(), 256));
        }
        folder.write("key.der", unarmour(&pem));
        assert_eq!(PublicKey::from_file(folder.path("key.der")).unwrap(), public());
    }
    assert_eq!(public().to_base64().unwrap(), base64_lines(sm2_pair().public).concat());
    assert_ne!(public(), public_key(2048));
    assert_ne!(
        public(),
        PublicKey::from_der(&spki(SM2_CURVE, &hex(example::POINT))).unwrap()
    );
}

#[test]
fn every_short_base64_is_a_key_and_no_path() {
    // So short, and with slashes, it looks like the name of a file.
    for _ in 0..40 {
        let folder = Folder::new();
        folder.run(&["ecparam", "-name", "SM2", "-genkey", "-noout", "-out", "key.pem"]);
        let pem = folder.print(&["pkey", "-in", "key.pem", "-pubout"]);
        let text = base64_lines(&pem).concat();
        PublicKey::parse(text.trim_end_matches('=')).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

#[test]
fn the_other_half() {
    private_is_refused(
        sm2_pair().public,
        &KeyErrorKind::PublicKey,
        "the input is a public key, not a private key: give the app's own private key (应用私钥), \
         which the key tool saved where the pair was made",
    );
    for text in [sm2_pair().pkcs8, sm2_pair().pkcs1] {
        public_is_refused(
            text,
            &KeyErrorKind::PrivateKey,
            "the input is a private key, not a public key: give Alipay's public key (支付宝公钥), \
             which the open platform shows in the app's settings",
        );
    }
}

#[test]
fn a_key_is_for_the_sign_types_of_its_algorithm() {
    for sign_type in super::SIGN_TYPES {
        let kind = KeyErrorKind::SignType { sign_type };
        let error = private().signer(sign_type).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(
            error.to_string(),
            format!(
                "this private key is an SM2 key, which the sign type {sign_type} can't use: give an RSA key, or use SM2"
            )
        );
        let error = public().verifier(sign_type).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(
            error.to_string(),
            format!(
                "this public key is an SM2 key, which the sign type {sign_type} can't use: give an RSA key, or use SM2"
            )
        );
    }
    let kind = KeyErrorKind::SignType {
        sign_type: SignType::Sm2,
    };
    for bits in [1024, 2048] {
        let error = private_key(bits).signer(SignType::Sm2).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(
            error.to_string(),
            "this private key is an RSA key, which the sign type SM2 can't use: give an SM2 key, or use RSA2"
        );
        assert_eq!(public_key(bits).verifier(SignType::Sm2).unwrap_err().kind(), &kind);
    }
}

#[track_caller]
fn inconsistent(der: &[u8]) {
    private_is_refused(
        &armour("EC PRIVATE KEY", der),
        &KeyErrorKind::Inconsistent,
        "the numbers in this private key don't belong together: it was damaged after it was made, so copy it again",
    );
}

#[test]
fn every_number_is_checked() {
    let (secret, own) = (hex(example::SECRET), hex(example::POINT));
    let all = [curve(SM2_CURVE), point(&own)];
    assert!(PrivateKey::from_der(&sec1(&secret, &all)).is_ok());
    // A leading zero may be missing, but not eight.
    assert!(PrivateKey::from_der(&sec1(&secret[1..], &[curve(SM2_CURVE)])).is_ok());
    for secret in [
        vec![0; 32],
        hex(ORDER),
        // It has no inverse where it is needed.
        hex(&ORDER.replace("123", "122")),
        vec![0xFF; 32],
        secret[9..].to_vec(),
        vec![1; 33],
        Vec::new(),
    ] {
        inconsistent(&sec1(&secret, &[curve(SM2_CURVE)]));
    }
    assert!(PrivateKey::from_der(&sec1(&hex(&ORDER.replace("123", "121")), &[curve(SM2_CURVE)])).is_ok());
    let stranger = unarmour(sm2_pair().public).split_off(26);
    inconsistent(&sec1(&secret, &[curve(SM2_CURVE), point(&stranger)]));
    let mut off_curve = own.clone();
    off_curve[64] ^= 1;
    inconsistent(&sec1(&secret, &[curve(SM2_CURVE), point(&off_curve)]));
    let error = PrivateKey::from_der(&sec1(&secret, &[curve(P256)])).unwrap_err();
    let oid = "1.2.840.10045.3.1.7".to_owned();
    assert_eq!(error.kind(), &KeyErrorKind::Algorithm { oid });

    let infinity = [0];
    for point in [&own[..64], &infinity, &[], &[&own[..], &[0]].concat(), &off_curve] {
        let error = PublicKey::from_der(&spki(SM2_CURVE, point)).unwrap_err();
        assert!(
            matches!(error.kind(), KeyErrorKind::Inconsistent | KeyErrorKind::Unrecognised),
            "{error}"
        );
    }
}

#[test]
fn no_byte_of_a_private_key_can_change() {
    for der in [unarmour(sm2_pair().pkcs8), unarmour(sm2_pair().pkcs1)] {
        for (index, bit) in (0..der.len()).flat_map(|index| [(index, 0x01), (index, 0x80)]) {
            let mut damaged = der.clone();
            damaged[index] ^= bit;
            if let Ok(key) = PrivateKey::from_der(&damaged) {
                // PKCS#8's version says nothing of the key.
                assert_eq!((index, key.public_key()), (5, public()));
            }
        }
        for length in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn only_der_is_a_signature() {
    let genuine = sign(b"message");
    let (r, s) = numbers(&genuine);
    assert_eq!(verify(&public(), b"message", &signature(&r, &s)), Ok(()));
    let body = &genuine[2..];
    let [zero, order] = [vec![0], hex(ORDER)];
    let long = [&[0][..], &r].concat();
    let bare = |number: &[u8]| [vec![0; 40 - number.len()], number.to_vec()].concat().split_off(8);
    let forgeries = [
        ("empty", Vec::new()),
        ("cut", genuine[..genuine.len() - 1].to_vec()),
        ("more behind it", [&genuine[..], &[0]].concat()),
        ("more inside it", element(0x30, &[body, &[5, 0]].concat())),
        ("a third number", element(0x30, &[body, &uint(&r)].concat())),
        ("one number", element(0x30, &uint(&r))),
        ("a SET", element(0x31, body)),
        ("a long length", [&[0x30, 0x81], &genuine[1..]].concat()),
        ("an indefinite length", [&[0x30, 0x80], body, &[0, 0]].concat()),
        ("r is zero", signature(&zero, &s)),
        ("s is zero", signature(&r, &zero)),
        ("r is the order", signature(&order, &s)),
        ("s is the order", signature(&r, &order)),
        ("swapped", signature(&s, &r)),
        (
            "a zero too many",
            element(0x30, &[element(2, &[&[0][..], &long].concat()), uint(&s)].concat()),
        ),
        ("an empty number", element(0x30, &[element(2, &[]), uint(&s)].concat())),
        (
            "negative",
            element(0x30, &[element(2, &[&[0x80][..], &r[1..]].concat()), uint(&s)].concat()),
        ),
        ("33 octets", signature(&[&[1][..], &[0; 32]].concat(), &s)),
        (
            "100 octets",
            element(
                0x30,
                &[element(2, &[&vec![0; 60][..], &r].concat()), uint(&[1])].concat(),
            ),
        ),
        ("both bare", [bare(&r), bare(&s)].concat()),
        ("zeros", vec![0; 64]),
    ];
    for (name, forgery) in forgeries {
        assert_eq!(verify(&public(), b"message", &forgery), Err(BadSignature), "{name}");
    }
}

#[test]
fn short_numbers_are_signed_and_read() {
    // Two numbers of 32 octets, each in two octets more, and all in two more. A number with a high bit takes one more, which is every other one; one
    // with a leading zero octet, one in 256, takes one less.
    const PLAIN: usize = 70;
    let (mut shorter, mut longer) = (0, 0);
    for index in 0..40_000_u32 {
        let message = index.to_be_bytes();
        let signature = sign(&message);
        assert_eq!(verify(&public(), &message, &signature), Ok(()), "{signature:02x?}");
        shorter += u32::from(signature.len() < PLAIN);
        longer += u32::from(signature.len() > PLAIN);
        if shorter > 0 && longer > 0 {
            return;
        }
    }
    panic!("{shorter} are shorter and {longer} longer");
}

#[test]
fn neither_debug_nor_an_error_shows_a_key() {
    let secret = &unarmour(sm2_pair().pkcs8)[36..68];
    let mut hex = String::new();
    for octet in secret {
        write!(hex, "{octet:02x}").unwrap();
    }
    let (private, public) = (private(), public());
    let signer = private.signer(SignType::Sm2).unwrap();
    let verifier = public.verifier(SignType::Sm2).unwrap();
    assert_eq!(format!("{private:?}"), "PrivateKey { bits: 256, .. }");
    assert_eq!(format!("{public:?}"), "PublicKey { bits: 256, .. }");
    assert_eq!(format!("{signer:?} {verifier:?}"), "Sm2Signer(SM2) Sm2Verifier(SM2)");
    let der = unarmour(sm2_pair().pkcs8);
    for index in 0..der.len() {
        let mut damaged = der.clone();
        damaged[index] ^= 0xFF;
        if let Err(error) = PrivateKey::from_der(&damaged) {
            let shown = format!("{error} {error:?} {error:#?}").to_lowercase();
            assert!(
                !hex.as_bytes()
                    .windows(8)
                    .any(|part| shown.contains(str::from_utf8(part).unwrap())),
                "{shown}"
            );
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn any_message_verifies_and_any_change_is_refused(message: Vec<u8>, at: prop::sample::Index, bit in 0..8_u32) {
        let signature = sign(&message);
        let mut changed_signature = signature.clone();
        changed_signature[at.index(signature.len())] ^= 1_u8 << bit;
        let mut changed_message = message.clone();
        if message.is_empty() {
            changed_message.push(0);
        } else {
            changed_message[at.index(message.len())] ^= 1_u8 << bit;
        }
        prop_assert_eq!(verify(&public(), &message, &signature), Ok(()));
        prop_assert_eq!(verify(&public(), &message, &changed_signature), Err(BadSignature));
        prop_assert_eq!(verify(&public(), &changed_message, &signature), Err(BadSignature));
    }

    #[test]
    fn changed_signatures(changes in changes()) {
        let genuine = sign(b"message");
        let mut changed = genuine.clone();
        apply(&mut changed, &changes);
        prop_assert_eq!(verify(&public(), b"message", &changed).is_ok(), changed == genuine);
    }

    #[test]
    fn any_signature(signature: Vec<u8>) {
        prop_assert_eq!(verify(&public(), b"message", &signature), Err(BadSignature));
    }

    #[test]
    fn changed_keys(changes in changes(), armoured: bool) {
        for pem in [sm2_pair().pkcs8, sm2_pair().pkcs1, sm2_pair().public] {
            let mut der = unarmour(pem);
            apply(&mut der, &changes);
            let mut text = if armoured { pem.as_bytes().to_vec() } else { base64_lines(pem).concat().into_bytes() };
            apply(&mut text, &changes);
            let text = String::from_utf8_lossy(&text);
            for key in [PrivateKey::from_der(&der), PrivateKey::parse(&text)].into_iter().flatten() {
                prop_assert_eq!(key.public_key(), public());
            }
            for key in [PublicKey::from_der(&der), PublicKey::parse(&text)].into_iter().flatten() {
                prop_assert_eq!(verify(&key, b"message", &[0; 71]), Err(BadSignature));
            }
        }
    }
}

#[test]
fn files_that_begin_with_a_digit_are_text() {
    let folder = openssl::Folder::new();
    folder.write("key", "0123456789");
    let error = PrivateKey::from_file(folder.path("key")).unwrap_err();
    assert_eq!(error.kind(), &KeyErrorKind::Unrecognised);
}
