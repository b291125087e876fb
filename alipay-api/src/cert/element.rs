//! The elements of DER, as far as certificates need them.
//!
//! The `der` crate knows types by their tags and refuses others, such as the `UniversalString` that a name may have.

/// A tag of one octet and its value.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// The value with its header.
    pub(super) encoded: &'a [u8],
}

impl<'a> Element<'a> {
    /// The only element of this DER; `None` if there is more.
    pub(super) fn only(der: &'a [u8]) -> Option<Self> {
        let (element, rest) = Self::split_first(der)?;
        rest.is_empty().then_some(element)
    }

    /// The elements inside this one, in their order; `None` if it has another tag.
    pub(super) fn children(self, tag: u8) -> Option<Vec<Self>> {
        if self.tag != tag {
            return None;
        }
        let mut children = Vec::new();
        let mut rest = self.value;
        while !rest.is_empty() {
            let (child, behind) = Self::split_first(rest)?;
            children.push(child);
            rest = behind;
        }
        Some(children)
    }

    fn split_first(der: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&tag, rest) = der.split_first()?;
        if tag & 0x1F == 0x1F {
            // A tag of several octets, which certificates don't have.
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(first), rest),
            // The number of octets of the length. More are only needed for lengths that are never read.
            0x81..=0x83 => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                (
                    octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)),
                    rest,
                )
            }
            _ => return None,
        };
        let (value, behind) = rest.split_at_checked(length)?;
        let (encoded, _) = der.split_at(der.len() - behind.len());
        Some((Self { tag, value, encoded }, behind))
    }
}
