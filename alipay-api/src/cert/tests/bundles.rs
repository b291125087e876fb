//! The root bundle, with everything that parsers may fail on.

use super::{
    Certificate, CertificateErrorKind, RootCertificates,
    chain::{AUTHORITY, SIGNER},
    openssl::{self, Folder, Order},
};

/// The openssl options of the two kinds that are ignored.
const SM3: &[&str] = &["-sm3", "-sigopt", "distid:1234567812345678"];

/// The names and serials of Alipay's own bundle, with other keys.
struct Bundle {
    sm2: String,
    ant: String,
    ecdsa: String,
    trust: String,
}

impl Bundle {
    fn new() -> Self {
        let ant = "/C=CN/O=Ant Financial/OU=Certification Authority/CN=Ant Financial Certification Authority";
        let trust = "/C=CN/O=iTrusChina/OU=China Trust Network/CN=iTrusChina Class 2 Root CA - G3";
        let pem = |subject: &str, serial, key, options| {
            Order {
                subject,
                serial,
                key,
                options,
            }
            .self_signed()
        };
        Self {
            sm2: pem("/C=CN/O=NRCAC/CN=ROOTCA", "0x69e2fec0170ac67b", &openssl::SM2_KEY, SM3),
            ant: pem(
                &format!("{ant} R1"),
                "0x1fcfa18d6a480d11",
                &openssl::RSA_KEY,
                &["-sha256"],
            ),
            ecdsa: pem(
                &format!("{ant} E1"),
                "0x417efa52c07fdf4a",
                &openssl::ECDSA_KEY,
                &["-sha384"],
            ),
            trust: pem(
                trust,
                "0x10c764e9d560384212d9c08fd10e373fdd0fb396",
                &openssl::OTHER_RSA_KEY,
                &["-sha1"],
            ),
        }
    }

    fn members(&self) -> [&str; 4] {
        [&self.sm2, &self.ant, &self.ecdsa, &self.trust].map(|pem| pem.trim())
    }
}

/// The serial of Alipay's bundle.
const STANDARD: &str = "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6";

fn serial(text: &str) -> String {
    RootCertificates::parse(text).unwrap().alipay_serial().to_owned()
}

#[test]
fn the_standard_bundle_has_its_serial() {
    let bundle = Bundle::new();
    assert_eq!(serial(&bundle.members().join("\n\n")), STANDARD);
    let [_, ant, ecdsa, trust] = bundle.members();
    assert_eq!(
        serial(&[trust, ecdsa, ant].concat()),
        STANDARD.split('_').rev().collect::<Vec<_>>().join("_")
    );
}

#[test]
fn nothing_between_members_matters() {
    let bundle = Bundle::new();
    for between in [
        "",
        "\n",
        "\n\n\n\n",
        "\r\n",
        " \t\n",
        "\nsubject=CN = 根证书 -----\n",
        "\\n",
        "\u{FEFF}",
    ] {
        let text = bundle.members().join(between);
        let around = format!("\u{FEFF}# Alipay's roots\n{text}{between}--- the end ---");
        for text in [
            text.clone(),
            around,
            text.replace('\n', "\r\n"),
            text.replace('\n', "\\n"),
        ] {
            assert_eq!(serial(&text), STANDARD, "{between:?}");
        }
    }
}

