//! What is paid is delivered once, whatever comes how often and in which order.

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;

use crate::support::World;

const ORDERS: usize = 200;

/// A shuffle that is the same in each run.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x2026_1128_u64;
    for index in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_orders_at_once_are_delivered_once_each() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    // What Alipay sends stays on its way.
    world.mail.lose();
    let numbers = join_all((0..ORDERS).map(|index| {
        let (world, browser) = (&world, &shop.browser);
        async move {
            let number = browser.order(["page", "qr"][index % 2]).await;
            world.mock.pay(&number).unwrap();
            // Some can't be refunded any more: a second notification, and a second proof of the payment.
            if index % 8 < 2 {
                world.mock.finish(&number).unwrap();
            }
            number
        }
    }))
    .await;
    world.mock.notifications_settled().await;
    assert_eq!(
        world.deliveries().await,
        0,
        "nothing is delivered before Alipay's word arrives"
    );

    let mut bodies = world.mail.bodies();
    assert!(bodies.len() >= ORDERS + ORDERS / 4, "{}", bodies.len());
    // Late and out of place: that the buyer is being waited for, and that the order is closed unpaid.
    for status in ["WAIT_BUYER_PAY", "TRADE_CLOSED"] {
        bodies.extend(
            numbers
                .iter()
                .map(|number| world.notification(number, status, json!({}))),
        );
    }
    // Each three times, in any order, many at once.
    bodies = [bodies.clone(), bodies.clone(), bodies].concat();
    shuffle(&mut bodies);
    let answers: Vec<_> = stream::iter(&bodies)
        .map(|body| shop.browser.notify(body))
        .buffer_unordered(64)
        .collect()
        .await;
    for (status, text) in answers {
        assert_eq!((status, text.as_str()), (200, "success"));
    }
    let orders = i64::try_from(ORDERS).unwrap();
    assert_eq!(world.deliveries().await, orders);
    assert_eq!(
        world
            .number_of("SELECT count(*) FROM orders WHERE state = 'paid'")
            .await,
        orders
    );
    let codes = world
        .number_of("SELECT count(DISTINCT pickup_code) FROM deliveries")
        .await;
    assert_eq!(codes, orders, "each has its own code");
    assert!(
        world
            .database_refuses("UPDATE deliveries SET pickup_code = '1234567890'")
            .await
    );
    assert!(shop.browser.is_paid(&numbers[0]).await && shop.browser.is_paid(&numbers[ORDERS - 1]).await);
    shop.close().await;
}

