//! Certificates of SM2: which lead to a root, compared with `openssl verify`, and what the root bundle is called.

use std::{sync::LazyLock, time::SystemTime};

use proptest::{prelude::*, sample::Index};

use super::{
    Certificate, CertificateErrorKind as Kind, RootCertificates,
    chain::{AUTHORITY, SIGNER, accepted_only_unchanged, fault as fault_of, name, now, roots_of},
    openssl::{self, Order},
};
use crate::{
    Credentials, ErrorKind,
    cert::{CertificateError, ChainFault as Fault, chain, root_certificates::Roots},
    sign::{KeyAlgorithm, SignType},
    types::DateTime,
};

/// Signed as certificates of SM2 are.
const SM3: &[&str] = &["-sm3", "-sigopt", "distid:1234567812345678"];

static OTHER_KEY: LazyLock<String> = LazyLock::new(|| openssl::key(openssl::SM2));
static LEAF_KEY: LazyLock<String> = LazyLock::new(|| openssl::key(openssl::SM2));

static ROOT: LazyLock<String> = LazyLock::new(|| root(&openssl::SM2_KEY));
static INTERMEDIATE: LazyLock<String> = LazyLock::new(|| intermediate(AUTHORITY, SM3));
static LEAF: LazyLock<String> = LazyLock::new(|| leaf(&OTHER_KEY, SM3));

fn order<'a>(subject: &'a str, key: &'a str) -> Order<'a> {
    Order {
        subject,
        serial: "1",
        key,
        options: SM3,
    }
}

fn root(key: &str) -> String {
    order("/C=CN/CN=Root", key).self_signed()
}

fn intermediate(extensions: &str, options: &[&str]) -> String {
    Order {
        options,
        ..order("/C=CN/CN=Intermediate", &OTHER_KEY)
    }
    .issued_by(&ROOT, &openssl::SM2_KEY, extensions)
}

/// Signed with this key in the name of the intermediate.
fn leaf(issuer_key: &str, options: &[&str]) -> String {
    let order = Order {
        serial: "77",
        options,
        ..order("/C=CN/OU=Alipay/CN=支付宝", &LEAF_KEY)
    };
    let issuer = Order {
        key: issuer_key,
        ..order_of_intermediate()
    };
    order.issued_by(&issuer.self_signed(), issuer_key, SIGNER)
}

fn order_of_intermediate() -> Order<'static> {
    order("/C=CN/CN=Intermediate", &OTHER_KEY)
}

/// What an app has, beside its key, and what Alipay signs with.
fn app_and_alipay() -> [String; 2] {
    [("/C=CN/CN=App", &OTHER_KEY), ("/C=CN/CN=Alipay", &LEAF_KEY)]
        .map(|(subject, key)| order(subject, key).issued_by(&ROOT, &openssl::SM2_KEY, SIGNER))
}

fn roots(text: &str) -> Roots {
    roots_of(KeyAlgorithm::Sm2, text)
}

/// Checks that openssl agrees, link by link: it knows the identifier of the certificate alone that is asked for, and not of those above it.
fn check(leaf: &str, others: &[&str]) -> Result<(), Kind> {
    let file = [&[leaf], others].concat().concat();
    let checked = chain::check(&Certificate::parse(&file).unwrap(), &[], &roots(&ROOT), now());
    let options = ["-partial_chain", "-vfyopt", "distid:1234567812345678"];
    let is_issued = |pem: &str, issuer: &str| openssl::verifies_with(&options, pem, "", issuer);
    let openssl_agrees = match others {
        [] => is_issued(leaf, &ROOT),
        [issuer, ..] => is_issued(leaf, issuer) && is_issued(issuer, &ROOT),
    };
    assert_eq!(openssl_agrees, checked.is_ok(), "{checked:?}");
    checked
}

fn fault(checked: Result<(), Kind>) -> Fault {
    fault_of(checked).1
}

#[test]
fn leads_to_a_root() {
    check(&LEAF, &[&INTERMEDIATE]).unwrap();
    check(&LEAF, &[&INTERMEDIATE, &ROOT]).unwrap();
    let leaf = Certificate::parse(&LEAF).unwrap();
    chain::check_key(&leaf, KeyAlgorithm::Sm2).unwrap();
    assert_eq!(leaf.alipay_serial(), openssl::md5("CN=Intermediate,C=CN77"));
}

