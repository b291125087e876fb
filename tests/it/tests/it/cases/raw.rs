//! Calls by name of `tests/cases/`: methods that have no spec.

use std::collections::BTreeMap;

use alipay_api::types::File;
use alipay_mock::{Mock, keys::SignType};
use serde_json::{Value, json};

use super::case;
use crate::{
    pages::as_a_browser_reads,
    support::{builder, server, start},
};

type Parameters = BTreeMap<String, String>;

fn parameters(form: &str) -> Parameters {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// Verifies the signature over the parameters as the gateway does, and takes it out.
#[track_caller]
fn verified(mock: &Mock, mut parameters: Parameters) -> Parameters {
    let sign = parameters.remove("sign").expect("a signature");
    let pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = mock.app_key_pair().expect("the app's keys").public_key();
    assert!(
        key.verify(SignType::Rsa2, pairs.join("&").as_bytes(), &sign),
        "the signature does not hold over {parameters:?}"
    );
    parameters
}

#[track_caller]
fn is_request(parameters: &Parameters, mock: &Mock, case: &Value) {
    assert_eq!(parameters["method"], case["method"]);
    assert_eq!(parameters["app_id"], mock.app_id());
    let content: Value = serde_json::from_str(&parameters["biz_content"]).unwrap();
    assert_eq!(content, case["content"]);
}

fn method(case: &Value) -> &str {
    case["method"].as_str().unwrap()
}

#[tokio::test]
async fn a_page_is_made_by_name() {
    let (mock, client) = start().await;
    let case = case("raw/page-method");
    assert_eq!(case["wanted"], "a URL or form");
    let page = |client: &alipay_api::Client| {
        let page = client.page_raw(method(&case), case["content"].clone());
        let page = page
            .return_url("https://shop.example/signed?x=1&y=2")
            .notify_url("https://shop.example/notify");
        page.parameter("ext_params", "a&b=c+d%20你好")
    };
    let url = page(&client).url().unwrap();
    let query = url
        .strip_prefix(&format!("{}?", mock.gateway_url()))
        .expect("the gateway's address");
    let sent = verified(&mock, parameters(query));
    is_request(&sent, &mock, &case);
    assert_eq!(sent["return_url"], "https://shop.example/signed?x=1&y=2");
    assert_eq!(sent["notify_url"], "https://shop.example/notify");
    assert_eq!(sent["ext_params"], "a&b=c+d%20你好");

    // A form, with a merchant's token, which no URL has.
    let merchant = client.on_behalf_of("201509BBeff9351ad18743");
    let error = page(&merchant).url().unwrap_err();
    assert_eq!(error.method(), Some(method(&case)));
    assert!(error.to_string().contains("app_auth_token"), "{error}");
    let (action, fields) = as_a_browser_reads(&page(&merchant).form().unwrap());
    let query = action
        .strip_prefix(&format!("{}?", mock.gateway_url()))
        .expect("the gateway's address");
    assert!(
        !query.contains("biz_content") && !query.contains("app_auth_token"),
        "{action}"
    );
    let mut all = parameters(query);
    all.extend(fields);
    let sent = verified(&mock, all);
    is_request(&sent, &mock, &case);
    assert_eq!(sent["app_auth_token"], "201509BBeff9351ad18743");
}

#[tokio::test]
async fn an_order_string_is_made_by_name() {
    let (mock, client) = start().await;
    let case = case("raw/app-method");
    assert_eq!(case["wanted"], "an order string");
    let app = client
        .app_raw(method(&case), case["content"].clone())
        .notify_url("https://shop.example/notify");
    let order_string = app.order_string().unwrap();
    // Each value is percent-encoded once, by the rules of a URI: no `+` for a blank.
    assert!(
        order_string.is_ascii() && !order_string.contains(['+', ' ', '?']),
        "{order_string}"
    );
    let sent = verified(&mock, parameters(&order_string));
    is_request(&sent, &mock, &case);
    assert_eq!(sent["notify_url"], "https://shop.example/notify");
}

/// The parts of a multipart form: what stands behind `form-data`, and the content.
fn parts<'a>(head: &str, body: &'a [u8]) -> Vec<(String, &'a [u8])> {
    let boundary = head.split_once("multipart/form-data; boundary=").expect("multipart").1;
    let delimiter = format!("--{}", boundary.lines().next().unwrap());
    let find = |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|window| window == wanted);
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(delimiter.as_bytes()).expect("a first part");
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, format!("\r\n{delimiter}").as_bytes()).expect("an end of the part");
        let start = find(part, b"\r\n\r\n").expect("an end of the headers");
        let headers = std::str::from_utf8(&part[..start]).unwrap();
        let disposition = headers.lines().next().unwrap();
        let disposition = disposition.strip_prefix("Content-Disposition: form-data; ").unwrap();
        parts.push((disposition.to_owned(), &part[start + 4..end]));
        rest = &part[end + 2 + delimiter.len()..];
    }
    assert_eq!(rest, b"--\r\n", "nothing stands behind the last part");
    parts
}

