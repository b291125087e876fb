//! Any text travels unchanged, in every kind of call: from the client to the gateway, and back in the notification of the payment.

use std::sync::OnceLock;

use alipay_api::{
    Client,
    notify::SUCCESS,
    trade::{
        AppPay, Create, CreateRequired, FastpayRefundQuery, FastpayRefundQueryRequired, PagePay, Precreate, Refund,
        WapPay,
        types::{GoodsDetail, GoodsDetailRequired},
    },
};
use alipay_mock::Mock;
use proptest::prelude::*;
use tokio::{
    runtime::Runtime,
    sync::{Mutex, mpsc},
};

use crate::support::{merchant, price, start_lenient};

/// What all cases share.
struct Shop {
    runtime: Runtime,
    mock: Mock,
    client: Client,
    notify_url: String,
    posted: Mutex<mpsc::UnboundedReceiver<Vec<u8>>>,
}

impl Shop {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (mock, client) = runtime.block_on(start_lenient());
        let (notify_url, posted) = runtime.block_on(merchant(&[SUCCESS]));
        Self {
            runtime,
            mock,
            client,
            notify_url,
            posted: Mutex::new(posted),
        }
    }

    /// Opens an order as a browser or a phone does.
    fn open(&self, request: reqwest::RequestBuilder) {
        let response = self.runtime.block_on(request.send()).unwrap();
        assert_eq!(response.status(), 200);
    }

    /// The subject and the body that come back once the order is paid.
    fn told(&self, out_trade_no: &str) -> (Option<String>, Option<String>) {
        // One case at a time, so that each gets its own notification.
        let mut posted = self.runtime.block_on(self.posted.lock());
        self.mock.pay(out_trade_no).unwrap();
        let body = self.runtime.block_on(posted.recv()).unwrap();
        let told = self
            .client
            .notifications()
            .verify(body)
            .unwrap()
            .expect_order(out_trade_no, price("1.00"))
            .unwrap();
        (told.subject.clone(), told.body.clone())
    }
}

fn shop() -> &'static Shop {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    SHOP.get_or_init(Shop::new)
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

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_call(subject in text(), body in text(), goods in text()) {
        let shop = shop();
        let out_trade_no = number();
        let item = GoodsDetail::new(GoodsDetailRequired { goods_id: goods.clone(), goods_name: goods.clone(), quantity: 1, price: price("1.00") });
        let request = Create::with_buyer_id("2088102146225135", CreateRequired { out_trade_no: out_trade_no.clone(), total_amount: price("1.00"), subject: subject.clone() });
        let request = request.body(&body).goods_detail([item]);
        let call = shop.client.trade().create(request).notify_url(&shop.notify_url);
        let order = shop.runtime.block_on(async { call.await }).unwrap();
        prop_assert_eq!(&order.out_trade_no, &out_trade_no);
        let received = shop.mock.last_request("alipay.trade.create").unwrap();
        let received: serde_json::Value = serde_json::from_str(&received["biz_content"]).unwrap();
        prop_assert_eq!(received["goods_detail"][0]["goods_name"].as_str(), Some(goods.as_str()));
        prop_assert_eq!(shop.told(&out_trade_no), (Some(subject), Some(body)));
    }

    #[test]
    fn an_answer(reason in text(), request_number in text()) {
        let shop = shop();
        let out_trade_no = number();
        let order = Precreate::new(&out_trade_no, price("1.00"), "subject");
        let refund = Refund::with_out_trade_no(&out_trade_no, price("0.01"));
        let refund = refund.refund_reason(&reason).out_request_no(&request_number);
        let found = shop.runtime.block_on(async {
            shop.client.trade().precreate(order).await.unwrap();
            shop.mock.pay(&out_trade_no).unwrap();
            shop.client.trade().refund(refund).await.unwrap();
            let query = FastpayRefundQuery::with_out_trade_no(&out_trade_no, FastpayRefundQueryRequired { out_request_no: request_number.clone() });
            shop.client.trade().fastpay_refund_query(query).await.unwrap()
        });
        prop_assert_eq!((found.refund_reason, found.out_request_no), (Some(reason), Some(request_number)));
    }

    #[test]
    fn a_page(subject in text(), body in text(), by_form: bool) {
        let shop = shop();
        let out_trade_no = number();
        let request = PagePay::new(&out_trade_no, price("1.00"), &subject).body(&body);
        let call = shop.client.trade().page_pay(request).notify_url(&shop.notify_url);
        if by_form {
            let (action, fields) = crate::pages::as_a_browser_reads(&call.form().unwrap());
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let post = http().post(action).header("content-type", "application/x-www-form-urlencoded");
            shop.open(post.body(body));
        } else {
            shop.open(http().get(call.url().unwrap()));
        }
        prop_assert_eq!(shop.told(&out_trade_no), (Some(subject), Some(body)));
    }

    #[test]
    fn a_phones_page(subject in text(), body in text()) {
        let shop = shop();
        let out_trade_no = number();
        let request = WapPay::new(&out_trade_no, price("1.00"), &subject).body(&body);
        let call = shop.client.trade().wap_pay(request).notify_url(&shop.notify_url);
        shop.open(http().get(call.url().unwrap()));
        prop_assert_eq!(shop.told(&out_trade_no), (Some(subject), Some(body)));
    }

    #[test]
    fn an_app(subject in text(), body in text()) {
        let shop = shop();
        let out_trade_no = number();
        let request = AppPay::new(&out_trade_no, price("1.00"), &subject).body(&body);
        let order = shop.client.trade().app_pay(request).notify_url(&shop.notify_url).order_string().unwrap();
        let post = http().post(shop.mock.gateway_url()).header("content-type", "application/x-www-form-urlencoded");
        shop.open(post.body(order));
        prop_assert_eq!(shop.told(&out_trade_no), (Some(subject), Some(body)));
    }

    #[test]
    fn no_bytes_make_a_notification_panic(body: Vec<u8>) {
        shop().client.notifications().verify(&body).unwrap_err();
    }
}
