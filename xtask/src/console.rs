//! What is said to whoever runs a command.

use std::fmt;
use std::io::{self, Write as _};

/// Writes a line to standard error.
pub(crate) fn say(text: &dyn fmt::Display) {
    // Nobody is left to be told that standard error is closed.
    _ = writeln!(io::stderr(), "{text}");
}
