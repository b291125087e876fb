use alipay_api::{__private::read_answer, Error, trade::Query};
use alipay_mock::{AesKey, EncryptType};
use bytes::Bytes;
use http::Response;

use crate::client::{AES_KEY, CLIENT};

/// Whatever is encrypted, or says that it is, nothing panics; and what is encrypted reads as what is plain. The input is a text or a ciphertext.
///
/// # Panics
/// If that is not so.
pub fn encrypted(bytes: &[u8]) {
    let key = AesKey::from_base64(AES_KEY).expect("a key");
    let _ = CLIENT.decrypt_payload(bytes);
    for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
        // The bytes as what was encrypted.
        let ciphertext = key.encrypt(encrypt_type, bytes);
        let payload = payload(&ciphertext, encrypt_type);
        let opened = CLIENT.decrypt_payload(&payload);
        if let Ok(opened) = &opened {
            assert_eq!(opened.as_str().as_bytes(), bytes);
        }
        let plain = serde_json::json!({ "response": String::from_utf8_lossy(bytes), "sign": "AA==" });
        if bytes.starts_with(b"{") && std::str::from_utf8(bytes).is_ok() {
            let code = |error: Error| error.code().map(str::to_owned);
            let plain = CLIENT.decrypt_payload(plain.to_string());
            assert_eq!(opened.map_err(code), plain.map_err(code));
        }
        let _ = CLIENT.notifications().verify(message(&ciphertext, encrypt_type));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // As the ciphertext itself.
    let _ = CLIENT.decrypt_payload(payload(text, EncryptType::Aes));
    let _ = CLIENT.notifications().verify(message(text, EncryptType::AesV2));
    // Nobody has asked for an encrypted answer.
    let answer = format!(
        r#"{{"alipay_trade_query_response":{},"sign":"AA=="}}"#,
        serde_json::json!(text)
    );
    assert!(read_answer::<Query>(&CLIENT, &Response::new(Bytes::from(answer))).is_err());
}

fn payload(response: &str, encrypt_type: EncryptType) -> String {
    serde_json::json!({ "response": response, "sign": "AA==", "encrypt_type": encrypt_type.name() }).to_string()
}

fn message(content: &str, encrypt_type: EncryptType) -> String {
    let parameters = [
        ("app_id", crate::client::APP_ID),
        ("biz_content", content),
        ("charset", "utf-8"),
        ("encrypt_type", encrypt_type.name()),
        ("msg_method", "alipay.open.auth.appauth.cancelled"),
        ("sign", "AA=="),
    ];
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    form.finish()
}
