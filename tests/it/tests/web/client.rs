//! Whoever posts to a shop: byte by byte, as no HTTP client would.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// A server that neither answers nor closes within this time has lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is sent, and what the sender does after that.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) after: After,
}

#[derive(Clone, Debug)]
pub(crate) enum After {
    /// It waits for the answer.
    Wait,
    /// It sends nothing more, and says so.
    Close,
    /// It sends this for as long as it is taken.
    Repeat(Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Answer {
    /// 0 where the connection was closed without an answer.
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// A request with these lines in its head, besides those that each has.
    pub(crate) fn new(method: &str, query: &str, head: &str, body: impl AsRef<[u8]>) -> Self {
        let start = format!("{method} /notify{query} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n{head}\r\n");
        Self {
            bytes: [start.as_bytes(), body.as_ref()].concat(),
            after: After::Wait,
        }
    }

    /// A notification, posted as Alipay posts it.
    pub(crate) fn post(body: impl AsRef<[u8]>) -> Self {
        Self::post_as("application/x-www-form-urlencoded; text/html; charset=utf-8", body)
    }

    pub(crate) fn post_as(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len();
        let head = format!("Content-Type: {content_type}\r\nContent-Length: {length}\r\n");
        Self::new("POST", "", &head, body)
    }

    /// The same with this query in its address.
    pub(crate) fn with_query(self, query: &str) -> Self {
        let request = String::from_utf8(self.bytes).unwrap();
        let bytes = request
            .replacen("/notify ", &format!("/notify?{query} "), 1)
            .into_bytes();
        Self { bytes, ..self }
    }

    pub(crate) fn then(self, after: After) -> Self {
        Self { after, ..self }
    }

    pub(crate) async fn send(&self, address: SocketAddr) -> Answer {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let (bytes, after) = (self.bytes.clone(), self.after.clone());
        // A server may refuse before it has read all.
        let writing = tokio::spawn(async move {
            if writer.write_all(&bytes).await.is_err() {
                return None;
            }
            match after {
                After::Wait => Some(writer),
                After::Close => writer.shutdown().await.ok().map(|()| writer),
                After::Repeat(piece) => {
                    while writer.write_all(&piece).await.is_ok() {}
                    None
                }
            }
        });
        let mut answer = Vec::new();
        // Until the answer is whole. What came before a reset counts, too.
        let reading = async {
            while !is_whole(&answer) {
                if reader.read_buf(&mut answer).await.unwrap_or(0) == 0 {
                    break;
                }
            }
        };
        let is_over = timeout(PATIENCE, reading).await.is_ok();
        writing.abort();
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            is_over,
            "neither an answer nor the connection's end came to {:?}, but `{answer}`",
            self.after
        );
        Answer::parse(&answer)
    }
}

/// Whether these bytes are an answer to its end.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        Self {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }
}
