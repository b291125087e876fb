//! Serial numbers, and Alipay's own serials, which are computed from them.

use md5::{Digest as _, Md5};

/// The standard allows 20 octets and Java any number. There is a limit because the time of the conversion grows with the square.
const MAX_OCTETS: usize = 128;

/// Alipay's serial: the MD5 of the issuer's name and the decimal serial number, in lowercase hexadecimal.
///
/// MD5 is broken, but the serial is only a name: nothing is trusted because of it.
pub(super) fn alipay(issuer: &str, serial: &str) -> String {
    let digest = Md5::new().chain_update(issuer).chain_update(serial).finalize();
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}

/// The contents of an INTEGER in decimal. They are two's complement, because some authorities leave out the zero before a high bit.
pub(super) fn decimal(integer: &[u8]) -> Option<String> {
    let (sign, magnitude) = match integer {
        [] => return None,
        _ if integer.len() > MAX_OCTETS => return None,
        [0x80..=0xFF, ..] => ("-", negated(integer)),
        _ => ("", integer.to_vec()),
    };
    // The least significant digit comes first.
    let mut digits = vec![0_u8];
    for octet in magnitude {
        let mut carry = u16::from(octet);
        for digit in &mut digits {
            carry += u16::from(*digit) * 256;
            *digit = low_digit(&mut carry);
        }
        while carry > 0 {
            digits.push(low_digit(&mut carry));
        }
    }
    let digits = digits.into_iter().rev().map(|digit| char::from(b'0' + digit));
    Some(sign.chars().chain(digits).collect())
}

/// Removes the last decimal digit of a number.
fn low_digit(number: &mut u16) -> u8 {
    let digit = *number % 10;
    *number /= 10;
    // The digit is less than 10.
    digit.to_le_bytes()[0]
}

fn negated(integer: &[u8]) -> Vec<u8> {
    let mut octets: Vec<u8> = integer.iter().map(|octet| !octet).collect();
    for octet in octets.iter_mut().rev() {
        let (sum, overflow) = octet.overflowing_add(1);
        *octet = sum;
        if !overflow {
            break;
        }
    }
    octets
}
