//! Pre-authorisations: money that is frozen, and what is released of it. [`preauth_pay`](super::preauth_pay) pays from it.

use super::{
    Flow, FlowKind, NotDoneReason, Ticket,
    steps::{Context, Steps, Undone, Word},
    ticket::{OrderNumber, Step},
};
use crate::{
    Client, Error, ErrorKind,
    fund::{
        AuthOperationCancel, AuthOperationDetailQuery, AuthOperationDetailQueryErrorCode,
        AuthOperationDetailQueryResponse, AuthOrderFreeze, AuthOrderFreezeResponse, AuthOrderUnfreeze,
        AuthOrderUnfreezeResponse, auth_operation_cancel::AuthOperationCancelAction,
        auth_operation_detail_query::AuthOperationDetailQueryOrderStatus, types::Status,
    },
    transport::BoxFuture,
    types::{DateTime, OpenEnum, Price},
};

const QUERY: &str = "alipay.fund.auth.operation.detail.query";

/// Why a freeze is cancelled, for the payer and the merchant to read.
const REMARK: &str = "授权撤销";

/// Freezes a user's money face to face: `alipay.fund.auth.order.freeze`, then `alipay.fund.auth.operation.detail.query` while the user
/// confirms, and `alipay.fund.auth.operation.cancel` when the time is up.
///
/// The cancel is sent once, for Alipay does not say what a second one does. Where its outcome is unclear, the flow asks on, and ends as unknown
/// if that does not tell: release what is frozen then with [`unfreeze`].
///
/// After the freeze, pay from it, and release the rest. Then the pre-authorisation is finished:
///
/// ```no_run
/// # #[cfg(feature = "trade")]
/// # async fn example(client: alipay_api::Client, request: alipay_api::fund::AuthOrderFreeze) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::{
///     flows,
///     fund::{AuthOperationDetailQuery, AuthOrderUnfreeze, AuthOrderUnfreezeRequired},
///     trade::{Pay, PayRequired},
/// };
///
/// let Some(frozen) = flows::freeze(&client, request).await.done() else { return Ok(()) };
///
/// let required = PayRequired { out_trade_no: "20261127".into(), total_amount: "268.00".parse()?, subject: "房费".into() };
/// let mut request = Pay::with_auth_no(&frozen.auth_no, required).product_code("PRE_AUTH").seller_id("2088102146225136");
/// (request.buyer_id, request.buyer_open_id) = (frozen.payer_user_id, frozen.payer_open_id);
/// let Some(paid) = flows::preauth_pay(&client, request).await.done() else { return Ok(()) };
/// println!("paid as {}", paid.trade_no);
///
/// let query = AuthOperationDetailQuery::new().auth_no(&frozen.auth_no).out_request_no(&frozen.out_request_no);
/// if let Some(rest) = client.fund().auth_operation_detail_query(query).await?.rest_amount.filter(|rest| !rest.is_zero()) {
///     let required = AuthOrderUnfreezeRequired {
///         amount: rest,
///         auth_no: frozen.auth_no,
///         out_request_no: "20261127_rest".into(),
///         remark: "退房".into(),
///     };
///     let Some(unfrozen) = flows::unfreeze(&client, AuthOrderUnfreeze::new(required)).await.done() else { return Ok(()) };
///     println!("{} yuan are released", unfrozen.amount);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Store each flow's [ticket](Flow::ticket) before you await it, so that [`resume`](super::resume) can go on after a crash. A payment that
/// is to be the last can release the rest by itself: `auth_confirm_mode` of the payment.
pub fn freeze(client: &Client, request: AuthOrderFreeze) -> Flow<Frozen> {
    let number = request.out_request_no.clone();
    let mut ticket = Ticket::new(FlowKind::Freeze, client.app_id(), number, request.amount);
    ticket.order = Some(OrderNumber::OutOrder(request.out_order_no.clone()));
    let steps = Freeze {
        request: Some(Box::new(request)),
        is_absent: false,
        may_be_cancelled: false,
    };
    Flow::new(client, ticket, steps)
}

