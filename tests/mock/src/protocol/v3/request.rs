//! Requests.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use http::{HeaderMap, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::answer::Answer;
use super::authorization::Authorization;
use super::body::{Body, ENCRYPT_TYPE};
use super::fields;
use crate::diagnosis::{self, Diagnosis, Mistake, SEARCHED};
use crate::encryption::{AesKey, DecryptionError, EncryptType};
use crate::html::escape;
use crate::journal::{Received, ReceivedFile};
use crate::keys::PublicKey;
use crate::protocol::charset::Charset;
use crate::protocol::failure::Failure;
use crate::protocol::urlencoded::pairs;
use crate::protocol::{self, Callbacks, Encryption, Outcome};
use crate::routes::Route;
use crate::specs::{Described, Target};

const APP_AUTH_TOKEN: &str = "alipay-app-auth-token";
const ROOT_CERT_SN: &str = "alipay-root-cert-sn";

/// The headers that may come once.
const SINGLE: [&str; 5] = [
    APP_AUTH_TOKEN,
    ROOT_CERT_SN,
    ENCRYPT_TYPE,
    "alipay-request-id",
    "content-type",
];

/// A request may be so old, and so far ahead of the gateway's clock.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// The method at a path.
#[derive(Clone, Debug)]
pub(crate) enum Called<'s> {
    /// It has a spec.
    Described(Described<'s>),
    /// It has none.
    Undescribed(String),
}

/// A request of this protocol.
#[derive(Clone, Debug)]
pub(crate) struct Request<'s> {
    /// When it came, by the gateway's clock.
    arrived: Timestamp,
    authorization: Result<Authorization, Failure>,
    verb: String,
    /// Path and query, as sent.
    resource: String,
    called: Option<Called<'s>>,
    /// What the path says.
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Body,
    problem: Option<Failure>,
    /// How the answer is encrypted.
    encryption: Option<Encryption>,
}

impl Called<'_> {
    fn target(&self) -> Target<'_> {
        match self {
            Self::Described(described) => Target::Described(*described),
            Self::Undescribed(name) => Target::Undescribed(name),
        }
    }
}

impl<'s> Request<'s> {
    /// Takes apart what came to a path of this protocol. `route` is where that leads.
    pub(crate) fn of(
        route: Route<Called<'s>>,
        arrived: Timestamp,
        verb: &str,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let (called, path, wrong_place) = match route {
            Route::Found(called, path) => (Some(called), path, None),
            Route::OtherVerb => {
                let message = format!("请求方法错误: {verb} {}", uri.path());
                (
                    None,
                    Vec::new(),
                    Some(Failure::invalid("isv.invalid-http-method", message)),
                )
            }
            Route::Unknown => {
                let message = format!("不存在的方法名: {verb} {}", uri.path());
                (None, Vec::new(), Some(Failure::invalid("isv.invalid-method", message)))
            }
        };
        let repeated = SINGLE
            .into_iter()
            .find(|name| headers.get_all(*name).iter().count() > 1);
        let repeated = repeated.map(|name| invalid(format!("请求头重复: {name}")));
        let target = called.as_ref().map(Called::target);
        let v3 = target.and_then(Target::method).and_then(|method| method.v3.as_ref());
        let (body, wrong_body) = Body::read(headers, v3.map(|v3| v3.multipart), body);
        let (query, wrong_query) = read(uri.query().unwrap_or_default());
        Self {
            arrived,
            authorization: Authorization::read(headers),
            verb: verb.to_owned(),
            resource: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            called,
            path,
            query,
            headers: headers.clone(),
            body,
            problem: wrong_place.or(repeated).or(wrong_body).or(wrong_query),
            encryption: None,
        }
    }

