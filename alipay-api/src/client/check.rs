//! Whether a client is set up right.

use std::fmt;

use super::Client;
use crate::{
    Error, ErrorClass, ErrorKind, RawResponse,
    error::class_of,
    exchange::Late,
    generated::gateway::{GatewayCode, GatewayErrorCode as Code},
    random,
    sign::BadSignature,
    types::DateTime,
};

/// It changes nothing, every payment app may call it, and the gateway signs that it knows no such order.
const METHOD: &str = "alipay.trade.query";

/// What the gateway says of an order that nobody has made.
const NO_SUCH_ORDER: &str = "ACQ.TRADE_NOT_EXIST";

impl Client {
    /// Makes one harmless call, and says whether app id, keys, certificates and sign type are right, or which of them is wrong and what to do:
    /// for the start of a program, and for credentials that are to be [exchanged](Self::set_credentials).
    ///
    /// It asks for an order with a random number, which changes nothing. Both directions are proven: the gateway took the app's signature,
    /// and its answer, also where that is a refusal, carries a signature that the client's credentials verify. So a missing permission is no
    /// error: [`Checked::refusal`] has it. A handle for a merchant checks the merchant's token too.
    ///
    /// What is not checked: whether the app may call the methods that you need, and whether notifications reach you. Of two public keys of
    /// Alipay's ([`with_next_alipay_key`](crate::Credentials::with_next_alipay_key)), the answer proves one.
    ///
    /// ```no_run
    /// # async fn show(client: alipay_api::Client) {
    /// match client.check().await {
    ///     Ok(checked) => println!("{checked}"),
    ///     // What is wrong, what to do, and what the call said.
    ///     Err(error) => eprintln!("{error}"),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckError::kind`] says what is wrong. The call is sent again after what may pass, as every call that only reads.
    pub async fn check(&self) -> Result<Checked, CheckError> {
        let answer = match random::name(self.random()) {
            Ok(number) => {
                let business = serde_json::json!({ "out_trade_no": format!("check{number}") });
                self.call_raw(METHOD, business).reads().await
            }
            Err(error) => Err(error),
        };
        let has_certificates = self.fetches_certificates();
        judge(answer, has_certificates).map_err(|(kind, error)| CheckError {
            kind,
            what: self.explain(kind, &error),
            error,
        })
    }

    /// What is wrong, and what to do about it.
    fn explain(&self, kind: CheckErrorKind, error: &Error) -> String {
        let (app_id, gateway) = (self.app_id(), self.gateway());
        let elsewhere =
            format!("sandbox and production have app ids and keys of their own, and this client calls {gateway}");
        match kind {
            CheckErrorKind::AppId => format!(
                "the gateway does not know the app {app_id}: check the app id, and whether the app is of this environment; {elsewhere}"
            ),
            CheckErrorKind::AppKey => format!(
                "the gateway refuses the signature of the app {app_id}: upload the public key (应用公钥) that belongs to the client's private \
                 key, or give the private key of the one that is on file; if the gateway names a parameter that differs, something on \
                 the way changes requests; {elsewhere}"
            ),
            CheckErrorKind::SignType => format!(
                "the app {app_id} does not use the sign type {}: set the app's sign type with Credentials::with_sign_type",
                self.sign_type()
            ),
            CheckErrorKind::AlipayKey => format!(
                "the gateway accepted the app's signature, but its answer is not signed with the Alipay public key that the client has: copy \
                 支付宝公钥 (Alipay's public key) of the app {app_id} from the open platform again; {elsewhere}"
            ),
            CheckErrorKind::Mode if self.fetches_certificates() => format!(
                "the client works in certificate mode, but the app {app_id} in public-key mode: use Credentials::public_key"
            ),
            CheckErrorKind::Mode => format!(
                "the client works in public-key mode, but the app {app_id} in certificate mode: use Credentials::certificates"
            ),
            CheckErrorKind::Certificates => format!(
                "a certificate does not fit: download the app's, Alipay's and the root certificates of the app {app_id} again; if the app has \
                 none, it is in public-key mode: use Credentials::public_key; {elsewhere}"
            ),
            CheckErrorKind::Unsigned => {
                "the gateway's answer carries no signature: something on the way answers in its place or takes the \
                 signature away, and nothing is known of Alipay's key"
                    .to_owned()
            }
            CheckErrorKind::Clock => {
                let now = DateTime::try_from(self.now());
                let now = now.map_or_else(|error| error.to_string(), |now| now.to_string());
                format!(
                    "the gateway refuses the time of the request: this machine's clock says {now} in Beijing time; set it right"
                )
            }
            CheckErrorKind::NotOnline => format!(
                "the app {app_id} is not online yet: its keys may be right, but it can't be called; have it reviewed on the open platform"
            ),
            CheckErrorKind::MerchantToken => match error.kind() {
                ErrorKind::TokenStore if error.is_retryable() => {
                    "the token store can't be reached or read: check the store, then check again"
                }
                ErrorKind::TokenStore => {
                    "the token store or its row of this merchant is wrong: correct the store as the error says"
                }
                ErrorKind::Timeout => "the merchant's token did not come in time: check the token store, then check again",
                ErrorKind::TokenRefresh => {
                    "the merchant's token could not be refreshed: check again later, or correct what the error names"
                }
                _ => "the merchant's app_auth_token is invalid or has expired: ask the merchant to authorise the app again",
            }
            .to_owned(),
            CheckErrorKind::Gateway => format!(
                "what answers is not Alipay's gateway: check the address {gateway}, and proxies and firewalls on the way"
            ),
            CheckErrorKind::Network => {
                format!("the gateway {gateway} does not answer: check the network, its DNS, the proxy and the firewall")
            }
            CheckErrorKind::Unavailable => "the gateway is unavailable or limits the number of calls: check again later".to_owned(),
            CheckErrorKind::Signer => "the client's signer made no signature: check the key or the key management service".to_owned(),
            CheckErrorKind::Other if error.kind() == ErrorKind::Configuration => {
                "the client could not make the call: correct the configuration that the error names".to_owned()
            }
            CheckErrorKind::Other => "the check could not decide whether the client is set up right".to_owned(),
        }
    }
}

