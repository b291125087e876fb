//! The network between a process and the gateway, as bad as a seed makes it.

use std::{
    collections::BTreeMap,
    fmt,
    future::pending,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alipay_api::transport::{
    BoxFuture, MethodName, Request, Response, ResponseBody, Transport, TransportError, TransportErrorKind,
};
use alipay_mock::Gateway;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::{sync::oneshot, time::sleep};

use crate::{chance::Chance, cheap, time::Time};

/// What can happen to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// There is no connection: nothing is sent.
    NoConnection,
    /// The connection breaks while the request is sent: it does not arrive.
    ResetBefore,
    /// The connection breaks when the request has arrived.
    ResetAfter,
    /// The connection breaks, and the request arrives up to 30 seconds later.
    Late,
    /// No answer comes: the request has arrived, arrives later, or never.
    Stall,
    /// The answer comes in pieces, with pauses between them.
    Drip,
    /// The answer ends too early, and its length says that it is whole.
    Truncated,
    /// The connection breaks before the length that was promised has come.
    WrongLength,
    /// The request arrives twice at once.
    TwiceAtOnce,
    /// The request arrives again up to 30 seconds later.
    TwiceLater,
    /// A proxy answers with a page. The request has arrived, arrives later, or never.
    BadGateway,
    /// The answer to another call comes.
    OtherAnswer,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::NoConnection,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Late,
        Self::Stall,
        Self::Drip,
        Self::Truncated,
        Self::WrongLength,
        Self::TwiceAtOnce,
        Self::TwiceLater,
        Self::BadGateway,
        Self::OtherAnswer,
    ];
}

/// For how long a request can be on its way.
const LONGEST_WAY: u32 = 30_000;

pub(crate) struct Network {
    pub(crate) gateway: Gateway,
    time: Time,
    chance: Chance,
    /// The flow's number, from its second letter on.
    number: String,
    /// How many of a hundred requests something happens to.
    percent: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    /// Of all that went over the transport, and when.
    hash: Sha256,
    faults: BTreeMap<Fault, u64>,
    /// How many requests of each method may have been sent.
    sent: BTreeMap<String, u64>,
    answers: Vec<(String, http::Response<Bytes>)>,
    /// What happened, in words.
    story: Option<Vec<String>>,
    /// Whether there is an order of a neighbour's that is paid. Its number is the flow's but for the first letter.
    has_neighbour: bool,
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Network")
    }
}

impl Network {
    pub(crate) fn new(gateway: Gateway, time: Time, chance: &Chance, number: &str, tells: bool) -> Self {
        Self {
            gateway,
            time,
            chance: chance.clone(),
            number: number[1..].to_owned(),
            percent: AtomicU64::new(chance.one(&[0, 5, 15, 30, 30, 50, 80])),
            record: Mutex::new(Record {
                story: tells.then(Vec::new),
                ..Record::default()
            }),
        }
    }

    /// From now on nothing happens to requests any more, but for what is on its way.
    pub(crate) fn calm(&self) {
        self.percent.store(0, Ordering::SeqCst);
    }

    /// Writes down what happens, if somebody wants to know.
    pub(crate) fn note(&self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.record.lock().unwrap().story {
            story.push(format!("{:>9} {}", self.time.passed().as_millis(), words()));
        }
    }

    pub(crate) fn story(&self) -> Vec<String> {
        self.record.lock().unwrap().story.take().unwrap_or_default()
    }

    pub(crate) fn hash(&self) -> String {
        let hash = self.record.lock().unwrap().hash.clone().finalize();
        let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }

    pub(crate) fn faults(&self) -> BTreeMap<Fault, u64> {
        self.record.lock().unwrap().faults.clone()
    }

    /// How many requests of this method may have been sent.
    pub(crate) fn sent(&self, method: &str) -> u64 {
        self.record
            .lock()
            .unwrap()
            .sent
            .get(method)
            .copied()
            .unwrap_or_default()
    }

    /// How many requests there were in all.
    pub(crate) fn requests(&self) -> u64 {
        self.record.lock().unwrap().sent.values().sum()
    }

