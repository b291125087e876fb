//! What can go wrong between the gateway and a client. Every fault spoils one answer; the call behind it has been carried out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use tokio::sync::oneshot;

use crate::certificates::Signatory;
use crate::keys::KeyError;
use crate::protocol::answer::{Answer, assemble};
use crate::protocol::charset::Charset;
use crate::server::connection::Cut;
use crate::server::reply::{CutOff, text};
use crate::server::{MAX_BODY, Reply};

/// Something that happens to the next answer.
///
/// In all cases the call has been carried out, which is what makes its outcome unknown to the caller. Faults of the signature and of the JSON do
/// nothing to the pages that browsers get.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This HTTP status, with a short text in place of the answer.
    HttpStatus(u16),
    /// 200, but a web page.
    Html,
    /// 200, but nothing.
    Empty,
    /// The first half of the answer, as if it were all of it.
    Truncated,
    /// The first half of the answer under the length of the whole; then the connection ends.
    CutOff,
    /// A signed answer of more than 8 MiB.
    Oversized,
    /// No `sign`.
    Unsigned,
    /// `"sign":""`.
    EmptySign,
    /// A well-formed `sign` over something else.
    WrongSign,
    /// One byte of the signed node is another one: the byte of this index, counted round the node's end.
    TamperedByte(usize),
    /// The node comes twice.
    DuplicateRoot,
    /// A signed answer in GBK whatever was asked for, with the field `note` to make sure that it isn't ASCII.
    GbkBody,
    /// `/` is written `\/`, but the signature is over the text with plain `/`. Some of Alipay's own gateways do this; a client should bear it.
    SlashEscaped,
    /// `/` is written `\/`, and signed so.
    SlashEscapedSigned,
    /// The answer waits: see [`Fault::delay`].
    Delay(Delay),
    /// The connection ends without a byte of answer.
    CloseConnection,
    /// 302 to this URL.
    Redirect(String),
    /// A signed answer with fields that no spec knows.
    ExtraField,
}

/// The waiting side of [`Fault::Delay`].
#[derive(Debug)]
pub struct Delay {
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// Lets a delayed answer go; so does dropping it.
#[derive(Debug)]
pub struct Release {
    reached: oneshot::Receiver<()>,
    // Dropping it is the signal, so it is never read.
    _released: oneshot::Sender<()>,
}

impl Release {
    /// Waits until the answer is held back: the call has been carried out by then.
    pub async fn reached(&mut self) {
        // An error means that the fault is gone, and with it all there was to wait for.
        let _ = (&mut self.reached).await;
    }

    /// Lets the answer go.
    pub fn release(self) {}
}

impl Fault {
    /// A fault that holds the answer back until the [`Release`] lets it go.
    pub fn delay() -> (Self, Release) {
        let (reached_sender, reached) = oneshot::channel();
        let (released_sender, released) = oneshot::channel();
        (
            Self::Delay(Delay {
                reached: reached_sender,
                released,
            }),
            Release {
                reached,
                _released: released_sender,
            },
        )
    }

    /// Does to a reply what the fault is about.
    pub(crate) async fn spoil(
        self,
        reply: Reply,
        signatory: &Signatory,
        cut: &Cut,
    ) -> Result<Response<Body>, KeyError> {
        let ok = |body: Vec<u8>| text(StatusCode::OK, "utf-8", body);
        Ok(match (self, reply) {
            (Self::HttpStatus(status), _) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                text(status, "utf-8", status.to_string())
            }
            (Self::Html, _) => {
                ok(b"<html><body><h1>\xe7\xb3\xbb\xe7\xbb\x9f\xe7\xb9\x81\xe5\xbf\x99</h1></body></html>".to_vec())
            }
            (Self::Empty, _) => ok(Vec::new()),
            (Self::Redirect(url), _) => {
                let mut response = text(StatusCode::FOUND, "utf-8", "");
                if let Ok(url) = HeaderValue::from_str(&url) {
                    response.headers_mut().insert(header::LOCATION, url);
                }
                response
            }
            (Self::CloseConnection, _) => {
                cut.now();
                ok(Vec::new())
            }
            (Self::Delay(delay), reply) => {
                // Nobody may be watching, and the release may have been dropped: both are fine.
                let _ = delay.reached.send(());
                let _ = delay.released.await;
                reply.response(signatory)?
            }
            (Self::Truncated, reply) => {
                let body = bytes(&reply, signatory)?;
                ok(body[..body.len() / 2].to_vec())
            }
            (Self::CutOff, reply) => {
                let mut response = ok(Vec::new());
                *response.body_mut() = Body::new(CutOff::half_of(&bytes(&reply, signatory)?));
                response
            }
            (fault, Reply::Answer(answer)) => {
                let charset = if matches!(fault, Self::GbkBody) {
                    Charset::gbk()
                } else {
                    answer.charset.clone()
                };
                text(StatusCode::OK, charset.name(), fault.spoil_answer(answer, signatory)?)
            }
            (_, page @ Reply::Page(_)) => page.response(signatory)?,
        })
    }

