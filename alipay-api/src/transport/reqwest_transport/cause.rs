//! What reqwest's errors say, without the layers that only say that something failed.

use std::{error::Error as StdError, fmt};

use crate::error::chain;

/// A chain of errors as one line, and as one error: each cause is in it once.
#[derive(Debug)]
pub(super) struct Cause(reqwest::Error);

impl From<reqwest::Error> for Cause {
    /// The URL holds the signed parameters: it stays out.
    fn from(error: reqwest::Error) -> Self {
        Self(error.without_url())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain: Vec<String> = chain(&self.0).map(ToString::to_string).collect();
        // The last one is what happened, whatever it is.
        let (last, above) = chain
            .split_last()
            .map_or(("", &[][..]), |(last, above)| (&**last, above));
        let mut told = String::new();
        let informative = above.iter().map(String::as_str).filter(|text| !is_layer(text));
        for text in informative.chain([last]) {
            if told.contains(text) {
                continue;
            }
            if !told.is_empty() {
                told.push_str(": ");
            }
            told.push_str(text);
        }
        formatter.write_str(&told)
    }
}

impl StdError for Cause {}

/// Whether this is how reqwest or hyper-util pass on what others say.
fn is_layer(text: &str) -> bool {
    text.starts_with("client error (") || matches!(text, "error sending request" | "request or response body error")
}
