//! Errors for input that is not a certificate: what it is, and what to do.

use super::{
    Certificate, CertificateErrorKind as Kind, RootCertificates,
    openssl::{self, Folder, Order},
};

/// The kind and the message of the error for this text.
fn refusal(text: &str) -> (Kind, String) {
    let error = Certificate::parse(text).unwrap_err();
    (error.kind().clone(), error.to_string())
}

fn assert_refused(text: &str, kind: &Kind, says: &str) {
    let (actual, message) = refusal(text);
    assert_eq!(&actual, kind, "{text}");
    assert!(message.contains(says), "{message}");
}

#[test]
fn nothing_and_paths() {
    for text in ["", " \r\n\t", "\u{FEFF}", "\"\""] {
        assert_refused(
            text,
            &Kind::Empty,
            "check the variable or file that should hold the certificate",
        );
    }
    for text in [
        "/etc/alipay/appCertPublicKey.crt",
        "certs/app",
        "app.crt",
        r"C:\alipay\app",
        "'./app.pem'",
        "支付宝/证书.crt",
        "file:app",
    ] {
        assert_refused(text, &Kind::Path, "use `Certificate::from_file`");
    }
}

#[test]
fn keys_and_signing_requests() {
    let folder = Folder::new();
    folder.write("key.pem", &**openssl::RSA_KEY);
    let pkcs1 = folder.print(&["rsa", "-in", "key.pem", "-traditional"]);
    let public = folder.print(&["pkey", "-in", "key.pem", "-pubout"]);
    let encrypted = folder.print(&["pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:secret"]);
    let old_encrypted = folder.print(&[
        "rsa",
        "-in",
        "key.pem",
        "-traditional",
        "-aes128",
        "-passout",
        "pass:secret",
    ]);
    let bare: String = public.lines().filter(|line| !line.starts_with('-')).collect();
    let misnamed = openssl::RSA_KEY.replace("PRIVATE KEY", "CERTIFICATE");
    for key in [
        &**openssl::RSA_KEY,
        &**openssl::ECDSA_KEY,
        &**openssl::SM2_KEY,
        &pkcs1,
        &public,
        &encrypted,
        &old_encrypted,
        &bare,
        &misnamed,
    ] {
        assert_refused(key, &Kind::Key, "the text is a key, not a certificate");
    }
    let request = Order::new("/CN=Request").signing_request();
    assert_refused(&request, &Kind::CertificateRequest, "upload it to the open platform");
}

#[test]
fn damage() {
    let pem = Order::new("/CN=x").self_signed();
    let der = openssl::der(&pem);
    let armour = |der: &[u8]| openssl::armour("CERTIFICATE", der);
    for cut in [
        pem.len() / 2,
        "-----BEGIN CERT".len(),
        pem.len() - "-----END CERTIFICATE-----\n".len(),
    ] {
        assert_refused(&pem[..cut], &Kind::Truncated, "cut short");
    }
    assert_refused(&armour(&der[..der.len() - 1]), &Kind::Truncated, "cut short");
    assert_refused(
        &armour(&[&*der, b"\0"].concat()),
        &Kind::TrailingData,
        "in the same PEM block or file",
    );
    assert_refused(&pem.replace("MII", "M*I"), &Kind::NotBase64, "is not base64");
    assert_refused(
        &armour(b"0\x03abc"),
        &Kind::Unrecognised,
        "the text is not an X.509 certificate",
    );
    assert_refused(
        "this is no certificate",
        &Kind::NotPem,
        "the text is neither PEM nor a certificate in base64",
    );
    assert_refused(&"x".repeat((1 << 20) + 1), &Kind::TooLarge, "too large");
    let plus = pem.replace('+', " ");
    assert_ne!(plus, pem);
    let bare: String = plus.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [&plus, &bare] {
        assert_refused(text, &Kind::BlanksForPlus, "has blanks in place of `+`");
    }

    // If the leaf is damaged, no other certificate of the file replaces it.
    let headless = pem.replace("-----BEGIN CERTIFICATE-----", "");
    assert_refused(
        &format!("{headless}{pem}"),
        &Kind::BrokenPem,
        "copy the whole file again",
    );
    assert_refused(
        &format!("{pem}{headless}"),
        &Kind::BrokenPem,
        "copy the whole file again",
    );
    let damaged = armour(&der[..der.len() - 1]);
    assert_refused(&format!("{damaged}{pem}"), &Kind::Truncated, "cut short");
    assert_refused(&format!("{pem}{damaged}"), &Kind::Truncated, "cut short");
}

