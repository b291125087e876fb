//! The V2 protocol: everything is a parameter of a form or a query, signed all together; an answer is a node of JSON with its signature beside it.

pub(crate) mod answer;
mod mistakes;
pub(crate) mod parameters;
mod signature;

use alipay_codegen::ir::{Placement, Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::clock;
use crate::diagnosis::Diagnosis;
use crate::encryption::{AesKey, DecryptionError, EncryptType};
use crate::journal::{Received, ReceivedFile};
use crate::keys::{PublicKey, SignType};
use crate::protocol;
use crate::protocol::Encryption;
use crate::protocol::failure::Failure;
use crate::protocol::{Callbacks, Outcome, json};
use crate::specs::Target;
use answer::{Answer, root};
use parameters::{Parameters, Unreadable};

/// A request of this protocol.
#[derive(Debug)]
pub(crate) struct Request {
    parameters: Parameters,
    problem: Option<Unreadable>,
    /// Whether all of it came in the body. A form that a browser submits has the protocol's parameters in the query.
    is_order_string: bool,
    /// How the answer is encrypted.
    encryption: Option<Encryption>,
}

impl Request {
    /// Takes apart what came to `/gateway.do`.
    pub(crate) fn read(query: &str, content_type: &str, body: &[u8]) -> Self {
        let (parameters, problem) = Parameters::read(query, content_type, body);
        Self {
            parameters,
            problem,
            is_order_string: query.is_empty(),
            encryption: None,
        }
    }

    /// The same of a whole request.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self::read(uri.query().unwrap_or_default(), content_type.unwrap_or_default(), body)
    }

    fn sign_type(&self) -> Option<SignType> {
        self.parameters.get("sign_type").and_then(SignType::from_name)
    }

    fn require(&self, name: &str, sub_code: &'static str) -> Result<&str, Failure> {
        let value = self.parameters.get(name);
        value.ok_or_else(|| Failure::missing(sub_code, format!("缺少 {name} 参数")))
    }
}

impl protocol::Request for Request {
    fn received(&self) -> Received {
        let parameters = self.parameters.iter();
        parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn files(&self) -> &[(String, ReceivedFile)] {
        &self.parameters.files
    }

    fn method(&self) -> Option<&str> {
        self.parameters.get("method")
    }

    fn is_order_string(&self) -> bool {
        self.is_order_string
    }

    fn app_id(&self) -> Result<&str, Failure> {
        self.require("app_id", "isv.missing-app-id")
    }

    fn app_cert_sn(&self) -> Option<&str> {
        self.parameters.get("app_cert_sn")
    }

    fn root_cert_sn(&self) -> Option<&str> {
        self.parameters.get("alipay_root_cert_sn")
    }

    fn app_auth_token(&self) -> Option<&str> {
        self.parameters.get("app_auth_token")
    }

    fn callbacks(&self) -> Callbacks {
        let url = |name: &str| self.parameters.get(name).map(str::to_owned);
        Callbacks {
            notify_url: url("notify_url"),
            return_url: url("return_url"),
            charset: self.parameters.charset.clone(),
            sign_type: self.sign_type().unwrap_or_default(),
        }
    }

    fn encrypt_type(&self) -> Option<&str> {
        self.parameters.get("encrypt_type")
    }

    fn looks_encrypted(&self) -> bool {
        let content = self
            .parameters
            .get("biz_content")
            .and_then(|text| STANDARD.decode(text).ok());
        content.is_some_and(|bytes| !bytes.is_empty() && bytes.len().is_multiple_of(16))
    }

    fn decrypted(
        &self,
        encrypt_type: EncryptType,
        key: &AesKey,
    ) -> Result<Box<dyn protocol::Request + '_>, DecryptionError> {
        let ciphertext = self.parameters.get("biz_content").unwrap_or_default();
        let plain = key.decrypt(encrypt_type, ciphertext)?;
        let text = self
            .parameters
            .charset
            .decode(&plain)
            .ok_or(DecryptionError)?
            .into_owned();
        Ok(Box::new(Self {
            parameters: self.parameters.with("biz_content", plain, text),
            // What can't be read is not decrypted.
            problem: None,
            is_order_string: self.is_order_string,
            encryption: Some(Encryption {
                encrypt_type,
                key: key.clone(),
            }),
        }))
    }

    fn readable(&self) -> Result<(), Failure> {
        match &self.problem {
            None => Ok(()),
            Some(Unreadable::Charset) => Err(Failure::invalid("isv.invalid-charset", "字符集错误")),
            Some(Unreadable::Duplicate(name)) => {
                Err(Failure::invalid("isv.invalid-parameter", format!("参数重复: {name}")))
            }
            Some(Unreadable::Body) => Err(Failure::invalid(
                "isv.invalid-content-type",
                "请求体与 Content-Type 不符",
            )),
        }
    }

