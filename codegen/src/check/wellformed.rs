//! What names, codes and values look like.

/// `trade`, `user_agreement`. In a user's crate `trade_ext` is the function that gives the handle of `trade`.
pub(crate) fn product(name: &str) -> bool {
    !["notify", "gateway", "notification"].contains(&name) && !name.ends_with("_ext") && snake(name)
}

/// `out_trade_no`: a field or module in Rust.
pub(crate) fn snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `GoodsDetail`: a type or variant in Rust, and an official type's name.
pub(crate) fn camel(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `alipay.trade.pay`.
pub(crate) fn method(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.contains('.') && name.split('.').all(word)
}

/// `trade_status_sync`, `alipay.fund.trans.order.changed`.
pub(crate) fn notification(name: &str) -> bool {
    snake(name) || method(name)
}

/// A field on the wire: `out_trade_no`, `outTradeNo`.
pub(crate) fn field(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && name.bytes().any(|byte| byte != b'_')
}

/// `ACQ.SYSTEM_ERROR`, `isv.invalid-signature`, `40004`.
pub(crate) fn code(code: &str) -> bool {
    code.starts_with(|first: char| first.is_ascii_alphanumeric())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// A gateway code that can be an outcome: five digits, and not that of plain success.
pub(crate) fn gateway_code(code: &str) -> bool {
    code.len() == 5 && is_number(code) && code != "10000"
}

/// A method's own code of success: `200`. The gateway's have five digits.
pub(crate) fn own_code(code: &str) -> bool {
    (1..5).contains(&code.len()) && is_number(code)
}

fn is_number(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Cents, of an amount with at most two decimals: `88.80` is 8880.
pub(crate) fn price(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(cents) || cents.len() > 2 || whole.len() > 20 {
        return None;
    }
    let cents: i128 = format!("{cents:0<2}").parse().ok()?;
    Some(sign * (whole.parse::<i128>().ok()? * 100 + cents))
}

/// `2014-07-24`, a day of the calendar.
pub(crate) fn date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `2014-07-24 03:07:50`.
pub(crate) fn datetime(text: &str) -> bool {
    let Some((day, time)) = text.split_once(' ') else {
        return false;
    };
    let in_day = |[hour, minute, second]: [u32; 3]| hour < 24 && minute < 60 && second < 60;
    date(day) && numbers(time, ':', [2, 2, 2]).is_some_and(in_day)
}

fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u32; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_in_cents() {
        assert_eq!(price("88.8"), Some(8880));
        assert_eq!(price("0.01"), Some(1));
        assert_eq!(price("-1"), Some(-100));
        for wrong in ["", ".", "1.", ".5", "1.001", "1e3", "--1", "٣"] {
            assert_eq!(price(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert!(date("2024-02-29") && date("2000-02-29") && date("2014-07-24"));
        assert!(!date("2023-02-29") && !date("1900-02-29") && !date("2014-13-01") && !date("2014-7-24"));
        assert!(datetime("2014-07-24 03:07:50"));
        assert!(!datetime("2014-07-24 24:00:00") && !datetime("2014-07-24T03:07:50") && !datetime("2014-07-24"));
    }

    #[test]
    fn names_are_told_apart() {
        assert!(method("alipay.trade.pay") && !method("alipay") && !method("alipay..pay") && !method("Alipay.trade"));
        assert!(code("ACQ.SYSTEM_ERROR") && code("isv.invalid-signature") && !code("A B") && !code(""));
        assert!(field("outTradeNo") && !field("__") && !field("out-trade"));
    }
}
