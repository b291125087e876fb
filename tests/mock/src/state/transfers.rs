//! Money that the merchant sends to accounts.

use std::collections::HashMap;

use jiff::Timestamp;

use super::money::Money;
use super::numbers;

/// What was asked for: the same number stands for exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) out_biz_no: String,
    pub(crate) payee_type: String,
    pub(crate) payee: String,
    pub(crate) amount: Money,
}

/// Money that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) terms: Terms,
    pub(crate) order_id: String,
    pub(crate) fund_order_id: String,
    pub(crate) at: Timestamp,
}

/// Why money isn't sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferRefusal {
    /// The number was used for another transfer.
    Inconsistent,
    /// The balance doesn't cover it.
    Balance,
}

/// All transfers, and the balance they come out of.
#[derive(Debug)]
pub(crate) struct Transfers {
    balance: Money,
    by_number: HashMap<String, Transfer>,
}

impl Transfers {
    /// No transfers yet.
    pub(crate) fn new(balance: Money) -> Self {
        Self {
            balance,
            by_number: HashMap::new(),
        }
    }

    /// Sends money, or finds that it was sent.
    pub(crate) fn send(&mut self, terms: Terms, now: Timestamp) -> Result<&Transfer, TransferRefusal> {
        if let Some(earlier) = self.by_number.get(&terms.out_biz_no) {
            if earlier.terms != terms {
                return Err(TransferRefusal::Inconsistent);
            }
        } else if terms.amount > self.balance {
            return Err(TransferRefusal::Balance);
        } else {
            self.balance = self.balance.minus(terms.amount);
        }
        Ok(self
            .by_number
            .entry(terms.out_biz_no.clone())
            .or_insert_with(|| Transfer {
                terms,
                order_id: numbers::order_id(now),
                fund_order_id: numbers::fund_order_id(now),
                at: now,
            }))
    }

    /// The transfer that a query means: Alipay's number wins.
    pub(crate) fn find(&self, order_id: Option<&str>, out_biz_no: Option<&str>) -> Option<&Transfer> {
        match order_id {
            Some(id) => self.by_number.values().find(|transfer| transfer.order_id == id),
            None => self.by_number.get(out_biz_no?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_paid_out_once() {
        let now = Timestamp::UNIX_EPOCH;
        let terms = |number: &str, amount: &str| Terms {
            out_biz_no: number.to_owned(),
            payee_type: "ALIPAY_USERID".to_owned(),
            payee: "2088".to_owned(),
            amount: Money::parse(amount).unwrap(),
        };
        let mut transfers = Transfers::new(Money::yuan(10));
        let id = transfers.send(terms("1", "6.00"), now).unwrap().order_id.clone();
        assert_eq!(id.len(), 32);
        assert_eq!(transfers.send(terms("1", "6.00"), now).unwrap().order_id, id);
        assert_eq!(
            transfers.send(terms("1", "6.01"), now).unwrap_err(),
            TransferRefusal::Inconsistent
        );
        assert_eq!(
            transfers.send(terms("2", "4.01"), now).unwrap_err(),
            TransferRefusal::Balance
        );
        assert!(transfers.send(terms("2", "4.00"), now).is_ok());
        assert!(transfers.find(Some(&id), Some("other")).is_some());
        assert!(transfers.find(None, Some("3")).is_none());
    }
}
