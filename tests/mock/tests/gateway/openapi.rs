//! What the control endpoints say of themselves, beside what they answer.

use std::collections::BTreeSet;

use alipay_mock::{Builder, Mock, TestBuyer};
use serde_json::{Map, Value, json};

use crate::browser::Browser;
use crate::certificates::certified_with;
use crate::client::{Client, control};

/// What is wrong with a value by a schema of the document, where something is. It knows what the document uses.
fn flaw(document: &Value, schema: &Value, value: &Value, path: &str) -> Option<String> {
    let known = [
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maximum",
        "minimum",
        "oneOf",
        "properties",
        "required",
        "type",
    ];
    let wrong = |what: &str| Some(format!("{path}: {what}: {value} by {schema}"));
    let Some(schema_members) = schema.as_object() else {
        return (schema == &json!(false)).then(|| format!("{path}: nothing may be here"));
    };
    if let Some(other) = schema_members.keys().find(|key| !known.contains(&key.as_str())) {
        return wrong(&format!("the test does not know `{other}`"));
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return flaw(document, target.expect("the reference leads somewhere"), value, path);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            let fitting = choices
                .iter()
                .filter(|choice| flaw(document, choice, value, path).is_none())
                .count();
            if fitting == 0 || (key == "oneOf" && fitting > 1) {
                return wrong(key);
            }
        }
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong("const");
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return wrong("enum");
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("a type {other}"),
    };
    match &schema["type"] {
        Value::String(kind) if !is(kind) => return wrong("type"),
        Value::Array(kinds) if !kinds.iter().any(|kind| is(kind.as_str().unwrap())) => return wrong("type"),
        _ => {}
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        let mut flaws = values
            .iter()
            .filter_map(|value| flaw(document, items, value, &format!("{path}[]")));
        if let Some(flaw) = flaws.next() {
            return Some(flaw);
        }
    }
    let members = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required
        .map(|name| name.as_str().unwrap())
        .find(|name| !members.contains_key(*name))
    {
        return wrong(&format!("{missing} is missing"));
    }
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let has_properties = !properties.is_empty();
    members.iter().find_map(|(name, member)| {
        let path = format!("{path}.{name}");
        match (properties.get(name), schema.get("additionalProperties")) {
            (Some(property), _) => flaw(document, property, member, &path),
            (None, Some(others)) => flaw(document, others, member, &path),
            // What is answered is described whole.
            (None, None) if has_properties => Some(format!("{path} is not described")),
            (None, None) => None,
        }
    })
}

/// The schema of a body or an answer.
fn schema(content: &Value) -> Value {
    content["content"]["application/json"]["schema"].clone()
}

/// Asks endpoints, and holds what they answer against the document.
struct Checked<'m> {
    mock: &'m Mock,
    document: Value,
    asked: BTreeSet<(String, String)>,
}

impl<'m> Checked<'m> {
    async fn new(mock: &'m Mock) -> Self {
        let (status, document) = control(mock, None, "openapi.json").await;
        assert_eq!(status, 200);
        let asked = BTreeSet::new();
        Self { mock, document, asked }
    }

    /// The path of the document that this one is an instance of.
    fn template(&self, verb: &str, path: &str) -> String {
        let segments: Vec<_> = path.split('/').collect();
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &&String| {
            let own: Vec<_> = template.trim_start_matches("/_mock/").split('/').collect();
            let mut pairs = own.iter().zip(&segments);
            own.len() == segments.len() && pairs.all(|(own, given)| own == given || own.starts_with('{'))
        };
        let mut fitting = paths
            .keys()
            .filter(fits)
            .filter(|template| paths[*template].get(verb).is_some());
        let best = fitting.by_ref().min_by_key(|template| template.matches('{').count());
        best.unwrap_or_else(|| panic!("{verb} {path} is not described")).clone()
    }

    async fn ask(&mut self, path: &str, body: Option<Value>, expected: u16) -> Value {
        let verb = if body.is_some() { "post" } else { "get" };
        let operation = self.document["paths"][&self.template(verb, path)][verb].clone();
        let sound = expected == 200 || expected == 404 || expected == 409;
        if let Some(body) = body.as_ref().filter(|_| sound) {
            let flaw = flaw(&self.document, &schema(&operation["requestBody"]), body, "body");
            assert_eq!(flaw, None, "{path}");
        }
        let (status, answer) = control(self.mock, body, path).await;
        assert_eq!(status, expected, "{path}: {answer}");
        self.check(verb, path, status, &answer);
        answer
    }

