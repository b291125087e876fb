//! Which certificates lead to a root, compared with `openssl verify` where the rules are the same.

use std::{sync::LazyLock, time::SystemTime};

use proptest::{prelude::*, sample::Index};

use super::{
    Certificate, CertificateErrorKind as Kind, RootCertificates,
    openssl::{self, Order},
};
use crate::{
    cert::{CertificateError, ChainFault as Fault, chain, root_certificates::Roots},
    sign::KeyAlgorithm,
    types::DateTime,
};

pub(super) const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";
/// The extensions of Alipay's own certificates.
pub(super) const SIGNER: &str =
    "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement";

/// Signs the leaf and, under another name, everything else.
static ROOT: LazyLock<String> = LazyLock::new(|| Order::new("/C=CN/CN=Root").self_signed());
static INTERMEDIATE: LazyLock<String> = LazyLock::new(|| intermediate(AUTHORITY));
static LEAF: LazyLock<String> = LazyLock::new(|| leaf(SIGNER));

fn intermediate(extensions: &str) -> String {
    other_order("/C=CN/CN=Intermediate").issued_by(&ROOT, &openssl::RSA_KEY, extensions)
}

/// For the other key.
fn other_order(subject: &str) -> Order<'_> {
    Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new(subject)
    }
}

/// The certificate of the third key, by the intermediate.
fn leaf(extensions: &str) -> String {
    leaf_of(&INTERMEDIATE, extensions, &["-sha256"])
}

fn leaf_of(issuer: &str, extensions: &str, options: &[&str]) -> String {
    Order {
        serial: "77",
        key: &openssl::THIRD_RSA_KEY,
        options,
        ..Order::new("/C=CN/OU=Alipay/CN=支付宝")
    }
    .issued_by(issuer, &openssl::OTHER_RSA_KEY, extensions)
}

fn roots(text: &str) -> Roots {
    roots_of(KeyAlgorithm::Rsa, text)
}

/// Those of a bundle that are trusted with keys of this algorithm.
pub(super) fn roots_of(algorithm: KeyAlgorithm, text: &str) -> Roots {
    let roots = RootCertificates::parse(text).unwrap();
    roots.into_roots(algorithm).unwrap().unwrap()
}

pub(super) fn now() -> DateTime {
    SystemTime::now().try_into().unwrap()
}

fn check_at(now: DateTime, leaf: &str, others: &[&str]) -> Result<(), Kind> {
    let file = [&[leaf], others].concat().concat();
    let leaf = Certificate::parse(&file).unwrap();
    chain::check(&leaf, &[], &roots(&ROOT), now)
}

/// Checks that openssl agrees.
fn check(leaf: &str, others: &[&str]) -> Result<(), Kind> {
    let checked = check_at(now(), leaf, others);
    assert_eq!(
        openssl::verifies(leaf, &others.concat(), &ROOT),
        checked.is_ok(),
        "{checked:?}"
    );
    checked
}

pub(super) fn fault(checked: Result<(), Kind>) -> (String, Fault) {
    match checked {
        Err(Kind::Chain { subject, fault }) => (subject, fault),
        other => panic!("{other:?}"),
    }
}

pub(super) fn name(of: &str) -> String {
    format!("CN={of},C=CN")
}

#[test]
fn leads_to_a_root() {
    check(&LEAF, &[&INTERMEDIATE]).unwrap();
    check(&LEAF, &[&INTERMEDIATE, &ROOT]).unwrap();
    check(&LEAF, &[&ROOT, &INTERMEDIATE, &INTERMEDIATE]).unwrap();
    let direct = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/CN=Direct")
    };
    check(&direct.issued_by(&ROOT, &openssl::RSA_KEY, ""), &[]).unwrap();
    for hash in ["-sha384", "-sha512"] {
        check(&leaf_of(&INTERMEDIATE, SIGNER, &[hash]), &[&INTERMEDIATE]).unwrap();
    }
    // What is not in the file may be known from elsewhere.
    let roots = roots(&ROOT);
    let (leaf, intermediate) = (LEAF.parse().unwrap(), INTERMEDIATE.parse().unwrap());
    chain::check(&leaf, &[intermediate], &roots, now()).unwrap();
}

