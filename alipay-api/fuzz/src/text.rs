use std::{fmt::Display, str::FromStr};

use alipay_api::types::{Date, DateTime, Price};

/// An amount or a time that is read, written and read again is the same.
///
/// # Panics
/// If that is not so.
pub fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    is_read_again::<Price>(text);
    is_read_again::<DateTime>(text);
    is_read_again::<Date>(text);
}

fn is_read_again<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert!(
            value.to_string().parse::<T>().is_ok_and(|again| again == value),
            "{text:?}"
        );
    }
}