/// Releases what is frozen, or a part of it: `alipay.fund.auth.order.unfreeze`, and `alipay.fund.auth.operation.detail.query` until the release
/// is known.
///
/// Give each release an `out_request_no` of its own. One that the gateway does not know when nothing can be on its way any more is sent again,
/// unchanged: Alipay makes it once. [`freeze`] has an example.
pub fn unfreeze(client: &Client, request: AuthOrderUnfreeze) -> Flow<Unfrozen> {
    let number = request.out_request_no.clone();
    let mut ticket = Ticket::new(FlowKind::Unfreeze, client.app_id(), number, request.amount);
    ticket.order = Some(OrderNumber::Auth(request.auth_no.clone()));
    ticket.store_request(&request);
    Flow::new(client, ticket, Unfreeze(Some(Box::new(request))))
}

/// Money that is frozen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frozen {
    /// The merchant's number of the pre-authorisation.
    pub out_order_no: String,
    /// The merchant's number of the freeze.
    pub out_request_no: String,
    /// Alipay's number of the pre-authorisation: payments and releases take it.
    pub auth_no: String,
    /// Alipay's number of the freeze.
    pub operation_id: Option<String>,
    /// How much was frozen, in yuan: the amount that was asked for.
    pub amount: Price,
    /// How much of it is still frozen, in yuan. Known where the query has it: payments and releases make it less.
    pub rest_amount: Option<Price>,
    /// When it was frozen, in Beijing time.
    pub frozen_at: Option<DateTime>,
    /// The payer's Alipay user number. New apps get [`payer_open_id`](Self::payer_open_id) instead.
    pub payer_user_id: Option<String>,
    /// Identifies the payer to this app.
    pub payer_open_id: Option<String>,
    /// Whether the pre-authorisation is on credit, so that no money is really frozen.
    pub is_on_credit: bool,
}

/// Money that is released.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unfrozen {
    /// The merchant's number of the release.
    pub out_request_no: String,
    /// Alipay's number of the pre-authorisation. `None` where the ticket and the answer have none.
    pub auth_no: Option<String>,
    /// Alipay's number of the release.
    pub operation_id: Option<String>,
    /// How much was released, in yuan: the amount that was asked for.
    pub amount: Price,
    /// How much is still frozen, in yuan. Known where the query has it.
    pub rest_amount: Option<Price>,
    /// When it was released, in Beijing time.
    pub unfrozen_at: Option<DateTime>,
}

pub(super) struct Freeze {
    /// What is to be sent; it is sent once.
    request: Option<Box<AuthOrderFreeze>>,
    /// Whether the gateway has just said that it does not know the freeze.
    is_absent: bool,
    /// Whether a cancel was sent and its outcome is not known.
    may_be_cancelled: bool,
}

impl Freeze {
    /// Taken up without its request.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self {
            request: None,
            is_absent: false,
            may_be_cancelled: ticket.step == Some(Step::Cancelling),
        }
    }
}

