//! The program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use alipay_mock::keys::{KeyPair, PublicKey, SignType};
use alipay_mock::{AesKey, EncryptType};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::certificates::serials;
use crate::client::Client;

const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_alipay-mock");

pub(crate) async fn start(arguments: &[&str]) -> (tokio::process::Child, String) {
    let mut command = tokio::process::Command::new(PROGRAM);
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let url = listening(&mut child).await;
    (child, url)
}

/// Where the program says that it listens.
pub(crate) async fn listening(child: &mut tokio::process::Child) -> String {
    let line = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .next_line()
        .await
        .unwrap()
        .unwrap();
    line.strip_prefix("listening on ").unwrap().to_owned()
}

fn client(url: &str, folder: &Path) -> Client {
    let key = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    Client::new(
        format!("{url}/gateway.do"),
        "2021",
        &key("app-private-key.txt"),
        &key("alipay-public-key.txt"),
    )
}

#[tokio::test]
async fn it_makes_keys_and_answers_get_and_post() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let (mut child, url) = start(&[
        "--app-id",
        "2021",
        "--data",
        keys.to_str().unwrap(),
        "--notify-schedule",
        "100ms,2s",
    ])
    .await;
    assert!(url.starts_with("http://127.0.0.1:"));
    let caller = client(&url, &keys);
    assert_eq!(caller.create("1", "1.00", &[]).await.code(), "10000");
    let query = caller.signed("alipay.trade.query", &json!({ "out_trade_no": "1" }), &[]);
    assert_eq!(caller.post(&query).await.text("trade_status"), "WAIT_BUYER_PAY");
    assert_eq!(
        caller
            .read(&caller.get(&query).await.bytes().await.unwrap())
            .text("trade_status"),
        "WAIT_BUYER_PAY"
    );
    #[cfg(unix)]
    for name in [
        "app-private-key.pem",
        "app-private-key.txt",
        "alipay-private-key.pem",
        "alipay-private-key.txt",
    ] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(keys.join(name)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    #[cfg(unix)]
    {
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(child.wait().await.unwrap().success());
    }
    // The keys are kept: with them by name, and with the folder alone, the same client is understood.
    let key = |name: &str| keys.join(name).to_str().unwrap().to_owned();
    let by_name = [
        "--app-id",
        "2021",
        "--app-public-key",
        &key("app-public-key.txt"),
        "--alipay-private-key",
        &key("alipay-private-key.pem"),
    ];
    let elsewhere = folder.path().join("elsewhere");
    let by_name = [&by_name[..], &["--data", elsewhere.to_str().unwrap()]].concat();
    for arguments in [&by_name[..], &["--data", keys.to_str().unwrap()]] {
        let (mut child, url) = start(arguments).await;
        assert_eq!(client(&url, &keys).create("1", "1.00", &[]).await.code(), "10000");
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn it_takes_an_aes_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    let (_child, url) = start(&["--app-id", "2021", "--data", keys, "--aes-key", AES_KEY]).await;
    let caller = client(&url, folder.path());
    assert_eq!(caller.create("1", "1.00", &[]).await.code(), "10000");
    let key = AesKey::from_base64(AES_KEY).unwrap();
    let encrypted = |encrypt_type: EncryptType, key: &AesKey| {
        let name = [("encrypt_type", encrypt_type.name())];
        let mut parameters = caller.signed("alipay.trade.query", &json!({}), &name);
        let ciphertext = key.encrypt(encrypt_type, br#"{"out_trade_no":"1"}"#);
        parameters.insert("biz_content".to_owned(), ciphertext);
        caller.sign(&mut parameters);
        parameters
    };
    for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
        let body = caller.get(&encrypted(encrypt_type, &key)).await.text().await.unwrap();
        let node = body.strip_prefix(r#"{"alipay_trade_query_response":"#).unwrap();
        let (node, sign) = node.split_once(",\"sign\":").unwrap();
        let sign = sign.trim_end_matches('}').trim_matches('"');
        assert!(caller.verifies(node.as_bytes(), sign), "signed with its quotes: {body}");
        let plain = key.decrypt(encrypt_type, node.trim_matches('"')).unwrap();
        let order: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(order["trade_status"], "WAIT_BUYER_PAY");
    }
    // What it can't decrypt, it refuses in plain.
    let refused = encrypted(EncryptType::Aes, &AesKey::new([7; 16]));
    assert_eq!(caller.post(&refused).await.code(), "40003 isv.decryption-error-unknown");

    let output = Command::new(PROGRAM)
        .args(["--data", keys, "--aes-key", "short"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "alipay-mock: the AES key is not base64 of 16 bytes\n");
}

#[test]
fn it_says_what_is_missing() {
    let output = Command::new(PROGRAM).env_clear().output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("give --data DIR or --ephemeral"), "{told}");
    let output = Command::new(PROGRAM)
        .args(["--notify-schedule", "5x"])
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("has no unit"));
}

#[tokio::test]
async fn it_makes_keys_for_the_sign_type() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for mode in [&[][..], &["--certificates"]] {
        let (mut child, _) = start(&[&["--sign-type", "SM2", "--data", keys], mode].concat()).await;
        for whose in ["app", "alipay"] {
            let pair = KeyPair::parse(&read(&format!("{whose}-private-key.pem"))).unwrap();
            let public = PublicKey::parse(&read(&format!("{whose}-public-key.txt"))).unwrap();
            let signature = pair.sign(SignType::Sm2, b"a=1").unwrap();
            assert!(public.verify(SignType::Sm2, b"a=1", &signature));
        }
        child.kill().await.unwrap();
    }
    assert!(folder.path().join("alipay-cert.crt").exists());
    let refused = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--sign-type", "MD5", "--data", keys]).contains("the sign type is RSA2, RSA or SM2"));
    // The keys that are there are of SM2.
    let message = refused(&["--listen", "127.0.0.1:0", "--data", keys]);
    assert!(message.contains("the key is not for the sign type RSA2"), "{message}");
}

