//! Names are written as Java writes them, which is not quite what any other tool does.
//!
//! The expectations were recorded from `new X500Principal(der).getName()` of Java 17; the ignored test asks the Java that
//! is installed, and more names than these.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

use super::openssl::Folder;
use crate::cert::{
    element::Element,
    name,
    tag::{
        BMP_STRING, GENERAL_STRING, IA5_STRING, INTEGER, OBJECT_IDENTIFIER, PRINTABLE_STRING, SEQUENCE, SET,
        TELETEX_STRING, UTF8_STRING,
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};

const NUMERIC_STRING: u8 = 0x12;
const VISIBLE_STRING: u8 = 0x1A;
const UNIVERSAL_STRING: u8 = 0x1C;

const CN: &str = "2.5.4.3";
const O: &str = "2.5.4.10";

/// An attribute's type, its value's tag, and the value.
type Attribute<'a> = (&'a str, u8, &'a [u8]);

const RECORDED: &[(&[&[Attribute<'_>]], &str)] = &[
    (&[], ""),
    (&[&[]], ""),
    (&[&[(CN, UTF8_STRING, b"")]], "CN="),
    (&[&[(CN, UTF8_STRING, "支付宝 😀".as_bytes())]], "CN=支付宝 😀"),
    (
        &[&[(CN, UTF8_STRING, br#" #a=b,c+d"e\f<g>h;i#  "#)]],
        r#"CN=\ \#a\=b\,c\+d\"e\\f\<g\>h\;i\#\ \ "#,
    ),
    (&[&[(CN, UTF8_STRING, b"\r\n a\n\r")]], "CN=\\\r\n a\n\\\r"),
    (&[&[(CN, UTF8_STRING, b"   ")]], r"CN=\ \ \ "),
    (&[&[(CN, UTF8_STRING, br"\ ")]], r"CN=\\\ "),
    (&[&[(CN, UTF8_STRING, b"a\0b")]], r"CN=a\00b"),
    (
        &[&[(CN, UTF8_STRING, b"\xE2\x82a\xFF\xC0\x80\xF0\x9F")]],
        "CN=\u{FFFD}a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}",
    ),
    (&[&[(CN, BMP_STRING, b"\0a\0b")]], r"CN=\00a\00b"),
    (&[&[(CN, BMP_STRING, b"\x65\x2F\x4E\xD8")]], "CN=e/N\u{FFFD}"),
    (&[&[(CN, TELETEX_STRING, b"caf\xE9")]], "CN=caf\u{FFFD}"),
    (&[&[(CN, IA5_STRING, b"ia5")]], "CN=ia5"),
    (&[&[(CN, GENERAL_STRING, b"general")]], "CN=general"),
    (&[&[(CN, PRINTABLE_STRING, b"under_score*@")]], "CN=under_score*@"),
    (
        &[&[(CN, UNIVERSAL_STRING, b"\0\0\0a\0\0\0b")]],
        "CN=#1c080000006100000062",
    ),
    (&[&[(CN, NUMERIC_STRING, b"123")]], "CN=#1203313233"),
    (&[&[(CN, VISIBLE_STRING, b"vis")]], "CN=#1a03766973"),
    (&[&[(CN, INTEGER, b"\x05")]], "CN=#020105"),
    (
        &[
            &[(O, PRINTABLE_STRING, b"O1"), (CN, PRINTABLE_STRING, b"C1")],
            &[(CN, PRINTABLE_STRING, b"x")],
        ],
        "CN=x,O=O1+CN=C1",
    ),
    (&[&[("0.9.2342.19200300.100.1.25", IA5_STRING, b"com")]], "DC=com"),
    (
        &[&[("1.2.840.113549.1.9.1", IA5_STRING, b"a@b")]],
        "1.2.840.113549.1.9.1=#1603614062",
    ),
    (&[&[("1.2.3.4", UTF8_STRING, b"\xE6")]], "1.2.3.4=#0c01e6"),
    (
        &[&[("2.25.135291469823", PRINTABLE_STRING, b"u")]],
        "2.25.135291469823=#130175",
    ),
    (
        &[
            &[("2.5.4.12", UTF8_STRING, b"t")],
            &[("2.5.4.5", PRINTABLE_STRING, b"7")],
            &[("0.9.2342.19200300.100.1.1", UTF8_STRING, b"u")],
            &[("2.5.4.9", UTF8_STRING, b"s")],
            &[("2.5.4.8", UTF8_STRING, b"s")],
            &[("2.5.4.7", UTF8_STRING, b"s")],
            &[("2.5.4.11", UTF8_STRING, b"u")],
            &[("2.5.4.6", PRINTABLE_STRING, b"CN")],
        ],
        "C=CN,OU=u,L=s,ST=s,STREET=s,UID=u,2.5.4.5=#130137,2.5.4.12=#0c0174",
    ),
];

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let header = match u8::try_from(value.len()).unwrap() {
        length @ ..0x80 => vec![tag, length],
        length => vec![tag, 0x81, length],
    };
    [header, value.to_vec()].concat()
}

fn attribute(&(oid, tag, value): &Attribute<'_>) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[tlv(OBJECT_IDENTIFIER, &object_identifier(oid)), tlv(tag, value)].concat(),
    )
}

fn object_identifier(dotted: &str) -> Vec<u8> {
    let parts: Vec<u128> = dotted.split('.').map(|part| part.parse().unwrap()).collect();
    let septets = |part: u128| {
        let digits = part.max(1).ilog2() / 7;
        (0..=digits).rev().map(move |digit| {
            let septet = u8::try_from(part >> (7 * digit) & 0x7F).unwrap();
            if digit > 0 { septet | 0x80 } else { septet }
        })
    };
    std::iter::once(parts[0] * 40 + parts[1])
        .chain(parts[2..].iter().copied())
        .flat_map(septets)
        .collect()
}

fn distinguished_name(rdns: &[&[Attribute<'_>]]) -> Vec<u8> {
    let rdns = rdns
        .iter()
        .map(|rdn| tlv(SET, &rdn.iter().flat_map(attribute).collect::<Vec<_>>()));
    tlv(SEQUENCE, &rdns.flatten().collect::<Vec<_>>())
}

fn written(der: &[u8]) -> Option<String> {
    name::rfc2253(Element::only(der).unwrap())
}

#[test]
fn names_are_written_as_java_writes_them() {
    for (rdns, expected) in RECORDED {
        assert_eq!(
            written(&distinguished_name(rdns)).as_deref(),
            Some(*expected),
            "{rdns:?}"
        );
    }
}

#[test]
fn what_is_no_name_is_not_written() {
    let of_one = |attribute: &[Vec<u8>]| tlv(SEQUENCE, &tlv(SET, &tlv(SEQUENCE, &attribute.concat())));
    let oid = |contents: &[u8]| tlv(OBJECT_IDENTIFIER, contents);
    let text = || tlv(UTF8_STRING, b"x");
    assert_eq!(
        written(&of_one(&[oid(b"\x55\x04\x03"), text()])).as_deref(),
        Some("CN=x")
    );
    for der in [
        tlv(SET, b""),
        tlv(SEQUENCE, &tlv(SEQUENCE, b"")),
        tlv(SEQUENCE, &tlv(SET, &tlv(SET, b""))),
        of_one(&[]),
        of_one(&[oid(b"\x55\x04\x03")]),
        of_one(&[oid(b"\x55\x04\x03"), text(), text()]),
        of_one(&[oid(b"\x55\x04\x03"), text()[..2].to_vec()]),
        of_one(&[text(), text()]),
        of_one(&[oid(b""), text()]),
        // A part that breaks off, and one of more than 128 bits.
        of_one(&[oid(b"\x55\x84"), text()]),
        of_one(&[oid(&[&[0xFF; 20], &b"\x01"[..]].concat()), text()]),
    ] {
        assert_eq!(written(&der), None, "{der:02X?}");
    }
}

/// Reads names in hexadecimal line by line, and writes what they are by RFC 2253, in hexadecimal too.
const PROGRAM: &str = r#"
import java.io.*;
import java.util.HexFormat;
import javax.security.auth.x500.X500Principal;

public class Names {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String name = new X500Principal(HexFormat.of().parseHex(line)).getName();
            System.out.println("=" + HexFormat.of().formatHex(name.getBytes("UTF-8")));
        }
    }
}
"#;

#[test]
#[ignore = "needs Java 17 or later"]
fn java_agrees() {
    let mut names: Vec<_> = RECORDED.iter().map(|(rdns, _)| distinguished_name(rdns)).collect();
    let mut runner = TestRunner::new(Config::default());
    let attribute = (
        prop::sample::select(vec![
            CN,
            O,
            "2.5.4.6",
            "2.5.4.5",
            "0.9.2342.19200300.100.1.25",
            "1.2.840.113549.1.9.1",
        ]),
        prop::sample::select(vec![
            UTF8_STRING,
            PRINTABLE_STRING,
            TELETEX_STRING,
            IA5_STRING,
            GENERAL_STRING,
            UNIVERSAL_STRING,
            BMP_STRING,
            NUMERIC_STRING,
        ]),
        "[ #,=+<>;\"\\\\\r\n\0\u{7F}a-c\u{80}-\u{9F}é支😀]{0,4}",
    );
    let random = prop::collection::vec(prop::collection::vec(attribute, 0..3), 0..3);
    for _ in 0..2000 {
        let rdns = random.new_tree(&mut runner).unwrap().current();
        let rdns: Vec<Vec<Attribute<'_>>> = rdns
            .iter()
            .map(|rdn| {
                rdn.iter()
                    .map(|(oid, tag, text)| (*oid, *tag, text.as_bytes()))
                    .collect()
            })
            .collect();
        names.push(distinguished_name(&rdns.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    }
    let folder = Folder::new();
    folder.write("Names.java", PROGRAM);
    let mut java = Command::new("java")
        .arg(folder.path("Names.java"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("install Java, as with `apt-get install default-jre-headless`");
    let mut input = java.stdin.take().unwrap();
    let lines: String = names.iter().map(|name| hexadecimal(name) + "\n").collect();
    let feeder = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = java.wait_with_output().unwrap();
    feeder.join().unwrap();
    let answers: Vec<_> = str::from_utf8(&output.stdout).unwrap().lines().collect();
    assert_eq!(answers.len(), names.len());
    for (name, answer) in names.iter().zip(answers) {
        let written = written(name).unwrap();
        assert_eq!(format!("={}", hexadecimal(written.as_bytes())), answer, "{written}");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
