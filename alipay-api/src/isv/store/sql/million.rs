//! How long a sweep takes over a million merchants in PostgreSQL, and how much memory: see CONTRIBUTING, "Performance".

use std::{
    env, fs,
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use alipay_mock::keys::KeyPair;

use super::{PostgresStore, StoreKey, StoreOptions, database::Value, time};
use crate::{
    Client, Credentials,
    isv::{
        Isv,
        store::{Authorisation, MerchantKey, Version},
    },
};

const APP_ID: &str = "2021000000000001";
/// How many rows are written at once.
const ROWS: u32 = 1000;
/// In the types of the columns.
const FILL: &str = "INSERT INTO alipay_authorisation (app_id, auth_app_id, version, app_auth_token, app_refresh_token, user_id, state, \
     authorised_at, issued_at, expires_at, refresh_expires_at) \
     SELECT $1, auth_app_id, 1, token, refresh_token, $2, 'active', $3, $3, $4, $4 \
     FROM UNNEST($5::TEXT[], $6::BYTEA[], $7::BYTEA[]) AS filled (auth_app_id, token, refresh_token)";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and an empty database of PostgreSQL in ALIPAY_POSTGRES_URL"]
async fn a_sweep_over_a_million_merchants() {
    let url = env::var("ALIPAY_POSTGRES_URL").expect("the URL of an empty database");
    let merchants: u32 = env::var("ALIPAY_MERCHANTS").map_or(1_000_000, |number| number.parse().unwrap());
    let options = StoreOptions::new().timeout(Duration::from_secs(60));
    let store = PostgresStore::connect_with(&url, &StoreKey::new([7; 32]), &options)
        .await
        .unwrap();
    let say = |what: String| writeln!(io::stderr(), "{what}").unwrap();

    let before = Instant::now();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let now = SystemTime::now();
    let ends = now + Duration::from_hours(24 * 365);
    for first in (0..merchants).step_by(ROWS as usize) {
        let (mut names, mut tokens, mut refresh_tokens) = (Vec::new(), Vec::new(), Vec::new());
        for number in first..merchants.min(first + ROWS) {
            let name = format!("2021{number:012}");
            let merchant = MerchantKey {
                app_id: APP_ID,
                auth_app_id: &name,
            };
            let (token, refresh_token) = (format!("202011BB{number:032x}"), format!("202011BC{number:032x}"));
            let mut granted = Authorisation::new(token, refresh_token, "2088102146225135", now);
            granted.expires_at = Some(ends);
            granted.refresh_expires_at = granted.expires_at;
            let sealed = store.0.sealed(merchant, Version::FIRST, &granted).unwrap().unwrap();
            if let (Value::Bytes(Some(token)), Value::Bytes(Some(refresh_token))) = (sealed.token, sealed.refresh_token)
            {
                tokens.push(token);
                refresh_tokens.push(refresh_token);
            }
            names.push(name);
        }
        let filling = sqlx::query(FILL)
            .bind(APP_ID)
            .bind("2088102146225135")
            .bind(time::floor(now))
            .bind(time::floor(ends))
            .bind(names)
            .bind(tokens)
            .bind(refresh_tokens);
        filling.execute(&pool).await.unwrap();
    }
    sqlx::query("ANALYZE alipay_authorisation")
        .execute(&pool)
        .await
        .unwrap();
    say(format!("{merchants} merchants stored in {:.1?}", before.elapsed()));

    let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let alipay = alipay.public_key().to_base64().unwrap();
    let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay).unwrap();
    let client = Client::builder(APP_ID, credentials).build().unwrap();
    let isv = Isv::builder(client, Arc::new(store)).build();
    // From here on the kernel counts the peak anew.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let at_first = memory("VmRSS:");
    let before = Instant::now();
    let sweep = isv.refresh_ending().await.unwrap();
    let time = before.elapsed();
    // All were read and decrypted: what can't be would have failed.
    assert_eq!((sweep.refreshed, sweep.failed.len()), (0, 0), "{sweep:?}");
    say(format!(
        "a sweep over {merchants} merchants of which none is due: {time:.1?}; memory of this process: {at_first} KiB at first, {} KiB at most",
        memory("VmHWM:")
    ));
}

/// A number of `/proc/self/status`, in KiB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
