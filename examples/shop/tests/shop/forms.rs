//! Forms that are sent twice, from elsewhere, or with nonsense; and the admin password.

use std::collections::HashSet;

use alipay_shop::{Config, Password};
use futures_util::future::join_all;

use crate::support::{Browser, World};

#[tokio::test]
async fn a_form_that_is_sent_twice_places_one_order() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let number = Browser::form_number(&shop.browser.get("/").await.text);
    let form = format!("number={number}&product=cup&quantity=2&way=page");
    let clicks = join_all((0..8).map(|_| shop.browser.post("/orders", &form, &[]))).await;
    let mut orders = HashSet::new();
    for click in clicks {
        assert_eq!(click.status, 303);
        orders.insert(click.number());
    }
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!(world.number_of("SELECT count(*) FROM orders").await, 1);
    // The same form with something else in it is neither the old order nor a new one.
    let other = shop
        .browser
        .post("/orders", &form.replace("quantity=2", "quantity=3"), &[])
        .await;
    assert_eq!(other.status, 409);
    assert_eq!(world.number_of("SELECT total FROM orders").await, 2);
    // Each page has a form of its own.
    assert_ne!(Browser::form_number(&shop.browser.get("/").await.text), number);
    shop.close().await;
}

#[tokio::test]
async fn forms_come_from_the_shops_own_pages() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let number = Browser::form_number(&shop.browser.get("/").await.text);
    let form = format!("number={number}&product=cup&quantity=1&way=qr");
    for headers in [
        &[("origin", "https://evil.example")][..],
        // Its name leads to the shop.
        &[("origin", "http://evil.example"), ("host", "evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        let status = shop.browser.post("/orders", &form, headers).await.status;
        assert_eq!(status, 403, "{headers:?}");
    }
    for nonsense in [
        String::new(),
        form.replace(&number, "1"),
        form.replace(&number, &number.to_uppercase().replace('0', "F")),
        form.replace("cup", "gold"),
        form.replace("quantity=1", "quantity=0"),
        form.replace("quantity=1", "quantity=-1"),
        form.replace("quantity=1", "quantity=1000"),
        form.replace("qr", "gift"),
    ] {
        let status = shop.browser.post("/orders", &nonsense, &[]).await.status;
        assert!(matches!(status, 400 | 422), "{nonsense}: {status}");
    }
    assert_eq!(world.number_of("SELECT count(*) FROM orders").await, 0);
    // The browser knows the shop by the address of `SHOP_URL`, whatever the proxy in front makes of `Host`.
    for header in [("sec-fetch-site", "same-origin"), ("origin", &world.mail.url)] {
        let status = shop.browser.post("/orders", &form, &[header]).await.status;
        assert_eq!(status, 303, "{header:?}");
    }
    assert_eq!(shop.browser.get("/orders/0123").await.status, 404);
    shop.close().await;
}

#[tokio::test]
async fn the_admin_pages_are_not_open_to_buyers() {
    let world = World::new().await;
    let shop = world.open_shop().await;
    let number = shop.browser.order("page").await;
    world.pay(&number).await;
    let refunds = format!("/admin/orders/{number}/refunds");
    let form = format!("number={}&amount=88.80", "a".repeat(32));
    for path in ["/admin".to_owned(), format!("/admin/orders/{number}")] {
        assert_eq!(shop.browser.get(&path).await.status, 401, "{path}");
        assert_eq!(shop.browser.admin_get(&path).await.status, 200, "{path}");
    }
    assert_eq!(shop.browser.post(&refunds, &form, &[]).await.status, 401);
    // Another site can't use a browser that knows the password.
    let basic = ("authorization", "Basic YWRtaW46dGhlIGFkbWluJ3Mgb3duIHdvcmRz");
    assert_eq!(
        shop.browser
            .post(&refunds, &form, &[basic, ("origin", "https://evil.example")])
            .await
            .status,
        403
    );
    assert_eq!(world.number_of("SELECT count(*) FROM refunds").await, 0);
    assert_eq!(world.mock.requests_of("alipay.trade.refund"), 0);
    shop.close().await;
}

#[tokio::test]
async fn a_variable_that_is_missing_or_wrong_is_named_and_not_shown() {
    let world = World::new().await;
    let environment = world.environment();
    let read = |name: &str, value: Option<&str>| {
        let read = Config::read(|asked| match value {
            _ if asked != name => environment.get(asked).cloned(),
            value => value.map(str::to_owned),
        });
        read.err().map(|error| error.to_string())
    };
    assert_eq!(read("", None), None);
    for name in [
        "ALIPAY_APP_ID",
        "ALIPAY_SELLER_ID",
        "ALIPAY_PRIVATE_KEY",
        "ALIPAY_PUBLIC_KEY",
        "SHOP_PASSWORD",
    ] {
        let error = read(name, None).unwrap();
        assert!(error.contains(name), "{error}");
    }
    for name in ["SHOP_PASSWORD", "SHOP_URL", "SHOP_LISTEN"] {
        let error = read(name, Some("s3cret")).unwrap();
        assert!(error.contains(name) && !error.contains("s3cret"), "{error}");
    }
    for url in [
        "https://shop.example.com/tea",
        "https://shop.example.com?x=1",
        "https://me@shop.example.com",
        "ftp://shop.example.com",
        "/",
    ] {
        assert!(read("SHOP_URL", Some(url)).unwrap().contains("SHOP_URL"), "{url}");
    }
    // As browsers write it.
    let environment = world.environment();
    let config = Config::read(|name| match name {
        "SHOP_URL" => Some("https://Shop.Example.com:443/".to_owned()),
        name => environment.get(name).cloned(),
    });
    assert_eq!(config.unwrap().url, "https://shop.example.com");
    let error = read("ALIPAY_PRIVATE_KEY", Some("s3cret")).unwrap();
    assert!(!error.contains("s3cret"), "{error}");
    assert!(Password::new("x".repeat(12)).is_ok());
}
