//! An embedded Alipay gateway: a real HTTP server that behaves as Alipay's V2 gateway does, for tests and for trying things out.
//!
//! It is the other side of the wire. It shares no code with any client: it reads the same specs, and checks signatures, fields, types and limits by
//! them, keeps orders, refunds, transfers and authorisations, and answers signed. Any client of any language that speaks V2 can use it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = alipay_mock::Mock::start().await?;
//! println!("{} {}", mock.gateway_url(), mock.app_id());
//! // … a client precreates the order 20161112, and then its buyer pays:
//! let payment = mock.pay("20161112")?;
//! assert_eq!(payment.trade.trade_status.as_deref(), Some("TRADE_SUCCESS"));
//! mock.notifications_settled().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it plays, and how
//!
//! * `alipay.trade.page.pay`, `wap.pay` and `app.pay` make a trade when the browser or the app delivers them; `create` at once; `precreate` when the
//!   code is scanned, so a query before that says `ACQ.TRADE_NOT_EXIST`.
//! * `alipay.trade.pay` takes payment codes of 16 to 24 digits that begin with 25 to 30. Up to 1000.00 yuan it pays at once; above, it answers `10003`
//!   and the trade waits until [`Mock::pay`] plays the buyer who confirms.
//! * In certificate mode ([`Builder::certificates`]) every call has to name the app's certificate and Alipay's roots, and every signature names
//!   Alipay's certificate; `alipay.open.app.alipaycert.download` hands it out. In public-key mode, no call may name any, and methods that only
//!   certificate mode may call (`alipay.fund.trans.uni.transfer`) are refused.
//! * A merchant's authorisation makes tokens at once. Its code stands for these tokens, and so does the notice that the app gets at its address. A
//!   refresh token is dead once it was used, a token a little later; both are when the merchant authorises anew, and at once when it withdraws.
//! * The pages below `/oauth2/` send the browser back at once, with the code that the [visitor](Visitor) gives or refuses.
//! * Methods without a behaviour here are validated by their spec and then answered with `20000`.
//! * Answers come with the content type `text/html`, as Alipay's do.
//!
//! # The control endpoint
//!
//! What [`Mock`] does in process, programs in other languages do over HTTP, with JSON both ways. It answers to `localhost`, the addresses of the
//! loopback, the address that is listened on and the names that [`Builder::allow_host`] adds, and to no page of another site: else any page that a
//! developer has open could play the buyer. (The gateway itself and its pages answer to all.)
//!
//! | request | does |
//! |---|---|
//! | `GET /_mock/trades/{out_trade_no}` | shows an order |
//! | `POST /_mock/trades/{out_trade_no}/scan`, `…/pay`, `…/close` | plays the buyer, or Alipay who closes it |
//! | `POST /_mock/invoices/{token}` with a list of invoices | a user picks them |
//! | `POST /_mock/authorizations` with `auth_app_id` and `user_id`, both optional | a merchant authorises: gives `app_auth_code` |
//! | `GET /_mock/authorizations/{auth_app_id}` | shows what a merchant has allowed |
//! | `POST /_mock/authorizations/{auth_app_id}/cancel` | the merchant withdraws it |
//! | `POST /_mock/user-authorizations` with `user_id`, `open_id` and `scope`, all optional | a user agrees: gives `auth_code` |
//! | `POST /_mock/users/{user_id}` with fields of `alipay.user.info.share` | what is told of the user |
//! | `POST /_mock/visitor` with `user_id`, `open_id`, `auth_app_id` and `agrees`, all optional | who opens the pages below `/oauth2/`, and agrees or not |
//! | `GET /_mock/dead-refresh-tokens` | lists the refresh tokens that came after their death |
//! | `POST /_mock/app-gateway` with `url` | where the app is told of merchants; `null` for nowhere |
//! | `GET /_mock/lifetimes`, `POST` with some of its members | shows or sets the [lifetimes](Lifetimes), in seconds |
//! | `GET /_mock/certificates` | shows the certificates and their serials |
//! | `POST /_mock/certificates/roll-over` | Alipay takes another certificate: gives `alipay_cert_sn` |
//! | `POST /_mock/certificates/forge` with `forgery` | somebody forges it: `same_serial`, `new_serial` or `handed_out`; `null` ends it |
//! | `GET /_mock/requests` | counts requests, in all and by method, and refusals, by `sub_code` |
//! | `POST /_mock/next` with `method`, `code`, `sub_code` and `executed` | orders an error for the next call of a method |

#![warn(missing_docs)]

mod answers;
mod certificates;
mod clock;
mod control;
mod core;
mod example;
mod faults;
mod gateway;
mod html;
mod journal;
pub mod keys;
mod lifetimes;
mod methods;
mod mock;
mod money;
mod notify;
mod numbers;
mod pages;
mod protocol;
mod server;
mod specs;
mod state;
mod validate;

pub use alipay_codegen::SourceFile;

pub use answers::{Answer, AnswerError};
pub use certificates::{CertificateError, Forgery};
pub use clock::{Clock, SystemClock};
pub use control::merchants::{AuthorisationStatus, AuthorisationView};
pub use control::{ControlError, Payment, RefundView, TradeView};
pub use faults::{Delay, Fault, Release};
pub use journal::Received;
pub use lifetimes::Lifetimes;
pub use mock::Mock;
pub use mock::builder::{Builder, StartError};
pub use notify::delivery::{AttemptView, NotificationOutcome, NotificationView};
pub use server::guard::BadHostName;
pub use specs::SpecError;
pub use state::authorisations::{DeadRefreshToken, RefreshTokenDeath};
pub use state::users::Visitor;
