//! The root bundle, with everything that makes parsers stumble.

use super::{
    Certificate, CertificateErrorKind, RootCertificates,
    openssl::{self, Folder, Order},
};

/// What openssl's options have for the two kinds that don't count.
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

/// What Alipay names its bundle by.
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
fn garbage_is_skipped_one_by_one() {
    let bundle = Bundle::new();
    let [sm2, ant, ecdsa, trust] = bundle.members();
    let cut = &ant[..ant.len() / 2];
    for garbage in [
        "-----BEGIN CERTIFICATE-----\nthis is not base64!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN ",
        "-----END CERTIFICATE-----",
        cut,
        &openssl::RSA_KEY,
    ] {
        for text in [
            [garbage, sm2, ant, ecdsa, trust].join("\n"),
            [sm2, ant, garbage, garbage, ecdsa, trust].join("\n"),
            [sm2, ant, ecdsa, trust, garbage].join("\n"),
        ] {
            assert_eq!(serial(&text), STANDARD, "{garbage}");
        }
    }
}

#[test]
fn the_signature_counts_not_the_key() {
    let authority = Order::new("/CN=RSA").self_signed();
    let elliptic = Order {
        key: &openssl::ECDSA_KEY,
        ..Order::new("/CN=Elliptic key")
    };
    let signed_with_rsa = elliptic.issued_by(&authority, &openssl::RSA_KEY, "");
    let certificate = Certificate::parse(&signed_with_rsa).unwrap();
    assert_eq!(serial(&signed_with_rsa), certificate.alipay_serial());

    let authority = elliptic.self_signed();
    let signed_with_ecdsa = Order::new("/CN=RSA key").issued_by(&authority, &openssl::ECDSA_KEY, "");
    assert_eq!(refusal(&signed_with_ecdsa), CertificateErrorKind::NothingUsable);

    let pss = Order {
        options: &["-sha256", "-sigopt", "rsa_padding_mode:pss"],
        ..Order::new("/CN=PSS")
    }
    .self_signed();
    assert_eq!(serial(&pss), Certificate::parse(&pss).unwrap().alipay_serial());
}

#[test]
fn a_bundle_without_anything_usable_is_refused() {
    let bundle = Bundle::new();
    let [sm2, _, ecdsa, _] = bundle.members();
    assert_eq!(refusal(&[sm2, ecdsa].join("\n")), CertificateErrorKind::NothingUsable);
    assert_eq!(refusal(sm2), CertificateErrorKind::NothingUsable);
    assert_eq!(refusal(&openssl::RSA_KEY), CertificateErrorKind::Key);
    assert_eq!(
        refusal(&[&**openssl::RSA_KEY, sm2].join("\n")),
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
