//! The handle of a running gateway.

mod alipay;
pub(crate) mod builder;
mod clock;
mod complaints;
pub(crate) mod gateway;
mod merchant_call;
pub(crate) mod notification;
pub(crate) mod payer;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use builder::Builder;

use crate::certificates::Certificates;
use crate::control::answers::NextError;
use crate::control::merchants::{Agreement, AppGateway};
use crate::control::users::Consent;
use crate::core::Core;
use crate::keys::{KeyError, KeyPair};
use crate::public_url;
use crate::{
    Answer, AnswerError, AuthorisationView, ControlError, DeadRefreshToken, Fault, Forgery, Ledger, Lifetimes,
    MovementView, Payment, Received, ReceivedFile, StartError, StorageError, TradeView, Visitor,
};

/// How long attempts to notify may still take at the end.
const LAST_ATTEMPTS: Duration = Duration::from_secs(3);

/// A running gateway. Dropping it shuts it down.
pub struct Mock {
    pub(crate) core: Arc<Core>,
    pub(crate) address: SocketAddr,
    pub(crate) app_pair: Option<KeyPair>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) server: JoinHandle<()>,
}

/// Shows no keys.
impl fmt::Debug for Mock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mock")
            .field("address", &self.address)
            .field("app_id", &self.core.app.id)
            .finish_non_exhaustive()
    }
}

impl Mock {
    /// Starts a gateway with all defaults: a free port of `127.0.0.1`, the built-in specs, and keys made once per process.
    ///
    /// # Errors
    /// If it can't be started.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Sets up a gateway that differs from the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, below which V3 has its paths. Where the gateway listens on all addresses, this is the loopback address.
    pub fn base_url(&self) -> String {
        public_url::reachable(self.address)
    }

    /// `http://127.0.0.1:PORT/gateway.do`, which speaks V2.
    pub fn gateway_url(&self) -> String {
        format!("{}/gateway.do", self.base_url())
    }

    /// The app that may call.
    pub fn app_id(&self) -> &str {
        &self.core.app.id
    }

    /// The merchant's user number.
    pub fn seller_id(&self) -> &str {
        &self.core.app.seller_id
    }

    /// The app's key pair, unless the gateway was given the public half only.
    pub fn app_key_pair(&self) -> Option<&KeyPair> {
        self.app_pair.as_ref()
    }

    /// The key pair that Alipay signs with at present, for tests that sign as Alipay themselves.
    pub fn alipay_key_pair(&self) -> KeyPair {
        self.core.signatory().key
    }

    /// The app's private key: PKCS#8 in one line of base64.
    ///
    /// # Panics
    /// If the gateway was given the public half only.
    pub fn app_private_key(&self) -> String {
        encoded(self.app_pair.as_ref().map(KeyPair::to_base64))
    }

    /// The app's private key: PKCS#8 as PEM.
    ///
    /// # Panics
    /// If the gateway was given the public half only.
    pub fn app_private_key_pem(&self) -> String {
        encoded(self.app_pair.as_ref().map(KeyPair::to_pem))
    }

    /// Alipay's public key: SPKI in one line of base64.
    ///
    /// # Panics
    /// Never: a key that was read can be encoded.
    pub fn alipay_public_key(&self) -> String {
        encoded(Some(self.core.signatory().key.public_key().to_base64()))
    }

    /// The text of the app's certificate file (应用公钥证书).
    ///
    /// # Panics
    /// In public-key mode.
    pub fn app_cert(&self) -> String {
        self.core.certificate(Certificates::app_cert)
    }

    /// The text of the file of Alipay's certificate that is in use (支付宝公钥证书); below it stands that of its issuer.
    ///
    /// # Panics
    /// In public-key mode.
    pub fn alipay_cert(&self) -> String {
        self.core.certificate(Certificates::alipay_cert)
    }

    /// The serial number of that certificate, as answers name it.
    ///
    /// # Panics
    /// In public-key mode.
    pub fn alipay_cert_sn(&self) -> String {
        self.core.certificate(Certificates::alipay_cert_sn)
    }