fn certified_client(url: &str, folder: &Path) -> Client {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let mut client = client(url, folder);
    client.serials = serials(&read("app-cert.crt"), &read("root-cert.crt"));
    client
}

#[tokio::test]
async fn it_makes_certificates_and_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let keys = folder.path().to_str().unwrap();
    let made = ["--app-id", "2021", "--data", keys, "--certificates"];
    let named = [
        "--app-id",
        "2021",
        "--alipay-private-key",
        &path("alipay-private-key.txt"),
        "--app-cert",
        &path("app-cert.crt"),
        "--alipay-cert",
        &path("alipay-cert.crt"),
        "--root-cert",
        &path("root-cert.crt"),
    ];
    let elsewhere = path("elsewhere");
    let named = [&named[..], &["--data", &elsewhere]].concat();
    let mut shown = Vec::new();
    for arguments in [&made[..], &made, &named] {
        let (mut child, url) = start(arguments).await;
        let answer = certified_client(&url, folder.path()).create("1", "1.00", &[]).await;
        assert_eq!(answer.code(), "10000");
        shown.push(answer.alipay_cert_sn.unwrap());
        child.kill().await.unwrap();
    }
    assert!(shown.iter().all(|sn| *sn == shown[0]), "{shown:?}");
}

#[tokio::test]
async fn it_says_which_certificates_do_not_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (mut child, _) = start(&["--data", folder.path().to_str().unwrap(), "--certificates"]).await;
    child.kill().await.unwrap();
    let run = |app: &str, alipay: &str, key: &str| {
        let (app, alipay, key, roots) = (path(app), path(alipay), path(key), path("root-cert.crt"));
        let arguments = [
            "--app-cert",
            &app,
            "--alipay-cert",
            &alipay,
            "--root-cert",
            &roots,
            "--alipay-private-key",
            &key,
        ];
        let output = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--ephemeral"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let (app, alipay, key) = ("app-cert.crt", "alipay-cert.crt", "alipay-private-key.pem");
    for (said, expected) in [
        (
            run(app, alipay, "app-private-key.pem"),
            "the private key to answer with is not that of Alipay's certificate",
        ),
        (run(alipay, alipay, key), "one file was given for the other"),
        (
            run(key, alipay, key),
            "the app's certificate: the text holds no certificate",
        ),
        (run(app, "nothing.crt", key), "nothing.crt"),
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let output = Command::new(PROGRAM).args(["--app-cert", &path(app)]).output().unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("--alipay-cert <FILE>")
    );
}