    fn check(&mut self, verb: &str, path: &str, status: u16, answer: &Value) {
        let template = self.template(verb, path);
        let operation = &self.document["paths"][&template][verb];
        let response = if status == 200 { "200" } else { "default" };
        let described = schema(&operation["responses"][response]);
        assert!(!described.is_null(), "{path}");
        assert_eq!(
            flaw(&self.document, &described, answer, "answer"),
            None,
            "{verb} {path}"
        );
        if status == 200 {
            self.asked.insert((verb.to_owned(), template));
        }
    }

    async fn delete(&mut self, path: &str) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_mock/{path}", self.mock.base_url());
        let response = http.delete(url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let answer = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        self.check("delete", path, 200, &answer);
    }

    async fn get(&mut self, path: &str) -> Value {
        self.ask(path, None, 200).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.ask(path, Some(body), 200).await
    }
}

fn order(number: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": "10.00", "subject": "x", "buyer_id": TestBuyer::WithMoney.user_id() })
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "asks all endpoints")]
async fn the_endpoints_answer_what_the_document_says() {
    let (mock, client) = certified_with(Mock::builder().notify_schedule(Vec::new())).await;
    let mut checked = Checked::new(&mock).await;
    let notify_url = [("notify_url", "http://127.0.0.1:9/")];
    for number in ["1", "2"] {
        client
            .call_with("alipay.trade.create", &order(number), &notify_url)
            .await;
    }
    checked.post("trades/1/scan", json!({})).await;
    checked.post("trades/1/pay", json!({})).await;
    checked.post("trades/2/close", json!({})).await;
    let refund = json!({ "out_trade_no": "1", "refund_amount": "1.00", "out_request_no": "r" });
    client.call("alipay.trade.refund", &refund).await;
    let complaint = json!({ "reason": "重复扣款", "content": "x", "images": ["https://shop.example/1.png"] });
    let complaint = checked.post("trades/1/complaints", complaint).await;
    let complaint = format!("complaints/{}", complaint["complain_event_id"].as_str().unwrap());
    checked
        .post(&format!("{complaint}/step"), json!({ "step": "reply", "content": "y" }))
        .await;
    checked.get(&complaint).await;
    checked.post("trades/1/finish", json!({})).await;
    let shown = checked.get("trades/1").await;
    assert_eq!(shown["trade_status"], "TRADE_FINISHED");
    let notify_id = shown["notifications"][0]["notify_id"].as_str().unwrap();
    checked
        .post(&format!("notifications/{notify_id}/resend"), json!({}))
        .await;
    checked.get("notifications").await;
    checked
        .post(
            "notifications",
            json!({ "name": "trade_status_sync", "fields": { "trade_status": "TRADE_SUCCESS" } }),
        )
        .await;
    checked.get("movements").await;
    checked.post("clock", json!({ "advance": 60.0 })).await;
    checked.post("clock", json!({ "reset": true })).await;
    checked.get("clock").await;
    checked.post("faults", json!({ "fault": "gbk" })).await;
    let waiting = checked.get("faults").await;
    let id = waiting[0]["id"].as_str().unwrap();
    checked.delete(&format!("faults/{id}")).await;

    let voucher = json!({
        "out_order_no": "1", "out_request_no": "1-1", "order_title": "押金", "amount": "20.00", "product_code": "PRE_AUTH",
    });
    client.call("alipay.fund.auth.order.voucher.create", &voucher).await;
    checked.post("preauthorizations/1/scan", json!({})).await;
    checked.post("preauthorizations/1/authorize", json!({})).await;
    checked.get("preauthorizations/1").await;

    for number in ["E1", "E2"] {
        let offer = json!({
            "personal_product_code": "GENERAL_WITHHOLDING_P", "sign_scene": "INDUSTRY|MEDICAL", "external_agreement_no": number,
        });
        Browser::open(&client, "alipay.user.agreement.page.sign", &offer, &[]).await;
    }
    checked.post("agreements/E1/sign", json!({})).await;
    checked.post("agreements/E2/refuse", json!({})).await;
    checked.post("agreements/E1/unsign", json!({})).await;
    checked.get("agreements/E1").await;
    checked.get("agreements").await;

    checked.post("app-gateway", json!({ "url": null })).await;
    checked
        .post("authorizations", json!({ "auth_app_id": "2021000000000009" }))
        .await;
    checked.get("authorizations/2021000000000009").await;
    checked.post("authorizations/2021000000000009/cancel", json!({})).await;
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": "x" });
    client.call("alipay.open.auth.token.app", &refresh).await;
    checked.get("dead-refresh-tokens").await;
    checked
        .post("user-authorizations", json!({ "scope": "auth_user" }))
        .await;
    checked.post("users/2088", json!({ "nick_name": "x" })).await;
    checked.post("visitor", json!({ "agrees": true })).await;
    checked.post("invoices/t", json!([{ "invoice_no": "1" }])).await;
    checked
        .post("royalties", json!({ "ratio": 50, "allow_returns": ["2088"] }))
        .await;
    checked.get("lifetimes").await;
    checked.post("lifetimes", json!({ "auth_code": 60 })).await;
    checked.get("certificates").await;
    checked.post("certificates/roll-over", json!({})).await;
    checked
        .post("certificates/forge", json!({ "forgery": "new_serial" }))
        .await;
    checked.post("certificates/forge", json!({ "forgery": null })).await;
    checked.get("buyers").await;
    checked.post("buyers/release", json!({})).await;
    checked.get("requests").await;
    checked
        .post(
            "answers",
            json!({ "method": "alipay.trade.query", "answer": { "trade_no": "1" }, "once": true }),
        )
        .await;
    checked
        .post(
            "next",
            json!({ "method": "alipay.trade.query", "code": "20000", "sub_code": "isp.unknow-error" }),
        )
        .await;
    checked.get("openapi.json").await;

    // What is refused.
    checked.ask("trades/9", None, 404).await;
    checked.ask("trades/1/pay", Some(json!({})), 409).await;
    checked.ask("next", Some(json!({ "method": 1 })), 400).await;
    checked.ask("lifetimes", Some(json!({ "x": 1 })), 400).await;
    // Those that need a long way before they have something to show; their types are those of others.
    let mut rest = BTreeSet::new();
    for (path, operations) in checked.document["paths"].as_object().unwrap() {
        for verb in operations.as_object().unwrap().keys() {
            rest.insert((verb.clone(), path.clone()));
        }
    }
    let rest: Vec<_> = rest
        .difference(&checked.asked)
        .map(|(verb, path)| format!("{verb} {path}"))
        .collect();
    assert_eq!(
        rest,
        [
            "get /_mock/applications/{order_id}",
            "post /_mock/applications/{order_id}/pass",
            "post /_mock/applications/{order_id}/reject",
            "post /_mock/splits/{settle_no}/carry-out",
        ]
    );
    for (path, body) in [
        ("applications/1", None),
        ("applications/1/pass", Some(json!({ "memo": "x" }))),
        ("applications/1/reject", Some(json!({ "reason": "x" }))),
        ("splits/1/carry-out", Some(json!({ "failing": ["2088"] }))),
    ] {
        checked.ask(path, body, 404).await;
    }
}

#[test]
fn the_check_finds_what_does_not_fit() {
    let document = json!({ "components": { "schemas": { "A": { "type": "object", "properties": { "n": { "type": ["integer", "null"] } }, "required": ["n"] } } } });
    let schema = json!({ "type": "array", "items": { "$ref": "#/components/schemas/A" } });
    let check = |value: Value| flaw(&document, &schema, &value, "");
    assert_eq!(check(json!([{ "n": 1 }, { "n": null }])), None);
    for wrong in [
        json!({}),
        json!([{}]),
        json!([{ "n": "1" }]),
        json!([{ "n": 1, "m": 2 }]),
    ] {
        assert!(check(wrong.clone()).is_some(), "{wrong}");
    }
}

#[tokio::test]
async fn the_document_names_the_gateways_address() {
    let builder: Builder = Mock::builder().public_url("https://mock.example").unwrap();
    let mock = builder.start().await.unwrap();
    assert!(Client::of(&mock).gateway.starts_with("http://127.0.0.1"));
    let (_, document) = control(&mock, None, "openapi.json").await;
    assert_eq!(document["servers"][0]["url"], "https://mock.example");
    assert_eq!(document["openapi"], "3.1.0");
}
