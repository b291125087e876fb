//! The settings of a gateway.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipay_codegen::SourceFile;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Mock;
use super::gateway::Gateway;
use crate::answers::folder::AnswerFilesError;
use crate::answers::{Answers, folder};
use crate::certificates::{CertificateError, Certificates, Files, Identity};
use crate::clock::{Clock, SystemClock, timestamp};
use crate::core::{App, Core};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::{KeyError, KeyPair, PublicKey};
use crate::lifetimes::Lifetimes;
use crate::money::Money;
use crate::notify::delivery::{DOCUMENTED_SCHEDULE, Deliveries};
use crate::server;
use crate::server::connection::{Cut, GatewayListener};
use crate::server::guard::{BadHostName, Guard, HostName};
use crate::specs::{Source, SpecError, Specs};
use crate::state::State;

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
}

/// The app's key.
enum AppKey {
    /// The pair that all gateways of this process share.
    Shared,
    /// A pair of its own.
    Fresh,
    /// Both halves are known.
    Pair(KeyPair),
    /// Only the public half is known.
    Public(PublicKey),
}

/// How the app and Alipay identify each other.
enum Mode {
    /// By their public keys.
    PublicKeys,
    /// By certificates that an authority of the gateway's own issues.
    Issued,
    /// By certificates from files.
    Given(Files),
}

/// The settings of a gateway.
pub struct Builder {
    app_id: String,
    seller_id: String,
    app_key: AppKey,
    alipay_key: Option<KeyPair>,
    mode: Mode,
    listen: SocketAddr,
    allowed_hosts: Vec<HostName>,
    clock: Box<dyn Clock>,
    schedule: Vec<Duration>,
    balance: Money,
    lifetimes: Lifetimes,
    app_gateway_url: Option<String>,
    notifications_name_certificate: bool,
    specs: Vec<Source>,
    answers: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            app_id: "2021000000000001".to_owned(),
            seller_id: "2088101117955611".to_owned(),
            app_key: AppKey::Shared,
            alipay_key: None,
            mode: Mode::PublicKeys,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allowed_hosts: Vec::new(),
            clock: Box::new(SystemClock),
            schedule: DOCUMENTED_SCHEDULE.to_vec(),
            balance: Money::yuan(1_000_000),
            lifetimes: Lifetimes::default(),
            app_gateway_url: None,
            notifications_name_certificate: true,
            specs: Vec::new(),
            answers: None,
        }
    }
}

