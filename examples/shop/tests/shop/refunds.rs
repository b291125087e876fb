//! A refund is made once, and what became of it is found out.

use std::time::Duration;

use alipay_api::flows::PollSchedule;
use alipay_mock::Fault;
use futures_util::future::join_all;

use crate::support::{Browser, World};

#[tokio::test]
async fn a_double_click_refunds_once() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let order = shop.browser.order("page").await;
    world.pay(&order).await;
    let page = shop.browser.admin_get(&format!("/admin/orders/{order}")).await;
    let form = format!("number={}&amount=8.80", Browser::form_number(&page.text));
    let path = format!("/admin/orders/{order}/refunds");
    for click in join_all((0..8).map(|_| shop.browser.admin_post(&path, &form))).await {
        assert_eq!(click.status, 303, "{click:?}");
    }
    let page = shop.browser.admin_sees(&order, "· refunded").await;
    assert!(
        page.contains("Refunded: ¥8.80") && page.contains("value=\"80.00\""),
        "{page}"
    );
    assert_eq!(world.mock.requests_of("alipay.trade.refund"), 1);
    // The form once more, when all is over, and with another amount.
    assert_eq!(shop.browser.admin_post(&path, &form).await.status, 303);
    assert_eq!(
        shop.browser
            .admin_post(&path, &form.replace("8.80", "8.00"))
            .await
            .status,
        409
    );
    assert_eq!(world.mock.ledger().refunded_fen, 880);
    // The buyer sees it, too.
    assert!(
        shop.browser
            .order_page(&order)
            .await
            .contains("已退款 · Refunded: ¥8.80")
    );
    shop.close().await;
}

#[tokio::test]
async fn no_more_is_refunded_than_was_paid() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let order = shop.browser.order("page").await;
    let path = format!("/admin/orders/{order}/refunds");
    let form = |digit: &str, amount: &str| format!("number={}&amount={amount}", digit.repeat(32));
    assert_eq!(
        shop.browser.admin_post(&path, &form("1", "1.00")).await.status,
        409,
        "it is not paid"
    );
    world.pay(&order).await;
    for nonsense in ["0", "-1.00", "1.001", "1e3", "", "NaN"] {
        assert_eq!(
            shop.browser.admin_post(&path, &form("1", nonsense)).await.status,
            400,
            "{nonsense}"
        );
    }
    assert_eq!(shop.browser.admin_post(&path, &form("1", "88.81")).await.status, 409);
    // Two of them at once: together they are too much.
    let forms = [form("1", "50.00"), form("2", "50.00")];
    let mut statuses: Vec<_> = join_all(forms.iter().map(|form| shop.browser.admin_post(&path, form)))
        .await
        .iter()
        .map(|shown| shown.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    shop.browser.admin_sees(&order, "· refunded").await;
    assert_eq!(world.mock.ledger().refunded_fen, 5000);
    shop.close().await;
}

#[tokio::test]
async fn a_refund_that_alipay_refuses_says_why() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let order = shop.browser.order("qr").await;
    world.pay(&order).await;
    world
        .mock
        .answer_next("alipay.trade.refund", "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", false);
    shop.browser.refund(&order, "88.80").await;
    let page = shop.browser.admin_sees(&order, "· not refunded").await;
    assert!(page.contains("ACQ.SELLER_BALANCE_NOT_ENOUGH"), "{page}");
    // It can be tried again, as another refund.
    shop.browser.refund(&order, "88.80").await;
    shop.browser.admin_sees(&order, "· refunded").await;
    assert_eq!(world.mock.ledger().refunded_fen, 8880);
    shop.close().await;
}

