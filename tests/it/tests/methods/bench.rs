//! A gateway and its client, for one method after the other.

use std::{collections::BTreeMap, time::Duration};

use alipay_api::{Client, Credentials, encryption::EncryptionKey};
use alipay_mock::{AesKey, Mock, keys::SignType};

use crate::modes::Mode;

/// More than any answer takes: the machine may have other work.
const LONG: Duration = Duration::from_mins(2);

/// The app's, in base64.
pub(crate) const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";

pub(crate) struct Bench {
    pub(crate) mock: Mock,
    pub(crate) client: Client,
    http: reqwest::Client,
}

impl Bench {
    pub(crate) async fn start(mode: Mode) -> Self {
        let certified = mode.is_certified;
        // Values are as hostile as their types allow, also where Alipay takes less.
        let mut builder = Mock::builder().lenient();
        if certified {
            builder = builder.certificates();
        }
        if mode.is_encrypted {
            builder = builder.aes_key(AesKey::from_base64(AES_KEY).expect("a key"));
        }
        let mock = builder.start().await.expect("the gateway starts");
        let key = mock.app_private_key();
        let credentials = if certified {
            Credentials::certificates(&key, &mock.app_cert(), &mock.alipay_cert(), &mock.root_cert())
        } else {
            Credentials::public_key(&key, &mock.alipay_public_key())
        };
        let client = Client::builder(mock.app_id(), credentials.expect("credentials"))
            .gateway(mock.gateway_url())
            .protocol(mode.protocol())
            .max_attempts(1)
            .attempt_timeout(LONG)
            .total_timeout(LONG);
        let client = if mode.is_encrypted {
            let key = EncryptionKey::from_base64(AES_KEY).expect("a key");
            client.encryption_key(key).encrypt_calls(true)
        } else {
            client
        };
        let client = client.build().expect("a client");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { mock, client, http }
    }

    /// Hands over an order string, as the Alipay app does; gives what the app gets back.
    pub(crate) async fn hand_over(&self, order: &str) -> Result<String, reqwest::Error> {
        let request = self.http.post(self.mock.gateway_url());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(order.to_owned()).send().await?.text().await
    }

    /// These parameters as a form, with Alipay's signature over all but those that are left out.
    pub(crate) fn signed(&self, parameters: &BTreeMap<String, String>, left_out: &[&str]) -> String {
        let is_signed = |name: &str| !left_out.contains(&name);
        let signed = parameters.iter().filter(|(name, _)| is_signed(name));
        let signed: Vec<_> = signed.map(|(name, value)| format!("{name}={value}")).collect();
        let key = self.mock.alipay_key_pair();
        let sign = key
            .sign(SignType::Rsa2, signed.join("&").as_bytes())
            .expect("a signature");
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("sign", &sign)
            .finish()
    }
}
