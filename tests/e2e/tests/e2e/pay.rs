//! Payments: from the shop's page to the cashier, and back.

use alipay_api::trade::types::TradeStatus;
use alipay_api::trade::{PagePay, Precreate, Query, WapPay};
use alipay_api::types::OpenEnum;

use crate::LANGUAGES;
use crate::browser::{Chromium, Screen};
use crate::shop::{Shop, price};

const SUBJECT: &str = "明前龙井 <b>礼盒</b> & 茶具两件套";

async fn status(shop: &Shop, number: &str) -> OpenEnum<TradeStatus> {
    let order = shop.client.trade().query(Query::with_out_trade_no(number)).await;
    order.expect("the order is there").trade_status
}

/// The shop has the browser back with signed parameters, and the notification.
async fn is_paid(shop: &mut Shop, number: &str, amount: &str, address: &str) {
    let query = shop.browser_is_back().await;
    assert_eq!(address, format!("{}?{query}", shop.back_url()));
    let returned = shop
        .client
        .notifications()
        .verify_return(&query)
        .expect("a signed return");
    assert_eq!(returned.parameter("out_trade_no"), Some(number));
    assert_eq!(returned.parameter("total_amount"), Some(amount));
    let paid = shop
        .notification()
        .await
        .expect_order(number, price(amount))
        .expect("the order is paid");
    assert_eq!(Some(paid.trade_no.as_str()), returned.parameter("trade_no"));
    assert_eq!(status(shop, number).await, TradeStatus::TradeSuccess);
    assert!(shop.heard_nothing_more().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_pays_at_a_desk_by_address_and_by_form() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Desk).await;

        let by_address = PagePay::new("get-1", price("328.00"), SUBJECT).timeout_express("15m");
        let call = shop
            .client
            .trade()
            .page_pay(by_address)
            .return_url(shop.back_url())
            .notify_url(shop.notify_url());
        tab.open(&call.url().expect("an address"), &pages).await;
        assert_eq!(tab.text("#subject").await, SUBJECT);
        assert_eq!(tab.text("#total_amount").await, "328.00");
        assert!(tab.fits().await);
        tab.picture(&format!("cashier-desk-{short}")).await;
        // Somebody without money first.
        tab.click("input[value='2088102169481075']").await;
        tab.click("button.agree").await;
        tab.arrives(&pages).await;
        assert!(!tab.text("#problem").await.is_empty());
        tab.picture(&format!("cashier-no-money-{short}")).await;
        tab.click("button.agree").await;
        tab.arrives(&pages).await;
        tab.picture(&format!("paid-{short}")).await;
        let address = tab.arrives(&shop.back_url()).await;
        assert_eq!(tab.address().await, address);
        is_paid(&mut shop, "get-1", "328.00", &address).await;

        let by_form = PagePay::new("post-1", price("0.01"), SUBJECT);
        let call = shop
            .client
            .trade()
            .page_pay(by_form)
            .return_url(shop.back_url())
            .notify_url(shop.notify_url());
        let order = shop.offers(call.form().expect("a form"));
        tab.open(&order, &pages).await;
        tab.click("button.agree").await;
        let address = tab.arrives(&shop.back_url()).await;
        is_paid(&mut shop, "post-1", "0.01", &address).await;
        chromium.close().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_pays_on_a_phone() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Phone).await;
        let order = WapPay::new("wap-1", price("12.50"), SUBJECT)
            .timeout_express("90m")
            .quit_url(format!("{}/cart", shop.base));
        let call = shop
            .client
            .trade()
            .wap_pay(order)
            .return_url(shop.back_url())
            .notify_url(shop.notify_url());
        tab.open(&call.url().expect("an address"), &pages).await;
        assert!(tab.fits().await);
        tab.picture(&format!("cashier-phone-{short}")).await;

        // The buyer leaves: the shop has its browser back, and no money.
        tab.click("button:not(.agree)").await;
        tab.arrives(&pages).await;
        tab.picture(&format!("left-phone-{short}")).await;
        tab.arrives(&format!("{}/cart", shop.base)).await;
        assert_eq!(status(&shop, "wap-1").await, TradeStatus::WaitBuyerPay);
        assert!(shop.heard_nothing_more().await);

        tab.open(&call.url().expect("an address"), &pages).await;
        tab.click("button.agree").await;
        let address = tab.arrives(&shop.back_url()).await;
        is_paid(&mut shop, "wap-1", "12.50", &address).await;
        chromium.close().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_cancels_at_a_desk_and_thinks_again() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Desk).await;
        let order = PagePay::new("cancel-1", price("5.00"), SUBJECT);
        let call = shop
            .client
            .trade()
            .page_pay(order)
            .return_url(shop.back_url())
            .notify_url(shop.notify_url());
        tab.open(&call.url().expect("an address"), &pages).await;
        tab.click("button:not(.agree)").await;
        let left = tab.arrives(&pages).await;
        tab.picture(&format!("left-desk-{short}")).await;
        assert_eq!(tab.address().await, left);
        assert_eq!(status(&shop, "cancel-1").await, TradeStatus::WaitBuyerPay);
        assert!(shop.heard_nothing_more().await);
        tab.click("#again").await;
        tab.arrives(&pages).await;
        tab.click("button.agree").await;
        let address = tab.arrives(&shop.back_url()).await;
        is_paid(&mut shop, "cancel-1", "5.00", &address).await;
        chromium.close().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_scans_a_code() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Phone).await;
        let order = Precreate::new("scan-1", price("9.90"), SUBJECT);
        let order = shop
            .client
            .trade()
            .precreate(order)
            .notify_url(shop.notify_url())
            .await
            .expect("an order");
        let picture = format!("{}.svg", order.qr_code);
        tab.open(&picture, &picture).await;
        tab.picture("qr").await;
        tab.open(&order.qr_code, &pages).await;
        tab.picture(&format!("scanned-{short}")).await;
        tab.click("button.agree").await;
        tab.arrives(&pages).await;
        tab.picture(&format!("scanned-paid-{short}")).await;
        let paid = shop.notification().await;
        paid.expect_order("scan-1", price("9.90")).expect("the order is paid");
        assert!(shop.heard_nothing_more().await);
        chromium.close().await;
        shop.close().await;
    }
}