/// The answers are lost: the refund was made, or it was not, and nobody knows when the shop ends. The next start finds out, and sends the one that was not made.
#[tokio::test]
async fn a_refund_of_unknown_outcome_is_settled_at_the_next_start() {
    for is_made in [true, false] {
        let world = World::new().await;
        let shop = world.open_shop_with(|timing| timing.refund_schedule = PollSchedule::every(Duration::from_hours(1)));
        let shop = shop.await;
        let order = shop.browser.order("page").await;
        world.pay(&order).await;
        // The client repeats such a call twice by itself.
        for _ in 0..3 {
            if is_made {
                world.mock.fault_next_of("alipay.trade.refund", Fault::CloseConnection);
            } else {
                world
                    .mock
                    .answer_next("alipay.trade.refund", "20000", "aop.ACQ.SYSTEM_ERROR", false);
            }
        }
        assert_eq!(shop.browser.refund(&order, "88.80").await.status, 303);
        world
            .mock
            .until(|mock| (mock.requests_of("alipay.trade.refund") == 3).then_some(()))
            .await;
        shop.close().await;
        assert_eq!(
            world
                .number_of("SELECT count(*) FROM refunds WHERE state = 'unknown'")
                .await,
            1
        );
        let made = if is_made { 8880 } else { 0 };
        assert_eq!(world.mock.ledger().refunded_fen, made);

        // Not known is not known: no second refund is let through meanwhile.
        let (fault, mut release) = Fault::delay();
        world.mock.fault_next_of("alipay.trade.fastpay.refund.query", fault);
        let shop = world
            .open_shop_with(|timing| timing.refund_delivery_limit = Duration::from_millis(50))
            .await;
        release.reached().await;
        let path = format!("/admin/orders/{order}/refunds");
        let second = format!("number={}&amount=0.01", "2".repeat(32));
        assert_eq!(shop.browser.admin_post(&path, &second).await.status, 409);
        assert_eq!(world.mock.ledger().refunded_fen, made);
        // It is asked for again, and still not known.
        shop.browser.admin_sees(&order, "· not known yet").await;
        release.release();
        shop.browser.admin_sees(&order, "· refunded").await;
        assert_eq!(world.mock.ledger().refunded_fen, 8880);
        assert_eq!(world.mock.trade(&order).unwrap().refunds.len(), 1);
        assert_eq!(
            world
                .number_of("SELECT count(*) FROM refunds WHERE state = 'done'")
                .await,
            1
        );
        shop.close().await;
    }
}

#[tokio::test]
async fn a_refund_of_unknown_outcome_stays_so_and_is_asked_for_again() {
    let world = World::new().await;
    let shop = world.open_shop_with(|timing| {
        timing.refund_timeout = Duration::from_millis(50);
        timing.reconcile_every = Duration::from_millis(200);
    });
    let shop = shop.await;
    let order = shop.browser.order("page").await;
    world.pay(&order).await;
    for _ in 0..3 {
        world.mock.fault_next_of("alipay.trade.refund", Fault::CloseConnection);
    }
    for _ in 0..6 {
        world
            .mock
            .fault_next_of("alipay.trade.fastpay.refund.query", Fault::HttpStatus(500));
    }
    shop.browser.refund(&order, "88.80").await;
    let page = shop.browser.admin_sees(&order, "· not known yet").await;
    assert!(
        !page.contains("<form"),
        "what may be refunded can't be refunded again: {page}"
    );
    shop.browser.admin_sees(&order, "· refunded").await;
    assert_eq!(world.mock.ledger().refunded_fen, 8880);
    shop.close().await;
}

