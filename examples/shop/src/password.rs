//! The admin password.

use axum::{
    BoxError,
    http::{HeaderMap, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use subtle::ConstantTimeEq;

/// The admin password. It has no `Debug`, so that no log can show it.
pub struct Password(String);

impl Password {
    const MIN_LENGTH: usize = 12;

    /// Takes a password of at least twelve bytes.
    ///
    /// # Errors
    /// It is shorter: who may try as often as he likes finds a short one.
    pub fn new(password: String) -> Result<Self, BoxError> {
        if password.len() < Self::MIN_LENGTH {
            return Err(format!("SHOP_PASSWORD is shorter than {} bytes", Self::MIN_LENGTH).into());
        }
        Ok(Self(password))
    }

    /// Whether the request brings it, as a browser does after it has asked for it.
    pub(crate) fn opens(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Basic "));
        let given = given.and_then(|value| STANDARD.decode(value).ok()).unwrap_or_default();
        // `user:password`; whoever the user is.
        let colon = given.iter().position(|byte| *byte == b':');
        let password = colon.map_or(&[][..], |colon| &given[colon + 1..]);
        // In the same time wherever the first wrong byte is.
        password.ct_eq(self.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_opens() {
        let password = Password::new("correct:horse battery".to_owned()).unwrap();
        let opens = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, given.parse().unwrap());
            password.opens(&headers)
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(opens(&basic("me:correct:horse battery")) && opens(&basic(":correct:horse battery")));
        for wrong in [
            "me:correct:horse",
            "me:",
            "me",
            "",
            "correct:horse battery",
            "me:Correct:horse battery",
        ] {
            assert!(!opens(&basic(wrong)), "{wrong}");
        }
        assert!(!opens("Basic %") && !opens("Bearer correct:horse battery") && !password.opens(&HeaderMap::new()));
        assert!(Password::new("too short".to_owned()).is_err());
    }
}