    /// The text of the file of Alipay's root certificates (支付宝根证书): four, of which two are of RSA, one of SM2 and one of ECDSA.
    ///
    /// # Panics
    /// In public-key mode.
    pub fn root_cert(&self) -> String {
        self.core.certificate(Certificates::root_cert)
    }

    /// Changes Alipay's certificate and key for all that it signs from now on, and returns the new serial number. Earlier certificates can still be
    /// downloaded.
    ///
    /// # Errors
    /// In public-key mode, or if the certificates came from files.
    pub fn roll_over_alipay_certificate(&self) -> Result<String, ControlError> {
        self.core.roll_over_alipay_certificate()
    }

    /// Lets an attacker forge Alipay's certificate from now on; `None` ends that.
    ///
    /// # Errors
    /// In public-key mode, or if the certificates came from files.
    pub fn forge_alipay_certificate(&self, forgery: Option<Forgery>) -> Result<(), ControlError> {
        self.core.forge_alipay_certificate(forgery)
    }

    /// The order with this number.
    ///
    /// # Errors
    /// If there is no such order.
    pub fn trade(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.core.trade(out_trade_no)
    }

    /// The buyer scans the code of a precreated order, which creates the trade.
    ///
    /// # Errors
    /// If there is no such order, or its code has expired.
    pub fn scan(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.core.scan(out_trade_no)
    }

    /// The buyer pays.
    ///
    /// # Errors
    /// If there is no such order, or it can't be paid: it is paid, closed, cancelled or expired.
    pub fn pay(&self, out_trade_no: &str) -> Result<Payment, ControlError> {
        self.core.pay(out_trade_no)
    }

    /// Alipay closes an unpaid trade, as it does when the order expires.
    ///
    /// # Errors
    /// If there is no such trade, or it is paid or closed.
    pub fn close(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.core.close(out_trade_no)
    }

    /// Alipay ends a paid trade: it is `TRADE_FINISHED`, can't be refunded any more, and its merchant is notified. Alipay does that when the time for refunds
    /// is over, which depends on the contract: see [`Builder::refund_period`].
    ///
    /// # Errors
    /// If there is no such order, nobody has paid it, or it is closed or finished.
    pub fn finish(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.core.finish(out_trade_no)
    }

    /// All money that moved, with its sums.
    pub fn ledger(&self) -> Ledger {
        self.core.ledger()
    }

    /// All money that moved, in order: what tells whether a payment, a refund or a transfer was made twice, or not at all.
    pub fn movements(&self) -> Vec<MovementView> {
        self.core.movements()
    }

    /// Sets what a method is answered with, in place of what the gateway would do. The answer is signed like any other:
    ///
    /// ```
    /// # use alipay_mock::{Answer, Mock};
    /// # use serde_json::{Value, json};
    /// # async fn example(mock: &Mock) -> Result<(), alipay_mock::AnswerError> {
    /// // All calls from now on:
    /// mock.answer("alipay.trade.query", json!({ "trade_status": "TRADE_FINISHED" }))?;
    /// // The next call only, before those:
    /// mock.answer("alipay.trade.query", Answer::error("20000", "isp.unknow-error").once())?;
    /// // What a closure makes of the request's fields:
    /// mock.answer("alipay.trade.query", |request: &Value| json!({ "trade_no": request["out_trade_no"] }))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls pass the same checks as ever: the signature, and the request against the spec, where the answer is no error. A field that the method's
    /// spec does not know, or a value of another type, is refused here; a field that every success has and that is left out is added: it repeats the
    /// request, or is the spec's example. [`Answer::exactly`] turns both off. A method without a spec may be answered too, with any fields.
    ///
    /// Use [`Answer::of`] for closures that don't name the type of what they take, or to add [`Answer::once`] and the like.
    ///
    /// # Errors
    /// If the answer is no JSON object, does not keep to the method's spec, or is the success of a method that a browser opens. What a closure gives is
    /// looked at with each call: see [`wrong_answers`](Self::wrong_answers).
    pub fn answer(&self, method: &str, answer: impl Into<Answer>) -> Result<(), AnswerError> {
        self.core.order(method, answer.into())
    }