#[tokio::test]
async fn notifications_in_any_order_have_one_result() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let refunded =
        |amount: &str| json!({ "refund_fee": amount, "gmt_refund": "2026-11-28 12:00:00", "out_biz_no": "1" });
    let none = || json!({});
    // What comes, and what stands then: the state, the deliveries, and what was refunded.
    let cases = [
        (
            vec![
                ("TRADE_FINISHED", none()),
                ("TRADE_SUCCESS", none()),
                ("WAIT_BUYER_PAY", none()),
            ],
            ("paid", 1, 0),
        ),
        (vec![("WAIT_BUYER_PAY", none())], ("open", 0, 0)),
        (
            vec![("TRADE_CLOSED", none()), ("TRADE_CLOSED", none())],
            ("closed", 0, 0),
        ),
        // Closed unpaid comes after the payment: it can't be, and takes nothing back.
        (
            vec![("TRADE_SUCCESS", none()), ("TRADE_CLOSED", none())],
            ("paid", 1, 0),
        ),
        // A part went back before the payment was heard of: the order is paid all the same.
        (
            vec![("TRADE_SUCCESS", refunded("10.00")), ("TRADE_SUCCESS", none())],
            ("paid", 1, 1000),
        ),
        // Totals out of order: the largest is the latest.
        (
            vec![
                ("TRADE_SUCCESS", refunded("30.00")),
                ("TRADE_SUCCESS", refunded("10.00")),
            ],
            ("paid", 1, 3000),
        ),
        // All went back before the payment was heard of: nothing is delivered for it.
        (
            vec![("TRADE_CLOSED", refunded("88.80")), ("TRADE_SUCCESS", none())],
            ("closed", 0, 8880),
        ),
        (
            vec![("TRADE_SUCCESS", none()), ("TRADE_CLOSED", refunded("88.80"))],
            ("paid", 1, 8880),
        ),
        // Closed, nothing is left, whatever the last refund was.
        (vec![("TRADE_CLOSED", refunded("10.00"))], ("closed", 0, 8880)),
    ];
    for (notifications, (state, deliveries, refunded)) in cases {
        world.change_database("DELETE FROM deliveries").await;
        world.change_database("DELETE FROM orders").await;
        let number = shop.browser.order("page").await;
        for (status, more) in &notifications {
            let body = world.notification(&number, status, more.clone());
            assert_eq!(
                shop.browser.notify(&body).await,
                (200, "success".to_owned()),
                "{notifications:?}"
            );
        }
        assert_eq!(world.deliveries().await, deliveries, "{notifications:?}");
        assert_eq!(
            world.number_of("SELECT refunded FROM orders").await,
            refunded,
            "{notifications:?}"
        );
        let query = match state {
            "open" => "SELECT count(*) FROM orders WHERE state = 'open'",
            "paid" => "SELECT count(*) FROM orders WHERE state = 'paid'",
            _ => "SELECT count(*) FROM orders WHERE state = 'closed'",
        };
        assert_eq!(world.number_of(query).await, 1, "{notifications:?}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_payment_by_each_way_is_notified_and_delivered() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    for way in ["page", "qr"] {
        let number = shop.browser.order(way).await;
        assert!(!shop.browser.is_paid(&number).await);
        world.pay(&number).await;
        assert!(shop.browser.is_paid(&number).await, "{way}");
        let told = world.mock.trade(&number).unwrap().notifications;
        assert!(
            told.iter()
                .all(|told| told.attempts.len() == 1 && told.attempts[0].answer == "success"),
            "{told:?}"
        );
    }
    assert_eq!(world.deliveries().await, 2);
    shop.close().await;
}

/// A notification of the payment may be older than the closing: only the gateway knows whether the money is still there.
#[tokio::test]
async fn a_payment_of_an_order_that_is_closed_here_is_asked_about() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    for (is_given_back, deliveries) in [(true, 0), (false, 1)] {
        let number = shop.browser.order("qr").await;
        world.pay(&number).await;
        if is_given_back {
            world.refund_elsewhere(&number, "88.80").await;
        }
        for status in ["TRADE_CLOSED", "TRADE_SUCCESS", "TRADE_SUCCESS"] {
            let body = world.notification(&number, status, json!({}));
            assert_eq!(
                shop.browser.notify(&body).await,
                (200, "success".to_owned()),
                "{status}"
            );
        }
        assert_eq!(world.deliveries().await, deliveries, "given back: {is_given_back}");
        assert_eq!(shop.browser.is_paid(&number).await, !is_given_back);
    }
    // One that nobody has paid: it is not confirmed, for the notification and the gateway contradict each other.
    let number = shop.browser.order("page").await;
    for (status, answer) in [("TRADE_CLOSED", (200, "success")), ("TRADE_SUCCESS", (503, "fail"))] {
        let body = world.notification(&number, status, json!({}));
        let (code, text) = shop.browser.notify(&body).await;
        assert_eq!((code, text.as_str()), answer, "{status}");
    }
    assert_eq!(world.deliveries().await, 1);
    shop.close().await;
}

