//! Answers: a status, JSON, and the signature over it in headers.
//!
//! Of an encrypted answer, the ciphertext is the body, and signed.

use alipay_codegen::ir::{Method, OutcomeMeaning};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;

use crate::certificates::Signatory;
use crate::faults::Fault;
use crate::keys::{KeyError, SignType};
use crate::numbers;
use crate::protocol::failure::{Failure, msg};
use crate::protocol::fields::Fields;
use crate::protocol::json::extend;
use crate::protocol::{self, Encryption, MAX_BODY, Outcome};

/// An answer before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    /// JSON, or what is encrypted.
    body: String,
    /// Whether it carries a signature. The gateway leaves it out where it doesn't know whose key to use.
    signed: bool,
    /// When it is made, by the gateway's clock.
    at: Timestamp,
    trace_id: String,
}

impl Answer {
    /// The answer to a call of this method, where the gateway knows it.
    pub(super) fn of(method: Option<&Method>, outcome: Outcome, at: Timestamp, encryption: Option<Encryption>) -> Self {
        let trace_id = numbers::random(16);
        let (status, fields, signed) = match outcome {
            Outcome::Success(code, fields) if is_pending(method, &code) => {
                // Not documented. A client reports a status 400 with the order's fields, as failures have them.
                let said = Fields::new().with("message", msg(&code)).with("code", code);
                (StatusCode::BAD_REQUEST, said.and(&fields), true)
            }
            Outcome::Success(code, fields) => {
                // Where the method has codes of its own, the gateway keeps them.
                let is_own =
                    method.is_some_and(|method| method.response.fields.iter().any(|field| field.name == "code"));
                let own = Fields::new().maybe("code", is_own.then_some(code.into_owned()));
                (StatusCode::OK, own.and(&fields), true)
            }
            Outcome::Bare(fields) => (StatusCode::OK, fields, true),
            Outcome::Failure { failure, signed } => {
                let code = code(method, &failure);
                let message = match &*failure.sub_msg {
                    "" => msg(&failure.code),
                    message => message,
                };
                let mut said = Fields::new().with("code", code);
                // Business refusals have no links.
                if failure.code != "40004" {
                    let link = format!("https://open.alipay.com/api/errCheck?traceId={trace_id}&source=openapi");
                    said = said.with("links", json!([{ "link": link, "desc": "解决方案" }]));
                }
                (
                    status(&failure.code),
                    said.with("message", message).and(&failure.fields),
                    signed,
                )
            }
        };
        let body = fields.json();
        Self {
            body: match encryption {
                // A client reads refusals as they are.
                Some(Encryption { encrypt_type, key }) if status.is_success() => {
                    key.encrypt(encrypt_type, body.as_bytes())
                }
                _ => body,
            },
            status,
            signed,
            at,
            trace_id,
        }
    }

    /// What goes out.
    fn body(&self) -> Bytes {
        Bytes::from(self.body.clone())
    }

    /// A response with this body, and a signature over it, if there is to be one.
    fn sent(&self, body: impl Into<Bytes>, signature: Option<&Signature>) -> Response<Bytes> {
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json;charset=UTF-8"),
        );
        let mut insert = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        insert("alipay-trace-id", &self.trace_id);
        if let Some(signature) = signature {
            insert("alipay-timestamp", &signature.timestamp);
            insert("alipay-nonce", &signature.nonce);
            insert("alipay-signature", &signature.text);
            if let Some(sn) = &signature.sn {
                insert("alipay-sn", sn);
            }
        }
        response
    }

    /// The signature over a body.
    fn sign(&self, body: &[u8], signatory: &Signatory) -> Result<Signature, KeyError> {
        let timestamp = self.at.as_millisecond().to_string();
        let nonce = numbers::random(16);
        let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        Ok(Signature {
            text: signatory.sign(SignType::Rsa2, &message)?,
            timestamp,
            nonce,
            sn: signatory.alipay_cert_sn.clone(),
        })
    }
}

/// The headers that prove an answer.
struct Signature {
    timestamp: String,
    nonce: String,
    text: String,
    sn: Option<String>,
}

impl protocol::Answer for Answer {
    fn response(&self, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        let body = self.body();
        let signature = self.signed.then(|| self.sign(&body, signatory)).transpose()?;
        Ok(self.sent(body, signature.as_ref()))
    }

    fn spoiled(&self, fault: &Fault, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        let body = self.body();
        let with = |members: &str| {
            let mut answer = self.clone();
            extend(&mut answer.body, members);
            answer.response(signatory)
        };
        let escaped = || Bytes::from(self.body.replace('/', "\\/"));
        let sign = |body: &[u8]| self.sign(body, signatory);
        Ok(match fault {
            Fault::Unsigned => self.sent(body, None),
            Fault::UnsignedRefusal => {
                let failure = Failure::wrong_signature();
                let refusal = Outcome::Failure { failure, signed: false };
                Self::of(None, refusal, self.at, None).response(signatory)?
            }
            Fault::EmptySign => {
                let text = String::new();
                let signature = Signature { text, ..sign(&body)? };
                self.sent(body, Some(&signature))
            }
            Fault::WrongSign => self.sent(body, Some(&sign(b"something else")?)),
            Fault::TamperedByte(index) => {
                let mut tampered = body.to_vec();
                let length = tampered.len().max(1);
                if let Some(byte) = tampered.get_mut(index % length) {
                    *byte ^= 1;
                }
                self.sent(tampered, Some(&sign(&body)?))
            }
            Fault::DuplicateRoot => self.sent(body.repeat(2), Some(&sign(&body)?)),
            Fault::SlashEscaped => self.sent(escaped(), Some(&sign(&body)?)),
            Fault::SlashEscapedSigned => self.sent(escaped(), Some(&sign(&escaped())?)),
            Fault::Oversized => with(&format!("\"padding\":\"{}\"", "x".repeat(MAX_BODY)))?,
            Fault::ExtraField => with("\"mock_text\":\"new\",\"mock_object\":{\"list\":[1,null,{\"deep\":true}]}")?,
            Fault::NoContent { signed } => {
                let signature = signed.then(|| sign(b"")).transpose()?;
                let mut response = self.sent(Bytes::new(), signature.as_ref());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            Fault::Stale(age) => {
                let at = self.at.checked_sub(*age).unwrap_or(Timestamp::MIN);
                Self { at, ..self.clone() }.response(signatory)?
            }
            _ => self.response(signatory)?,
        })
    }
}

/// Whether this code says that the call is not finished.
fn is_pending(method: Option<&Method>, code: &str) -> bool {
    method.is_some_and(|method| {
        let mut outcomes = method.outcomes.iter();
        outcomes.any(|outcome| outcome.code == code && outcome.meaning == OutcomeMeaning::Pending)
    })
}

/// What V3 calls a failure: the method's own codes are those of V2, and the gateway's are without what V2 has in front of them.
fn code(method: Option<&Method>, failure: &Failure) -> String {
    let sub_code = &*failure.sub_code;
    let is_own = method.is_some_and(|method| method.errors.iter().any(|error| error.code == sub_code));
    if sub_code.is_empty() {
        return failure.code.clone().into_owned();
    }
    let bare = ["isv.", "aop.", "isp."]
        .into_iter()
        .find_map(|prefix| sub_code.strip_prefix(prefix));
    bare.filter(|_| !is_own).unwrap_or(sub_code).to_owned()
}

/// The status that goes with V2's code.
fn status(code: &str) -> StatusCode {
    match code {
        "20000" => StatusCode::INTERNAL_SERVER_ERROR,
        "20001" | "40006" => StatusCode::UNAUTHORIZED,
        "40005" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}
