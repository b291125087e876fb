use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "reqwest")]
use super::address::is_https;
use super::{
    Client, ContentEncryption, Inner,
    address::{Address, is_gateway, is_protected},
    caller::CallerIdentity,
    keys::KeysInUse,
};
#[cfg(feature = "encryption")]
use crate::encryption::EncryptionKey;
use crate::{
    Error, ErrorKind,
    clock::{Clock, SystemClock},
    credentials::Credentials,
    encryption::GIVE_KEY,
    exchange::Session,
    protocol::{self, Protocol, WireProtocol},
    random::{RandomSource, SystemRandom},
    retry::{Backoff, MaxAttempts, Retries, RetryBudget, RetryPolicy},
    transport::Transport,
};
#[cfg(feature = "reqwest")]
use crate::{
    transport::{ReqwestTransport, ReqwestTransportBuilder},
    types::Secret,
};

const PRODUCTION: &str = "https://openapi.alipay.com/gateway.do";
const SANDBOX: &str = "https://openapi-sandbox.dl.alipaydev.com/gateway.do";
const PRODUCTION_PAGES: &str = "https://openauth.alipay.com/oauth2";
const SANDBOX_PAGES: &str = "https://openauth-sandbox.dl.alipaydev.com/oauth2";

/// Builds a [`Client`]: from [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    app_id: String,
    credentials: Credentials,
    protocol: &'static dyn WireProtocol,
    gateway: String,
    authorisation_pages: Option<String>,
    transport: Option<Arc<dyn Transport>>,
    /// Makes the default transport.
    #[cfg(feature = "reqwest")]
    default_transport: ReqwestTransportBuilder,
    clock: Arc<dyn Clock>,
    attempt_timeout: Duration,
    total_timeout: Duration,
    retries: Retries,
    random: Arc<dyn RandomSource>,
    encryption: ContentEncryption,
}

impl ClientBuilder {
    pub(super) fn new(app_id: String, credentials: Credentials) -> Self {
        Self {
            app_id,
            credentials,
            protocol: protocol::DEFAULT,
            gateway: PRODUCTION.to_owned(),
            authorisation_pages: None,
            transport: None,
            #[cfg(feature = "reqwest")]
            default_transport: ReqwestTransport::builder(),
            clock: Arc::new(SystemClock),
            attempt_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(45),
            retries: Retries::default(),
            random: Arc::new(SystemRandom),
            encryption: ContentEncryption::default(),
        }
    }

    /// Alipay's sandbox instead of production. It has app ids and keys of its own.
    pub fn sandbox(self) -> Self {
        self.gateway(SANDBOX)
    }

    /// Another gateway: an absolute `http` or `https` URL without a query, such as the embedded gateway's.
    ///
    /// Credentials (`https://user:password@…`) are refused: the protocol has none, and the address stands in every page's URL and form.
    pub fn gateway(mut self, url: impl Into<String>) -> Self {
        self.gateway = url.into();
        self
    }

    /// Where Alipay's [authorisation pages](crate::oauth) are, without a slash at the end: needed only with a gateway that is neither
    /// Alipay's own nor the embedded one, such as a proxy in front of Alipay's. Otherwise it follows from the gateway.
    pub fn authorisation_pages(mut self, url: impl Into<String>) -> Self {
        self.authorisation_pages = Some(url.into());
        self
    }

