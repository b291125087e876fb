//! An embedded Alipay gateway: a real HTTP server that behaves as Alipay's gateway does, by V2 and by V3, for tests and for trying things out.
//!
//! The gateway shares no code with any client. It checks signatures, and fields, types and limits by the same specs that the client is generated from;
//! it keeps orders, refunds, transfers and authorisations, and signs its answers. Any client of any language that speaks V2 or V3 can use it.
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
//! * What Alipay's documentation says that it refuses, the gateway refuses: other characters than letters, digits, `_`, `-` and `|` in an `out_trade_no`,
//!   `/`, `=` and `&` in a `subject`, a `notify_url` of more than 256 characters, files of other sizes and names than the spec's, a bank account without
//!   its bank. Notifications have Alipay's content type. [`Builder::lenient`] turns all of that off.
//! * A paid trade can be refunded for ever, unless [`Builder::refund_period`] or [`Mock::finish`] ends that: it is `TRADE_FINISHED` then.
//! * `alipay.trade.pay` takes payment codes of 16 to 24 digits that begin with 25 to 30. Up to 1000.00 yuan it pays at once. Above that it answers
//!   `10003`, and the trade waits for [`Mock::pay`], which is the buyer's confirmation.
//!   The codes of [test buyers](TestBuyer) do what is written there, whatever the amount: no money, a password, a late answer, an unknown outcome. They
//!   are on the page `/buyers`, with bar codes. No code is used up.
//! * A pre-authorisation ([`Mock::authorise_preauth`]) freezes the payer's own money, never credit, and closes when its time is over: by default after
//!   15 minutes. `alipay.fund.auth.order.freeze` freezes up to 1000.00 yuan at once; above, and for the other two ways, the payer authorises it. A code
//!   of `voucher.create` makes one when it is scanned. `alipay.trade.pay` with `auth_no` needs `buyer_id`, `seller_id` and the product code of the
//!   pre-authorisation. A cancel is possible for 24 hours, and only while nothing was released or paid.
//! * `alipay.user.agreement.page.sign` leads to a page on which somebody signs or refuses; [`Mock::sign_agreement`] signs as the [visitor](Visitor). `alipay.trade.pay` by
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
//! * The pages below `/oauth2/` ask a user to log in, or a merchant to let the app act for it. The browser is redirected at once for the scope `auth_base`,
//!   and where the [visitor](Visitor) has an answer to all ([`Visitor::agrees`]).
//! * `alipay.user.certify.open.certify` leads to a page on which the verification is passed or failed.
//! * `alipay.data.dataservice.bill.downloadurl.query` gives the bills `trade` and `signcustomer` of a day or a month that is over by the gateway's
//!   [clock](Builder::clock), in Beijing. To have today's, move the clock to tomorrow. The address, of `http`, holds for 30 seconds of that clock, and leads to a
//!   ZIP archive of tables in GBK, laid out as Alipay's are where that is public. Other kinds are refused with `TYPE_NOT_SUPPORTED`.
//! * A method that has a spec and no behaviour here is *not played*: its request is checked against the spec, and then answered by the spec alone. If the
//!   request is that of one of the spec's examples, the answer is that example's. Otherwise each field has the value of the request's field of the same
//!   name, or the spec's `example` of the field, or a value that its type and limits allow. Such an answer says that the call has succeeded, also where
//!   the method moves money, though nothing was done. Its HTTP header `alipay-mock-answer` is `not-played`, and [`Mock::not_played_of`] counts it.
//! * What [`Mock::answer`] orders goes before all that. The header `alipay-mock-answer` of such an answer is `ordered`.
//! * Answers have the content type `text/html`, as Alipay's do.
//!
//! # Pages
//!
//! What a browser brings to the gateway opens a page at `/page/{name}`, whose name can't be guessed; the browser is redirected there (`303`). Pages are in
//! Chinese or English, as the browser prefers, fit a phone, need no script and fetch nothing.
//!
//! | opened by | asks for |
//! |---|---|
//! | `alipay.trade.page.pay`, `alipay.trade.wap.pay` | a payment. After it, the browser goes to `return_url` with signed parameters; who leaves goes to `quit_url`, and the order stays open |
//! | `/qr/{code}`: the `qr_code` of `alipay.trade.precreate`, the `code_value` of `alipay.fund.auth.order.voucher.create` | the same, on a phone. Opening the address is the scan; with `.svg` at its end it is the code's picture |
//! | `alipay.user.agreement.page.sign` | a signature |
//! | `alipay.user.certify.open.certify` | the result of the verification |
//! | `/oauth2/publicAppAuthorize.htm` | a login |
//! | `/buyers` | nothing: it shows the payment codes of the [test buyers](TestBuyer), and leads to what waits for their word. Like the control endpoint, it answers only under the gateway's own host names |
//! | `/oauth2/appToAppAuth.htm`, `/oauth2/appToAppBatchAuth.htm` | a merchant's authorisation |
//!
//! Three people can press a button: Ming, who pays where nobody else is chosen; the [visitor](Visitor); and Hong, who has no money. An order whose buyer
//! the merchant has named is that buyer's.
//!
//! A form can come from any site; a button can't: its token serves once, for its own page, and a request that names another origin is refused. A request
//! that is refused is shown with its `sub_code`, the parameter that is wrong, and, where the signature is, the string that the gateway built.
//!
//! Codes begin with the address that the gateway listens on: [`Builder::public_url`] sets another one, such as one that a phone reaches. A gateway
//! [without a server](Builder::in_process) gives codes that look like Alipay's, and serves its pages through [`Gateway::handle`].
//!
//! # The console
//!
//! `/` of [`Mock::base_url`] is for whoever develops: orders, refunds, transfers, pre-authorisations, agreements and authorisations with their history; the
//! latest requests as they came, with the string that the signature has to be over, what is wrong, and what was answered; notifications with their
//! deliveries, to be sent again or by hand; faults for the next calls; the clock; codes that wait to be scanned. It changes as things happen, by a stream
//! of events at `/console/events`, and works by reloading where a browser runs no scripts.
//!
//! Where a signature does not hold, the page of the request says what it tells: that another private key made it, or which of the known mistakes the caller
//! made (parameters unsorted or percent-encoded before signing, one that was added after signing or left out, another charset or algorithm, lost `+`),
//! with the first difference of the two strings.
//!
//! The console answers to the hosts that the [control endpoint](#the-control-endpoint) answers to. Its forms have a token, and are refused if another
//! site sends them. Texts from outside are escaped, shortened, and shown without tokens. A gateway [without a server](Builder::in_process) answers for its
//! console through [`Gateway::console`].
//!
//! # V3
//!
//! [`Mock::gateway_url`] speaks V2, and all paths below `/v3/` of [`Mock::base_url`] speak V3, over the same orders, with the same checks, behaviours,
//! ordered answers and faults. What differs:
//!
//! * A method stands at the verb and the path of its spec. One without a spec, but with an ordered answer, stands at its name: `alipay.shop.thing.get` at
//!   `/v3/alipay/shop/thing/get`, under any verb. Page and app payments have no place in V3; nor has `alipay.open.app.alipaycert.download`.
//! * A request is refused if its `timestamp` is more than ten minutes from the gateway's clock, wherever that was [moved](Mock::advance_clock). A field at another place than the spec's is refused,
//!   and so is one that only V2 has.
//! * A success has the status 200. A failure has the `sub_code` of V2 as its `code`: as it is if it is one of the method's own, else without `isv.`,
//!   `aop.` or `isp.`. Its status is 500 for `20000`, 401 for `20001` and `40006`, 429 for `40005`, else 400. [`Mock::refusals_with`] counts by V2's names.
//! * How Alipay expresses V2's `10003` is not documented. Here, it is a signed failure with the status 400 and the code `10003`, and has the fields of
//!   a success; [`Fault::Status`] sends it under another status.
//!
//! # Data that is kept
//!
//! With `Builder::data`, of the feature `data`, the gateway keeps what it knows in a folder: after its end, also a sudden one, everything that it has
//! answered is still true, and it goes on notifying. `Builder::keys` keeps only the keys and certificates. The program has a data directory unless it is
//! started with `--ephemeral`.
//!
//! An answer leaves when what it tells is stored, and a notification too. So a merchant is told of nothing that the gateway forgets; it may be told
//! twice, with the same `notify_id`, if the gateway ends before the merchant's `success` is stored. The clock stays as far ahead as it was moved: what was
//! written at that time is never in the future. What expired while no gateway ran is closed, and told, at the next start. Not kept are open pages, ordered answers, faults and
//! the journal of requests.
//!
//! # The control endpoint
//!
//! What [`Mock`] does in process, programs in other languages do over HTTP, with JSON both ways. The endpoint answers requests for `localhost`, loopback
//! addresses, the address that it listens on, and the names that [`Builder::allow_host`] adds. It refuses requests from web pages of other sites: any
//! page that a developer has open could pay orders otherwise. The gateway itself and its [pages](#pages) answer everybody.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_mock/openapi.json` | describes all these as `OpenAPI`: parameters, bodies and answers |
//! | `GET /_mock/trades/{out_trade_no}` | shows an order |
//! | `POST /_mock/trades/{out_trade_no}/scan`, `…/pay`, `…/close`, `…/finish` | acts as the buyer, or as Alipay, which closes it, or ends it when it is paid |
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
//! | `POST /_mock/visitor` with `user_id`, `open_id`, `auth_app_id` and `agrees`, all optional | sets whose browser it is; with `agrees`, the pages below `/oauth2/` answer at once |
//! | `GET /_mock/dead-refresh-tokens` | lists the refresh tokens that were used after they had ended |
//! | `POST /_mock/app-gateway` with `url` | sets where messages about merchants are sent; `null`: nowhere |
//! | `POST /_mock/notifications` with `name`, `fields` and `url`, the last two optional | signs a [notification](Mock::notify), and sends it if there is a `url`: returns `notify_id` and `body` |
//! | `GET /_mock/notifications` | lists all notifications, their bodies, and how their delivery went |
//! | `POST /_mock/notifications/{notify_id}/resend` | sends a notification once more, the same to the byte |
//! | `GET /_mock/clock`, `POST` with `advance` (seconds), `time` (`yyyy-MM-dd HH:mm:ss`, Beijing time) or `reset` (`true`) | shows or [moves](Mock::advance_clock) the clock |
//! | `GET /_mock/faults` | lists the faults and the answers that wait for calls |
//! | `POST /_mock/faults` with `fault`, and optionally `method`, `seconds` and `executed` | a [fault](Fault) of the next call of the method, or of any: `slow` (for `seconds`), `unsigned-refusal`, `http-503`, `html`, `empty`, `truncated`, `cut-off`, `oversized`, `close-connection`, `unsigned`, `empty-sign`, `wrong-sign`, `tampered`, `duplicate-root`, `gbk`, `slash-escaped`, `slash-escaped-signed`, `extra-field`; of a method: `unknown-outcome` (`20000`; with `executed`, the call is carried out) or `not-played` |
//! | `DELETE /_mock/faults/{id}` | withdraws one that waits |
//! | `GET /_mock/lifetimes`, `POST` with some of its members | shows or sets the [lifetimes](Lifetimes), in seconds |
//! | `GET /_mock/buyers` | lists the [test buyers](TestBuyer) and their payment codes |
//! | `POST /_mock/buyers/release` | slow buyers who are asked at present agree now |
//! | `GET /_mock/movements` | lists all money that moved: payments, refunds, transfers |
//! | `GET /_mock/certificates` | shows the certificates and their serials |
//! | `POST /_mock/certificates/roll-over` | Alipay changes its certificate: returns `alipay_cert_sn` |
//! | `POST /_mock/certificates/forge` with `forgery` | an attacker forges it: `same_serial`, `new_serial` or `handed_out`; `null` ends that |
//! | `GET /_mock/requests` | counts requests, in all and by method; refusals by `sub_code`; those of methods that are not played by method |
//! | `POST /_mock/answers` with `method`, `answer`, and optionally `once`, `executed` and `exactly` | sets what the method is answered with; `answer: null` ends that |
//! | `POST /_mock/next` with `method`, `code`, `sub_code` and `executed` | answers the next call of the method with an error |

