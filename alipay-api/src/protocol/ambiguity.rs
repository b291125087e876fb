//! Finds values that could be read as other parameters in the text that Alipay signs.
//!
//! Alipay signs the parameters in the order of their names, joined by `&` and `=`, and escapes neither. So a signed text can be parsed in
//! several ways: a value may contain the parameters after it, and a value that contains `&trade_no=5` may be sent again as two
//! parameters. With one genuine notification, an attacker could send others with different values.
//!
//! Therefore a reading of the text is refused if a value contains `&NAME=` and `NAME`
//!
//! 1. is a parameter that identifies orders, money or apps, or is a parameter of the reading, at any position; or
//! 2. could follow the value in the order of the names, before the next parameter of the first kind.
//!
//! `biz_content` of messages is JSON, and its URLs may contain anything. JSON shows where it ends, so it is not searched, but it has to be
//! complete.
//!
//! # Why no text has two accepted readings
//! Take the first parameter, `H`, that differs between two readings of one text. In one of them, the value of `H` is longer and contains
//! `&N=`, where the other has a parameter `N` next. `H` is not `biz_content` as JSON, because only one length of it is complete. By the
//! second rule, the longer reading has a parameter `J` of the first kind between `H` and `N`. In the other reading, all names after `H`
//! come after `J`, so `&J=` is inside a value. By the first rule, that reading is refused, unless the value is the JSON of
//! `biz_content`. In that case `&biz_content=` comes before `&J=` in the text, and `J` before `biz_content` in the order of the names, so the
//! longer reading has `&biz_content=` inside a value, and is refused by the first rule.
//!
//! A notification can be refused because of a subject or a remark, or an optional parameter can be cut out of it. So a request whose
//! notification would contain such a value is not sent.

use std::fmt;

use crate::{error::Sanitized, generated::notification::RETURNED};

/// The parameters that identify orders, money and apps, and those of most notifications. An honest value contains none of them as `&NAME=`.
/// In byte order.
const TOLD_BY: &[&str] = &[
    "alipay_cert_sn",
    "app_id",
    "auth_app_id",
    CONTENT,
    "buyer_id",
    "buyer_logon_id",
    "buyer_open_id",
    "buyer_pay_amount",
    "charset",
    "gmt_create",
    "gmt_payment",
    "gmt_refund",
    "invoice_amount",
    "msg_method",
    "notify_id",
    "notify_time",
    "notify_type",
    "out_biz_no",
    "out_trade_no",
    "point_amount",
    "receipt_amount",
    "refund_fee",
    "seller_id",
    "sign_type",
    "total_amount",
    "trade_no",
    "trade_status",
    "utc_timestamp",
    "version",
];

/// Those that are in every notification that has such a parameter and is sent to a `notify_url`. `buyer_open_id` represents itself or `buyer_id`, which
/// comes before it.
const ALWAYS_THERE: &[&str] = &[
    "buyer_open_id",
    "charset",
    "notify_id",
    "notify_time",
    "notify_type",
    "out_trade_no",
    "seller_id",
    "total_amount",
    "trade_no",
    "trade_status",
    "version",
];

/// What a message says, as JSON.
const CONTENT: &str = "biz_content";

/// The field of a request that also comes back as a parameter of another name: a refund's number.
const ALSO_RETURNED_AS: (&str, &str) = ("out_request_no", "out_biz_no");

/// Why the end of a value is ambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity<'a> {
    /// The value of `holder` contains `&hidden=`.
    Hidden { holder: &'a str, hidden: &'a str },
    /// `biz_content` begins like JSON and is not complete.
    CutContent,
}

impl fmt::Display for Ambiguity<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden { holder, hidden } => write!(
                formatter,
                "parameter `{}` holds `&{}=`: the signed text does not show where that value ends",
                Sanitized(holder),
                Sanitized(hidden)
            ),
            Self::CutContent => write!(
                formatter,
                "parameter `{CONTENT}` begins like JSON, but is not one whole JSON text"
            ),
        }
    }
}

/// The first ambiguity of parameters, which are in the byte order of their names, as they were signed.
pub(crate) fn of_parameters<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Option<Ambiguity<'a>> {
    let all = parameters.clone();
    let mut rest = parameters;
    while let Some((holder, value)) = rest.next() {
        if holder == CONTENT && value.trim_start().starts_with(['{', '[']) {
            if !is_whole_json(value) {
                return Some(Ambiguity::CutContent);
            }
            continue;
        }
        if !value.contains('&') {
            continue;
        }
        let mut behind = rest.clone().map(|(name, _)| name);
        let is_present = |name: &str| all.clone().any(|(present, _)| present == name);
        if let Some(hidden) = hidden_in(holder, value, is_present, behind.find(|name| has(TOLD_BY, name))) {
            return Some(Ambiguity::Hidden { holder, hidden });
        }
    }
    None
}

