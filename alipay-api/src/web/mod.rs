//! Notifications as arguments of your handlers: for axum 0.8 (feature `axum`) and actix-web 4 (feature `actix`).
//!
//! [`Received`] is an extractor. It takes the raw body, within a [limit](NotificationReceiver::max_body) and a
//! [time](NotificationReceiver::body_timeout), and verifies it by [`receive`](crate::notify::Notifications::receive): a handler that has a
//! `Received` has what Alipay signed for your app. Whatever else comes is answered before your handler is called. The handler returns a
//! [`Reply`], or a [`NotificationError`] with the status that fits, which `?` makes of every error.
//!
//! | what came | answer |
//! |---|---|
//! | a notification that the handler replied to with [`Reply::SUCCESS`] | 200 `success`: Alipay does not send it again |
//! | a body that is no notification, or that broke off | 400 |
//! | a signature that does not hold, or is not there; another app | 403 |
//! | another HTTP method than POST | 405 |
//! | a body that did not come in time | 408 |
//! | a body that is too large | 413 |
//! | a genuine notification that is not about what your handler expects | 422 |
//! | one that your program can't take as it is, such as an encrypted one for a client without a key | 500 |
//! | one that may succeed when it is sent again: its certificate can't be fetched now, your handler's own error | 503 |
//!
//! All refusals have the body `fail`, which tells a forger nothing; what was wrong is in a `tracing` event. Alipay sends a genuine
//! notification again after every answer but `success`, about eight times within 25 hours, whatever the status.
//!
//! An address that gets many kinds, such as the app's gateway address (应用网关), has one handler for all of them: a [`GatewayHandler`] calls
//! your function for the type of each, and answers.
//!
//! The `Content-Type` is not looked at: it is not signed, and Alipay's own (`application/x-www-form-urlencoded; text/html; charset=utf-8`) is
//! no valid one. Parameters of the URL's query are no part of a notification.
//!
//! # Calls from Alipay
//! [`ReceivedCall`] is the same for the calls of `spi.…` methods, which want a [signed answer](ReceivedCall::reply). What can't be taken has the
//! answers of the table, but for two: by GET it is taken, too, and where the signature does not hold or is not there, the answer is the one of
//! Alipay's guide: 200 with `code` `40004` and `sub_code` `ISV-VERIFICATION-FAILED`, signed. While that is being signed for the first time, and
//! for a minute after it could not be, it is 403 as in the table.
//!
//! The [guide](crate::guide::notifications) has a whole handler.

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
mod body;
mod calls;
mod error;
mod gateway;
mod receiver;
mod reply;

pub use self::{
    calls::{CallReceiver, ReceivedCall},
    error::NotificationError,
    gateway::{GatewayHandler, GatewayHandlerBuilder},
    receiver::{NotificationReceiver, Received},
    reply::Reply,
};
