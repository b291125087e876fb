//! Texts and files that are nothing, or not all of something, and what people are told about them.

use std::{error::Error, io};

use super::{
    openssl::{self, Folder, armour, base64_lines, unarmour},
    private_is_refused, public_is_refused,
};
use crate::sign::{KeyErrorKind, PrivateKey, PublicKey};

#[test]
fn text_that_is_not_base64() {
    let public = base64_lines(openssl::pair(2048).public).concat();
    for (text, offset) in [
        (format!("{}*{}", &public[..17], &public[17..]), 17),
        (format!(" \"{}密{}\"", &public[..17], &public[17..]), 19),
        (format!("{}\\x{}", &public[..64], &public[64..]), 64),
        (public.replacen("AQ8A", "AQ8=A", 1), public.find("AQ8A").unwrap() + 4),
        (armour("PUBLIC KEY", b"0\x82").replacen("MII", "M-I", 1), 28),
        ("${ALIPAY_PUBLIC_KEY}".to_owned(), 0),
    ] {
        public_is_refused(
            &text,
            &KeyErrorKind::NotBase64 { offset },
            &format!("the character at byte {offset} is not base64: copy the public key again, with nothing around it"),
        );
    }
}

#[test]
fn pem_that_is_not_whole_or_not_alone() {
    let private = openssl::pair(2048).pkcs8;
    let message = "the lines `-----BEGIN …-----` and `-----END …-----` don't match: \
                   copy the whole file, or only what is between them";
    for text in [
        private.replacen("-----END PRIVATE KEY-----", "", 1),
        private.replacen("-----BEGIN PRIVATE KEY-----", "", 1),
        private.replacen("-----END PRIVATE", "-----END PUBLIC", 1),
        private.replacen("KEY-----", "KEY", 1),
        private[..private.trim_end().len() - 5].to_owned(),
    ] {
        private_is_refused(&text, &KeyErrorKind::BrokenPem, message);
    }
    let both = format!("{private}{}", openssl::pair(2048).public);
    private_is_refused(
        &both,
        &KeyErrorKind::SeveralPemBlocks,
        "the input has several PEM blocks: keep only the private key",
    );
    public_is_refused(
        &both,
        &KeyErrorKind::SeveralPemBlocks,
        "the input has several PEM blocks: keep only the public key",
    );
}

#[test]
fn a_plus_that_became_a_blank() {
    let (private, public) = (openssl::pair(2048).pkcs8, openssl::pair(2048).public);
    let (bare_private, bare_public) = (base64_lines(private).concat(), base64_lines(public).concat());
    assert!(private.contains('+') && public.contains('+'));
    // The names in PEM's first and last line have blanks of their own.
    for text in [
        private.replace('+', " "),
        bare_private.replace('+', " "),
        openssl::pair(2048).pkcs1.replace('+', " "),
    ] {
        private_is_refused(
            &text,
            &KeyErrorKind::BlanksForPlus,
            "the private key's base64 has blanks where each `+` was: a form or a URL has turned them into blanks on the way; hand \
             it over by another way, or percent-encode it",
        );
    }
    for text in [public.replace('+', " "), bare_public.replace('+', " ")] {
        let error = PublicKey::parse(&text).unwrap_err();
        assert_eq!(error.kind(), &KeyErrorKind::BlanksForPlus);
    }
    // Not all that is wrong with a key that has blanks.
    private_is_refused(
        &bare_private[..bare_private.len() / 2].replace('+', " "),
        &KeyErrorKind::Truncated,
        "the private key is cut short: copy it again, to its last character",
    );
}

#[test]
fn a_key_cut_short_or_followed_by_more() {
    let base64 = base64_lines(openssl::pair(2048).pkcs8).concat();
    for length in [8, 63, 64, 65, 66, base64.len() / 2, base64.len() - 5] {
        private_is_refused(
            &base64[..length],
            &KeyErrorKind::Truncated,
            "the private key is cut short: copy it again, to its last character",
        );
    }
    let mut der = unarmour(openssl::pair(2048).public);
    der.push(0);
    let error = PublicKey::from_der(&der).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input has more behind the public key: give it alone"
    );
}

#[test]
fn something_else_altogether() {
    let forms = super::PRIVATE_FORMS;
    for text in [
        "2021000117650000",
        "hello world",
        "MAA=",
        "MAMCAQA=",
        "AAAAAAAA",
        "BIIBAA==",
    ] {
        private_is_refused(text, &KeyErrorKind::Unrecognised, forms);
    }
    let forms = "the input is not a public key in any known form: SubjectPublicKeyInfo and PKCS#1 are known, as PEM, base64 or DER";
    public_is_refused("2021000117650000", &KeyErrorKind::Unrecognised, forms);
    public_is_refused(
        &"A".repeat(70_000),
        &KeyErrorKind::TooLarge,
        "the input is larger than 64 KiB, so it is no public key: is it the right file?",
    );
    assert_eq!(
        PublicKey::from_der(&vec![0; 70_000]).unwrap_err().kind(),
        &KeyErrorKind::TooLarge
    );
    assert_eq!(PublicKey::from_der(&[]).unwrap_err().kind(), &KeyErrorKind::Empty);
}

#[test]
fn files_that_are_no_keys() {
    let folder = Folder::new();
    let path = folder.path("key.pem");
    let error = PrivateKey::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), &KeyErrorKind::Unreadable(io::ErrorKind::NotFound));
    assert_eq!(error.path(), Some(path.as_path()));
    assert_eq!(
        error.to_string(),
        format!("{}: the file can't be read: entity not found", path.display())
    );
    assert!(error.source().is_some_and(<dyn Error>::is::<io::Error>));
    assert!(matches!(
        PublicKey::from_file(folder.path("")).unwrap_err().kind(),
        KeyErrorKind::Unreadable(_)
    ));

    let utf16: Vec<u8> = openssl::pair(2048)
        .public
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (contents, kind, message) in [
        (
            &[][..],
            KeyErrorKind::Empty,
            "the input is empty: is the variable or file that should hold the public key filled in?",
        ),
        (
            &[&[0xFF, 0xFE][..], &utf16].concat(),
            KeyErrorKind::NotText,
            "the file is neither DER nor UTF-8 text: save it as UTF-8",
        ),
        (
            &vec![b'M'; 70_000],
            KeyErrorKind::TooLarge,
            "the input is larger than 64 KiB, so it is no public key: is it the right file?",
        ),
        (
            b"/etc/key",
            KeyErrorKind::Path,
            "the file holds a path, not a public key: give the file that is there",
        ),
    ] {
        folder.write("key.pem", contents);
        let error = PublicKey::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
    }
}
