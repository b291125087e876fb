//! A gateway in this process that changes its certificate on request.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    Certificate,
    chain::{AUTHORITY, SIGNER},
    openssl::{self, Order},
};
use crate::{
    Client, ClientBuilder, Credentials,
    clock::Clock,
    sign::{PrivateKey, SignType},
    transport::{BoxFuture, Request, Response, Transport, TransportError},
};

pub(super) const APP_ID: &str = "2021000000000001";
pub(super) const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

/// An authority's certificate and key.
pub(super) struct Issuer {
    pub(super) certificate: String,
    pub(super) key: &'static str,
}

pub(super) static ROOT: LazyLock<Issuer> = LazyLock::new(|| Issuer {
    certificate: Order::new("/C=CN/CN=Root").self_signed(),
    key: &openssl::RSA_KEY,
});
pub(super) static INTERMEDIATE: LazyLock<Issuer> = LazyLock::new(|| Issuer {
    certificate: Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/C=CN/CN=Class 2")
    }
    .issued_by(&ROOT.certificate, ROOT.key, AUTHORITY),
    key: &openssl::OTHER_RSA_KEY,
});

/// A key that signs answers, and the file of its certificate.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) key: String,
    pub(super) file: String,
}

/// Alipay's current certificate, and the next ones.
pub(super) static PRESENT: LazyLock<Identity> = LazyLock::new(|| alipay("100", &openssl::key(openssl::RSA)));
pub(super) static NEXT: LazyLock<Identity> = LazyLock::new(|| alipay("101", &openssl::key(openssl::RSA)));
pub(super) static LAST: LazyLock<Identity> = LazyLock::new(|| alipay("102", &openssl::key(openssl::RSA)));

const ALIPAY: &str = "/C=CN/O=Shop/OU=Alipay/CN=支付宝(中国)网络技术有限公司-2088000000000001";

pub(super) fn alipay(serial: &str, key: &str) -> Identity {
    Identity::new(ALIPAY, serial, key, &INTERMEDIATE)
}

/// The app's credentials with this certificate of Alipay's and these roots.
pub(super) fn credentials(alipay: &Identity, roots: &str) -> Credentials {
    let app = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/CN=App")
    };
    let app = app.issued_by(&INTERMEDIATE.certificate, INTERMEDIATE.key, SIGNER);
    Credentials::certificates(&openssl::THIRD_RSA_KEY, &app, &alipay.file, roots).unwrap()
}

impl Identity {
    pub(super) fn new(subject: &str, serial: &str, key: &str, issuer: &Issuer) -> Self {
        let leaf = Order {
            serial,
            key,
            ..Order::new(subject)
        }
        .issued_by(&issuer.certificate, issuer.key, SIGNER);
        let file = leaf + &issuer.certificate;
        Self {
            key: key.to_owned(),
            file,
        }
    }

    pub(super) fn serial(&self) -> String {
        Certificate::parse(&self.file).unwrap().alipay_serial().to_owned()
    }

    pub(super) fn sign(&self, text: &str) -> String {
        let key = PrivateKey::parse(&self.key).unwrap();
        BASE64_STANDARD.encode(
            key.signer(SignType::Rsa2)
                .unwrap()
                .sign_now(text.as_bytes())
                .unwrap()
                .unwrap(),
        )
    }

    /// The same names and serials, certified by nobody but itself.
    pub(super) fn forged() -> Self {
        let self_made = Issuer {
            certificate: Order {
                key: &openssl::THIRD_RSA_KEY,
                ..Order::new("/C=CN/CN=Class 2")
            }
            .self_signed(),
            key: &openssl::THIRD_RSA_KEY,
        };
        Self::new(ALIPAY, "101", &openssl::RSA_KEY, &self_made)
    }

    /// A notification for the app, signed.
    pub(super) fn notification(&self, alipay_cert_sn: &str) -> String {
        self.signed(&[
            ("alipay_cert_sn", alipay_cert_sn),
            ("app_id", APP_ID),
            ("notify_type", "test_sync"),
        ])
    }

    /// The same, but it does not say who signed it.
    pub(super) fn unnamed_notification(&self) -> String {
        self.signed(&[("app_id", APP_ID), ("notify_type", "test_sync")])
    }

    /// A form of these parameters, in order, with its signature.
    fn signed(&self, parameters: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let text = pairs.join("&");
        let sign = self.sign(&text);
        format!(
            "{text}&sign={}&sign_type=RSA2",
            utf8_percent_encode(&sign, NON_ALPHANUMERIC)
        )
    }
}

/// The gateway. Clones are the same one.
#[derive(Clone)]
pub(super) struct Gateway(Arc<Mutex<State>>, watch::Sender<usize>, watch::Sender<usize>);

struct State {
    /// Who signs answers.
    signer: Identity,
    /// Who signs the answers to downloads, if not the same.
    download_signer: Option<Identity>,
    /// The certificates that can be downloaded, by serial.
    files: HashMap<String, String>,
    /// The parameters of each call.
    calls: Vec<HashMap<String, String>>,
    is_download_signed: bool,
    /// The results of the next downloads.
    troubles: VecDeque<Trouble>,
}

/// Why a download is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// With status 503.
    Unavailable,
    /// Not at all.
    Silence,
}

impl Gateway {
    pub(super) fn new() -> Self {
        let identities = [&*PRESENT, &*NEXT, &*LAST];
        Self(
            Arc::new(Mutex::new(State {
                signer: PRESENT.clone(),
                download_signer: None,
                files: identities.map(|one| (one.serial(), one.file.clone())).into(),
                calls: Vec::new(),
                is_download_signed: true,
                troubles: VecDeque::new(),
            })),
            watch::Sender::new(0),
            watch::Sender::new(usize::MAX),
        )
    }

