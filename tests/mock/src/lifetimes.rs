//! How long codes and tokens live.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How long the codes and tokens that the gateway issues live, by its clock.
///
/// A change applies to codes and tokens that are issued afterwards; that of the grace time to replacements afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lifetimes {
    /// A merchant's `app_auth_code`. By default a day.
    pub app_auth_code: Duration,
    /// A merchant's `app_auth_token`. By default 365 days.
    pub app_auth_token: Duration,
    /// A merchant's `app_refresh_token`. By default 372 days.
    pub app_refresh_token: Duration,
    /// How long an `app_auth_token` remains valid after a newer one has replaced it, so that calls in progress succeed. By default ten minutes;
    /// Alipay only says «for a while». A refresh token has no grace time.
    pub app_auth_token_grace: Duration,
    /// A user's `auth_code`. By default a day.
    pub auth_code: Duration,
    /// A user's `access_token`. By default 15 days.
    pub access_token: Duration,
    /// A user's `refresh_token`. By default 30 days.
    pub refresh_token: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            app_auth_code: DAY,
            app_auth_token: 365 * DAY,
            app_refresh_token: 372 * DAY,
            app_auth_token_grace: HOUR / 6,
            auth_code: DAY,
            access_token: 15 * DAY,
            refresh_token: 30 * DAY,
        }
    }
}

impl Lifetimes {
    /// By the names that the control endpoint has for them.
    fn by_name(&mut self) -> [(&'static str, &mut Duration); 7] {
        [
            ("app_auth_code", &mut self.app_auth_code),
            ("app_auth_token", &mut self.app_auth_token),
            ("app_refresh_token", &mut self.app_refresh_token),
            ("app_auth_token_grace", &mut self.app_auth_token_grace),
            ("auth_code", &mut self.auth_code),
            ("access_token", &mut self.access_token),
            ("refresh_token", &mut self.refresh_token),
        ]
    }

    /// Seconds by name.
    pub(crate) fn seconds(mut self) -> BTreeMap<&'static str, f64> {
        self.by_name().map(|(name, time)| (name, time.as_secs_f64())).into()
    }

    /// These with the named ones changed, which are in seconds.
    pub(crate) fn changed(mut self, seconds: &Map<String, Value>) -> Result<Self, String> {
        for (name, value) in seconds {
            let time = value
                .as_f64()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let time = time.ok_or_else(|| format!("{name}: give seconds, not {value}"))?;
            let mut known = self.by_name().into_iter();
            let Some((_, place)) = known.find(|(known, _)| known == name) else {
                let names = Self::default().by_name().map(|(name, _)| name).join(", ");
                return Err(format!("{name} is not a lifetime: the lifetimes are {names}"));
            };
            *place = time;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_by_name() {
        let change = |text: &str| Lifetimes::default().changed(&serde_json::from_str(text).unwrap());
        let changed = change(r#"{"app_auth_token":2,"app_auth_token_grace":0.5}"#).unwrap();
        assert_eq!(changed.app_auth_token, Duration::from_secs(2));
        assert_eq!(changed.app_auth_token_grace, Duration::from_millis(500));
        let shown = serde_json::to_value(changed.seconds()).unwrap();
        assert_eq!(shown["app_refresh_token"].to_string(), "32140800.0");
        for text in [
            r#"{"x":1}"#,
            r#"{"auth_code":-1}"#,
            r#"{"auth_code":"1"}"#,
            r#"{"auth_code":1e300}"#,
        ] {
            assert!(change(text).is_err(), "{text}");
        }
    }
}