impl Steps<Frozen> for Freeze {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Frozen>> {
        Box::pin(async move {
            let Some(request) = self.request.take() else {
                let message = "the freeze was not sent, for its request is gone: a freeze is sent once";
                return Word::NotSent(Error::new(ErrorKind::Request, message));
            };
            let mut call = at.client.fund().auth_order_freeze(*request);
            if let Some(url) = &at.notify_url {
                call = call.notify_url(url);
            }
            match call.await {
                Ok(answer) => of_freeze(answer, at),
                Err(error) => Word::of_send(error),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Frozen>> {
        Box::pin(async move {
            let word = match detail(at, "FREEZE").await {
                Ok(answer) => of_freeze_query(answer, at),
                Err(error) => absent(error),
            };
            self.is_absent = matches!(word, Word::Absent);
            word
        })
    }

    fn can_undo(&self) -> bool {
        true
    }

    fn undo<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Undone> {
        Box::pin(async move {
            if self.is_absent {
                // It may be there by now. A cancel is sent once, so only what is there is cancelled.
                match self.ask(at).await {
                    Word::Absent => return Undone::Absent,
                    Word::NotDone(reason) => return Undone::NotDone(reason),
                    Word::Unclear(error) => return Undone::Unclear(Some(error)),
                    _ => {}
                }
            }
            if self.may_be_cancelled {
                return Undone::Open;
            }
            let mut cancel = AuthOperationCancel::new(REMARK).out_request_no(&at.ticket.number);
            if let Some(OrderNumber::OutOrder(number)) = &at.ticket.order {
                cancel = cancel.out_order_no(number);
            }
            let mut call = at.client.fund().auth_operation_cancel(cancel);
            if let Some(url) = &at.notify_url {
                call = call.notify_url(url);
            }
            match call.await {
                Ok(answer) => match answer.action.as_ref().and_then(OpenEnum::known) {
                    Some(AuthOperationCancelAction::Close) => Undone::NotDone(NotDoneReason::Cancelled),
                    Some(AuthOperationCancelAction::Unfreeze) => Undone::NotDone(NotDoneReason::GivenBack),
                    // The query says what became of it.
                    None => {
                        self.may_be_cancelled = true;
                        Undone::Unclear(None)
                    }
                },
                Err(error) => {
                    self.may_be_cancelled = error.is_outcome_unknown();
                    Undone::of_error(error)
                }
            }
        })
    }
}

pub(super) struct Unfreeze(Option<Box<AuthOrderUnfreeze>>);

impl Unfreeze {
    /// Taken up with the request of the ticket.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self(ticket.stored_request().map(Box::new))
    }
}

impl Steps<Unfrozen> for Unfreeze {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Unfrozen>> {
        Box::pin(async move {
            let Some(request) = &self.0 else {
                let message =
                    "the release's request is not in the ticket, or can't be read: the release was not sent again";
                return Word::NotSent(Error::new(ErrorKind::Request, message));
            };
            let mut call = at.client.fund().auth_order_unfreeze((**request).clone());
            if let Some(url) = &at.notify_url {
                call = call.notify_url(url);
            }
            match call.await {
                Ok(answer) => of_unfreeze(answer, at),
                Err(error) => Word::of_send(error),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Unfrozen>> {
        Box::pin(async move {
            match detail(at, "UNFREEZE").await {
                Ok(answer) => of_unfreeze_query(answer, at),
                Err(error) => absent(error),
            }
        })
    }

    fn repeats(&self) -> bool {
        self.0.is_some()
    }
}

/// Asks about the ticket's operation. Its number may also be that of another kind.
async fn detail(at: &Context, kind: &str) -> Result<AuthOperationDetailQueryResponse, Error> {
    let query = AuthOperationDetailQuery::new()
        .out_request_no(&at.ticket.number)
        .operation_type(kind);
    let query = match &at.ticket.order {
        Some(OrderNumber::OutOrder(number)) => query.out_order_no(number),
        Some(OrderNumber::Auth(number)) => query.auth_no(number),
        _ => query,
    };
    let answer = at.client.fund().auth_operation_detail_query(query).await?;
    if answer.operation_type.as_deref().is_some_and(|told| told != kind) {
        let message = format!("the answer is about another operation than {kind}");
        return Err(Error::new(ErrorKind::Mismatch, message).with_method(QUERY));
    }
    Ok(answer)
}

/// What the query's error says: these codes, signed, mean that the gateway does not know the operation.
fn absent<T>(error: Error) -> Word<T> {
    let is_unknown = matches!(
        error.sub_code_as(),
        Some(
            AuthOperationDetailQueryErrorCode::AuthOrderNotExist
                | AuthOperationDetailQueryErrorCode::AuthOperationNotExist
        )
    );
    if is_unknown && error.is_verified() {
        Word::Absent
    } else {
        Word::Unclear(error)
    }
}

/// What an answer says of which operation.
struct Told<'t> {
    method: &'static str,
    out_request_no: Option<&'t str>,
    out_order_no: Option<&'t str>,
    auth_no: Option<&'t str>,
    amount: Option<Price>,
}

impl Told<'_> {
    /// Why nothing can be learned of the ticket's operation: the answer is about another one, or one of another amount.
    fn objection<T>(&self, at: &Context) -> Option<Word<T>> {
        let differs = |told: Option<&str>, asked: &str| told.is_some_and(|told| told != asked);
        let is_other_order = match &at.ticket.order {
            Some(OrderNumber::OutOrder(number)) => differs(self.out_order_no, number),
            Some(OrderNumber::Auth(number)) => differs(self.auth_no, number),
            _ => false,
        };
        if is_other_order || differs(self.out_request_no, &at.ticket.number) {
            let message = "the answer is about an operation of another number";
            return Some(Word::Unclear(
                Error::new(ErrorKind::Mismatch, message).with_method(self.method),
            ));
        }
        match self.amount {
            Some(amount) if amount != at.ticket.amount => Some(Word::Mismatch),
            Some(_) => None,
            // The query has it.
            None if self.method != QUERY => Some(Word::Waiting),
            None => {
                let message = "the operation's amount is missing from the answer: the operation can't be told from another of the same number";
                Some(Word::Unclear(Error::new(ErrorKind::Decode, message).with_method(QUERY)))
            }
        }
    }
}

impl<'t> From<&'t AuthOperationDetailQueryResponse> for Told<'t> {
    fn from(answer: &'t AuthOperationDetailQueryResponse) -> Self {
        Self {
            method: QUERY,
            out_request_no: answer.out_request_no.as_deref(),
            out_order_no: answer.out_order_no.as_deref(),
            auth_no: answer.auth_no.as_deref(),
            amount: answer.amount,
        }
    }
}

fn of_freeze(answer: AuthOrderFreezeResponse, at: &mut Context) -> Word<Frozen> {
    let told = Told {
        method: "alipay.fund.auth.order.freeze",
        out_request_no: answer.out_request_no.as_deref(),
        out_order_no: answer.out_order_no.as_deref(),
        auth_no: answer.auth_no.as_deref(),
        amount: answer.amount,
    };
    if let Some(word) = told.objection(at) {
        return word;
    }
    let Some(auth_no) = answer.auth_no else {
        return Word::Waiting;
    };
    at.ticket.alipay_number = Some(auth_no.clone());
    at.ticket.status = answer.status.as_ref().map(ToString::to_string);
    match answer.status.as_ref().and_then(OpenEnum::known) {
        Some(Status::Success) => Word::Done(Frozen {
            out_order_no: out_order_no(at),
            out_request_no: at.ticket.number.clone(),
            auth_no,
            operation_id: answer.operation_id,
            amount: at.ticket.amount,
            rest_amount: None,
            frozen_at: answer.gmt_trans,
            payer_user_id: answer.payer_user_id,
            payer_open_id: answer.payer_open_id,
            is_on_credit: is_on_credit(answer.pre_auth_type.as_deref()),
        }),
        Some(Status::Closed) => Word::NotDone(NotDoneReason::Closed),
        Some(Status::Init) | None => Word::Waiting,
    }
}

fn of_freeze_query(answer: AuthOperationDetailQueryResponse, at: &mut Context) -> Word<Frozen> {
    if let Some(word) = Told::from(&answer).objection(at) {
        return word;
    }
    let Some(auth_no) = answer.auth_no else {
        let message = "the pre-authorisation's `auth_no` is missing from the answer: nothing could be paid from it";
        return Word::Unclear(Error::new(ErrorKind::Decode, message).with_method(QUERY));
    };
    at.ticket.alipay_number = Some(auth_no.clone());
    at.ticket.status = answer.status.as_ref().map(ToString::to_string);
    match answer.status.as_ref().and_then(OpenEnum::known) {
        Some(Status::Success) => {}
        Some(Status::Closed) => return Word::NotDone(NotDoneReason::Closed),
        Some(Status::Init) | None => return Word::Waiting,
    }
    match answer.order_status.as_ref().and_then(OpenEnum::known) {
        // It was frozen, and all of it was released.
        Some(AuthOperationDetailQueryOrderStatus::Closed) => return Word::NotDone(NotDoneReason::GivenBack),
        Some(AuthOperationDetailQueryOrderStatus::Init) => return Word::Waiting,
        Some(AuthOperationDetailQueryOrderStatus::Authorized | AuthOperationDetailQueryOrderStatus::Finish) | None => {}
    }
    Word::Done(Frozen {
        out_order_no: out_order_no(at),
        out_request_no: at.ticket.number.clone(),
        auth_no,
        operation_id: answer.operation_id,
        amount: at.ticket.amount,
        rest_amount: answer.rest_amount,
        frozen_at: answer.gmt_trans,
        payer_user_id: answer.payer_user_id,
        payer_open_id: answer.payer_open_id,
        is_on_credit: is_on_credit(answer.pre_auth_type.as_deref()),
    })
}

fn of_unfreeze(answer: AuthOrderUnfreezeResponse, at: &mut Context) -> Word<Unfrozen> {
    let told = Told {
        method: "alipay.fund.auth.order.unfreeze",
        out_request_no: answer.out_request_no.as_deref(),
        out_order_no: answer.out_order_no.as_deref(),
        auth_no: answer.auth_no.as_deref(),
        amount: answer.amount,
    };
    if let Some(word) = told.objection(at) {
        return word;
    }
    at.ticket.alipay_number.clone_from(&answer.operation_id);
    at.ticket.status.clone_from(&answer.status);
    if answer.status.as_deref() != Some("SUCCESS") {
        return Word::Waiting;
    }
    Word::Done(Unfrozen {
        out_request_no: at.ticket.number.clone(),
        auth_no: answer.auth_no.or_else(|| auth_no(at)),
        operation_id: answer.operation_id,
        amount: at.ticket.amount,
        rest_amount: None,
        unfrozen_at: answer.gmt_trans,
    })
}

fn of_unfreeze_query(answer: AuthOperationDetailQueryResponse, at: &mut Context) -> Word<Unfrozen> {
    if let Some(word) = Told::from(&answer).objection(at) {
        return word;
    }
    if answer.operation_id.is_some() {
        at.ticket.alipay_number.clone_from(&answer.operation_id);
    }
    at.ticket.status = answer.status.as_ref().map(ToString::to_string);
    match answer.status.as_ref().and_then(OpenEnum::known) {
        Some(Status::Success) => Word::Done(Unfrozen {
            out_request_no: at.ticket.number.clone(),
            auth_no: answer.auth_no.or_else(|| auth_no(at)),
            operation_id: answer.operation_id,
            amount: at.ticket.amount,
            rest_amount: answer.rest_amount,
            unfrozen_at: answer.gmt_trans,
        }),
        Some(Status::Closed) => Word::NotDone(NotDoneReason::Failed),
        Some(Status::Init) | None => Word::Waiting,
    }
}

fn is_on_credit(kind: Option<&str>) -> bool {
    kind == Some("CREDIT_AUTH")
}

fn out_order_no(at: &Context) -> String {
    match &at.ticket.order {
        Some(OrderNumber::OutOrder(number)) => number.clone(),
        _ => String::new(),
    }
}

fn auth_no(at: &Context) -> Option<String> {
    match &at.ticket.order {
        Some(OrderNumber::Auth(number)) => Some(number.clone()),
        _ => None,
    }
}
