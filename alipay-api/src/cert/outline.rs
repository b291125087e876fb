//! Reads the needed parts of a certificate from its DER.

use super::{
    element::Element,
    extensions::Extensions,
    tag::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE},
    time,
};
use crate::types::DateTime;

/// `[0]` and `[3]`.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;

/// The parts of a certificate, as slices of its DER.
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
    /// `None` if they can't be read.
    pub(super) extensions: Option<Extensions>,
    /// The signed bytes.
    pub(super) signed: &'a [u8],
    /// The OID of the signature's algorithm.
    pub(super) algorithm: &'a [u8],
    /// `None` if it is malformed.
    pub(super) signature: Option<&'a [u8]>,
}

/// The OIDs of a certificate's signature algorithm: the one in its signed part, and the one beside the signature.
///
/// Nothing else is read, so this also works for a certificate that can't be read otherwise.
pub(super) fn algorithms(der: &[u8]) -> Option<[&[u8]; 2]> {
    let [signed, algorithm, _] = *Element::only(der)?.children(SEQUENCE)? else {
        return None;
    };
    let fields = signed.children(SEQUENCE)?;
    let mut fields = fields.iter().skip_while(|field| field.tag == VERSION);
    let (serial, signed_algorithm) = (fields.next()?, fields.next()?);
    (serial.tag == INTEGER).then_some([oid(*signed_algorithm)?, oid(algorithm)?])
}

/// The OID of an `AlgorithmIdentifier`.
fn oid(algorithm: Element<'_>) -> Option<&[u8]> {
    let oid = *algorithm.children(SEQUENCE)?.first()?;
    (oid.tag == OBJECT_IDENTIFIER).then_some(oid.value)
}

/// Splits a certificate into its parts; `None` if the DER is not a certificate.
pub(super) fn read(der: &[u8]) -> Option<Outline<'_>> {
    let [signed, algorithm, signature] = *Element::only(der)?.children(SEQUENCE)? else {
        return None;
    };
    let fields = signed.children(SEQUENCE)?;
    // A certificate without a version has version 1.
    let fields = match &*fields {
        [version, rest @ ..] if version.tag == VERSION => rest,
        all => all,
    };
    let [
        serial,
        signed_algorithm,
        issuer,
        validity,
        subject,
        public_key,
        ref optional @ ..,
    ] = *fields
    else {
        return None;
    };
    let [not_before, not_after] = *validity.children(SEQUENCE)? else {
        return None;
    };
    // Only one of the two algorithms is signed, so they must be equal. The first octet of the signature is the number of unused bits.
    let signature = signature
        .value
        .strip_prefix(&[0])
        .filter(|_| signature.tag == BIT_STRING && algorithm.encoded == signed_algorithm.encoded);
    let algorithm = oid(algorithm)?;
    if (serial.tag, public_key.tag) != (INTEGER, SEQUENCE) {
        return None;
    }
    Some(Outline {
        serial: serial.value,
        issuer,
        subject,
        not_before: time::read(not_before)?,
        not_after: time::read(not_after)?,
        public_key,
        extensions: match optional.iter().find(|field| field.tag == EXTENSIONS) {
            Some(extensions) => Element::only(extensions.value).and_then(Extensions::read),
            None => Some(Extensions::default()),
        },
        signed: signed.encoded,
        algorithm,
        signature,
    })
}
