//! A call over TLS whose request the gateway verifies and whose answer the client does. The keys, the certificate and the gateway's arithmetic are
//! OpenSSL's; TLS is ring's on both sides.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use alipay_api::{Client, Credentials, trade::Query};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::Command,
};
use tokio_rustls::TlsAcceptor;

const CONTENT: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"20161112","trade_no":"2024010222001473700100000001","trade_status":"TRADE_SUCCESS","total_amount":"0.01","buyer_logon_id":"159****5620"}"#;

/// What stands before what a call has come to.
const SAID: &str = "the call said: ";

/// Keys and a certificate for `localhost`, in a folder.
struct Files(TempDir);

impl Files {
    async fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for name in ["app", "alipay"] {
            files.openssl(&["genrsa", "-out", &format!("{name}.pem"), "2048"]).await;
            let (key, public) = (format!("{name}.pem"), format!("{name}.pub"));
            files.openssl(&["rsa", "-in", &key, "-pubout", "-out", &public]).await;
        }
        let new = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.pem", "-out", "tls.crt", "-days", "2",
        ];
        let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
        let own = ["-addext", "basicConstraints=critical,CA:FALSE"];
        files.openssl(&[&new[..], &subject, &own].concat()).await;
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    async fn openssl(&self, arguments: &[&str]) {
        openssl(self.0.path(), arguments).await;
    }
}

async fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .await;
    let output = output.expect("openssl");
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
}

fn server(files: &Files) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(files.path("tls.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(files.path("tls.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers one call, after its signature has held.
async fn answer(files: &Files, acceptor: &TlsAcceptor, stream: TcpStream) {
    let mut stream = acceptor.accept(stream).await.expect("TLS");
    let mut request = Vec::new();
    let body = loop {
        assert_ne!(
            stream.read_buf(&mut request).await.unwrap(),
            0,
            "the connection was closed"
        );
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .expect("a length");
        if request.len() >= end + 4 + length.trim().parse::<usize>().unwrap() {
            break request.split_off(end + 4);
        }
    };
    let head = String::from_utf8(request).unwrap();
    let query = head.split_once('?').unwrap().1.split_once(' ').unwrap().0;
    let parameters = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(&body));
    let (sign, mut parameters): (Vec<_>, Vec<_>) = parameters.partition(|(name, _)| name == "sign");
    assert!(
        parameters
            .iter()
            .any(|(name, value)| name == "method" && value == "alipay.trade.query")
    );
    parameters.sort();
    let message = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    fs::write(files.path("message"), message).unwrap();
    fs::write(files.path("signature"), BASE64_STANDARD.decode(&*sign[0].1).unwrap()).unwrap();
    files
        .openssl(&[
            "dgst",
            "-sha256",
            "-verify",
            "app.pub",
            "-signature",
            "signature",
            "message",
        ])
        .await;

    fs::write(files.path("content"), CONTENT).unwrap();
    files
        .openssl(&["dgst", "-sha256", "-sign", "alipay.pem", "-out", "sign", "content"])
        .await;
    let sign = BASE64_STANDARD.encode(fs::read(files.path("sign")).unwrap());
    let answer = format!("{{\"alipay_trade_query_response\":{CONTENT},\"sign\":\"{sign}\"}}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// The environment is a process's own, so the client is this program once more.
fn client(files: &Files, gateway: &str, roots: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command
        .args(["--exact", "call_once", "--ignored", "--nocapture"])
        .env("ALIPAY_TEST_GATEWAY", gateway)
        .env("ALIPAY_TEST_PRIVATE_KEY", files.read("app.pem"))
        .env("ALIPAY_TEST_PUBLIC_KEY", files.read("alipay.pub"))
        .env("SSL_CERT_FILE", roots)
        .env("SSL_CERT_DIR", "")
        .env("NO_PROXY", "localhost")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn said(mut command: Command) -> String {
    let output = command.output().await.expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once(SAID));
    line.unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

#[tokio::test]
#[ignore = "the other test runs it, in a process with an environment of its own"]
async fn call_once() {
    let given = |name: &str| env::var(name).expect("the test's environment");
    let credentials = Credentials::public_key(&given("ALIPAY_TEST_PRIVATE_KEY"), &given("ALIPAY_TEST_PUBLIC_KEY"));
    let client = Client::builder("2021000000000001", credentials.expect("keys"))
        .gateway(given("ALIPAY_TEST_GATEWAY"))
        .max_attempts(1)
        .build()
        .expect("a client");
    let order = client.trade().query(Query::with_out_trade_no("20161112")).await;
    let said = order.map_or_else(|error| error.to_string(), |order| order.trade_no);
    // Before it, the test's name stands on the line.
    writeln!(std::io::stdout(), "{SAID}{said}").expect("a reader");
}

#[tokio::test]
async fn a_call_is_signed_carried_by_tls_and_verified() {
    let files = Files::new().await;
    let acceptor = server(&files);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = format!("https://localhost:{}/gateway.do", listener.local_addr().unwrap().port());
    let served = async {
        let (stream, _) = listener.accept().await.unwrap();
        answer(&files, &acceptor, stream).await;
    };
    let (told, ()) = tokio::join!(said(client(&files, &gateway, &files.path("tls.crt"))), served);
    assert_eq!(told, "2024010222001473700100000001");

    // Another root vouches for nothing.
    let other = Files::new().await;
    let refused = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.map(drop).expect_err("no TLS")
    };
    let (told, _) = tokio::join!(said(client(&files, &gateway, &other.path("tls.crt"))), refused);
    assert!(
        told.starts_with("alipay.trade.query: no connection to the gateway: "),
        "{told}"
    );
    assert!(told.contains("certificate"), "{told}");
}
