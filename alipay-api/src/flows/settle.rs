//! Splits of paid orders.

use std::collections::BTreeMap;

use super::{
    Flow, FlowKind, NotDoneReason, Ticket,
    steps::{Context, Steps, Word},
    ticket::OrderNumber,
};
use crate::{
    Client, Error, ErrorKind,
    trade::{
        OrderSettle, OrderSettleQuery, OrderSettleQueryErrorCode, OrderSettleQueryResponse,
        order_settle::OrderSettleRoyaltyMode,
        order_settle_query::{RoyaltyDetail, RoyaltyDetailAccountType, RoyaltyDetailOperationType, RoyaltyDetailState},
        types::{OpenApiRoyaltyDetailInfoPojo, RoyaltyAccountType},
    },
    transport::BoxFuture,
    types::{DateTime, OpenEnum, Price},
};

/// Splits the money of a paid order: `alipay.trade.order.settle`, and `alipay.trade.order.settle.query` until each share has ended.
///
/// The split's own answer names no share, so the flow always asks, with `sync` too. It is done when all shares are made, and failed when none
/// is; when some are, it ends as unknown with [`Partly`](super::UnknownReason::Partly), and the query has their reasons. A share that was
/// not made can be split again under another number.
///
/// Alipay's answer for a split that it does not know proves nothing, so the flow then sends the same split again: Alipay carries it out once.
/// A refusal of that does not prove that the first one was not carried out, and the flow goes on asking.
///
/// Compared are the sum of the shares and, where both sides name them by user number, what each receiver gets. The amount of shares in percent
/// is not known beforehand and is not compared. A split without shares, which only declares that the order's split is finished, is done with
/// the gateway's answer to `sync`.
///
/// ```no_run
/// # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::{flows::{self, Ended}, trade::{OrderSettle, OrderSettleRequired, types::OpenApiRoyaltyDetailInfoPojo}};
///
/// let share = OpenApiRoyaltyDetailInfoPojo::new().trans_in_type("userId").trans_in("2088101126708402").amount("0.10".parse()?);
/// let required = OrderSettleRequired { out_request_no: "20160727001".into(), trade_no: "2014030411001007850000672009".into() };
/// match flows::settle(&client, OrderSettle::with_royalty_parameters([share], required)).await {
///     Ended::Done(settled) => println!("{} yuan are shared", settled.amount),
///     Ended::NotDone(not_done) => println!("nothing is shared: {not_done}"),
///     Ended::Unknown(unknown) => println!("take it up later by its ticket: {unknown}"),
/// }
/// # Ok(())
/// # }
/// ```
pub fn settle(client: &Client, request: OrderSettle) -> Flow<Settled> {
    let amounts = request.royalty_parameters.iter().filter_map(|share| share.amount);
    // No order is worth more than an amount can be.
    let amount = Price::checked_sum(amounts).unwrap_or(Price::ZERO);
    let number = request.out_request_no.clone();
    let mut ticket = Ticket::new(FlowKind::Settle, client.app_id(), number, amount);
    ticket.order = Some(OrderNumber::Trade(request.trade_no.clone()));
    ticket.store_request(&request);
    let steps = Settle {
        request: Some(Box::new(request)),
        may_be_made: false,
    };
    Flow::new(client, ticket, steps)
}

/// A split whose shares are all made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settled {
    /// The merchant's number of the split.
    pub out_request_no: String,
    /// Alipay's number of the order. `None` where the ticket has none.
    pub trade_no: Option<String>,
    /// Alipay's number of the split.
    pub settle_no: Option<String>,
    /// What was shared in all, in yuan: the amount that was asked for, or what shares in percent come to.
    pub amount: Price,
    /// The shares, one by one. Empty if only the end of the order's split was declared.
    pub details: Vec<RoyaltyDetail>,
    /// When Alipay accepted the split, in Beijing time.
    pub accepted_at: Option<DateTime>,
}

pub(super) struct Settle {
    request: Option<Box<OrderSettle>>,
    /// Whether an earlier request with this number may have been carried out.
    may_be_made: bool,
}

impl Settle {
    /// Taken up with the request of the ticket.
    pub(super) fn resumed(ticket: &Ticket) -> Self {
        Self {
            request: ticket.stored_request().map(Box::new),
            may_be_made: true,
        }
    }

    fn shares(&self) -> &[OpenApiRoyaltyDetailInfoPojo] {
        self.request.as_ref().map_or(&[], |request| &request.royalty_parameters)
    }
}

