//! Percent-encoding of queries and forms.

use percent_encoding::percent_encode_byte;

/// Appends `name=value`, joined by `&` and percent-encoded once.
pub(crate) fn append_encoded<'a>(out: &mut String, parameters: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in parameters.enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        append_value(out, value);
    }
}

/// Encodes every character that is not unreserved in RFC 3986.
pub(super) fn append_value(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(place) = rest.bytes().position(|byte| !UNRESERVED[usize::from(byte)]) {
        let (plain, after) = rest.split_at(place);
        out.push_str(plain);
        let encoded = after.bytes().take_while(|byte| !UNRESERVED[usize::from(*byte)]);
        let mut length = 0;
        for byte in encoded {
            out.push_str(percent_encode_byte(byte));
            length += 1;
        }
        rest = &after[length..];
    }
    out.push_str(rest);
}

/// For each byte, whether it is a letter, a digit, or one of `-._~`.
const UNRESERVED: [bool; 256] = {
    let mut unreserved = [false; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        unreserved[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    unreserved
};
