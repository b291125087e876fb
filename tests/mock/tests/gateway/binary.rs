//! The program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

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
