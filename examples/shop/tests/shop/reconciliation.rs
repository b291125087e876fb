//! What no notification told is found out by asking.

use std::time::Duration;

use crate::support::{RunningShop, World};

async fn reopened(world: &World, shop: RunningShop) -> RunningShop {
    shop.close().await;
    world.open_shop().await
}

#[tokio::test]
async fn what_was_paid_closed_or_given_up_meanwhile_is_found_at_the_start() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let [paid, finished, closed, waiting] = [
        shop.browser.order("page").await,
        shop.browser.order("qr").await,
        shop.browser.order("page").await,
        shop.browser.order("page").await,
    ];
    shop.close().await;
    world.pay(&paid).await;
    world.pay(&finished).await;
    world.mock.finish(&finished).unwrap();
    world.mock.close(&closed).unwrap();
    world.mock.notifications_settled().await;
    assert_eq!(world.deliveries().await, 0);

    let shop = world.open_shop().await;
    world.open_orders_are(1).await;
    assert_eq!(world.deliveries().await, 2);
    assert!(shop.browser.is_paid(&paid).await && shop.browser.is_paid(&finished).await);
    assert!(shop.browser.order_page(&closed).await.contains("已关闭"));
    assert!(shop.browser.order_page(&waiting).await.contains("待付款"));
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_alipay_never_heard_of_is_given_up_when_its_time_is_over() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let form = format!("number={}&product=cup&quantity=1&way=page", "0".repeat(32));
    let number = shop.browser.post("/orders", &form, &[]).await.number();
    // The browser is sent to Alipay, and does not get there.
    assert_eq!(shop.browser.get(&format!("/orders/{number}/pay")).await.status, 303);
    let shop = reopened(&world, shop).await;
    world
        .mock
        .until(|mock| (mock.requests_of("alipay.trade.query") > 0).then_some(()))
        .await;
    assert!(shop.browser.order_page(&number).await.contains("待付款"));
    world
        .change_database("UPDATE orders SET expires_at = expires_at - 3600")
        .await;
    // Nobody is sent to Alipay any more.
    let expired = format!("/orders/{number}");
    assert_eq!(shop.browser.get(&format!("{expired}/pay")).await.location, expired);
    let shop = reopened(&world, shop).await;
    world.open_orders_are(0).await;
    assert!(shop.browser.get(&expired).await.text.contains("已关闭"));
    assert_eq!(world.deliveries().await, 0);
    shop.close().await;
}

/// While it runs, too, without a start.
#[tokio::test]
async fn open_orders_are_asked_for_from_time_to_time() {
    let world = World::new().await;
    let shop = world
        .open_shop_with(|timing| timing.reconcile_every = Duration::from_millis(100))
        .await;
    world.mail.lose();
    let number = shop.browser.order("qr").await;
    world.pay(&number).await;
    world.open_orders_are(0).await;
    assert!(shop.browser.is_paid(&number).await);
    shop.close().await;
}

#[tokio::test]
async fn an_order_of_another_amount_is_not_taken_for_paid() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let number = shop.browser.order("page").await;
    world.pay(&number).await;
    world.change_database("UPDATE orders SET total = 9999999").await;
    let shop = reopened(&world, shop).await;
    // The page is shown after the gateway's answer is stored.
    world.change_database("UPDATE orders SET asked_at = 0").await;
    let asked = world.mock.requests_of("alipay.trade.query");
    assert!(!shop.browser.is_paid(&number).await);
    assert!(world.mock.requests_of("alipay.trade.query") > asked);
    shop.close().await;
    assert_eq!(world.deliveries().await, 0);
    assert_eq!(
        world
            .number_of("SELECT count(*) FROM orders WHERE state = 'open'")
            .await,
        1
    );
}

/// Orders that are only placed, by whoever wants to keep the shop from its work.
#[tokio::test]
async fn a_flood_of_orders_is_refused_and_costs_no_questions() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let paid = shop.browser.order("page").await;
    let flood =
        "WITH RECURSIVE numbers (number) AS (SELECT 2 UNION ALL SELECT number + 1 FROM numbers WHERE number < 10000)
         INSERT INTO orders (number, form, product, title, quantity, total, way, placed_at, expires_at)
         SELECT 'n' || number, 'f' || number, 'cup', 'cup', 1, 1, 'page', 0, 1 FROM numbers";
    world.change_database(flood).await;
    let form = format!("number={}&product=cup&quantity=1&way=page", "0".repeat(32));
    assert_eq!(shop.browser.post("/orders", &form, &[]).await.status, 503);
    // Who has placed an order pays it.
    world.mail.lose();
    world.pay(&paid).await;

    let asked = world.mock.requests_of("alipay.trade.query");
    let shop = reopened(&world, shop).await;
    world.open_orders_are(0).await;
    assert!(shop.browser.is_paid(&paid).await);
    assert_eq!(world.mock.requests_of("alipay.trade.query"), asked + 1);
    assert_eq!(shop.browser.post("/orders", &form, &[]).await.status, 303);
    shop.close().await;
}
