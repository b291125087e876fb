//! Object identifiers, without the limits that the `der` crate has for them.

/// An OBJECT IDENTIFIER's contents with dots; `None` if they break off, or if a part has more than 128 bits.
pub(super) fn dotted(contents: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut part = Some(0_u128);
    for octet in contents {
        // Seven bits to an octet; the eighth says that there are more.
        part = Some(part.unwrap_or_default().checked_mul(128)? | u128::from(octet & 0x7F));
        if octet & 0x80 == 0 {
            parts.extend(part.take());
        }
    }
    let (&first, rest) = parts.split_first().filter(|_| part.is_none())?;
    // The first holds two parts, of which the former is 2 at most.
    let top = (first / 40).min(2);
    let parts = [top, first - 40 * top].into_iter().chain(rest.iter().copied());
    Some(parts.map(|part| part.to_string()).collect::<Vec<_>>().join("."))
}
