//! An embedded Alipay gateway: a real HTTP server that behaves as Alipay's V2 gateway does, for tests and for trying things out.
//!
//! The gateway shares no code with any client. It checks signatures, and fields, types and limits by the same specs that the client is generated from;
//! it keeps orders, refunds, transfers and authorisations, and signs its answers. Any client of any language that speaks V2 can use it.
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
//! # How it behaves
//!
//! * `alipay.trade.page.pay`, `wap.pay` and `app.pay` create a trade when the browser or the app delivers the request, and `create` at once.
//!   `precreate` creates one when the buyer scans the code: a query before that is answered with `ACQ.TRADE_NOT_EXIST`.
//! * `alipay.trade.pay` takes payment codes of 16 to 24 digits that begin with 25 to 30. Up to 1000.00 yuan it pays at once. Above that it answers
//!   `10003`, and the trade waits for [`Mock::pay`], which is the buyer's confirmation.
//! * A pre-authorisation ([`Mock::authorise_preauth`]) freezes the payer's own money, never credit, and closes when its time is over: by default after
//!   15 minutes. `alipay.fund.auth.order.freeze` freezes up to 1000.00 yuan at once; above, and for the other two ways, the payer authorises it. A code
//!   of `voucher.create` makes one when it is scanned. `alipay.trade.pay` with `auth_no` needs `buyer_id`, `seller_id` and the product code of the
//!   pre-authorisation. A cancel is possible for 24 hours, and only while nothing was released or paid.
//! * `alipay.user.agreement.page.sign` shows a page on which the [visitor](Visitor) signs or refuses ([`Mock::sign_agreement`]). `alipay.trade.pay` by
//!   agreement takes `GENERAL_WITHHOLDING` for `GENERAL_WITHHOLDING_P`, and `CYCLE_PAY_AUTH` for `CYCLE_PAY_AUTH_P`, which has a plan: one deduction in
//!   each period, from five days before its day to that day.
//! * Shares of a payment go only to receivers that `alipay.trade.royalty.relation.bind` has bound, and come to 30 percent of the order at most:
//!   [`Mock::set_royalty_ratio`]. A split with `royalty_mode` `async` waits for [`Mock::carry_out_split`].
//!   A share comes back with a refund if its receiver allows that: [`Mock::allow_returns`].
//! * An application for a sub-merchant of direct settlement (直付通) waits for [`Mock::pass_application`] or [`Mock::reject_application`].
//! * A buyer complains about a paid order with [`Mock::complain`]; [`Mock::step_complaint`] does what the buyer and Alipay do afterwards.
//! * In certificate mode ([`Builder::certificates`]) every call has to name the app's certificate and Alipay's root certificates, and every
//!   signature names Alipay's certificate, which `alipay.open.app.alipaycert.download` returns. In public-key mode no call may name a certificate, and
//!   methods for certificate mode only (`alipay.fund.trans.uni.transfer`) are refused.
//! * A merchant's authorisation creates tokens at once. The code, and the message to the app's gateway URL, stand for these tokens. Using a refresh
//!   token ends it at once, and the token after a grace time. A new authorisation replaces both, and a cancellation ends both at once.
//! * The pages below `/oauth2/` redirect the browser at once, with a code if the [visitor](Visitor) agrees.
//! * A method that has a spec and no behaviour here is *not played*: its request is checked against the spec, and then answered by the spec alone. If the
//!   request is that of one of the spec's examples, the answer is that example's. Otherwise each field has the value of the request's field of the same
//!   name, or the spec's `example` of the field, or a value that its type and limits allow. Such an answer says that the call has succeeded, also where
//!   the method moves money, though nothing was done. Its HTTP header `alipay-mock-answer` is `not-played`, and [`Mock::not_played_of`] counts it.
//! * What [`Mock::answer`] orders goes before all that. The header `alipay-mock-answer` of such an answer is `ordered`.
//! * Answers have the content type `text/html`, as Alipay's do.
//!
//! # The control endpoint
//!
//! What [`Mock`] does in process, programs in other languages do over HTTP, with JSON both ways. The endpoint answers requests for `localhost`, loopback
//! addresses, the address that it listens on, and the names that [`Builder::allow_host`] adds. It refuses requests from web pages of other sites: any
//! page that a developer has open could pay orders otherwise. The gateway itself and its pages answer everybody.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_mock/trades/{out_trade_no}` | shows an order |
//! | `POST /_mock/trades/{out_trade_no}/scan`, `…/pay`, `…/close` | acts as the buyer, or as Alipay, which closes it |
//! | `GET /_mock/preauthorizations/{out_order_no}` | shows a pre-authorisation and its operations |
//! | `POST /_mock/preauthorizations/{out_order_no}/scan`, `…/authorize` | acts as the payer: scans the code, has the money frozen |
//! | `GET /_mock/agreements`, `GET /_mock/agreements/{number}` | shows all agreements, or one by Alipay's or the merchant's number |
//! | `POST /_mock/agreements/{number}/sign`, `…/refuse`, `…/unsign` | acts as the user: signs, refuses, ends it in Alipay |
//! | `POST /_mock/splits/{settle_no}/carry-out` with `failing`, optional: accounts that get nothing | carries out a split that waits |
//! | `POST /_mock/royalties` with `ratio`, `allow_returns` and `forbid_returns`, all optional | sets the largest part of an order that may be shared, and which accounts give shares back |
//! | `GET /_mock/applications/{order_id}` | shows an application for a sub-merchant |
//! | `POST /_mock/applications/{order_id}/pass` with `memo`, optional, `…/reject` with `reason` | decides it |
//! | `POST /_mock/trades/{out_trade_no}/complaints` with `reason` and `content`, and optionally `demand`, `phone_no` and `images` | the buyer complains: returns the complaint |
//! | `GET /_mock/complaints/{complain_event_id}` | shows a complaint |
//! | `POST /_mock/complaints/{complain_event_id}/step` with `step`: `reply` (and `content`), `withdraw`, `accept`, `escalate`, `conclude` or `close` | the buyer or Alipay does something with it |
//! | `POST /_mock/invoices/{token}` with a list of invoices | a user picks them |
//! | `POST /_mock/authorizations` with `auth_app_id` and `user_id`, both optional | a merchant authorises the app: returns `app_auth_code` |
//! | `GET /_mock/authorizations/{auth_app_id}` | shows what a merchant has allowed |
//! | `POST /_mock/authorizations/{auth_app_id}/cancel` | the merchant cancels it |
//! | `POST /_mock/user-authorizations` with `user_id`, `open_id` and `scope`, all optional | a user agrees: returns `auth_code` |
//! | `POST /_mock/users/{user_id}` with fields of `alipay.user.info.share` | sets what the method returns for the user |
//! | `POST /_mock/visitor` with `user_id`, `open_id`, `auth_app_id` and `agrees`, all optional | sets who opens the pages below `/oauth2/`, and whether that user agrees |
//! | `GET /_mock/dead-refresh-tokens` | lists the refresh tokens that were used after they had ended |
//! | `POST /_mock/app-gateway` with `url` | sets where messages about merchants are sent; `null`: nowhere |
//! | `POST /_mock/notifications` with `name`, `fields` and `url`, the last two optional | signs a [notification](Mock::notify), and sends it if there is a `url`: returns `notify_id` and `body` |
//! | `GET /_mock/notifications` | lists all notifications, and how their delivery went |
//! | `GET /_mock/lifetimes`, `POST` with some of its members | shows or sets the [lifetimes](Lifetimes), in seconds |
//! | `GET /_mock/movements` | lists all money that moved: payments, refunds, transfers |
//! | `GET /_mock/certificates` | shows the certificates and their serials |
//! | `POST /_mock/certificates/roll-over` | Alipay changes its certificate: returns `alipay_cert_sn` |
//! | `POST /_mock/certificates/forge` with `forgery` | an attacker forges it: `same_serial`, `new_serial` or `handed_out`; `null` ends that |
//! | `GET /_mock/requests` | counts requests, in all and by method; refusals by `sub_code`; those of methods that are not played by method |
//! | `POST /_mock/answers` with `method`, `answer`, and optionally `once`, `executed` and `exactly` | sets what the method is answered with; `answer: null` ends that |
//! | `POST /_mock/next` with `method`, `code`, `sub_code` and `executed` | answers the next call of the method with an error |

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

