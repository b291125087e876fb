//! What the HTTP client needs of tokio's IO, and an error where that is not there: tokio itself panics.
//!
//! There is no way to ask a runtime for it but to try, so the panic is caught; the panic hook still tells of it.

use std::{
    any::Any,
    error::Error as StdError,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

/// The runtime has no IO driver.
#[derive(Debug)]
pub(super) struct NoIo;

impl fmt::Display for NoIo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the tokio runtime here has no IO: build it with enable_all()")
    }
}

impl StdError for NoIo {}

/// What the future gives, or an error where it fails for want of an IO driver, as tokio does before it connects.
pub(super) async fn io_or_error<F: Future>(future: F) -> Result<F::Output, NoIo> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) if has_no_io(&*panic) => Poll::Ready(Err(NoIo)),
            Err(panic) => resume_unwind(panic),
        }
    })
    .await
}

fn has_no_io(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.contains("IO is disabled"))
}