#[tokio::test]
async fn it_takes_more_names() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    let (_child, url) = start(&[
        "--data",
        keys,
        "--allow-host",
        "alipay-mock",
        "--allow-host",
        "gateway.internal",
    ])
    .await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (host, status) in [
        ("alipay-mock:8080", 200),
        ("gateway.internal", 200),
        ("evil.example", 403),
    ] {
        let request = http.get(format!("{url}/_mock/requests")).header("Host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
    let output = Command::new(PROGRAM)
        .args(["--data", keys, "--allow-host", "http://a"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("is not a host name"));
}

#[tokio::test]
async fn it_takes_specs_beside_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, specs) = (folder.path().join("keys"), folder.path().join("specs"));
    let spec = "method: alipay.shop.thing.get\ntitle: 测试\ndoc: A test.\nsource: https://opendocs.alipay.com/x\nkind: server\nretry: read\n\
        response:\n  colour: { type: string, example: red, doc: How it looks. }\n";
    fs::create_dir_all(specs.join("shop")).unwrap();
    fs::write(specs.join("shop/alipay.shop.thing.get.yaml"), spec).unwrap();
    let (keys, specs) = (keys.to_str().unwrap(), specs.to_str().unwrap());
    let (_child, url) = start(&["--app-id", "2021", "--data", keys, "--specs", specs]).await;
    let caller = client(&url, Path::new(keys));
    assert_eq!(
        caller.call("alipay.shop.thing.get", &json!({})).await.text("colour"),
        "red"
    );
    assert_eq!(caller.create("1", "1.00", &[]).await.code(), "10000");

    let said = |specs: &str| {
        let output = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--ephemeral", "--specs", specs])
            .output();
        let output = output.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    // What is wrong, and why.
    let nowhere = said(&format!("{specs}/nowhere"));
    assert!(
        nowhere.starts_with(&format!("alipay-mock: cannot read {specs}/nowhere: ")),
        "{nowhere}"
    );
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec");
    let twice = said(own);
    assert!(
        twice.contains("has two specs, the built-in ") && twice.contains(": remove one"),
        "{twice}"
    );
}

#[tokio::test]
async fn it_takes_answers_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, answers) = (folder.path().join("keys"), folder.path().join("answers"));
    let write = |name: &str, text: &str| fs::write(answers.join(name), text).unwrap();
    fs::create_dir(&answers).unwrap();
    write("alipay.trade.query.json", r#"{ "trade_status": "TRADE_FINISHED" }"#);
    write(
        "alipay.trade.refund.json",
        r#"{ "code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH" }"#,
    );
    write(".keep", "");
    let (keys, folder) = (keys.to_str().unwrap(), answers.to_str().unwrap());
    let (_child, url) = start(&["--app-id", "2021", "--data", keys, "--answers", folder]).await;
    let caller = client(&url, Path::new(keys));
    for number in ["1", "2"] {
        let answer = caller
            .call("alipay.trade.query", &json!({ "out_trade_no": number }))
            .await;
        assert_eq!(
            (answer.text("trade_status"), answer.text("out_trade_no")),
            ("TRADE_FINISHED", number)
        );
    }
    let refund = json!({ "out_trade_no": "1", "refund_amount": "1.00" });
    assert_eq!(
        caller.code("alipay.trade.refund", &refund).await,
        "40004 ACQ.SELLER_BALANCE_NOT_ENOUGH"
    );

    // All that is wrong is told at the start, with its file and its place there.
    write("alipay.trade.qurey.json", "{}");
    write("alipay.trade.query.json", "{\n  \"trade_status\": \"x\",\n}");
    write(
        "alipay.trade.pay.json",
        r#"{ "fund_bill_list": [{ "amount": "1.00", "money": 1 }] }"#,
    );
    write("alipay.trade.close.json", r#"{ "trade_no": "1", "trade_no": "2" }"#);
    write("alipay.trade.cancel.json", "[]");
    write("alipay.trade.create.json", r#"{ "code": 10000 }"#);
    write("alipay.trade.page.pay.json", r#"{ "trade_no": "1" }"#);
    write("notes.txt", "");
    fs::create_dir(answers.join("more.json")).unwrap();
    let output = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--ephemeral", "--answers", folder])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let no_answer = "not an answer: the folder has one JSON file for each method, such as alipay.trade.query.json";
    let expected = [
        ("alipay.trade.cancel.json", "not a JSON answer: must be a JSON object"),
        (
            "alipay.trade.close.json",
            "not a JSON answer: duplicate key `trade_no` at line 1 column 36",
        ),
        ("alipay.trade.create.json", "code: must be text"),
        (
            "alipay.trade.page.pay.json",
            "a browser opens `alipay.trade.page.pay` and gets a page: only an error can be ordered for it",
        ),
        (
            "alipay.trade.pay.json",
            "fund_bill_list[0].money: the response has no such field",
        ),
        (
            "alipay.trade.query.json",
            "not a JSON answer: trailing comma at line 3 column 1",
        ),
        (
            "alipay.trade.qurey.json",
            "no spec describes the method `alipay.trade.qurey`: correct the file's name, or add the method's spec",
        ),
        ("more.json", no_answer),
        ("notes.txt", no_answer),
    ]
    .map(|(file, problem)| format!("{folder}/{file}: {problem}\n"));
    let expected = format!("alipay-mock: the answers are not sound:\n{}", expected.concat());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);

    let output = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--ephemeral", "--answers", "/nowhere"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("alipay-mock: cannot read /nowhere: "), "{said}");
}
