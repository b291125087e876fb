//! Keys of `tests/cases/`.

use alipay_api::{Credentials, sign::PrivateKey};
use alipay_mock::Mock;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::case;

/// The key that a case describes, made of this one.
fn text(name: &str, mock: &Mock) -> String {
    let case = case(name);
    assert_eq!(case["what"], "private key");
    let mut text = match case["start"].as_str().unwrap() {
        "pkcs8 pem" => mock.app_private_key_pem(),
        "pkcs8 base64, one line" => mock.app_private_key(),
        other => panic!("{other}"),
    };
    for step in case["steps"].as_array().unwrap() {
        text = match step {
            Value::String(step) if step == "base64" => BASE64_STANDARD.encode(&text),
            Value::Object(step) => {
                let [from, to] = [0, 1].map(|index| step["replace"][index].as_str().unwrap());
                assert!(text.contains(from));
                text.replace(from, to)
            }
            other => panic!("{other}"),
        };
    }
    text
}

#[tokio::test]
async fn a_file_once_more_in_base64_is_taken() {
    let mock = Mock::start().await.unwrap();
    let key = PrivateKey::parse(&text("keys/base64-of-pem", &mock)).unwrap();
    let given = PrivateKey::parse(&mock.app_private_key()).unwrap();
    assert_eq!(key.public_key(), given.public_key());
}

#[tokio::test]
async fn a_plus_that_became_a_blank_is_named() {
    let mock = Mock::start().await.unwrap();
    let text = text("keys/plus-turned-into-blank", &mock);
    let error = Credentials::public_key(&text, &mock.alipay_public_key()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the app's private key: the private key's base64 has blanks where each `+` was"),
        "{error}"
    );
}
