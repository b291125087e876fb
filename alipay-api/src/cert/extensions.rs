//! What a certificate may be used for.

use super::{
    element::Element,
    tag::{BIT_STRING, BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE},
};

/// 2.5.29.15
const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];

/// The extensions that matter for a chain of certificates. A certificate of version 1 has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extensions {
    constraints: Option<Constraints>,
    key_usage: Option<KeyUsage>,
    /// Whether another extension is critical: who does not understand it must not rely on the certificate.
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
    /// Reads `Extensions`; `None` if they are malformed.
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
                // Nothing says which of the two is valid.
                return None;
            }
        }
        Some(read)
    }

    /// Whether they say that the certificate is an authority's.
    pub(super) fn is_authority(&self) -> bool {
        self.constraints.is_some_and(|constraints| constraints.is_authority)
    }

    /// Whether the certificate may issue others, with this many authorities below it.
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

    /// Whether both extensions say that the certificate is for issuing others.
    pub(super) fn is_for_issuing(&self) -> bool {
        self.is_authority() && self.key_usage.is_some_and(|usage| usage.signs_certificates)
    }

    /// Whether one of the extensions says that the certificate is not for issuing others. Old roots have neither extension.
    pub(super) fn is_for_no_issuing(&self) -> bool {
        self.constraints.is_some_and(|constraints| !constraints.is_authority)
            || self.key_usage.is_some_and(|usage| !usage.signs_certificates)
    }

    /// Whether the certificate's key is for signing messages.
    pub(super) fn may_sign(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.signs)
    }

    /// Whether all critical extensions are understood.
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
                // A longer path needs a second octet, and no chain is that long.
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
        // The first octet is the number of unused bits, which are zero in DER.
        let [0..=7, bits, ..] = *usage.value else {
            return None;
        };
        Some(Self {
            signs: bits & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0,
            signs_certificates: bits & KEY_CERT_SIGN != 0,
        })
    }
}

/// A BOOLEAN: any octet but zero is true, although DER allows only one.
fn boolean(element: Element<'_>) -> Option<bool> {
    match (element.tag, element.value) {
        (BOOLEAN, [octet]) => Some(*octet != 0),
        _ => None,
    }
}
