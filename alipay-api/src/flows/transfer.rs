//! Transfers to accounts.

use super::{
    Flow, FlowKind, NotDoneReason, Ticket,
    steps::{Context, Steps, Word},
};
use crate::{
    Client, Error, ErrorKind,
    fund::{
        TransCommonQuery, TransCommonQueryErrorCode, TransOrderQuery, TransOrderQueryErrorCode, TransToaccountTransfer,
        TransUniTransfer, trans_common_query::TransCommonQueryStatus, trans_order_query::TransOrderQueryStatus,
        trans_uni_transfer::TransUniTransferStatus,
    },
    transport::BoxFuture,
    types::{DateTime, OpenEnum, Price},
};

/// Pays out to an account: `alipay.fund.trans.uni.transfer`, and `alipay.fund.trans.common.query` until the transfer is known.
///
/// Needs certificate mode. A transfer that the gateway does not know when nothing can be on its way any more is sent again, unchanged and with
/// the same `out_biz_no`, as Alipay's documentation says: it is paid out once. A flow that ends as unknown must not be sent under a new number.
pub fn transfer(client: &Client, request: TransUniTransfer) -> Flow<Transferred> {
    let number = request.out_biz_no.clone();
    let mut ticket = Ticket::new(FlowKind::Transfer, client.app_id(), number, request.trans_amount);
    ticket.store_request(&request);
    Flow::new(client, ticket, Transfer::new(Some(request)))
}

/// Pays out to an account by the older `alipay.fund.trans.toaccount.transfer`, which works in public-key mode too, and
/// `alipay.fund.trans.order.query`. Otherwise like [`transfer`].
///
/// The query does not tell the amount. So where the transfer's own answer was lost, the same request is sent once more: Alipay answers it with
/// success if it is the same transfer, and pays once.
pub fn transfer_to_account(client: &Client, request: TransToaccountTransfer) -> Flow<Transferred> {
    let number = request.out_biz_no.clone();
    let mut ticket = Ticket::new(FlowKind::TransferToAccount, client.app_id(), number, request.amount);
    ticket.store_request(&request);
    Flow::new(client, ticket, TransferToAccount::new(Some(request)))
}

/// A transfer that is made. One to a bank card can still come back: the query then says `REFUND`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transferred {
    /// The merchant's number of the transfer.
    pub out_biz_no: String,
    /// Alipay's number of the transfer.
    pub order_id: Option<String>,
    /// How much was transferred, in yuan: the amount that was asked for.
    pub amount: Price,
    /// When the money moved, in Beijing time.
    pub paid_at: Option<DateTime>,
}

pub(super) struct Transfer {
    request: Option<Box<TransUniTransfer>>,
    /// Whether the gateway has accepted the request itself: the number is this transfer's.
    is_own: bool,
}

impl Transfer {
    fn new(request: Option<TransUniTransfer>) -> Self {
        Self {
            request: request.map(Box::new),
            is_own: false,
        }
    }

    /// Taken up with the request of the ticket.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self::new(ticket.stored_request())
    }
}

