//! Starting: settings become a gateway.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

#[cfg(feature = "data")]
use super::data;
use super::{APP_ID, AlipayKey, AppKey, Builder, Mode, SELLER_ID};
use crate::answers::folder::AnswerFilesError;
use crate::answers::{Answers, folder};
use crate::certificates::{CertificateError, Certificates, Identity};
use crate::clock::{Alarm, MovableClock, timestamp};
use crate::core::{App, Core};
use crate::expiry;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::{KeyError, KeyPair, PublicKey};
use crate::mock::Mock;
use crate::mock::gateway::Gateway;
use crate::news::News;
use crate::notify::delivery::{Courier, Deliveries};
use crate::numbers;
use crate::public_url;
use crate::server;
use crate::server::connection::{Cut, GatewayListener};
use crate::server::guard::Guard;
use crate::specs::{SpecError, Specs};
use crate::state::State;
#[cfg(feature = "data")]
use crate::store::folder::DataError;
use crate::store::{StorageError, Store};

/// Why a gateway can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The specs can't be used.
    #[error(transparent)]
    Specs(#[from] SpecError),
    /// The files of [`Builder::answers`] can't be used.
    #[error(transparent)]
    Answers(#[from] AnswerFilesError),
    /// A key can't be generated or encoded.
    #[error("the gateway's keys can't be made")]
    Key(#[from] KeyError),
    /// The certificates can't be read, or don't belong together.
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    /// The address can't be listened on.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The client that delivers notifications can't be made.
    #[error("can't make a client for notifications: {0}")]
    Client(String),
    /// The data directory can't be used.
    #[cfg(feature = "data")]
    #[error(transparent)]
    Data(#[from] DataError),
    /// What the gateway begins with can't be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A row as it was stored: the table, the key and the value.
pub(super) type Row = (String, String, String);

impl Builder {
    /// Starts the gateway on the current Tokio runtime.
    ///
    /// # Errors
    /// If the specs or the answers are not sound, keys can't be made, the address can't be listened on, or the data directory can't be used.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn start(self) -> Result<Mock, StartError> {
        #[cfg(feature = "data")]
        let (this, store, rows) = self.with_data().await?;
        #[cfg(not(feature = "data"))]
        let (this, store, rows) = (self, Store::none(), Vec::new());
        let started = this.start_with(store.clone(), rows).await;
        if started.is_err() {
            store.close();
            store.closed().await;
        }
        started
    }

    async fn start_with(self, store: Store, rows: Vec<Row>) -> Result<Mock, StartError> {
        let (listen, allowed_hosts) = (self.listen, self.allowed_hosts.clone());
        let stop = watch::Sender::new(false);
        let courier = Courier::new(
            Handle::current(),
            self.schedule.clone(),
            stop.subscribe(),
            self.strictness,
        )
        .map_err(|error| StartError::Client(error.to_string()))?;
        let listening = |source| StartError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let base_url = self
            .public_url
            .clone()
            .unwrap_or_else(|| public_url::reachable(address));
        let (core, app_pair) = self.core(Some(courier), store, Some(base_url), &rows)?;
        let core = Arc::new(core);
        // What the settings have changed is stored before anybody calls.
        core.with_state(|_| ());
        core.deliveries.store().settled().await?;
        core.deliveries.resume();
        let service = server::router(Arc::clone(&core), Guard::new(address, allowed_hosts), stop.subscribe())
            .into_make_service_with_connect_info::<Cut>();
        let mut stopped = stop.subscribe();
        let serving = axum::serve(GatewayListener(listener), service).with_graceful_shutdown(async move {
            // An error means that the handle was dropped, which stops the server too.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        let mut expiring = stop.subscribe();
        let expiry = expiry::keep(Arc::clone(&core));
        let server = tokio::spawn(async move {
            let _ = serving.await;
        });
        tokio::spawn(async move {
            tokio::select! {
                () = expiry => {}
                _ = expiring.wait_for(|stopped| *stopped) => {}
            }
        });
        Ok(Mock {
            core,
            address,
            app_pair,
            stop,
            server,
        })
    }

    /// A gateway without a server, for simulations. It needs no runtime, and delivers no notifications. Orders
    /// expire when somebody looks, as nothing happens between two requests. The numbers and tokens that it issues come from
    /// the seed, so that the same requests at the same times have the same answers.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn in_process(self, seed: u64) -> Result<Gateway, StartError> {
        #[cfg(feature = "data")]
        if self.home.is_some() {
            return Err(DataError::InProcess.into());
        }
        let (core, _) = self.core(None, Store::none(), None, &[])?;
        Ok(Gateway::new(core, seed))
    }

    /// All that a gateway keeps, and the app's key pair where it is known.
    fn core(
        self,
        courier: Option<Courier>,
        store: Store,
        base_url: Option<String>,
        rows: &[Row],
    ) -> Result<(Core, Option<KeyPair>), StartError> {
        let app_id = self.app_id.unwrap_or_else(|| APP_ID.to_owned());
        let seller_id = self.seller_id.unwrap_or_else(|| SELLER_ID.to_owned());
        let specs = Specs::load(self.specs)?;
        let news = News::default();
        let clock = Arc::new(MovableClock::new(self.clock));
        let starts_ahead = self
            .starts_at
            .map(|start| timestamp(start).duration_since(clock.unmoved()));
        clock.set_ahead(starts_ahead.unwrap_or_default());
        let deliveries = Deliveries::new(courier, Arc::clone(&clock), news.clone(), store);
        let answers = Answers::new(news.clone());
        if let Some(folder) = &self.answers {
            folder::order(folder, &specs, &answers)?;
        }
        let is_own = matches!(self.app_key, AppKey::Pair(_) | AppKey::Public(_));
        let (app_pair, app_key) = match self.app_key {
            AppKey::Shared => pair(KeyPair::shared(self.sign_type)?.0),
            AppKey::Fresh => pair(KeyPair::generate_for(self.sign_type)?),
            AppKey::Pair(given) => pair(given),
            AppKey::Public(key) => (None, key),
        };
        let alipay_key = match self.alipay_key {
            AlipayKey::Shared => KeyPair::shared(self.sign_type)?.1,
            AlipayKey::Fresh => KeyPair::generate_for(self.sign_type)?,
            AlipayKey::Pair(pair) => pair,
        };
        if alipay_key.fitting(self.sign_type) != self.sign_type || app_key.fitting(self.sign_type) != self.sign_type {
            return Err(KeyError::SignType(self.sign_type).into());
        }
        let (app_pair, app_key, identity) = match self.mode {
            Mode::PublicKeys => (app_pair, app_key, Identity::Key(alipay_key)),
            Mode::Issued => {
                let issued = Certificates::issue(&app_id, &seller_id, &app_key, alipay_key, clock.now())?;
                (app_pair, app_key, Identity::Certificates(Box::new(issued)))
            }
            Mode::Given(files) => {
                let given = Certificates::from_files(files, alipay_key)?;
                certified(Box::new(given), (app_pair, app_key), is_own)?
            }
            #[cfg(feature = "data")]
            Mode::Kept(kept) => certified(kept, (app_pair, app_key), is_own)?,
        };
        let lifetimes = self.lifetimes.unwrap_or_default();
        let mut state = State::new(identity, self.balance, lifetimes, self.app_gateway_url.clone());
        let period = self.refund_period.map(SignedDuration::try_from);
        // A longer one than jiff can tell never ends.
        state.trades.refund_period = period.and_then(Result::ok);
        #[cfg(feature = "data")]
        data::load(&mut state, &deliveries, rows)?;
        #[cfg(not(feature = "data"))]
        let _ = rows;
        state.set(self.lifetimes, self.app_gateway_url, starts_ahead);
        clock.set_ahead(*state.ahead);
        let core = Core {
            specs,
            app: App {
                id: app_id,
                seller_id,
                key: app_key,
                aes_key: self.aes_key,
            },
            strictness: self.strictness,
            deliveries,
            faults: Faults::new(news.clone()),
            clock,
            news,
            form_token: numbers::random(32),
            base_url,
            body_timeout: self.body_timeout,
            notifications_name_certificate: self.notifications_name_certificate,
            encrypts_messages: self.encrypts_messages,
            state: Mutex::new(state),
            answers,
            journal: Journal::default(),
            alarm: watch::Sender::new(Alarm::default()),
            slow_buyers: watch::Sender::new(()),
        };
        Ok((core, app_pair))
    }
}

/// Certificate mode with certificates that are there.
fn certified(
    certificates: Box<Certificates>,
    (app_pair, app_key): (Option<KeyPair>, PublicKey),
    is_own: bool,
) -> Result<(Option<KeyPair>, PublicKey, Identity), StartError> {
    let certified = certificates.app_key().ok_or(KeyError::Operation)?.clone();
    if is_own && certified != app_key {
        return Err(CertificateError::AppKey.into());
    }
    let app_pair = app_pair.filter(|_| certified == app_key);
    Ok((app_pair, certified, Identity::Certificates(certificates)))
}

fn pair(pair: KeyPair) -> (Option<KeyPair>, PublicKey) {
    let public = pair.public_key();
    (Some(pair), public)
}
