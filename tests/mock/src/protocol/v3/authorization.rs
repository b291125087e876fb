//! `Authorization: ALIPAY-SHA256withRSA app_id=…,nonce=…,timestamp=…,sign=…`

use http::{HeaderMap, header};

use crate::keys::SignType;
use crate::protocol::failure::Failure;

/// The only algorithm, by the name that the header has for it.
const SCHEME: (&str, SignType) = ("ALIPAY-SHA256withRSA", SignType::Rsa2);

/// What the header says.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    /// How the request is signed.
    pub(super) sign_type: SignType,
    /// What is signed of the header: all in front of the signature.
    pub(super) signed: String,
    /// The signature.
    pub(super) sign: Option<String>,
    items: Vec<(String, String)>,
}

impl Authorization {
    /// Reads the header. What the gateway misses first in a request without one is the timestamp.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Err(Failure::missing("isv.missing-timestamp", "缺少时间戳参数"));
        };
        if values.next().is_some() {
            return Err(malformed("请求头重复"));
        }
        let text = value.to_str().map_err(|_| malformed("应为 ASCII"))?;
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme != SCHEME.0 {
            let message = format!("无效签名类型：应为 {}", SCHEME.0);
            return Err(Failure::invalid("isv.invalid-signature-type", message));
        }
        Self::of(rest).map_err(|problem| malformed(&problem))
    }

    fn of(text: &str) -> Result<Self, String> {
        let (signed, sign) = match text.rsplit_once(",sign=") {
            Some((signed, sign)) => (signed, Some(sign.to_owned())),
            None => (text, None),
        };
        if sign.as_deref().is_some_and(|sign| sign.contains(',')) {
            return Err("sign 应在最后".to_owned());
        }
        let mut items: Vec<(String, String)> = Vec::new();
        for item in signed.split(',') {
            let Some((name, value)) = item.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(format!("{item:?} 不是 名称=值"));
            };
            if name == "sign" {
                return Err("sign 应在最后".to_owned());
            }
            if items.iter().any(|(known, _)| known == name) {
                return Err(format!("参数重复: {name}"));
            }
            items.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self {
            sign_type: SCHEME.1,
            signed: signed.to_owned(),
            sign: sign.filter(|sign| !sign.is_empty()),
            items,
        })
    }

    /// An item's value, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let item = self.items.iter().find(|(known, _)| known == name);
        item.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Names and values, in the order of the wire.
    pub(super) fn items(&self) -> impl Iterator<Item = (&str, &str)> {
        let items = self.items.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        items.chain(self.sign.as_deref().map(|sign| ("sign", sign)))
    }
}

fn malformed(problem: &str) -> Failure {
    Failure::invalid("isv.invalid-parameter", format!("authorization: {problem}"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Result<Authorization, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        Authorization::read(&headers).map_err(|failure| failure.sub_code.into_owned())
    }

    #[test]
    fn what_is_signed_ends_before_the_signature() {
        let read = read(&["ALIPAY-SHA256withRSA app_id=2021,nonce=a-1,timestamp=17,expired_seconds=120,sign=ab+/=="]);
        let read = read.unwrap();
        assert_eq!(read.signed, "app_id=2021,nonce=a-1,timestamp=17,expired_seconds=120");
        assert_eq!(read.sign.as_deref(), Some("ab+/=="));
        assert_eq!((read.get("app_id"), read.get("app_cert_sn")), (Some("2021"), None));
        assert_eq!(read.items().last(), Some(("sign", "ab+/==")));
    }

    #[test]
    fn what_is_no_authorization_is_refused() {
        let sound = "ALIPAY-SHA256withRSA app_id=2021,sign=x";
        assert!(read(&[sound]).is_ok());
        for (values, sub_code) in [
            (&[][..], "isv.missing-timestamp"),
            (&[sound, sound], "isv.invalid-parameter"),
            (&["Bearer app_id=2021"], "isv.invalid-signature-type"),
            (&["ALIPAY-SHA1withRSA app_id=2021"], "isv.invalid-signature-type"),
            (&["ALIPAY-SHA256withRSA"], "isv.invalid-parameter"),
            (&["ALIPAY-SHA256withRSA app_id"], "isv.invalid-parameter"),
            (
                &["ALIPAY-SHA256withRSA app_id=1,app_id=2,sign=x"],
                "isv.invalid-parameter",
            ),
            (
                &["ALIPAY-SHA256withRSA app_id=1,sign=x,nonce=2"],
                "isv.invalid-parameter",
            ),
            (&["ALIPAY-SHA256withRSA sign=x"], "isv.invalid-parameter"),
        ] {
            assert_eq!(read(values).unwrap_err(), sub_code, "{values:?}");
        }
    }
}
