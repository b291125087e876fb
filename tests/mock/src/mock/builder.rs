//! The settings of a gateway.

#[cfg(feature = "data")]
mod data;
mod start;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use alipay_codegen::SourceFile;

pub use self::start::StartError;
#[cfg(feature = "data")]
use crate::certificates::Certificates;
use crate::certificates::Files;
use crate::clock::{Clock, SystemClock};
use crate::encryption::AesKey;
use crate::keys::{KeyPair, PublicKey, SignType};
use crate::lifetimes::Lifetimes;
use crate::money::Money;
use crate::notify::delivery::DOCUMENTED_SCHEDULE;
use crate::public_url::{self, BadPublicUrl};
use crate::server::guard::{BadHostName, HostName};
use crate::specs::Source;
use crate::strictness::Strictness;

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

/// Alipay's key.
enum AlipayKey {
    /// The pair that all gateways of this process share.
    Shared,
    /// A pair of its own.
    Fresh,
    /// It is given.
    Pair(KeyPair),
}

/// How the app and Alipay identify each other.
enum Mode {
    /// By their public keys.
    PublicKeys,
    /// By certificates that an authority of the gateway's own issues.
    Issued,
    /// By certificates from files.
    Given(Files),
    /// By those of the data directory.
    #[cfg(feature = "data")]
    Kept(Box<Certificates>),
}

/// The app, where nobody names another.
const APP_ID: &str = "2021000000000001";
/// Its merchant, likewise.
const SELLER_ID: &str = "2088101117955611";

/// How long the body of a request may take, where nobody says otherwise.
const BODY_TIMEOUT: Duration = Duration::from_mins(1);

/// The settings of a gateway.
pub struct Builder {
    app_id: Option<String>,
    seller_id: Option<String>,
    sign_type: SignType,
    app_key: AppKey,
    alipay_key: AlipayKey,
    mode: Mode,
    listen: SocketAddr,
    allowed_hosts: Vec<HostName>,
    public_url: Option<String>,
    clock: Box<dyn Clock>,
    starts_at: Option<SystemTime>,
    schedule: Vec<Duration>,
    balance: Money,
    lifetimes: Option<Lifetimes>,
    app_gateway_url: Option<String>,
    notifications_name_certificate: bool,
    aes_key: Option<AesKey>,
    encrypts_messages: bool,
    specs: Vec<Source>,
    answers: Option<PathBuf>,
    #[cfg(feature = "data")]
    home: Option<Home>,
    strictness: Strictness,
    refund_period: Option<Duration>,
    body_timeout: Duration,
}

/// The folder of what outlives the gateway.
#[cfg(feature = "data")]
enum Home {
    /// Keys and certificates.
    Keys(PathBuf),
    /// Those, and all that happens.
    Data(PathBuf),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            app_id: None,
            seller_id: None,
            sign_type: SignType::default(),
            app_key: AppKey::Shared,
            alipay_key: AlipayKey::Shared,
            mode: Mode::PublicKeys,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allowed_hosts: Vec::new(),
            public_url: None,
            clock: Box::new(SystemClock),
            starts_at: None,
            schedule: DOCUMENTED_SCHEDULE.to_vec(),
            balance: Money::yuan(1_000_000),
            lifetimes: None,
            app_gateway_url: None,
            notifications_name_certificate: true,
            aes_key: None,
            encrypts_messages: false,
            specs: Vec::new(),
            answers: None,
            #[cfg(feature = "data")]
            home: None,
            strictness: Strictness::default(),
            refund_period: None,
            body_timeout: BODY_TIMEOUT,
        }
    }
}

impl Builder {
    /// The one app that may call.
    #[must_use]
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// The user number of the merchant whose app it is.
    #[must_use]
    pub fn seller_id(mut self, seller_id: impl Into<String>) -> Self {
        self.seller_id = Some(seller_id.into());
        self
    }

    /// What the app is set up with: the keys of both sides, and in certificate mode the certificates, are made for it. By default RSA2; an app with keys
    /// of RSA may use `RSA` too. Keys that are given have to be for it.
    #[must_use]
    pub fn sign_type(mut self, sign_type: SignType) -> Self {
        self.sign_type = sign_type;
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
        self.alipay_key = AlipayKey::Pair(pair);
        self
    }

    /// New keys for both sides, which no other gateway of this process has. They are generated when it is started.
    #[must_use]
    pub fn fresh_keys(mut self) -> Self {
        self.app_key = AppKey::Fresh;
        self.alipay_key = AlipayKey::Fresh;
        self
    }

    /// Certificate mode, with certificates of a throw-away authority: [`Mock::app_cert`](crate::Mock::app_cert),
    /// [`Mock::alipay_cert`](crate::Mock::alipay_cert) and [`Mock::root_cert`](crate::Mock::root_cert) give their texts.
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

