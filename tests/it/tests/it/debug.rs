//! `Debug` of everything that holds a key or a token shows none of it.

use alipay_api::{
    Client, Credentials,
    open::{AuthTokenApp, AuthTokenAppQuery, AuthTokenAppQueryResponse, AuthTokenAppResponse},
    sign::{PrivateKey, PublicKey, SignType},
    trade::{PagePay, Pay},
    types::Secret,
};
use serde_json::json;

use crate::support::{builder, price, start};

const TOKEN: &str = "201509BBeff9351ad1874306903e96b91d248A36";

#[tokio::test]
async fn debug_shows_no_secret() {
    let (mock, client) = start().await;
    let (private, public) = (mock.app_private_key(), mock.alipay_public_key());
    let key = PrivateKey::parse(&private).unwrap();
    let alipay = PublicKey::parse(&public).unwrap();
    let credentials = Credentials::public_key(&private, &public).unwrap();
    let merchant: Client = client.on_behalf_of(TOKEN);
    let response = json!({ "app_auth_token": TOKEN, "app_refresh_token": TOKEN, "new_token": TOKEN });
    let granted: AuthTokenAppResponse = serde_json::from_value(response.clone()).unwrap();
    let state: AuthTokenAppQueryResponse = serde_json::from_value(json!({ "new_token": TOKEN })).unwrap();
    let pay = Pay::with_auth_code(TOKEN, "1", price("1.00"), "subject");
    let raw = || {
        merchant
            .call_raw("alipay.no.such.method", response.clone())
            .parameter("code", TOKEN)
            .auth_token(TOKEN)
    };
    let shown = [
        format!("{:?}", Secret::new(TOKEN)),
        format!("{key:?} {alipay:?}"),
        format!(
            "{:?} {:?}",
            key.signer(SignType::Rsa2).unwrap(),
            alipay.verifier(SignType::Rsa2).unwrap()
        ),
        format!("{credentials:?} {client:?} {merchant:?} {:?}", builder(&mock)),
        format!("{:?}", client.notifications()),
        format!("{granted:?} {state:?}"),
        format!("{pay:?} {:?}", merchant.trade().pay(pay.clone()).auth_token(TOKEN)),
        format!(
            "{:?}",
            merchant.trade().page_pay(PagePay::new("1", price("1.00"), "subject"))
        ),
        format!(
            "{:?}",
            AuthTokenApp::with_code(TOKEN, "authorization_code").refresh_token(TOKEN)
        ),
        format!("{:?}", AuthTokenAppQuery::new(TOKEN)),
        format!("{:?}", raw()),
        format!("{:?}", raw().await.unwrap_err()),
    ];
    let secrets = [TOKEN, &TOKEN[4..], &private[100..140], &private[400..440]];
    for text in &shown {
        assert!(!text.is_empty());
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
