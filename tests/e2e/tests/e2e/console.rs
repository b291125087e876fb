//! The console: what the gateway plays, live, and what is ordered of it.

use alipay_api::trade::{PagePay, Precreate, Query, Refund};

use crate::LANGUAGES;
use crate::browser::{Chromium, Screen};
use crate::shop::{Shop, price};

/// What would show in the title of a page that does not escape it.
const SUBJECT: &str = "龙井 <script>document.title='harm'</script><img src=x onerror=\"document.title='harm'\">";
const REFUND: &str = "live-1-r";

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one visit from the first order to the last fault")]
async fn the_console_shows_a_payment_live_and_drives_a_fault() {
    for (language, short) in LANGUAGES {
        // Somebody looks on in a browser of their own.
        let (chromium, onlooker, mut shop) = (
            Chromium::start(language).await,
            Chromium::start(language).await,
            Shop::open().await,
        );
        let console = format!("{}/", shop.mock.base_url());
        let page = |path: &str| format!("{console}console/{path}");
        let picture = |name: &str| format!("console-{name}-{short}");
        let mut watching = onlooker.tab(Screen::Desk).await;
        watching.open(&console, &console).await;
        watching.sees("#link[data-state='on']", "").await;
        assert!(watching.asks("window.stays = true").await);
        watching.picture(&picture("empty")).await;

        let order = PagePay::new("live-1", price("328.00"), SUBJECT).timeout_express("15m");
        let call = shop.client.trade().page_pay(order);
        let call = call.return_url(shop.back_url()).notify_url(shop.notify_url());
        let mut tab = chromium.tab(Screen::Desk).await;
        let pages = format!("{console}page/");
        tab.open(&call.url().expect("an address"), &pages).await;
        watching.sees("#orders tr[data-key$=' live-1']", "WAIT_BUYER_PAY").await;
        watching.sees("#requests tr", "live-1").await;
        tab.click("button.agree").await;
        watching.sees("#orders tr[data-key$=' live-1']", "TRADE_SUCCESS").await;
        shop.browser_is_back().await;
        shop.notification().await;
        watching.sees("#notifications tr", "200 success").await;
        let refund = Refund::with_out_trade_no("live-1", price("28.00")).out_request_no(REFUND);
        shop.client.trade().refund(refund).await.expect("a refund");
        watching.sees("#refunds tr", REFUND).await;
        shop.notification().await;
        let code = Precreate::new("live-2", price("12.50"), "茶").timeout_express("15m");
        let code = shop.client.trade().precreate(code).notify_url(shop.notify_url());
        let code = code.await.expect("a code");
        watching.sees("#orders tr[data-key$=' live-2']", "").await;
        // All of it came into the page that was there from the beginning.
        assert!(
            watching
                .asks("window.stays === true && !document.title.includes('harm')")
                .await
        );
        assert!(watching.fits().await);
        watching.picture(&picture("overview")).await;

        watching.click("#orders tr[data-key$=' live-1'] a").await;
        watching.arrives(&page("order?")).await;
        assert!(watching.text("#subject").await.contains("<script>"));
        watching.picture(&picture("order")).await;
        assert!(watching.asks("!document.title.includes('harm')").await);
        watching.click("#notifications tr a").await;
        watching.arrives(&page("notification?")).await;
        watching.picture(&picture("notification")).await;
        watching.click("#resend button").await;
        watching.arrives(&page("notification?")).await;
        let again = shop.notification().await;
        watching.sees("#attempts tr[data-key='1']", "success").await;
        assert_eq!(Some(&*watching.text("#notify_id").await), again.notify_id());

        // The next query's answer has a wrong signature, which the library refuses.
        watching.open(&page("faults"), &page("faults")).await;
        watching.sees("#link[data-state='on']", "").await;
        watching
            .types("#order input[name='method']", "alipay.trade.query")
            .await;
        watching.click("#order button.main").await;
        watching.arrives(&page("faults")).await;
        watching.sees("#link[data-state='on']", "").await;
        watching.sees("#pending tr", "alipay.trade.query").await;
        watching.picture(&picture("faults")).await;
        let refused = shop.client.trade().query(Query::with_out_trade_no("live-1")).await;
        let refused = refused.expect_err("the signature is wrong");
        assert!(refused.to_string().contains("sign"), "{refused}");
        watching.sees("#pending .empty", "").await;
        let answered = shop.client.trade().query(Query::with_out_trade_no("live-1")).await;
        answered.expect("the fault was for one answer");

        // A parameter was added to a request after it was signed.
        let url = format!("{}&extra=1", call.url().expect("an address"));
        tab.open(&url, &format!("{console}gateway.do")).await;
        watching.open(&page("requests"), &page("requests")).await;
        watching.picture(&picture("requests")).await;
        watching.click("#requests tr td.num a").await;
        watching.arrives(&page("request?")).await;
        assert!(watching.text("#finding").await.contains("extra"));
        assert!(watching.text("#verified").await.contains("▶extra=1"));
        watching.picture(&picture("request")).await;

        // The order of the code is not paid in time.
        watching.open(&page("buyers"), &page("buyers")).await;
        watching.picture(&picture("buyers")).await;
        tab.open(&code.qr_code, &pages).await;
        watching.open(&page("clock"), &page("clock")).await;
        watching.picture(&picture("clock")).await;
        watching.click("#advance button[value='advance 3600']").await;
        watching.arrives(&page("clock")).await;
        watching.picture(&picture("clock-moved")).await;
        let closed = shop.notification().await;
        assert_eq!(closed.parameter("trade_status"), Some("TRADE_CLOSED"));

        watching
            .open(&page("send?name=trade_status_sync"), &page("send?"))
            .await;
        watching.picture(&picture("send")).await;

        let mut phone = onlooker.tab(Screen::Phone).await;
        phone.open(&console, &console).await;
        assert!(phone.fits().await);
        phone.picture(&picture("phone")).await;
        assert!(shop.heard_nothing_more().await);
        onlooker.close().await;
        chromium.close().await;
        shop.close().await;
    }
}
