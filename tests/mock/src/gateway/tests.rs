use std::collections::BTreeMap;
use std::fmt::Write as _;

use alipay_codegen::ir::{Field, Placement};

use super::*;
use crate::Mock;
use crate::certificates::Certificates;
use crate::example::tests::asked;
use crate::keys::SignType;
use crate::protocol::json;
use crate::protocol::v2::answer::root;

mod v3;

/// Where one part of a multipart body ends and the next begins.
const BOUNDARY: &str = "alipay-mock-boundary";

/// The body of a signed request with every field of its method, and the body's content type.
fn body(mock: &Mock, described: Described<'_>) -> (String, String) {
    let mut fields = asked(described);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let serial = |of: fn(&Certificates) -> &str| mock.core.certificate(of);
    let mut parameters: BTreeMap<String, String> = [
        ("app_id", mock.app_id().to_owned()),
        ("method", described.method.name.clone()),
        ("charset", "utf-8".to_owned()),
        ("sign_type", "RSA2".to_owned()),
        ("timestamp", "2026-03-20 12:00:00".to_owned()),
        ("version", "1.0".to_owned()),
        ("app_cert_sn", serial(Certificates::app_cert_sn)),
        ("alipay_root_cert_sn", serial(Certificates::root_cert_sn)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut files = Vec::new();
    for field in &described.method.request.fields {
        match field.placement {
            Placement::Business => {}
            Placement::TopLevel => {
                let value = fields.remove(&field.name).unwrap();
                parameters.insert(field.name.clone(), text(&value));
            }
            Placement::File => {
                fields.remove(&field.name);
                files.push(field);
            }
        }
    }
    parameters.insert("biz_content".to_owned(), Value::from(fields).to_string());
    let signed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = mock.app_key_pair().unwrap();
    let sign = key.sign(SignType::Rsa2, signed.join("&").as_bytes()).unwrap();
    parameters.insert("sign".to_owned(), sign);
    if files.is_empty() {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .finish();
        return ("application/x-www-form-urlencoded".to_owned(), form);
    }
    let parameters = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    multipart(parameters, &files)
}

/// A form of texts, and of files for these fields; and its content type.
fn multipart<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>, files: &[&Field]) -> (String, String) {
    let mut body = String::new();
    let mut part = |disposition: &str, content: &str| {
        let disposition = format!("Content-Disposition: form-data; name={disposition}");
        write!(body, "--{BOUNDARY}\r\n{disposition}\r\n\r\n{content}\r\n").unwrap();
    };
    for (name, value) in texts {
        part(&format!("\"{name}\""), value);
    }
    for file in files {
        let (name, extension) = (&file.name, file.extensions.first().map_or("png", String::as_str));
        let size = usize::try_from(file.min_size.unwrap_or(1)).unwrap();
        part(
            &format!("\"{name}\"; filename=\"{name}.{extension}\""),
            &"x".repeat(size),
        );
    }
    write!(body, "--{BOUNDARY}--\r\n").unwrap();
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

#[tokio::test]
async fn every_method_is_answered_over_http() {
    let mock = Mock::builder().certificates().start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let alipay = mock.alipay_key_pair().public_key();
    let mut counts = BTreeMap::<&str, u32>::new();
    let mut count = |what| *counts.entry(what).or_default() += 1;
    let mut flaws = Vec::new();
    let names = mock.core.specs.methods();
    for &name in &names {
        let described = mock.core.specs.method(name).unwrap();
        let (content_type, body) = body(&mock, described);
        let request = http
            .post(mock.gateway_url())
            .header("content-type", content_type)
            .body(body);
        let response = request.send().await.unwrap();
        let source = response.headers().get("alipay-mock-answer").cloned();
        let is_played = behaviour(name).is_some();
        assert_eq!(source.is_none(), is_played, "{name}");
        assert!(source.is_none_or(|source| source == "not-played"), "{name}");
        assert_eq!(mock.not_played_of(name), u64::from(!is_played), "{name}");
        let text = response.text().await.unwrap();
        // The order string of what a phone app may hand over too is answered as a program is.
        if described.method.kind.is_page() && !described.method.kind.is_app() {
            assert!(
                is_played || text.contains(&format!("<dd id=\"method\">{name}</dd>")),
                "{text}"
            );
            count("pages");
            continue;
        }
        let node = text.strip_prefix(&format!("{{\"{}\":", root(name)));
        let parts = node.and_then(|node| node.rsplit_once(",\"alipay_cert_sn\":\""));
        let Some((node, rest)) = parts else {
            // What a method without a `code` is refused with has another root.
            assert!(is_played && text.starts_with("{\"error_response\":"), "{name}: {text}");
            count("played");
            continue;
        };
        let sign = rest.split('"').nth(4).unwrap();
        assert!(alipay.verify(SignType::Rsa2, node.as_bytes(), sign), "{name}: {text}");
        let mut fields = json::object(node).unwrap();
        if is_played {
            count("played");
            continue;
        }
        if described.method.kind.is_app() {
            assert!(fields.remove("app_id").is_some(), "{name}: {text}");
        }
        let code = fields.get("code").and_then(Value::as_str);
        if !described.method.without_code && code != Some(&*example::success_code(described.method)) {
            flaws.push(format!("{name}: {text}"));
            continue;
        }
        fields.retain(|member, _| {
            let is_own = described
                .method
                .response
                .fields
                .iter()
                .any(|field| field.name == *member);
            is_own || !matches!(member.as_str(), "code" | "msg")
        });
        if let Err(problem) = validate::response(described, &fields) {
            flaws.push(format!("{name}: {problem:?}"));
        }
        count("not played");
    }
    assert!(flaws.is_empty(), "{}:\n{}", flaws.len(), flaws.join("\n"));
    let total: u32 = counts.values().sum();
    assert!(total as usize == names.len() && names.len() >= 950, "{counts:?}");
}