pub use answers::folder::AnswerFilesError;
pub use answers::{Answer, AnswerError};
pub use certificates::{CertificateError, Forgery};
pub use clock::{Clock, SystemClock};
pub use control::agreements::{AgreementView, Signing};
pub use control::complaints::{ComplaintView, MessageView};
pub use control::merchants::{AuthorisationStatus, AuthorisationView};
pub use control::movements::{MovementKind, MovementView};
pub use control::onboarding::{ApplicationStatus, ApplicationView};
pub use control::preauths::{PreauthOperationView, PreauthView};
pub use control::{ControlError, Payment, RefundView, TradeView};
pub use faults::{Delay, Fault, Release};
pub use journal::{Received, ReceivedFile};
pub use lifetimes::Lifetimes;
pub use mock::Mock;
pub use mock::builder::{Builder, StartError};
pub use mock::gateway::Gateway;
pub use mock::notification::SignedNotification;
pub use notify::delivery::{AttemptView, NotificationOutcome, NotificationView};
pub use notify::ordered::NotificationError;
pub use server::guard::BadHostName;
pub use specs::SpecError;
pub use state::authorisations::{DeadRefreshToken, RefreshTokenDeath};
pub use state::complaints::{ComplaintStatus, ComplaintStep, NewComplaint, Writer};
pub use state::users::Visitor;
