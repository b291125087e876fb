//! Payments: by the buyer's code, by the shop's code, and under an agreement.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Flow, FlowKind, NotDoneReason, Ticket,
    steps::{Context, Steps, Undone, Word},
};
use crate::{
    Client, Error, ErrorKind, Outcome,
    exchange::after,
    trade::{
        Cancel, Pay, PayResponse, Precreate, Query, QueryErrorCode, QueryResponse, cancel::CancelAction,
        types::TradeStatus,
    },
    transport::BoxFuture,
    types::{DateTime, OpenEnum, Price},
};

/// Takes a payment with the buyer's code: `alipay.trade.pay`, then `alipay.trade.query` while the buyer confirms, and `alipay.trade.cancel`
/// when the time is up.
///
/// Give each payment an `out_trade_no` of its own. After [`NotDone`](super::Ended::NotDone) no order is open under it.
pub fn scan_pay(client: &Client, request: Pay) -> Flow<Paid> {
    pay(client, request, FlowKind::ScanPay)
}

/// Takes a payment under an agreement of the buyer's (`agreement_params`): `alipay.trade.pay`, then `alipay.trade.query` while Alipay deducts,
/// and `alipay.trade.cancel` when the time is up.
///
/// With `is_async_pay`, Alipay accepts the order and goes on trying for a time of its own: give the flow that time, by
/// [`timeout`](Flow::timeout), and the order the same, by its `timeout_express` or `time_expire`.
pub fn agreement_pay(client: &Client, request: Pay) -> Flow<Paid> {
    pay(client, request, FlowKind::AgreementPay)
}

/// Takes a payment from a pre-authorisation (`auth_no`): `alipay.trade.pay`, then `alipay.trade.query` until it is known, and
/// `alipay.trade.cancel` when the time is up.
///
/// The request names what the pre-authorisation is of: its `product_code`, the payer as `buyer_id` or `buyer_open_id`, and the `seller_id`. What
/// is left stays frozen, unless `auth_confirm_mode` says `COMPLETE`; a cancelled payment is not frozen again. With the feature `fund`, `freeze`
/// makes the pre-authorisation and has an example of the whole.
pub fn preauth_pay(client: &Client, request: Pay) -> Flow<Paid> {
    pay(client, request, FlowKind::PreauthPay)
}

fn pay(client: &Client, request: Pay, flow: FlowKind) -> Flow<Paid> {
    let ticket = Ticket::new(
        flow,
        client.app_id(),
        request.out_trade_no.clone(),
        request.total_amount,
    );
    Flow::new(client, ticket, Payment::new(Some(Request::Pay(Box::new(request)))))
}

/// Takes a payment with a QR code that the buyer scans: `alipay.trade.precreate`, then `alipay.trade.query` until the buyer has paid, and
/// `alipay.trade.cancel` when the time is up.
///
/// [`on_progress`](Flow::on_progress) gets the [code](super::Progress::qr_code) to show. Before a scan there is no order to cancel, so the
/// code must end: where the request has no `qr_code_timeout_express`, the flow sets the next whole minute after its
/// [`timeout`](Flow::timeout), and waits for that before it ends as cancelled. With a longer one of your own, a flow that nobody scanned ends as
/// unknown.
///
/// ```no_run
/// # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::{flows, trade::Precreate};
///
/// let request = Precreate::new("20161117", "100.00".parse()?, "测试订单");
/// let ended = flows::qr_pay(&client, request)
///     .on_progress(|progress| {
///         if let Some(code) = progress.qr_code() {
///             println!("show this as a QR code: {code}");
///         }
///     })
///     .await;
/// println!("{}", if ended.done().is_some() { "paid" } else { "not paid" });
/// # Ok(())
/// # }
/// ```
pub fn qr_pay(client: &Client, request: Precreate) -> Flow<Paid> {
    let number = request.out_trade_no.clone();
    let mut ticket = Ticket::new(FlowKind::QrPay, client.app_id(), number, request.total_amount);
    ticket.code_minutes = request.qr_code_timeout_express.as_deref().map(minutes);
    let ends_with_flow = ticket.code_minutes.is_none();
    let mut flow = Flow::new(
        client,
        ticket,
        Payment::new(Some(Request::Precreate(Box::new(request)))),
    );
    flow.code_ends_with_it = ends_with_flow;
    flow.set_code_time();
    flow
}