    fn sent(&self) -> Option<Timestamp> {
        self.parameters.get("timestamp").and_then(clock::parse)
    }

    fn window(&self) -> Option<SignedDuration> {
        None
    }

    fn longest_url(&self) -> usize {
        256
    }

    fn well_formed(&self) -> Result<(), Failure> {
        self.require("sign", "isv.missing-signature")?;
        if SignType::from_name(self.require("sign_type", "isv.missing-signature-type")?).is_none() {
            return Err(Failure::invalid("isv.invalid-signature-type", "无效签名类型"));
        }
        let time = self.require("timestamp", "isv.missing-timestamp")?;
        if time.len() != 19 || clock::parse(time).is_none() {
            let message = "非法的时间戳参数：应为 yyyy-MM-dd HH:mm:ss";
            return Err(Failure::invalid("isv.invalid-timestamp", message));
        }
        if self.require("version", "isv.missing-version")? != "1.0" {
            return Err(Failure::invalid("isv.invalid-parameter", "version 应为 1.0"));
        }
        match self.parameters.get("format") {
            Some(format) if !format.eq_ignore_ascii_case("json") => {
                Err(Failure::invalid("isv.invalid-format", "无效的数据格式：应为 JSON"))
            }
            _ => Ok(()),
        }
    }

    fn verified(&self, app_key: &PublicKey) -> Result<(), Failure> {
        signature::verify(&self.parameters, self.sign_type().unwrap_or_default(), app_key)
    }

    fn signed_text(&self) -> Option<String> {
        let message = self.parameters.string_to_sign();
        Some(self.parameters.charset.decode_lossy(&message))
    }

    fn diagnosis(&self, app_key: &PublicKey) -> Diagnosis {
        mistakes::diagnosis(&self.parameters, self.sign_type().unwrap_or_default(), app_key)
    }

    fn content(&self, target: Target<'_>) -> Result<Map<String, Value>, Failure> {
        let mut content = match self.parameters.get("biz_content") {
            Some(text) => json::object(text)
                .map_err(|problem| Failure::invalid("isv.illegal-json", format!("biz_content: {problem}")))?,
            None => Map::new(),
        };
        let Target::Described(described) = target else {
            return Ok(content);
        };
        for field in &described.method.request.fields {
            match field.placement {
                Placement::Business => {}
                Placement::TopLevel => {
                    content.remove(&field.name);
                    if let Some(text) = self.parameters.get(&field.name) {
                        content.insert(field.name.clone(), top_level(&field.ty, text));
                    }
                }
                Placement::File => {
                    content.remove(&field.name);
                    if self.parameters.has_file(&field.name) {
                        content.insert(field.name.clone(), Value::Bool(true));
                    }
                }
            }
        }
        Ok(content)
    }

    fn answer(&self, target: Option<Target<'_>>, outcome: Outcome) -> Box<dyn protocol::Answer> {
        const ERROR_ROOT: &str = "error_response";
        let own_root = || target.map_or_else(|| ERROR_ROOT.to_owned(), |target| root(target.name()));
        let has_code = target.is_none_or(|target| target.method().is_none_or(|method| !method.without_code));
        let (root, node, signed) = match outcome {
            Outcome::Success(code, mut fields) => {
                let is_app = target
                    .and_then(Target::method)
                    .is_some_and(|method| method.kind.is_app());
                // What a phone app gets says for which app it is.
                if is_app && fields.iter().all(|(name, _)| name != "app_id") {
                    fields = fields.maybe("app_id", self.parameters.get("app_id"));
                }
                (own_root(), Answer::success(&code, &fields), true)
            }
            Outcome::Bare(fields) => (own_root(), fields.json(), true),
            // A method whose answers have no `code` has its errors under another root.
            Outcome::Failure { failure, signed } if has_code => (own_root(), Answer::failure(&failure), signed),
            Outcome::Failure { failure, signed } => (ERROR_ROOT.to_owned(), Answer::failure(&failure), signed),
        };
        Box::new(Answer {
            root,
            node,
            signed,
            sign_type: self.sign_type().unwrap_or_default(),
            charset: self.parameters.charset.clone(),
            encryption: self.encryption.clone(),
        })
    }
}

/// A parameter of its own carries lists and objects as JSON text.
fn top_level(ty: &Type, text: &str) -> Value {
    match ty {
        Type::Scalar(_) => Value::from(text),
        Type::Named(_) | Type::List(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
}

#[cfg(test)]
mod tests;
