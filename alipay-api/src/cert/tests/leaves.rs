//! Which certificate of a file is used, and what is read from it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Certificate, CertificateErrorKind,
    openssl::{self, Folder, Order},
};
use crate::sign::{KeyErrorKind, PrivateKey};

struct Chain {
    root: String,
    intermediate: String,
    leaf: String,
}

/// The leaf has whatever extensions are asked for.
fn chain(extensions: &str) -> Chain {
    let root = Order::new("/CN=Root").self_signed();
    let intermediate = Order::new("/CN=Intermediate").issued_by(&root, &openssl::RSA_KEY, "basicConstraints=CA:TRUE");
    let leaf = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Leaf")
    };
    Chain {
        leaf: leaf.issued_by(&intermediate, &openssl::RSA_KEY, extensions),
        root,
        intermediate,
    }
}

fn subject(text: &str) -> String {
    Certificate::parse(text).unwrap().subject().to_owned()
}

#[test]
fn the_leaf_counts_wherever_it_stands() {
    // A certificate without extensions is of version 1, and one may even say that it is an authority's.
    for extensions in [
        "",
        "basicConstraints=CA:FALSE",
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=digitalSignature",
    ] {
        let Chain {
            root,
            intermediate,
            leaf,
        } = chain(extensions);
        for files in [
            vec![&leaf],
            vec![&leaf, &intermediate],
            vec![&intermediate, &leaf],
            vec![&leaf, &intermediate, &root],
            vec![&root, &intermediate, &leaf],
            vec![&intermediate, &leaf, &root, &leaf],
        ] {
            let text: String = files.into_iter().map(String::as_str).collect();
            assert_eq!(subject(&text), "CN=Leaf", "{extensions}");
        }
    }
}

#[test]
fn without_a_chain_the_first_that_is_no_authority_counts() {
    let Chain { root, leaf, .. } = chain("");
    let other_leaf = Order::new("/CN=Other leaf").issued_by(&root, &openssl::RSA_KEY, "");
    let other_root = Order::new("/CN=Other root").self_signed();
    assert_eq!(subject(&[&*other_root, &other_leaf, &leaf].concat()), "CN=Other leaf");
    assert_eq!(subject(&[&*other_root, &leaf, &other_leaf].concat()), "CN=Leaf");
    let error = Certificate::parse(&[&*other_root, &root].concat()).unwrap_err();
    assert_eq!(*error.kind(), CertificateErrorKind::Roots);
}

#[test]
fn every_form_of_a_certificate_is_the_same() {
    let Chain { leaf: pem, .. } = chain("");
    let expected = Certificate::parse(&pem).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for text in [
        format!("subject=CN = Leaf\n{pem}"),
        format!("{pem}the end"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', " "),
        pem.replace('=', ""),
        pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
        format!("\u{FEFF}{pem}"),
        format!("{}{pem}", *openssl::OTHER_RSA_KEY),
        format!("{pem}{}", *openssl::OTHER_RSA_KEY),
        base64.clone(),
        format!("\"{base64}\"\n"),
        // As settings have files.
        STANDARD.encode(&pem),
        STANDARD.encode(pem.replace('\n', "\r\n")),
        STANDARD.encode(&base64),
        STANDARD.encode([b"\xb8\xf9\xd6\xa4\xca\xe9\n", pem.as_bytes()].concat()),
    ] {
        assert_eq!(text.parse::<Certificate>().unwrap(), expected, "{text}");
    }
    let folder = Folder::new();
    folder.write("leaf.crt", &pem);
    folder.write("leaf.der", openssl::der(&pem));
    assert_eq!(Certificate::from_file(folder.path("leaf.crt")).unwrap(), expected);
    assert_eq!(Certificate::from_file(folder.path("leaf.der")).unwrap(), expected);
    assert_eq!(Certificate::from_der(&openssl::der(&pem)).unwrap(), expected);
}

#[test]
fn the_key_is_the_one_it_was_issued_for() {
    let Chain { leaf, .. } = chain("");
    let own = PrivateKey::parse(&openssl::OTHER_RSA_KEY).unwrap().public_key();
    assert_eq!(Certificate::parse(&leaf).unwrap().public_key().unwrap(), own);

    let p256 = Order {
        key: &openssl::ECDSA_KEY,
        ..Order::new("/CN=P-256")
    }
    .self_signed();
    let error = Certificate::parse(&p256).unwrap().public_key().unwrap_err();
    let oid = "1.2.840.10045.3.1.7".to_owned();
    assert_eq!(
        error.kind(),
        &super::CertificateErrorKind::PublicKey(KeyErrorKind::Algorithm { oid })
    );
    assert_eq!(
        error.to_string(),
        format!(
            "the certificate's public key can't be used: the key is an elliptic-curve key on P-256 (OID 1.2.840.10045.3.1.7), {}",
            if cfg!(feature = "sm2") {
                "neither an RSA key nor an SM2 key"
            } else {
                "not an RSA key"
            }
        )
    );
}

#[test]
fn debug_shows_the_names_the_number_and_the_validity() {
    let certificate = Certificate::parse(
        &Order {
            serial: "77",
            ..Order::new("/CN=Me")
        }
        .self_signed(),
    )
    .unwrap();
    let (from, to) = (certificate.not_before(), certificate.not_after());
    assert_eq!(
        format!("{certificate:?}"),
        format!(
            "Certificate {{ subject: \"CN=Me\", issuer: \"CN=Me\", serial: \"77\", \
             not_before: {from}, not_after: {to}, .. }}"
        )
    );
}
