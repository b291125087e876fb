//! Refunds.

use super::{
    Flow, FlowKind, NotDoneReason, Ticket,
    steps::{Context, Steps, Word},
    ticket::OrderNumber,
};
use crate::{
    Client, Error, ErrorKind,
    trade::{
        self, FastpayRefundQuery, FastpayRefundQueryErrorCode, FastpayRefundQueryRequired, FastpayRefundQueryResponse,
        fastpay_refund_query::{DepositBackInfoDbackStatus, FastpayRefundQueryOption, RefundStatus},
    },
    transport::BoxFuture,
    types::{DateTime, OpenEnum, Price},
};

/// Refunds an order, or a part of it: `alipay.trade.refund`, and `alipay.trade.fastpay.refund.query` until the refund is known.
///
/// The request needs an `out_request_no` of its own, by which the refund is asked for; without one, nothing is sent. A refund that the gateway
/// does not know when nothing can be on its way any more is sent again, unchanged: Alipay makes it once.
pub fn refund(client: &Client, request: trade::Refund) -> Flow<Refunded> {
    let number = request.out_request_no.clone().unwrap_or_default();
    let mut ticket = Ticket::new(FlowKind::Refund, client.app_id(), number, request.refund_amount);
    ticket.order = match (&request.out_trade_no, &request.trade_no) {
        (Some(number), _) => Some(OrderNumber::OutTrade(number.clone())),
        (None, Some(number)) => Some(OrderNumber::Trade(number.clone())),
        (None, None) => None,
    };
    ticket.store_request(&request);
    Flow::new(client, ticket, Refund(Some(Box::new(request))))
}

impl Flow<Refunded> {
    /// Waits until the bank has the money, where a part of it goes back to a bank card: that takes hours or days, so give the flow the
    /// [time](Self::timeout) and a [schedule](Self::schedule) for it, or [resume](super::resume) it later.
    ///
    /// The flow then ends as done when the bank has credited the card or has refused it; [`Refunded::deposit`] says which.
    pub fn until_deposited(mut self) -> Self {
        self.context.until_deposited = true;
        self
    }
}

/// A refund that is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refunded {
    /// The merchant's number of the refund.
    pub out_request_no: String,
    /// Alipay's number of the order.
    pub trade_no: Option<String>,
    /// What this refund gave back: the amount that was asked for.
    pub refund_amount: Price,
    /// When it was made, in Beijing time. Known where the refund's own answer or the query has it.
    pub refunded_at: Option<DateTime>,
    /// What became of the part that goes back to a bank card. `None` where none does, or where it was not
    /// [asked for](Flow::until_deposited).
    pub deposit: Option<DepositBackInfoDbackStatus>,
}

pub(super) struct Refund(Option<Box<trade::Refund>>);

impl Refund {
    /// Taken up with the request of the ticket.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self(ticket.stored_request().map(Box::new))
    }
}

impl Steps<Refunded> for Refund {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Refunded>> {
        Box::pin(async move {
            let lacks = |message: &str| {
                Word::NotSent(Error::new(ErrorKind::Request, message).with_method("alipay.trade.refund"))
            };
            if at.ticket.number.is_empty() {
                return lacks(
                    "the refund has no out_request_no, by which it could be asked for: set one that no other refund of the order has",
                );
            }
            let Some(request) = &self.0 else {
                return lacks(
                    "the refund's request is not in the ticket, or can't be read: the refund was not sent again",
                );
            };
            match at.client.trade().refund((**request).clone()).await {
                Ok(answer) => {
                    at.ticket.alipay_number = Some(answer.trade_no.clone());
                    if answer.fund_change != Some(true) || at.until_deposited {
                        // An earlier request made it, or it is being worked on: the query says which.
                        return Word::Waiting;
                    }
                    at.ticket.status = Some("REFUND_SUCCESS".to_owned());
                    Word::Done(Refunded {
                        out_request_no: at.ticket.number.clone(),
                        trade_no: Some(answer.trade_no),
                        refund_amount: at.ticket.amount,
                        refunded_at: answer.gmt_refund_pay,
                        deposit: None,
                    })
                }
                Err(error) => Word::of_send(error),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Refunded>> {
        Box::pin(async move {
            let required = FastpayRefundQueryRequired {
                out_request_no: at.ticket.number.clone(),
            };
            let query = match &at.ticket.order {
                Some(OrderNumber::Trade(number)) => FastpayRefundQuery::with_trade_no(number, required),
                Some(OrderNumber::OutTrade(number)) => FastpayRefundQuery::with_out_trade_no(number, required),
                _ => FastpayRefundQuery::with_out_trade_no("", required),
            };
            let options = [
                FastpayRefundQueryOption::GmtRefundPay,
                FastpayRefundQueryOption::DepositBackInfo,
            ];
            match at
                .client
                .trade()
                .fastpay_refund_query(query.query_options(options.map(Into::into)))
                .await
            {
                Ok(refund) => of_query(refund, at),
                Err(error)
                    if error.sub_code_as() == Some(FastpayRefundQueryErrorCode::AcqTradeNotExist)
                        && error.is_verified() =>
                {
                    Word::Absent
                }
                Err(error) => Word::Unclear(error),
            }
        })
    }

    fn repeats(&self) -> bool {
        self.0.is_some()
    }
}

fn of_query(refund: FastpayRefundQueryResponse, at: &mut Context) -> Word<Refunded> {
    let Some(status) = &refund.refund_status else {
        // No such refund, or one that failed or is not known yet.
        return Word::Absent;
    };
    let Some(refund_amount) = refund.refund_amount else {
        let message =
            "the refund's amount is missing from the answer: the refund can't be told from another of the same number";
        let error = Error::new(ErrorKind::Decode, message).with_method("alipay.trade.fastpay.refund.query");
        return Word::Unclear(error);
    };
    if refund_amount != at.ticket.amount {
        return Word::Mismatch;
    }
    at.ticket.status = Some(status.to_string());
    if refund.trade_no.is_some() {
        at.ticket.alipay_number.clone_from(&refund.trade_no);
    }
    match status.known() {
        Some(RefundStatus::Success) => {}
        Some(RefundStatus::Fail) => return Word::NotDone(NotDoneReason::Failed),
        Some(RefundStatus::Processing) | None => return Word::Waiting,
    }
    let deposit = refund
        .deposit_back_info
        .filter(|info| info.has_deposit_back == Some(true));
    let deposit = deposit.map(|info| info.dback_status.as_ref().and_then(OpenEnum::known));
    let is_deposited = match deposit {
        None => true,
        Some(status) => matches!(
            status,
            Some(DepositBackInfoDbackStatus::Success | DepositBackInfoDbackStatus::Failed)
        ),
    };
    if at.until_deposited && !is_deposited {
        return Word::Waiting;
    }
    Word::Done(Refunded {
        out_request_no: at.ticket.number.clone(),
        trade_no: refund.trade_no,
        refund_amount,
        refunded_at: refund.gmt_refund_pay,
        deposit: deposit.flatten(),
    })
}
