//! Certificate mode. The certificates are read by the `openssl` command line, which is not this code.

use std::io::Write as _;
use std::process::{Command, Stdio};

use alipay_mock::{Builder, Forgery, Mock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::client::{Client, control, unform, v1_message, with_clock};
use crate::notifications::merchant;

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

/// A gateway in certificate mode, and a client that names the right certificates.
pub(crate) async fn certified() -> (Mock, Client) {
    certified_with(Mock::builder()).await
}

/// The same of a gateway that differs from the defaults.
pub(crate) async fn certified_with(builder: Builder) -> (Mock, Client) {
    let mock = builder.certificates().start().await.unwrap();
    let client = of(&mock);
    (mock, client)
}

fn of(mock: &Mock) -> Client {
    let mut client = Client::of(mock);
    client.serials = serials(&mock.app_cert(), &mock.root_cert());
    client
}

/// What a client in certificate mode sends along.
pub(crate) fn serials(app_cert: &str, root_cert: &str) -> Vec<(String, String)> {
    let roots: Vec<_> = blocks(root_cert).filter(|root| is_rsa(root)).map(sn).collect();
    vec![
        ("app_cert_sn".to_owned(), sn(app_cert)),
        ("alipay_root_cert_sn".to_owned(), roots.join("_")),
    ]
}

/// Each certificate of a text.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive("-----END CERTIFICATE-----")
        .map(str::trim)
        .filter(|block| !block.is_empty())
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the openssl command line: install it to run this test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().stdout
}

fn x509(arguments: &[&str], certificate: &str) -> String {
    let output = openssl(&[&["x509", "-noout"], arguments].concat(), certificate.as_bytes());
    String::from_utf8(output).unwrap().trim().to_owned()
}

fn is_rsa(certificate: &str) -> bool {
    x509(&["-text"], certificate).contains("Signature Algorithm: sha256WithRSAEncryption")
}

/// Alipay's serial of a certificate: MD5 of the issuer by RFC 2253 and the decimal number.
fn sn(certificate: impl AsRef<str>) -> String {
    let certificate = certificate.as_ref();
    let issuer = x509(&["-issuer", "-nameopt", "RFC2253,-esc_msb,utf8"], certificate);
    let number = x509(&["-serial"], certificate);
    let number = u128::from_str_radix(number.strip_prefix("serial=").unwrap(), 16).unwrap();
    let text = format!("{}{number}", issuer.strip_prefix("issuer=").unwrap());
    let digest = String::from_utf8(openssl(&["md5", "-r"], text.as_bytes())).unwrap();
    digest[..32].to_owned()
}

/// Whether `openssl verify` takes the certificate file for one of these roots'.
fn is_trusted(file: &str, roots: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut chain = blocks(file);
    let leaf = path("leaf.crt", chain.next().unwrap());
    let between = path("between.crt", &chain.collect::<Vec<_>>().join("\n"));
    let rsa: Vec<_> = blocks(roots).filter(|root| is_rsa(root)).collect();
    let roots = path("roots.crt", &rsa.join("\n"));
    let output = Command::new("openssl")
        .args(["verify", "-CAfile", &roots, "-untrusted", &between, &leaf])
        .output()
        .unwrap();
    output.status.success()
}

fn query() -> serde_json::Value {
    json!({ "out_trade_no": "1" })
}

#[tokio::test]
async fn serials_and_chains_are_what_openssl_says() {
    let (mock, client) = certified().await;
    let roots = mock.root_cert();
    assert_eq!(blocks(&roots).count(), 4);
    assert_eq!(blocks(&roots).filter(|root| is_rsa(root)).count(), 2);
    assert_eq!(blocks(&mock.alipay_cert()).count(), 2);
    assert!(is_trusted(&mock.alipay_cert(), &roots));
    let made = client.create("1", "1.00", &[]).await;
    assert_eq!(made.code(), "10000");
    assert_eq!(made.alipay_cert_sn, Some(sn(mock.alipay_cert())));
    assert_eq!(mock.alipay_cert_sn(), sn(mock.alipay_cert()));
    let (status, shown) = control(&mock, None, "certificates").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&shown["app_cert"], &shown["app_cert_sn"]),
        (&json!(mock.app_cert()), &json!(sn(mock.app_cert())))
    );
    assert_eq!(shown["alipay_root_cert_sn"], client.serials[1].1);
}

#[tokio::test]
async fn the_right_certificates_have_to_be_named() {
    let (mock, mut client) = certified().await;
    let right = std::mem::take(&mut client.serials);
    let method = "alipay.trade.query";
    for (app, root, expected) in [
        ("", right[1].1.as_str(), "40001 isv.missing-app-cert-sn"),
        (&right[0].1, "", "40001 isv.missing-alipay-root-cert-sn"),
        ("0", &right[1].1, "40002 isv.app-cert-not-exist"),
        (&right[0].1, "0", "40002 isv.invalid-alipay-root-cert-sn"),
        (&right[0].1, &right[1].1, "40004 ACQ.TRADE_NOT_EXIST"),
    ] {
        let serials = [("app_cert_sn", app), ("alipay_root_cert_sn", root)];
        let answer = client.call_with(method, &query(), &serials).await;
        assert_eq!((answer.code().as_str(), answer.signed), (expected, true));
    }
    let plain = Mock::start().await.unwrap();
    let answer = Client::of(&plain)
        .call_with(method, &query(), &[("app_cert_sn", "0")])
        .await;
    assert_eq!(answer.code(), "40002 isv.app-cert-not-exist");
    assert_eq!(answer.alipay_cert_sn, None);
    assert_eq!(mock.requests_of(method), 5);
}

