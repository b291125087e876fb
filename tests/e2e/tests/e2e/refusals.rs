//! What a browser shows where there is nothing to pay.

use std::sync::atomic::Ordering;

use alipay_api::trade::PagePay;

use crate::LANGUAGES;
use crate::browser::{Chromium, Screen};
use crate::shop::{Shop, price};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_expires_while_the_buyer_looks_at_it() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Desk).await;
        let order = || PagePay::new("late-1", price("5.00"), "茶").timeout_express("10m");
        let call = shop.client.trade().page_pay(order()).return_url(shop.back_url());
        tab.open(&call.url().expect("an address"), &pages).await;
        shop.seconds.fetch_add(600, Ordering::SeqCst);
        tab.click("button.agree").await;
        tab.arrives(&pages).await;
        assert_eq!(tab.text("#parameter").await, "time_expire");
        tab.picture(&format!("expired-{short}")).await;
        // The shop's link leads to the same.
        let call = shop.client.trade().page_pay(order()).return_url(shop.back_url());
        tab.open(&call.url().expect("an address"), &shop.mock.gateway_url())
            .await;
        assert_eq!(tab.text("#sub_code").await, "ACQ.TRADE_HAS_CLOSE");
        assert_eq!(tab.text("#parameter").await, "out_trade_no");
        tab.picture(&format!("closed-{short}")).await;
        assert!(shop.mock.movements().is_empty() && shop.heard_nothing_more().await);
        chromium.close().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_was_changed_on_the_way() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let mut tab = chromium.tab(Screen::Desk).await;
        let order = PagePay::new("changed-1", price("5000.00"), "A <i>tea</i> & a cup");
        let call = shop.client.trade().page_pay(order).return_url(shop.back_url());
        let url = call.url().expect("an address");
        let changed = url.replace("5000.00", "0.01");
        assert_ne!(url, changed);
        tab.open(&changed, &shop.mock.gateway_url()).await;
        assert_eq!(tab.text("#sub_code").await, "isv.invalid-signature");
        assert_eq!(tab.text("#parameter").await, "sign");
        let quote = tab.text("#quote").await;
        assert!(
            quote.contains("A <i>tea</i> & a cup") && quote.contains("\"0.01\""),
            "{quote}"
        );
        assert!(tab.fits().await);
        tab.picture(&format!("changed-{short}")).await;
        assert!(shop.mock.trade("changed-1").is_err() && shop.heard_nothing_more().await);
        chromium.close().await;
        shop.close().await;
    }
}