/// What an answer, or none, says of the client.
fn judge(answer: Result<RawResponse, Error>, has_certificates: bool) -> Result<Checked, (CheckErrorKind, Error)> {
    let error = match answer {
        Ok(_) => return Ok(Checked { refusal: None }),
        Err(error) if error.is_verified() && error.sub_code() == Some(NO_SUCH_ORDER) => {
            return Ok(Checked { refusal: None });
        }
        Err(error) => error,
    };
    let kind = match error.kind() {
        ErrorKind::Gateway => match refusal(&error, has_certificates) {
            Some(kind) => kind,
            None if error.is_verified() => return Ok(Checked { refusal: Some(error) }),
            None => CheckErrorKind::Unsigned,
        },
        ErrorKind::Verification => {
            let is_wrong = error.cause().and_then(|cause| cause.downcast_ref()) == Some(&BadSignature);
            // Nobody has verified which mode the answer is of, but that is the reason that can be mended.
            match (names_certificate(&error), has_certificates) {
                (names, has) if is_wrong && names != has => CheckErrorKind::Mode,
                // Its signature is wrong, or the certificate that it names is refused.
                (true, true) => CheckErrorKind::Certificates,
                _ if is_wrong => CheckErrorKind::AlipayKey,
                _ => CheckErrorKind::Unsigned,
            }
        }
        ErrorKind::UnknownCertificate => CheckErrorKind::Certificates,
        // What the call waited for may have been another than the gateway.
        ErrorKind::Timeout => match error.cause().and_then(|cause| cause.downcast_ref()) {
            Some(Late::Signature) => CheckErrorKind::Signer,
            Some(Late::Token) => CheckErrorKind::MerchantToken,
            None => CheckErrorKind::Network,
        },
        ErrorKind::Transport => CheckErrorKind::Network,
        ErrorKind::Malformed => CheckErrorKind::Gateway,
        ErrorKind::Signing => CheckErrorKind::Signer,
        ErrorKind::Authorisation
        | ErrorKind::AuthorisationCancelled
        | ErrorKind::AuthorisationLost
        | ErrorKind::AuthorisationSuperseded
        | ErrorKind::TokenRefresh
        | ErrorKind::TokenStore => CheckErrorKind::MerchantToken,
        ErrorKind::Configuration | ErrorKind::Request | ErrorKind::Decode | ErrorKind::Mismatch | ErrorKind::Paging => {
            CheckErrorKind::Other
        }
    };
    Err((kind, error))
}

