//! The DER of a signature: a SEQUENCE of the INTEGERs r and s.

use rsa::pkcs8::der::{self, Decode as _, Reader as _, SliceReader, asn1::UintRef};
use sm2::{FieldBytes, dsa::Signature};

/// Two numbers of 32 octets, each with a zero before its high bit, and three headers.
const MAX_LEN: usize = 72;
const SIZE: usize = 32;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

pub(super) fn encode(signature: &Signature) -> Vec<u8> {
    let mut body = Vec::with_capacity(MAX_LEN - 2);
    for number in [signature.r_bytes(), signature.s_bytes()] {
        // Neither is zero.
        let digits: &[u8] = &number;
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        let zero = digits.first().filter(|digit| **digit >= 0x80).map(|_| 0);
        body.push(INTEGER);
        body.push(length(digits.len() + usize::from(zero.is_some())));
        body.extend(zero);
        body.extend_from_slice(digits);
    }
    let mut der = vec![SEQUENCE, length(body.len())];
    der.append(&mut body);
    der
}

/// `None` unless it is DER to the last octet, with numbers from 1 to the order of the curve less 1.
pub(super) fn decode(der: &[u8]) -> Option<Signature> {
    if der.len() > MAX_LEN {
        return None;
    }
    let (r, s) = numbers(der).ok()?;
    Signature::from_scalars(r?, s?).ok()
}

fn numbers(der: &[u8]) -> der::Result<(Option<FieldBytes>, Option<FieldBytes>)> {
    let mut reader = SliceReader::new(der)?;
    let numbers = reader.sequence(|body| Ok::<_, der::Error>((UintRef::decode(body)?, UintRef::decode(body)?)))?;
    reader.finish()?;
    Ok((padded(numbers.0), padded(numbers.1)))
}

/// The number in 32 octets; `None` if it has more.
fn padded(number: UintRef<'_>) -> Option<FieldBytes> {
    let digits = number.as_bytes();
    let mut padded = FieldBytes::default();
    let start = SIZE.checked_sub(digits.len())?;
    padded.get_mut(start..)?.copy_from_slice(digits);
    Some(padded)
}

/// A length of one octet: all of a signature are.
fn length(octets: usize) -> u8 {
    octets.to_le_bytes()[0]
}
