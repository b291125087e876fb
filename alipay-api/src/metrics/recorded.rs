//! Metrics as the recorder gets them. Names follow Prometheus: a prefix, a unit, and `_total` for counters.

use std::{borrow::Cow, fmt::Debug};

use ::metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use super::EndedCall;
use crate::ErrorKind;

const CALLS: &str = "alipay_calls_total";
const CALL_DURATION: &str = "alipay_call_duration_seconds";
const CALL_RETRIES: &str = "alipay_call_retries_total";
const RETRIES_REFUSED: &str = "alipay_call_retries_refused_total";
const NOTIFICATIONS: &str = "alipay_notifications_total";
const FLOWS: &str = "alipay_flows_total";

/// A label that does not apply: every series of a metric has the same labels.
const NONE: &str = "none";

/// Tells the recorder what each metric is and its unit, for those that show such text. Call it once the recorder is installed; the library
/// counts without it, too.
pub fn describe() {
    describe_counter!(CALLS, Unit::Count, "Calls that ended, by method and outcome.");
    describe_histogram!(
        CALL_DURATION,
        Unit::Seconds,
        "How long calls took, with all attempts and the pauses between them."
    );
    describe_counter!(CALL_RETRIES, Unit::Count, "Attempts after the first one of a call.");
    describe_counter!(
        RETRIES_REFUSED,
        Unit::Count,
        "Retries that were not made because the retry budget was spent."
    );
    describe_counter!(
        NOTIFICATIONS,
        Unit::Count,
        "Notifications whose signature was checked, by verdict."
    );
    describe_counter!(FLOWS, Unit::Count, "Flows that ended, by kind and end.");
}

pub(crate) fn call_ended(call: &EndedCall) {
    let (method, protocol, outcome) = (name(call.method), call.protocol, call.outcome);
    counter!(CALLS, "method" => method, "protocol" => protocol, "outcome" => outcome, "kind" => text(call.kind))
        .increment(1);
    histogram!(CALL_DURATION, "method" => method, "protocol" => protocol, "outcome" => outcome).record(call.elapsed);
    let retries = call.attempts.saturating_sub(1);
    if retries > 0 {
        counter!(CALL_RETRIES, "method" => method, "protocol" => protocol).increment(retries.into());
    }
}

pub(crate) fn retry_refused(method: Option<&'static str>, protocol: &'static str) {
    counter!(RETRIES_REFUSED, "method" => name(method), "protocol" => protocol).increment(1);
}

pub(crate) fn notification_verified(refusal: Option<ErrorKind>) {
    let verdict = refusal.map_or(Cow::Borrowed("ok"), |kind| text(Some(kind)));
    counter!(NOTIFICATIONS, "verdict" => verdict).increment(1);
}

#[cfg(any(feature = "fund", feature = "trade"))]
pub(crate) fn flow_ended(flow: &'static str, end: &'static str, reason: Option<&dyn Debug>) {
    counter!(FLOWS, "flow" => flow, "end" => end, "reason" => text(reason)).increment(1);
}

/// A method of a spec by its name. The name of any other is the caller's text, of which there may be without end.
fn name(method: Option<&'static str>) -> &'static str {
    method.unwrap_or("raw")
}

/// The name of an enum's variant, as in spans and events.
fn text(variant: Option<impl Debug>) -> Cow<'static, str> {
    variant.map_or(Cow::Borrowed(NONE), |variant| Cow::Owned(format!("{variant:?}")))
}
