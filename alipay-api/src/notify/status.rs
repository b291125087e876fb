use http::StatusCode;

use crate::{Error, ErrorKind};

/// Which HTTP status to answer a notification with that was refused with this error.
///
/// Alipay sends a notification again after every answer but the body [`SUCCESS`](super::SUCCESS), whatever its status: the status is for
/// your own logs and alarms. It says who has to do something:
///
/// | status | the error | what it means |
/// |---|---|---|
/// | 400 | [`Malformed`](ErrorKind::Malformed) | The body is not a notification, or was changed before it came here. Sending it again does not help. |
/// | 403 | [`Verification`](ErrorKind::Verification) | The signature does not hold: it is forged, was changed on the way, or the client has a wrong key. Sending it again does not help. |
/// | 422 | [`Mismatch`](ErrorKind::Mismatch) | Alipay's, but not about your app, order, amount, seller or merchant. |
/// | 500 | [`Decode`](ErrorKind::Decode), [`Configuration`](ErrorKind::Configuration) and others | Your program has to be mended; when it is, one of the next attempts succeeds. |
/// | 503 | [`UnknownCertificate`](ErrorKind::UnknownCertificate), [`TokenStore`](ErrorKind::TokenStore), a failed call to Alipay | It may succeed when it is sent again. |
///
/// Errors of your own, such as of a database, are 500 or 503.
pub fn response_status(error: &Error) -> StatusCode {
    // A call to Alipay that the handler made: nothing is wrong with the notification.
    if error.http_status().is_some() || error.is_retryable() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match error.kind() {
        ErrorKind::Malformed => StatusCode::BAD_REQUEST,
        ErrorKind::Verification => StatusCode::FORBIDDEN,
        ErrorKind::Mismatch => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::UnknownCertificate
        | ErrorKind::Transport
        | ErrorKind::Timeout
        | ErrorKind::TokenRefresh
        | ErrorKind::TokenStore => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn each_error_has_its_status() {
        for (kind, status) in [
            (ErrorKind::Malformed, 400),
            (ErrorKind::Verification, 403),
            (ErrorKind::Mismatch, 422),
            (ErrorKind::Decode, 500),
            (ErrorKind::Configuration, 500),
            (ErrorKind::AuthorisationLost, 500),
            (ErrorKind::UnknownCertificate, 503),
            (ErrorKind::Transport, 503),
            (ErrorKind::Timeout, 503),
            (ErrorKind::TokenStore, 503),
            (ErrorKind::TokenRefresh, 503),
        ] {
            let error = Error::new(kind, "");
            assert_eq!(response_status(&error), status, "{kind:?}");
            // What a call met with says nothing of the notification.
            let answer = error.with_answer(200, None, Bytes::new());
            assert_eq!(response_status(&answer), 503, "{kind:?}");
        }
    }
}
