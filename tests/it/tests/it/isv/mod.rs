//! A third-party app and its merchants.

mod authorising;
mod losing;
mod refreshing;
mod repeating;
mod store;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_api::{
    Client, Error,
    isv::{
        Isv,
        store::{Authorisation, MemoryStore, MerchantKey, TokenStore},
    },
    trade::{Precreate, Query},
};
use alipay_mock::Mock;

use crate::{
    clock::TestClock,
    support::{builder, price},
};

pub(super) const MERCHANT: &str = "2013121100055554";
/// How long tokens live, and how long before their end they are refreshed.
pub(super) const LIFETIME: Duration = Duration::from_secs(100);
pub(super) const AHEAD: Duration = Duration::from_secs(20);
/// Past the moment of a refresh, with all that processes add to it at random.
pub(super) const DUE: Duration = LIFETIME.saturating_sub(Duration::from_secs(10));

/// A gateway whose tokens live for [`LIFETIME`], and an app of two processes that share a store.
pub(super) struct World {
    pub(super) mock: Mock,
    pub(super) clock: TestClock,
    pub(super) client: Client,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) isv: Isv,
    pub(super) other: Isv,
    events: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with_store(Arc::new(MemoryStore::new())).await
    }

    pub(super) async fn with_store(store: Arc<dyn TokenStore>) -> Self {
        let clock = TestClock::new();
        let gateways = clock.clone();
        let mock = Mock::builder()
            .app_auth_token_lifetime(LIFETIME)
            .app_refresh_token_lifetime(LIFETIME * 10)
            .app_auth_token_grace(Duration::ZERO)
            .clock(move || gateways.time())
            .start()
            .await
            .expect("the gateway starts");
        let client = builder(&mock).clock(clock.clone()).build().expect("a client");
        let events = Arc::new(Mutex::new(Vec::new()));
        let isv = || {
            let events = Arc::clone(&events);
            Isv::builder(client.clone(), Arc::clone(&store))
                .refresh_ahead(AHEAD)
                .refresh_timeout(Duration::from_secs(5))
                .on_event(move |event| events.lock().unwrap().push(format!("{event:?}")))
                .build()
        };
        let (isv, other) = (isv(), isv());
        Self {
            mock,
            clock,
            client,
            store,
            isv,
            other,
            events,
        }
    }

    /// With a merchant that has authorised the app.
    pub(super) async fn authorised() -> Self {
        let world = Self::start().await;
        world.authorise().await;
        world
    }

    pub(super) async fn authorise(&self) {
        let code = self.mock.authorise(Some(MERCHANT), None);
        let merchants = self.isv.authorise(code).await.expect("tokens");
        assert_eq!(merchants.len(), 1);
        assert_eq!(merchants[0].auth_app_id, MERCHANT);
    }

    pub(super) async fn stored(&self) -> Authorisation {
        let key = MerchantKey {
            app_id: self.client.app_id(),
            auth_app_id: MERCHANT,
        };
        let stored = self.store.load(key).await.expect("a store");
        stored.expect("the merchant is stored").authorisation
    }

    /// Names of what was told since the last time.
    pub(super) fn events(&self) -> Vec<String> {
        let name = |shown: String| shown.split(' ').next().unwrap_or_default().to_owned();
        self.told().into_iter().map(name).collect()
    }

    /// What was told since the last time, as a log would show it.
    pub(super) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    pub(super) fn refreshes(&self) -> u64 {
        self.mock
            .authorisation(MERCHANT)
            .expect("the gateway knows it")
            .refreshes
    }
}

/// A call for the merchant.
pub(super) async fn order(isv: &Isv, out_trade_no: &str) -> Result<(), Error> {
    let order = Precreate::new(out_trade_no, price("0.01"), "测试订单");
    isv.merchant(MERCHANT).trade().precreate(order).await.map(|_| ())
}

/// Another one, which the gateway answers with an error of its own where it takes the token.
pub(super) async fn query(isv: &Isv) -> Error {
    let query = Query::with_out_trade_no("nothing");
    isv.merchant(MERCHANT)
        .trade()
        .query(query)
        .await
        .expect_err("no such order")
}
