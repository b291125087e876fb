//! Every example of every spec, sent to the gateway: what it says comes back, comes back.

use std::path::{Path, PathBuf};

use alipay_api::{Client, ErrorKind};
use alipay_codegen::{
    SourceFile,
    ir::{ExampleAnswer, Method, Placement, Spec},
};
use alipay_mock::Mock;
use serde_json::{Map, Value, json};

use crate::support::{bind_receiver, start, start_certified};

fn spec() -> Spec {
    fn collect(root: &Path, folder: PathBuf, files: &mut Vec<SourceFile>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, path, files);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(SourceFile {
                    path: name,
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let mut files = Vec::new();
    collect(&root, root.clone(), &mut files);
    alipay_codegen::load(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// What Alipay gives out, which no example can know.
const GIVEN_OUT: &[&str] = &[
    "access_token",
    "alipay_cert_content",
    "app_auth_token",
    "app_refresh_token",
    "auth_app_id",
    "auth_end",
    "auth_methods",
    "auth_start",
    "buyer_logon_id",
    "operation_dt",
    "order_id",
    "pay_date",
    "pay_fund_order_id",
    "qr_code",
    "refresh_token",
    "royalty_detail_list",
    "settle_no",
    "trade_no",
    "trans_date",
    "user_id",
];

/// Makes what an example takes for granted: its order is paid, its transfer made, its code given out. Puts in what Alipay gives out.
async fn presuppose(
    mock: &Mock,
    client: &Client,
    method: &Method,
    request: &mut Map<String, Value>,
    answer: &Map<String, Value>,
) {
    let text = |name: &str| {
        answer
            .get(name)
            .or_else(|| request.get(name))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let order = async || {
        let amount = answer
            .get("total_amount")
            .or_else(|| answer.get("refund_fee"))
            .and_then(Value::as_str);
        let order = json!({
            "out_trade_no": if text("out_trade_no").is_empty() { "1" } else { text("out_trade_no") },
            "total_amount": amount.unwrap_or("88.88"), "subject": "subject", "buyer_id": "2088102146225135",
        });
        let order = client.call_raw("alipay.trade.create", order).await.unwrap();
        order.get::<String>("trade_no").unwrap().unwrap()
    };
    match method.name.as_str() {
        "alipay.trade.cancel" | "alipay.trade.close" => {
            order().await;
        }
        "alipay.trade.query" | "alipay.trade.refund" | "alipay.trade.fastpay.refund.query" => {
            order().await;
            mock.pay(text("out_trade_no")).unwrap();
            if !text("out_request_no").is_empty() && method.name.ends_with("query") {
                let refund = json!({
                    "out_trade_no": text("out_trade_no"), "refund_amount": text("refund_amount"), "out_request_no": text("out_request_no"),
                });
                client.call_raw("alipay.trade.refund", refund).await.unwrap();
            }
        }
        "alipay.trade.order.settle" => {
            let trade_no = order().await;
            mock.pay("1").unwrap();
            request.insert("trade_no".to_owned(), trade_no.into());
        }
        "alipay.trade.order.settle.query" => {
            let trade_no = order().await;
            mock.pay("1").unwrap();
            let settle = json!({
                "out_request_no": text("out_request_no"), "trade_no": trade_no,
                "royalty_parameters": answer["royalty_detail_list"],
            });
            let settled = client.call_raw("alipay.trade.order.settle", settle).await.unwrap();
            if request.contains_key("settle_no") {
                let settle_no = settled.get::<String>("settle_no").unwrap().unwrap();
                request.insert("settle_no".to_owned(), settle_no.into());
            } else {
                request.insert("trade_no".to_owned(), trade_no.into());
            }
        }
        "alipay.fund.trans.common.query" => {
            let (number, amount) = (text("out_biz_no"), text("trans_amount"));
            let payee = json!({ "identity": "2088123412341234", "identity_type": "ALIPAY_USER_ID" });
            let transfer = json!({ "out_biz_no": number, "trans_amount": amount, "payee_info": payee });
            transferred(client, "alipay.fund.trans.uni.transfer", transfer).await;
        }
        "alipay.fund.trans.order.query" => {
            let transfer = json!({
                "out_biz_no": text("out_biz_no"), "payee_type": "ALIPAY_LOGONID", "payee_account": "a@example.com", "amount": "1.00",
            });
            transferred(client, "alipay.fund.trans.toaccount.transfer", transfer).await;
        }
        "alipay.ebpp.invoice.token.batchquery" => {
            let invoices = answer["invoice_element_list"].as_array().unwrap().clone();
            mock.register_invoices(text("invoice_token"), invoices);
        }
        "alipay.open.app.alipaycert.download" => {
            request.insert("alipay_cert_sn".to_owned(), mock.alipay_cert_sn().into());
        }
        "alipay.system.oauth.token" => {
            let code = mock.authorise_user(Some(text("user_id")), "auth_user");
            request.insert("code".to_owned(), code.into());
        }
        "alipay.user.info.share" => {
            let code = mock.authorise_user(Some(text("user_id")), "auth_user");
            let call = client.call_raw("alipay.system.oauth.token", Value::Null);
            let granted = call
                .parameter("grant_type", "authorization_code")
                .parameter("code", code)
                .await
                .unwrap();
            let token = granted.get::<String>("access_token").unwrap().unwrap();
            request.insert("auth_token".to_owned(), token.into());
        }
        "alipay.open.auth.token.app" => {
            request.insert("code".to_owned(), mock.authorise(None, None).into());
        }
        "alipay.open.auth.token.app.query" => {
            let code = json!({ "grant_type": "authorization_code", "code": mock.authorise(None, None) });
            let granted = client.call_raw("alipay.open.auth.token.app", code).await.unwrap();
            let token = granted.get::<String>("app_auth_token").unwrap().unwrap();
            request.insert("app_auth_token".to_owned(), token.into());
        }
        _ => {}
    }
}

async fn transferred(client: &Client, method: &str, transfer: Value) {
    client.call_raw(method, transfer).await.unwrap();
}

#[tokio::test]
async fn every_example_holds() {
    let spec = spec();
    let mut count = 0;
    for method in spec.products.iter().flat_map(|product| &product.methods) {
        if !method.kind.is_answered() {
            continue;
        }
        for example in &method.examples {
            // These work in either mode, but what they ask for exists in only one.
            let certified = method.certificate_only
                || ["alipay.open.app.alipaycert.download", "alipay.fund.trans.common.query"]
                    .contains(&method.name.as_str());
            let (mock, client) = if certified {
                start_certified().await
            } else {
                start().await
            };
            let what = format!("{}: {}", method.name, example.title);
            let mut request = example.request.clone();
            if method.name.starts_with("alipay.trade.order.settle") {
                bind_receiver(&client, "2088101126708402").await;
            }
            if let ExampleAnswer::Response(response) = &example.answer {
                presuppose(&mock, &client, method, &mut request, response).await;
            }
            let top_level = method
                .request
                .fields
                .iter()
                .filter(|field| field.placement == Placement::TopLevel);
            let top_level: Vec<_> = top_level
                .filter_map(|field| Some((&field.name, request.remove(&field.name)?)))
                .collect();
            let business = if request.is_empty() {
                Value::Null
            } else {
                Value::Object(request)
            };
            let mut call = client.call_raw(&method.name, business);
            for (name, value) in top_level {
                call = call.parameter(name, value.as_str().unwrap());
            }
            match &example.answer {
                ExampleAnswer::Response(response) => {
                    let answer = call.await.unwrap_or_else(|error| panic!("{what}: {error}"));
                    let answer: Value = serde_json::from_str(answer.as_str()).unwrap();
                    for (name, expected) in response {
                        let got = &answer[name];
                        assert!(!got.is_null(), "{what}: `{name}` is missing in {answer}");
                        if !GIVEN_OUT.contains(&name.as_str()) {
                            // Numbers may come as text.
                            let same = got == expected || got.as_str() == Some(&expected.to_string());
                            assert!(same, "{what}: `{name}` is {got}, not {expected}");
                        }
                    }
                }
                ExampleAnswer::Error { code, sub_code } => {
                    let error = call.await.expect_err(&what);
                    assert_eq!(error.kind(), ErrorKind::Gateway, "{what}: {error}");
                    assert_eq!(
                        (error.code(), error.sub_code()),
                        (Some(code.as_str()), Some(sub_code.as_str())),
                        "{what}"
                    );
                }
            }
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} examples");
}
