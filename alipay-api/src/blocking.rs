//! Calls and flows for programs without a runtime of their own, such as scripts and desktop programs.
//!
//! Each call to the gateway has a `send_blocking` beside `.await`: [`Call`](crate::Call::send_blocking), also
//! [with metadata](crate::CallWithMetadata::send_blocking), [`RawCall`](crate::RawCall::send_blocking) and
//! [`RawV3Call`](crate::RawV3Call::send_blocking). So have [flows](crate::flows::Flow::send_blocking). The thread waits for the end, and nothing else
//! differs: retries, timeouts, verification and errors are those of the awaited call. A list in [pages](crate::Pages::blocking) is an iterator.
//!
//! ```no_run
//! # #[cfg(feature = "trade")]
//! # fn show(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
//! use alipay_api::trade::Query;
//!
//! let order = client.trade().query(Query::with_out_trade_no("20161112")).send_blocking()?;
//! println!("{:?}", order.trade_status);
//! # Ok(())
//! # }
//! ```
//!
//! Needs the feature `blocking`.
//!
//! # The runtime
//! All of them, of all clients, run in one tokio runtime of the library's. The first call starts it, and it ends with the process. It has one thread of its
//! own, which serves connections between calls, so that the next call finds them open; a call itself runs on the thread that waits for it. Any number of
//! threads may call at once. A panic, such as one of a [transport](crate::transport::Transport) of yours, reaches the caller.
//!
//! Either await the calls of a client or block for them. A client that does both shares its open connections between two runtimes, and the blocked call
//! waits in vain for one whose own runtime is not running.
//!
//! # In a runtime
//! Where there is a tokio runtime already, as under `#[tokio::main]`, in a web framework's handler or in `spawn_blocking`, `send_blocking` would stop the
//! runtime's other tasks. It is an error of the kind [`Configuration`](crate::ErrorKind::Configuration), and nothing is sent: await the call. A function that
//! has to block in `spawn_blocking` gives the call's [`into_future`](std::future::IntoFuture::into_future) to
//! [`Handle::block_on`](https://docs.rs/tokio/latest/tokio/runtime/struct.Handle.html#method.block_on).

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::OnceLock,
};

use futures_core::Stream;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{Error, ErrorKind};

/// Runs a future to its end on this thread. Where that can't be, the future is dropped before it was polled.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Error> {
    if Handle::try_current().is_ok() {
        return Err(Error::new(
            ErrorKind::Configuration,
            "nothing was sent, for blocking calls can't be made in a tokio runtime: await the call instead",
        ));
    }
    Ok(runtime()?.block_on(future))
}

/// A connection belongs to the runtime that it was made in, so there is one for all calls.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    // A failure is not kept: it may pass.
    let built = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("alipay-api")
        .enable_all()
        .build();
    let built = built.map_err(|error| {
        let message = "nothing was sent, for the runtime of blocking calls can't be started";
        Error::new(ErrorKind::Configuration, message).with_source(error)
    })?;
    Ok(RUNTIME.get_or_init(|| built))
}

/// A stream as an iterator, of which each step blocks: from [`Pages::blocking`](crate::Pages::blocking) and
/// [`Items::blocking`](crate::Items::blocking).
///
/// In a tokio runtime, the next item is an error of the kind [`Configuration`](crate::ErrorKind::Configuration), nothing is sent, and the iterator ends.
#[derive(Debug)]
#[must_use = "iterators do nothing unless they are consumed"]
pub struct BlockingStream<S> {
    /// None once it can't be polled.
    stream: Option<S>,
}

impl<S> BlockingStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: Some(stream) }
    }
}

impl<T, S: Stream<Item = Result<T, Error>> + Unpin> Iterator for BlockingStream<S> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        let next = block_on(poll_fn(|context| Pin::new(&mut *stream).poll_next(context)));
        next.unwrap_or_else(|error| {
            self.stream = None;
            Some(Err(error))
        })
    }
}
