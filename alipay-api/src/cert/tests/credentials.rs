//! Credentials from a key and three certificates.

use std::{sync::LazyLock, time::SystemTime};

use super::{
    Certificate, RootCertificates,
    chain::{AUTHORITY, SIGNER},
    openssl::{self, Folder, Order},
};
use crate::{
    Credentials, Error, ErrorKind,
    sign::{PrivateKey, SignType},
};

/// What the app has: a root, and a certificate each for itself (with `RSA_KEY`) and Alipay.
static ROOT: LazyLock<String> = LazyLock::new(|| {
    Order {
        key: &openssl::ECDSA_KEY,
        ..Order::new("/CN=EC")
    }
    .self_signed()
        + &RSA_ROOT
});
static RSA_ROOT: LazyLock<String> = LazyLock::new(|| Order::new("/CN=Root").self_signed());
static APP: LazyLock<String> = LazyLock::new(|| {
    Order {
        serial: "2",
        ..Order::new("/CN=App")
    }
    .issued_by(&RSA_ROOT, &openssl::RSA_KEY, "")
});
static ALIPAY: LazyLock<String> = LazyLock::new(|| {
    let order = Order {
        serial: "3",
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Alipay")
    };
    order.issued_by(&RSA_ROOT, &openssl::RSA_KEY, "")
});

fn refusal(result: Result<Credentials, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error.to_string()
}

#[test]
fn know_the_serials_and_the_keys() {
    let credentials = Credentials::certificates(&openssl::RSA_KEY, &APP, &ALIPAY, &ROOT).unwrap();
    let app_key = PrivateKey::parse(&openssl::RSA_KEY).unwrap();
    let alipay_key = PrivateKey::parse(&openssl::OTHER_RSA_KEY).unwrap();
    for sign_type in [SignType::Rsa2, SignType::Rsa] {
        let credentials = credentials.clone().with_sign_type(sign_type).unwrap();
        let certificates = credentials.certificates.as_ref().unwrap();
        assert_eq!(certificates.app_cert_sn(), openssl::md5("CN=Root2"));
        assert_eq!(certificates.alipay_cert_sn(), openssl::md5("CN=Root3"));
        assert_eq!(certificates.alipay_root_cert_sn(), openssl::md5("CN=Root1"));

        let signature = credentials.signer.sign_now(b"request").unwrap().unwrap();
        let app_verifier = app_key.public_key().verifier(sign_type).unwrap();
        assert_eq!(app_verifier.verify(b"request", &signature), Ok(()));
        let signature = alipay_key
            .signer(sign_type)
            .unwrap()
            .sign_now(b"answer")
            .unwrap()
            .unwrap();
        assert_eq!(credentials.verifier.verify(b"answer", &signature), Ok(()));
    }
}

#[test]
fn may_be_made_of_what_is_parsed_already() {
    let credentials = Credentials::from_certificates(
        PrivateKey::parse(&openssl::RSA_KEY).unwrap(),
        Certificate::parse(&APP).unwrap(),
        Certificate::parse(&ALIPAY).unwrap(),
        RootCertificates::parse(&ROOT).unwrap(),
    );
    assert!(credentials.unwrap().check(SystemTime::now()).is_ok());
}

#[tokio::test]
async fn may_have_a_signer_of_the_callers_own() {
    let custom = async |sign_type, app: &str, alipay: &str| {
        let signer = PrivateKey::parse(&openssl::RSA_KEY).unwrap().signer(sign_type).unwrap();
        let [app, alipay] = [app, alipay].map(|text| Certificate::parse(text).unwrap());
        Credentials::custom_certificates(signer, app, alipay, RootCertificates::parse(&ROOT).unwrap()).await
    };
    let alipay_key = PrivateKey::parse(&openssl::OTHER_RSA_KEY).unwrap();
    for sign_type in [SignType::Rsa2, SignType::Rsa] {
        let credentials = custom(sign_type, &APP, &ALIPAY).await.unwrap();
        credentials.check(SystemTime::now()).unwrap();
        let certificates = credentials.certificates.as_ref().unwrap();
        assert_eq!(certificates.app_cert_sn(), openssl::md5("CN=Root2"));
        assert_eq!(credentials.sign_type(), sign_type);
        let signature = alipay_key
            .signer(sign_type)
            .unwrap()
            .sign_now(b"answer")
            .unwrap()
            .unwrap();
        assert_eq!(credentials.verifier.verify(b"answer", &signature), Ok(()));
        assert!(credentials.keyring().is_some());
    }
    for (app, alipay, says) in [
        (&*APP, &*APP, "the given certificate is your app's"),
        (&*ALIPAY, &*APP, "are swapped"),
        (&*ALIPAY, &*ALIPAY, "don't belong together"),
    ] {
        assert!(
            refusal(custom(SignType::Rsa2, app, alipay).await).contains(says),
            "{says}"
        );
    }
    let authority = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Authority")
    };
    let authority = authority.issued_by(&RSA_ROOT, &openssl::RSA_KEY, AUTHORITY);
    assert!(
        refusal(custom(SignType::Rsa2, &APP, &authority).await).contains("the given certificate is an authority's")
    );
}

