//! A V3 client that takes nothing for granted: what is signed is written out by whoever calls.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alipay_mock::Mock;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::client::Client;

/// The algorithm's name in the header.
pub(super) const SCHEME: &str = "ALIPAY-SHA256withRSA";

/// The milliseconds of [`noon`].
pub(super) const NOON: &str = "1773979200000";

/// 2026-03-20 12:00 in Beijing.
pub(super) fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(NOON.parse().unwrap())
}

/// Calls one gateway.
pub(super) struct Caller {
    /// The V2 client of the same app: for what both protocols see, and to check signatures.
    pub(super) v2: Client,
    key: KeyPair,
    base: String,
}

/// A request that is about to be sent.
pub(super) struct Call<'c> {
    caller: &'c Caller,
    verb: &'static str,
    /// Path and query, encoded.
    target: String,
    /// The header up to the signature.
    pub(super) auth: String,
    body: Vec<u8>,
    /// What is signed of the body.
    signed: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Caller {
    pub(super) fn of(mock: &Mock) -> Self {
        Self {
            v2: Client::of(mock),
            key: KeyPair::from_pkcs8(&STANDARD.decode(mock.app_private_key()).unwrap()).unwrap(),
            base: mock.base_url(),
        }
    }

    /// A call at the present time.
    pub(super) fn call(&self, verb: &'static str, target: &str, body: &str) -> Call<'_> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let app_id = &self.v2.app_id;
        let mut headers = Vec::new();
        if !body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        Call {
            caller: self,
            verb,
            target: target.to_owned(),
            auth: format!("app_id={app_id},nonce=3f1c,timestamp={now}"),
            body: body.as_bytes().to_vec(),
            signed: body.to_owned(),
            token: None,
            headers,
        }
    }

    pub(super) async fn post(&self, target: &str, body: &Value) -> Reply {
        self.call("POST", target, &body.to_string()).send().await
    }

    pub(super) fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature);
        signed.unwrap();
        STANDARD.encode(signature)
    }

    /// Sends exactly this.
    pub(super) async fn send(
        &self,
        verb: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        let url = format!("{}{target}", self.base);
        let mut request = self.v2.http.request(verb.parse().unwrap(), url).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }
}

impl Call<'_> {
    /// For a merchant.
    pub(super) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self.header("alipay-app-auth-token", token)
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Without the headers of this name.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// With another header up to the signature.
    pub(super) fn auth(mut self, auth: impl Into<String>) -> Self {
        self.auth = auth.into();
        self
    }

    /// A form: `data` is signed, and the whole body is this.
    pub(super) fn form(mut self, boundary: &str, data: &str, body: impl Into<Vec<u8>>) -> Self {
        data.clone_into(&mut self.signed);
        self.body = body.into();
        self.without("content-type")
            .header("content-type", &format!("multipart/form-data; boundary={boundary}"))
    }

    pub(super) fn message(&self) -> String {
        let mut message = format!("{}\n{}\n{}\n{}\n", self.auth, self.verb, self.target, self.signed);
        if let Some(token) = &self.token {
            message.push_str(token);
            message.push('\n');
        }
        message
    }

    pub(super) async fn send(self) -> Reply {
        let sign = self.caller.sign(&self.message());
        self.send_signed(&sign).await
    }

    pub(super) async fn send_signed(self, sign: &str) -> Reply {
        let authorization = format!("{SCHEME} {},sign={sign}", self.auth);
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.push(("authorization", &authorization));
        self.caller.send(self.verb, &self.target, &headers, self.body).await
    }
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn text(&self, field: &str) -> String {
        let json = self.json();
        let text = json[field].as_str();
        text.unwrap_or_else(|| panic!("no {field} in {json}")).to_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status, and the code of a failure.
    pub(super) fn code(&self) -> String {
        let json = self.json();
        let code = json["code"].as_str().map(|code| format!(" {code}"));
        format!("{}{}", self.status, code.unwrap_or_default())
    }

    /// Whether there is a signature, which holds then: it panics at any other.
    pub(super) fn is_signed(&self, caller: &Caller) -> bool {
        let names = ["alipay-timestamp", "alipay-nonce", "alipay-signature"];
        let [timestamp, nonce, signature] = names.map(|name| self.header(name));
        let Some(signature) = signature else {
            assert_eq!((timestamp, nonce, self.header("alipay-sn")), (None, None, None));
            return false;
        };
        assert!(self.verifies(caller, signature), "{self:?}");
        true
    }

    pub(super) fn verifies(&self, caller: &Caller, signature: &str) -> bool {
        let [timestamp, nonce] = ["alipay-timestamp", "alipay-nonce"].map(|name| self.header(name).unwrap());
        let body = String::from_utf8_lossy(&self.body);
        caller
            .v2
            .verifies(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes(), signature)
    }
}
