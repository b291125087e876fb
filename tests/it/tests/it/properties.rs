//! Any text travels unchanged, in every kind of call.

use std::sync::OnceLock;

use alipay_api::{
    Client,
    trade::{AppPay, Create, PagePay, Query, types::GoodsDetail},
};
use alipay_mock::Mock;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::{price, start};

/// One gateway and one runtime for all cases.
fn gateway() -> &'static (Runtime, Mock, Client) {
    static GATEWAY: OnceLock<(Runtime, Mock, Client)> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let (mock, client) = runtime.block_on(start());
        (runtime, mock, client)
    })
}

/// A number that no other case has.
fn number() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("P{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

/// Any characters, those that protocols trip over more often.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => any::<char>(),
        2 => prop::sample::select("&=+% \"'<>\\/{}[]:,;?#\r\n\t\u{0}\u{feff}你好😀".chars().collect::<Vec<_>>()),
    ];
    prop::collection::vec(character, 1..40).prop_map(String::from_iter)
}

async fn query(client: &Client, out_trade_no: &str) -> (Option<String>, Option<String>) {
    let order = client
        .trade()
        .query(Query::with_out_trade_no(out_trade_no))
        .await
        .unwrap();
    (order.subject, order.body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_server_call(subject in text(), body in text(), goods in text()) {
        let (runtime, mock, client) = gateway();
        let out_trade_no = number();
        let item = GoodsDetail::new(goods.clone(), goods.clone(), 1, price("1.00"));
        let request = Create::with_buyer_id("2088102146225135", &out_trade_no, price("1.00"), &subject);
        let call = client.trade().create(request.body(&body).goods_detail([item]));
        let read = runtime.block_on(async { call.await.unwrap(); query(client, &out_trade_no).await });
        prop_assert_eq!(read, (Some(subject), Some(body)));
        let received = mock.trade(&out_trade_no).unwrap().request;
        prop_assert_eq!(received["goods_detail"][0]["goods_name"].as_str(), Some(goods.as_str()));
    }

    #[test]
    fn a_page(subject in text(), body in text()) {
        let (runtime, _, client) = gateway();
        let out_trade_no = number();
        let request = PagePay::new(&out_trade_no, price("1.00"), &subject).body(&body);
        let url = client.trade().page_pay(request).url().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let read = runtime.block_on(async {
            assert_eq!(http.get(url).send().await.unwrap().status(), 200);
            query(client, &out_trade_no).await
        });
        prop_assert_eq!(read, (Some(subject), Some(body)));
    }

    #[test]
    fn an_app(subject in text(), body in text()) {
        let (runtime, mock, client) = gateway();
        let out_trade_no = number();
        let request = AppPay::new(&out_trade_no, price("1.00"), &subject).body(&body);
        let order = client.trade().app_pay(request).order_string().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = http.post(mock.gateway_url()).header("content-type", "application/x-www-form-urlencoded").body(order);
        let read = runtime.block_on(async {
            assert_eq!(post.send().await.unwrap().status(), 200);
            query(client, &out_trade_no).await
        });
        prop_assert_eq!(read, (Some(subject), Some(body)));
    }

    #[test]
    fn no_bytes_make_a_notification_panic(body: Vec<u8>) {
        let (_, _, client) = gateway();
        client.notifications().verify(&body).unwrap_err();
    }
}
