//! Ordering answers.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::ControlError;
use crate::answers::{Answer, AnswerError};
use crate::core::Core;

/// What a method is answered with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerOrder {
    method: String,
    /// `None`: no answer is ordered any more.
    answer: Option<Value>,
    #[serde(default)]
    once: bool,
    #[serde(default)]
    executed: bool,
    #[serde(default)]
    exactly: bool,
}

/// An error that the next call of a method is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextError {
    pub(crate) method: String,
    pub(crate) code: String,
    pub(crate) sub_code: String,
    /// Whether the call is carried out all the same.
    #[serde(default)]
    pub(crate) executed: bool,
}

impl Core {
    /// A method is answered with this from now on, or for its next call.
    pub(crate) fn order(&self, method: &str, answer: Answer) -> Result<(), AnswerError> {
        self.answers.order(&self.specs, method, answer)
    }

    /// The same, as the control endpoint is asked for it.
    pub(crate) fn order_answer(&self, order: AnswerOrder) -> Result<(), ControlError> {
        let Some(answer) = order.answer else {
            self.answers.forget(&order.method);
            return Ok(());
        };
        let mut answer = Answer::from(answer);
        if order.once {
            answer = answer.once();
        }
        if order.executed {
            answer = answer.executed();
        }
        if order.exactly {
            answer = answer.exactly();
        }
        Ok(self.order(&order.method, answer)?)
    }

    /// The next call of a method is refused.
    pub(crate) fn order_error(&self, next: &NextError) {
        let error = Answer::error(&next.code, &next.sub_code).once();
        let error = if next.executed { error.executed() } else { error };
        // An error that names no fields keeps to every spec.
        let _ = self.order(&next.method, error);
    }
}