    /// A client in certificate mode that knows the current certificate.
    pub(super) fn client(&self) -> ClientBuilder {
        let credentials = credentials(&PRESENT, &ROOT.certificate);
        Client::builder(APP_ID, credentials).transport(self.clone())
    }

    pub(super) fn sign_with(&self, identity: &Identity) {
        self.0.lock().unwrap().signer = identity.clone();
    }

    pub(super) fn sign_downloads_with(&self, identity: &Identity) {
        self.0.lock().unwrap().download_signer = Some(identity.clone());
    }

    /// The next downloads fail so, one after the other.
    pub(super) fn trouble_downloads(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.0.lock().unwrap().troubles.extend(troubles);
    }

    pub(super) fn end_troubles(&self) {
        self.0.lock().unwrap().troubles.clear();
    }

    pub(super) fn do_not_sign_downloads(&self) {
        self.0.lock().unwrap().is_download_signed = false;
    }

    /// Hands this out for that serial.
    pub(super) fn hand_out(&self, alipay_cert_sn: &str, file: &str) {
        let mut state = self.0.lock().unwrap();
        state.files.insert(alipay_cert_sn.to_owned(), file.to_owned());
    }

    pub(super) fn calls_of(&self, method: &str) -> Vec<HashMap<String, String>> {
        let calls = &self.0.lock().unwrap().calls;
        calls.iter().filter(|call| call["method"] == method).cloned().collect()
    }

    pub(super) fn downloads(&self) -> usize {
        self.calls_of(DOWNLOAD).len()
    }

    /// Holds downloads back until so many calls have come, or [`release`](Self::release) is called.
    pub(super) fn hold_downloads(&self, until: usize) {
        self.2.send_replace(until);
    }

    pub(super) fn release(&self) {
        self.2.send_replace(0);
    }

    /// Waits until so many calls have come.
    pub(super) async fn called(&self, times: usize) {
        self.1.subscribe().wait_for(|calls| *calls >= times).await.unwrap();
    }

    async fn answer(&self, parameters: HashMap<String, String>) -> Response {
        let method = parameters["method"].clone();
        if method == DOWNLOAD {
            let trouble = {
                let mut state = self.0.lock().unwrap();
                let trouble = state.troubles.pop_front();
                if trouble.is_some() {
                    state.calls.push(parameters.clone());
                }
                trouble
            };
            if trouble.is_some() {
                self.1.send_modify(|calls| *calls += 1);
            }
            match trouble {
                Some(Trouble::Unavailable) => {
                    let mut response = Response::new("unavailable".into());
                    *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                    return response;
                }
                Some(Trouble::Silence) => std::future::pending().await,
                None => {}
            }
        }
        Response::new(self.text(method, parameters).await.into())
    }

    async fn text(&self, method: String, parameters: HashMap<String, String>) -> String {
        let content = parameters
            .get("biz_content")
            .map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        let (signer, content, is_signed) = {
            let mut state = self.0.lock().unwrap();
            state.calls.push(parameters);
            if method == DOWNLOAD {
                let content = match state.files.get(content["alipay_cert_sn"].as_str().unwrap()) {
                    Some(file) => json!({
                        "code": "10000", "msg": "Success", "alipay_cert_content": BASE64_STANDARD.encode(file)
                    }),
                    None => json!({
                        "code": "40004", "msg": "Business Failed", "sub_code": "isv.alipay-cert-not-exist"
                    }),
                };
                let signer = state.download_signer.as_ref().unwrap_or(&state.signer);
                (signer.clone(), content, state.is_download_signed)
            } else {
                (state.signer.clone(), json!({ "code": "10000", "msg": "Success" }), true)
            }
        };
        self.1.send_modify(|calls| *calls += 1);
        if method == DOWNLOAD {
            let mut calls = self.1.subscribe();
            let mut until = self.2.subscribe();
            loop {
                if *until.borrow_and_update() == usize::MAX || *calls.borrow_and_update() >= *until.borrow() {
                    break;
                }
                tokio::select! {
                    changed = calls.changed() => changed.unwrap(),
                    changed = until.changed() => changed.unwrap(),
                }
            }
        }
        let content = content.to_string();
        let root = format!("{}_response", method.replace('.', "_"));
        if !is_signed {
            return format!("{{\"{root}\":{content}}}");
        }
        let (serial, sign) = (signer.serial(), signer.sign(&content));
        format!("{{\"{root}\":{content},\"alipay_cert_sn\":\"{serial}\",\"sign\":\"{sign}\"}}")
    }
}

impl Transport for Gateway {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let form = [
            request.uri().query().unwrap(),
            "&",
            str::from_utf8(request.body().as_bytes().unwrap()).unwrap(),
        ]
        .concat();
        let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let parameters = form.split('&').filter_map(|pair| pair.split_once('='));
        let parameters = parameters.map(|(name, value)| (decode(name), decode(value))).collect();
        Box::pin(async move { Ok(self.answer(parameters).await) })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Gateway")
    }
}

/// A clock that is moved by hand.
#[derive(Clone, Debug)]
pub(super) struct Hands(Arc<Mutex<SystemTime>>);

impl Hands {
    pub(super) fn now() -> Self {
        Self(Arc::new(Mutex::new(SystemTime::now())))
    }

    pub(super) fn move_on(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}
