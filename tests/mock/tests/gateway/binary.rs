//! The program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::certificates::serials;
use crate::client::Client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_alipay-mock");

async fn start(arguments: &[&str]) -> (tokio::process::Child, String) {
    let mut command = tokio::process::Command::new(PROGRAM);
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .next_line()
        .await
        .unwrap()
        .unwrap();
    (child, line.strip_prefix("listening on ").unwrap().to_owned())
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
        "--keys",
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
    for arguments in [&by_name[..], &["--app-id", "2021", "--keys", keys.to_str().unwrap()]] {
        let (_child, url) = start(arguments).await;
        assert_eq!(client(&url, &keys).create("1", "1.00", &[]).await.code(), "10000");
    }
}

#[test]
fn it_says_what_is_missing() {
    let output = Command::new(PROGRAM).output().unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("--app-public-key FILE, or --keys DIR")
    );
    let output = Command::new(PROGRAM)
        .args(["--notify-schedule", "5x"])
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("has no unit"));
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
    let made = ["--app-id", "2021", "--keys", keys, "--certificates"];
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
    let mut shown = Vec::new();
    for arguments in [&made[..], &made, &named] {
        let (_child, url) = start(arguments).await;
        let answer = certified_client(&url, folder.path()).create("1", "1.00", &[]).await;
        assert_eq!(answer.code(), "10000");
        shown.push(answer.alipay_cert_sn.unwrap());
    }
    assert!(shown.iter().all(|sn| *sn == shown[0]), "{shown:?}");
}

#[tokio::test]
async fn it_says_which_certificates_do_not_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (child, _) = start(&["--keys", folder.path().to_str().unwrap(), "--certificates"]).await;
    drop(child);
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
            .args(["--listen", "127.0.0.1:0"])
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
        "--keys",
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
        .args(["--keys", keys, "--allow-host", "http://a"])
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
    let (_child, url) = start(&["--app-id", "2021", "--keys", keys, "--specs", specs]).await;
    let caller = client(&url, Path::new(keys));
    assert_eq!(
        caller.call("alipay.shop.thing.get", &json!({})).await.text("colour"),
        "red"
    );
    assert_eq!(caller.create("1", "1.00", &[]).await.code(), "10000");

    let said = |specs: &str| {
        let output = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--keys", keys, "--specs", specs])
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
