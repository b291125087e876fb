//! A gateway and a client of it for each test, and orders to begin with.

use std::sync::{Arc, OnceLock};

use alipay_api::{
    Client, ClientBuilder, Credentials,
    trade::{Precreate, RoyaltyRelationBind, types::RoyaltyEntity},
    types::Price,
};
use alipay_mock::Mock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    runtime::Runtime,
    sync::mpsc,
};

/// A gateway and the client of its app.
pub(crate) async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.expect("the gateway starts");
    let client = builder(&mock).build().expect("a client");
    (mock, client)
}

/// The same with a gateway that takes any text as a number and a subject.
pub(crate) async fn start_lenient() -> (Mock, Client) {
    let mock = Mock::builder().lenient().start().await.expect("the gateway starts");
    let client = builder(&mock).build().expect("a client");
    (mock, client)
}

/// A gateway that many cases of a property share, and the runtime that it lives in.
pub(crate) fn shared() -> &'static (Runtime, Mock, Client) {
    static SHARED: OnceLock<(Runtime, Mock, Client)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let (mock, client) = runtime.block_on(start_lenient());
        (runtime, mock, client)
    })
}

/// A client of the gateway's app, to be changed.
pub(crate) fn builder(mock: &Mock) -> ClientBuilder {
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).expect("keys");
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

/// An order that its buyer has paid.
pub(crate) async fn paid_order(mock: &Mock, client: &Client, out_trade_no: &str, amount: &str) -> String {
    client
        .trade()
        .precreate(Precreate::new(out_trade_no, price(amount), "测试订单"))
        .await
        .expect("an order");
    mock.pay(out_trade_no)
        .expect("it is paid")
        .trade
        .trade_no
        .expect("a trade")
}

/// Lets this account receive shares of payments.
pub(crate) async fn bind_receiver(client: &Client, account: &str) {
    let receiver = RoyaltyEntity::new().r#type("userId").account(account);
    let bind = RoyaltyRelationBind::new().receiver_list([receiver]);
    client.trade().royalty_relation_bind(bind).await.expect("it is bound");
}

/// A gateway in certificate mode, and the client of its app.
pub(crate) async fn start_certified() -> (Mock, Client) {
    let mock = Mock::builder()
        .certificates()
        .start()
        .await
        .expect("the gateway starts");
    let client = certified_builder(&mock).build().expect("a client");
    (mock, client)
}

/// A client in certificate mode, to be changed.
pub(crate) fn certified_builder(mock: &Mock) -> ClientBuilder {
    let [app, alipay, root] = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
    let credentials = Credentials::certificates(&mock.app_private_key(), &app, &alipay, &root).expect("credentials");
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect("an amount")
}

/// Answers each POST with the next of these bodies (the last for ever), and hands out what was posted.
pub(crate) async fn merchant(answers: &[&str]) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (address, receiver) = server(answers, |_, body| body).await;
    (format!("{address}/notify"), receiver)
}

/// Answers each POST with the next of these bodies (the last for ever), and hands out what `keep` makes of its head and its body.
pub(crate) async fn server<T: Send + 'static>(
    answers: &[&str],
    keep: fn(Vec<u8>, Vec<u8>) -> T,
) -> (String, mpsc::UnboundedReceiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    let answers: Arc<Vec<String>> = Arc::new(answers.iter().map(|answer| (*answer).to_owned()).collect());
    tokio::spawn(async move {
        for count in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let body = loop {
                stream.read_buf(&mut request).await.unwrap();
                let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length:"))
                    .unwrap();
                if request.len() >= end + 4 + length.trim().parse::<usize>().unwrap() {
                    break request.split_off(end + 4);
                }
            };
            let answer = &answers[count.min(answers.len() - 1)];
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
                answer.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            if sender.send(keep(request, body)).is_err() {
                break;
            }
        }
    });
    (url, receiver)
}