#[tokio::test]
async fn a_file_is_sent_by_name() {
    const CONTENT: &[u8] = b"\x89PNG\r\n\x1a\n--\r\n\xff\x00";

    let (mock, _) = start().await;
    let case = case("raw/file-method");
    assert_eq!(case["wanted"], "multipart/form-data");
    let (file, biz_code) = (&case["file"], case["parameters"]["biz_code"].as_str().unwrap());
    let (name, file_name) = (file["name"].as_str().unwrap(), file["file_name"].as_str().unwrap());
    let answered = r#"{"code":"10000","msg":"Success","file_id":"F1"}"#;
    let sign = mock
        .alipay_key_pair()
        .sign(SignType::Rsa2, answered.as_bytes())
        .unwrap();
    let answer = format!(r#"{{"alipay_open_file_upload_response":{answered},"sign":"{sign}"}}"#);
    let (address, mut received) = server(&[&answer], |head, body| (head, body)).await;
    let client = builder(&mock).gateway(format!("{address}/gateway.do")).build().unwrap();
    let upload = || {
        client
            .call_raw(method(&case), Value::Null)
            .parameter("biz_code", biz_code)
    };
    let file = || File::new(file_name, CONTENT);
    let answer = upload().file(name, file()).await.unwrap();
    assert_eq!(answer.get::<String>("file_id").unwrap().as_deref(), Some("F1"));

    let (head, body) = received.recv().await.unwrap();
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("POST /gateway.do?").expect("a POST");
    let mut all = parameters(target.split_once(' ').unwrap().0);
    assert!(all.contains_key("method") && all.contains_key("charset") && !all.contains_key("biz_code"));
    let mut files = Vec::new();
    for (disposition, content) in parts(&head, &body) {
        let name = disposition.strip_prefix("name=\"").unwrap();
        if disposition.contains("filename") {
            files.push((disposition, content));
        } else {
            all.insert(
                name.strip_suffix('"').unwrap().to_owned(),
                String::from_utf8(content.to_vec()).unwrap(),
            );
        }
    }
    assert_eq!(files, [(format!(r#"name="{name}"; filename="{file_name}""#), CONTENT)]);
    // The file is not signed, and there is no content where none was given.
    let sent = verified(&mock, all);
    assert_eq!((&*sent["method"], &*sent["biz_code"]), (method(&case), biz_code));
    assert!(!sent.contains_key("biz_content") && !sent.contains_key(name));

    // Content goes along.
    upload_with_content(&mock, &client, method(&case), &mut received).await;

    // Which of two of the same name would count?
    for twice in [
        upload().file(name, file()).file(name, file()),
        upload().file("biz_code", file()),
        upload().file("app_id", file()),
    ] {
        let error = twice.await.unwrap_err();
        assert_eq!(error.kind(), alipay_api::ErrorKind::Request);
        assert!(error.to_string().contains("is given twice"), "{error}");
    }
    for unusable in ["", "sign", "a\"b"] {
        let error = upload().file(unusable, file()).await.unwrap_err();
        assert!(
            error.to_string().contains("can't be the name of a parameter"),
            "{error}"
        );
    }
    assert!(received.try_recv().is_err(), "nothing more was sent");
}

async fn upload_with_content(
    mock: &Mock,
    client: &alipay_api::Client,
    method: &str,
    received: &mut tokio::sync::mpsc::UnboundedReceiver<(Vec<u8>, Vec<u8>)>,
) {
    let content = json!({ "remark": "说明" });
    let upload = client
        .call_raw(method, content.clone())
        .file("file_content", File::new("a\"\r\nb.png", "x"));
    upload.await.unwrap();
    let (head, body) = received.recv().await.unwrap();
    let head = String::from_utf8(head).unwrap();
    let parts = parts(&head, &body);
    assert_eq!(parts.len(), 2, "{parts:?}");
    assert_eq!(parts[0].0, r#"name="biz_content""#);
    assert_eq!(serde_json::from_slice::<Value>(parts[0].1).unwrap(), content);
    assert_eq!(parts[1].0, r#"name="file_content"; filename="a%22%0D%0Ab.png""#);
    let mut all = parameters(head.split_once('?').unwrap().1.split_once(' ').unwrap().0);
    all.insert(
        "biz_content".to_owned(),
        String::from_utf8(parts[0].1.to_vec()).unwrap(),
    );
    verified(mock, all);
}