    fn hash_in(&self, what: &str, parts: &[&[u8]]) {
        let hash = &mut self.record.lock().unwrap().hash;
        hash.update(self.time.passed().as_nanos().to_le_bytes());
        hash.update(what);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }

    /// What happens to the next request.
    fn fault(&self) -> Option<Fault> {
        let fault = self
            .chance
            .is(self.percent.load(Ordering::SeqCst))
            .then(|| self.chance.one(&Fault::ALL))?;
        *self.record.lock().unwrap().faults.entry(fault).or_default() += 1;
        Some(fault)
    }

    /// How long something takes to the other side.
    fn way(&self) -> Duration {
        self.chance.millis(1, 200)
    }

    /// The same for what gets lost on the way for a while.
    fn long_way(&self) -> Duration {
        self.chance.millis(200, LONGEST_WAY)
    }

    /// Has a request arrive after this time, whoever still waits for the answer.
    fn deliver(
        self: &Arc<Self>,
        request: &http::Request<Bytes>,
        after: Duration,
    ) -> oneshot::Receiver<http::Response<Bytes>> {
        let (this, request) = (Arc::clone(self), request.clone());
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            sleep(after).await;
            let answer = this.gateway.handle(&request);
            this.note(|| {
                format!(
                    "  gateway: {} → {}",
                    method(&request),
                    String::from_utf8_lossy(answer.body())
                )
            });
            this.hash_in("gateway", &[answer.body()]);
            this.record
                .lock()
                .unwrap()
                .answers
                .push((method(&request).to_owned(), answer.clone()));
            // Perhaps nobody waits any more.
            let _ = sender.send(answer);
        });
        receiver
    }

    /// Sends a request and waits for its answer.
    async fn ask(self: &Arc<Self>, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let answer = self.deliver(request, self.way()).await.expect("the gateway answers");
        sleep(self.way()).await;
        answer
    }

    /// The request arrives soon, later, or never.
    fn deliver_perhaps(self: &Arc<Self>, request: &http::Request<Bytes>) {
        match self.chance.below(3) {
            0 => drop(self.deliver(request, self.way())),
            1 => drop(self.deliver(request, self.long_way())),
            _ => {}
        }
    }

    async fn carry(self: &Arc<Self>, request: http::Request<Bytes>) -> Result<Response, TransportError> {
        let fault = self.fault();
        self.note(|| format!("{} {fault:?}: {}", method(&request), cheap::words(&request)));
        self.hash_in("sent", &[request.uri().to_string().as_bytes(), request.body()]);
        if fault != Some(Fault::NoConnection) {
            *self
                .record
                .lock()
                .unwrap()
                .sent
                .entry(method(&request).to_owned())
                .or_default() += 1;
        }
        let whole = |answer: http::Response<Bytes>| answer.map(ResponseBody::from);
        let broken = || Err(TransportError::new(TransportErrorKind::Broken));
        match fault {
            None => Ok(whole(self.ask(&request).await)),
            Some(Fault::NoConnection) => {
                sleep(self.way()).await;
                Err(TransportError::new(TransportErrorKind::Connect))
            }
            Some(Fault::ResetBefore) => {
                sleep(self.way()).await;
                broken()
            }
            Some(Fault::ResetAfter) => {
                drop(self.ask(&request).await);
                broken()
            }
            Some(Fault::Late) => {
                drop(self.deliver(&request, self.long_way()));
                sleep(self.way()).await;
                broken()
            }
            Some(Fault::Stall) => {
                self.deliver_perhaps(&request);
                pending().await
            }
            Some(Fault::Drip) => {
                let answer = self.ask(&request).await;
                let pieces = usize::try_from(1 + self.chance.below(12)).expect("few");
                let size = answer.body().len() / pieces + 1;
                let pauses = self.chance.millis(1, 3_000);
                Ok(answer.map(|body| in_pieces(&body, size, pauses, false)))
            }
            Some(Fault::Truncated) => {
                let answer = self.ask(&request).await;
                Ok(whole(answer.map(|body| self.beginning(&body))))
            }
            Some(Fault::WrongLength) => {
                let answer = self.ask(&request).await;
                // More was promised than is there, or than comes.
                let is_whole = self.chance.is(50);
                Ok(answer.map(|body| {
                    let body = if is_whole { body } else { self.beginning(&body) };
                    in_pieces(&body, body.len().max(1), Duration::ZERO, true)
                }))
            }
            Some(Fault::TwiceAtOnce) => {
                let first = self.deliver(&request, self.way());
                let second = self.ask(&request).await;
                Ok(whole(if self.chance.is(50) {
                    second
                } else {
                    first.await.expect("the gateway answers")
                }))
            }
            Some(Fault::TwiceLater) => {
                drop(self.deliver(&request, self.long_way()));
                Ok(whole(self.ask(&request).await))
            }
            Some(Fault::BadGateway) => {
                self.deliver_perhaps(&request);
                sleep(self.way()).await;
                let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>";
                let mut answer = Response::new(page.into());
                *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
                Ok(answer)
            }
            Some(Fault::OtherAnswer) => {
                self.deliver_perhaps(&request);
                sleep(self.way()).await;
                match self.other_answer(&request) {
                    Some(answer) => Ok(whole(answer)),
                    None => broken(),
                }
            }
        }
    }

    fn beginning(&self, body: &Bytes) -> Bytes {
        let length = self.chance.below(body.len().max(1) as u64);
        body.slice(..usize::try_from(length).expect("a length"))
    }

    /// An answer that Alipay has signed, to another call: one of the flow's own to another method, or a neighbour's to the same.
    ///
    /// What does not show which call it is for is left out, for no client could tell: V2's refusals name no order, and an old answer to the same
    /// question is still Alipay's word.
    fn other_answer(&self, request: &http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        let name = method(request);
        if self.chance.is(60)
            && let Some(answer) = self.neighbours_answer(request)
        {
            return Some(answer);
        }
        let record = self.record.lock().unwrap();
        let mut others: Vec<_> = record.answers.iter().filter(|(method, _)| method != name).collect();
        if others.is_empty() {
            return None;
        }
        let at = usize::try_from(self.chance.below(others.len() as u64)).expect("an index");
        Some(others.swap_remove(at).1.clone())
    }

    fn neighbours_answer(&self, request: &http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        // An order of theirs that is new, or one that is paid.
        let letter = match method(request) {
            "alipay.trade.pay" => 'P',
            "alipay.trade.precreate" => 'Q',
            _ => 'N',
        };
        let theirs = format!("{letter}{}", self.number);
        let asked = cheap::replaced(request, &format!("F{}", self.number), &theirs)?;
        if letter == 'N' && !std::mem::replace(&mut self.record.lock().unwrap().has_neighbour, true) {
            let order = serde_json::json!({ "out_trade_no": theirs, "total_amount": "50000.00", "subject": "theirs", "buyer_id": "2088102146225135" });
            self.gateway.handle(&cheap::call("alipay.trade.create", &order));
            self.gateway.pay(&theirs).ok()?;
        }
        let answer = self.gateway.handle(&asked);
        // With another signer's credentials it is refused.
        cheap::is_success_with(&answer, &theirs).then_some(answer)
    }

    /// Has a method called as if there were no network.
    pub(crate) fn call(&self, method: &str, content: &Value) {
        let answer = self.gateway.handle(&cheap::call(method, content));
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(text.contains("\"10000\""), "{text}");
    }
}

/// The method that a request calls.
fn method(request: &http::Request<Bytes>) -> &str {
    request.extensions().get().map_or("", MethodName::as_str)
}

/// A body in pieces of this size, with a pause before each; at its end it breaks, or does not.
fn in_pieces(body: &Bytes, size: usize, pause: Duration, breaks: bool) -> ResponseBody {
    let mut pieces: Vec<_> = body
        .chunks(size)
        .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    if breaks {
        pieces.push(Err(io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    let pieces = stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        let piece = pieces.next()?;
        if !pause.is_zero() {
            sleep(pause).await;
        }
        Some((piece, pieces))
    });
    ResponseBody::stream(StreamBody::new(pieces))
}

/// The network as a transport.
#[derive(Clone, Debug)]
pub(crate) struct Wire(pub(crate) Arc<Network>);

impl Transport for Wire {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.into_bytes().await.expect("bytes");
            self.0.carry(http::Request::from_parts(head, body)).await
        })
    }
}