impl Steps<Transferred> for Transfer {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Transferred>> {
        Box::pin(async move {
            let Some(request) = &self.request else {
                return no_request();
            };
            match at.client.fund().trans_uni_transfer((**request).clone()).await {
                Ok(transfer) => {
                    self.is_own = true;
                    at.ticket.alipay_number = Some(transfer.order_id.clone());
                    at.ticket.status = transfer.status.as_ref().map(ToString::to_string);
                    match transfer.status.as_ref().and_then(OpenEnum::known) {
                        Some(TransUniTransferStatus::Success) => {
                            Word::Done(transferred(Some(transfer.order_id), transfer.trans_date, at))
                        }
                        Some(TransUniTransferStatus::Fail) => Word::NotDone(NotDoneReason::Failed),
                        Some(TransUniTransferStatus::Refund) => Word::NotDone(NotDoneReason::GivenBack),
                        Some(TransUniTransferStatus::Dealing) | None => Word::Waiting,
                    }
                }
                Err(error) => Word::of_send(error),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Transferred>> {
        Box::pin(async move {
            let mut query = TransCommonQuery::with_out_biz_no(&at.ticket.number);
            if let Some(request) = &self.request {
                // A transfer of another product or scene is not found.
                if let Some(product) = &request.product_code {
                    query = query.product_code(product.as_str());
                }
                if let Some(scene) = &request.biz_scene {
                    query = query.biz_scene(scene.as_str());
                }
            }
            match at.client.fund().trans_common_query(query).await {
                Ok(transfer) => {
                    if transfer.trans_amount.is_some_and(|amount| amount != at.ticket.amount) {
                        return Word::Mismatch;
                    }
                    let status = transfer.status.as_ref();
                    note(transfer.order_id.as_deref(), status, at);
                    match status.and_then(OpenEnum::known) {
                        Some(TransCommonQueryStatus::Success) => {
                            let is_proven = self.is_own || transfer.trans_amount.is_some();
                            success(is_proven, transferred(transfer.order_id, transfer.pay_date, at))
                        }
                        Some(TransCommonQueryStatus::Fail) => Word::NotDone(NotDoneReason::Failed),
                        Some(TransCommonQueryStatus::Refund) => Word::NotDone(NotDoneReason::GivenBack),
                        Some(TransCommonQueryStatus::Closed) => Word::NotDone(NotDoneReason::Closed),
                        Some(TransCommonQueryStatus::Dealing | TransCommonQueryStatus::WaitPay) | None => Word::Waiting,
                    }
                }
                Err(error) => absent(error, Some(TransCommonQueryErrorCode::OrderNotExist)),
            }
        })
    }

    fn repeats(&self) -> bool {
        self.request.is_some()
    }
}

pub(super) struct TransferToAccount {
    request: Option<Box<TransToaccountTransfer>>,
    /// Whether the gateway has accepted the request itself, which alone proves that the number is this transfer's: the query tells no amount.
    is_own: bool,
}

impl TransferToAccount {
    fn new(request: Option<TransToaccountTransfer>) -> Self {
        Self {
            request: request.map(Box::new),
            is_own: false,
        }
    }

    /// Taken up with the request of the ticket.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self::new(ticket.stored_request())
    }
}

impl Steps<Transferred> for TransferToAccount {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Transferred>> {
        Box::pin(async move {
            let Some(request) = &self.request else {
                return no_request();
            };
            match at.client.fund().trans_toaccount_transfer((**request).clone()).await {
                Ok(transfer) => {
                    // Accepted, which is not paid out: the query says what became of it.
                    at.ticket.alipay_number = Some(transfer.order_id);
                    self.is_own = true;
                    Word::Waiting
                }
                Err(error) => Word::of_send(error),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Transferred>> {
        Box::pin(async move {
            let query = TransOrderQuery::with_out_biz_no(&at.ticket.number);
            match at.client.fund().trans_order_query(query).await {
                Ok(transfer) => {
                    let status = transfer.status.as_ref();
                    note(transfer.order_id.as_deref(), status, at);
                    match status.and_then(OpenEnum::known) {
                        Some(TransOrderQueryStatus::Success) => {
                            success(self.is_own, transferred(transfer.order_id, transfer.pay_date, at))
                        }
                        Some(TransOrderQueryStatus::Fail) => Word::NotDone(NotDoneReason::Failed),
                        Some(TransOrderQueryStatus::Refund) => Word::NotDone(NotDoneReason::GivenBack),
                        Some(
                            TransOrderQueryStatus::Init
                            | TransOrderQueryStatus::Dealing
                            | TransOrderQueryStatus::Unknown,
                        )
                        | None => Word::Waiting,
                    }
                }
                Err(error) => absent(error, Some(TransOrderQueryErrorCode::OrderNotExist)),
            }
        })
    }

    fn repeats(&self) -> bool {
        self.request.is_some()
    }
}

fn success(is_proven: bool, transferred: Transferred) -> Word<Transferred> {
    if is_proven {
        Word::Done(transferred)
    } else {
        Word::Unproven(transferred)
    }
}

fn no_request() -> Word<Transferred> {
    let message = "the transfer's request is not in the ticket, or can't be read: the transfer was not sent again";
    Word::NotSent(Error::new(ErrorKind::Request, message))
}

fn transferred(order_id: Option<String>, paid_at: Option<DateTime>, at: &Context) -> Transferred {
    Transferred {
        out_biz_no: at.ticket.number.clone(),
        order_id,
        amount: at.ticket.amount,
        paid_at,
    }
}

/// Writes down what the query says.
fn note(order_id: Option<&str>, status: Option<&impl ToString>, at: &mut Context) {
    if let Some(order_id) = order_id {
        at.ticket.alipay_number = Some(order_id.to_owned());
    }
    at.ticket.status = status.map(ToString::to_string);
}

/// What a query's error says: this code, signed, means that the gateway does not know the number.
fn absent<C: crate::method::ErrorCode + PartialEq>(error: Error, unknown: Option<C>) -> Word<Transferred> {
    if error.is_verified() && error.sub_code_as() == unknown {
        Word::Absent
    } else {
        Word::Unclear(error)
    }
}
