//! The crate's methods at the embedded gateway, which checks each request against the crate's own specs.

use std::path::Path;

use alipay_api::types::File;
use alipay_api::{Client, Credentials};
use alipay_mock::Mock;
use alipay_own_methods::{dish_prices, fuels, give_coupon, set_remaining, upload_report};
use serde_json::{Value, json};

async fn start() -> (Mock, Client) {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mock = Mock::builder().specs(specs).start().await.unwrap();
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
    let client = Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url());
    (mock, client.build().unwrap())
}

/// What the gateway received last of a method, in its content.
fn content(mock: &Mock, method: &str) -> Value {
    let request = mock.last_request(method).unwrap();
    let content = &request["biz_content"];
    serde_json::from_str(content).unwrap()
}

#[tokio::test]
async fn a_coupon_is_given_and_changed() {
    let (mock, client) = start().await;
    let answer = json!({ "instance_id": "i1", "out_instance_id": "c1" });
    mock.answer("alipay.user.kabao.voucher.create", answer).unwrap();
    let given = give_coupon(&client, "o1", "c1", "5.00").await.unwrap();
    assert_eq!(given.as_deref(), Some("i1"));
    let sent = json!({
        "out_instance_id": "c1",
        "open_id": "o1",
        "cash_voucher_value_info": { "total_amount": "5.00" },
        "principal_info": { "brand_name": "小店" },
    });
    assert_eq!(content(&mock, "alipay.user.kabao.voucher.create"), sent);

    set_remaining(&client, "i1", 3).await.unwrap();
    let sent = json!({ "instance_id": "i1", "exchange_voucher_value_info": { "remain_count": 3 } });
    assert_eq!(content(&mock, "alipay.user.kabao.voucher.modify"), sent);
    assert_eq!(mock.not_played_of("alipay.user.kabao.voucher.modify"), 1);
}

#[tokio::test]
async fn a_report_is_uploaded() {
    const METHOD: &str = "alipay.merchant.indirect.file.upload";
    let (mock, client) = start().await;
    mock.answer(METHOD, json!({ "result_status": "S" })).unwrap();
    let report = File::new("20260101_DAILY.txt", "1|2|3\n");
    let status = upload_report(&client, report, 1).await.unwrap();
    assert_eq!(status.as_deref(), Some("S"));
    let [(field, file)] = &mock.last_files(METHOD).unwrap()[..] else {
        panic!("another number of files")
    };
    assert_eq!(
        (field.as_str(), file.name.as_str()),
        ("file_content", "20260101_DAILY.txt")
    );
    assert_eq!(file.content, b"1|2|3\n");
    let request = mock.last_request(METHOD).unwrap();
    assert_eq!(request["record_count"], "1");
}

#[tokio::test]
async fn lists_in_lists_are_read() {
    let (mock, client) = start().await;
    let items = json!([{ "name": "92#", "sku_list": [{ "price": 768 }, { "price": 769 }] }, { "name": "95#" }]);
    mock.answer("alipay.commerce.gas.item.query", json!({ "item_list": items }))
        .unwrap();
    let fuels = fuels(&client, "shop").await.unwrap();
    assert_eq!(
        fuels,
        [
            (Some("92#".to_owned()), vec![768, 769]),
            (Some("95#".to_owned()), Vec::new())
        ]
    );
    assert_eq!(
        content(&mock, "alipay.commerce.gas.item.query"),
        json!({ "target_id": "shop", "target_type": "5" })
    );

    let menu = json!({ "category_list": { "dish_list": [{ "sell_price": "18.00" }, { "out_dish_id": "d2" }] } });
    mock.answer("koubei.catering.dish.menu.query", menu).unwrap();
    assert_eq!(dish_prices(&client, "lunch").await.unwrap(), ["18.00"]);
}

/// What the gateway says by the specs alone is an answer that the crate reads.
#[tokio::test]
async fn answers_by_the_specs_alone_are_read() {
    let (mock, client) = start().await;
    give_coupon(&client, "o1", "c1", "5.00").await.unwrap();
    upload_report(&client, File::new("r.txt", "1"), 1).await.unwrap();
    assert!(!fuels(&client, "shop").await.unwrap().is_empty());
    assert!(!dish_prices(&client, "lunch").await.unwrap().is_empty());
    assert_eq!(mock.not_played_of("alipay.user.kabao.voucher.create"), 1);
}
