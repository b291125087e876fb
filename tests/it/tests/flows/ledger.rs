//! What the gateway says of the money, and what has to be true of it.

use std::collections::HashMap;

use alipay_mock::{MovementKind, MovementView};

use crate::end::End;

/// All amounts that moved, by number.
pub(crate) struct Ledger(HashMap<(Sort, String), Vec<String>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    /// By `out_trade_no`.
    Payment,
    /// By `out_request_no`.
    Refund,
    /// All refunds of an order, by `out_trade_no`.
    RefundOfOrder,
    /// By `out_biz_no`.
    Transfer,
}

impl Ledger {
    pub(crate) fn new(movements: Vec<MovementView>) -> Self {
        let mut amounts: HashMap<_, Vec<String>> = HashMap::new();
        for movement in movements {
            let sort = match movement.kind {
                MovementKind::Payment => Sort::Payment,
                MovementKind::Refund => Sort::Refund,
                MovementKind::Transfer => Sort::Transfer,
                other => panic!("money that no oracle knows of has moved: {other:?}"),
            };
            if let (Sort::Refund, Some(order)) = (sort, movement.out_trade_no) {
                let of_order = amounts.entry((Sort::RefundOfOrder, order)).or_default();
                of_order.push(movement.amount.clone());
            }
            amounts
                .entry((sort, movement.number))
                .or_default()
                .push(movement.amount);
        }
        Self(amounts)
    }

    /// The amounts that moved under this number.
    pub(crate) fn of(&self, sort: Sort, number: &str) -> &[String] {
        self.0.get(&(sort, number.to_owned())).map_or(&[], Vec::as_slice)
    }
}

/// Whether what a flow says of something that can't be undone is true: it moved once, with the amount asked for, or not at all.
pub(crate) fn once_or_never(moved: &[String], number: &str, amount: &str, end: &End) -> Result<(), String> {
    if moved.len() > 1 {
        return Err(format!("{number} moved money {} times: {moved:?}", moved.len()));
    }
    match (end, moved) {
        (End::Done(fact), [moved]) => {
            if fact.number != number || fact.amount.to_string() != amount || moved != amount {
                return Err(format!(
                    "{number} is reported as {fact:?}; {amount} was asked for, and {moved} moved"
                ));
            }
            Ok(())
        }
        (End::Done(_), _) => Err(format!("{number} is reported as done, and nothing moved")),
        (End::NotDone(_), []) => Ok(()),
        (End::NotDone(not_done), _) => Err(format!("it is reported that «{not_done}», and {moved:?} moved")),
        (End::Unknown(unknown), _) => Err(format!("{number} is not settled: {unknown}")),
    }
}
