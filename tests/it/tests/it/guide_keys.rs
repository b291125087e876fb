//! The snippets of the guide's page on keys, run.

use std::{error::Error, sync::Arc, time::Duration};

use alipay_api::{
    Client, Credentials,
    sign::{self, BoxFuture, PrivateKey, PublicKey, SignError, SignType, Signer},
    trade::{PagePay, Precreate, Query},
};
use alipay_mock::{Mock, keys::KeyPair};

use crate::{
    pages::browse,
    support::{price, start, start_certified},
};

fn public(pair: &KeyPair) -> String {
    pair.public_key().to_base64().unwrap()
}

#[tokio::test]
async fn a_client_in_public_key_mode() -> Result<(), Box<dyn Error>> {
    let (mock, _) = start().await;
    for private_key in [mock.app_private_key(), mock.app_private_key_pem()] {
        let credentials = Credentials::public_key(&private_key, &mock.alipay_public_key())?;
        let client = Client::builder(mock.app_id(), credentials)
            .gateway(mock.gateway_url())
            .build()?;
        assert_eq!(client.check().await?.to_string(), "app id and keys are right");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_in_certificate_mode() -> Result<(), Box<dyn Error>> {
    let (mock, _) = start_certified().await;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map(|()| path)
    };
    let credentials = Credentials::certificates_from_files(
        file("app_private_key.pem", mock.app_private_key_pem())?,
        file("appCertPublicKey_2021000000000001.crt", mock.app_cert())?,
        file("alipayCertPublicKey_RSA2.crt", mock.alipay_cert())?,
        file("alipayRootCert.crt", mock.root_cert())?,
    )?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;
    client.check().await?;
    Ok(())
}

/// A key management service, which answers after 50 milliseconds.
#[derive(Debug)]
struct KmsClient(Arc<dyn Signer>);

impl KmsClient {
    async fn sign(&self, key: &str, algorithm: &str, message: &[u8]) -> Result<Vec<u8>, String> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if (key, algorithm) != ("alipay", "RSA_SIGN_PKCS1_2048_SHA256") {
            return Err(format!("no key {key} for {algorithm}"));
        }
        self.0.sign(message).await.map_err(|error| error.to_string())
    }
}

#[derive(Debug)]
struct KmsSigner {
    kms: KmsClient,
    key: String,
}

impl Signer for KmsSigner {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async move {
            let signature = self.kms.sign(&self.key, "RSA_SIGN_PKCS1_2048_SHA256", message).await;
            signature.map_err(SignError::temporary)
        })
    }
}

#[tokio::test]
async fn a_key_in_a_key_management_service() -> Result<(), Box<dyn Error>> {
    let (mock, _) = start().await;
    let key = PrivateKey::parse(&mock.app_private_key())?.signer(SignType::Rsa2)?;
    let signer = KmsSigner {
        kms: KmsClient(key),
        key: "alipay".to_owned(),
    };
    let alipay_public_key = PublicKey::parse(&mock.alipay_public_key())?;
    let credentials = Credentials::custom(Arc::new(signer), alipay_public_key.verifier(SignType::Rsa2)?)?;
    let app_key = mock.app_key_pair().ok_or("the gateway made it")?;
    credentials.check_signer(&PublicKey::parse(&public(app_key))?).await?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;

    let page = client
        .trade()
        .page_pay(PagePay::new("20161112", "0.01".parse()?, "测试订单"));
    assert_eq!(browse(&page.url_async().await?).await.0, 200);
    let order = client.trade().query(Query::with_out_trade_no("20161112")).await?;
    assert_eq!(order.total_amount, Some("0.01".parse()?));
    Ok(())
}

#[tokio::test]
async fn a_key_in_a_hardware_module() -> Result<(), Box<dyn Error>> {
    let (mock, _) = start().await;
    let session = PrivateKey::parse(&mock.app_private_key())?.signer(SignType::Rsa2)?;
    let signer = sign::blocking(SignType::Rsa2, move |message| {
        session
            .sign_now(message)
            .unwrap_or_else(|| Err(SignError::new("no session")))
    });
    let verifier = PublicKey::parse(&mock.alipay_public_key())?.verifier(SignType::Rsa2)?;
    let credentials = Credentials::custom(signer, verifier)?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;
    client.check().await?;
    Ok(())
}

async fn change_keys(
    client: &Client,
    new_private_key: &str,
    alipay_key: &str,
    old_alipay_key: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    let mut credentials = Credentials::public_key(new_private_key, alipay_key)?;
    if let Some(old) = old_alipay_key {
        credentials = credentials.with_next_alipay_key(old)?;
    }
    let trial = Client::builder(client.app_id(), credentials.clone())
        .gateway(client.gateway())
        .build()?;
    trial.check().await?;
    client.set_credentials(credentials)?;
    Ok(())
}

#[tokio::test]
async fn keys_are_changed_without_downtime() -> Result<(), Box<dyn Error>> {
    let [old_app, new_app, old_alipay, new_alipay] = std::array::from_fn(|_| KeyPair::generate().unwrap());
    let mock = Mock::builder()
        .app_key_pair(new_app.clone())
        .alipay_key_pair(new_alipay.clone());
    let mock = mock.start().await?;
    let old = Credentials::public_key(&old_app.to_base64()?, &public(&old_alipay))?;
    let client = Client::builder(mock.app_id(), old)
        .gateway(mock.gateway_url())
        .build()?;
    let handle = client.clone();

    // A mistake changes nothing.
    let wrong = KeyPair::generate()?.to_base64()?;
    let error = change_keys(&client, &wrong, &public(&new_alipay), None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("upload the public key"), "{error}");
    assert!(handle.check().await.is_err());

    let old_alipay = public(&old_alipay);
    change_keys(&client, &new_app.to_base64()?, &public(&new_alipay), Some(&old_alipay)).await?;
    let order = Precreate::new("1", price("0.01"), "测试订单");
    handle.trade().precreate(order).await?;
    Ok(())
}
