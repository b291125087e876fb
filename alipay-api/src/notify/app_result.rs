use bytes::Bytes;

use super::{Notifications, Verified, parameters, parameters::VerifiedParameters};
use crate::{
    Error, ErrorClass, ErrorKind,
    error::class_of,
    exchange::RefusalClass,
    method::AppMethod,
    protocol::{self, answer::AnswerError, received::Received},
};

impl Notifications<'_> {
    /// Verifies the `result` that Alipay's SDK gives to a phone app after the app has handed it an order string, as the app sends it on to
    /// you. Say which method the order string was for: the result of another one is refused.
    ///
    /// ```no_run
    /// # #[cfg(feature = "trade")]
    /// # fn example(client: alipay_api::Client, result: &str) -> Result<(), alipay_api::Error> {
    /// use alipay_api::trade::AppPay;
    ///
    /// let paid = client.notifications().verify_app_result::<AppPay>(result)?;
    /// println!("{} {:?}", paid.out_trade_no, paid.total_amount);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Before you deliver, wait for the notification, or query the order: the app chooses which result it sends on, and may send an old one.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and [`ErrorKind::Gateway`] where the result is an error. Where nobody has
    /// [signed](Error::is_verified) the error, or its code [leaves that open](Error::is_outcome_unknown), the order may have been paid all the
    /// same. An empty result, as after a payment that the buyer cancelled, is [`ErrorKind::Malformed`].
    pub fn verify_app_result<M: AppMethod>(&self, result: &str) -> Result<Verified<M::Response>, Error> {
        let method = M::INFO.name;
        let error = |kind, message: &str| Error::new(kind, message).with_method(method);
        if result.len() > parameters::MAX_BODY {
            return Err(error(ErrorKind::Malformed, "the app result is larger than 1 MiB"));
        }
        if result.trim_ascii().is_empty() {
            let message = "the app result is empty, as after a payment that the buyer cancelled: the `resultStatus` beside it says why; \
                           to be sure, query the order";
            return Err(error(ErrorKind::Malformed, message));
        }
        let refused = |refused| match refused {
            AnswerError::Malformed { .. } if result.contains("resultStatus") => {
                let message = "the app result is the whole object that Alipay's SDK gives: give its member `result` alone, as text";
                error(ErrorKind::Malformed, message)
            }
            AnswerError::Malformed { message, .. } => error(ErrorKind::Malformed, &message),
            refused @ (AnswerError::Unsigned | AnswerError::WrongSignature | AnswerError::OtherTime) => {
                error(ErrorKind::Verification, &refused.to_string())
            }
            refused @ (AnswerError::Undecryptable { .. } | AnswerError::Undecided { .. }) => {
                error(ErrorKind::Decode, &refused.to_string()).verified()
            }
        };
        let response = http::Response::new(Bytes::copy_from_slice(result.as_bytes()));
        let received = Received::new(&response);
        let unverified = protocol::DEFAULT.parse(&received, method).map_err(refused)?;
        let verifier = self.verifier(unverified.alipay_cert_sn())?;
        let answer = unverified
            .verify(&*verifier, &M::INFO.answer, self.client.now())
            .map_err(refused)?;
        if answer.verdict.is_error {
            // Where nobody has signed it, the phone may have been told so after a payment.
            let kind = if answer.must_be_signed() {
                ErrorKind::Verification
            } else {
                ErrorKind::Gateway
            };
            let gateway = answer.gateway_error();
            // An unsigned refusal decides nothing where the gateway signs such refusals.
            let class = RefusalClass::of(&gateway, class_of::<M::ErrorCode>).class;
            let class = class.filter(|_| kind == ErrorKind::Gateway);
            let is_unknown = !answer.verified || answer.verdict.claims_success() || RefusalClass::says_nothing(class);
            return Err(error(kind, "the app result is an error:")
                .with_gateway(gateway, class, answer.verified)
                .with_outcome(is_unknown, !is_unknown && class == Some(ErrorClass::Retry)));
        }
        let parameters = VerifiedParameters::of_members(&answer.values);
        self.check_app("the app result", &parameters)?;
        Verified::read_object(&answer.values, &parameters)
    }
}
