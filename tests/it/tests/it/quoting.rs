//! Whoever answers may quote the request: a proxy in its page, the gateway in its words. No secret of it gets into an error's text.

use std::sync::{Arc, Mutex};

use alipay_api::{
    Error, ErrorKind,
    trade::{Pay, PayRequired, pay::PayScene, types::ExtUserInfo},
    transport::{BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::support::{builder, price, start};

const TOKEN: &str = "201509BB/eff9351ad18+4306903e96b91d248A36==";
const AUTH_CODE: &str = "28763443825664394";
const CERT_NO: &str = "36233\"4768769238881";
const PIN: &str = "99887766";
const SUBJECT: &str = "a subject of nobody's business";

type Escape = fn(&str) -> String;

fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn html_escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Answers with the request's parameters, so escaped, in the place of each `{}`.
#[derive(Clone, Debug)]
struct Echo {
    page: &'static str,
    escape: Escape,
    sign: Arc<Mutex<String>>,
}

impl Transport for Echo {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let pairs =
            form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(request.body().as_bytes().unwrap()));
        let mut text = String::new();
        for (name, value) in pairs {
            if name == "sign" {
                *self.sign.lock().unwrap() = value.clone().into_owned();
            }
            text.extend([&*name, "=", &*value, "&"]);
        }
        let quoted = (self.escape)(&text);
        let quoted = if self.page.contains('"') {
            json_escaped(&quoted)
        } else {
            quoted
        };
        let body = self.page.replace("{}", &quoted);
        Box::pin(async move { Ok(http::Response::new(body.into())) })
    }
}

/// Everything that an error says in words.
fn shown(error: &Error) -> String {
    let words = [error.message(), error.sub_code(), error.sub_message(), error.trace_id()];
    format!("{error} {error:?} {words:?}")
}

#[tokio::test]
async fn no_secret_is_shown_however_it_is_quoted() {
    let (mock, _) = start().await;
    let buyer = ExtUserInfo::new().cert_no(CERT_NO);
    let pay = Pay::with_auth_code(
        AUTH_CODE,
        PayRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: SUBJECT.into(),
        },
    )
    .scene(PayScene::BarCode)
    .ext_user_info(buyer);
    let mut kinds = Vec::new();
    for page in [
        "<html><title>{}</title>",
        "{}",
        "callback({\"request\":\"{}\"})",
        "\u{feff}{\"request\":\"{}\"}",
        r#"{"error_response":{"code":"40002","msg":"{}","sub_code":"isv.x","sub_msg":"{}"}}"#,
        r#"{"error_response":{"code":"40002","msg":"{}","sub_code":"isv.invalid-signature","sub_msg":"wrong: {}"}}"#,
        r#"{"alipay_trade_pay_response":{"code":"20000","msg":"{}","sub_code":"isp.{}","sub_msg":"{}"}}"#,
    ] {
        for escape in [str::to_owned as Escape, percent_encoded, json_escaped, html_escaped] {
            let sign = Arc::new(Mutex::default());
            let echo = Echo {
                page,
                escape,
                sign: Arc::clone(&sign),
            };
            let client = builder(&mock)
                .transport(echo)
                .max_attempts(1)
                .build()
                .unwrap()
                .on_behalf_of(TOKEN);
            let raw = json!({ "auth_code": AUTH_CODE, "buyer": { "cert_no": CERT_NO }, "subject": SUBJECT });
            let typed = client.trade().pay(pay.clone()).await.unwrap_err();
            let signs = [sign.lock().unwrap().clone()];
            let raw = client
                .call_raw("alipay.trade.pay", raw)
                .parameter("pin", PIN)
                .await
                .unwrap_err();
            let raw_sign = sign.lock().unwrap().clone();
            let secrets = [TOKEN, AUTH_CODE, CERT_NO];
            let typed_secrets = secrets.iter().copied().chain(signs.iter().map(String::as_str));
            let raw_secrets = secrets.iter().copied().chain([PIN, SUBJECT, raw_sign.as_str()]);
            for (error, secrets) in [(typed, typed_secrets.collect::<Vec<_>>()), (raw, raw_secrets.collect())] {
                kinds.push(error.kind());
                let body = String::from_utf8_lossy(error.raw_body().unwrap()).into_owned();
                let text = shown(&error);
                for secret in secrets {
                    // In the content it is escaped already.
                    let forms = [secret.to_owned(), json_escaped(secret)].map(|text| escape(&text));
                    let forms = forms.iter().flat_map(|form| [form.clone(), json_escaped(form)]);
                    // It was there to be shown.
                    assert!(forms.clone().any(|form| body.contains(&form)), "{secret}: {body}");
                    for form in forms.chain([secret.to_owned()]) {
                        // Nor its beginning.
                        let begin: String = form.chars().take(8).collect();
                        assert!(!text.contains(&begin), "{begin} of {secret}: {text}");
                    }
                }
            }
        }
    }
    assert!(kinds.contains(&ErrorKind::Malformed) && kinds.contains(&ErrorKind::Gateway));
}

#[tokio::test]
async fn what_is_no_secret_stays() {
    let (mock, _) = start().await;
    let page = r#"{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.x","sub_msg":"{}"}}"#;
    let echo = Echo {
        page,
        escape: str::to_owned,
        sign: Arc::default(),
    };
    let client = builder(&mock).transport(echo).max_attempts(1).build().unwrap();
    let pay = Pay::with_auth_code(
        AUTH_CODE,
        PayRequired {
            out_trade_no: "order-20161112".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    let error = client.trade().pay(pay).await.unwrap_err();
    let words = error.sub_message().unwrap();
    assert!(
        words.contains("order-20161112") && words.contains("\"auth_code\":\"***\""),
        "{words}"
    );
    assert!(words.contains("sign=***&"), "{words}");
}

/// Says in its own words what it was asked.
#[derive(Debug)]
struct Chatty;

impl Transport for Chatty {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let cause = format!(
            "can't send {}",
            String::from_utf8_lossy(request.body().as_bytes().unwrap())
        );
        Box::pin(async { Err(TransportError::new(TransportErrorKind::Broken).with_source(cause)) })
    }
}

#[tokio::test]
async fn what_a_transport_says_is_looked_through_too() {
    let (mock, _) = start().await;
    let client = builder(&mock).transport(Chatty).max_attempts(1).build().unwrap();
    let pay = Pay::with_auth_code(
        AUTH_CODE,
        PayRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    let error = client.on_behalf_of(TOKEN).trade().pay(pay).await.unwrap_err();
    let text = shown(&error);
    assert!(
        text.contains("the connection broke: can't send") && text.contains("***"),
        "{text}"
    );
    assert!(!text.contains(AUTH_CODE) && !text.contains("201509BB"), "{text}");
    assert!(error.is_outcome_unknown());
}
