//! A gateway and its client, for one method after the other.

use std::{collections::BTreeMap, time::Duration};

use alipay_api::{Client, Credentials};
use alipay_mock::{Mock, keys::SignType};

/// More than any answer takes: the machine may have other work.
const LONG: Duration = Duration::from_mins(2);

pub(crate) struct Bench {
    pub(crate) mock: Mock,
    pub(crate) client: Client,
    http: reqwest::Client,
}

impl Bench {
    /// In certificate mode, or with public keys.
    pub(crate) async fn start(certified: bool) -> Self {
        let builder = Mock::builder();
        let builder = if certified { builder.certificates() } else { builder };
        let mock = builder.start().await.expect("the gateway starts");
        let key = mock.app_private_key();
        let credentials = if certified {
            Credentials::certificates(&key, &mock.app_cert(), &mock.alipay_cert(), &mock.root_cert())
        } else {
            Credentials::public_key(&key, &mock.alipay_public_key())
        };
        let client = Client::builder(mock.app_id(), credentials.expect("credentials"))
            .gateway(mock.gateway_url())
            .max_attempts(1)
            .attempt_timeout(LONG)
            .total_timeout(LONG)
            .build()
            .expect("a client");
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
