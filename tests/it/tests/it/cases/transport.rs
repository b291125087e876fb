//! The transport of `tests/cases/`. The environment is a process's own, so each is this program once more, with another one.

use std::{env, io::Write as _, net::SocketAddr, process::Stdio};

use alipay_api::{Client, Credentials, trade::Query};
use alipay_mock::Mock;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::mpsc,
};

use super::case;
use crate::support::start;

/// What stands before what a call has come to.
const SAID: &str = "the call said: ";

/// The proxy that the client is built with.
const PROXY: &str = "ALIPAY_TEST_PROXY";

/// One call of this gateway, in a process with this environment beside the test's own: what it came to.
async fn call(mock: &Mock, gateway: &str, environment: &[(&str, String)]) -> String {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command
        .args(["--exact", "cases::transport::call_once", "--ignored", "--nocapture"])
        .env("ALIPAY_TEST_GATEWAY", gateway)
        .env("ALIPAY_TEST_APP_ID", mock.app_id())
        .env("ALIPAY_TEST_PRIVATE_KEY", mock.app_private_key())
        .env("ALIPAY_TEST_PUBLIC_KEY", mock.alipay_public_key())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().await.expect("a process");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find_map(|line| line.split_once(SAID));
    line.unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

/// What the process does.
#[tokio::test]
#[ignore = "other tests run it, in a process with an environment of its own"]
async fn call_once() {
    let given = |name: &str| env::var(name).expect("the test's environment");
    let credentials = Credentials::public_key(&given("ALIPAY_TEST_PRIVATE_KEY"), &given("ALIPAY_TEST_PUBLIC_KEY"));
    let mut builder = Client::builder(given("ALIPAY_TEST_APP_ID"), credentials.expect("keys"))
        .gateway(given("ALIPAY_TEST_GATEWAY"))
        .max_attempts(1);
    if let Ok(proxy) = env::var(PROXY) {
        builder = builder.proxy(proxy);
    }
    let said = match builder.build() {
        Ok(client) => client
            .trade()
            .query(Query::with_out_trade_no("1"))
            .await
            .map_or_else(|error| error.to_string(), |order| order.trade_no),
        Err(error) => error.to_string(),
    };
    // Before it, the test's name stands on the line.
    writeln!(std::io::stdout(), "{SAID}{said}").expect("a reader");
}

fn environment(case: &Value) -> Vec<(&str, String)> {
    let variables = case["environment"].as_object().expect("variables");
    let variables = variables.iter();
    variables
        .map(|(name, value)| (name.as_str(), value.as_str().expect("text").to_owned()))
        .collect()
}

#[tokio::test]
async fn without_root_certificates_https_says_so_and_http_works() {
    let case = case("transport/no-root-certificates");
    let (mock, _) = start().await;
    let environment = environment(&case);
    let said = call(&mock, "https://127.0.0.1:1/gateway.do", &environment).await;
    assert_eq!(
        said,
        "the HTTP client can't be set up: this machine has no root certificates: install ca-certificates, or name a file of root \
         certificates in SSL_CERT_FILE"
    );
    let said = call(&mock, &mock.gateway_url(), &environment).await;
    assert!(said.contains("ACQ.TRADE_NOT_EXIST"), "{said}");
}

/// A SOCKS5 proxy that knows one host: whatever it is asked for, it is this. It tells what it was asked for.
async fn socks_proxy(host: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let methods = {
                assert_eq!(client.read_u8().await.unwrap(), 5);
                client.read_u8().await.unwrap()
            };
            client.read_exact(&mut vec![0; methods.into()]).await.unwrap();
            client.write_all(&[5, 0]).await.unwrap();
            let mut request = [0; 4];
            client.read_exact(&mut request).await.unwrap();
            assert_eq!(request[..3], [5, 1, 0], "a wish to connect");
            let name = match request[3] {
                1 => {
                    let mut address = [0; 4];
                    client.read_exact(&mut address).await.unwrap();
                    std::net::Ipv4Addr::from(address).to_string()
                }
                3 => {
                    let mut name = vec![0; client.read_u8().await.unwrap().into()];
                    client.read_exact(&mut name).await.unwrap();
                    String::from_utf8(name).unwrap()
                }
                other => panic!("an address of the kind {other}"),
            };
            client.read_u16().await.unwrap();
            sender.send(name).unwrap();
            let mut gateway = TcpStream::connect(host).await.unwrap();
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            // Whichever side ends it: the call has been answered by then.
            drop(copy_bidirectional(&mut client, &mut gateway).await);
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_socks_proxy_is_used() {
    let case = case("transport/socks-proxy");
    let (mock, _) = start().await;
    let host = mock.base_url().trim_start_matches("http://").parse().unwrap();
    let (proxy, mut asked) = socks_proxy(host).await;
    let at = |scheme: &str| {
        let there = environment(&case).into_iter();
        let here = |value: String| {
            value
                .replace("127.0.0.1:1080", &proxy.to_string())
                .replace("socks5", scheme)
        };
        there.map(|(name, value)| (name, here(value))).collect::<Vec<_>>()
    };
    let gateway = case["gateway"].as_str().unwrap();
    // With this scheme, the name is this machine's to look up.
    let said = call(&mock, gateway, &at("socks5")).await;
    let wanted = "alipay.trade.query: no connection to the gateway: error resolving for socks proxy: ";
    assert!(said.starts_with(wanted), "{said}");
    let said = call(&mock, &mock.gateway_url(), &at("socks5")).await;
    assert!(said.contains("ACQ.TRADE_NOT_EXIST"), "{said}");
    assert_eq!(asked.recv().await.as_deref(), Some("127.0.0.1"));
    // And with this one, the proxy's.
    let said = call(&mock, gateway, &at("socks5h")).await;
    assert!(said.contains("ACQ.TRADE_NOT_EXIST"), "{said}");
    assert_eq!(asked.recv().await.as_deref(), Some("gateway.invalid"));
}

#[tokio::test]
async fn the_builders_proxy_takes_the_place_of_the_environments() {
    let (mock, _) = start().await;
    let gateway = "http://gateway.invalid/gateway.do";
    // Nobody is there.
    let elsewhere = "http://127.0.0.1:9".to_owned();
    let environment = [
        ("HTTP_PROXY", elsewhere.clone()),
        ("ALL_PROXY", elsewhere),
        ("NO_PROXY", "gateway.invalid".to_owned()),
        // The embedded gateway takes what proxies are asked.
        (PROXY, mock.base_url()),
    ];
    let said = call(&mock, gateway, &environment).await;
    assert!(said.contains("ACQ.TRADE_NOT_EXIST"), "{said}");
    // And by SOCKS.
    let host = mock.base_url().trim_start_matches("http://").parse().unwrap();
    let (proxy, mut asked) = socks_proxy(host).await;
    let said = call(&mock, gateway, &[(PROXY, format!("socks5h://{proxy}"))]).await;
    assert!(said.contains("ACQ.TRADE_NOT_EXIST"), "{said}");
    assert_eq!(asked.recv().await.as_deref(), Some("gateway.invalid"));
}
