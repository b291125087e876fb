//! Every method that has a place in V3 is answered there.

use std::time::SystemTime;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::answers::Answer;
use crate::clock::timestamp;
use crate::core::Core;

/// A signed request with every field of its method that V3 has.
fn request(mock: &Mock, described: Described<'_>) -> Option<http::Request<Bytes>> {
    let (method, v3) = (described.method, described.method.v3.as_ref()?);
    let mut fields = asked(described);
    let encoded = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
    };
    let mut target = v3.path.clone();
    let mut query = Vec::new();
    let mut files = Vec::new();
    for field in &method.request.fields {
        let parameter = format!("{{{}}}", field.name);
        if v3.without.contains(&field.name) {
            fields.remove(&field.name);
        } else if target.contains(&parameter) {
            let value = fields.remove(&field.name).unwrap();
            target = target.replace(&parameter, &encoded(&value));
        } else if v3.query.contains(&field.name) {
            let value = fields.remove(&field.name).unwrap();
            query.push(format!("{}={}", field.name, encoded(&value)));
        } else if field.placement == Placement::File {
            fields.remove(&field.name);
            files.push(field);
        }
    }
    for only in &v3.only {
        let value = match only.as_str() {
            "biz_content" => "{}",
            "notify_url" => "https://example.com/",
            _ => "x",
        };
        if v3.query.contains(only) {
            query.push(format!("{only}={value}"));
        } else {
            fields.insert(only.clone(), value.into());
        }
    }
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    assert!(fields.is_empty() || v3.verb != "GET", "{}: {fields:?}", method.name);
    let content = if fields.is_empty() {
        String::new()
    } else {
        Value::from(fields).to_string()
    };

    let serial = |of: fn(&Certificates) -> &str| mock.core.certificate(of);
    let auth = format!(
        "app_id={},app_cert_sn={},nonce=1,timestamp={}",
        mock.app_id(),
        serial(Certificates::app_cert_sn),
        timestamp(SystemTime::now()).as_millisecond()
    );
    let message = format!("{auth}\n{}\n{target}\n{content}\n", v3.verb);
    let sign = mock
        .app_key_pair()
        .unwrap()
        .sign(SignType::Rsa2, message.as_bytes())
        .unwrap();
    let (content_type, body) = if v3.multipart {
        multipart([("data", content.as_str())], &files)
    } else {
        assert!(files.is_empty(), "{}", method.name);
        ("application/json".to_owned(), content)
    };
    let request = http::Request::builder()
        .method(v3.verb.as_str())
        .uri(target)
        .header("authorization", format!("ALIPAY-SHA256withRSA {auth},sign={sign}"))
        .header("alipay-root-cert-sn", serial(Certificates::root_cert_sn))
        .header("content-type", content_type);
    Some(request.body(body.into()).unwrap())
}

/// What the gateway answers, and whether a behaviour or an order of a test is behind it.
fn answered(core: &Core, request: &http::Request<Bytes>) -> (Source, http::Response<Bytes>) {
    let (verb, uri, headers) = (request.method(), request.uri(), request.headers());
    let read = fronts::read(core, verb, uri, headers, request.body()).unwrap();
    let reply = answer(core, &*read, Language::default());
    (reply.source, reply.body.response(&core.signatory()).unwrap())
}

#[tokio::test]
async fn every_method_is_answered_at_its_place() {
    let mock = Mock::builder().certificates().start().await.unwrap();
    let alipay = mock.alipay_key_pair().public_key();
    let serial = mock.alipay_cert_sn();
    let (mut count, mut flaws) = (0, Vec::new());
    for name in mock.core.specs.methods() {
        let described = mock.core.specs.method(name).unwrap();
        let Some(request) = request(&mock, described) else {
            continue;
        };
        count += 1;
        let (source, response) = answered(&mock.core, &request);
        let (status, text) = (response.status(), String::from_utf8_lossy(response.body()).into_owned());
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        let message = format!(
            "{}\n{}\n{text}\n",
            header("alipay-timestamp").unwrap(),
            header("alipay-nonce").unwrap()
        );
        let sign = header("alipay-signature").unwrap();
        assert!(
            alipay.verify(SignType::Rsa2, message.as_bytes(), sign),
            "{name}: {text}"
        );
        assert_eq!(header("alipay-sn"), Some(serial.as_str()), "{name}");
        assert_eq!(mock.requests_of(name), 1, "{name}: {text}");
        let fields = json::object(&text).unwrap();
        if behaviour(name).is_some() {
            // What its orders and tokens are worth, its own tests tell: here, it got as far as its behaviour.
            assert_eq!(source, Source::Gateway, "{name}: {text}");
            let code = fields.get("code").and_then(Value::as_str).unwrap_or_default();
            let is_own = described.method.errors.iter().any(|error| error.code == code);
            if status != 200 && !is_own && code != "invalid-parameter" && status != 401 {
                flaws.push(format!("{name}: {text}"));
            }
        } else if source != Source::NotPlayed || status != 200 {
            flaws.push(format!("{name}: {text}"));
        } else if let Err(problem) = validate::response(described, &fields) {
            flaws.push(format!("{name}: {problem:?}"));
        }
        // It is this method, and it got all fields.
        mock.answer(
            name,
            Answer::of(|fields| serde_json::json!({ "got": fields })).exactly(),
        )
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (_, echoed) = answered(&mock.core, &request);
        let got = json::object(&String::from_utf8_lossy(echoed.body())).unwrap();
        let without = &described.method.v3.as_ref().unwrap().without;
        for field in described
            .method
            .request
            .fields
            .iter()
            .filter(|field| !without.contains(&field.name))
        {
            let has = got.get("got").is_some_and(|got| got.get(&field.name).is_some());
            if !has {
                flaws.push(format!("{name}: {} is lost: {got:?}", field.name));
            }
        }
    }
    assert!(flaws.is_empty(), "{}:\n{}", flaws.len(), flaws.join("\n"));
    assert!(count >= 740, "{count}");
}