impl Builder {
    /// The one app that may call.
    #[must_use]
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = app_id.into();
        self
    }

    /// The user number of the merchant whose app it is.
    #[must_use]
    pub fn seller_id(mut self, seller_id: impl Into<String>) -> Self {
        self.seller_id = seller_id.into();
        self
    }

    /// The app's key pair. By default, a pair that is generated once per process.
    #[must_use]
    pub fn app_key_pair(mut self, pair: KeyPair) -> Self {
        self.app_key = AppKey::Pair(pair);
        self
    }

    /// The app's public key, where the gateway is not to know the private key.
    #[must_use]
    pub fn app_public_key(mut self, key: PublicKey) -> Self {
        self.app_key = AppKey::Public(key);
        self
    }

    /// Alipay's key pair. By default, a pair that is generated once per process.
    #[must_use]
    pub fn alipay_key_pair(mut self, pair: KeyPair) -> Self {
        self.alipay_key = Some(pair);
        self
    }

    /// New keys for both sides, which no other gateway of this process has.
    ///
    /// # Errors
    /// If no key can be generated.
    pub fn fresh_keys(mut self) -> Result<Self, KeyError> {
        self.app_key = AppKey::Fresh;
        self.alipay_key = Some(KeyPair::generate()?);
        Ok(self)
    }

    /// Certificate mode, with certificates of a throw-away authority: [`Mock::app_cert`], [`Mock::alipay_cert`] and [`Mock::root_cert`] give their texts.
    #[must_use]
    pub fn certificates(mut self) -> Self {
        self.mode = Mode::Issued;
        self
    }

    /// Certificate mode, with the texts of certificate files: the app's, Alipay's, and Alipay's roots. [`alipay_key_pair`](Self::alipay_key_pair) must
    /// be that of Alipay's certificate. The app's public key is that of its certificate.
    #[must_use]
    pub fn certificate_files(
        mut self,
        app_cert: impl Into<String>,
        alipay_cert: impl Into<String>,
        root_cert: impl Into<String>,
    ) -> Self {
        self.mode = Mode::Given(Files {
            app: app_cert.into(),
            alipay: alipay_cert.into(),
            roots: root_cert.into(),
        });
        self
    }

    /// Where to listen. By default, any free port of `127.0.0.1`.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// One more host name for the control endpoints, such as that of a container. They answer requests for `localhost`, loopback addresses and the address
    /// that the gateway listens on; other hosts, and web pages of other sites, are refused.
    ///
    /// # Errors
    /// If the name is not a host name: a host name has neither scheme nor port.
    pub fn allow_host(mut self, name: &str) -> Result<Self, BadHostName> {
        self.allowed_hosts.push(name.parse()?);
        Ok(self)
    }

    /// The clock. By default, the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The pauses between the attempts to deliver a notification. By default those that Alipay documents: 4, 10 and 10 minutes, 1, 2, 6 and 15 hours.
    #[must_use]
    pub fn notify_schedule(mut self, pauses: Vec<Duration>) -> Self {
        self.schedule = pauses;
        self
    }

    /// What each merchant's account holds for transfers, in yuan. By default a million.
    #[must_use]
    pub fn balance(mut self, yuan: u32) -> Self {
        self.balance = Money::yuan(yuan);
        self
    }

    /// Where messages about merchants' authorisations are sent: the app's gateway URL (应用网关). By default, there is none.
    #[must_use]
    pub fn app_gateway_url(mut self, url: impl Into<String>) -> Self {
        self.app_gateway_url = Some(url.into());
        self
    }

    /// Leaves the certificate's serial number out of notifications and of the parameters of return URLs.
    #[must_use]
    pub fn notifications_without_serial(mut self) -> Self {
        self.notifications_name_certificate = false;
        self
    }

    /// How long merchants' tokens live. [`lifetimes`](Self::lifetimes) sets the others too.
    #[must_use]
    pub fn app_auth_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.app_auth_token = lifetime;
        self
    }

    /// How long merchants' refresh tokens live.
    #[must_use]
    pub fn app_refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.app_refresh_token = lifetime;
        self
    }

    /// How long a merchant's token remains valid after a refresh has replaced it.
    #[must_use]
    pub fn app_auth_token_grace(mut self, grace: Duration) -> Self {
        self.lifetimes.app_auth_token_grace = grace;
        self
    }

    /// How long all codes and tokens live.
    #[must_use]
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// The spec files below this folder, beside those that are built in: methods of your own, laid out as in `spec/`, with types of their own. May be
    /// called several times. A method that has a spec already is refused.
    #[must_use]
    pub fn specs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.specs.push(Source::Folder(folder.into()));
        self
    }

    /// The same with the texts of spec files; paths are relative to the folder, such as `shop/alipay.shop.thing.get.yaml`.
    #[must_use]
    pub fn spec_files(mut self, files: impl IntoIterator<Item = SourceFile>) -> Self {
        self.specs.push(Source::Files(files.into_iter().collect()));
        self
    }

    /// Orders the answers in the files of this folder: `alipay.trade.query.json` says what [`Mock::answer`] would be given for `alipay.trade.query`. Each
    /// method has to have a spec. Files whose name begins with a dot are left alone.
    #[must_use]
    pub fn answers(mut self, folder: impl Into<PathBuf>) -> Self {
        self.answers = Some(folder.into());
        self
    }

    /// Starts the gateway on the current Tokio runtime.
    ///
    /// # Errors
    /// If the specs or the answers are not sound, keys can't be made, or the address can't be listened on.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn start(self) -> Result<Mock, StartError> {
        let (listen, allowed_hosts) = (self.listen, self.allowed_hosts.clone());
        let stop = watch::Sender::new(false);
        let deliveries = Deliveries::new(Handle::current(), self.schedule.clone(), stop.subscribe())
            .map_err(|error| StartError::Client(error.to_string()))?;
        let (core, app_pair) = self.core(deliveries)?;
        let core = Arc::new(core);
        let listening = |source| StartError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let service = server::router(Arc::clone(&core), Guard::new(address, allowed_hosts))
            .into_make_service_with_connect_info::<Cut>();
        let mut stopped = stop.subscribe();
        let serving = axum::serve(GatewayListener(listener), service).with_graceful_shutdown(async move {
            // An error means that the handle was dropped, which stops the server too.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        let server = tokio::spawn(async move {
            let _ = serving.await;
        });
        Ok(Mock {
            core,
            address,
            app_pair,
            stop,
            server,
        })
    }

    /// A gateway without a server, for simulations. It needs no runtime, and delivers no notifications. The numbers and tokens that it issues come from
    /// the seed, so that the same requests at the same times have the same answers.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn in_process(self, seed: u64) -> Result<Gateway, StartError> {
        let (core, _) = self.core(Deliveries::none())?;
        Ok(Gateway::new(core, seed))
    }

    /// All that a gateway keeps, and the app's key pair where it is known.
    fn core(self, deliveries: Deliveries) -> Result<(Core, Option<KeyPair>), StartError> {
        let specs = Specs::load(self.specs)?;
        let answers = Answers::default();
        if let Some(folder) = &self.answers {
            folder::order(folder, &specs, &answers)?;
        }
        let is_own = matches!(self.app_key, AppKey::Pair(_) | AppKey::Public(_));
        let (app_pair, app_key) = match self.app_key {
            AppKey::Shared => pair(KeyPair::shared()?.0),
            AppKey::Fresh => pair(KeyPair::generate()?),
            AppKey::Pair(given) => pair(given),
            AppKey::Public(key) => (None, key),
        };
        let alipay_key = match self.alipay_key {
            Some(pair) => pair,
            None => KeyPair::shared()?.1,
        };
        let (app_pair, app_key, identity) = match self.mode {
            Mode::PublicKeys => (app_pair, app_key, Identity::Key(alipay_key)),
            Mode::Issued => {
                let now = timestamp(self.clock.now());
                let issued = Certificates::issue(&self.app_id, &self.seller_id, &app_key, alipay_key, now)?;
                (app_pair, app_key, Identity::Certificates(Box::new(issued)))
            }
            Mode::Given(files) => {
                let given = Certificates::from_files(files, alipay_key)?;
                let certified = given.app_key().ok_or(KeyError::Operation)?.clone();
                if is_own && certified != app_key {
                    return Err(CertificateError::AppKey.into());
                }
                let app_pair = app_pair.filter(|_| certified == app_key);
                (app_pair, certified, Identity::Certificates(Box::new(given)))
            }
        };
        let core = Core {
            specs,
            app: App {
                id: self.app_id,
                seller_id: self.seller_id,
                key: app_key,
            },
            clock: self.clock,
            notifications_name_certificate: self.notifications_name_certificate,
            state: Mutex::new(State::new(identity, self.balance, self.lifetimes, self.app_gateway_url)),
            faults: Faults::default(),
            answers,
            deliveries,
            journal: Journal::default(),
        };
        Ok((core, app_pair))
    }
}

fn pair(pair: KeyPair) -> (Option<KeyPair>, PublicKey) {
    let public = pair.public_key();
    (Some(pair), public)
}
