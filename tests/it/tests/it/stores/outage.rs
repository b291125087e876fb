//! A database that goes away and comes back.

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use alipay_api::isv::store::{MySqlStore, PostgresStore, StoreErrorKind, StoreOptions, TokenStore as _, Version};
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    sync::watch,
};

use super::{authorisation, key, merchant, put, token};
use crate::{
    mysql_server,
    postgres_server::{self, Server},
};

const TIMEOUT: Duration = Duration::from_secs(1);

async fn connect(url: &str) -> PostgresStore {
    let options = StoreOptions::new().timeout(TIMEOUT).max_connections(2);
    PostgresStore::connect_with(url, &key(), &options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_fails_what_is_under_way_and_nothing_later() {
    let Some(mut server) = Server::start_new() else { return };
    let url = server.database();
    let store = Arc::new(connect(&url).await);
    put(&*store, "shop", "first").await;

    // A call that has reached the server, and waits there.
    let locking = "BEGIN; LOCK TABLE alipay_authorisation; SELECT pg_sleep(600)";
    let mut locker = server
        .psql(&url, locking)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("psql");
    let waits = |what: &str| server.sql(&url, &format!("SELECT count(*) FROM pg_stat_activity WHERE {what}")) != "0";
    while !waits("wait_event = 'PgSleep'") {}
    let replacing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .replace(merchant("shop"), Some(Version::FIRST), &authorisation("second"))
                .await
        }
    });
    while !waits("wait_event_type = 'Lock'") {}
    let before = Instant::now();
    server.stop();
    locker.wait().expect("psql ends with the server");
    let error = replacing.await.unwrap().expect_err("the server is away");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");

    for _ in 0..3 {
        let error = store.load(merchant("shop")).await.expect_err("the server is away");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        assert!(
            error
                .to_string()
                .contains("the database can't be reached, or is busy; try again"),
            "{error}"
        );
    }
    assert!(before.elapsed() < 10 * TIMEOUT, "{:?}", before.elapsed());

    server.start();
    assert_eq!(token(&*store, "shop").await, "first");
    let stored = store
        .replace(merchant("shop"), Some(Version::FIRST), &authorisation("second"))
        .await;
    assert_eq!(stored.unwrap(), Some(Version(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_server_that_stops_fails_what_is_in_flight_and_nothing_later() {
    let Some(mut server) = mysql_server::Server::start_new() else {
        return;
    };
    let url = server.database();
    let options = StoreOptions::new().timeout(TIMEOUT).max_connections(2);
    let store = Arc::new(MySqlStore::connect_with(&url, &key(), &options).await.unwrap());
    put(&*store, "shop", "first").await;

    // A call that has reached the server, and waits there.
    let locking = "BEGIN; SELECT version FROM alipay_authorisation FOR UPDATE; SELECT SLEEP(600)";
    let mut locker = server
        .client(&url, locking)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the client");
    let runs = |what: &str| {
        let count = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '{what}%'");
        server.sql(&url, &count) != "0"
    };
    while !runs("SELECT SLEEP") {}
    let replacing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .replace(merchant("shop"), Some(Version::FIRST), &authorisation("second"))
                .await
        }
    });
    while !runs("UPDATE alipay_authorisation") {}
    let before = Instant::now();
    server.stop();
    locker.wait().expect("the client ends with the server");
    let error = replacing.await.unwrap().expect_err("the server is away");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    for _ in 0..3 {
        let error = store.load(merchant("shop")).await.expect_err("the server is away");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
    assert!(before.elapsed() < 10 * TIMEOUT, "{:?}", before.elapsed());

    server.start();
    assert_eq!(token(&*store, "shop").await, "first");
    let stored = store
        .replace(merchant("shop"), Some(Version::FIRST), &authorisation("second"))
        .await;
    assert_eq!(stored.unwrap(), Some(Version(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_holds_nobody_up() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let silent = proxy(folder.path(), &server.socket());
    let url = server
        .database()
        .replace(&server.folder(), folder.path().to_str().unwrap());
    let store = Arc::new(connect(&url).await);
    put(&*store, "shop", "first").await;

    silent.send_replace(true);
    // More calls than connections, some of them dropped half-way.
    let calls: Vec<_> = (0..6)
        .map(|index| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let patience = if index % 2 == 0 { TIMEOUT / 4 } else { 10 * TIMEOUT };
                let before = Instant::now();
                let outcome = tokio::time::timeout(patience, store.load(merchant("shop"))).await;
                (outcome, before.elapsed())
            })
        })
        .collect();
    let mut failed = 0;
    for call in calls {
        let (outcome, time) = call.await.unwrap();
        assert!(time < 3 * TIMEOUT, "{time:?}");
        if let Ok(outcome) = outcome {
            let error = outcome.expect_err("nobody answers");
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
            failed += 1;
        }
    }
    assert_eq!(failed, 3);

    // The connections that are stuck stay so; others take their place.
    silent.send_replace(false);
    for _ in 0..4 {
        assert_eq!(token(&*store, "shop").await, "first");
    }
}

/// A way to the server that can fall silent: what was connected stays silent for ever.
fn proxy(folder: &Path, server: &Path) -> watch::Sender<bool> {
    let listener = UnixListener::bind(folder.join(server.file_name().expect("a name"))).expect("a socket");
    let (silent, state) = watch::channel(false);
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (server, mut state) = (server.clone(), state.clone());
            tokio::spawn(async move {
                let forward = async {
                    if let Ok(mut server) = UnixStream::connect(server).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                };
                tokio::select! {
                    () = forward => return,
                    _ = state.wait_for(|silent| *silent) => {}
                }
                std::future::pending::<()>().await;
            });
        }
    });
    silent
}