    fn target(&self) -> Option<Target<'_>> {
        self.called.as_ref().map(Called::target)
    }

    /// A header's text, if it is there and not empty.
    fn header(&self, name: &str) -> Option<&str> {
        let text = self.headers.get(name).and_then(|value| value.to_str().ok());
        text.filter(|text| !text.is_empty())
    }

    /// An item of the authorization.
    fn item(&self, name: &str) -> Option<&str> {
        let authorization = self.authorization.as_ref().ok();
        authorization.and_then(|authorization| authorization.get(name))
    }

    /// A parameter that V2 has outside the content, and V3 in its body.
    fn notify_url(&self) -> Option<&str> {
        const NAME: &str = "notify_url";
        let is_own = self.target().and_then(Target::method).is_none_or(|method| {
            let v3 = method.v3.as_ref();
            v3.is_some_and(|v3| v3.only.iter().any(|only| only == NAME))
        });
        let fields = self.body.fields.as_ref().ok().filter(|_| is_own)?;
        fields.get(NAME).and_then(Value::as_str).filter(|url| !url.is_empty())
    }

    /// The text that is signed.
    fn message(&self, authorization: &Authorization) -> Vec<u8> {
        let head = format!("{}\n{}\n{}\n", authorization.signed, self.verb, self.resource);
        let mut message = head.into_bytes();
        message.extend_from_slice(&self.body.signed);
        message.push(b'\n');
        if let Some(token) = self.header(APP_AUTH_TOKEN) {
            message.extend_from_slice(format!("{token}\n").as_bytes());
        }
        message
    }

    /// The texts of known mistakes.
    fn mistakes(&self, message: &[u8], authorization: &Authorization) -> Vec<(Mistake, Vec<u8>)> {
        if message.len() > SEARCHED {
            return Vec::new();
        }
        let mut mistakes = Vec::new();
        if let Some(bare) = message.strip_suffix(b"\n") {
            mistakes.push((Mistake::WithoutLastLineEnd, bare.to_vec()));
        }
        let mut changed = self.clone();
        changed.headers.remove(APP_AUTH_TOKEN);
        mistakes.push((Mistake::WithoutToken, changed.message(authorization)));
        let mut changed = self.clone();
        if let Some((path, _)) = self.resource.split_once('?') {
            path.clone_into(&mut changed.resource);
        }
        mistakes.push((Mistake::WithoutQuery, changed.message(authorization)));
        mistakes
    }
}