    /// The faults of the signature and of the JSON.
    fn spoil_answer(self, mut answer: Answer, signatory: &Signatory) -> Result<Vec<u8>, KeyError> {
        let sign = |node: &[u8]| signatory.sign(answer.sign_type, node);
        let node = answer.node_bytes();
        Ok(match self {
            Self::Unsigned => assemble(&answer.root, &node, None, signatory),
            Self::EmptySign => assemble(&answer.root, &node, Some(""), signatory),
            Self::WrongSign => assemble(&answer.root, &node, Some(&sign(b"something else")?), signatory),
            Self::TamperedByte(index) => {
                let mut tampered = node.clone();
                let length = tampered.len().max(1);
                if let Some(byte) = tampered.get_mut(index % length) {
                    *byte ^= 1;
                }
                assemble(&answer.root, &tampered, Some(&sign(&node)?), signatory)
            }
            Self::DuplicateRoot => {
                let mut twice = node.clone();
                twice.extend_from_slice(format!(",\"{}\":", answer.root).as_bytes());
                twice.extend_from_slice(&node);
                assemble(&answer.root, &twice, Some(&sign(&node)?), signatory)
            }
            Self::SlashEscaped | Self::SlashEscapedSigned => {
                let escaped = answer.charset.encode_json(&answer.node.replace('/', "\\/"));
                let signed = if matches!(self, Self::SlashEscaped) {
                    &node
                } else {
                    &escaped
                };
                assemble(&answer.root, &escaped, Some(&sign(signed)?), signatory)
            }
            Self::GbkBody => {
                answer.charset = Charset::gbk();
                extend(&mut answer.node, "\"note\":\"编码\"");
                answer.body(signatory)?
            }
            Self::Oversized => {
                extend(&mut answer.node, &format!("\"padding\":\"{}\"", "x".repeat(MAX_BODY)));
                answer.body(signatory)?
            }
            Self::ExtraField => {
                extend(
                    &mut answer.node,
                    "\"mock_text\":\"new\",\"mock_object\":{\"list\":[1,null,{\"deep\":true}]}",
                );
                answer.body(signatory)?
            }
            _ => answer.body(signatory)?,
        })
    }
}

/// A reply's body when nothing is the matter.
fn bytes(reply: &Reply, signatory: &Signatory) -> Result<Vec<u8>, KeyError> {
    match reply {
        Reply::Answer(answer) => answer.body(signatory),
        Reply::Page(html) => Ok(html.as_bytes().to_vec()),
    }
}

/// Puts members at the end of an object's text.
fn extend(node: &mut String, members: &str) {
    if node.pop() == Some('}') {
        node.push(',');
        node.push_str(members);
        node.push('}');
    }
}

/// The faults to come, one per call: each for the answers of one method, or for any.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<(Option<String>, Fault)>>);

impl Faults {
    /// Another one, after those that wait already.
    pub(crate) fn push(&self, method: Option<&str>, fault: Fault) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((method.map(str::to_owned), fault));
    }

    /// The next one for this method.
    pub(crate) fn take(&self, method: Option<&str>) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting
            .iter()
            .position(|(wanted, _)| wanted.is_none() || wanted.as_deref() == method)?;
        waiting.remove(place).map(|(_, fault)| fault)
    }
}
