//! What people give instead of a key, and what they are told.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    openssl::{self, Folder, armour, base64_lines},
    private_is_refused, public_is_refused,
};
use crate::sign::{KeyErrorKind, PrivateKey};

#[test]
fn nothing() {
    for text in [
        "",
        " \r\n",
        "\u{FEFF}",
        "\"\"",
        "'\\n'",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
    ] {
        private_is_refused(
            text,
            &KeyErrorKind::Empty,
            "the input is empty: is the variable or file that should hold the private key filled in?",
        );
        public_is_refused(
            text,
            &KeyErrorKind::Empty,
            "the input is empty: is the variable or file that should hold the public key filled in?",
        );
    }
}

#[test]
fn a_path() {
    for path in [
        "/etc/alipay/app_private_key.pem",
        "/run/secrets/alipay",
        "./key",
        "../keys/app",
        "~/app",
        "keys/app",
        "app.PEM",
        "'private.txt'",
        "C:\\new\\rsa.key",
        "d:/alipay/app",
        "\\\\server\\share\\app",
        "file:///app",
    ] {
        private_is_refused(
            path,
            &KeyErrorKind::Path,
            "the input is a path, not a private key: read the file first, or use `PrivateKey::from_file`",
        );
        public_is_refused(
            path,
            &KeyErrorKind::Path,
            "the input is a path, not a public key: read the file first, or use `PublicKey::from_file`",
        );
    }
}

#[test]
fn a_line_of_other_base64_is_no_path() {
    let bytes: Vec<u8> = (0..96_u8).map(|index| 255 - index.wrapping_mul(47)).collect();
    let text = STANDARD.encode(bytes);
    assert!(text.starts_with('/'), "{text}");
    private_is_refused(&text, &KeyErrorKind::Unrecognised, super::PRIVATE_FORMS);
}

#[test]
fn the_other_half() {
    let private = openssl::pair(2048).pkcs8;
    let private_pkcs1 = openssl::pair(2048).pkcs1.to_owned();
    let public = openssl::pair(2048).public;
    for text in [public.to_owned(), base64_lines(public).concat()] {
        private_is_refused(
            &text,
            &KeyErrorKind::PublicKey,
            "the input is a public key, not a private key: give the app's own private key (应用私钥), \
             which the key tool saved where the pair was made",
        );
    }
    for text in [private.to_owned(), base64_lines(private).concat(), private_pkcs1] {
        public_is_refused(
            &text,
            &KeyErrorKind::PrivateKey,
            "the input is a private key, not a public key: give Alipay's public key (支付宝公钥), \
             which the open platform shows in the app's settings",
        );
    }
}

#[test]
fn a_certificate_or_a_request_for_one() {
    let folder = Folder::with_keys(2048);
    let request = ["req", "-new", "-key", "key.pem", "-subj", "/C=CN/O=app/CN=test"];
    let certificate = folder.print(&[&request[..], &["-x509"]].concat());
    let request = folder.print(&request);
    for text in [
        certificate.clone(),
        base64_lines(&certificate).concat(),
        STANDARD.encode(&certificate),
        // As in the file of Alipay's certificate, with the one of its issuer.
        certificate.repeat(2),
    ] {
        private_is_refused(
            &text,
            &KeyErrorKind::Certificate,
            "the input is a certificate, not a private key: give the app's private key (应用私钥), which was made with it",
        );
        public_is_refused(
            &text,
            &KeyErrorKind::Certificate,
            "the input is a certificate, not a public key: certificates belong to certificate mode; \
             in public-key mode give Alipay's public key (支付宝公钥)",
        );
    }
    private_is_refused(
        &request,
        &KeyErrorKind::CertificateRequest,
        "the input is a certificate signing request, not a private key: \
         give the app's private key (应用私钥), which was made with it",
    );
    public_is_refused(
        &base64_lines(&request).concat(),
        &KeyErrorKind::CertificateRequest,
        "the input is a certificate signing request, not a public key: certificates belong to certificate mode; \
         in public-key mode give Alipay's public key (支付宝公钥)",
    );
}