#[test]
fn a_missing_issuer_is_named() {
    let checked = fault(check(&LEAF, &[]));
    let issuer = name("Intermediate");
    assert_eq!(checked, (name("支付宝,OU=Alipay"), Fault::IssuerUnknown { issuer }));

    let stranger = Order::new("/C=CN/CN=Stranger").self_signed();
    let intermediate = other_order("/C=CN/CN=Intermediate").issued_by(&stranger, &openssl::RSA_KEY, AUTHORITY);
    for others in [&[&*intermediate][..], &[&*intermediate, &*stranger]] {
        let (subject, fault) = fault(check(&LEAF, others));
        let issuer = name("Stranger");
        // A root in the file is not trusted because it is there.
        let expected = [
            (name("Intermediate"), Fault::IssuerUnknown { issuer: issuer.clone() }),
            (issuer.clone(), Fault::IssuerUnknown { issuer }),
        ];
        assert!(expected.contains(&(subject, fault)));
    }
}

#[test]
fn a_forgery_is_refused() {
    let genuine = Certificate::parse(&LEAF).unwrap();
    // All names and serial numbers are right, and only the keys are the forger's.
    let root = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/C=CN/CN=Root")
    }
    .self_signed();
    let intermediate = other_order("/C=CN/CN=Intermediate");
    let below_root = intermediate.issued_by(&root, &openssl::THIRD_RSA_KEY, AUTHORITY);
    let self_signed = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/C=CN/CN=Intermediate")
    }
    .self_signed();
    let leaf_of = |issuer: &str, key: &str| {
        Order {
            serial: "77",
            ..Order::new("/C=CN/OU=Alipay/CN=支付宝")
        }
        .issued_by(issuer, key, SIGNER)
    };
    let by_self_signed = leaf_of(&self_signed, &openssl::THIRD_RSA_KEY);
    let by_root = leaf_of(&root, &openssl::THIRD_RSA_KEY);
    for (leaf, others) in [
        (&*by_self_signed, &[&*self_signed][..]),
        (&by_self_signed, &[&INTERMEDIATE]),
        (&by_self_signed, &[&self_signed, &INTERMEDIATE]),
        (&leaf_of(&below_root, &openssl::OTHER_RSA_KEY), &[&below_root]),
        (&leaf_of(&below_root, &openssl::OTHER_RSA_KEY), &[&below_root, &root]),
        (&by_root, &[]),
        (&by_root, &[&root]),
    ] {
        let forged = Certificate::parse(&[&[leaf], others].concat().concat()).unwrap();
        assert_eq!(forged.subject(), genuine.subject());
        if forged.issuer() == genuine.issuer() {
            assert_eq!(forged.alipay_serial(), genuine.alipay_serial());
        }
        let (_, found) = fault(check(leaf, others));
        let is_told = match &found {
            Fault::BadSignature { issuer } => [name("Root"), name("Intermediate")].contains(issuer),
            // A self-signed certificate is not a root.
            Fault::IssuerUnknown { issuer } => *issuer == name("Intermediate") && others[0] == self_signed,
            _ => false,
        };
        assert!(is_told, "{found}");
    }
}

#[test]
fn only_authorities_issue() {
    for extensions in [
        "",
        "basicConstraints=CA:FALSE",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature",
        // The sandbox's has this and no basic constraints.
        "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment",
    ] {
        let intermediate = intermediate(extensions);
        let checked = fault(check(&LEAF, &[&intermediate]));
        let issuer = name("Intermediate");
        assert_eq!(checked.1, Fault::NotAnAuthority { issuer }, "{extensions}");
    }
    // A leaf that issues another.
    let below = Order::new("/CN=Below").issued_by(&LEAF, &openssl::THIRD_RSA_KEY, SIGNER);
    let checked = fault(check(&below, &[&LEAF, &INTERMEDIATE]));
    let issuer = name("支付宝,OU=Alipay");
    assert_eq!(checked, ("CN=Below".to_owned(), Fault::NotAnAuthority { issuer }));
}

