//! A caller in another language: Alipay's own SDK for Node.js, as it comes from its registry.

use std::{
    env,
    process::{Command, Output},
};

use crate::binary::start;

const SDK: &str = "alipay-sdk@4.14.0";
const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";

/// Whether this machine has the program.
fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

async fn run(command: &mut tokio::process::Command) -> (Output, String, String) {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the lines show what holds")]
async fn the_official_sdk_for_node_calls_it_over_both_protocols() {
    if !has("node") || !has("npm") {
        assert!(env::var_os("CI").is_none(), "the gate needs node and npm");
        println!("skipped: this machine has no node or no npm");
        return;
    }
    let (output, _, err) = run(tokio::process::Command::new("npm").args(["view", SDK, "version"])).await;
    if !output.status.success() {
        println!("skipped: npm does not find {SDK}: {err}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut install = tokio::process::Command::new("npm");
    let install = install.current_dir(folder.path());
    let install = install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", SDK]);
    let (output, out, err) = run(install).await;
    assert!(output.status.success(), "npm install {SDK}: {out}{err}");

    let keys = folder.path().to_str().unwrap();
    let (_child, url) = start(&["--app-id", "2021", "--data", keys, "--aes-key", AES_KEY]).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node.mjs");
    let mut node = tokio::process::Command::new("node");
    let node = node.current_dir(folder.path());
    let (output, out, err) = run(node.args([script, &url, keys, "2021", AES_KEY])).await;
    println!("{out}");
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.lines().count(), 9, "{out}");
}
