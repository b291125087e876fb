//! The control endpoint for those who let money be frozen or deducted.

use alipay_mock::Mock;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{Client, control};

async fn post(mock: &Mock, path: &str) -> (u16, Value) {
    control(mock, Some(json!({})), path).await
}

#[tokio::test]
async fn a_payer_scans_and_authorises() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let request = json!({
        "out_order_no": "1", "out_request_no": "1-1", "order_title": "押金", "amount": "20.00", "product_code": "PRE_AUTH",
    });
    let made = client.call("alipay.fund.auth.order.voucher.create", &request).await;
    assert_eq!((made.code().as_str(), made.text("code_type")), ("10000", "qrCode"));
    let (status, shown) = control(&mock, None, "preauthorizations/1").await;
    assert_eq!(
        (status, &shown["order_status"], &shown["amount"]),
        (200, &Value::Null, &json!("20.00"))
    );
    let (status, shown) = post(&mock, "preauthorizations/1/scan").await;
    assert_eq!((status, &shown["order_status"]), (200, &json!("INIT")));
    let (status, shown) = post(&mock, "preauthorizations/1/authorize").await;
    assert_eq!((status, &shown["rest_amount"]), (200, &json!("20.00")));
    let operation = &shown["operations"][0];
    assert_eq!(
        (&operation["operation_type"], &operation["status"]),
        (&json!("FREEZE"), &json!("SUCCESS"))
    );
    let (status, refused) = post(&mock, "preauthorizations/1/authorize").await;
    assert_eq!(
        (status, &refused["error"]),
        (409, &json!("pre-authorisation 1 is authorised"))
    );
    let (status, refused) = post(&mock, "preauthorizations/2/scan").await;
    assert_eq!(
        (status, &refused["error"]),
        (404, &json!("there is no pre-authorisation 2"))
    );
}

#[tokio::test]
async fn a_user_signs_refuses_and_ends() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let page = async |number: &str| {
        let offer = json!({
            "personal_product_code": "GENERAL_WITHHOLDING_P", "sign_scene": "INDUSTRY|MEDICAL", "external_agreement_no": number,
        });
        Browser::open(&client, "alipay.user.agreement.page.sign", &offer, &[]).await
    };
    assert!(page("E1").await.html.contains("同意协议并签约"));
    page("E2").await;
    let (_, all) = control(&mock, None, "agreements").await;
    let statuses: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].clone())
        .collect();
    assert_eq!(statuses, ["OFFERED", "OFFERED"]);
    let no = all[0]["agreement_no"].as_str().unwrap().to_owned();

    let (status, signing) = post(&mock, &format!("agreements/{no}/sign")).await;
    assert_eq!((status, &signing["agreement"]["status"]), (200, &json!("NORMAL")));
    let (status, refused) = post(&mock, "agreements/E1/sign").await;
    let error = "agreement E1 can't be signed or refused: it was signed or refused, or the time for it is over";
    assert_eq!((status, &refused["error"]), (409, &json!(error)));
    let (status, shown) = post(&mock, "agreements/E2/refuse").await;
    assert_eq!((status, &shown["status"]), (200, &json!("REFUSED")));
    let (status, shown) = post(&mock, "agreements/E1/unsign").await;
    assert_eq!((status, &shown["status"]), (200, &json!("UNSIGN")));
    assert_eq!(post(&mock, "agreements/E1/unsign").await.0, 409);
    assert_eq!(control(&mock, None, "agreements/E3").await.0, 404);
}