#[test]
fn the_path_is_as_short_as_it_has_to_be() {
    let long = |length: &str, count: usize| {
        let constraints = format!("{}{length}\nkeyUsage=keyCertSign", "basicConstraints=critical,CA:TRUE");
        let mut authorities = vec![other_order("/CN=Authority 0").issued_by(&ROOT, &openssl::RSA_KEY, &constraints)];
        for number in 1..count {
            let subject = format!("/CN=Authority {number}");
            let issuer = authorities.last().unwrap();
            authorities.push(other_order(&subject).issued_by(issuer, &openssl::OTHER_RSA_KEY, AUTHORITY));
        }
        authorities
    };
    let checked = |authorities: &[String]| {
        let others: Vec<_> = authorities.iter().map(String::as_str).collect();
        check(&leaf_of(others.last().unwrap(), SIGNER, &["-sha256"]), &others)
    };
    checked(&long(",pathlen:0", 1)).unwrap();
    checked(&long(",pathlen:1", 2)).unwrap();
    let (_, fault_of_two) = fault(checked(&long(",pathlen:0", 2)));
    let issuer = "CN=Authority 0".to_owned();
    assert_eq!(fault_of_two, Fault::NotAnAuthority { issuer });

    checked(&long("", 4)).unwrap();
    let five = long("", 5);
    let others: Vec<_> = five.iter().map(String::as_str).collect();
    let leaf = leaf_of(others[4], SIGNER, &["-sha256"]);
    assert_eq!(
        fault(check_at(now(), &leaf, &others)),
        ("CN=Authority 1".to_owned(), Fault::TooLong)
    );
}

#[test]
fn no_file_leads_in_circles_or_takes_for_ever() {
    // Two that issued each other.
    let one = other_order("/CN=One");
    let other = other_order("/CN=Other");
    let (first_one, first_other) = (one.self_signed(), other.self_signed());
    let one = one.issued_by(&first_other, &openssl::OTHER_RSA_KEY, AUTHORITY);
    let other = other.issued_by(&first_one, &openssl::OTHER_RSA_KEY, AUTHORITY);
    let leaf = leaf_of(&one, SIGNER, &["-sha256"]);
    let (_, found) = fault(check(&leaf, &[&one, &other]));
    assert!(matches!(found, Fault::IssuerUnknown { .. }), "{found}");

    // Hundreds of one name, of which each would have to be tried.
    let forged = other_order("/CN=Leaf").issued_by(&first_one, &openssl::OTHER_RSA_KEY, SIGNER);
    let namesake = Order::new("/CN=One").self_signed();
    assert_eq!(
        fault(check_at(now(), &forged, &[&namesake.repeat(300)])).1,
        Fault::TooLong
    );
}

#[test]
fn everything_on_the_way_is_valid_at_the_time() {
    const DAY: i64 = 24 * 3600;

    let at = |days: i64| DateTime::from_unix_seconds(now().unix_seconds() + days * DAY).unwrap();
    let check_in = |days, intermediate: &str| check_at(at(days), &LEAF, &[intermediate]);
    check_in(364, &INTERMEDIATE).unwrap();
    assert!(matches!(check_in(366, &INTERMEDIATE), Err(Kind::Expired { .. })));
    assert!(matches!(check_in(-1, &INTERMEDIATE), Err(Kind::NotYetValid { .. })));

    let short = Order {
        key: &openssl::OTHER_RSA_KEY,
        options: &["-sha256", "-days", "10"],
        ..Order::new("/C=CN/CN=Intermediate")
    }
    .issued_by(&ROOT, &openssl::RSA_KEY, AUTHORITY);
    check_in(9, &short).unwrap();
    let expected = name("Intermediate");
    assert!(matches!(fault(check_in(11, &short)).1, Fault::IssuerNotValid { issuer, .. } if issuer == expected));
    // The other of the name and key is still there.
    check_at(at(11), &LEAF, &[&short, &INTERMEDIATE]).unwrap();

    // Roots expire, too.
    let old_root = Order {
        options: &["-sha256", "-days", "3"],
        ..Order::new("/C=CN/CN=Root")
    }
    .self_signed();
    let roots = roots(&old_root);
    let leaf = Certificate::parse(&[&**LEAF, &INTERMEDIATE].concat()).unwrap();
    // The first `-days` is of ten years, the last counts.
    assert!(roots.certificates()[0].not_after() < at(4));
    chain::check(&leaf, &[], &roots, at(2)).unwrap();
    assert!(matches!(
        fault(chain::check(&leaf, &[], &roots, at(4))).1,
        Fault::IssuerNotValid { .. }
    ));
}

