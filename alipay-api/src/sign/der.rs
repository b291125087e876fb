//! Recognises what a piece of DER is by its outline.
//!
//! Everything that is given as a key is a SEQUENCE; the tags of its fields tell what it is.

use rsa::pkcs8::der::{
    Decode as _, Header, Reader as _, SliceReader, Tag,
    asn1::{AnyRef, ObjectIdentifier},
};

use super::{KeyAlgorithm, file::MAX_LEN, key_error::KeyErrorKind};

const RSA: ObjectIdentifier = rsa::pkcs1::ALGORITHM_OID;
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The curve of SM2.
#[cfg(feature = "sm2")]
pub(super) const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

/// A key without what was around it. Its numbers have not been checked.
pub(super) enum Key<'a> {
    /// PKCS#1.
    RsaPrivate(&'a [u8]),
    /// PKCS#1.
    RsaPublic(&'a [u8]),
    /// SEC 1.
    #[cfg(feature = "sm2")]
    Sm2Private(&'a [u8]),
    /// A point by SEC 1.
    #[cfg(feature = "sm2")]
    Sm2Public(&'a [u8]),
}

impl<'a> Key<'a> {
    fn private(algorithm: KeyAlgorithm, key: &'a [u8]) -> Self {
        match algorithm {
            KeyAlgorithm::Rsa => Self::RsaPrivate(key),
            #[cfg(feature = "sm2")]
            KeyAlgorithm::Sm2 => Self::Sm2Private(key),
        }
    }

    fn public(algorithm: KeyAlgorithm, key: &'a [u8]) -> Self {
        match algorithm {
            KeyAlgorithm::Rsa => Self::RsaPublic(key),
            #[cfg(feature = "sm2")]
            KeyAlgorithm::Sm2 => Self::Sm2Public(key),
        }
    }
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
        ([Tag::Integer, Tag::Integer], _) => Ok(Key::RsaPublic(der)),
        ([Tag::Integer, Tag::Integer, Tag::Integer, ..], _) => Ok(Key::RsaPrivate(der)),
        // SubjectPublicKeyInfo: a BIT STRING's first byte counts the bits that its last byte lacks.
        ([Tag::Sequence, Tag::BitString], [identifier, key]) => match (algorithm(identifier)?, key.value()) {
            (algorithm, [0, key @ ..]) => Ok(Key::public(algorithm, key)),
            _ => Err(KeyErrorKind::Unrecognised),
        },
        // PKCS#8, which may go on with attributes and with the public key.
        ([Tag::Integer, Tag::Sequence, Tag::OctetString, ..], [_, identifier, key, ..]) => {
            Ok(Key::private(algorithm(identifier)?, key.value()))
        }
        // SEC 1: an elliptic-curve private key outside PKCS#8, its curve in an optional [0].
        ([Tag::Integer, Tag::OctetString, ..], [_, _, rest @ ..]) => match rest.first().and_then(curve) {
            #[cfg(feature = "sm2")]
            Some(SM2) => Ok(Key::Sm2Private(der)),
            curve => Err(other(curve)),
        },
        ([Tag::Sequence, Tag::OctetString], _) => Err(KeyErrorKind::Encrypted),
        ([Tag::Sequence, Tag::Sequence, Tag::BitString], [signed, ..]) => Err(certificate_or_request(signed)),
        ([Tag::Integer, Tag::Sequence] | [Tag::Integer, Tag::Sequence, Tag::Sequence], _) => {
            Err(KeyErrorKind::Keystore)
        }
        _ => Err(KeyErrorKind::Unrecognised),
    }
}

/// The content of the SEQUENCE, which must be all of the DER.
pub(super) fn sequence(der: &[u8]) -> Result<&[u8], KeyErrorKind> {
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

pub(super) fn fields(sequence: &[u8]) -> Result<Vec<AnyRef<'_>>, KeyErrorKind> {
    let mut reader = SliceReader::new(sequence).map_err(unrecognised)?;
    let mut fields = Vec::new();
    while !reader.is_finished() {
        fields.push(AnyRef::decode(&mut reader).map_err(unrecognised)?);
    }
    Ok(fields)
}

pub(super) fn tag(field: &AnyRef<'_>) -> Tag {
    field.header().tag()
}

/// Reads an `AlgorithmIdentifier`. RSA's parameters do not matter: some writers leave the NULL out.
fn algorithm(identifier: &AnyRef<'_>) -> Result<KeyAlgorithm, KeyErrorKind> {
    let parts = fields(identifier.value())?;
    let oid: ObjectIdentifier = parts
        .first()
        .ok_or(KeyErrorKind::Unrecognised)?
        .decode_as()
        .map_err(unrecognised)?;
    match oid {
        RSA => Ok(KeyAlgorithm::Rsa),
        ELLIPTIC_CURVE => match parts.get(1).and_then(|curve| curve.decode_as().ok()) {
            #[cfg(feature = "sm2")]
            Some(SM2) => Ok(KeyAlgorithm::Sm2),
            // The curve's identifier says more than that of all elliptic curves.
            curve => Err(other(curve)),
        },
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

pub(super) fn unrecognised(_: rsa::pkcs8::der::Error) -> KeyErrorKind {
    KeyErrorKind::Unrecognised
}
