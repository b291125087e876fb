//! The parts of a certificate that are wanted, out of its DER.

use super::{
    element::Element,
    tag::{BOOLEAN, INTEGER, OBJECT_IDENTIFIER, SEQUENCE},
    time,
};
use crate::types::DateTime;

/// 1.2.840.113549.1.1, which the OIDs of all signatures with RSA begin with, PSS's too.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];

/// `[0]` and `[3]`.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;

/// A certificate as it lies in its DER.
#[derive(Clone, Copy)]
pub(super) struct Outline<'a> {
    /// Two's complement, big-endian.
    pub(super) serial: &'a [u8],
    pub(super) issuer: Element<'a>,
    pub(super) subject: Element<'a>,
    pub(super) not_before: DateTime,
    pub(super) not_after: DateTime,
    /// A `SubjectPublicKeyInfo`.
    pub(super) public_key: Element<'a>,
    pub(super) is_authority: bool,
    pub(super) is_signed_with_rsa: bool,
}

/// Takes a certificate apart; `None` if it isn't one.
pub(super) fn read(der: &[u8]) -> Option<Outline<'_>> {
    let [signed, algorithm, _signature] = *Element::only(der)?.children(SEQUENCE)? else {
        return None;
    };
    let fields = signed.children(SEQUENCE)?;
    // Version 1 is told by its absence.
    let fields = match &*fields {
        [version, rest @ ..] if version.tag == VERSION => rest,
        all => all,
    };
    let [serial, _, issuer, validity, subject, public_key, ref optional @ ..] = *fields else {
        return None;
    };
    let [not_before, not_after] = *validity.children(SEQUENCE)? else {
        return None;
    };
    let algorithm = *algorithm.children(SEQUENCE)?.first()?;
    if (serial.tag, public_key.tag, algorithm.tag) != (INTEGER, SEQUENCE, OBJECT_IDENTIFIER) {
        return None;
    }
    Some(Outline {
        serial: serial.value,
        issuer,
        subject,
        not_before: time::read(not_before)?,
        not_after: time::read(not_after)?,
        public_key,
        is_authority: is_authority(optional).unwrap_or(false),
        is_signed_with_rsa: algorithm.value.starts_with(RSA),
    })
}

/// What the basic constraints say, if there are any among the fields behind the key.
fn is_authority(optional: &[Element<'_>]) -> Option<bool> {
    let extensions = optional.iter().find(|field| field.tag == EXTENSIONS)?;
    let extensions = Element::only(extensions.value)?.children(SEQUENCE)?;
    let constraints = extensions.into_iter().find_map(|extension| {
        let parts = extension.children(SEQUENCE)?;
        // Between the two there may be whether it is critical.
        let (oid, constraints) = (parts.first()?, parts.last()?);
        (oid.value == BASIC_CONSTRAINTS).then_some(constraints.value)
    })?;
    let constraints = Element::only(constraints)?.children(SEQUENCE)?;
    let first = constraints.first()?;
    Some(first.tag == BOOLEAN && first.value != [0])
}