/// Another process of the shop starts while a refund is on its way. It must not send the refund when the first one has found it refused.
#[tokio::test]
async fn a_refund_that_failed_is_not_sent_by_another_process() {
    let world = World::new().await;
    let first = world.open_shop().await;
    let order = first.browser.order("page").await;
    world.pay(&order).await;
    world
        .mock
        .answer_next("alipay.trade.refund", "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", false);
    let (fault, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.trade.refund", fault);
    assert_eq!(first.browser.refund(&order, "30.00").await.status, 303);
    release.reached().await;

    let delivery_limit = Duration::from_millis(300);
    let second = world
        .open_shop_with(|timing| {
            timing.refund_delivery_limit = delivery_limit;
            timing.reconcile_every = Duration::from_millis(50);
        })
        .await;
    release.release();
    first.browser.admin_sees(&order, "· not refunded").await;
    assert_eq!(first.browser.refund(&order, "30.00").await.status, 303);
    first.browser.admin_sees(&order, "· refunded").await;
    // Nothing happens that could be waited for: the second shop would send the first refund about now.
    tokio::time::sleep(delivery_limit * 3).await;
    assert_eq!(world.mock.ledger().refunded_fen, 3000);
    first.close().await;
    second.close().await;
    assert_eq!(world.mock.ledger().refunded_fen, 3000);
}

/// A process that was stopped for longer than its lease may say nothing any more: another one may be sending the refund.
#[tokio::test]
async fn a_process_without_the_lease_does_not_say_that_a_refund_failed() {
    let world = World::new().await;
    let first = world.open_shop().await;
    let order = first.browser.order("page").await;
    world.pay(&order).await;
    world
        .mock
        .answer_next("alipay.trade.refund", "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", false);
    let (fault, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.trade.refund", fault);
    first.browser.refund(&order, "30.00").await;
    release.reached().await;
    // The lease passes, and another process takes the refund over.
    world.change_database("UPDATE refunds SET followed_until = 1").await;
    let (fault, mut asks) = Fault::delay();
    world.mock.fault_next_of("alipay.trade.fastpay.refund.query", fault);
    let second = world
        .open_shop_with(|timing| {
            timing.refund_delivery_limit = Duration::from_millis(50);
            // Its lease ends later than the first one's, as it would if that had passed by itself.
            timing.refund_timeout += Duration::from_mins(6);
        })
        .await;
    asks.reached().await;
    release.release();
    first.close().await;
    let failed = "SELECT count(*) FROM refunds WHERE state = 'failed'";
    assert_eq!(world.number_of(failed).await, 0);
    asks.release();
    second.browser.admin_sees(&order, "· refunded").await;
    assert_eq!(world.mock.ledger().refunded_fen, 3000);
    second.close().await;
}

/// The process that followed a refund is gone, and the others go on: one of them takes it up when the lease has passed.
#[tokio::test]
async fn a_refund_that_nobody_follows_is_taken_up_without_a_start() {
    let world = World::new().await;
    let shop = world
        .open_shop_with(|timing| {
            timing.refund_schedule = PollSchedule::every(Duration::from_hours(1));
            timing.refund_timeout = Duration::from_millis(100);
            timing.refund_delivery_limit = Duration::from_millis(50);
            timing.reconcile_every = Duration::from_millis(50);
        })
        .await;
    let order = shop.browser.order("page").await;
    world.pay(&order).await;
    let (fault, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.trade.refund", fault);
    shop.browser.refund(&order, "30.00").await;
    release.reached().await;
    // As if the follower had died.
    world.change_database("UPDATE refunds SET followed_until = 1").await;
    shop.browser.admin_sees(&order, "· refunded").await;
    release.release();
    shop.close().await;
    assert_eq!(world.mock.ledger().refunded_fen, 3000);
}

#[tokio::test]
async fn a_refund_is_stored_and_sent_although_the_browser_has_left() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let order = shop.browser.order("page").await;
    world.pay(&order).await;
    let form = format!("number={}&amount=8.80", "1".repeat(32));
    let path = format!("/admin/orders/{order}/refunds");
    // Another process is writing: the refund waits.
    world.change_database("BEGIN IMMEDIATE").await;
    let click = shop.browser.admin_post(&path, &form);
    assert!(tokio::time::timeout(Duration::from_secs(1), click).await.is_err());
    world.change_database("COMMIT").await;
    shop.browser.admin_sees(&order, "· refunded").await;
    assert_eq!(world.mock.ledger().refunded_fen, 880);
    shop.close().await;
}

/// A part was refunded in the merchant's back office, and another one is under way. Alipay tells of that one, or the notification is lost.
#[tokio::test]
async fn what_was_refunded_elsewhere_is_not_refunded_again() {
    for is_told in [true, false] {
        let world = World::new().await;
        let shop = world.open_shop().await;
        let order = shop.browser.order("page").await;
        world.pay(&order).await;
        world.refund_elsewhere(&order, "50.00").await;
        if !is_told {
            world.mail.lose();
        }
        let (fault, mut release) = Fault::delay();
        world.mock.fault_next_of("alipay.trade.refund", fault);
        assert_eq!(shop.browser.refund(&order, "30.00").await.status, 303);
        release.reached().await;
        world.mock.notifications_settled().await;

        // Nothing changes under the hands of who fills in the form.
        let page = shop.browser.admin_sees(&order, "value=\"8.80\"").await;
        assert!(page.contains("· under way") && !page.contains("http-equiv"), "{page}");
        assert_eq!(shop.browser.refund(&order, "8.81").await.status, 409);
        let (fault, mut last) = Fault::delay();
        world.mock.fault_next_of("alipay.trade.refund", fault);
        assert_eq!(shop.browser.refund(&order, "8.80").await.status, 303);
        last.reached().await;
        // Now there is no form, and the page looks again by itself.
        let page = shop.browser.admin_sees(&order, "http-equiv=\"refresh\"").await;
        assert!(page.contains("· under way") && !page.contains("<form"), "{page}");
        release.release();
        last.release();
        shop.browser.admin_sees(&order, "已全额退款").await;
        shop.close().await;
        assert_eq!(world.mock.ledger().refunded_fen, 8880);
    }
}
