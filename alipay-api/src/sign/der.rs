//! Recognises what a piece of DER is by its outline.
//!
//! Everything that is given as a key is a SEQUENCE; the tags of its fields tell what it is.

use rsa::pkcs8::der::{
    Decode as _, Header, Reader as _, SliceReader, Tag,
    asn1::{AnyRef, ObjectIdentifier},
};

use super::{file::MAX_LEN, key_error::KeyErrorKind};

const RSA: ObjectIdentifier = rsa::pkcs1::ALGORITHM_OID;
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// An RSA key: its PKCS#1 structure, without what was around it. Its numbers have not been checked.
pub(super) enum Key<'a> {
    Private(&'a [u8]),
    Public(&'a [u8]),
}

/// Finds the key in a piece of DER, or says what else it is.
pub(super) fn identify(der: &[u8]) -> Result<Key<'_>, KeyErrorKind> {
    if der.is_empty() {
        return Err(KeyErrorKind::Empty);
    }
    if der.len() > MAX_LEN {
        return Err(KeyErrorKind::TooLarge);
    }
    if der.starts_with(b"openssh-key-v1\0") {
        return Err(KeyErrorKind::OpenSsh);
    }
    if der.starts_with(&[0xFE, 0xED, 0xFE, 0xED]) {
        return Err(KeyErrorKind::Keystore);
    }
    let fields = fields(sequence(der)?)?;
    let tags: Vec<Tag> = fields.iter().map(tag).collect();
    match (tags.as_slice(), fields.as_slice()) {
        ([Tag::Integer, Tag::Integer], _) => Ok(Key::Public(der)),
        ([Tag::Integer, Tag::Integer, Tag::Integer, ..], _) => Ok(Key::Private(der)),
        // SubjectPublicKeyInfo: a BIT STRING's first byte counts the bits that its last byte lacks.
        ([Tag::Sequence, Tag::BitString], [algorithm, key]) => match (rsa_only(algorithm)?, key.value()) {
            ((), [0, pkcs1 @ ..]) => Ok(Key::Public(pkcs1)),
            _ => Err(KeyErrorKind::Unrecognised),
        },
        // PKCS#8, which may go on with attributes and with the public key.
        ([Tag::Integer, Tag::Sequence, Tag::OctetString, ..], [_, algorithm, key, ..]) => {
            rsa_only(algorithm)?;
            Ok(Key::Private(key.value()))
        }
        // SEC 1: an elliptic-curve private key outside PKCS#8, its curve in an optional [0].
        ([Tag::Integer, Tag::OctetString, ..], [_, _, rest @ ..]) => Err(other(rest.first().and_then(curve))),
        ([Tag::Sequence, Tag::OctetString], _) => Err(KeyErrorKind::Encrypted),
        ([Tag::Sequence, Tag::Sequence, Tag::BitString], [signed, ..]) => Err(certificate_or_request(signed)),
        ([Tag::Integer, Tag::Sequence] | [Tag::Integer, Tag::Sequence, Tag::Sequence], _) => {
            Err(KeyErrorKind::Keystore)
        }
        _ => Err(KeyErrorKind::Unrecognised),
    }
}

/// The content of the SEQUENCE, which must be all of the DER.
fn sequence(der: &[u8]) -> Result<&[u8], KeyErrorKind> {
    let mut reader = SliceReader::new(der).map_err(unrecognised)?;
    let header = Header::decode(&mut reader).map_err(unrecognised)?;
    if header.tag() != Tag::Sequence {
        return Err(KeyErrorKind::Unrecognised);
    }
    let (announced, present) = (header.length(), reader.remaining_len());
    if announced > present {
        return Err(KeyErrorKind::Truncated);
    }
    if announced < present {
        return Err(KeyErrorKind::TrailingData);
    }
    reader.read_slice(announced).map_err(unrecognised)
}

fn fields(sequence: &[u8]) -> Result<Vec<AnyRef<'_>>, KeyErrorKind> {
    let mut reader = SliceReader::new(sequence).map_err(unrecognised)?;
    let mut fields = Vec::new();
    while !reader.is_finished() {
        fields.push(AnyRef::decode(&mut reader).map_err(unrecognised)?);
    }
    Ok(fields)
}

fn tag(field: &AnyRef<'_>) -> Tag {
    field.header().tag()
}

/// Accepts an `AlgorithmIdentifier` of RSA. Its parameters do not matter: some writers leave the NULL out.
fn rsa_only(algorithm: &AnyRef<'_>) -> Result<(), KeyErrorKind> {
    let parts = fields(algorithm.value())?;
    let oid: ObjectIdentifier = parts
        .first()
        .ok_or(KeyErrorKind::Unrecognised)?
        .decode_as()
        .map_err(unrecognised)?;
    match oid {
        RSA => Ok(()),
        // The curve's identifier says more than that of all elliptic curves.
        ELLIPTIC_CURVE => Err(other(parts.get(1).and_then(|curve| curve.decode_as().ok()))),
        oid => Err(other(Some(oid))),
    }
}

/// The OID in a `[0]`.
fn curve(parameters: &AnyRef<'_>) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_der(parameters.value()).ok()
}

fn other(oid: Option<ObjectIdentifier>) -> KeyErrorKind {
    KeyErrorKind::Algorithm {
        oid: oid.unwrap_or(ELLIPTIC_CURVE).to_string(),
    }
}

/// Tells a request from a certificate by what is signed: version, subject and key, then attributes in `[0]`.
fn certificate_or_request(signed: &AnyRef<'_>) -> KeyErrorKind {
    let Ok(content) = fields(signed.value()) else {
        return KeyErrorKind::Unrecognised;
    };
    let tags: Vec<Tag> = content.iter().map(tag).collect();
    match tags.as_slice() {
        [Tag::Integer, Tag::Sequence, Tag::Sequence, rest @ ..] if !rest.contains(&Tag::Sequence) => {
            KeyErrorKind::CertificateRequest
        }
        _ => KeyErrorKind::Certificate,
    }
}

fn unrecognised(_: rsa::pkcs8::der::Error) -> KeyErrorKind {
    KeyErrorKind::Unrecognised
}