/// The gateway has said that the order is closed: what is told of its payment or of a part of its refunds after that is older.
#[tokio::test]
async fn an_order_that_alipay_has_closed_is_not_delivered() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let number = shop.browser.order("qr").await;
    world.pay(&number).await;
    for amount in ["30.00", "58.80"] {
        world.refund_elsewhere(&number, amount).await;
    }
    // The buyer looks, so the gateway is asked, if it was not just now.
    world.change_database("UPDATE orders SET asked_at = 0").await;
    assert!(!shop.browser.is_paid(&number).await);
    assert_eq!(world.number_of("SELECT closed_by_alipay FROM orders").await, 1);
    let part = json!({ "refund_fee": "30.00", "gmt_refund": "2026-11-28 12:00:00", "out_biz_no": "1" });
    for more in [part, json!({})] {
        let body = world.notification(&number, "TRADE_SUCCESS", more);
        assert_eq!(shop.browser.notify(&body).await, (200, "success".to_owned()));
    }
    assert_eq!(world.deliveries().await, 0);
    shop.close().await;
}

/// What a notification with an unknown status means, the gateway says.
#[tokio::test]
async fn a_notification_that_does_not_say_what_happened_is_asked_about() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    world.mail.lose();
    let number = shop.browser.order("page").await;
    world.pay(&number).await;
    let body = world.notification(&number, "TRADE_REVIEWED", json!({}));
    // The gateway says nothing: neither may the answer be `success`.
    for _ in 0..3 {
        world
            .mock
            .answer_next("alipay.trade.query", "20000", "aop.ACQ.SYSTEM_ERROR", false);
    }
    assert_eq!(shop.browser.notify(&body).await, (503, "fail".to_owned()));
    assert_eq!(world.deliveries().await, 0);
    assert_eq!(shop.browser.notify(&body).await, (200, "success".to_owned()));
    assert_eq!(world.deliveries().await, 1);
    shop.close().await;
}

/// A database that was pruned, restored or begun anew does not know an order any more that Alipay knows as paid.
#[tokio::test]
async fn a_payment_is_not_delivered_again_for_an_order_with_the_same_form() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let form = format!("number={}&product=longjing&quantity=1&way=page", "1".repeat(32));
    let paid = shop.browser.post("/orders", &form, &[]).await.number();
    shop.browser.open_cashier(&paid).await;
    world.pay(&paid).await;
    assert!(shop.browser.is_paid(&paid).await);
    world.change_database("DELETE FROM deliveries").await;
    world.change_database("DELETE FROM orders").await;

    // Neither its form nor its number brings the payment back.
    for form_number in ["1".repeat(32), paid.clone()] {
        let form = format!("number={form_number}&product=longjing&quantity=1&way=page");
        let again = shop.browser.post("/orders", &form, &[]).await.number();
        assert_ne!(again, paid);
        assert!(!shop.browser.is_paid(&again).await);
    }
    for body in world.mail.bodies() {
        assert_eq!(shop.browser.notify(&body).await, (503, "fail".to_owned()));
    }
    assert_eq!(world.deliveries().await, 0);
    shop.close().await;
}

/// A notification of a full refund, without the fields of a refund: the gateway says what happened.
#[tokio::test]
async fn a_full_refund_that_is_only_told_as_a_closed_order_is_known() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let number = shop.browser.order("page").await;
    world.pay(&number).await;
    assert!(shop.browser.is_paid(&number).await);
    world.mail.lose();
    world.refund_elsewhere(&number, "88.80").await;
    assert_eq!(world.number_of("SELECT refunded FROM orders").await, 0);
    let body = world.notification(&number, "TRADE_CLOSED", json!({ "gmt_payment": "2026-11-28 12:00:00" }));
    assert_eq!(shop.browser.notify(&body).await, (200, "success".to_owned()));
    assert_eq!(world.number_of("SELECT refunded FROM orders").await, 8880);

    // The code is of no use any more.
    for page in [
        shop.browser.order_page(&number).await,
        shop.browser.admin_sees(&number, &number).await,
    ] {
        assert!(page.contains("已全额退款"), "{page}");
        for word in ["已付款", "取货码", "<form"] {
            assert!(!page.contains(word), "{page}");
        }
    }
    shop.close().await;
}