/// What a refusal says against the client; `None` where it says nothing against it.
fn refusal(error: &Error, has_certificates: bool) -> Option<CheckErrorKind> {
    let class = class_of::<GatewayCode>(error.code().unwrap_or_default());
    Some(match error.sub_code_as::<Code>() {
        Some(Code::IsvInvalidAppId | Code::IsvMissingAppId) => CheckErrorKind::AppId,
        Some(
            Code::IsvInvalidSignature
            | Code::IsvMissingSignature
            | Code::IsvMissingSignatureKey
            | Code::IsvMissingSignatureConfig,
        ) => CheckErrorKind::AppKey,
        Some(Code::IsvInvalidSignatureType | Code::IsvMissingSignatureType) => CheckErrorKind::SignType,
        Some(Code::IsvMissingAppCertSn | Code::IsvMissingAlipayRootCertSn) if !has_certificates => CheckErrorKind::Mode,
        Some(Code::IsvAppCertNotExist) if has_certificates && error.is_verified() && !names_certificate(error) => {
            CheckErrorKind::Mode
        }
        Some(
            Code::IsvMissingAppCertSn
            | Code::IsvMissingAlipayRootCertSn
            | Code::IsvAppCertNotExist
            | Code::IsvAppCertExpired
            | Code::AppCertExpired
            | Code::IsvAlipayCertNotExist
            | Code::IsvInvalidAlipayRootCertSn,
        ) => CheckErrorKind::Certificates,
        Some(Code::IsvInvalidTimestamp | Code::IsvMissingTimestamp) => CheckErrorKind::Clock,
        Some(Code::IsvNotOnlineApp | Code::NotOnlineApp) => CheckErrorKind::NotOnline,
        Some(
            Code::AopInvalidAppAuthToken
            | Code::AopAppAuthTokenTimeOut
            | Code::IsvInvalidAuthRelations
            | Code::InvalidAuthRelations,
        ) => CheckErrorKind::MerchantToken,
        Some(Code::IsvAppCallLimited | Code::IsvMethodCallLimited) => CheckErrorKind::Unavailable,
        _ if class == Some(ErrorClass::Retry) || error.code() == Some("20000") => CheckErrorKind::Unavailable,
        _ => return None,
    })
}

/// Whether an answer names a certificate of Alipay's, as in certificate mode.
fn names_certificate(error: &Error) -> bool {
    const NAME: &[u8] = b"\"alipay_cert_sn\"";
    let body = error.raw_body().unwrap_or_default();
    body.windows(NAME.len()).any(|window| window == NAME)
}

/// The client is set up right: from [`Client::check`]. Its `Display` says so, and what the gateway has against the call that was made.
#[derive(Clone, Debug)]
pub struct Checked {
    refusal: Option<Error>,
}

impl Checked {
    /// What the gateway has, signed, against the harmless call itself, such as `isv.insufficient-isv-permissions` for an app without a
    /// payment product. Keys and app id are right all the same.
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("app id and keys are right")?;
        match &self.refusal {
            None => Ok(()),
            Some(error) => write!(
                formatter,
                "; the gateway refuses the call that was made to find out, which matters only if you need that method: {error}"
            ),
        }
    }
}

/// The client is not set up right, or the check could not decide it: from [`Client::check`].
///
/// `Display` is one line: what is wrong, what to do, and the call's error. So there is no [`source`](std::error::Error::source);
/// [`error`](Self::error) has the call's error, for programs. It converts into an [`Error`].
#[derive(Clone, Debug)]
pub struct CheckError {
    kind: CheckErrorKind,
    what: String,
    error: Error,
}

/// What is wrong with a client: from [`CheckError::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckErrorKind {
    /// The gateway knows no app with this id: the id is wrong, or the app is one of the sandbox and the gateway production's, or the other
    /// way round (`isv.invalid-app-id`).
    AppId,
    /// The gateway refuses the app's signature: no public key of the app is on file, or another than the private key's
    /// (`isv.invalid-signature`). The gateway does not sign this.
    AppKey,
    /// The app is not set up for the client's sign type (`isv.invalid-signature-type`).
    SignType,
    /// The gateway accepted the app's signature, but the signature of its answer does not hold: the Alipay public key
    /// that the client has is not the app's, or the answer was changed on the way.
    AlipayKey,
    /// The app works with certificates and the client with public keys (`isv.missing-app-cert-sn`), or the other way round.
    Mode,
    /// A certificate is wrong: the gateway does not know the app's, or it has expired; the roots are others; or Alipay's does not verify the
    /// answer and the right one can't be fetched. An app in public-key mode has none at all.
    Certificates,
    /// The answer carries no signature, where Alipay's do.
    Unsigned,
    /// The machine's clock is wrong (`isv.invalid-timestamp`).
    Clock,
    /// The app is not online yet (`isv.not-online-app`).
    NotOnline,
    /// The merchant's token is wrong, has expired or can't be had: for a handle that acts for a merchant.
    MerchantToken,
    /// What answers is not Alipay's gateway.
    Gateway,
    /// There was no connection, or no answer in time.
    Network,
    /// The gateway is unavailable, or was called too often.
    Unavailable,
    /// The client's signer failed, or gave no signature in time.
    Signer,
    /// Something else: [`CheckError::error`] says it.
    Other,
}

impl CheckError {
    /// What is wrong.
    pub fn kind(&self) -> CheckErrorKind {
        self.kind
    }

    /// The error of the call that was made to find out.
    pub fn error(&self) -> &Error {
        &self.error
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}. The call's error: {}", self.what, self.error)
    }
}

/// There is no source: `Display` shows it already.
impl std::error::Error for CheckError {}

/// The error of the call, with what is wrong behind it.
impl From<CheckError> for Error {
    fn from(error: CheckError) -> Self {
        error.error.with_hint(&error.what)
    }
}
