use super::ErrorCode;
use super::{Error, ErrorClass, ErrorKind, GatewayError};

/// Makes an [`Error`] for a test of your own: from [`Error::for_tests`].
///
/// The error says only what you set. What the library says of a real failure, such as that the outcome of a timeout is unknown, depends on the
/// method and on how far the call got; `alipay-mock` brings such errors about for real.
#[derive(Clone, Debug)]
#[must_use = "an error is made by `build`"]
pub struct ErrorForTests {
    error: Error,
}

impl Error {
    /// Makes an error of this kind, to test what your code does about it.
    ///
    /// ```
    /// # #[cfg(feature = "trade")] {
    /// use alipay_api::{Error, ErrorKind, trade::QueryErrorCode};
    ///
    /// /// Whether an order may be paid again.
    /// fn is_free(found: Result<(), Error>) -> bool {
    ///     match found {
    ///         Err(error) if error.is_outcome_unknown() => false,
    ///         Err(error) => error.sub_code_as() == Some(QueryErrorCode::AcqTradeNotExist),
    ///         Ok(()) => false,
    ///     }
    /// }
    ///
    /// let timeout = Error::for_tests(ErrorKind::Timeout).outcome_unknown().build();
    /// assert!(!is_free(Err(timeout)));
    /// let unheard_of = Error::for_tests(ErrorKind::Gateway).refused_with(QueryErrorCode::AcqTradeNotExist).build();
    /// assert!(is_free(Err(unheard_of)));
    /// # }
    /// ```
    pub fn for_tests(kind: ErrorKind) -> ErrorForTests {
        ErrorForTests {
            error: Self::new(kind, "made for a test"),
        }
    }
}

impl ErrorForTests {
    /// Of a call of this method, such as `alipay.trade.pay`.
    pub fn method(self, method: &str) -> Self {
        self.with(|error| error.with_method(method))
    }

    /// Of this page of a list.
    pub fn page(self, number: u64) -> Self {
        self.with(|error| error.with_page(number))
    }

    /// A refusal by the gateway, signed, with one of a method's own codes: the error's class is the code's, and its outcome is unknown, or
    /// it is retryable, where the class says so.
    pub fn refused_with<C: ErrorCode>(self, sub_code: C) -> Self {
        let class = sub_code.class();
        let is_unknown = matches!(class, None | Some(ErrorClass::OutcomeUnknown));
        self.gateway("40004", Some(sub_code.as_str()), class)
            .with(|error| error.with_outcome(is_unknown, class == Some(ErrorClass::Retry)))
    }

    /// A refusal by the gateway, signed, with these codes, such as `40004` and `ACQ.SYSTEM_ERROR`, and without a class, as where no spec
    /// lists them.
    pub fn refused(self, code: &str, sub_code: Option<&str>) -> Self {
        self.gateway(code, sub_code, None)
    }

    /// The gateway's texts: `msg` and `sub_msg`. Without effect before it is [refused](Self::refused).
    pub fn messages(self, message: &str, sub_message: &str) -> Self {
        self.with(|error| {
            error.set(|inner| {
                if let Some(gateway) = &mut inner.gateway {
                    message.clone_into(&mut gateway.message);
                    gateway.sub_message = Some(sub_message.to_owned());
                }
            })
        })
    }

    /// The call may have been carried out all the same; it is not retryable.
    pub fn outcome_unknown(self) -> Self {
        self.with(|error| error.with_outcome(true, false))
    }

    /// The method that queries what became of the call, such as `alipay.trade.query`.
    pub fn query_method(self, method: &str) -> Self {
        self.with(|error| error.with_query_method(method))
    }

    /// The call did nothing and may succeed later; its outcome is known.
    pub fn retryable(self) -> Self {
        self.with(|error| error.with_outcome(false, true))
    }

    /// The error.
    pub fn build(self) -> Error {
        self.error
    }

    fn gateway(self, code: &str, sub_code: Option<&str>, class: Option<ErrorClass>) -> Self {
        let gateway = GatewayError {
            code: code.to_owned(),
            sub_code: sub_code.map(str::to_owned),
            ..GatewayError::default()
        };
        self.with(|error| error.with_gateway(gateway, class, true))
    }

    fn with(self, change: impl FnOnce(Error) -> Error) -> Self {
        Self {
            error: change(self.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::GatewayErrorCode;

    #[test]
    fn the_error_says_what_is_set() {
        let timeout = Error::for_tests(ErrorKind::Timeout)
            .method("alipay.trade.pay")
            .outcome_unknown()
            .build();
        assert!(
            timeout.is_timeout() && timeout.is_outcome_unknown() && !timeout.is_retryable() && !timeout.is_verified()
        );
        assert_eq!((timeout.method(), timeout.code()), (Some("alipay.trade.pay"), None));
        assert_eq!(timeout.gateway_message(), None);
        assert!(timeout.to_string().contains("made for a test"));
        let busy = Error::for_tests(ErrorKind::Transport)
            .outcome_unknown()
            .retryable()
            .build();
        assert!(busy.is_retryable() && !busy.is_outcome_unknown());

        for code in <GatewayErrorCode as crate::types::KnownValue>::listed().1 {
            let refused = Error::for_tests(ErrorKind::Gateway).refused_with(*code).build();
            assert_eq!(refused.sub_code_as(), Some(*code));
            assert_eq!(refused.class(), code.class());
            assert_eq!(
                refused.is_outcome_unknown(),
                code.class() == Some(ErrorClass::OutcomeUnknown)
            );
            assert_eq!(refused.is_retryable(), code.class() == Some(ErrorClass::Retry));
            assert!(refused.is_verified());
        }
    }

    #[test]
    fn the_gateways_words_are_one_text() {
        let refused = |message, sub_message| {
            let refused = Error::for_tests(ErrorKind::Gateway).refused("40004", Some("ACQ.SYSTEM_ERROR"));
            refused
                .messages(message, sub_message)
                .build()
                .gateway_message()
                .map(std::borrow::Cow::into_owned)
        };
        assert_eq!(
            refused("Business Failed", "系统错误").as_deref(),
            Some("Business Failed: 系统错误")
        );
        for (message, sub_message) in [("x", ""), ("", "x"), ("x", "x")] {
            assert_eq!(refused(message, sub_message).as_deref(), Some("x"));
        }
    }
}
