//! The buyer's browser comes back, and proves nothing.

use crate::support::World;

#[tokio::test]
async fn who_comes_back_sees_what_the_gateway_says() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    // The notification is lost: all that comes is the browser.
    world.mail.lose();
    let number = shop.browser.order("page").await;
    let url = world.pay(&number).await.return_url.unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let back = format!("/return?{query}");

    for _ in 0..3 {
        world
            .mock
            .answer_next("alipay.trade.query", "20000", "aop.ACQ.SYSTEM_ERROR", false);
    }
    let page = shop.browser.get(&back).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("正在处理") && !page.text.contains("已付款"),
        "{}",
        page.text
    );
    assert_eq!(
        world.deliveries().await,
        0,
        "Alipay's page says that it is paid, and that is no proof"
    );

    // Whoever reloads does not make the gateway be asked each time.
    let asked = world.mock.requests_of("alipay.trade.query");
    shop.browser.get(&back).await;
    assert_eq!(world.mock.requests_of("alipay.trade.query"), asked);

    // The page keeps its word and looks again, also when the order's time is over.
    world.change_database("UPDATE orders SET expires_at = 1").await;
    let page = shop.browser.get(&back).await;
    assert!(
        page.text.contains("自动更新") && page.text.contains("http-equiv=\"refresh\""),
        "{}",
        page.text
    );

    // Some seconds later.
    world.change_database("UPDATE orders SET asked_at = 0").await;
    let page = shop.browser.get(&back).await;
    assert!(
        page.text.contains("已付款") && page.text.contains("取货码"),
        "{}",
        page.text
    );
    assert_eq!(world.deliveries().await, 1);
    shop.close().await;
}

#[tokio::test]
async fn a_forged_way_back_shows_nothing() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let (paid, unpaid) = (shop.browser.order("page").await, shop.browser.order("page").await);
    let url = world.pay(&paid).await.return_url.unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let invented = format!(
        "out_trade_no={unpaid}&total_amount=88.80&trade_no=1&method=alipay.trade.page.pay.return&sign=QUJD&sign_type=RSA2"
    );
    for forged in [query.replace(&paid, &unpaid), invented, String::new()] {
        let page = shop.browser.get(&format!("/return?{forged}")).await;
        assert_eq!(page.status, 400, "{forged}");
        for word in ["已付款", "正在处理", "取货码", &unpaid] {
            assert!(!page.text.contains(word), "{}", page.text);
        }
    }
    assert_eq!(shop.browser.get("/return").await.status, 400);
    assert_eq!(world.deliveries().await, 0);
    assert!(!shop.browser.is_paid(&unpaid).await);
    shop.close().await;
}
