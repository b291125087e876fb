//! The forms that keys come in.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    openssl::{self, armour, base64_lines, unarmour},
    private_key, public_key,
};
use crate::sign::{PrivateKey, PublicKey};

/// The same PEM as editors, key tools, settings files and people rewrite it.
pub(super) fn rewritten(pem: &str) -> Vec<String> {
    let lines = base64_lines(pem);
    let one_line = lines.concat();
    let unpadded = one_line.trim_end_matches('=');
    vec![
        pem.to_owned(),
        pem.trim_end().to_owned(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\r"),
        pem.replace('\n', " "),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', "\n\n    "),
        format!("\u{FEFF}{pem}"),
        format!("\"{pem}\""),
        format!(" \t'{}' \n", pem.replace('\n', "\\n")),
        format!("Bag Attributes\n    friendlyName: app\n{pem}"),
        one_line.clone(),
        unpadded.to_owned(),
        lines.join("\n"),
        lines.join("\r\n"),
        lines.join("\\n"),
        format!("\"{one_line}\""),
        format!("'{one_line}'\r\n"),
        format!("\u{FEFF} {one_line}\u{200B}\u{3000}"),
        one_line.chars().flat_map(|digit| [digit, ' ']).collect(),
        // As settings have files.
        STANDARD.encode(pem),
        STANDARD.encode(pem.replace('\n', "\r\n")),
        STANDARD.encode(&one_line),
        STANDARD.encode(format!("\u{FEFF}{}\n", lines.join("\n"))),
        armour("KEY", pem.as_bytes()),
    ]
}

#[test]
fn a_private_key_is_read_in_every_form() {
    for bits in [1024, 2048] {
        let pkcs1 = openssl::pair(bits).pkcs1.to_owned();
        assert!(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{}", &pkcs1[..31]);
        let pkcs8 = openssl::pair(bits).pkcs8.to_owned();
        // Key tools are known to write one under the name of the other.
        let pkcs8_by_another_name = armour("RSA PRIVATE KEY", &unarmour(&pkcs8));
        let pkcs1_by_another_name = armour("PRIVATE KEY", &unarmour(&pkcs1));
        for pem in [pkcs1, pkcs8, pkcs8_by_another_name, pkcs1_by_another_name] {
            for text in rewritten(&pem) {
                let key = PrivateKey::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(key.public_key(), public_key(bits));
                assert_eq!(key.bits(), bits);
            }
            let key = PrivateKey::from_der(&unarmour(&pem)).unwrap();
            assert_eq!(key.public_key(), public_key(bits));
        }
    }
}

#[test]
fn a_public_key_is_read_in_every_form() {
    for bits in [1024, 2048] {
        let folder = openssl::Folder::with_keys(bits);
        let pkcs1 = folder.print(&["rsa", "-pubin", "-in", "public.pem", "-RSAPublicKey_out"]);
        assert!(pkcs1.starts_with("-----BEGIN RSA PUBLIC KEY-----"), "{pkcs1}");
        let expected = private_key(bits).public_key();
        for pem in [openssl::pair(bits).public.to_owned(), pkcs1] {
            for text in rewritten(&pem) {
                let key = PublicKey::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(key, expected);
                assert_eq!(key.bits(), bits);
            }
            assert_eq!(PublicKey::from_der(&unarmour(&pem)).unwrap(), expected);
        }
        assert_ne!(expected, public_key(3072 - bits));
    }
}

#[test]
fn files_hold_text_or_der() {
    let folder = openssl::Folder::new();
    let path = folder.path("key");
    let expected = public_key(2048);
    let pem = openssl::pair(2048).pkcs8;
    for contents in [
        pem.into(),
        format!("\u{FEFF}{}", base64_lines(pem).concat()).into_bytes(),
        unarmour(pem),
    ] {
        folder.write("key", contents);
        assert_eq!(PrivateKey::from_file(&path).unwrap().public_key(), expected);
    }
    let pem = openssl::pair(2048).public;
    for contents in [pem.into(), base64_lines(pem).concat().into_bytes(), unarmour(pem)] {
        folder.write("key", contents);
        assert_eq!(PublicKey::from_file(&path).unwrap(), expected);
    }
}

#[test]
fn from_str_is_parse() {
    assert_eq!(
        openssl::pair(2048).public.parse::<PublicKey>().unwrap(),
        public_key(2048)
    );
    assert_eq!(
        openssl::pair(2048).pkcs8.parse::<PrivateKey>().unwrap().public_key(),
        public_key(2048)
    );
    assert!("".parse::<PrivateKey>().is_err() && "".parse::<PublicKey>().is_err());
}