#[test]
fn each_fault_is_named() {
    let intermediate_name = || name("Intermediate");
    assert_eq!(
        fault(check(&LEAF, &[])),
        Fault::IssuerUnknown {
            issuer: intermediate_name()
        }
    );
    let forged = Fault::BadSignature {
        issuer: intermediate_name(),
    };
    assert_eq!(fault(check(&leaf(&LEAF_KEY, SM3), &[&INTERMEDIATE])), forged);
    // Signed in the name of another identifier.
    let other = ["-sm3", "-sigopt", "distid:8765432187654321"];
    assert_eq!(fault(check(&leaf(&OTHER_KEY, &other), &[&INTERMEDIATE])), forged);
    let not_an_authority = intermediate("basicConstraints=critical,CA:FALSE", SM3);
    assert_eq!(
        fault(check(&LEAF, &[&not_an_authority])),
        Fault::NotAnAuthority {
            issuer: intermediate_name()
        }
    );
    let below_stranger = order_of_intermediate().issued_by(&root(&LEAF_KEY), &LEAF_KEY, AUTHORITY);
    assert_eq!(
        fault(check(&LEAF, &[&below_stranger])),
        Fault::BadSignature { issuer: name("Root") }
    );
    let file = [&**LEAF, &INTERMEDIATE].concat();
    let years_later = DateTime::try_from(SystemTime::now() + std::time::Duration::from_secs(2 * 366 * 86_400)).unwrap();
    let checked = chain::check(&Certificate::parse(&file).unwrap(), &[], &roots(&ROOT), years_later);
    assert!(matches!(checked, Err(Kind::Expired { .. })), "{checked:?}");
}

#[test]
fn a_chain_is_of_one_algorithm() {
    // The leaf is signed with SM2, and its key is of RSA.
    let rsa_leaf = Order {
        key: &openssl::RSA_KEY,
        ..order("/C=CN/CN=Leaf", &OTHER_KEY)
    }
    .issued_by(&INTERMEDIATE, &OTHER_KEY, SIGNER);
    check(&rsa_leaf, &[&INTERMEDIATE]).unwrap();
    let rsa_leaf = Certificate::parse(&rsa_leaf).unwrap();
    assert_eq!(fault(chain::check_key(&rsa_leaf, KeyAlgorithm::Sm2)), Fault::ShortKey);
    chain::check_key(&rsa_leaf, KeyAlgorithm::Rsa).unwrap();
    let sm2_leaf = Certificate::parse(&LEAF).unwrap();
    let error = CertificateError::from(chain::check_key(&sm2_leaf, KeyAlgorithm::Rsa).unwrap_err()).to_string();
    assert!(
        error.ends_with("is not an RSA key of 2048 bits or more, or, where the sign type is SM2, not an SM2 key"),
        "{error}"
    );

    // With the sign types of RSA, nothing of SM2 is trusted, as if the feature were off; and the other way round.
    let rsa_root = Order::new("/C=CN/CN=Root").self_signed();
    let rsa_intermediate = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/C=CN/CN=Intermediate")
    }
    .issued_by(&rsa_root, &openssl::RSA_KEY, AUTHORITY);
    let rsa_leaf = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/C=CN/CN=Leaf")
    }
    .issued_by(&rsa_intermediate, &openssl::OTHER_RSA_KEY, SIGNER);
    let both = RootCertificates::parse(&[&**ROOT, &rsa_root].concat()).unwrap();
    let of = |algorithm| both.clone().into_roots(algorithm).unwrap().unwrap();
    let rsa = Certificate::parse(&(rsa_leaf + &rsa_intermediate)).unwrap();
    let sm2 = Certificate::parse(&[&**LEAF, &INTERMEDIATE].concat()).unwrap();
    chain::check(&rsa, &[], &of(KeyAlgorithm::Rsa), now()).unwrap();
    chain::check(&sm2, &[], &of(KeyAlgorithm::Sm2), now()).unwrap();
    for (leaf, algorithm, oid) in [
        (&rsa, KeyAlgorithm::Sm2, "1.2.840.113549.1.1.11"),
        (&sm2, KeyAlgorithm::Rsa, "1.2.156.10197.1.501"),
    ] {
        let checked = chain::check(leaf, &[], &of(algorithm), now());
        assert_eq!(fault(checked), Fault::Algorithm { oid: oid.to_owned() });
    }
}

#[test]
fn the_root_bundle_has_a_serial_for_each_algorithm() {
    // The name and the number of the SM2 root of Alipay's bundle.
    let sm2 = Order {
        serial: "0x69e2fec0170ac67b",
        ..order("/C=CN/O=NRCAC/CN=ROOTCA", &openssl::SM2_KEY)
    }
    .self_signed();
    let expected = openssl::md5("CN=ROOTCA,O=NRCAC,C=CN7629940819692799611");
    let rsa = Order::new("/CN=RSA").self_signed();
    let other = order("/CN=Other", &OTHER_KEY).self_signed();
    let ecdsa = Order {
        key: &openssl::ECDSA_KEY,
        ..Order::new("/CN=EC")
    }
    .self_signed();
    let bundle = RootCertificates::parse(&[&*sm2, &rsa, &ecdsa].join("\n")).unwrap();
    assert_eq!(bundle.alipay_serial_for(SignType::Sm2), Some(&*expected));
    for sign_type in [SignType::Rsa2, SignType::Rsa] {
        assert_eq!(bundle.alipay_serial_for(sign_type), Some(bundle.alipay_serial()));
    }
    assert_eq!(bundle.alipay_serial(), openssl::md5("CN=RSA1"));
    assert_eq!(bundle.certificates().len(), 1);

    let two = RootCertificates::parse(&[&*other, &rsa, &sm2].concat()).unwrap();
    let both = format!("{}_{expected}", openssl::md5("CN=Other1"));
    assert_eq!(two.alipay_serial_for(SignType::Sm2), Some(&*both));
    let alone = RootCertificates::parse(&sm2).unwrap();
    assert_eq!(alone.alipay_serial_for(SignType::Sm2), Some(&*expected));
    assert_eq!(
        (alone.alipay_serial_for(SignType::Rsa2), alone.alipay_serial()),
        (None, "")
    );
    let none = RootCertificates::parse(&rsa).unwrap();
    assert_eq!(none.alipay_serial_for(SignType::Sm2), None);
}

