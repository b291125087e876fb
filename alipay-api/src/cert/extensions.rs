//! What a certificate may be used for.

use super::{
    element::Element,
    tag::{BIT_STRING, BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE},
};

/// 2.5.29.15
const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];

/// The extensions that count when one certificate vouches for another. A certificate of version 1 has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extensions {
    constraints: Option<Constraints>,
    key_usage: Option<KeyUsage>,
    /// Whether there is another that whoever relies on the certificate must understand.
    has_unknown_critical: bool,
}

#[derive(Clone, Copy, Debug)]
struct Constraints {
    is_authority: bool,
    /// How many authorities there may be below this one.
    path_length: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct KeyUsage {
    signs: bool,
    signs_certificates: bool,
}

impl Extensions {
    /// Reads `Extensions`; `None` if they aren't.
    pub(super) fn read(extensions: Element<'_>) -> Option<Self> {
        let mut read = Self::default();
        for extension in extensions.children(SEQUENCE)? {
            let (oid, critical, value) = match *extension.children(SEQUENCE)? {
                [oid, value] => (oid, false, value),
                [oid, critical, value] => (oid, boolean(critical)?, value),
                _ => return None,
            };
            if (oid.tag, value.tag) != (OBJECT_IDENTIFIER, OCTET_STRING) {
                return None;
            }
            let is_repeated = match oid.value {
                BASIC_CONSTRAINTS => read.constraints.replace(Constraints::read(value.value)?).is_some(),
                KEY_USAGE => read.key_usage.replace(KeyUsage::read(value.value)?).is_some(),
                _ => {
                    read.has_unknown_critical |= critical;
                    false
                }
            };
            if is_repeated {
                // Which of the two would count?
                return None;
            }
        }
        Some(read)
    }

    /// Whether it says that it is an authority's.
    pub(super) fn is_authority(&self) -> bool {
        self.constraints.is_some_and(|constraints| constraints.is_authority)
    }

    /// Whether it is for issuing certificates, with so many authorities below it.
    pub(super) fn may_issue(&self, authorities_below: usize) -> bool {
        let is_short_enough = |constraints: Constraints| {
            constraints
                .path_length
                .is_none_or(|path_length| authorities_below <= path_length)
        };
        self.is_authority()
            && self.constraints.is_some_and(is_short_enough)
            && self.key_usage.is_none_or(|usage| usage.signs_certificates)
    }

    /// Whether it says of itself, by both extensions, that it is for issuing certificates.
    pub(super) fn is_for_issuing(&self) -> bool {
        self.is_authority() && self.key_usage.is_some_and(|usage| usage.signs_certificates)
    }

    /// Whether it says of itself, by either extension, that it is not for issuing certificates. Old roots say neither.
    pub(super) fn is_for_no_issuing(&self) -> bool {
        self.constraints.is_some_and(|constraints| !constraints.is_authority)
            || self.key_usage.is_some_and(|usage| !usage.signs_certificates)
    }

    /// Whether it is for signing messages.
    pub(super) fn may_sign(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.signs)
    }

    /// Whether nothing in it has to be understood that isn't.
    pub(super) fn is_understood(&self) -> bool {
        !self.has_unknown_critical
    }
}

impl Constraints {
    fn read(der: &[u8]) -> Option<Self> {
        let (is_authority, path_length) = match *Element::only(der)?.children(SEQUENCE)? {
            [] => (false, None),
            [is_authority] => (boolean(is_authority)?, None),
            [is_authority, path_length] if path_length.tag == INTEGER => {
                // No chain is so long that a second octet would matter.
                let &[length @ 0..=0x7F] = path_length.value else {
                    return None;
                };
                (boolean(is_authority)?, Some(usize::from(length)))
            }
            _ => return None,
        };
        Some(Self {
            is_authority,
            path_length,
        })
    }
}

impl KeyUsage {
    fn read(der: &[u8]) -> Option<Self> {
        const DIGITAL_SIGNATURE: u8 = 0x80;
        const NON_REPUDIATION: u8 = 0x40;
        const KEY_CERT_SIGN: u8 = 0x04;

        let usage = Element::only(der).filter(|usage| usage.tag == BIT_STRING)?;
        // In front of the bits stands how many of them don't count; those are zero in DER.
        let [0..=7, bits, ..] = *usage.value else {
            return None;
        };
        Some(Self {
            signs: bits & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0,
            signs_certificates: bits & KEY_CERT_SIGN != 0,
        })
    }
}

/// A BOOLEAN: true for any octet but zero, though DER has only one.
fn boolean(element: Element<'_>) -> Option<bool> {
    match (element.tag, element.value) {
        (BOOLEAN, [octet]) => Some(*octet != 0),
        _ => None,
    }
}
