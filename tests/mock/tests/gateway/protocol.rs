//! The protocol itself: what is signed, where parameters stand, what is refused.

use std::process::Command;
use std::{fs, io::Write as _};

use alipay_mock::Mock;
use alipay_mock::keys::{KeyPair, SignType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Client, form};

const QUERY: &str = "alipay.trade.query";

#[tokio::test]
async fn parameters_may_stand_anywhere() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "0.01", &[]).await;
    let content = json!({ "out_trade_no": "1" });
    let parameters = client.signed(QUERY, &content, &[("format", "json")]);

    let in_query = client.get(&parameters).await;
    assert_eq!(in_query.headers()["content-type"], "text/html;charset=utf-8");
    assert!(in_query.headers().contains_key("trace_id"));
    assert_eq!(client.read(&in_query.bytes().await.unwrap()).code(), "10000");
    assert_eq!(client.post(&parameters).await.code(), "10000");

    let (mut query, mut body) = (parameters.clone(), parameters.clone());
    query.retain(|name, _| name != "biz_content");
    body.retain(|name, _| name == "biz_content");
    let split = client
        .http
        .post(format!("{}?{}", client.gateway, form(&query)))
        .body(form(&body))
        .send()
        .await
        .unwrap();
    assert_eq!(client.read(&split.bytes().await.unwrap()).code(), "10000");

    let part = |(name, value)| format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let multipart: Vec<_> = parameters.iter().map(part).chain(["--XX--\r\n".to_owned()]).collect();
    let multipart = multipart.concat();
    let request = client
        .http
        .post(&client.gateway)
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(multipart);
    assert_eq!(
        client
            .read(&request.send().await.unwrap().bytes().await.unwrap())
            .code(),
        "10000"
    );

    let no_format = client.call_with(QUERY, &content, &[("format", "")]).await;
    assert_eq!(no_format.code(), "10000");
}

#[tokio::test]
async fn absolute_request_targets_are_taken() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let body = form(&client.signed(QUERY, &json!({ "out_trade_no": "1" }), &[]));
    let mut stream = tokio::net::TcpStream::connect(mock.address()).await.unwrap();
    let head = format!(
        "POST {}?a= HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        mock.gateway_url(),
        mock.address(),
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("ACQ.TRADE_NOT_EXIST"), "{answer}");
}

#[tokio::test]
async fn gbk_goes_both_ways() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let content =
        json!({ "out_trade_no": "1", "total_amount": "0.01", "subject": "测试订单", "buyer_id": "2088102146225135" });
    let utf8 = client.signed(
        "alipay.trade.create",
        &content,
        &[("charset", "GBK"), ("sign_type", "RSA2")],
    );
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let mut message = Vec::new();
    for (name, value) in utf8.iter().filter(|(name, _)| *name != "sign") {
        if !message.is_empty() {
            message.push(b'&');
        }
        message.extend_from_slice(format!("{name}=").as_bytes());
        message.extend(gbk(value));
    }
    let sign = KeyPair::parse(&mock.app_private_key())
        .unwrap()
        .sign(SignType::Rsa2, &message)
        .unwrap();
    let body: Vec<String> = utf8
        .iter()
        .map(|(name, value)| {
            let value = if name == "sign" {
                sign.as_bytes().to_vec()
            } else {
                gbk(value)
            };
            format!("{name}={}", form_urlencoded::byte_serialize(&value).collect::<String>())
        })
        .collect();
    let request = client
        .http
        .post(&client.gateway)
        .header("content-type", "application/x-www-form-urlencoded; charset=GBK");
    let response = request.body(body.join("&")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html;charset=GBK");
    assert_eq!(client.read(&response.bytes().await.unwrap()).code(), "10000");
    assert_eq!(mock.trade("1").unwrap().subject, "测试订单");
}

#[tokio::test]
async fn sha1_signatures_are_taken_and_given() {
    let app = KeyPair::generate_bits(1024).unwrap();
    let mock = Mock::builder().app_key_pair(app.clone()).start().await.unwrap();
    let shared = Mock::start().await.unwrap();
    let client = Client::new(
        mock.gateway_url(),
        mock.app_id(),
        &shared.app_private_key(),
        &mock.alipay_public_key(),
    );
    let mut parameters = client.signed(QUERY, &json!({ "out_trade_no": "1" }), &[("sign_type", "RSA")]);
    parameters.remove("sign");
    let message: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters.insert(
        "sign".to_owned(),
        app.sign(SignType::Rsa, message.join("&").as_bytes()).unwrap(),
    );
    let body = client.get(&parameters).await.text().await.unwrap();
    let (node, sign) = body.rsplit_once(",\"sign\":\"").unwrap();
    let node = node.split_once(':').unwrap().1;
    assert!(
        mock.alipay_key_pair()
            .public_key()
            .verify(SignType::Rsa, node.as_bytes(), sign.trim_end_matches("\"}"))
    );
    assert!(node.contains("ACQ.TRADE_NOT_EXIST"));
}

