//! Which values of a request must not come back in an error.

use serde_json::Value;

use crate::redact::Redactor;

/// Parameters that are secrets whatever the method.
const TOKENS: &[&str] = &["app_auth_token", "auth_token", "sign"];
/// Addresses of the merchant's: behind the `?` may stand a key of its own.
const ADDRESSES: &[&str] = &["notify_url", "return_url"];
/// Parameters that say nothing about anyone. Whatever else a call by name carries may be a secret.
const PUBLIC: &[&str] = &[
    "alipay_root_cert_sn",
    "app_cert_sn",
    "app_id",
    "charset",
    "encrypt_type",
    "format",
    "method",
    "sign_type",
    "timestamp",
    "version",
];

/// Finds the secrets of a request in what is said of it. `secret` are the names of the method's own, at any depth; `None` for a method
/// of which nothing is known: all that it carries may be one then.
pub(super) fn of<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>, secret: Option<&[&str]>) -> Redactor {
    let mut found = Vec::new();
    for (name, value) in parameters {
        let is_secret = TOKENS.contains(&name) || secret.is_some_and(|names| names.contains(&name));
        if ADDRESSES.contains(&name) {
            found.extend(value.split_once('?').map(|(_, query)| query.to_owned()));
        } else if is_secret {
            found.push(value.to_owned());
        } else if !PUBLIC.contains(&name) {
            collect_text(value, secret, secret.is_none(), &mut found);
        }
    }
    Redactor::new(found.iter().map(String::as_str))
}

/// A text that may be JSON.
fn collect_text(text: &str, secret: Option<&[&str]>, is_secret: bool, found: &mut Vec<String>) {
    if is_secret {
        found.push(text.to_owned());
    }
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(text)
    {
        collect(&value, secret, is_secret, found);
    }
}

fn collect(value: &Value, secret: Option<&[&str]>, is_secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) => collect_text(text, secret, is_secret, found),
        Value::Number(number) if is_secret => found.push(number.to_string()),
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, is_secret, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let is_named = secret.is_some_and(|names| names.contains(&name.as_str()));
                collect(value, secret, is_secret || is_named, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &str = r#"{"subject":"two blue shoes","auth_code":"28763443825664394","buyer":{"cert_no":"362334768769238881"},"more":"{\"cert_no\":\"X1234567\"}"}"#;

    fn redacted(secret: Option<&[&str]>, text: &str) -> String {
        let parameters = [
            ("app_auth_token", "201509BBeff9351ad18743"),
            ("app_id", "2021000000000001"),
            ("biz_content", CONTENT),
            ("code", "4b203fe6c11548bcabd8da5bb087a83b"),
            ("notify_url", "https://shop.example/notify?key=hunter22"),
        ];
        of(parameters.into_iter(), secret)
            .redact(text)
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn what_the_method_names_is_hidden_at_any_depth() {
        let names = Some(&["auth_code", "cert_no"][..]);
        for secret in [
            "201509BBeff9351ad18743",
            "28763443825664394",
            "362334768769238881",
            "X1234567",
            "hunter22",
        ] {
            let text = format!("the value {secret} is bad");
            // A query is one secret, wherever it is quoted whole.
            let text = text.replace("hunter22", "https://shop.example/notify?key=hunter22");
            assert!(!redacted(names, &text).contains(secret), "{text}");
        }
        let text = "two blue shoes of 2021000000000001: https://shop.example/notify 4b203fe6c11548bcabd8da5bb087a83b";
        assert_eq!(redacted(names, text), text);
    }

    #[test]
    fn of_an_unknown_method_everything_is_hidden() {
        let text = format!("2021000000000001: {CONTENT}, two blue shoes, 4b203fe6c11548bcabd8da5bb087a83b");
        assert_eq!(redacted(None, &text), "2021000000000001: ***, ***, ***");
    }
}