/// The `NAME` in `&NAME=` that would make the notification ambiguous if a request had this text in this field.
pub(crate) fn of_request<'a>(field: &str, text: &'a str) -> Option<&'a str> {
    if !text.contains('&') {
        return None;
    }
    let holders = [Some(field), (field == ALSO_RETURNED_AS.0).then_some(ALSO_RETURNED_AS.1)];
    holders.into_iter().flatten().find_map(|holder| {
        let mut comes_back = RETURNED.iter().filter(|names| has(names, holder));
        comes_back.find_map(|names| {
            let mut always_there = ALWAYS_THERE.iter().copied().filter(|name| has(names, name));
            let barrier = always_there.find(|name| *name > holder);
            hidden_in(holder, text, |name| has(names, name), barrier)
        })
    })
}

/// The first parameter that may begin inside a value. `barrier` is the next one after the value that can't be hidden.
fn hidden_in<'a>(
    holder: &str,
    value: &'a str,
    is_present: impl Fn(&str) -> bool,
    barrier: Option<&str>,
) -> Option<&'a str> {
    let mut parts = value.split('&');
    // The first part has no `&` before it.
    parts.next();
    let could_stand_there = |name: &str| name > holder && barrier.is_none_or(|barrier| name < barrier);
    parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| is_name(name.as_bytes()))
        .find(|name| has(TOLD_BY, name) || could_stand_there(name) || is_present(name))
}

fn has(sorted: &[&str], name: &str) -> bool {
    sorted.binary_search(&name).is_ok()
}

/// Whether it can be a parameter's name. A name must not contain the `=` and `&` that join parameters in the signed text.
pub(crate) fn is_name(name: &[u8]) -> bool {
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    !name.is_empty() && name.iter().all(is_in_word)
}

