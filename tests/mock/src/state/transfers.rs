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

/// All merchants' transfers, and the balances they come out of.
#[derive(Debug)]
pub(crate) struct Transfers {
    /// What every account holds to begin with.
    balance: Money,
    /// By the merchant's user number.
    accounts: HashMap<String, Account>,
}

/// What one merchant has sent, and what is left.
#[derive(Debug)]
struct Account {
    balance: Money,
    by_number: HashMap<String, Transfer>,
}

impl Transfers {
    /// No transfers yet.
    pub(crate) fn new(balance: Money) -> Self {
        Self {
            balance,
            accounts: HashMap::new(),
        }
    }

    /// Sends a merchant's money, or finds that it was sent.
    pub(crate) fn send(&mut self, merchant: &str, terms: Terms, now: Timestamp) -> Result<&Transfer, TransferRefusal> {
        let account = self.accounts.entry(merchant.to_owned()).or_insert_with(|| Account {
            balance: self.balance,
            by_number: HashMap::new(),
        });
        if let Some(earlier) = account.by_number.get(&terms.out_biz_no) {
            if earlier.terms != terms {
                return Err(TransferRefusal::Inconsistent);
            }
        } else if terms.amount > account.balance {
            return Err(TransferRefusal::Balance);
        } else {
            account.balance = account.balance.minus(terms.amount);
        }
        Ok(account
            .by_number
            .entry(terms.out_biz_no.clone())
            .or_insert_with(|| Transfer {
                terms,
                order_id: numbers::order_id(now),
                fund_order_id: numbers::fund_order_id(now),
                at: now,
            }))
    }

    /// The merchant's transfer that a query means: Alipay's number wins.
    pub(crate) fn find(&self, merchant: &str, order_id: Option<&str>, out_biz_no: Option<&str>) -> Option<&Transfer> {
        let sent = &self.accounts.get(merchant)?.by_number;
        match order_id {
            Some(id) => sent.values().find(|transfer| transfer.order_id == id),
            None => sent.get(out_biz_no?),
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
        let id = transfers
            .send("2088", terms("1", "6.00"), now)
            .unwrap()
            .order_id
            .clone();
        assert_eq!(id.len(), 32);
        assert_eq!(transfers.send("2088", terms("1", "6.00"), now).unwrap().order_id, id);
        assert_eq!(
            transfers.send("2088", terms("1", "6.01"), now).unwrap_err(),
            TransferRefusal::Inconsistent
        );
        assert_eq!(
            transfers.send("2088", terms("2", "4.01"), now).unwrap_err(),
            TransferRefusal::Balance
        );
        assert!(transfers.send("2088", terms("2", "4.00"), now).is_ok());
        assert!(transfers.find("2088", Some(&id), Some("other")).is_some());
        assert!(transfers.find("2088", None, Some("3")).is_none());
        // Another merchant has an account, and numbers, of its own.
        assert!(transfers.find("2089", Some(&id), None).is_none());
        assert!(transfers.send("2089", terms("1", "9.00"), now).is_ok());
    }
}
