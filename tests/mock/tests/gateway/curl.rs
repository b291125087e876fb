//! A caller in another language: a shell script that has curl and openssl, and nothing of this project.

use std::fs;
use std::path::Path;
use std::process::Output;

use alipay_mock::{Fault, Mock};

use crate::binary::start;

/// Runs the script.
async fn run(url: &str, keys: &Path, app_id: &str) -> (Output, String, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/curl.sh");
    let mut command = tokio::process::Command::new("bash");
    let output = command
        .arg(script)
        .arg(url)
        .arg(keys)
        .arg(app_id)
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the table shows what was called")]
async fn a_script_calls_twenty_methods_of_the_program_and_verifies_their_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (_child, url) = start(&["--app-id", "2021", "--data", folder.path().to_str().unwrap()]).await;
    let (output, out, err) = run(&url, folder.path(), "2021").await;
    println!("{out}");
    assert!(output.status.success(), "{err}");
    assert!(out.ends_with("\n20 methods of 17 products\n"), "{out}");
    assert_eq!(out.matches("signature verified, ").count(), 20, "{out}");
}

#[tokio::test]
async fn the_script_fails_where_a_signature_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start().await.unwrap();
    let keep = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    keep("app-private-key.pem", mock.app_private_key_pem());
    keep(
        "alipay-public-key.pem",
        mock.alipay_key_pair().public_key().to_pem().unwrap(),
    );
    for (method, fault, said) in [
        (
            "alipay.trade.query",
            Fault::WrongSign,
            "the answer's signature does not hold",
        ),
        (
            "alipay.system.oauth.token",
            Fault::TamperedByte(20),
            "the answer's signature does not hold",
        ),
        (
            "alipay.data.bill.balance.query",
            Fault::Unsigned,
            "the answer has no signature",
        ),
    ] {
        mock.fault_next_of(method, fault);
        let (output, out, err) = run(&mock.base_url(), folder.path(), mock.app_id()).await;
        assert_eq!(output.status.code(), Some(1), "{out}");
        assert!(err.contains(&format!("curl.sh: {method}: {said}")), "{err}");
        assert!(
            !out.contains(&format!(" {method} ")) && !out.contains("methods of"),
            "{out}"
        );
    }
    // And with the key of somebody else.
    keep(
        "alipay-public-key.pem",
        mock.app_key_pair().unwrap().public_key().to_pem().unwrap(),
    );
    let (output, _, err) = run(&mock.base_url(), folder.path(), mock.app_id()).await;
    assert!(!output.status.success());
    assert!(
        err.contains("alipay.trade.create: the answer's signature does not hold"),
        "{err}"
    );
}
