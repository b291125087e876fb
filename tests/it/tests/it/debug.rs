//! `Debug` of everything that holds a key or a token shows none of it.

use alipay_api::{
    Client, Credentials,
    open::{AuthTokenApp, AuthTokenAppQuery, AuthTokenAppQueryResponse, AuthTokenAppResponse},
    sign::{PrivateKey, PublicKey, SignType},
    trade::{PagePay, Pay, PayRequired},
    types::Secret,
};
use serde_json::json;

use crate::{
    notify::Forge,
    support::{builder, price, start},
};

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
    let pay = Pay::with_auth_code(
        TOKEN,
        PayRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
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
    let (certified_mock, _) = crate::support::start_certified().await;
    let certified = crate::support::certified_builder(&certified_mock);
    let told = Forge::new(&mock)
        .set("new_token", TOKEN.as_bytes())
        .set("passback_params", b"x")
        .signed();
    let told = client.notifications().verify(told).unwrap();
    let code = mock.authorise(None, None);
    let code = json!({ "grant_type": "authorization_code", "code": code });
    let answer = client.call_raw("alipay.open.auth.token.app", code).await.unwrap();
    let answered = answer.get::<String>("app_auth_token").unwrap().unwrap();
    assert!(!format!("{answer:?}").contains(&answered));
    let shown = shown.into_iter().chain([
        format!("{certified:?} {told:?}"),
        format!("{:?}", certified.build().unwrap()),
    ]);
    let shown: Vec<String> = shown.chain(every_secret_field()).collect();
    let secrets = [TOKEN, &TOKEN[4..], &private[100..140], &private[400..440]];
    for text in &shown {
        assert!(!text.is_empty());
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// Each request of the library that has secret fields, filled with the token.
fn every_secret_field() -> Vec<String> {
    fn shown<T: serde::de::DeserializeOwned + std::fmt::Debug>(fields: serde_json::Value) -> String {
        format!("{:?}", serde_json::from_value::<T>(fields).unwrap())
    }
    vec![
        shown::<alipay_api::ebpp::InvoiceTokenBatchquery>(json!({ "invoice_token": TOKEN })),
        shown::<alipay_api::trade::WapPay>(
            json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "s", "auth_token": TOKEN }),
        ),
        shown::<alipay_api::trade::types::ExtUserInfo>(json!({ "cert_no": TOKEN })),
        shown::<alipay_api::fund::trans_uni_transfer::Participant>(
            json!({ "identity": "1", "identity_type": "ALIPAY_USER_ID", "cert_no": TOKEN }),
        ),
    ]
}