    /// The address by which browsers and phones reach the gateway: codes to scan begin with it. By default `http://` and the address that the gateway
    /// listens on; where that is all addresses, the loopback address.
    ///
    /// # Errors
    /// If it is not an `http` or `https` URL of a host alone, such as `http://192.168.0.2:8089`: a path, a query or a fragment is refused.
    pub fn public_url(mut self, url: impl Into<String>) -> Result<Self, BadPublicUrl> {
        self.public_url = Some(public_url::parse(&url.into())?);
        Ok(self)
    }

    /// The clock. By default, the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// What time it is when the gateway starts: its clock runs on from there, until it is [moved](crate::Mock::advance_clock). By default, what the
    /// [clock](Self::clock) says, moved as far as it was when a gateway on the same data ended.
    #[must_use]
    pub fn starts_at(mut self, time: SystemTime) -> Self {
        self.starts_at = Some(time);
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

    /// The app's AES key (接口内容加密方式): calls may be encrypted with it, and their answers then are. Without one, encrypted calls are refused.
    #[must_use]
    pub fn aes_key(mut self, key: AesKey) -> Self {
        self.aes_key = Some(key);
        self
    }

    /// Encrypts the `biz_content` of messages to the app's address with the [AES key](Self::aes_key).
    #[must_use]
    pub fn encrypted_messages(mut self) -> Self {
        self.encrypts_messages = true;
        self
    }

    /// How long merchants' tokens live. [`lifetimes`](Self::lifetimes) sets the others too.
    #[must_use]
    pub fn app_auth_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.get_or_insert_default().app_auth_token = lifetime;
        self
    }

    /// How long merchants' refresh tokens live.
    #[must_use]
    pub fn app_refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.get_or_insert_default().app_refresh_token = lifetime;
        self
    }

    /// How long a merchant's token remains valid after a refresh has replaced it.
    #[must_use]
    pub fn app_auth_token_grace(mut self, grace: Duration) -> Self {
        self.lifetimes.get_or_insert_default().app_auth_token_grace = grace;
        self
    }

    /// How long all codes and tokens live.
    #[must_use]
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = Some(lifetimes);
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

    /// Orders the answers in the files of this folder: `alipay.trade.query.json` says what
    /// [`Mock::answer`](crate::Mock::answer) would be given for `alipay.trade.query`. Each
    /// method has to have a spec. Files whose name begins with a dot are left alone.
    #[must_use]
    pub fn answers(mut self, folder: impl Into<PathBuf>) -> Self {
        self.answers = Some(folder.into());
        self
    }

    /// Keeps the gateway's data in this folder: what it has answered is still true after its end, also after a sudden one, and it goes on notifying.
    /// The folder is made if it is missing, and nobody else may use it meanwhile. Who stops the gateway waits for
    /// [`Mock::shutdown`](crate::Mock::shutdown).
    ///
    /// * Keys of the app and of Alipay that are not given come from the files of the folder (`app-private-key.pem`, `alipay-public-key.pem` and so on), and
    ///   are made there if they are missing. So are certificates: `app-cert.crt`, `alipay-cert.crt` and `root-cert.crt`.
    /// * The app's id, the merchant's number, the lifetimes and the app's address are those of the last time, unless the builder has others.
    /// * Answers leave when what they tell is stored. A notification is sent when it is stored; a listener may get it twice if the process ends before the
    ///   listener's answer is stored.
    /// * Not kept are open pages, ordered answers, faults and the journal of requests.
    ///
    /// If something can't be stored, every request is answered with the status 500, and [`Mock::storage_failed`](crate::Mock::storage_failed) tells why.
    ///
    /// The database is one of SQLite. What is stored survives the end of the process; the latest changes may not survive that of the machine.
    #[cfg(feature = "data")]
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.home = Some(Home::Data(folder.into()));
        self
    }

    /// Only the keys and certificates of [`data`](Self::data): all else is as new with each start.
    #[cfg(feature = "data")]
    #[must_use]
    pub fn keys(mut self, folder: impl Into<PathBuf>) -> Self {
        self.home = Some(Home::Keys(folder.into()));
        self
    }

    /// How long after its payment a trade can be refunded, by the gateway's [clock](Self::clock): then it is `TRADE_FINISHED`. With no time at all it is so as
    /// soon as it is paid, as for a product without refunds. By default it never ends: Alipay's contracts differ.
    #[must_use]
    pub fn refund_period(mut self, period: Duration) -> Self {
        self.refund_period = Some(period);
        self
    }

    /// How long the body of a request may take to arrive, in real time: one that is not there by then is answered with the status 408, and nothing is
    /// done. By default a minute.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Takes what Alipay refuses by its documentation, but the gateway can do without: other characters in an `out_trade_no` or a `subject`, addresses that
    /// are too long, requests of another time, files of other sizes and names, a bank account without its bank. Notifications have a content type that
    /// every parser takes.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strictness.is_lenient = true;
        self
    }

    /// Refuses V2 requests whose `timestamp` is further from the gateway's [clock](Self::clock) than this. By default there is no such limit: Alipay
    /// documents none. V3's is ten minutes.
    #[must_use]
    pub fn timestamp_window(mut self, window: Duration) -> Self {
        self.strictness.timestamp_window = Some(window);
        self
    }
}