    /// Answers the next call of this method with a signed error: [`answer`](Self::answer) with an [`Answer::error`] that is [`once`](Answer::once),
    /// and [`executed`](Answer::executed) if the call is to be carried out all the same: its outcome is unknown to the caller.
    pub fn answer_next(&self, method: &str, code: &str, sub_code: &str, executed: bool) {
        self.core.order_error(&NextError {
            method: method.to_owned(),
            code: code.to_owned(),
            sub_code: sub_code.to_owned(),
            executed,
        });
    }

    /// What closures gave that could not be sent: it did not keep to the spec of its method, or the closure panicked. The caller got the error
    /// `mock.wrong-answer` in its place. Each is told once.
    ///
    /// A test that expects an error might take this one for it. So a gateway panics when it is dropped while there are some that were not told.
    pub fn wrong_answers(&self) -> Vec<AnswerError> {
        self.core.answers.take_wrong()
    }

    /// Answers this method as the gateway does by itself: drops the answers that were ordered for it.
    pub fn forget_answers(&self, method: &str) {
        self.core.answers.forget(method);
    }

    /// Applies a fault to the next answer of any method. Several faults are applied in order, one to each answer.
    pub fn fault_next(&self, fault: Fault) {
        self.core.faults.push(None, fault);
    }

    /// Applies a fault to the next answer of this method. Several faults are applied in order, one to each answer.
    pub fn fault_next_of(&self, method: &str, fault: Fault) {
        self.core.faults.push(Some(method), fault);
    }

    /// How many requests the gateway has received.
    pub fn requests(&self) -> u64 {
        self.core.journal.count()
    }

    /// The parameters of the latest request of this method, if it is among the last 1,000 requests, and the
    /// last 32 MiB of them.
    pub fn last_request(&self, method: &str) -> Option<Received> {
        self.core.journal.last(method)
    }

    /// The files of the latest request of this method that had some, by field, if it is among the last four such requests of all methods.
    pub fn last_files(&self, method: &str) -> Option<Vec<(String, ReceivedFile)>> {
        self.core.journal.last_files(method)
    }

    /// How many requests of this method the gateway has received.
    pub fn requests_of(&self, method: &str) -> u64 {
        self.core.journal.by_method().get(method).copied().unwrap_or_default()
    }

    /// How many requests of this method were answered by its spec alone, because the gateway does not play the method: nothing was done.
    pub fn not_played_of(&self, method: &str) -> u64 {
        let not_played = self.core.journal.by_method_not_played();
        not_played.get(method).copied().unwrap_or_default()
    }

    /// How many requests the gateway has refused with this `sub_code`.
    pub fn refusals_with(&self, sub_code: &str) -> u64 {
        self.core.journal.refusals().get(sub_code).copied().unwrap_or_default()
    }

    /// A merchant authorises the app: returns the `app_auth_code`. What is not given is generated.
    ///
    /// The merchant's tokens exist from now on and replace those of an earlier authorisation. A message goes to the app's gateway URL, if it has one.
    pub fn authorise(&self, auth_app_id: Option<&str>, user_id: Option<&str>) -> String {
        self.core.authorise(Agreement {
            auth_app_id: auth_app_id.map(str::to_owned),
            user_id: user_id.map(str::to_owned),
        })
    }

    /// A merchant cancels its authorisation: all its tokens end at once. A message goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If no such merchant has authorised the app, or it has cancelled already.
    pub fn cancel_authorisation(&self, auth_app_id: &str) -> Result<AuthorisationView, ControlError> {
        self.core.cancel_authorisation(auth_app_id)
    }

    /// The authorisation of a merchant.
    ///
    /// # Errors
    /// If no such merchant has authorised the app.
    pub fn authorisation(&self, auth_app_id: &str) -> Result<AuthorisationView, ControlError> {
        self.core.authorisation(auth_app_id)
    }

    /// The refresh tokens of merchants that were used after they had ended, in order of use. A token that was used twice is there twice.
    pub fn dead_refresh_tokens(&self) -> Vec<DeadRefreshToken> {
        self.core.dead_refresh_tokens()
    }

