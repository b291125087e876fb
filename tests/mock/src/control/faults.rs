//! Ordering faults of the next calls, by name, and what waits.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ControlError;
use super::answers::NextError;
use crate::answers::{Answer, Saying};
use crate::core::Core;
use crate::faults::Fault;

/// The service is unavailable: nobody knows whether the call was carried out.
pub(crate) const UNKNOWN_OUTCOME: &str = "unknown-outcome";
/// The call is answered by the method's spec alone.
pub(crate) const NOT_PLAYED: &str = "not-played";
/// What is not said with the order of a slow answer.
const USUALLY_SLOW: Duration = Duration::from_secs(5);
/// An answer comes at most so much later.
const SLOWEST: Duration = Duration::from_mins(10);

/// A fault of the next call.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder {
    /// Its name.
    pub(crate) fault: String,
    /// `None`: of any method.
    pub(crate) method: Option<String>,
    /// How much later a slow answer comes.
    pub(crate) seconds: Option<f64>,
    /// Whether a call of unknown outcome is carried out.
    #[serde(default)]
    pub(crate) executed: bool,
}

/// A fault or an answer that waits for a call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PendingView {
    /// By which it can be withdrawn.
    pub(crate) id: String,
    /// `None`: of any method.
    pub(crate) method: Option<String>,
    /// `answer` for one that is no fault.
    pub(crate) fault: String,
    /// The `code` and the `sub_code` of an error.
    pub(crate) error: Option<String>,
    /// How much later a slow answer comes.
    pub(crate) seconds: Option<f64>,
    /// Whether the call is carried out.
    pub(crate) executed: bool,
    /// Whether it is for one call only.
    pub(crate) once: bool,
}

impl Core {
    /// Orders a fault.
    pub(crate) fn order_fault(&self, order: &FaultOrder) -> Result<(), ControlError> {
        let method = order.method.as_deref().filter(|method| !method.is_empty());
        let of_method = || {
            let method = method.filter(|name| self.specs.method(name).is_some());
            method.ok_or_else(|| ControlError::Setting(format!("{} needs a method that has a spec", order.fault)))
        };
        match &*order.fault {
            UNKNOWN_OUTCOME => self.order_error(&NextError {
                method: of_method()?.to_owned(),
                code: "20000".to_owned(),
                sub_code: "isp.unknow-error".to_owned(),
                executed: order.executed,
            }),
            NOT_PLAYED => self.order(of_method()?, Answer::by_spec().once())?,
            name => {
                let slow = match order.seconds {
                    Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
                    None => Some(USUALLY_SLOW),
                };
                let slow = slow.filter(|slow| *slow <= SLOWEST);
                let slow = slow.ok_or_else(|| {
                    let most = SLOWEST.as_secs();
                    ControlError::Setting(format!("an answer can be 0 to {most} seconds slow"))
                })?;
                let fault = Fault::named(name, slow);
                let fault = fault.ok_or_else(|| {
                    let names = Fault::names().join(", ");
                    let message = format!("{name:?} is no fault: {UNKNOWN_OUTCOME}, {NOT_PLAYED}, {names}");
                    ControlError::Setting(message)
                })?;
                self.faults.push(method, fault);
            }
        }
        Ok(())
    }

    /// All faults and answers that wait.
    pub(crate) fn pending(&self) -> Vec<PendingView> {
        let faults = self.faults.all().into_iter().map(|waiting| PendingView {
            id: format!("f{}", waiting.number),
            method: waiting.method,
            fault: waiting.name.to_owned(),
            error: None,
            seconds: waiting.slow.map(|slow| slow.as_secs_f64()),
            executed: true,
            once: true,
        });
        let answers = self.answers.all().into_iter().map(|waiting| {
            let error = match &waiting.says {
                Saying::Error(code, sub_code) => Some(format!("{code} {sub_code}")),
                _ => None,
            };
            PendingView {
                id: format!("a{}", waiting.number),
                method: Some(waiting.method),
                fault: match waiting.says {
                    Saying::Error(code, _) if code == "20000" => UNKNOWN_OUTCOME,
                    Saying::BySpec => NOT_PLAYED,
                    _ => "answer",
                }
                .to_owned(),
                error,
                seconds: None,
                executed: waiting.executed,
                once: waiting.once,
            }
        });
        faults.chain(answers).collect()
    }

    /// Withdraws what waits.
    pub(crate) fn withdraw(&self, id: &str) -> Result<(), ControlError> {
        let number = |prefix| id.strip_prefix(prefix).and_then(|number: &str| number.parse().ok());
        let found = match (number('f'), number('a')) {
            (Some(number), _) => self.faults.withdraw(number),
            (_, Some(number)) => self.answers.withdraw(number),
            _ => false,
        };
        found.then_some(()).ok_or_else(|| ControlError::NoFault(id.to_owned()))
    }
}