#[tokio::test]
async fn certificates_end_by_the_gateways_clock() {
    let (mock, _, seconds) = with_clock(alipay_mock::Builder::certificates).await;
    let client = of(&mock);
    let method = "alipay.trade.query";
    assert_eq!(client.code(method, &query()).await, "40004 ACQ.TRADE_NOT_EXIST");
    seconds.fetch_add(5 * 366 * 24 * 3600, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(client.code(method, &query()).await, "40002 isv.app-cert-expired");
}

#[tokio::test]
async fn a_new_certificate_takes_over_and_the_old_one_stays() {
    let (mock, mut client) = certified().await;
    let (old, old_text) = (mock.alipay_cert_sn(), mock.alipay_cert());
    let new = mock.roll_over_alipay_certificate().unwrap();
    assert_ne!(new, old);
    assert_eq!((&new, sn(mock.alipay_cert())), (&mock.alipay_cert_sn(), new.clone()));
    client.alipay = STANDARD.decode(mock.alipay_public_key()).unwrap();
    for (sn, text) in [(&old, &old_text), (&new, &mock.alipay_cert())] {
        let answer = client.call(DOWNLOAD, &json!({ "alipay_cert_sn": sn })).await;
        assert_eq!(answer.alipay_cert_sn.as_ref(), Some(&new));
        let content = String::from_utf8(STANDARD.decode(answer.text("alipay_cert_content")).unwrap()).unwrap();
        assert_eq!(content, *text);
        assert!(is_trusted(&content, &mock.root_cert()));
    }
    let unknown = client.code(DOWNLOAD, &json!({ "alipay_cert_sn": "0" })).await;
    assert_eq!(unknown, "40002 isv.alipay-cert-not-exist");
    assert_eq!(mock.requests_of(DOWNLOAD), 3);
    let (status, rolled) = control(&mock, Some(json!({})), "certificates/roll-over").await;
    assert_eq!(
        (status, &rolled["alipay_cert_sn"]),
        (200, &json!(mock.alipay_cert_sn()))
    );

    let plain = Mock::start().await.unwrap();
    assert!(plain.roll_over_alipay_certificate().is_err());
    assert_eq!(control(&plain, Some(json!({})), "certificates/roll-over").await.0, 409);
    assert_eq!(control(&plain, None, "certificates").await.0, 404);
}

#[tokio::test]
async fn notifications_name_the_certificate_too() {
    let (mock, client) = certified().await;
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "1.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let told = unform(std::str::from_utf8(&received.recv().await.unwrap()).unwrap());
    assert_eq!(told["alipay_cert_sn"], mock.alipay_cert_sn());
    assert!(client.verifies(v1_message(&told).as_bytes(), &told["sign"]));
}

#[tokio::test]
async fn forged_certificates_have_all_but_the_chain() {
    let (mock, mut client) = certified().await;
    let genuine = mock.alipay_cert();
    let genuine_key = client.alipay.clone();
    let download = |sn: &str| json!({ "alipay_cert_sn": sn });
    let shown = |text: &str| {
        x509(
            &["-subject", "-issuer", "-serial", "-ext", "authorityKeyIdentifier"],
            text,
        )
    };
    for forgery in [Forgery::SameSerial, Forgery::NewSerial, Forgery::HandedOut] {
        let order = json!({ "forgery": forgery });
        assert_eq!(control(&mock, Some(order), "certificates/forge").await.0, 200);
        client.alipay = STANDARD.decode(mock.alipay_public_key()).unwrap();
        assert_eq!(client.alipay == genuine_key, forgery == Forgery::HandedOut);
        let answer = client.call("alipay.trade.query", &query()).await;
        let named = answer.alipay_cert_sn.unwrap();
        assert_eq!(named == mock.alipay_cert_sn(), forgery != Forgery::NewSerial);
        let answer = client.call(DOWNLOAD, &download(&named)).await;
        let content = String::from_utf8(STANDARD.decode(answer.text("alipay_cert_content")).unwrap()).unwrap();
        let is_genuine = forgery == Forgery::SameSerial;
        assert_eq!(is_trusted(&content, &mock.root_cert()), is_genuine, "{forgery:?}");
        assert_eq!(sn(&content), named);
        if forgery == Forgery::HandedOut {
            assert_eq!(shown(&content), shown(&genuine));
        }
    }
    mock.forge_alipay_certificate(None).unwrap();
    client.alipay = genuine_key;
    let answer = client.call("alipay.trade.query", &query()).await;
    assert_eq!(answer.alipay_cert_sn, Some(sn(genuine)));
}
