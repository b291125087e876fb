//! The TLS of a client is its own. Alone in its process, because a default is for the whole of it.
#![cfg(all(feature = "aws-lc", feature = "reqwest"))]

use alipay_api::{
    Client, Credentials, ErrorKind,
    sign::{PrivateKey, SignType},
};
use alipay_mock::keys::KeyPair;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

#[tokio::test]
async fn the_process_default_is_of_no_account() {
    let useless = CryptoProvider {
        cipher_suites: Vec::new(),
        kx_groups: Vec::new(),
        ..aws_lc_rs::default_provider()
    };
    useless.install_default().expect("the first and only");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let gateway = format!("https://{}/gateway.do", listener.local_addr().expect("an address"));
    let [own, alipay] = [(); 2].map(|()| {
        let key = KeyPair::generate().expect("a key").to_pem().expect("PEM");
        PrivateKey::parse(&key).expect("the same key")
    });
    let credentials = Credentials::keys(own, alipay.public_key(), SignType::Rsa2).expect("two keys");
    let client = Client::builder("2021000000000000", credentials)
        .gateway(gateway)
        .max_attempts(1)
        .build()
        .expect("a client");
    let call = tokio::spawn(async move { client.call_raw("alipay.test.query", serde_json::json!({})).await });

    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut hello = vec![0; 5];
    stream.read_exact(&mut hello).await.expect("the head of a record");
    assert_eq!(hello[0], 0x16, "it is a handshake");
    let length = u16::from_be_bytes([hello[3], hello[4]]);
    let mut hello = vec![0; length.into()];
    stream.read_exact(&mut hello).await.expect("a record");
    let offers = |protocol: &[u8]| hello.windows(protocol.len()).any(|window| window == protocol);
    assert!(offers(b"\x02h2") && offers(b"\x08http/1.1"));
    drop(stream);
    let error = call.await.expect("no panic").expect_err("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Transport);
}
