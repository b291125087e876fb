//! A disk that fills up during a refresh, when the old refresh token is dead and the new pair is not stored: the one moment at which a
//! full disk could lose a merchant.

use std::{
    env, fs,
    io::{self, Write as _},
    path::Path,
    process::{self, Command},
    sync::Arc,
};

use alipay_api::isv::{
    Isv, IsvEvent,
    store::{Authorisation, MerchantKey, SqliteStore, TokenStore as _},
};
use alipay_mock::Fault;
use tokio::sync::mpsc;

use super::{
    disk_full::{TinyDisk, fill_up},
    key,
};
use crate::isv::{LIFETIME, MERCHANT, World, order};

/// Names the folder to a copy of this program whose files can be kept from growing.
const FOLDER: &str = "ALIPAY_TEST_FILLING";

#[tokio::test]
async fn a_disk_that_fills_up_during_a_refresh_loses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = TinyDisk::mount(folder.path()) else {
        // The next test does the same in another way.
        let _ = writeln!(io::stderr(), "skipped: no disk can be mounted here");
        return;
    };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, []).unwrap();
    let make_room = || fs::remove_file(&ballast).unwrap();
    refresh_without_room(&folder.path().join("tokens.db"), || fill_up(&ballast), make_room).await;
}

/// Needs no right to mount: the system refuses to let the file grow, for a while.
#[tokio::test]
async fn a_file_that_may_not_grow_during_a_refresh_loses_nobody() {
    if !Command::new("prlimit")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        let _ = writeln!(io::stderr(), "skipped: there is no prlimit here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Without the trap the signal ends the process.
    let script =
        "trap '' XFSZ; exec \"$0\" --exact stores::disk_full_during_refresh::with_limited_files --ignored --nocapture";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("the merchant lives"),
        "{shown}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Not a test by itself: what the copy of this program does.
#[tokio::test]
#[ignore = "only for a process that another test starts"]
async fn with_limited_files() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("tokens.db");
    let limit = |bytes: &str| {
        let limited = Command::new("prlimit")
            .args(["--pid", &process::id().to_string(), &format!("--fsize={bytes}:")])
            .status();
        assert!(limited.unwrap().success());
    };
    let take_room = || {
        let log = fs::metadata(path.with_extension("db-wal")).unwrap();
        limit(&log.len().to_string());
    };
    refresh_without_room(&path, take_room, || limit("unlimited")).await;
    writeln!(io::stdout(), "\nthe merchant lives").unwrap();
}

async fn refresh_without_room(path: &Path, take_room: impl FnOnce(), make_room: impl FnOnce()) {
    let store = Arc::new(SqliteStore::open(path, &key()).await.unwrap());
    let world = World::with_store(Arc::<SqliteStore>::clone(&store)).await;
    world.authorise().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let isv = Isv::builder(world.client.clone(), Arc::<SqliteStore>::clone(&store))
        .on_event(move |event| tell.send(event.clone()).expect("it is listened to"))
        .build();

    world.clock.advance(LIFETIME * 2);
    let (fault, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.open.auth.token.app", fault);
    let call = tokio::spawn({
        let isv = isv.clone();
        async move { order(&isv, "one").await }
    });
    // The gateway has made the new pair, and nobody has seen it.
    release.reached().await;
    take_room();
    release.release();
    let Some(IsvEvent::NotStored {
        auth_app_id,
        authorisation,
        error,
    }) = told.recv().await
    else {
        panic!("it is told first that the pair is not stored");
    };
    assert_eq!(auth_app_id, MERCHANT);
    assert!(error.to_string().contains("tokens.db: the disk "), "{error}");
    let granted = world.mock.authorisation(MERCHANT).unwrap();
    assert_eq!(authorisation.app_refresh_token.expose(), granted.app_refresh_token);
    // What was stored can be read, and the new pair is not used before it is.
    assert_ne!(world.stored().await.app_refresh_token, authorisation.app_refresh_token);
    assert!(!call.is_finished());
    assert_eq!(world.mock.requests_of("alipay.trade.precreate"), 0);

    make_room();
    call.await.unwrap().unwrap();
    let next = told.recv().await;
    assert!(matches!(next, Some(IsvEvent::Refreshed { .. })), "{next:?}");
    isv.idle().await;
    let tokens = |of: Authorisation| (of.app_auth_token, of.app_refresh_token);
    assert_eq!(tokens(world.stored().await), tokens(authorisation));
    // The pair is of use to others, also after everybody has gone and come back.
    world.clock.advance(LIFETIME * 2);
    order(&world.other, "two").await.unwrap();
    let stored = world.stored().await;
    store.close().await;
    let store = SqliteStore::open(path, &key()).await.unwrap();
    let merchant = MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id: MERCHANT,
    };
    assert_eq!(store.load(merchant).await.unwrap().unwrap().authorisation, stored);
    assert_eq!(world.refreshes(), 2);
    assert_eq!(world.mock.dead_refresh_tokens(), []);
}
