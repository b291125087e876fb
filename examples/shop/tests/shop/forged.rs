//! Nothing but Alipay's own word about this order, this amount, this seller and this app delivers.

use alipay_mock::Mock;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn what_is_not_alipays_word_delivers_nothing() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let number = shop.browser.order("qr").await;
    let genuine = world.notification(&number, "TRADE_SUCCESS", json!({}));
    let cheaper = genuine.replace("total_amount=88.80", "total_amount=00.01");
    assert_ne!(cheaper, genuine);
    let (unsigned, _) = genuine.split_once("&sign=").unwrap();
    // Signed by a key that is not Alipay's; for another app.
    let other_key = Mock::builder().fresh_keys().start().await.unwrap();
    let other_app = Mock::builder().app_id("2021000000009999").start().await.unwrap();
    let paid = json!({
        "out_trade_no": number, "trade_status": "TRADE_SUCCESS", "total_amount": "88.80",
        "seller_id": world.mock.seller_id(), "trade_no": "2026112822001",
    });
    let signed_by = |mock: &Mock| {
        mock.notify("trade_status_sync", paid.clone())
            .unwrap()
            .body()
            .to_owned()
    };
    for (body, status) in [
        (String::new(), 400),
        (unsigned.to_owned(), 403),
        (cheaper, 403),
        (genuine.replace(&number, &"0".repeat(32)), 403),
        (signed_by(&other_key), 403),
        // Genuine, and not for this app, or not what was ordered.
        (signed_by(&other_app), 422),
        (
            world.notification(&number, "TRADE_SUCCESS", json!({ "total_amount": "0.01" })),
            422,
        ),
        (
            world.notification(&number, "TRADE_SUCCESS", json!({ "seller_id": "2088000000000009" })),
            422,
        ),
        // Genuine, and about an order that is not here (any more): Alipay is to send it again, and somebody to look.
        (world.notification("no_such_order", "TRADE_SUCCESS", json!({})), 503),
    ] {
        assert_eq!(shop.browser.notify(&body).await, (status, "fail".to_owned()), "{body}");
    }
    assert_eq!(world.deliveries().await, 0);
    assert!(!shop.browser.is_paid(&number).await);
    // What all of these were made of does.
    assert_eq!(shop.browser.notify(&genuine).await, (200, "success".to_owned()));
    assert_eq!(world.deliveries().await, 1);
    shop.close().await;
}