/// A payment that is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Paid {
    /// The merchant's own number of the order.
    pub out_trade_no: String,
    /// Alipay's number of the order.
    pub trade_no: String,
    /// The order's price, in yuan or in the currency that the request names: the amount that was asked for.
    pub total_amount: Price,
    /// What the buyer really paid, without discounts, in yuan.
    pub buyer_pay_amount: Option<Price>,
    /// What the merchant's account receives, in yuan.
    pub receipt_amount: Option<Price>,
    /// When it was paid, in Beijing time.
    pub paid_at: Option<DateTime>,
    /// The buyer's Alipay user number. New apps get [`buyer_open_id`](Self::buyer_open_id) instead.
    pub buyer_user_id: Option<String>,
    /// Identifies the buyer to this app.
    pub buyer_open_id: Option<String>,
}

enum Request {
    Pay(Box<Pay>),
    Precreate(Box<Precreate>),
}

/// An order that is asked for, awaited and cancelled by its `out_trade_no`.
pub(super) struct Payment {
    /// What is to be sent; it is sent once.
    request: Option<Request>,
    /// When the code that this process was given ends.
    code_ends: Option<Instant>,
}

impl Payment {
    fn new(request: Option<Request>) -> Self {
        Self {
            request,
            code_ends: None,
        }
    }

    /// Taken up without its request.
    pub(super) fn resumed() -> Self {
        Self::new(None)
    }
}

