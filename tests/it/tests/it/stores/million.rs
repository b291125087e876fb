//! How long a sweep takes over a million merchants, and how much memory.

use std::{
    env, fs,
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use alipay_api::isv::store::{MerchantKey, PostgresStore, StoreOptions, TokenStore as _, Version};

use super::{authorisation, key};
use crate::{
    isv::{DUE, World},
    postgres_server,
};

/// The merchants that are due.
const REFRESHED: u32 = 100;
const WRITERS: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; with another number of merchants in ALIPAY_MERCHANTS"]
async fn a_sweep_over_a_million_merchants() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let merchants: u32 = env::var("ALIPAY_MERCHANTS").map_or(1_000_000, |number| number.parse().unwrap());
    let options = StoreOptions::new()
        .max_connections(WRITERS)
        .timeout(Duration::from_secs(60));
    let url = server.database();
    let store = Arc::new(PostgresStore::connect_with(&url, &key(), &options).await.unwrap());
    let world = World::with_store(Arc::clone(&store) as _).await;
    let say = |what: String| writeln!(io::stderr(), "{what}").unwrap();

    let before = Instant::now();
    let app_id = world.client.app_id().to_owned();
    let late = world.clock.time() + Duration::from_hours(24 * 365);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, app_id) = (Arc::clone(&store), app_id.clone());
            tokio::spawn(async move {
                for number in (writer..merchants).step_by(WRITERS as usize) {
                    let auth_app_id = format!("2021{number:012}");
                    let merchant = MerchantKey {
                        app_id: &app_id,
                        auth_app_id: &auth_app_id,
                    };
                    let mut granted = authorisation(&format!("202011BB{number:032x}"));
                    granted.expires_at = Some(late);
                    granted.refresh_expires_at = Some(late);
                    let stored = store.replace(merchant, None, &granted).await.unwrap();
                    assert_eq!(stored, Some(Version::FIRST));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    say(format!("{merchants} merchants stored in {:.1?}", before.elapsed()));

    for number in 0..REFRESHED {
        // Between the others.
        let auth_app_id = format!("2021{:012}1", merchants / REFRESHED * number);
        let code = world.mock.authorise(Some(&auth_app_id), None);
        world.isv.authorise(code).await.unwrap();
    }
    for (due, refreshed) in [(false, 0), (true, REFRESHED)] {
        if due {
            world.clock.advance(DUE);
        }
        // From here on the kernel counts the peak anew.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let at_first = memory("VmRSS:");
        let before = Instant::now();
        let sweep = world.isv.refresh_ending().await.unwrap();
        let time = before.elapsed();
        assert_eq!(
            (sweep.refreshed, sweep.failed.len()),
            (refreshed.into(), 0),
            "{sweep:?}"
        );
        say(format!(
            "a sweep over {merchants} merchants that refreshes {refreshed}: {time:.1?}; memory of this process: {} KiB at first, {} KiB at most",
            at_first,
            memory("VmHWM:")
        ));
    }
}

/// A number of `/proc/self/status`, in KiB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
