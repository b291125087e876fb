//! Extensions, octet by octet.

use crate::cert::{element::Element, extensions::Extensions};

const CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1D\x13";
const USAGE: &[u8] = b"\x06\x03\x55\x1D\x0F";
const OTHER: &[u8] = b"\x06\x03\x55\x1D\x25";
const CRITICAL: &[u8] = b"\x01\x01\xFF";
const NOT_CRITICAL: &[u8] = b"\x01\x01\x00";

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    [&[tag, u8::try_from(value.len()).unwrap()][..], &value].concat()
}

fn extension(oid: &[u8], critical: &[u8], value: &[u8]) -> Vec<u8> {
    element(0x30, &[oid, critical, &element(0x04, &[value])])
}

fn read(extensions: &[Vec<u8>]) -> Option<Extensions> {
    let der = element(0x30, &extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
    Extensions::read(Element::only(&der).unwrap())
}

#[test]
fn constraints_say_who_may_issue_and_how_far() {
    // The constraints, and for how many authorities below they allow another certificate.
    for (constraints, allowed) in [
        (&b"\x30\x00"[..], 0),
        (b"\x30\x03\x01\x01\x00", 0),
        (b"\x30\x06\x01\x01\x00\x02\x01\x05", 0),
        (b"\x30\x06\x01\x01\xFF\x02\x01\x00", 1),
        (b"\x30\x06\x01\x01\xFF\x02\x01\x02", 3),
        (b"\x30\x03\x01\x01\xFF", 5),
        // BER's true.
        (b"\x30\x03\x01\x01\x01", 5),
    ] {
        for critical in [CRITICAL, NOT_CRITICAL, b""] {
            let extensions = read(&[extension(CONSTRAINTS, critical, constraints)]).unwrap();
            let may_issue = (0..5).filter(|below| extensions.may_issue(*below)).count();
            assert_eq!(may_issue, allowed, "{constraints:02X?}");
            assert!(extensions.is_understood() && extensions.may_sign());
        }
    }
}

#[test]
fn usage_says_what_the_key_is_for() {
    let authority = || extension(CONSTRAINTS, CRITICAL, b"\x30\x03\x01\x01\xFF");
    for (usage, signs, issues) in [
        (&b"\x03\x02\x07\x80"[..], true, false),
        (b"\x03\x02\x06\x40", true, false),
        (b"\x03\x02\x03\xF8", true, false),
        (b"\x03\x02\x01\x06", false, true),
        (b"\x03\x02\x01\x86", true, true),
        (b"\x03\x03\x07\x20\x80", false, false),
    ] {
        let extensions = read(&[authority(), extension(USAGE, CRITICAL, usage)]).unwrap();
        assert_eq!(
            (extensions.may_sign(), extensions.may_issue(0)),
            (signs, issues),
            "{usage:02X?}"
        );
    }
}

#[test]
fn what_must_be_understood_is_told() {
    assert!(
        !read(&[extension(OTHER, CRITICAL, b"\x30\x00")])
            .unwrap()
            .is_understood()
    );
    assert!(read(&[extension(OTHER, b"", b"\x30\x00")]).unwrap().is_understood());
    assert!(read(&[]).unwrap().is_understood());
}

#[test]
fn what_is_malformed_or_there_twice_is_none() {
    let constraints = extension(CONSTRAINTS, CRITICAL, b"\x30\x03\x01\x01\xFF");
    assert!(read(&[constraints.clone(), constraints]).is_none());
    for value in [
        &b""[..],
        b"\x30",
        b"\x31\x00",
        b"\x30\x00\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x02\x01\x00",
        b"\x30\x04\x01\x02\xFF\xFF",
        b"\x30\x06\x01\x01\xFF\x02\x01\xFF",
        b"\x30\x07\x01\x01\xFF\x02\x02\x01\x00",
        b"\x30\x05\x01\x01\xFF\x02\x00",
        b"\x30\x06\x01\x01\xFF\x01\x01\xFF",
    ] {
        assert!(
            read(&[extension(CONSTRAINTS, CRITICAL, value)]).is_none(),
            "{value:02X?}"
        );
    }
    for value in [
        &b""[..],
        b"\x03\x00",
        b"\x03\x01\x00",
        b"\x03\x02\x08\x80",
        b"\x04\x02\x00\x80",
    ] {
        assert!(read(&[extension(USAGE, CRITICAL, value)]).is_none(), "{value:02X?}");
    }
    for malformed in [
        element(0x30, &[]),
        element(0x30, &[OTHER]),
        element(0x30, &[OTHER, b"\x05\x00"]),
        element(0x30, &[OTHER, b"\x01\x00", b"\x04\x00"]),
        element(0x30, &[OTHER, CRITICAL, CRITICAL, b"\x04\x00"]),
        element(0x30, &[b"\x0C\x01x", b"\x04\x00"]),
        element(0x31, &[OTHER, b"\x04\x00"]),
    ] {
        assert!(read(std::slice::from_ref(&malformed)).is_none(), "{malformed:02X?}");
    }
}