impl Steps<Paid> for Payment {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Paid>> {
        Box::pin(async move {
            match self.request.take() {
                Some(Request::Pay(request)) => send_pay(*request, at).await,
                Some(Request::Precreate(request)) => {
                    let valid = at
                        .ticket
                        .code_minutes
                        .map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
                    let word = send_precreate(*request, at).await;
                    self.code_ends = valid.map(after);
                    word
                }
                None => Word::NotSent(Error::new(
                    ErrorKind::Request,
                    "the payment was not sent, for its request is gone: a payment is sent once",
                )),
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Paid>> {
        Box::pin(async move {
            let query = Query::with_out_trade_no(&at.ticket.number);
            match at.client.trade().query(query).await {
                Ok(order) => of_query(order, at),
                Err(error) if error.sub_code_as() == Some(QueryErrorCode::AcqTradeNotExist) && error.is_verified() => {
                    Word::Absent
                }
                Err(error) => Word::Unclear(error),
            }
        })
    }

    fn can_undo(&self) -> bool {
        true
    }

    fn undo<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Undone> {
        Box::pin(async move {
            let cancel = Cancel::with_out_trade_no(&at.ticket.number);
            match at.client.trade().cancel(cancel).await {
                Ok(answer) if answer.retry_flag == Some(true) => Undone::Unclear(None),
                Ok(answer) => match answer.action.as_ref().map(OpenEnum::known) {
                    None => Undone::Absent,
                    Some(Some(CancelAction::Close)) => Undone::NotDone(NotDoneReason::Cancelled),
                    Some(Some(CancelAction::Refund)) => Undone::NotDone(NotDoneReason::GivenBack),
                    // An action that no spec lists: the query says what became of the order.
                    Some(None) => Undone::Unclear(None),
                },
                Err(error) => Undone::of_error(error),
            }
        })
    }

    fn code_valid(&self, at: &Context) -> Duration {
        match (self.code_ends, at.ticket.code_minutes) {
            (Some(ends), _) => ends.saturating_duration_since(Instant::now()),
            // When another process was given the code is not known for sure: its clock may have been wrong.
            (None, Some(minutes)) => Duration::from_secs(u64::from(minutes) * 60),
            (None, None) => Duration::ZERO,
        }
    }
}

async fn send_pay(request: Pay, at: &mut Context) -> Word<Paid> {
    let is_accepted_only = request.is_async_pay == Some(true);
    let mut call = at.client.trade().pay(request);
    if let Some(url) = &at.notify_url {
        call = call.notify_url(url);
    }
    match call.await {
        Ok(Outcome::Done(order)) if !is_accepted_only => of_pay(order, at),
        Ok(Outcome::Done(order) | Outcome::Pending(order)) => {
            if !order.trade_no.is_empty() {
                at.ticket.alipay_number = Some(order.trade_no);
            }
            Word::Waiting
        }
        Err(error) => Word::of_send(error),
    }
}

async fn send_precreate(mut request: Precreate, at: &mut Context) -> Word<Paid> {
    if let (None, Some(minutes)) = (&request.qr_code_timeout_express, at.ticket.code_minutes) {
        request.qr_code_timeout_express = Some(format!("{minutes}m"));
    }
    let mut call = at.client.trade().precreate(request);
    if let Some(url) = &at.notify_url {
        call = call.notify_url(url);
    }
    match call.await {
        Ok(order) => {
            at.qr_code = Some(order.qr_code);
            Word::Waiting
        }
        Err(error) => Word::of_send(error),
    }
}

fn of_pay(order: PayResponse, at: &mut Context) -> Word<Paid> {
    let Some(total_amount) = order.total_amount else {
        // The query has the amount.
        return Word::Waiting;
    };
    if total_amount != at.ticket.amount {
        return Word::Mismatch;
    }
    at.ticket.alipay_number = Some(order.trade_no.clone());
    at.ticket.status = Some("TRADE_SUCCESS".to_owned());
    Word::Done(Paid {
        out_trade_no: order.out_trade_no,
        trade_no: order.trade_no,
        total_amount,
        buyer_pay_amount: order.buyer_pay_amount,
        receipt_amount: order.receipt_amount,
        paid_at: order.gmt_payment,
        buyer_user_id: order.buyer_user_id,
        buyer_open_id: order.buyer_open_id,
    })
}

fn of_query(order: QueryResponse, at: &mut Context) -> Word<Paid> {
    let Some(total_amount) = order.total_amount else {
        let message =
            "the order's amount is missing from the answer: the order can't be told from another of the same number";
        return Word::Unclear(Error::new(ErrorKind::Decode, message).with_method("alipay.trade.query"));
    };
    if total_amount != at.ticket.amount {
        return Word::Mismatch;
    }
    at.ticket.alipay_number = Some(order.trade_no.clone());
    at.ticket.status = Some(order.trade_status.to_string());
    match order.trade_status.known() {
        Some(TradeStatus::TradeSuccess | TradeStatus::TradeFinished) => Word::Done(Paid {
            out_trade_no: order.out_trade_no,
            trade_no: order.trade_no,
            total_amount,
            buyer_pay_amount: order.buyer_pay_amount,
            receipt_amount: order.receipt_amount,
            paid_at: order.send_pay_date,
            buyer_user_id: order.buyer_user_id,
            buyer_open_id: order.buyer_open_id,
        }),
        Some(TradeStatus::TradeClosed) => Word::NotDone(NotDoneReason::Closed),
        Some(TradeStatus::WaitBuyerPay) | None => Word::Waiting,
    }
}

/// A `qr_code_timeout_express` in whole minutes. What can't be read counts as the longest that Alipay allows.
fn minutes(text: &str) -> u32 {
    const LONGEST: u32 = 15 * 24 * 60;
    let number = |unit: char| text.strip_suffix(unit)?.parse::<u32>().ok();
    let minutes = number('m')
        .or_else(|| number('h')?.checked_mul(60))
        .or_else(|| number('d')?.checked_mul(24 * 60));
    minutes.map_or(LONGEST, |minutes| minutes.min(LONGEST))
}