#![warn(missing_docs)]

mod answers;
mod barcode;
mod bills;
mod cashier;
mod certificates;
mod clock;
mod console;
mod control;
mod core;
mod diagnosis;
mod downloads;
mod encryption;
mod example;
mod expiry;
mod faults;
mod gateway;
mod html;
mod journal;
pub mod keys;
mod lifetimes;
mod merchant_call;
mod methods;
mod mock;
mod money;
mod news;
mod notify;
mod numbers;
mod origin;
mod protocol;
mod public_url;
mod qr;
mod routes;
mod server;
mod slow;
mod specs;
mod state;
mod store;
mod strictness;
mod table;
mod validate;

pub use alipay_codegen::SourceFile;

pub use answers::folder::AnswerFilesError;
pub use answers::{Answer, AnswerError};
pub use certificates::{CertificateError, Forgery};
pub use clock::{Clock, SystemClock};
pub use control::agreements::{AgreementView, Signing};
pub use control::complaints::{ComplaintView, MessageView};
pub use control::merchants::{AuthorisationStatus, AuthorisationView};
pub use control::movements::{Ledger, MovementKind, MovementView};
pub use control::onboarding::{ApplicationStatus, ApplicationView};
pub use control::preauths::{PreauthOperationView, PreauthView};
pub use control::{ControlError, Payment, RefundView, TradeView};
pub use encryption::{AesKey, AesKeyError, DecryptionError, EncryptType};
pub use faults::{Delay, Fault, Release};
pub use journal::{Received, ReceivedFile};
pub use lifetimes::Lifetimes;
pub use merchant_call::MerchantCallError;
pub use mock::Mock;
pub use mock::builder::{Builder, StartError};
pub use mock::gateway::Gateway;
pub use mock::notification::SignedNotification;
pub use mock::payer::BuyerHandle;
pub use notify::delivery::{AttemptView, NotificationOutcome, NotificationView};
pub use notify::ordered::NotificationError;
pub use public_url::BadPublicUrl;
pub use server::guard::BadHostName;
pub use specs::SpecError;
pub use state::authorisations::{DeadRefreshToken, RefreshTokenDeath};
pub use state::buyers::TestBuyer;
pub use state::complaints::{ComplaintStatus, ComplaintStep, NewComplaint, Writer};
pub use state::users::Visitor;
pub use store::StorageError;
#[cfg(feature = "data")]
pub use store::folder::DataError;
