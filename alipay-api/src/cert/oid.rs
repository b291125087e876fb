//! Object identifiers, without the limits that the `der` crate has for them.

/// The contents of an OBJECT IDENTIFIER in dotted form; `None` if they are cut short, or if a part has more than 128 bits.
pub(super) fn dotted(contents: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut part = Some(0_u128);
    for octet in contents {
        // An octet has seven bits; the eighth says that more octets follow.
        part = Some(part.unwrap_or_default().checked_mul(128)? | u128::from(octet & 0x7F));
        if octet & 0x80 == 0 {
            parts.extend(part.take());
        }
    }
    let (&first, rest) = parts.split_first().filter(|_| part.is_none())?;
    // The first number holds two parts; the first of them is 2 at most.
    let top = (first / 40).min(2);
    let parts = [top, first - 40 * top].into_iter().chain(rest.iter().copied());
    Some(parts.map(|part| part.to_string()).collect::<Vec<_>>().join("."))
}