#[test]
fn damaged_roots_of_sm2_matter_to_apps_of_sm2_alone() {
    let [app, alipay] = app_and_alipay();
    let rsa = Order::new("/CN=RSA").self_signed();
    let mut der = openssl::der(&root(&LEAF_KEY));
    let last = der.len() - 1;
    der[last] ^= 1;
    let damaged = openssl::armour("CERTIFICATE", &der);
    let text = [&**ROOT, &damaged, &rsa].concat();
    let bundle = RootCertificates::parse(&text).unwrap();
    assert_eq!(bundle.alipay_serial(), openssl::md5("CN=RSA1"));
    assert_eq!(bundle.alipay_serial_for(SignType::Sm2), None);
    let error = Credentials::certificates(&OTHER_KEY, &app, &alipay, &text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error
            .to_string()
            .starts_with("Alipay's root certificates: root certificate 2 of 3, in line "),
        "{error}"
    );
    // Where there is nothing else, it is said at once.
    assert!(RootCertificates::parse(&[&**ROOT, &damaged].concat()).is_err());
    assert_eq!(RootCertificates::parse(&LEAF).unwrap_err().kind(), &Kind::NoRoot);
    let lenient = RootCertificates::parse_lenient(&text).unwrap();
    assert_eq!(lenient.alipay_serial_for(SignType::Sm2).unwrap().len(), 65);
}

#[test]
fn credentials_are_of_one_algorithm() {
    let [app, alipay] = app_and_alipay();
    let rsa_root = Order::new("/C=CN/CN=RSA").self_signed();
    let bundle = [&**ROOT, &rsa_root].concat();
    let credentials = Credentials::certificates(&OTHER_KEY, &app, &alipay, &bundle).unwrap();
    assert_eq!(credentials.sign_type(), SignType::Sm2);
    let certificates = credentials.certificates.as_ref().unwrap();
    assert_eq!(certificates.alipay_root_cert_sn(), openssl::md5("CN=Root,C=CN1"));
    assert_eq!(certificates.app_cert_sn(), openssl::md5("CN=Root,C=CN1"));
    credentials.check(SystemTime::now()).unwrap();

    let refusal = |key: &str, app: &str, alipay: &str, roots: &str| {
        let error = Credentials::certificates(key, app, alipay, roots).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.to_string()
    };
    let rsa_order = |key| Order {
        key,
        ..Order::new("/C=CN/CN=Leaf")
    };
    let rsa_app = rsa_order(&openssl::OTHER_RSA_KEY).issued_by(&rsa_root, &openssl::RSA_KEY, SIGNER);
    let rsa_alipay = rsa_order(&openssl::THIRD_RSA_KEY).issued_by(&rsa_root, &openssl::RSA_KEY, SIGNER);
    let message = refusal(&OTHER_KEY, &app, &alipay, &rsa_root);
    assert!(
        message.starts_with("Alipay's root certificates: none is signed with SM2, as the app's key is for SM2; "),
        "{message}"
    );
    let message = refusal(&openssl::OTHER_RSA_KEY, &rsa_app, &rsa_alipay, &ROOT);
    assert!(
        message.starts_with("Alipay's root certificates: none is signed with RSA, as the app's key is for RSA2; "),
        "{message}"
    );
    let message = refusal(&OTHER_KEY, &app, &rsa_alipay, &bundle);
    assert_eq!(
        message,
        "Alipay's public key: this public key is an RSA key, which the sign type SM2 can't use: give an SM2 key, or use RSA2"
    );
    let message = refusal(&openssl::OTHER_RSA_KEY, &rsa_app, &alipay, &bundle);
    assert_eq!(
        message,
        "Alipay's public key: this public key is an SM2 key, which the sign type RSA2 can't use: give an RSA key, or use SM2"
    );
    for sign_type in [SignType::Rsa2, SignType::Rsa] {
        let error = credentials.clone().with_sign_type(sign_type).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error
                .to_string()
                .starts_with("the app's private key: this private key is an SM2 key"),
            "{error}"
        );
    }
    assert_eq!(
        credentials.with_sign_type(SignType::Sm2).unwrap().sign_type(),
        SignType::Sm2
    );
}

proptest! {
    #[test]
    fn no_changed_certificate_is_accepted(at: Index, octet: u8) {
        static DER: LazyLock<Vec<u8>> = LazyLock::new(|| openssl::der(&LEAF));
        accepted_only_unchanged(&DER, at, octet, &INTERMEDIATE, &roots(&ROOT));
    }
}