    /// How long connecting may take; 5 seconds by default. A [transport](Self::transport) of your own has its own limit.
    ///
    /// Needs the feature `reqwest`, a default one.
    #[cfg(feature = "reqwest")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.default_transport = self.default_transport.connect_timeout(timeout);
        self
    }

    /// The proxy for all calls, in place of those that the environment names; `NO_PROXY` is not looked at either.
    ///
    /// Its URL is of `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`, with a user and a password if it wants them:
    /// `http://user:password@proxy.example:3128`. [`ReqwestTransportBuilder::proxy`] has the details. Neither `Debug` nor an error shows it.
    /// [`build`](Self::build) refuses what is no such URL, and a proxy beside a [transport](Self::transport) of your own, which has its own
    /// proxies.
    ///
    /// Needs the feature `reqwest`, a default one.
    #[cfg(feature = "reqwest")]
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.default_transport = self.default_transport.proxy(url);
        self
    }

    /// How long one attempt may take, from connecting to the last byte; 20 seconds by default. A call with a longer
    /// [timeout](crate::Call::timeout) of its own has that for each attempt.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a call may take with all its attempts; 45 seconds by default.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = timeout;
        self
    }

    /// How many times a call is sent at most. The default is 3; with 1, nothing is retried. It takes the place of the
    /// [`retry_policy`](Self::retry_policy).
    ///
    /// The library retries a call only if that can't do anything twice: the module [`retry`](crate::retry) says when that is.
    ///
    /// One retry is not counted: if the gateway refuses a managed merchant's token (feature `isv`), the call is sent once more with the new
    /// token. A call that may do something twice is retried in this way only if the gateway's address is `https` or on this machine:
    /// elsewhere an attacker could replay an old refusal.
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.retry_policy(MaxAttempts(attempts))
    }

    /// After which failures a call is sent again, and how often, of those that the library [may](crate::retry) send again at all; three
    /// attempts by default. It takes the place of [`max_attempts`](Self::max_attempts).
    pub fn retry_policy(mut self, policy: impl RetryPolicy + 'static) -> Self {
        self.retries.policy = Arc::new(policy);
        self
    }

    /// How long the library waits before it sends a call again; a random time by default, whose limit doubles
    /// ([`ExponentialBackoff`](crate::retry::ExponentialBackoff)).
    pub fn backoff(mut self, backoff: impl Backoff + 'static) -> Self {
        self.retries.backoff = Arc::new(backoff);
        self
    }

    /// How many retries all calls of the client, its clones and handles may make together; by default 20 % of the calls of the last ten seconds,
    /// or ten retries if that is more. For several clients to share one, give each a clone of an `Arc` of it.
    pub fn retry_budget(mut self, budget: impl Into<Arc<RetryBudget>>) -> Self {
        self.retries.budget = budget.into();
        self
    }

    /// Where the client's random numbers come from, those of its `Isv` included; the operating system by default. A test that is to run the
    /// same way again gives a [`SeededRandom`](crate::random::SeededRandom).
    pub fn random_source(mut self, source: impl RandomSource + 'static) -> Self {
        self.random = Arc::new(source);
        self
    }

    /// The app's AES key, for calls that are [encrypted](crate::Call::encrypted), for encrypted notifications, and for the
    /// [payloads](Client::decrypt_payload) of mini programs.
    ///
    /// Needs the feature `encryption`.
    #[cfg(feature = "encryption")]
    pub fn encryption_key(mut self, key: EncryptionKey) -> Self {
        self.encryption.key = Some(key);
        self
    }

    /// Whether all calls are encrypted that don't [say](crate::Call::encrypted) otherwise; by default none is. It needs an
    /// [`encryption_key`](Self::encryption_key).
    ///
    /// What Alipay can't encrypt goes out plain: uploads, and requests that have parameters alone, such as the exchange of a login's code.
    /// So do pages and order strings.
    ///
    /// Needs the feature `encryption`.
    #[cfg(feature = "encryption")]
    pub fn encrypt_calls(mut self, all: bool) -> Self {
        self.encryption.encrypts_calls = all;
        self
    }

    /// A transport of your own in place of the default one, `ReqwestTransport` of the feature `reqwest`. Without that feature, a client
    /// must be given one.
    ///
    /// For several clients to share it, give each a clone of an `Arc` of it.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The protocol of typed server calls: V2, unless it is set. The gateway's address stays [V2's](Self::gateway): V3 is beside it.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol.wire();
        self
    }

    /// A protocol that Alipay does not have.
    #[cfg(test)]
    pub(crate) fn wire_protocol(mut self, protocol: &'static dyn WireProtocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// A clock of your own instead of the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the client. It connects when it first calls.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration): the app id is empty or contains blanks; the [gateway](Self::gateway) is not an absolute
    /// `http` or `https` URL without credentials and query; a certificate has expired or is not valid yet; the [proxy](Self::proxy) is not a
    /// proxy URL; calls are to be encrypted without a key; there is no [transport](Self::transport); or the default transport can't be
    /// [built](ReqwestTransportBuilder::build), for example because the machine has no root certificates.
    pub fn build(self) -> Result<Client, Error> {
        let invalid = |message: String| Error::new(ErrorKind::Configuration, message);
        if self.app_id.is_empty() || self.app_id.contains(char::is_whitespace) {
            return Err(invalid(
                "the app id is empty or has blanks: it is the number that the open platform shows".to_owned(),
            ));
        }
        if !is_gateway(&self.gateway) {
            return Err(invalid(format!(
                "the gateway `{}` is not an absolute http or https URL without credentials and query, such as {PRODUCTION}",
                Address(&self.gateway)
            )));
        }
        let pages = self.authorisation_pages.unwrap_or_else(|| pages_of(&self.gateway));
        if !is_gateway(&pages) {
            return Err(invalid(format!(
                "the address of the authorisation pages `{}` is not an absolute http or https URL without credentials and query, \
                 such as {PRODUCTION_PAGES}",
                Address(&pages)
            )));
        }
        if !is_protected(&self.gateway) {
            tracing::warn!(
                gateway = self.gateway,
                "the gateway is reached over http: everyone on the way can read what is called and repeat old answers; use https"
            );
        }
        if self.encryption.encrypts_calls && self.encryption.key.is_none() {
            return Err(invalid(format!(
                "all calls are to be encrypted, and the client has no AES key: {GIVE_KEY}"
            )));
        }
        self.credentials.check(self.clock.now())?;
        #[cfg(feature = "reqwest")]
        let transport = match self.transport {
            Some(_) if self.default_transport.has_proxy() => {
                return Err(invalid(
                    "a proxy is set beside a transport: set it where the transport is built, such as by ReqwestTransport::builder()".to_owned(),
                ));
            }
            Some(transport) => transport,
            None => Arc::new(self.default_transport.build_for(is_https(&self.gateway))?),
        };
        #[cfg(not(feature = "reqwest"))]
        let transport = self.transport.ok_or_else(|| {
            invalid(
                "the client has no transport: set one by ClientBuilder::transport, or turn on the feature `reqwest` of alipay-api".to_owned(),
            )
        })?;
        Ok(Client {
            inner: Arc::new(Inner {
                keys: KeysInUse::new(self.credentials),
                encryption: self.encryption,
                session: Session {
                    app_id: self.app_id,
                    protocol: self.protocol,
                    is_protected: is_protected(&self.gateway),
                    gateway: self.gateway,
                    transport,
                    clock: self.clock,
                    retries: self.retries,
                    random: self.random,
                },
                authorisation_pages: pages,
                attempt_timeout: self.attempt_timeout,
                total_timeout: self.total_timeout,
            }),
            caller: CallerIdentity::App,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("app_id", &self.app_id)
            .field("gateway", &format_args!("{:?}", Address(&self.gateway).to_string()))
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// The authorisation pages that go with a gateway.
fn pages_of(gateway: &str) -> String {
    match gateway {
        PRODUCTION => PRODUCTION_PAGES.to_owned(),
        SANDBOX => SANDBOX_PAGES.to_owned(),
        // The embedded gateway has them beside itself.
        other => match other.rsplit_once('/') {
            Some((beside, _)) => format!("{beside}/oauth2"),
            None => other.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tracing::{
        Event, Level, Metadata, Subscriber,
        span::{Attributes, Id, Record},
        subscriber::with_default,
    };

    use alipay_mock::keys::KeyPair;

    use crate::{Client, Credentials};

    /// Counts warnings.
    #[derive(Clone, Default)]
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::WARN
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_gateway_over_http_is_warned_of_once_for_each_client() {
        let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let alipay = alipay.public_key().to_base64().unwrap();
        let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay).unwrap();
        for (gateway, warnings) in [
            ("http://gateway.example/gateway.do", 1),
            ("http://127.0.0.1:8089/gateway.do", 0),
            ("https://gateway.example/gateway.do", 0),
        ] {
            let counter = Warnings::default();
            with_default(counter.clone(), || {
                let client = Client::builder("2021000000000001", credentials.clone()).gateway(gateway);
                let client = client.build().unwrap();
                let _merchant = client.on_behalf_of("token");
            });
            assert_eq!(counter.0.load(Ordering::SeqCst), warnings, "{gateway}");
        }
    }
}

#[cfg(all(test, not(feature = "reqwest")))]
mod without_reqwest {
    use std::future::ready;

    use alipay_mock::keys::KeyPair;

    use crate::{
        Client, Credentials, ErrorKind,
        transport::{BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind},
    };

    #[derive(Debug)]
    struct Nowhere;

    impl Transport for Nowhere {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            Box::pin(ready(Err(TransportError::new(TransportErrorKind::Unusable))))
        }
    }

    #[test]
    fn a_client_must_be_given_a_transport() {
        let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let alipay = alipay.public_key().to_base64().unwrap();
        let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay).unwrap();
        let builder = || Client::builder("2021000000000001", credentials.clone());
        let error = builder().build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            "the client has no transport: set one by ClientBuilder::transport, or turn on the feature `reqwest` of alipay-api"
        );
        builder().transport(Nowhere).build().unwrap();
    }
}
