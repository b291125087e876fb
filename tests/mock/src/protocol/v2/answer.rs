//! Answers: a node of JSON under the method's name, and the signature over its exact text.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::certificates::Signatory;
use crate::faults::Fault;
use crate::keys::{KeyError, SignType};
use crate::protocol::MAX_BODY;
use crate::protocol::charset::Charset;
use crate::protocol::failure::{Failure, msg};
use crate::protocol::fields::Fields;
use crate::protocol::json::extend;
use crate::protocol::{self, Encryption};

/// An answer before it is put into bytes.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `alipay_trade_query_response`
    pub(crate) root: String,
    /// The node's JSON text.
    pub(crate) node: String,
    /// Whether it carries a signature. The gateway leaves it out where it doesn't know whose key to use.
    pub(crate) signed: bool,
    /// How it is signed.
    pub(crate) sign_type: SignType,
    /// What it is written in.
    pub(crate) charset: Charset,
    /// How its node is encrypted.
    pub(crate) encryption: Option<Encryption>,
}

impl protocol::Answer for Answer {
    fn response(&self, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        let body = self.body(signatory)?;
        Ok(protocol::text(StatusCode::OK, self.charset.name(), body))
    }

    fn spoiled(&self, fault: &Fault, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        let sign = |node: &[u8]| signatory.sign(self.sign_type, node);
        let with = |members: &str| {
            let mut answer = self.clone();
            extend(&mut answer.node, members);
            answer
        };
        let node = self.node_bytes();
        let body = match fault {
            Fault::Unsigned => assemble(&self.root, &node, None, signatory),
            Fault::UnsignedRefusal => {
                let refusal = self.charset.encode_json(&Self::failure(&Failure::wrong_signature()));
                assemble(&self.root, &refusal, None, signatory)
            }
            Fault::EmptySign => assemble(&self.root, &node, Some(""), signatory),
            Fault::WrongSign => assemble(&self.root, &node, Some(&sign(b"something else")?), signatory),
            Fault::TamperedByte(index) => {
                let mut tampered = node.clone();
                let length = tampered.len().max(1);
                if let Some(byte) = tampered.get_mut(index % length) {
                    *byte ^= 1;
                }
                assemble(&self.root, &tampered, Some(&sign(&node)?), signatory)
            }
            Fault::DuplicateRoot => {
                let mut twice = node.clone();
                twice.extend_from_slice(format!(",\"{}\":", self.root).as_bytes());
                twice.extend_from_slice(&node);
                assemble(&self.root, &twice, Some(&sign(&node)?), signatory)
            }
            Fault::SlashEscaped | Fault::SlashEscapedSigned => {
                // A ciphertext in base64 has slashes, too.
                let escaped = match self.encryption {
                    Some(_) => String::from_utf8_lossy(&node).replace('/', "\\/").into_bytes(),
                    None => self.charset.encode_json(&self.node.replace('/', "\\/")),
                };
                let signed = if matches!(fault, Fault::SlashEscaped) {
                    &node
                } else {
                    &escaped
                };
                assemble(&self.root, &escaped, Some(&sign(signed)?), signatory)
            }
            Fault::GbkBody => {
                let mut answer = with("\"note\":\"编码\"");
                answer.charset = Charset::gbk();
                return protocol::Answer::response(&answer, signatory);
            }
            Fault::Oversized => with(&format!("\"padding\":\"{}\"", "x".repeat(MAX_BODY))).body(signatory)?,
            Fault::ExtraField => {
                with("\"mock_text\":\"new\",\"mock_object\":{\"list\":[1,null,{\"deep\":true}]}").body(signatory)?
            }
            _ => self.body(signatory)?,
        };
        Ok(protocol::text(StatusCode::OK, self.charset.name(), body))
    }
}

impl Answer {
    /// The node of a success, or of an outcome like `10003`.
    pub(crate) fn success(code: &str, fields: &Fields) -> String {
        coded(code, fields).and(fields).json()
    }

    /// The node of an error.
    pub(crate) fn failure(failure: &Failure) -> String {
        let mut fields = coded(&failure.code, &failure.fields);
        if !failure.sub_code.is_empty() {
            fields = fields
                .with("sub_code", failure.sub_code.as_ref())
                .with("sub_msg", failure.sub_msg.as_str());
        }
        fields.and(&failure.fields).json()
    }

    /// The node as it goes out: the ciphertext of an encrypted one is a JSON string, and signed with its quotes.
    fn node_bytes(&self) -> Vec<u8> {
        let plain = self.charset.encode_json(&self.node);
        match &self.encryption {
            Some(Encryption { encrypt_type, key }) => {
                format!("\"{}\"", key.encrypt(*encrypt_type, &plain)).into_bytes()
            }
            None => plain,
        }
    }

    /// The whole body.
    fn body(&self, signatory: &Signatory) -> Result<Vec<u8>, KeyError> {
        let node = self.node_bytes();
        let sign = if self.signed {
            Some(signatory.sign(self.sign_type, &node)?)
        } else {
            None
        };
        Ok(assemble(&self.root, &node, sign.as_deref(), signatory))
    }
}

/// `{"<root>":<node>,"sign":"<sign>"}`, in certificate mode with the serial of the certificate that the signature is to be checked by.
pub(crate) fn assemble(root: &str, node: &[u8], sign: Option<&str>, signatory: &Signatory) -> Vec<u8> {
    let mut body = format!("{{\"{root}\":").into_bytes();
    body.extend_from_slice(node);
    if let Some(sign) = sign {
        if let Some(sn) = &signatory.alipay_cert_sn {
            body.extend_from_slice(format!(",\"alipay_cert_sn\":\"{sn}\"").as_bytes());
        }
        body.extend_from_slice(format!(",\"sign\":\"{sign}\"").as_bytes());
    }
    body.push(b'}');
    body
}

/// The root that a method's answers stand under.
pub(crate) fn root(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// A `code` and its `msg`, unless the other fields have them: a method may have its own.
fn coded(code: &str, others: &Fields) -> Fields {
    let has = |member: &str| others.iter().any(|(name, _)| name == member);
    let fields = Fields::new().maybe("code", (!has("code")).then_some(code));
    fields.maybe("msg", (!has("msg")).then(|| msg(code)))
}
