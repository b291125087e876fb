//! What is sent again, how often and when: whatever fails, nothing is done twice, and an outage is not multiplied.

mod decided;
mod outage;
mod table;
mod values;

use std::{
    collections::VecDeque,
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use alipay_api::{
    Client, ClientBuilder, Credentials, Error,
    sign::{self, BadSignature, SignError, SignType, Signer, Verifier},
    transport::{
        BoxFuture, MAX_BODY, Request, RequestBody, ReqwestTransport, Response, ResponseBody, Transport, TransportError,
        TransportErrorKind, http_body::Frame,
    },
};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;

/// What happens to one attempt on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// There is no connection.
    NoConnection,
    /// Something in front of the transport lets nothing through.
    HeldBack,
    /// The connection breaks before the request has arrived, which its sender can't know.
    ResetBefore,
    /// The connection breaks once the request has arrived.
    ResetAfter,
    /// The request does not arrive, and nothing else happens.
    Lost,
    /// The request arrives, and nothing else happens.
    Stalled,
    /// The answer ends before the length that it has named.
    WrongLength,
    /// The first half of the answer, as if it were whole.
    Truncated,
    /// A proxy's page in place of the answer; the request has arrived.
    BadGateway,
    /// A proxy's page; the request has not arrived.
    BadGatewayBefore,
    /// A web page with status 200.
    Html,
    Empty,
    Unsigned,
    WrongSignature,
    /// The genuine answer to an earlier call of the same method.
    OfAnother,
}

/// Passes attempts on to the gateway, each with its own trouble.
#[derive(Clone, Debug)]
struct Troubled(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: ReqwestTransport,
    troubles: Mutex<VecDeque<Trouble>>,
    /// The last genuine answer of an attempt without trouble.
    last: Mutex<Bytes>,
    /// How many attempts were made, and the content of those that have arrived.
    attempts: AtomicUsize,
    arrived: Mutex<Vec<String>>,
}

impl Troubled {
    fn new() -> Self {
        Self(Arc::new(Shared {
            inner: ReqwestTransport::new().unwrap(),
            troubles: Mutex::default(),
            last: Mutex::default(),
            attempts: AtomicUsize::new(0),
            arrived: Mutex::default(),
        }))
    }

    /// The next attempts have these troubles; those after them have none.
    fn expect(&self, troubles: impl IntoIterator<Item = Trouble>) {
        *self.0.troubles.lock().unwrap() = troubles.into_iter().collect();
        self.0.attempts.store(0, Ordering::SeqCst);
        self.0.arrived.lock().unwrap().clear();
    }

    /// How many attempts were made.
    fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::SeqCst)
    }

    /// The content of the requests that have arrived at the gateway.
    fn arrived(&self) -> Vec<String> {
        self.0.arrived.lock().unwrap().clone()
    }

    async fn pass(&self, request: Request) -> Result<http::Response<Bytes>, TransportError> {
        let (head, body) = request.into_parts();
        let body = body.into_bytes().await.unwrap();
        let content = form_urlencoded::parse(&body).find(|(name, _)| name == "biz_content");
        let content = content.map(|(_, value)| value.into_owned()).unwrap_or_default();
        self.0.arrived.lock().unwrap().push(content);
        let answer = self
            .0
            .inner
            .send(Request::from_parts(head, RequestBody::from(body)))
            .await?;
        let (head, body) = answer.into_parts();
        Ok(http::Response::from_parts(head, body.collect(MAX_BODY).await?))
    }
}

impl Transport for Troubled {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let trouble = self.0.troubles.lock().unwrap().pop_front().unwrap_or(Trouble::None);
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        let broken = || Err(TransportError::new(TransportErrorKind::Broken));
        let whole = |body: Bytes| Ok(Response::new(body.into()));
        Box::pin(async move {
            match trouble {
                Trouble::NoConnection => return Err(TransportError::new(TransportErrorKind::Connect)),
                Trouble::HeldBack => return Err(TransportError::new(TransportErrorKind::NotSent)),
                Trouble::ResetBefore => return broken(),
                Trouble::BadGatewayBefore => return Ok(bad_gateway()),
                Trouble::Lost => return pending().await,
                _ => {}
            }
            let answer = self.pass(request).await?;
            let half = answer.body().slice(..answer.body().len() / 2);
            let text = String::from_utf8(answer.body().to_vec()).unwrap();
            match trouble {
                Trouble::ResetAfter => broken(),
                Trouble::Stalled => pending().await,
                Trouble::WrongLength => {
                    let frames = [Ok(Frame::data(half)), Err("the body is shorter than its length")];
                    Ok(Response::new(ResponseBody::stream(StreamBody::new(stream::iter(
                        frames,
                    )))))
                }
                Trouble::Truncated => whole(half),
                Trouble::BadGateway => Ok(bad_gateway()),
                Trouble::Html => whole("<html>Welcome</html>".into()),
                Trouble::Empty => whole(Bytes::new()),
                Trouble::Unsigned => whole(text.replace(r#""sign":""#, r#""sigh":""#).into()),
                Trouble::WrongSignature => {
                    let sign = text.split(r#""sign":""#).nth(1).unwrap().split('"').next().unwrap();
                    let turned: String = sign.chars().rev().skip_while(|one| *one == '=').collect();
                    whole(text.replace(sign, &format!("{turned}{}", &sign[turned.len()..])).into())
                }
                Trouble::OfAnother => whole(self.0.last.lock().unwrap().clone()),
                _ => {
                    *self.0.last.lock().unwrap() = answer.body().clone();
                    Ok(answer.map(Into::into))
                }
            }
        })
    }
}

fn bad_gateway() -> Response {
    let page = "<html><h1>502 Bad Gateway</h1></html>";
    http::Response::builder()
        .status(502)
        .body(Bytes::from(page).into())
        .unwrap()
}

/// Signs for nothing, and believes everything: signatures are not what is shown here.
#[derive(Debug)]
struct Free;

impl Signer for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> sign::BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(ready(Ok(vec![0])))
    }
}

impl Verifier for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }
}

/// A client of a gateway that the transport plays.
fn free(gateway: &str, transport: impl Transport + 'static) -> ClientBuilder {
    let credentials = Credentials::custom(Arc::new(Free), Arc::new(Free)).unwrap();
    Client::builder("2021000000000001", credentials)
        .gateway(gateway)
        .transport(transport)
}

/// How a call has ended, as far as its caller may believe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    /// Not by this call.
    Failed,
    Unknown,
}

impl End {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if error.is_outcome_unknown() => Self::Unknown,
            Err(_) => Self::Failed,
        }
    }
}