/// Whether the outermost bracket closes at the end, and not before. The content need not be valid.
fn is_whole_json(text: &str) -> bool {
    let text = text.trim_ascii();
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reading = Vec<(String, String)>;

    /// All readings of a signed text whose names are in order.
    fn readings(text: &str) -> Vec<Reading> {
        let mut readings: Vec<Reading> = Vec::new();
        for (index, part) in text.split('&').enumerate() {
            let parameter = part.split_once('=').filter(|(name, _)| is_name(name.as_bytes()));
            if index == 0 {
                let (name, value) = parameter.unwrap();
                readings.push(vec![(name.to_owned(), value.to_owned())]);
                continue;
            }
            let mut next = Vec::new();
            for mut reading in readings {
                let last = reading.last().unwrap().0.as_str();
                if let Some((name, own)) = parameter.filter(|(name, _)| *name > last) {
                    let mut split = reading.clone();
                    split.push((name.to_owned(), own.to_owned()));
                    next.push(split);
                }
                let (_, value) = reading.last_mut().unwrap();
                value.push('&');
                value.push_str(part);
                next.push(reading);
            }
            readings = next;
        }
        readings
    }

    fn of(reading: &Reading) -> Option<Ambiguity<'_>> {
        of_parameters(reading.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The next pseudo-random number, the same in every run.
    fn below(state: &mut u64, limit: usize) -> usize {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).unwrap() % limit
    }

    #[test]
    fn no_signed_text_has_two_readings_that_are_taken() {
        const NAMES: [&str; 18] = [
            "a",
            "app_id",
            "b",
            "biz_content",
            "body",
            "buyer_id",
            "c",
            "charset",
            "d",
            "gmt_close",
            "n",
            "notify_id",
            "q",
            "send_pay_date",
            "subject",
            "total_amount",
            "version",
            "z",
        ];
        const VALUES: [&str; 8] = ["", "1", "x=1", "?u=1", r#"{"u":"1"#, r#"{"u":"#, r#"2"}"#, "{}"];
        let mut state = 7;
        let mut taken = [0; 2];
        for _ in 0..20_000 {
            let length = 2 + below(&mut state, 7);
            let parts: Vec<_> = (0..length)
                .map(|_| {
                    let (name, value) = (below(&mut state, NAMES.len()), below(&mut state, VALUES.len()));
                    format!("{}={}", NAMES[name], VALUES[value])
                })
                .collect();
            let text = parts.join("&");
            let readings = readings(&text);
            let accepted: Vec<_> = readings.iter().filter(|reading| of(reading).is_none()).collect();
            assert!(accepted.len() < 2, "{text}: {accepted:#?}");
            taken[accepted.len()] += 1;
        }
        assert!(taken[0] > 1000 && taken[1] > 1000, "{taken:?}");
    }

    #[test]
    fn what_a_sorted_name_could_not_begin_is_taken() {
        let reading = |pairs: &[(&str, &str)]| -> Reading {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let order = |body: &str, subject: &str| {
            reading(&[
                ("app_id", "1"),
                ("body", body),
                ("buyer_id", "2"),
                ("charset", "utf-8"),
                ("out_trade_no", "3"),
                ("subject", subject),
                ("total_amount", "0.01"),
                ("version", "1.0"),
            ])
        };
        for (body, subject) in [
            ("a=1&b=2&c=3&status=4", "A&B"),
            ("", "https://example.com/?a=1&b=2&utm=3&z=4"),
            ("&body", "&body=1"),
        ] {
            let order = order(body, subject);
            let found = of(&order);
            assert_eq!(found.is_none(), subject != "&body=1", "{order:?}: {found:?}");
        }
        for (body, subject, holder, hidden) in [
            ("x&buyer_charge_amt=1", "", "body", "buyer_charge_amt"),
            ("", "x&t=1", "subject", "t"),
            ("", "x&trade_no=1", "subject", "trade_no"),
            ("x&gmt_refund=1", "", "body", "gmt_refund"),
        ] {
            assert_eq!(of(&order(body, subject)), Some(Ambiguity::Hidden { holder, hidden }));
        }
        let message = |content: &str| {
            reading(&[
                ("app_id", "1"),
                ("biz_content", content),
                ("charset", "utf-8"),
                ("version", "1.1"),
            ])
        };
        let url = r#"{"u":"https://example.com/?a=1&charset=utf-8&version=2&app_id=3\\\"}&cat=}"}"#;
        assert_eq!(of(&message(url)), None);
        for cut in [
            &url[..url.len() - 1],
            &format!("{url}&cat=1"),
            &url[..url.len() - 8],
            "{}{}",
        ] {
            assert_eq!(of(&message(cut)), Some(Ambiguity::CutContent), "{cut}");
        }
        assert!(matches!(
            of(&message("x&charge=1")),
            Some(Ambiguity::Hidden { hidden: "charge", .. })
        ));
    }

    #[test]
    fn what_may_be_sent_is_taken_when_it_comes_back() {
        const PARTS: [&str; 16] = [
            "a=1",
            "body=1",
            "bu=1",
            "c=2",
            "charset",
            "gmt_refund=1",
            "pid=1",
            "q=1",
            "sku=",
            "t=1",
            "trade_no=5",
            "uid=1",
            "voucher_detail_list=",
            "x",
            "z=1",
            "",
        ];
        // What comes back in payments, agreements and pre-authorisations.
        const FIELDS: [&str; 6] = [
            "body",
            "external_agreement_no",
            "out_order_no",
            "out_request_no",
            "passback_params",
            "subject",
        ];
        let mut state = 11;
        let (mut sent, mut refused) = (0, 0);
        for _ in 0..40_000 {
            let field = FIELDS[below(&mut state, FIELDS.len())];
            let holding: Vec<_> = RETURNED.iter().filter(|names| has(names, field)).collect();
            let notification = holding[below(&mut state, holding.len())];
            let count = 1 + below(&mut state, 4);
            let parts: Vec<_> = (0..count).map(|_| PARTS[below(&mut state, PARTS.len())]).collect();
            let text = parts.join("&");
            if of_request(field, &text).is_some() {
                refused += 1;
                continue;
            }
            sent += 1;
            let buyer = ["buyer_id", "buyer_open_id"][below(&mut state, 2)];
            let mut names = [ALWAYS_THERE, &["app_id", "auth_app_id", field]].concat();
            names.retain(|name| *name != "buyer_open_id");
            names.push(buyer);
            names.extend(notification.iter().filter(|_| below(&mut state, 3) == 0));
            names.retain(|name| has(notification, name));
            names.sort_unstable();
            names.dedup();
            let value = |name: &str| if name == field { text.clone() } else { "1".to_owned() };
            let reading: Reading = names.iter().map(|name| ((*name).to_owned(), value(name))).collect();
            assert_eq!(of(&reading), None, "{field}={text}");
        }
        assert!(sent > 1000 && refused > 1000, "{sent} {refused}");
    }

    #[test]
    fn only_what_comes_back_is_checked_and_by_the_notification_that_has_it() {
        for (field, text, hidden) in [
            // In the notification of a freeze, hardly anything that is always there stands behind.
            ("out_request_no", "R&p=1", Some("p")),
            // In that of a refund it is `out_biz_no`.
            ("out_request_no", "R&out_no=1", Some("out_no")),
            ("out_order_no", "A&payee_user_id=1", Some("payee_user_id")),
            ("external_agreement_no", "E&sign_scene=1", Some("sign_scene")),
            ("external_agreement_no", "E&a=1", None),
            ("subject", "A&b=1", None),
            // These come in notifications of what others did.
            ("name", "A&title=1", None),
            ("title", "A&to=1", None),
            ("biz_content", "A&charset=1", None),
        ] {
            assert_eq!(of_request(field, text), hidden, "{field}={text}");
        }
    }

    #[test]
    fn the_names_are_in_order() {
        for names in RETURNED.iter().chain([&TOLD_BY, &ALWAYS_THERE]) {
            assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
        }
        assert!(ALWAYS_THERE.iter().all(|name| has(TOLD_BY, name)));
    }
}
