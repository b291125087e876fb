//! The program's first start, and what it refuses to start on.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use super::{control, movements};
use crate::binary::{PROGRAM, start};
use crate::certificates::serials;
use crate::client::{Client, form};

/// Starts the program, and gives all that it tells at its start.
fn started(command: &mut Command) -> (Ended, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut told, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&told).contains(".build()?;\n") {
        let count = out.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&told));
        told.extend_from_slice(&buffer[..count]);
    }
    (Ended(child), String::from_utf8(told).unwrap())
}

/// A process that ends with the test.
struct Ended(std::process::Child);

impl Ended {
    /// Asks it to end, and waits for that.
    fn terminate(&mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The values that a shell has for the exported variables of a text.
fn exported(told: &str, names: &[&str]) -> Vec<String> {
    let lines: Vec<_> = told.lines().filter(|line| line.starts_with("export ")).collect();
    let show = names.iter().map(|name| format!("printf '%s\\0' \"${name}\"\n"));
    let script = format!("set -eu\n{}\n{}", lines.join("\n"), show.collect::<String>());
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).unwrap();
    shown.split_terminator('\0').map(str::to_owned).collect()
}

fn refused(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .output()
        .unwrap();
    let Output { status, stderr, .. } = output;
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn what_it_prints_can_be_pasted() {
    // A shell has to take it for one word.
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("it's $HOME");
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0"]).env("XDG_DATA_HOME", &home);
    let (mut child, told) = started(&mut command);
    let names = [
        "ALIPAY_GATEWAY",
        "ALIPAY_APP_ID",
        "ALIPAY_PRIVATE_KEY",
        "ALIPAY_PUBLIC_KEY",
        "ALIPAY_SELLER_ID",
    ];
    let values = exported(&told, &names);
    let client = Client::new(values[0].clone(), &values[1], &values[2], &values[3]);
    assert_eq!(client.create("1", "1.00", &[]).await.code(), "10000");
    assert!(told.contains(&format!("of merchant {},", values[4])), "{told}");
    // No private key is shown, and nobody else reads it or the database.
    assert!(
        !told.contains(&values[2]) && !told.contains("PRIVATE KEY-----"),
        "{told}"
    );
    let data = home.join("alipay-mock");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for name in [
        "alipay-mock.db",
        "alipay-mock.db-wal",
        "lock",
        "app-private-key.pem",
        "alipay-private-key.txt",
    ] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    // What this library's configuration reads is there, too.
    let literal = format!("{:?}", data.join("app-private-key.pem").to_str().unwrap());
    assert!(told.contains(&format!("read_to_string({literal})?")), "{told}");
    assert!(data.join("app-private-key.pem").exists());
    let built = format!(
        "Client::builder({:?}, credentials).gateway({:?}).build()?;",
        values[1], values[0]
    );
    assert!(told.contains(&built), "{told}");
    child.terminate();

    // The same app and keys stand in another mode and at another start.
    let mut command = Command::new(PROGRAM);
    command
        .args(["--listen", "127.0.0.1:0", "--certificates"])
        .env("XDG_DATA_HOME", &home);
    let (_child, told) = started(&mut command);
    let names = [
        "ALIPAY_GATEWAY",
        "ALIPAY_APP_ID",
        "ALIPAY_PRIVATE_KEY",
        "ALIPAY_APP_CERT",
        "ALIPAY_CERT",
        "ALIPAY_ROOT_CERT",
    ];
    let certified = exported(&told, &names);
    assert_eq!(certified[1..3], values[1..3]);
    let text = |path: &str| fs::read_to_string(path).unwrap();
    let mut client = Client::new(certified[0].clone(), &certified[1], &certified[2], &values[3]);
    client.serials = serials(&text(&certified[3]), &text(&certified[5]));
    let found = client.call("alipay.trade.query", &json!({ "out_trade_no": "1" })).await;
    assert_eq!((found.text("trade_status"), found.signed), ("WAIT_BUYER_PAY", true));
    assert!(text(&certified[4]).contains("BEGIN CERTIFICATE"));
}

#[tokio::test]
async fn ephemeral_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0", "--ephemeral"]);
    command.env("TMPDIR", home.path()).env("XDG_DATA_HOME", home.path());
    let (mut child, told) = started(&mut command);
    let names = [
        "ALIPAY_GATEWAY",
        "ALIPAY_APP_ID",
        "ALIPAY_PRIVATE_KEY",
        "ALIPAY_PUBLIC_KEY",
    ];
    let values = exported(&told, &names);
    let client = Client::new(values[0].clone(), &values[1], &values[2], &values[3]);
    assert_eq!(client.create("1", "1.00", &[]).await.code(), "10000");
    let entries = || fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
    let kept = entries().next().unwrap();
    assert!(
        entries().count() == 1 && kept.join("app-private-key.pem").exists() && !kept.join("alipay-mock.db").exists()
    );
    child.terminate();
    assert_eq!(entries().count(), 0);
    let both = refused(&["--ephemeral", "--data", "x"]);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[tokio::test]
async fn a_folder_has_one_gateway_of_its_own_version() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (mut child, url) = start(&["--data", data]).await;
    let second = refused(&["--data", data]);
    assert_eq!(
        second,
        format!("alipay-mock: another gateway uses the data directory {data}: end it, or choose another directory\n")
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(
        http.get(format!("{url}/_mock/requests")).send().await.unwrap().status(),
        200
    );
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(child.wait().await.unwrap().success());
    // After a regular end, the database is whole without its log. Its header has the version at byte 60.
    let file = folder.path().join("alipay-mock.db");
    assert!(!folder.path().join("alipay-mock.db-wal").exists());
    let write = |place: u64, bytes: &[u8]| {
        let mut database = OpenOptions::new().write(true).open(&file).unwrap();
        database.seek(SeekFrom::Start(place)).unwrap();
        database.write_all(bytes).unwrap();
    };
    write(60, &2_u32.to_be_bytes());
    let newer = refused(&["--data", data]);
    assert!(
        newer.contains("alipay-mock.db has the format version 2, and this alipay-mock reads version 1: choose another"),
        "{newer}"
    );
    write(60, &1_u32.to_be_bytes());
    write(68, b"dbse");
    let foreign = refused(&["--data", data]);
    assert!(
        foreign.contains("alipay-mock.db is not a database of alipay-mock"),
        "{foreign}"
    );
    write(0, b"something else");
    let damaged = refused(&["--data", data]);
    assert!(
        damaged.contains("alipay-mock.db: ") && damaged.contains("not a database"),
        "{damaged}"
    );
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let limited = |kilobytes: u32| {
        let mut command = tokio::process::Command::new("bash");
        // A write beyond the limit fails, as it does on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, PROGRAM, "--listen", "127.0.0.1:0", "--data", data]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    };
    let (mut child, _) = start(&["--data", data]).await;
    child.kill().await.unwrap();
    let key = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (private_key, public_key) = (key("app-private-key.txt"), key("alipay-public-key.txt"));
    let client = |url: &str| {
        Client::new(
            format!("{url}/gateway.do"),
            "2021000000000001",
            &private_key,
            &public_key,
        )
    };

    let mut child = limited(400);
    let url = crate::binary::listening(&mut child).await;
    let limited = client(&url);
    let mut paid = Vec::new();
    for number in 0..2000 {
        let number = number.to_string();
        let parameters = limited.signed(
            "alipay.trade.create",
            &json!({ "out_trade_no": number, "total_amount": "1.00", "subject": "测试订单", "buyer_id": "2088102146225135" }),
            &[],
        );
        let request = limited.http.post(&limited.gateway);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form(&parameters));
        let is_created = match request.send().await {
            Ok(response) => response.status() == 200,
            Err(_) => false,
        };
        if !is_created
            || control(&limited, &format!("trades/{number}/pay"), Some(json!({})))
                .await
                .is_err()
        {
            break;
        }
        paid.push(number);
    }
    assert!(!paid.is_empty() && paid.len() < 2000);
    let ended = child.wait_with_output().await.unwrap();
    assert!(!ended.status.success());
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(
        told.starts_with("alipay-mock: the gateway can't store its data, and answers nothing any more: "),
        "{told}"
    );

    // All that was answered is there.
    let (_child, url) = start(&["--data", data]).await;
    let client = client(&url);
    let ledger = movements(&control(&client, "movements", None).await.unwrap());
    for number in &paid {
        assert_eq!(ledger.get(&format!("payment {number}")), Some(&100), "{number}");
    }
    assert!(ledger.len() <= paid.len() + 1);
}
