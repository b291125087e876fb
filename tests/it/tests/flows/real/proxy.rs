//! A proxy in front of the gateway, with faults. It speaks as much HTTP/1.1 as the library's default transport does, one request for each
//! connection.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{chance::Chance, network::Fault};

/// For how long a request can be on its way.
pub(super) const LONGEST_WAY: Duration = Duration::from_secs(2);

/// How many of a hundred requests something happens to.
const PERCENT: u64 = 40;

pub(super) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    gateway: SocketAddr,
    chance: Chance,
    client: reqwest::Client,
    faults: Mutex<BTreeMap<Fault, u64>>,
    /// The latest answers, by method.
    answers: Mutex<BTreeMap<String, Answer>>,
}

/// A request, whole.
#[derive(Clone)]
struct Received {
    /// Path and query.
    target: String,
    content_type: String,
    body: Bytes,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    content_type: String,
    body: Bytes,
}

impl Proxy {
    pub(super) async fn start(gateway: SocketAddr, chance: Chance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            gateway,
            chance,
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            faults: Mutex::default(),
            answers: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let state = Arc::clone(&serving);
                // The client may break the connection too.
                tokio::spawn(async move { state.serve(stream).await });
            }
        });
        Self { address, state }
    }

    pub(super) fn gateway_url(&self) -> String {
        format!("http://{}/gateway.do", self.address)
    }

    pub(super) fn faults(&self) -> BTreeMap<Fault, u64> {
        self.state.faults.lock().unwrap().clone()
    }
}

impl State {
    fn fault(&self) -> Option<Fault> {
        let fault = self.chance.is(PERCENT).then(|| self.chance.one(&Fault::ALL))?;
        *self.faults.lock().unwrap().entry(fault).or_default() += 1;
        Some(fault)
    }

    async fn serve(self: &Arc<Self>, mut stream: TcpStream) -> io::Result<()> {
        let fault = self.fault();
        if fault == Some(Fault::NoConnection) {
            return reset(&stream);
        }
        let request = Received::read(&mut stream).await?;
        match fault {
            None | Some(Fault::NoConnection) => send(&mut stream, &self.ask(&request).await).await,
            Some(Fault::ResetBefore) => reset(&stream),
            Some(Fault::ResetAfter) => {
                self.ask(&request).await;
                reset(&stream)
            }
            Some(Fault::Late) => {
                self.deliver_later(request);
                reset(&stream)
            }
            Some(Fault::Stall) => {
                self.deliver_perhaps(request).await;
                // Until the client has had enough.
                let mut nothing = [0];
                stream.read(&mut nothing).await.map(drop)
            }
            Some(Fault::Drip) => {
                let answer = self.ask(&request).await;
                stream.write_all(answer.head(answer.body.len()).as_bytes()).await?;
                let pause = self.chance.millis(1, 100);
                for piece in answer.body.chunks(answer.body.len() / 8 + 1) {
                    stream.write_all(piece).await?;
                    stream.flush().await?;
                    sleep(pause).await;
                }
                stream.shutdown().await
            }
            Some(Fault::Truncated) => {
                let mut answer = self.ask(&request).await;
                answer.body.truncate(self.length(&answer));
                send(&mut stream, &answer).await
            }
            Some(Fault::WrongLength) => {
                let answer = self.ask(&request).await;
                let promised = if self.chance.is(50) {
                    answer.body.len() + 1000
                } else {
                    self.length(&answer)
                };
                stream.write_all(answer.head(promised).as_bytes()).await?;
                stream.write_all(&answer.body).await?;
                stream.shutdown().await
            }
            Some(Fault::TwiceAtOnce) => {
                let (first, second) = tokio::join!(self.ask(&request), self.ask(&request));
                send(&mut stream, if self.chance.is(50) { &first } else { &second }).await
            }
            Some(Fault::TwiceLater) => {
                self.deliver_later(request.clone());
                send(&mut stream, &self.ask(&request).await).await
            }
            Some(Fault::BadGateway) => {
                self.deliver_perhaps(request).await;
                let page = Answer {
                    status: 502,
                    content_type: "text/html".to_owned(),
                    body: "<html><body><h1>502 Bad Gateway</h1></body></html>".into(),
                };
                send(&mut stream, &page).await
            }
            Some(Fault::OtherAnswer) => {
                self.deliver_perhaps(request.clone()).await;
                match self.other_answer(&request) {
                    Some(answer) => send(&mut stream, &answer).await,
                    None => reset(&stream),
                }
            }
        }
    }