#[test]
fn damage_is_refused_with_its_place_or_left_out() {
    let bundle = Bundle::new();
    let [sm2, ant, ecdsa, trust] = bundle.members();
    let cut = &ant[..ant.len() / 2];
    let headless = ant.strip_prefix("-----BEGIN CERTIFICATE-----").unwrap();
    let endless = ant.strip_suffix("-----END CERTIFICATE-----").unwrap();
    let line = ant.lines().nth(4).unwrap();
    for (damaged, says) in [
        (
            "-----BEGIN CERTIFICATE-----\nthis is not base64!\n-----END CERTIFICATE-----",
            "is not base64",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "a damaged one",
        ),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "is empty"),
        ("-----BEGIN CERTIFICATE-----", "cut short"),
        ("-----BEGIN ", "cut short"),
        ("-----END CERTIFICATE-----", "has no line `-----BEGIN …-----` before it"),
        (cut, "cut short"),
        (headless, "has no line `-----BEGIN …-----` before it"),
        (endless, "cut short"),
        (&ant.replace(line, ""), "cut short"),
        (&ant.replace('+', " "), "has blanks in place of `+`"),
        (&ant.replace(line, &format!("{line}{line}")), "followed by other data"),
    ] {
        for (place, texts) in [
            (1, [damaged, sm2, ant, ecdsa, trust]),
            (3, [sm2, ant, damaged, ecdsa, trust]),
            (5, [sm2, ant, ecdsa, trust, damaged]),
        ] {
            let text = texts.join("\n");
            let error = RootCertificates::parse(&text).unwrap_err();
            let CertificateErrorKind::Member {
                member, members, line, ..
            } = *error.kind()
            else {
                panic!("{damaged}: {error}")
            };
            assert_eq!((member, members), (place, 5), "{damaged}");
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("root certificate {place} of 5, in line {line}: "))
                    && message.contains(says),
                "{damaged}: {message}"
            );
            let before: usize = texts[..place - 1].iter().map(|text| text.lines().count()).sum();
            // A block without a first line is found in the block before it.
            if damaged.starts_with("-----BEGIN") {
                assert_eq!(line, before + 1, "{damaged}");
            }
            let lenient = RootCertificates::parse_lenient(&text).unwrap();
            assert_eq!(lenient.alipay_serial(), STANDARD, "{damaged}");
        }
        // Removing the refused certificate makes the bundle valid.
        let without = RootCertificates::parse_lenient(&[sm2, damaged, ecdsa, trust].join("\n")).unwrap();
        assert_eq!(without.alipay_serial(), STANDARD.split_once('_').unwrap().1);
    }
}

#[test]
fn no_changed_character_of_a_member_that_counts_gives_another_serial() {
    let bundle = Bundle::new();
    let [sm2, ant, ecdsa, trust] = bundle.members();
    let (mut refused, mut unchanged) = (0, 0);
    for at in 0..ant.len() {
        let (before, after) = (&ant[..at], &ant[at + 1..]);
        let digit = if ant.as_bytes()[at] == b'A' { "B" } else { "A" };
        for changed in [
            format!("{before}{digit}{after}"),
            format!("{before}{after}"),
            format!("{before}{digit}{}", &ant[at..]),
        ] {
            match RootCertificates::parse(&[sm2, &changed, ecdsa, trust].join("\n")) {
                Ok(roots) => {
                    assert_eq!(roots.alipay_serial(), STANDARD, "{at}: {changed}");
                    unchanged += 1;
                }
                Err(error) => {
                    let kind = error.kind();
                    let is_named = matches!(kind, CertificateErrorKind::Member { member: 2, .. });
                    // A broken first line gives two faults: a block without a beginning, and the rest of the block before.
                    assert!(is_named, "{at}: {error}");
                    refused += 1;
                }
            }
        }
    }
    // Line ends may be missing, and the names of blocks are ignored.
    assert!(refused > 3 * (ant.len() - 150), "{refused} of {}", 3 * ant.len());
    assert!(unchanged > 0);
}

#[test]
fn what_says_that_it_is_not_of_rsa_need_not_be_readable() {
    let bundle = Bundle::new();
    let [sm2, ant, ecdsa, trust] = bundle.members();
    for strange in [sm2, ecdsa] {
        let der = openssl::der(strange);
        // A time that nobody can read, and a name of an odd type.
        let at = |needle: &[u8]| der.windows(needle.len()).position(|window| window == needle).unwrap();
        let time = at(&[0x17, 0x0D]);
        let name = at(b"\x06\x03\x55\x04");
        for at in [time, time + 4, name] {
            let mut odd = der.clone();
            odd[at] ^= 0x0F;
            assert!(Certificate::from_der(&odd).is_err(), "{at}");
            let text = [&openssl::armour("CERTIFICATE", &odd), ant, trust].concat();
            assert_eq!(serial(&text), STANDARD, "{at}");
        }
    }
    // One of the two places is not enough.
    let der = openssl::der(ant);
    let oid = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
    let places: Vec<_> = (0..der.len()).filter(|at| der[*at..].starts_with(&oid)).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        let mut odd = der.clone();
        odd[at + 1] ^= 1;
        let text = [trust, &openssl::armour("CERTIFICATE", &odd)].concat();
        let error = RootCertificates::parse(&text).unwrap_err();
        assert!(
            matches!(error.kind(), CertificateErrorKind::Member { member: 2, .. }),
            "{error}"
        );
    }
}

#[test]
fn keys_and_requests_in_a_bundle_are_passed_over() {
    let bundle = Bundle::new();
    let request = Order::new("/CN=Request").signing_request();
    let text = [&bundle.members().concat(), &**openssl::RSA_KEY, &request].join("\n");
    assert_eq!(serial(&text), STANDARD);
}