    /// Sets where messages about merchants are sent from now on; `None`: nowhere.
    ///
    /// # Errors
    /// If the text is not an absolute `http` or `https` URL.
    pub fn set_app_gateway_url(&self, url: Option<&str>) -> Result<(), ControlError> {
        let url = url.map(str::to_owned);
        self.core.set_app_gateway(AppGateway { url })
    }

    /// How long codes and tokens live.
    pub fn lifetimes(&self) -> Lifetimes {
        self.core.lifetimes()
    }

    /// Sets how long codes and tokens live that are issued from now on.
    pub fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.core.set_lifetimes(lifetimes);
    }

    /// A user agrees to this scope, such as `auth_user`: returns the `auth_code`. Without `user_id`, the user is the [visitor](Self::set_visitor).
    pub fn authorise_user(&self, user_id: Option<&str>, scope: &str) -> String {
        self.core.authorise_user(Consent {
            user_id: user_id.map(str::to_owned),
            open_id: None,
            scope: Some(scope.to_owned()),
        })
    }

    /// Sets what `alipay.user.info.share` returns for a user from now on: fields of its response.
    pub fn set_profile(&self, user_id: &str, profile: Map<String, Value>) {
        self.core.set_profile(user_id, profile);
    }

    /// Sets whose browser it is from now on: who is asked to log in, to sign and to authorise the app. With [`Visitor::agrees`], the pages below
    /// `/oauth2/` send the browser back at once.
    pub fn set_visitor(&self, visitor: Visitor) {
        self.core.set_visitor(visitor);
    }

    /// Sets the invoices that a user has chosen, by their token. Each is a JSON object of the type `InvoiceElementModel`.
    pub fn register_invoices(&self, token: &str, invoices: Vec<Value>) {
        self.core.register_invoices(token, invoices);
    }

    /// Waits until this finds something, and gives that. It is asked at once, and again after each request, payment and attempt to deliver a notification:
    /// so a test waits for what it waits for, and for no time.
    ///
    /// ```
    /// # use alipay_mock::Mock;
    /// # async fn example(mock: &Mock) {
    /// let refund = mock.until(|mock| mock.trade("20161112").ok()?.refunds.pop()).await;
    /// assert_eq!(refund.amount, "0.01");
    /// # }
    /// ```
    ///
    /// It waits for ever where nothing is found. Orders and pre-authorisations that expire meanwhile are noticed.
    pub async fn until<T>(&self, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        self.core.news.until(|| find(self)).await
    }

    /// Waits until every notification has been delivered or given up.
    pub async fn notifications_settled(&self) {
        self.core.deliveries.settled().await;
    }

    /// Shuts the gateway down gracefully, and waits until the calls in progress are answered. With a [data directory](Builder::data), attempts to notify
    /// that are in progress get three seconds, so that what comes of them is stored; after this, the directory is free.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.release_slow_buyers();
        // This fails only if the server panicked, which ends it too.
        let _ = (&mut self.server).await;
        let deliveries = &self.core.deliveries;
        if deliveries.store().is_kept() {
            // What has no answer by then is attempted again after the next start.
            let _ = tokio::time::timeout(LAST_ATTEMPTS, deliveries.settled()).await;
            deliveries.store().close();
            deliveries.store().closed().await;
        }
    }

    /// Waits until something can't be stored in the [data directory](Builder::data), if that ever happens: from then on, every request is answered with
    /// the status 500.
    pub async fn storage_failed(&self) -> StorageError {
        self.core.deliveries.store().failed().await
    }
}

/// # Panics
/// If there are [wrong answers](Mock::wrong_answers) that nobody was told of.
impl Drop for Mock {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.core.deliveries.store().close();
        let wrong = self.wrong_answers();
        if !wrong.is_empty() && !std::thread::panicking() {
            let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
            panic!(
                "the gateway was given answers that it could not send: {}",
                wrong.join("; ")
            );
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "documented: the caller asks for a key that the gateway was never given"
)]
fn encoded(key: Option<Result<String, KeyError>>) -> String {
    key.expect("the gateway was given the app's public key only")
        .expect("a key that was read can be written")
}
