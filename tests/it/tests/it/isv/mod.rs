//! A third-party app and its merchants.

mod authorising;
mod keeping;
mod losing;
mod memory;
mod refreshing;
mod refusals;
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
    open_auth::{TokenApp, TokenAppResponse, token_app::TokenAppGrantType},
    trade::{Precreate, Query},
};
use alipay_mock::Mock;

use crate::{
    clock::{OwnClock, TestClock},
    stores::each::Handle,
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
    /// The gateway's.
    pub(super) clock: TestClock,
    pub(super) client: Client,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) isv: Isv,
    /// That of `isv`.
    pub(super) own_clock: OwnClock,
    pub(super) other: Isv,
    events: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with_store(Arc::new(MemoryStore::new())).await
    }

    pub(super) async fn with_store(store: Arc<dyn TokenStore>) -> Self {
        Self::with_stores(Arc::clone(&store), store).await
    }

    /// Each process has a handle of its own of the store, in which nothing is left of another world.
    pub(super) async fn with_stores(one: Handle, other: Handle) -> Self {
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
        let own_clock = OwnClock::new(clock.clone());
        let own = builder(&mock).clock(own_clock.clone()).build().expect("a client");
        let events = Arc::new(Mutex::new(Vec::new()));
        let isv = |client: &Client, store: &Handle| {
            let events = Arc::clone(&events);
            Isv::builder(client.clone(), Arc::clone(store))
                .refresh_ahead(AHEAD)
                .refresh_timeout(Duration::from_secs(5))
                .on_event(move |event| events.lock().unwrap().push(format!("{event:?}")))
                .build()
        };
        let (isv, other) = (isv(&own, &one), isv(&client, &other));
        isv.remove(MERCHANT).await.expect("a store");
        Self {
            mock,
            clock,
            client,
            store: one,
            isv,
            own_clock,
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

    pub(super) fn key(&self) -> MerchantKey<'_> {
        MerchantKey {
            app_id: self.client.app_id(),
            auth_app_id: MERCHANT,
        }
    }

    pub(super) async fn stored(&self) -> Authorisation {
        let stored = self.store.load(self.key()).await.expect("a store");
        stored.expect("the merchant is stored").authorisation
    }

    /// Writes over what is stored, as somebody does who knows nothing of the library.
    pub(super) async fn write(&self, authorisation: &Authorisation) {
        let stored = self.store.load(self.key()).await.expect("a store");
        let version = stored.expect("the merchant is stored").version;
        let replaced = self.store.replace(self.key(), Some(version), authorisation).await;
        replaced.expect("a store").expect("it is stored");
    }

    /// Whether the stored tokens are the ones that the gateway takes.
    pub(super) async fn has_latest(&self) -> bool {
        let latest = self.mock.authorisation(MERCHANT).expect("the gateway knows it");
        let stored = self.stored().await;
        let tokens = [stored.app_auth_token, stored.app_refresh_token].map(|token| token.expose().to_owned());
        tokens == [latest.app_auth_token, latest.app_refresh_token]
    }

    /// How long a token that was replaced still does.
    pub(super) fn set_grace(&self, grace: Duration) {
        let mut lifetimes = self.mock.lifetimes();
        lifetimes.app_auth_token_grace = grace;
        self.mock.set_lifetimes(lifetimes);
    }

    /// The gateway refuses the token of the process's next call, which then refreshes it. Half of the token's life must be over by the
    /// process's clock, or not have begun.
    pub(super) async fn refresh_after_refusal(&self, isv: &Isv) {
        let refreshes = self.refreshes();
        self.mock
            .answer_next("alipay.trade.query", "20001", "aop.invalid-app-auth-token", false);
        let error = query(isv).await;
        assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"), "{error}");
        assert_eq!(self.refreshes(), refreshes + 1);
    }

    /// Exchanges a code or a refresh token without the library's knowledge.
    pub(super) async fn exchange(&self, request: TokenApp) -> TokenAppResponse {
        self.client.open_auth().token_app(request).await.expect("tokens")
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

pub(super) fn refresh_of(authorisation: &Authorisation) -> TokenApp {
    let token = authorisation.app_refresh_token.clone();
    TokenApp::with_refresh_token(token, TokenAppGrantType::RefreshToken)
}
