//! How often the paths of every payment ask for memory.
#![cfg(feature = "trade")]

use std::sync::Arc;

use alipay_api::{
    Client, Credentials,
    sign::{BadSignature, BoxFuture, SignError, SignType, Signer, Verifier},
    trade::PagePay,
};

/// A signature of one allocation, as every backend has.
#[derive(Debug)]
struct Free;

impl Signer for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async { Ok(vec![0x5a; 256]) })
    }

    fn sign_now(&self, _: &[u8]) -> Option<Result<Vec<u8>, SignError>> {
        Some(Ok(vec![0x5a; 256]))
    }
}

impl Verifier for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }
}

fn client() -> Client {
    let credentials = Credentials::custom(Arc::new(Free), Arc::new(Free)).expect("credentials");
    Client::builder("2021000000000001", credentials)
        .build()
        .expect("a client")
}

fn allocations(act: impl FnOnce()) -> u64 {
    allocation_counter::measure(act).count_total
}

#[test]
fn a_payment_pages_address_takes_few() {
    let client = client();
    let order = PagePay::new(
        "20161112000100010001",
        "88.88".parse().expect("a price"),
        "Iphone6 16G 深空灰色",
    )
    .body("Iphone6 16G")
    .timeout_express("90m");
    let page = client
        .trade()
        .page_pay(order)
        .notify_url("https://example.com/notify")
        .return_url("https://example.com/return");
    let count = allocations(|| assert!(page.url().is_ok()));
    assert!(count <= 8, "{count} allocations");
}

#[test]
fn a_notification_of_22_parameters_takes_few() {
    const BODY: &str = "app_id=2021000000000001&auth_app_id=2021000000000001&buyer_id=2088102116773037&buyer_logon_id=159%2A%2A%2A%2A5620\
        &buyer_pay_amount=88.88&charset=utf-8\
        &fund_bill_list=%5B%7B%22amount%22%3A%2288.88%22%2C%22fundChannel%22%3A%22ALIPAYACCOUNT%22%7D%5D\
        &gmt_create=2024-01-02+03%3A04%3A05&gmt_payment=2024-01-02+03%3A04%3A07&invoice_amount=88.88\
        &notify_id=ac05099524730693a8b330c5ecf72da9786&notify_time=2024-01-02+03%3A04%3A08&notify_type=trade_status_sync\
        &out_trade_no=20161112000100010001&point_amount=0.00&receipt_amount=88.88&seller_id=2088102119685838\
        &subject=Iphone6+16G+%E6%B7%B1%E7%A9%BA%E7%81%B0%E8%89%B2&total_amount=88.88&trade_no=2024010222001473700100000001\
        &trade_status=TRADE_SUCCESS&version=1.0&sign=WlpaWlpaWlpaWlpaWlpaWlpaWlo%3D&sign_type=RSA2";
    let client = client();
    let mut paid = None;
    let count = allocations(|| paid = client.notifications().verify(BODY).ok());
    assert_eq!(
        paid.as_ref().and_then(|paid| paid.parameter("trade_status")),
        Some("TRADE_SUCCESS")
    );
    assert_eq!(paid.map(|paid| paid.parameters().count()), Some(22));
    assert!(count <= 30, "{count} allocations");
}