#[test]
fn keystores() {
    let folder = Folder::new();
    folder.write("key.pem", &**openssl::RSA_KEY);
    folder.write("certificate.pem", Order::new("/CN=x").self_signed());
    let keystore = folder.run(&[
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "certificate.pem",
        "-passout",
        "pass:secret",
    ]);
    folder.write("keystore.p12", keystore);
    let error = Certificate::from_file(folder.path("keystore.p12")).unwrap_err();
    assert_eq!(error.kind(), &Kind::Keystore);
}

#[test]
fn files() {
    let folder = Folder::new();
    let path = folder.path("missing.crt");
    let error = Certificate::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), &Kind::Unreadable(std::io::ErrorKind::NotFound));
    assert_eq!(error.path(), Some(&*path));
    // The cause is told once.
    assert!(std::error::Error::source(&error).is_none());
    let cause = std::fs::read(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: the file can't be read: {cause}", path.display())
    );

    folder.write("large.crt", vec![b' '; (1 << 20) + 1]);
    assert_eq!(
        Certificate::from_file(folder.path("large.crt")).unwrap_err().kind(),
        &Kind::TooLarge
    );
    // "Read the file first" is no advice for a file.
    for (contents, kind, says) in [
        ("/etc/alipay/app.crt".to_owned(), Kind::Path, "the file holds a path"),
        (
            encrypted(),
            Kind::NotPem,
            "the text is neither PEM nor a certificate in base64",
        ),
    ] {
        folder.write("other.crt", &contents);
        for error in [
            Certificate::from_file(folder.path("other.crt")).unwrap_err(),
            RootCertificates::from_file(folder.path("other.crt")).unwrap_err(),
        ] {
            let message = error.to_string();
            assert_eq!(*error.kind(), kind, "{contents}");
            assert!(message.contains(says) && !message.contains("from_file"), "{message}");
        }
    }
    folder.write("key.crt", &**openssl::RSA_KEY);
    let error = Certificate::from_file(folder.path("key.crt")).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (&Kind::Key, Some(&*folder.path("key.crt")))
    );
}

/// What an encrypted file looks like in base64: with slashes, one of them in front.
fn encrypted() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let bytes: Vec<u8> = (0..96_u8).map(|index| 255 - index.wrapping_mul(47)).collect();
    let text = STANDARD.encode(bytes);
    assert!(text.starts_with('/'), "{text}");
    text
}

#[test]
fn the_roots_are_no_certificate() {
    let roots = [
        Order {
            key: &openssl::SM2_KEY,
            options: &["-sm3", "-sigopt", "distid:1234567812345678"],
            ..Order::new("/CN=SM2")
        },
        Order::new("/CN=RSA"),
    ];
    let bundle = roots.map(|root| root.self_signed()).concat();
    assert_refused(&bundle, &Kind::Roots, "the file holds root certificates");
    assert!(!refusal(&bundle).1.contains("SM2"));
}

#[test]
fn errors_hold_nothing_of_a_key() {
    let key = &**openssl::RSA_KEY;
    let inside: Vec<_> = key.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [
        key.to_owned(),
        key.replace("MII", "***"),
        inside.concat(),
        key[..key.len() / 2].to_owned(),
    ] {
        let error = Certificate::parse(&text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(inside.iter().all(|line| !shown.contains(&line[..8])), "{shown}");
    }
}
