//! What the sweep makes of rows that somebody has changed.

use std::sync::Arc;

use alipay_api::{
    ErrorKind,
    isv::store::{MySqlStore, PostgresStore, TokenStore},
};

use super::key;
use crate::{
    isv::{DUE, MERCHANT, World},
    mysql_server, postgres_server,
};

const CHANGES: [&str; 4] = [
    "expires_at = expires_at + 86400000, refresh_expires_at = refresh_expires_at + 86400000",
    "expires_at = NULL, refresh_expires_at = NULL",
    "state = 'cancelled'",
    "state = 'removed'",
];

#[tokio::test]
async fn a_merchant_whose_end_was_put_off_is_named_and_the_others_are_refreshed() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    for change in CHANGES {
        let url = server.database();
        let store = Arc::new(PostgresStore::connect(&url, &key()).await.unwrap());
        names_who_was_changed(store, change, |statement| _ = server.sql(&url, statement)).await;
    }
}

#[tokio::test]
async fn mysql_names_a_merchant_whose_end_was_put_off() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    for change in CHANGES {
        let url = server.database();
        let store = Arc::new(MySqlStore::connect(&url, &key()).await.unwrap());
        names_who_was_changed(store, change, |statement| _ = server.sql(&url, statement)).await;
    }
}

async fn names_who_was_changed(store: Arc<dyn TokenStore>, change: &str, sql: impl Fn(&str)) {
    let world = World::with_store(store).await;
    world.authorise().await;
    let code = world.mock.authorise(Some("2013121100055555"), None);
    world.isv.authorise(code).await.unwrap();
    world.clock.advance(DUE);
    sql(&format!(
        "UPDATE alipay_authorisation SET {change} WHERE auth_app_id = '{MERCHANT}'"
    ));

    let sweep = world.isv.refresh_ending().await.unwrap();
    assert_eq!(sweep.refreshed, 1, "{change}");
    let [(auth_app_id, error)] = &*sweep.failed else {
        panic!("{change}: {sweep:?}")
    };
    assert_eq!(
        (&**auth_app_id, error.kind()),
        (MERCHANT, ErrorKind::TokenStore),
        "{change}"
    );
    assert!(
        error.to_string().contains("somebody has changed it"),
        "{change}: {error}"
    );
}