impl Steps<Settled> for Settle {
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Settled>> {
        Box::pin(async move {
            let Some(request) = &self.request else {
                let message =
                    "the split's request is not in the ticket, or can't be read: the split was not sent again";
                return Word::NotSent(Error::new(ErrorKind::Request, message));
            };
            let mode = request.royalty_mode.as_ref().map(OpenEnum::known);
            let is_at_once = matches!(mode, None | Some(Some(OrderSettleRoyaltyMode::Sync)));
            let declares_only = is_at_once && request.royalty_parameters.is_empty();
            match at.client.trade().order_settle((**request).clone()).await {
                Ok(answer) => {
                    if answer.settle_no.is_some() {
                        at.ticket.alipay_number = answer.settle_no;
                    }
                    if !declares_only {
                        // It names no share: the query does.
                        return Word::Waiting;
                    }
                    at.ticket.status = Some("SUCCESS".to_owned());
                    done(Vec::new(), Price::ZERO, None, at)
                }
                Err(error) => match Word::of_send(error) {
                    Word::Refused(error) if self.may_be_made => Word::Unclear(error),
                    word => {
                        self.may_be_made |= matches!(word, Word::Unclear(_));
                        word
                    }
                },
            }
        })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Settled>> {
        Box::pin(async move {
            let query = match (&at.ticket.alipay_number, &at.ticket.order) {
                (Some(number), _) => OrderSettleQuery::new().settle_no(number),
                (None, Some(OrderNumber::Trade(trade_no))) => OrderSettleQuery::new()
                    .trade_no(trade_no)
                    .out_request_no(&at.ticket.number),
                (None, _) => OrderSettleQuery::new().out_request_no(&at.ticket.number),
            };
            match at.client.trade().order_settle_query(query).await {
                Ok(split) => of_query(split, self.shares(), at),
                Err(error)
                    if error.sub_code_as() == Some(OrderSettleQueryErrorCode::InvalidParameter)
                        && error.is_verified() =>
                {
                    Word::Absent
                }
                Err(error) => Word::Unclear(error),
            }
        })
    }

    fn repeats(&self) -> bool {
        self.request.is_some()
    }
}

fn of_query(
    split: OrderSettleQueryResponse,
    asked: &[OpenApiRoyaltyDetailInfoPojo],
    at: &mut Context,
) -> Word<Settled> {
    let unclear =
        |kind, message| Word::Unclear(Error::new(kind, message).with_method("alipay.trade.order.settle.query"));
    if !split.out_request_no.is_empty() && split.out_request_no != at.ticket.number {
        return unclear(ErrorKind::Mismatch, "the answer is about a split of another number");
    }
    let mut details = split.royalty_detail_list;
    if details.is_empty() {
        // Nothing is known of its shares.
        return Word::Absent;
    }
    // A refund's number may serve here as well.
    details.retain(is_share);
    let amounts: Option<Vec<_>> = details.iter().map(|detail| detail.amount).collect();
    let Some(total) = amounts.and_then(Price::checked_sum) else {
        let message =
            "a share's amount is missing from the answer: the split can't be told from another of the same number";
        return unclear(ErrorKind::Decode, message);
    };
    if details.is_empty() || !fits(asked, at.ticket.amount, &details, total) {
        return Word::Mismatch;
    }
    let count = |wanted| {
        let states = details
            .iter()
            .map(|detail| detail.state.as_ref().and_then(OpenEnum::known));
        states.filter(|state| *state == Some(wanted)).count()
    };
    let (made, failed) = (count(RoyaltyDetailState::Success), count(RoyaltyDetailState::Fail));
    let status = match (made, failed) {
        (made, _) if made == details.len() => "SUCCESS",
        (_, failed) if failed == details.len() => "FAIL",
        (made, failed) if made + failed == details.len() => "PARTLY",
        _ => "PROCESSING",
    };
    at.ticket.status = Some(status.to_owned());
    match status {
        "SUCCESS" => done(details, total, split.operation_dt, at),
        "FAIL" => Word::NotDone(NotDoneReason::Failed),
        "PARTLY" => Word::Partly,
        _ => Word::Waiting,
    }
}

fn done(details: Vec<RoyaltyDetail>, amount: Price, accepted_at: Option<DateTime>, at: &Context) -> Word<Settled> {
    let trade_no = match &at.ticket.order {
        Some(OrderNumber::Trade(number)) => Some(number.clone()),
        _ => None,
    };
    Word::Done(Settled {
        out_request_no: at.ticket.number.clone(),
        trade_no,
        settle_no: at.ticket.alipay_number.clone(),
        amount,
        details,
        accepted_at,
    })
}

/// Whether it is a share, and not one that is taken back.
fn is_share(detail: &RoyaltyDetail) -> bool {
    let operation = detail.operation_type.as_ref().and_then(OpenEnum::known);
    !matches!(
        operation,
        Some(RoyaltyDetailOperationType::TransferRefund | RoyaltyDetailOperationType::ReplenishRefund)
    )
}

/// Whether these shares are those that were asked for.
fn fits(asked: &[OpenApiRoyaltyDetailInfoPojo], amount: Price, told: &[RoyaltyDetail], total: Price) -> bool {
    let of_asked = receivers(asked.iter().map(|share| {
        let kind = share.trans_in_type.as_ref().map(OpenEnum::known);
        let is_user = matches!(kind, None | Some(Some(RoyaltyAccountType::UserId)));
        (share.trans_in.as_deref().filter(|_| is_user), share.amount)
    }));
    let of_told = receivers(told.iter().map(|detail| {
        let kind = detail.trans_in_type.as_ref().map(OpenEnum::known);
        let is_user = matches!(kind, Some(Some(RoyaltyDetailAccountType::UserId)));
        (detail.trans_in.as_deref().filter(|_| is_user), detail.amount)
    }));
    let is_in_percent = asked.iter().any(|share| share.amount.is_none());
    match (of_asked, of_told) {
        (Some(of_asked), Some(of_told)) if !asked.is_empty() => of_asked == of_told,
        _ => is_in_percent || total == amount,
    }
}

/// What each user gets; `None` if somebody is named otherwise, or an amount is not known.
fn receivers<'s>(shares: impl Iterator<Item = (Option<&'s str>, Option<Price>)>) -> Option<BTreeMap<&'s str, Price>> {
    let mut receivers = BTreeMap::new();
    for (user, amount) in shares {
        let sum = receivers.entry(user?).or_insert(Price::ZERO);
        *sum = sum.checked_add(amount?)?;
    }
    Some(receivers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Reading, Values};

    fn asked(shares: &str) -> Vec<OpenApiRoyaltyDetailInfoPojo> {
        let json = format!(r#"{{"out_request_no":"1","trade_no":"2","royalty_parameters":{shares}}}"#);
        let request: OrderSettle = Values::parse(&json, 1).unwrap().make(Reading::Strict).unwrap();
        request.royalty_parameters
    }

    fn told(details: &str) -> Vec<RoyaltyDetail> {
        let json = format!(r#"{{"royalty_detail_list":{details}}}"#);
        let split: OrderSettleQueryResponse = Values::parse(&json, 1).unwrap().make(Reading::Strict).unwrap();
        split.royalty_detail_list
    }

    #[test]
    fn shares_are_compared_by_receiver_where_that_can_be() {
        let two =
            r#"[{"trans_in":"2088","amount":"1.00"},{"trans_in":"2089","trans_in_type":"userId","amount":"2.00"}]"#;
        let by_login = r#"[{"trans_in":"a@example.com","trans_in_type":"loginName","amount":"3.00"}]"#;
        let in_percent = r#"[{"trans_in":"2088","amount_percentage":"30"}]"#;
        let detail = |user: &str, amount: &str| {
            format!(r#"{{"trans_in":"{user}","trans_in_type":"userId","amount":"{amount}","state":"SUCCESS"}}"#)
        };
        let list = |details: &[String]| format!("[{}]", details.join(","));
        let same = list(&[detail("2089", "2.00"), detail("2088", "1.00")]);
        let swapped = list(&[detail("2089", "1.00"), detail("2088", "2.00")]);
        let merged = list(&[detail("2088", "0.40"), detail("2089", "2.00"), detail("2088", "0.60")]);
        let unnamed = r#"[{"amount":"1.00"},{"amount":"2.00"}]"#.to_owned();
        for (shares, details, amount, is_same) in [
            (two, &same, "3.00", true),
            (two, &merged, "3.00", true),
            (two, &swapped, "3.00", false),
            (two, &unnamed, "3.00", true),
            (by_login, &same, "3.00", true),
            (by_login, &same, "3.01", false),
            (in_percent, &same, "0.00", true),
            // Without the request only the sum is known.
            ("[]", &swapped, "3.00", true),
            ("[]", &swapped, "2.99", false),
        ] {
            let (shares, details) = (asked(shares), told(details));
            let total = Price::checked_sum(details.iter().filter_map(|detail| detail.amount)).unwrap();
            let amount = amount.parse().unwrap();
            assert_eq!(
                fits(&shares, amount, &details, total),
                is_same,
                "{shares:?} {details:?}"
            );
        }
    }

    #[test]
    fn what_is_taken_back_is_no_share() {
        let details = told(
            r#"[{"operation_type":"transfer"},{"operation_type":"transfer_refund"},{"operation_type":"replenish"},
                {"operation_type":"replenish_refund"},{"operation_type":"new"},{}]"#,
        );
        let shares: Vec<_> = details.iter().map(is_share).collect();
        assert_eq!(shares, [true, false, true, false, true, true]);
    }
}
