//! What a call needs of tokio, and an error where that is not there: tokio itself panics.
//!
//! There is no way to ask a runtime for its drivers but to try them, so the panic is caught; the panic hook still tells of it.

use std::{panic::catch_unwind, time::Duration};

use tokio::runtime::Handle;

use crate::{Error, ErrorKind};

/// Refuses where calls can't be timed and tasks can't be begun.
pub(crate) fn check() -> Result<(), Error> {
    let missing = |message| Err(Error::new(ErrorKind::Configuration, message));
    if Handle::try_current().is_err() {
        return missing(
            "nothing was sent, for there is no tokio runtime here: await the call in one, such as under #[tokio::main]",
        );
    }
    if catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_err() {
        return missing("nothing was sent, for the tokio runtime here has no timers: build it with enable_all()");
    }
    Ok(())
}