impl protocol::Request for Request<'_> {
    fn received(&self) -> Received {
        let mut received = Received::new();
        let mut note = |name: &str, value: &str| _ = received.insert(name.to_owned(), value.to_owned());
        for (name, value) in &self.headers {
            note(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        for (name, value) in self.authorization.iter().flat_map(Authorization::items) {
            note(name, value);
        }
        note("http_method", &self.verb);
        note("path", &self.resource);
        note("body", &String::from_utf8_lossy(&self.body.signed));
        let shared = [
            ("method", self.target().map(Target::name)),
            ("app_auth_token", self.header(APP_AUTH_TOKEN)),
            ("alipay_root_cert_sn", self.header(ROOT_CERT_SN)),
            ("notify_url", self.notify_url()),
        ];
        for (name, value) in shared {
            if let Some(value) = value {
                note(name, value);
            }
        }
        if let Some(content) = self.target().and_then(|target| self.content(target).ok()) {
            note("biz_content", &Value::from(content).to_string());
        }
        received
    }

    fn files(&self) -> &[(String, ReceivedFile)] {
        &self.body.files
    }

    fn method(&self) -> Option<&str> {
        self.target().map(Target::name)
    }

    fn is_order_string(&self) -> bool {
        false
    }

    fn app_id(&self) -> Result<&str, Failure> {
        let authorization = self.authorization.as_ref().map_err(Clone::clone)?;
        let app_id = authorization.get("app_id");
        app_id.ok_or_else(|| Failure::missing("isv.missing-app-id", "缺少 app_id 参数"))
    }

    fn app_cert_sn(&self) -> Option<&str> {
        self.item("app_cert_sn")
    }

    fn root_cert_sn(&self) -> Option<&str> {
        self.header(ROOT_CERT_SN)
    }

    fn app_auth_token(&self) -> Option<&str> {
        self.header(APP_AUTH_TOKEN)
    }

    fn callbacks(&self) -> Callbacks {
        let sign_type = self.authorization.as_ref().map(|authorization| authorization.sign_type);
        Callbacks {
            notify_url: self.notify_url().map(str::to_owned),
            return_url: None,
            charset: Charset::default(),
            sign_type: sign_type.unwrap_or_default(),
        }
    }

    fn encrypt_type(&self) -> Option<&str> {
        self.header(ENCRYPT_TYPE)
    }

    fn looks_encrypted(&self) -> bool {
        let bytes = STANDARD.decode(&self.body.signed);
        bytes.is_ok_and(|bytes| !bytes.is_empty() && bytes.len().is_multiple_of(16))
    }

    fn decrypted(
        &self,
        encrypt_type: EncryptType,
        key: &AesKey,
    ) -> Result<Box<dyn protocol::Request + '_>, DecryptionError> {
        let ciphertext = std::str::from_utf8(&self.body.signed).map_err(|_| DecryptionError)?;
        let plain = key.decrypt(encrypt_type, ciphertext)?;
        Ok(Box::new(Self {
            body: self.body.decrypted(&plain),
            encryption: Some(Encryption {
                encrypt_type,
                key: key.clone(),
            }),
            ..self.clone()
        }))
    }

    fn readable(&self) -> Result<(), Failure> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    fn sent(&self) -> Option<Timestamp> {
        let millis = self.item("timestamp")?.parse().ok()?;
        Timestamp::from_millisecond(millis).ok()
    }

    fn window(&self) -> Option<SignedDuration> {
        Some(WINDOW)
    }

    fn longest_url(&self) -> usize {
        1024
    }

    fn well_formed(&self) -> Result<(), Failure> {
        let authorization = self.authorization.as_ref().map_err(Clone::clone)?;
        let time = authorization.get("timestamp");
        let time = time.ok_or_else(|| Failure::missing("isv.missing-timestamp", "缺少时间戳参数"))?;
        let wrong_time =
            |message: &str| Failure::invalid("isv.invalid-timestamp", format!("非法的时间戳参数：{message}"));
        let millis = time
            .parse()
            .ok()
            .and_then(|time| Timestamp::from_millisecond(time).ok());
        if millis.is_none() {
            return Err(wrong_time("应为毫秒数"));
        }
        if authorization.get("nonce").is_none() {
            return Err(invalid("缺少 nonce 参数".to_owned()));
        }
        match authorization.sign {
            Some(_) => Ok(()),
            None => Err(Failure::missing("isv.missing-signature", "缺少签名参数")),
        }
    }

    fn verified(&self, app_key: &PublicKey) -> Result<(), Failure> {
        let authorization = self.authorization.as_ref().map_err(Clone::clone)?;
        let message = self.message(authorization);
        let sign = authorization.sign.as_deref().unwrap_or_default();
        if app_key.verify(authorization.sign_type, &message, sign) {
            return Ok(());
        }
        let advice = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：";
        let message = escape(&String::from_utf8_lossy(&message));
        Err(Failure::invalid("isv.invalid-signature", format!("{advice}{message}")))
    }

    fn signed_text(&self) -> Option<String> {
        let authorization = self.authorization.as_ref().ok()?;
        Some(String::from_utf8_lossy(&self.message(authorization)).into_owned())
    }

    fn diagnosis(&self, app_key: &PublicKey) -> Diagnosis {
        let Ok(authorization) = &self.authorization else {
            return Diagnosis::Unknown;
        };
        let message = self.message(authorization);
        let sign = authorization.sign.as_deref().unwrap_or_default();
        let mistakes = self.mistakes(&message, authorization);
        diagnosis::of(app_key, authorization.sign_type, &message, sign, mistakes.into_iter())
    }

    fn content(&self, target: Target<'_>) -> Result<Map<String, Value>, Failure> {
        let described = target.method().and_then(|method| Some((method, method.v3.as_ref()?)));
        if let Some((method, v3)) = described {
            return fields::content(method, v3, &self.path, &self.query, &self.body);
        }
        let mut content = self.body.fields.clone()?;
        content.extend(
            self.query
                .iter()
                .map(|(name, text)| (name.clone(), Value::from(text.as_str()))),
        );
        Ok(content)
    }

    fn answer(&self, target: Option<Target<'_>>, outcome: Outcome) -> Box<dyn protocol::Answer> {
        Box::new(Answer::of(
            target.and_then(Target::method),
            outcome,
            self.arrived,
            self.encryption.clone(),
        ))
    }
}

/// Reads a query, and says what is wrong with it.
fn read(query: &str) -> (Vec<(String, String)>, Option<Failure>) {
    let (mut read, mut problem): (Vec<(String, String)>, _) = (Vec::new(), None);
    for (name, value) in pairs(query.as_bytes()) {
        let (Ok(name), Ok(value)) = (String::from_utf8(name), String::from_utf8(value)) else {
            problem.get_or_insert_with(|| Failure::invalid("isv.invalid-charset", "字符集错误：应为 UTF-8"));
            continue;
        };
        if read.iter().any(|(known, _)| *known == name) {
            problem.get_or_insert_with(|| invalid(format!("参数重复: {name}")));
        } else {
            read.push((name, value));
        }
    }
    (read, problem)
}

fn invalid(message: String) -> Failure {
    Failure::invalid("isv.invalid-parameter", message)
}