#[test]
fn weak_signatures_and_keys_are_refused() {
    for (options, oid) in [
        (&["-sha1"][..], "1.2.840.113549.1.1.5"),
        (&["-sha256", "-sigopt", "rsa_padding_mode:pss"], "1.2.840.113549.1.1.10"),
    ] {
        let leaf = leaf_of(&INTERMEDIATE, SIGNER, options);
        let oid = oid.to_owned();
        let (_, found) = fault(check_at(now(), &leaf, &[&INTERMEDIATE]));
        assert_eq!(found, Fault::Algorithm { oid });
    }
    let short_key = openssl::key(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let short = Order {
        key: &short_key,
        ..Order::new("/CN=Short")
    }
    .issued_by(&ROOT, &openssl::RSA_KEY, AUTHORITY);
    let leaf = Order::new("/CN=Leaf").issued_by(&short, &short_key, SIGNER);
    let issuer = "CN=Short".to_owned();
    assert_eq!(fault(check_at(now(), &leaf, &[&short])).1, Fault::IssuerKey { issuer });
}

#[test]
fn extensions_are_heeded() {
    let critical = leaf("1.2.3.4=critical,ASN1:UTF8String:x");
    assert_eq!(fault(check(&critical, &[&INTERMEDIATE])).1, Fault::Extensions);
    check(&leaf("1.2.3.4=ASN1:UTF8String:x"), &[&INTERMEDIATE]).unwrap();
    check(&leaf(""), &[&INTERMEDIATE]).unwrap();
    let usage = leaf("keyUsage=keyCertSign,cRLSign");
    assert_eq!(fault(check_at(now(), &usage, &[&INTERMEDIATE])).1, Fault::KeyUsage);
}

#[test]
fn errors_say_who_is_at_fault_on_one_line() {
    let leaf = Order::new("/C=CN/CN=A\nB").issued_by(&INTERMEDIATE, &openssl::OTHER_RSA_KEY, SIGNER);
    let error = CertificateError::from(check(&leaf, &[]).unwrap_err());
    assert_eq!(
        error.to_string(),
        r"the certificate of `CN=A\nB,C=CN` does not lead to the root certificates: the certificate's issuer `CN=Intermediate,C=CN` is neither a root nor another certificate in the file"
    );
}

proptest! {
    #[test]
    fn no_changed_certificate_is_accepted(at: Index, octet: u8) {
        static DER: LazyLock<Vec<u8>> = LazyLock::new(|| openssl::der(&LEAF));
        accepted_only_unchanged(&DER, at, octet, &INTERMEDIATE, &roots(&ROOT));
    }
}

/// Changes a byte of the leaf: it must not be accepted unless it says the same as before.
pub(super) fn accepted_only_unchanged(leaf: &[u8], at: Index, octet: u8, intermediate: &str, roots: &Roots) {
    let mut der = leaf.to_vec();
    der[at.index(leaf.len())] = octet;
    let genuine = Certificate::from_der(leaf).unwrap();
    if let Ok(changed) = Certificate::from_der(&der) {
        let others = [Certificate::parse(intermediate).unwrap()];
        let checked = chain::check(&changed, &others, roots, now());
        assert_eq!(checked.is_ok(), changed == genuine);
    }
}