#[test]
fn may_be_read_from_files() {
    let folder = Folder::new();
    folder.write("key.pem", &**openssl::RSA_KEY);
    folder.write("app.crt", openssl::der(&APP));
    folder.write("alipay.crt", ALIPAY.replace('\n', "\r\n"));
    folder.write("root.crt", &**ROOT);
    let read = |names: [&str; 4]| {
        let [key, app, alipay, root] = names.map(|name| folder.path(name));
        Credentials::certificates_from_files(key, app, alipay, root)
    };
    let names = ["key.pem", "app.crt", "alipay.crt", "root.crt"];
    let credentials = read(names).unwrap();
    credentials.check(SystemTime::now()).unwrap();
    for (index, which) in [
        "private key",
        "app's certificate",
        "Alipay's certificate",
        "root certificates",
    ]
    .into_iter()
    .enumerate()
    {
        let mut names = names;
        names[index] = "missing.crt";
        let message = refusal(read(names));
        let path = folder.path("missing.crt");
        assert!(
            message.contains(which) && message.contains(&path.display().to_string()),
            "{message}"
        );
    }
}

#[test]
fn other_modes_have_no_certificates() {
    let alipay_key = PrivateKey::parse(&openssl::OTHER_RSA_KEY).unwrap().public_key();
    let own_key = PrivateKey::parse(&openssl::RSA_KEY).unwrap();
    let credentials = Credentials::keys(own_key, alipay_key, SignType::Rsa2).unwrap();
    assert!(credentials.certificates.is_none());
    assert!(credentials.check(SystemTime::UNIX_EPOCH).is_ok());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let own = &**openssl::RSA_KEY;
    let together = "the app's certificate and the private key don't belong together";
    for (key, app, alipay, says) in [
        (
            own,
            &*ALIPAY,
            &*APP,
            "the app's certificate and Alipay's certificate are swapped: exchange the two arguments",
        ),
        (
            own,
            &*APP,
            &*APP,
            "Alipay's certificate: the given certificate is your app's",
        ),
        (own, &*ALIPAY, &*ALIPAY, together),
        (&openssl::THIRD_RSA_KEY, &*APP, &*ALIPAY, together),
    ] {
        let message = refusal(Credentials::certificates(key, app, alipay, &ROOT));
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn no_file_is_taken_for_another() {
    let own = &**openssl::RSA_KEY;
    let root = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/CN=Root")
    }
    .self_signed();
    let issued = |subject, key, extensions| {
        Order {
            key,
            ..Order::new(subject)
        }
        .issued_by(&root, &openssl::THIRD_RSA_KEY, extensions)
    };
    let other_key = openssl::key(openssl::RSA);
    let issuing = issued("/CN=Class 2", &other_key, AUTHORITY);
    let signer = |subject, key| {
        Order {
            key,
            ..Order::new(subject)
        }
        .issued_by(&issuing, &other_key, SIGNER)
    };
    let (app, leaf) = (signer("/CN=App", own), signer("/CN=Alipay", &openssl::OTHER_RSA_KEY));
    let alipay = leaf.clone() + &issuing;
    Credentials::certificates(own, &app, &alipay, &root).unwrap();
    let authority = issued("/CN=Alipay", &openssl::OTHER_RSA_KEY, AUTHORITY);
    let own_authority = issued("/CN=App", own, AUTHORITY);
    for (app, alipay, roots, says) in [
        (
            &app,
            &root,
            &root,
            "Alipay's certificate: the given certificate is an authority's",
        ),
        (
            &app,
            &root,
            &alipay,
            "Alipay's root certificates: no certificate in this file is a root",
        ),
        (
            &app,
            &alipay,
            &alipay,
            "Alipay's root certificates: no certificate in this file is a root",
        ),
        (
            &app,
            &authority,
            &root,
            "Alipay's certificate: the given certificate is an authority's",
        ),
        (
            &own_authority,
            &alipay,
            &root,
            "the app's certificate: the given certificate is an authority's",
        ),
        (
            &app,
            &alipay,
            &(app.clone() + &issuing + &root),
            "the app's certificate: the given certificate is an authority's",
        ),
        (
            &app,
            &alipay,
            &(signer("/CN=Shop", &other_key) + &issuing),
            "Alipay's root certificates: no certificate in this file is a root",
        ),
    ] {
        let message = refusal(Credentials::certificates(own, app, alipay, roots));
        assert!(message.starts_with(says), "{message}");
    }
    // Old roots have no extensions.
    let plain = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/CN=Root")
    }
    .issued_by(&root, &openssl::THIRD_RSA_KEY, "");
    Credentials::certificates(own, &app, &alipay, &plain).unwrap();
}

#[test]
fn errors_say_which_text_is_wrong() {
    let (own, app, alipay, root) = (&**openssl::RSA_KEY, &**APP, &**ALIPAY, &**ROOT);
    for (texts, says) in [
        (
            [app, app, alipay, root],
            "the app's private key: the input is a certificate, not a private key",
        ),
        (
            [own, own, alipay, root],
            "the app's certificate: the text is a key, not a certificate",
        ),
        (
            [own, app, own, root],
            "Alipay's certificate: the text is a key, not a certificate",
        ),
        (
            [own, app, alipay, own],
            "Alipay's root certificates: the text is a key, not a certificate",
        ),
        ([own, app, alipay, ""], "Alipay's root certificates: the text is empty"),
    ] {
        let [key, app, alipay, root] = texts;
        let message = refusal(Credentials::certificates(key, app, alipay, root));
        assert!(message.starts_with(says), "{message}");
    }
}
