//! Answers: a node of JSON under the method's name, and the signature over its exact text.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::charset::Charset;
use super::failure::{Failure, msg};
use crate::certificates::Signatory;
use crate::keys::{KeyError, SignType};

/// The fields of an answer, in the order that they are written in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(Cow<'static, str>, Value)>);

impl Fields {
    /// No fields yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// And this one.
    pub(crate) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// And this one, if there is a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

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
}

impl Answer {
    /// The node of a success, or of an outcome like `10003`.
    pub(crate) fn success(code: &str, fields: &Fields) -> String {
        let mut node = format!("{{\"code\":\"{code}\",\"msg\":\"{}\"", msg(code));
        for (name, value) in &fields.0 {
            // Writing to a string can't fail.
            let _ = write!(node, ",\"{name}\":{value}");
        }
        node.push('}');
        node
    }

    /// The node of a success without a code.
    pub(crate) fn bare(fields: &Fields) -> String {
        let fields: Vec<_> = fields
            .0
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    /// The node of an error.
    pub(crate) fn failure(failure: &Failure) -> String {
        let text = |text: &str| Value::from(text).to_string();
        format!(
            "{{\"code\":{},\"msg\":\"{}\",\"sub_code\":{},\"sub_msg\":{}}}",
            text(&failure.code),
            msg(&failure.code),
            text(&failure.sub_code),
            text(&failure.sub_msg)
        )
    }

    /// The node as it goes out.
    pub(crate) fn node_bytes(&self) -> Vec<u8> {
        self.charset.encode_json(&self.node)
    }

    /// The whole body.
    pub(crate) fn body(&self, signatory: &Signatory) -> Result<Vec<u8>, KeyError> {
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