#[test]
fn the_signature_counts_not_the_key() {
    let authority = Order::new("/CN=RSA").self_signed();
    let elliptic = Order {
        key: &openssl::ECDSA_KEY,
        ..Order::new("/CN=Elliptic key")
    };
    let signed_with_rsa = elliptic.issued_by(&authority, &openssl::RSA_KEY, "");
    let serials = [&signed_with_rsa, &authority].map(|pem| Certificate::parse(pem).unwrap().alipay_serial().to_owned());
    assert_eq!(serial(&(signed_with_rsa + &authority)), serials.join("_"));

    let elliptic_authority = elliptic.self_signed();
    let signed_with_ecdsa = Order::new("/CN=RSA key").issued_by(&elliptic_authority, &openssl::ECDSA_KEY, "");
    assert_eq!(refusal(&signed_with_ecdsa), CertificateErrorKind::NothingUsable);
    assert_eq!(serial(&(signed_with_ecdsa + &authority)), serials[1]);

    let pss = Order {
        options: &["-sha256", "-sigopt", "rsa_padding_mode:pss"],
        ..Order::new("/CN=PSS")
    }
    .self_signed();
    assert_eq!(serial(&pss), Certificate::parse(&pss).unwrap().alipay_serial());
}

#[test]
fn the_serial_is_that_of_roots() {
    let root = Order::new("/CN=Root").self_signed();
    let issuing = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Class 2")
    }
    .issued_by(&root, &openssl::RSA_KEY, AUTHORITY);
    let leaf = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/CN=Alipay")
    }
    .issued_by(&issuing, &openssl::OTHER_RSA_KEY, SIGNER);
    // The file of Alipay's certificate, and an authority without a root.
    for text in [leaf.clone() + &issuing, leaf.clone(), issuing.clone()] {
        let error = RootCertificates::parse(&text).unwrap_err();
        assert_eq!(*error.kind(), CertificateErrorKind::NoRoot);
        assert!(
            error
                .to_string()
                .contains("give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)")
        );
    }
    // Another certificate among the roots, whose issuer is missing.
    let error = RootCertificates::parse(&(root.clone() + &leaf)).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("root certificate 2 of 2") && message.contains("not a root"),
        "{message}"
    );
}

#[test]
fn a_bundle_without_anything_usable_is_refused() {
    let bundle = Bundle::new();
    let [sm2, _, ecdsa, _] = bundle.members();
    assert_eq!(refusal(ecdsa), CertificateErrorKind::NothingUsable);
    if cfg!(feature = "sm2") {
        let bundle = RootCertificates::parse(&[sm2, ecdsa].join("\n")).unwrap();
        assert_eq!((bundle.alipay_serial(), bundle.certificates()), ("", &[][..]));
    } else {
        assert_eq!(refusal(&[sm2, ecdsa].join("\n")), CertificateErrorKind::NothingUsable);
        assert_eq!(refusal(sm2), CertificateErrorKind::NothingUsable);
    }
    assert_eq!(refusal(&openssl::RSA_KEY), CertificateErrorKind::Key);
    assert_eq!(
        refusal(&[&**openssl::RSA_KEY, ecdsa].join("\n")),
        CertificateErrorKind::NothingUsable
    );
    assert_eq!(refusal(" \r\n"), CertificateErrorKind::Empty);
    assert_eq!(refusal("certs/alipayRootCert.crt"), CertificateErrorKind::Path);
}

fn refusal(text: &str) -> CertificateErrorKind {
    RootCertificates::parse(text).unwrap_err().kind().clone()
}

#[test]
fn reads_files() {
    let bundle = Bundle::new();
    let folder = Folder::new();
    // A comment in GBK, as editors on Windows write it.
    folder.write(
        "root.crt",
        [b"\xb8\xf9\xd6\xa4\xca\xe9\r\n", bundle.members().concat().as_bytes()].concat(),
    );
    let roots = RootCertificates::from_file(folder.path("root.crt")).unwrap();
    assert_eq!(roots.alipay_serial(), STANDARD);
    let subjects: Vec<_> = roots.certificates().iter().map(Certificate::subject).collect();
    assert_eq!(
        subjects,
        [
            "CN=Ant Financial Certification Authority R1,OU=Certification Authority,O=Ant Financial,C=CN",
            "CN=iTrusChina Class 2 Root CA - G3,OU=China Trust Network,O=iTrusChina,C=CN",
        ]
    );
    folder.write("root.der", openssl::der(&bundle.trust));
    let roots = RootCertificates::from_file(folder.path("root.der")).unwrap();
    assert_eq!(roots.alipay_serial(), STANDARD.split_once('_').unwrap().1);
}