#[test]
fn an_encrypted_key() {
    let folder = Folder::with_keys(2048);
    let pkcs8 = folder.print(&["pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:secret"]);
    assert!(pkcs8.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{pkcs8}");
    let pkcs1 = folder.print(&[
        "rsa",
        "-in",
        "key.pem",
        "-traditional",
        "-aes128",
        "-passout",
        "pass:secret",
    ]);
    assert!(pkcs1.contains("Proc-Type: 4,ENCRYPTED"), "{pkcs1}");
    for text in [pkcs8.clone(), base64_lines(&pkcs8).concat(), pkcs1] {
        let message =
            "this private key is encrypted: remove its password first, with `openssl pkey -in FILE -out NEW_FILE`";
        private_is_refused(&text, &KeyErrorKind::Encrypted, message);
        public_is_refused(&text, &KeyErrorKind::Encrypted, message);
    }
}

#[test]
fn a_key_for_another_algorithm() {
    for (options, oid, name) in [
        (
            ["EC", "ec_paramgen_curve:P-256"],
            "1.2.840.10045.3.1.7",
            "an elliptic-curve key on P-256",
        ),
        (
            ["EC", "ec_paramgen_curve:P-384"],
            "1.3.132.0.34",
            "an elliptic-curve key on P-384",
        ),
        (
            ["EC", "ec_paramgen_curve:P-521"],
            "1.3.132.0.35",
            "an elliptic-curve key on P-521",
        ),
        (
            ["EC", "ec_paramgen_curve:secp256k1"],
            "1.3.132.0.10",
            "an elliptic-curve key on secp256k1",
        ),
        (
            ["EC", "ec_paramgen_curve:brainpoolP256r1"],
            "1.3.36.3.3.2.8.1.1.7",
            "a key for another algorithm",
        ),
        (
            ["RSA-PSS", "rsa_keygen_bits:1024"],
            "1.2.840.113549.1.1.10",
            "a key for RSASSA-PSS alone",
        ),
        (["ED25519", ""], "1.3.101.112", "an Ed25519 key"),
    ] {
        let folder = Folder::new();
        let mut generate = vec!["genpkey", "-algorithm", options[0]];
        if !options[1].is_empty() {
            generate.extend(["-pkeyopt", options[1]]);
        }
        let private = folder.print(&generate);
        folder.write("key.pem", &private);
        let public = folder.print(&["pkey", "-in", "key.pem", "-pubout"]);
        let kind = KeyErrorKind::Algorithm { oid: oid.to_owned() };
        let known = if cfg!(feature = "sm2") {
            "neither an RSA key nor an SM2 key"
        } else {
            "not an RSA key"
        };
        let message = format!("the key is {name} (OID {oid}), {known}");
        private_is_refused(&private, &kind, &message);
        public_is_refused(&public, &kind, &message);
        if options[0] == "EC" {
            private_is_refused(&folder.print(&["ec", "-in", "key.pem", "-no_public"]), &kind, &message);
        }
    }
}

#[cfg(not(feature = "sm2"))]
#[test]
fn a_key_that_a_feature_is_for() {
    let pair = openssl::sm2_pair();
    let oid = "1.2.156.10197.1.301".to_owned();
    let message = "the key is an SM2 key (OID 1.2.156.10197.1.301), not an RSA key: \
                   alipay-api has to be built with its feature `sm2` to use it";
    for text in [pair.pkcs8, pair.pkcs1] {
        private_is_refused(text, &KeyErrorKind::Algorithm { oid: oid.clone() }, message);
    }
    public_is_refused(pair.public, &KeyErrorKind::Algorithm { oid }, message);
}

#[test]
fn a_keystore_or_the_format_of_openssh() {
    let folder = Folder::with_keys(2048);
    folder.run(&[
        "req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=test", "-out", "cert.pem",
    ]);
    folder.run(&[
        "pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:", "-out", "store",
    ]);
    let message = "the input is a keystore, not a private key: export the key from it, as PEM";
    let path = folder.path("store");
    let error = PrivateKey::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), &KeyErrorKind::Keystore);
    assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
    folder.write("store", [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]);
    assert_eq!(
        PrivateKey::from_file(&path).unwrap_err().kind(),
        &KeyErrorKind::Keystore
    );

    let mut openssh = b"openssh-key-v1\0\0\0\0\x04none".to_vec();
    openssh.resize(1500, 7);
    private_is_refused(
        &armour("OPENSSH PRIVATE KEY", &openssh),
        &KeyErrorKind::OpenSsh,
        "this private key is in the format of OpenSSH: convert a copy of it with `ssh-keygen -p -m PEM -f FILE`",
    );
    public_is_refused(
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 app@host",
        &KeyErrorKind::OpenSsh,
        "this public key is in the format of OpenSSH: convert it with `ssh-keygen -e -m PKCS8 -f FILE`",
    );
}
