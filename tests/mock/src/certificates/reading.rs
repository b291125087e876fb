//! Certificates that are read: whose they are, and how Alipay numbers them.

use std::fmt::Write as _;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};

use crate::keys::{PublicKey, SignType};

/// The OIDs of signatures with RSA begin so.
const RSA: &str = "1.2.840.113549.1.1.";
/// That of SM2 with SM3.
const SM2: &str = "1.2.156.10197.1.501";

/// What the gateway wants to know of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The serial that Alipay gives it: MD5 of issuer and number.
    pub(crate) sn: String,
    /// Its key, if that is one of RSA or SM2.
    pub(crate) key: Option<PublicKey>,
    /// When it ends.
    pub(crate) end: Timestamp,
    /// Which of the two has signed it.
    pub(crate) signed_with: Option<Algorithm>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
    sign_type: Option<SignType>,
}

/// What a certificate is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rsa,
    Sm2,
}

/// All certificates in a text that can be read, in its order.
pub(crate) fn read(text: &str) -> Vec<Reading> {
    Pem::iter_from_buffer(text.as_bytes())
        .filter_map(Result::ok)
        .filter(|pem| pem.label == "CERTIFICATE")
        .filter_map(|pem| Reading::of(&pem.contents))
        .collect()
}

/// The `alipay_root_cert_sn` of a bundle: the serials of those that are signed with the sign type's algorithm.
pub(crate) fn root_sn(bundle: &[Reading], sign_type: SignType) -> String {
    let algorithm = match sign_type {
        SignType::Rsa2 | SignType::Rsa => Algorithm::Rsa,
        SignType::Sm2 => Algorithm::Sm2,
    };
    let serials: Vec<_> = bundle
        .iter()
        .filter(|root| root.signed_with == Some(algorithm))
        .map(|root| root.sn.as_str())
        .collect();
    serials.join("_")
}

impl Reading {
    fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        let issuer = rfc2253(certificate.issuer());
        let digest = Md5::digest(format!("{issuer}{}", certificate.serial));
        let sn = digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Some(Self {
            sn,
            key: PublicKey::from_spki(certificate.public_key().raw),
            end: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
            signed_with: match &*algorithm {
                SM2 => Some(Algorithm::Sm2),
                oid => oid.starts_with(RSA).then_some(Algorithm::Rsa),
            },
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            signed: certificate.tbs_certificate.as_ref().to_vec(),
            signature: certificate.signature_value.data.to_vec(),
            sign_type: match algorithm.strip_prefix(RSA) {
                Some("5") => Some(SignType::Rsa),
                Some("11") => Some(SignType::Rsa2),
                None if algorithm == SM2 => Some(SignType::Sm2),
                _ => None,
            },
        })
    }

    /// Whether a chain leads from here to one of these roots, through certificates of `between`.
    pub(crate) fn comes_from(&self, roots: &[Self], between: &[Self]) -> bool {
        let mut at = self;
        // Each step takes another certificate, or there is a circle.
        for _ in 0..=between.len() {
            if roots.iter().any(|root| at.is_issued_by(root)) {
                return true;
            }
            match between.iter().find(|issuer| at.is_issued_by(issuer)) {
                Some(issuer) => at = issuer,
                None => return false,
            }
        }
        false
    }

    fn is_issued_by(&self, other: &Self) -> bool {
        let (Some(sign_type), Some(key)) = (self.sign_type, &other.key) else {
            return false;
        };
        self.issuer == other.subject && key.verify_bytes(sign_type, &self.signed, &self.signature)
    }
}

/// A name as RFC 2253 writes it: the last part first, no blanks.
fn rfc2253(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let written = parts.into_iter().rev().map(|part| {
        let attributes: Vec<_> = part
            .iter()
            .map(|attribute| {
                let oid = attribute.attr_type().to_id_string();
                if let (Some(name), Ok(value)) = (short_name(&oid), attribute.as_str()) {
                    return format!("{name}={}", escaped(value));
                }
                // The DER of the value: tag, length, content. Names are short, so the length is one byte.
                let value = attribute.attr_value();
                let length = u8::try_from(value.data.len()).unwrap_or(u8::MAX);
                let header = [u8::try_from(value.tag().0).unwrap_or_default(), length];
                let bytes = header.iter().chain(value.data);
                bytes.fold(format!("{oid}=#"), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                })
            })
            .collect();
        attributes.join("+")
    });
    written.collect::<Vec<_>>().join(",")
}

/// The names that RFC 2253 has.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, letter) in value.chars().enumerate() {
        let at_an_end = index == 0 || index == last;
        if ",=+<>#;\"\\".contains(letter) || (letter == ' ' && at_an_end) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
