//! The serial of a certificate is the MD5 of what `openssl x509` prints.

use super::{
    Certificate,
    openssl::{self, Order},
};

struct Shape {
    /// As openssl's `-subj` wants it.
    subject: &'static str,
    serial: &'static str,
    /// What Java writes for the issuer where that is not what openssl writes.
    java: Option<&'static str>,
}

const SHAPES: [Shape; 16] = [
    Shape {
        subject: "/C=CN/O=Ant Financial/OU=Certification Authority/CN=Ant Financial Certification Authority Class 2 R1",
        serial: "1",
        java: None,
    },
    Shape {
        subject: "/CN=Backwards/OU=Unit/O=Org/L=Hangzhou/ST=Zhejiang/C=CN",
        serial: "127",
        java: None,
    },
    // A zero in front keeps them positive.
    Shape {
        subject: "/C=CN/CN=High bit",
        serial: "128",
        java: None,
    },
    Shape {
        subject: "/C=CN/CN=High bits",
        serial: "18446744073709551615",
        java: None,
    },
    Shape {
        subject: "/C=CN/ST=浙江/L=杭州/O=蚂蚁集团 😀/CN=é",
        serial: "18446744073709551616",
        java: None,
    },
    Shape {
        subject: "/C=CN/CN=20 octets/emailAddress=ca@example.com",
        serial: "730750818665451459101842416358141509827966271487",
        java: Some("1.2.840.113549.1.9.1=#160e6361406578616d706c652e636f6d,CN=20 octets,C=CN"),
    },
    Shape {
        subject: r#"/C=CN/O=Comma, Plus \+ Quote " Angle <> Semicolon ; Slash \/ Backslash \\/CN=x"#,
        serial: "340282366920938463463374607431768211455",
        java: None,
    },
    Shape {
        subject: "/C=CN/O= both ends /CN=#first",
        serial: "1000000000000000000000000000000",
        java: None,
    },
    Shape {
        subject: "/C=CN/O=a=b #c/CN=x",
        serial: "9",
        java: Some(r"CN=x,O=a\=b \#c,C=CN"),
    },
    // In DER the shorter attribute goes first, whatever order they are given in.
    Shape {
        subject: "/C=CN/O=Org+OU=U/CN=x",
        serial: "10",
        java: Some("CN=x,OU=U+O=Org,C=CN"),
    },
    Shape {
        subject: "/DC=com/DC=example/UID=7/CN=x",
        serial: "11",
        java: None,
    },
    Shape {
        subject: "/C=CN/own=own/CN=x",
        serial: "12",
        java: Some("CN=x,1.2.3.4.5=#0c036f776e,C=CN"),
    },
    Shape {
        subject: "/C=CN/title=T/serialNumber=7/GN=G/CN=x",
        serial: "13",
        java: Some("CN=x,2.5.4.42=#0c0147,2.5.4.5=#130137,2.5.4.12=#0c0154,C=CN"),
    },
    Shape {
        subject: "/CN=x/street=Road 1",
        serial: "14",
        java: Some("STREET=Road 1,CN=x"),
    },
    Shape {
        subject: "/CN=Nought",
        serial: "0",
        java: None,
    },
    Shape {
        subject: "/CN=Negative",
        serial: "-12345678901234567890123456789",
        java: None,
    },
];

#[test]
fn equals_openssl_and_md5_by_hand() {
    for Shape { subject, serial, java } in SHAPES {
        let pem = Order {
            serial,
            ..Order::new(subject)
        }
        .self_signed();
        let certificate = Certificate::parse(&pem).unwrap();
        let by_openssl = openssl::issuer(&pem);
        let issuer = java.unwrap_or(&by_openssl);
        assert_eq!(certificate.issuer(), issuer);
        assert_eq!(certificate.subject(), issuer);
        assert_eq!(
            certificate.alipay_serial(),
            openssl::md5(&format!("{issuer}{serial}")),
            "{subject}"
        );
        // Where Java is expected to differ from openssl, it does.
        assert_eq!(java.is_some(), by_openssl != issuer, "{by_openssl}");
    }
}

#[test]
fn the_decimal_is_the_number_that_openssl_prints() {
    for serial in [
        0,
        1,
        127,
        128,
        255,
        256,
        65_535,
        u128::from(u64::MAX) + 1,
        u128::MAX / 3,
        u128::MAX,
    ] {
        let pem = Order {
            serial: &serial.to_string(),
            ..Order::new("/CN=x")
        }
        .self_signed();
        assert_eq!(u128::from_str_radix(&openssl::serial_number(&pem), 16).unwrap(), serial);
        let expected = openssl::md5(&format!("CN=x{serial}"));
        assert_eq!(Certificate::parse(&pem).unwrap().alipay_serial(), expected, "{serial}");
    }
}

#[test]
fn the_issuer_counts_not_the_subject() {
    let authority = Order::new("/C=CN/CN=Authority");
    let leaf = Order {
        serial: "77",
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Leaf")
    };
    let pem = leaf.issued_by(&authority.self_signed(), &openssl::RSA_KEY, "");
    let certificate = Certificate::parse(&pem).unwrap();
    assert_eq!(
        (certificate.issuer(), certificate.subject()),
        ("CN=Authority,C=CN", "CN=Leaf")
    );
    assert_eq!(certificate.alipay_serial(), openssl::md5("CN=Authority,C=CN77"));
}
