//! The console's pages, and the stream that tells them what changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use super::body;
use super::reply::Handled;
use crate::console;
use crate::core::Core;
use crate::news::{Counts, Topic};

/// So many streams are served at once; a page without one works all the same.
const STREAMS: usize = 64;
/// Changes that follow each other so soon are told together.
const GATHERED: Duration = Duration::from_millis(100);
/// Something is sent at least so often, so that a reader that is gone is found out.
const KEPT_ALIVE: Duration = Duration::from_secs(15);

/// Answers with a page of the console.
pub(super) async fn serve(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (head, body) = request.into_parts();
    let body = match body::read(&core, body, console::MAX_FORM).await {
        Ok(body) => body,
        Err(status) => return Ok(body::plain(status)),
    };
    Ok(console::respond(&core, &Request::from_parts(head, body)).map(Body::from))
}

/// The streams that may be served beside those that are.
#[derive(Clone)]
pub(super) struct Streams {
    free: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

impl Streams {
    /// All may be; they end when `stop` says so.
    pub(super) fn new(stop: watch::Receiver<bool>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(STREAMS)),
            stop,
        }
    }
}

/// Tells what changes: each event names the topics that have changed since the last one.
pub(super) fn events(core: &Core, streams: Streams) -> Response<Body> {
    let Ok(place) = streams.free.try_acquire_owned() else {
        return body::plain(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut news = core.news.subscribe();
    let seen = *news.borrow_and_update();
    let reader = Reader {
        seen,
        news,
        stop: streams.stop,
        _place: place,
    };
    let changes = unfold(reader, |mut reader| async move {
        let names: Vec<_> = reader.next().await?.into_iter().map(Topic::name).collect();
        let event = Event::default().event("change").data(names.join(" "));
        Some((Ok::<_, Infallible>(event), reader))
    });
    let stream = Sse::new(changes).keep_alive(KeepAlive::new().interval(KEPT_ALIVE));
    let mut response = stream.into_response();
    console::page::protect(response.headers_mut());
    response
}

/// Who reads a stream.
struct Reader {
    seen: Counts,
    news: watch::Receiver<Counts>,
    stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// What has changed, once something has; nothing when the gateway stops.
    async fn next(&mut self) -> Option<Vec<Topic>> {
        let change = async {
            self.news.changed().await.ok()?;
            sleep(GATHERED).await;
            Some(*self.news.borrow_and_update())
        };
        let counts = tokio::select! {
            counts = change => counts?,
            _ = self.stop.wait_for(|stopped| *stopped) => return None,
        };
        let topics = counts.since(self.seen);
        self.seen = counts;
        Some(topics)
    }
}