/// One parameter of a good call, the value that it gets instead, and what comes of it.
const REFUSED: &[(&str, &str, &str)] = &[
    ("app_id", "", "40001 isv.missing-app-id"),
    ("app_id", "1", "40002 isv.invalid-app-id"),
    ("method", "", "40001 isv.missing-method"),
    ("method", "alipay.no.such\"method", "40002 isv.invalid-method"),
    ("sign_type", "", "40001 isv.missing-signature-type"),
    ("sign_type", "MD5", "40002 isv.invalid-signature-type"),
    ("timestamp", "", "40001 isv.missing-timestamp"),
    ("timestamp", "2026-03-20T12:00:00", "40002 isv.invalid-timestamp"),
    ("version", "", "40001 isv.missing-version"),
    ("version", "2.0", "40002 isv.invalid-parameter"),
    ("format", "xml", "40002 isv.invalid-format"),
    ("charset", "latin1", "40002 isv.invalid-charset"),
    (
        "encrypt_type",
        "AES",
        "40002 isv.decryption-error-not-valid-encrypt-key",
    ),
    ("notify_url", "example.com", "40002 isv.invalid-parameter"),
    ("app_auth_token", "x", "20001 aop.invalid-app-auth-token"),
];

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let content = json!({ "out_trade_no": "1" });
    for (name, value, code) in REFUSED {
        let answer = client.call_with(QUERY, &content, &[(*name, *value)]).await;
        // Only a known method has a root of its own, and only a known app gets a signature.
        let root = if *name == "method" {
            "error_response"
        } else {
            "alipay_trade_query_response"
        };
        let seen = (answer.code(), answer.signed, answer.root.as_str());
        assert_eq!(seen, ((*code).to_owned(), *name != "app_id", root), "{name}={value}");
    }
    let mut unsigned = client.signed(QUERY, &content, &[]);
    unsigned.remove("sign");
    assert_eq!(client.post(&unsigned).await.code(), "40001 isv.missing-signature");
    let twice = format!(
        "{}&app_auth_token=a&app_auth_token=b",
        form(&client.signed(QUERY, &content, &[]))
    );
    let answer = client
        .http
        .post(&client.gateway)
        .body(twice)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(client.read(&answer).code(), "40002 isv.invalid-parameter");
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_the_gateways_own_string() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let mut parameters = client.signed(QUERY, &json!({ "out_trade_no": "<1>" }), &[]);
    parameters.insert("version".to_owned(), "1.0".to_owned());
    parameters.insert("zzz".to_owned(), "added later".to_owned());
    let answer = client.post(&parameters).await;
    assert_eq!(
        (answer.code().as_str(), answer.signed),
        ("40002 isv.invalid-signature", false)
    );
    let message = answer.text("sub_msg");
    assert!(
        message
            .contains("biz_content={&quot;out_trade_no&quot;:&quot;&lt;1&gt;&quot;}&amp;charset=utf-8&amp;format=JSON"),
        "{message}"
    );
    assert!(message.ends_with("&amp;version=1.0&amp;zzz=added later"), "{message}");
}

#[tokio::test]
async fn any_bytes_are_answered() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let known = form(&client.signed(QUERY, &json!({ "out_trade_no": "1" }), &[]));
    for body in [
        &b""[..],
        b"&&&===",
        b"\xff\xfe=%zz%",
        b"app_id=%FF",
        b"{\"app_id\":1}",
        known.replace("app_id", "%F0%9F%98%80").as_bytes(),
    ] {
        for content_type in [
            "",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "application/json",
            "text/plain;charset=big5",
        ] {
            let request = client
                .http
                .post(&client.gateway)
                .header("content-type", content_type)
                .body(body.to_vec());
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(
                client.read(&answer.bytes().await.unwrap()).code(),
                "40001 isv.missing-app-id"
            );
        }
    }
    let large = client
        .http
        .post(&client.gateway)
        .body(vec![b'a'; (16 << 20) + 1])
        .send()
        .await;
    // The gateway may hang up before all of it is sent; if it answers, it refuses.
    assert!(large.is_err() || large.unwrap().status() == 413);
    assert_eq!(client.http.put(&client.gateway).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn openssl_agrees() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, content: &[u8]| fs::File::create(path(name)).unwrap().write_all(content).unwrap();
    write("app.pem", mock.app_private_key_pem().as_bytes());
    write(
        "alipay.pem",
        mock.alipay_key_pair().public_key().to_pem().unwrap().as_bytes(),
    );

    let mut parameters = client.signed(QUERY, &json!({ "out_trade_no": "你好" }), &[]);
    parameters.remove("sign");
    let message: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    write("message", message.join("&").as_bytes());
    let signed = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign"])
        .arg(path("app.pem"))
        .arg(path("message"))
        .output()
        .unwrap();
    assert!(signed.status.success());
    parameters.insert("sign".to_owned(), STANDARD.encode(signed.stdout));

    let body = client.get(&parameters).await.text().await.unwrap();
    let (node, sign) = body
        .strip_prefix("{\"alipay_trade_query_response\":")
        .unwrap()
        .rsplit_once(",\"sign\":\"")
        .unwrap();
    assert!(node.contains("ACQ.TRADE_NOT_EXIST"), "{body}");
    write("node", node.as_bytes());
    write("sign", &STANDARD.decode(sign.trim_end_matches("\"}")).unwrap());
    let mut verify = Command::new("openssl");
    verify
        .args(["dgst", "-sha256", "-verify"])
        .arg(path("alipay.pem"))
        .arg("-signature")
        .arg(path("sign"))
        .arg(path("node"));
    assert!(verify.output().unwrap().status.success());
}