    fn length(&self, answer: &Answer) -> usize {
        usize::try_from(self.chance.below(answer.body.len().max(1) as u64)).expect("a length")
    }

    /// Passes a request on.
    async fn ask(&self, request: &Received) -> Answer {
        let url = format!("http://{}{}", self.gateway, request.target);
        let call = self
            .client
            .post(url)
            .header("content-type", &request.content_type)
            .body(request.body.clone());
        let answer = call.send().await.expect("the gateway answers");
        let content_type = answer
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok());
        let answer = Answer {
            status: answer.status().as_u16(),
            content_type: content_type.unwrap_or_default().to_owned(),
            body: answer.bytes().await.expect("the gateway answers"),
        };
        self.answers.lock().unwrap().insert(request.method(), answer.clone());
        answer
    }

    fn deliver_later(self: &Arc<Self>, request: Received) {
        let (this, after) = (Arc::clone(self), self.chance.millis(10, 2_000));
        tokio::spawn(async move {
            sleep(after).await;
            this.ask(&request).await;
        });
    }

    /// The request arrives now, later, or never.
    async fn deliver_perhaps(self: &Arc<Self>, request: Received) {
        match self.chance.below(3) {
            0 => drop(self.ask(&request).await),
            1 => self.deliver_later(request),
            _ => {}
        }
    }

    /// The answer to a call of another method. One to the same method would do only if it names another order.
    fn other_answer(&self, request: &Received) -> Option<Answer> {
        let (method, ours) = (request.method(), request.content());
        let answers = self.answers.lock().unwrap();
        let others: Vec<_> = answers
            .iter()
            .filter(|(other, answer)| **other != method || names_another(answer, &ours))
            .map(|(_, answer)| answer.clone())
            .collect();
        (!others.is_empty()).then(|| self.chance.one(&others))
    }
}

/// Whether an answer is a success, and shows by its number that it is not for this content.
fn names_another(answer: &Answer, content: &str) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    let number = ["out_trade_no", "out_biz_no"].iter().find_map(|name| {
        let (_, rest) = text.split_once(&format!("\"{name}\":\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    });
    text.contains("\"10000\"") && number.is_some_and(|number| !content.contains(&number))
}

impl Received {
    async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut bytes = Vec::new();
        let end = loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(gone());
            }
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value.trim()).to_owned()
        };
        let length: usize = header("content-length").parse().unwrap_or_default();
        while bytes.len() < end + 4 + length {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(gone());
            }
        }
        Ok(Self {
            target: head.split(' ').nth(1).unwrap_or_default().to_owned(),
            content_type: header("content-type"),
            body: bytes.split_off(end + 4).into(),
        })
    }

    fn parameter(&self, name: &str) -> String {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(&self.body));
        let found = pairs.find(|(own, _)| own == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    fn method(&self) -> String {
        self.parameter("method")
    }

    fn content(&self) -> String {
        self.parameter("biz_content")
    }
}

impl Answer {
    fn head(&self, length: usize) -> String {
        format!(
            "HTTP/1.1 {} x\r\nContent-Type: {}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
            self.status, self.content_type
        )
    }
}

async fn send(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    stream.write_all(answer.head(answer.body.len()).as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    stream.shutdown().await
}

/// Breaks the connection, so that the other side notices at once.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}
