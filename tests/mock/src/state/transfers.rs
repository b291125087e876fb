//! Money that the merchant sends to accounts.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::movements::{Cause, Movement};
use crate::money::Money;
use crate::numbers;
use crate::table::{List, Rows, Table};

/// How long a bank takes.
const BANK_TAKES: SignedDuration = SignedDuration::from_hours(2);

/// A transfer's name: numbers are a merchant's own, and of one product and scene.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Number {
    pub(crate) product: Product,
    pub(crate) out_biz_no: String,
}

/// What a transfer was made by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Product {
    /// The older interface, which has no products.
    ToAccount,
    /// The newer one, with a product and a scene.
    Uni { code: String, scene: String },
}

/// What was asked for: the same number stands for exactly this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) number: Number,
    pub(crate) payee_type: String,
    pub(crate) payee: String,
    pub(crate) amount: Money,
}

/// Money that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) terms: Terms,
    pub(crate) order_id: String,
    pub(crate) fund_order_id: String,
    pub(crate) passback_params: Option<String>,
    pub(crate) at: Timestamp,
}

impl Transfer {
    /// When a bank should have the money, where one is the payee.
    pub(crate) fn arrival(&self) -> Option<Timestamp> {
        let to_bank = self.terms.payee_type.starts_with("BANKCARD");
        to_bank.then(|| self.at.saturating_add(BANK_TAKES).unwrap_or(self.at))
    }

    /// Where it stands: a bank takes its time, an account has the money at once.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if self.arrival().is_some_and(|arrival| now < arrival) {
            "DEALING"
        } else {
            "SUCCESS"
        }
    }
}

/// How a query names a transfer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named<'a> {
    OrderId(&'a str),
    FundOrderId(&'a str),
    Number(&'a Number),
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
    /// What accounts hold now, by the merchant's user number.
    balances: Table<String, Money>,
    /// By the merchant's user number and the transfer's.
    sent: Table<(String, Number), Transfer>,
    pub(crate) movements: List<Movement>,
}

impl Transfers {
    /// No transfers yet.
    pub(crate) fn new(balance: Money) -> Self {
        Self {
            balance,
            balances: Table::default(),
            sent: Table::default(),
            movements: List::default(),
        }
    }

    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 3] {
        [
            ("balances", &mut self.balances),
            ("transfers", &mut self.sent),
            ("transfer_movements", &mut self.movements),
        ]
    }

    /// Sends a merchant's money, or finds that it was sent.
    pub(crate) fn send(
        &mut self,
        merchant: &str,
        terms: Terms,
        passback_params: Option<String>,
        now: Timestamp,
    ) -> Result<&Transfer, TransferRefusal> {
        let key = (merchant.to_owned(), terms.number.clone());
        if let Some(earlier) = self.sent.get(&key).map(|earlier| &earlier.terms) {
            if *earlier != terms {
                return Err(TransferRefusal::Inconsistent);
            }
        } else {
            let balance = self.balances.get(merchant).copied().unwrap_or(self.balance);
            if terms.amount > balance {
                return Err(TransferRefusal::Balance);
            }
            self.balances.insert(merchant.to_owned(), balance.minus(terms.amount));
            self.movements.push(Movement {
                cause: Cause::Transfer,
                number: terms.number.out_biz_no.clone(),
                amount: terms.amount,
                at: now,
            });
        }
        Ok(self.sent.get_or_insert_with(key, || Transfer {
            terms,
            order_id: numbers::order_id(now),
            fund_order_id: numbers::fund_order_id(now),
            passback_params,
            at: now,
        }))
    }

    /// What is in a merchant's account.
    pub(crate) fn balance(&mut self, merchant: &str) -> &mut Money {
        let balance = self.balance;
        self.balances.get_or_insert_with(merchant.to_owned(), || balance)
    }

    /// What every account holds to begin with.
    pub(crate) fn initial_balance(&self) -> Money {
        self.balance
    }

    /// A merchant's transfers, in no order.
    pub(crate) fn of(&self, merchant: &str) -> impl Iterator<Item = &Transfer> {
        self.all()
            .filter(move |(whose, _)| *whose == merchant)
            .map(|(_, transfer)| transfer)
    }

    /// All transfers, each with the user number of its merchant.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Transfer)> {
        self.sent
            .iter()
            .map(|((merchant, _), transfer)| (merchant.as_str(), transfer))
    }

    /// The merchant's transfer of this name.
    pub(crate) fn find(&self, merchant: &str, named: Named<'_>) -> Option<&Transfer> {
        let mut sent = self
            .sent
            .iter()
            .filter(|((whose, _), _)| whose == merchant)
            .map(|(_, transfer)| transfer);
        match named {
            Named::OrderId(id) => sent.find(|transfer| transfer.order_id == id),
            Named::FundOrderId(id) => sent.find(|transfer| transfer.fund_order_id == id),
            Named::Number(number) => self.sent.get(&(merchant.to_owned(), number.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(product: Product, out_biz_no: &str) -> Number {
        Number {
            product,
            out_biz_no: out_biz_no.to_owned(),
        }
    }

    fn uni(scene: &str) -> Product {
        Product::Uni {
            code: "TRANS_ACCOUNT_NO_PWD".to_owned(),
            scene: scene.to_owned(),
        }
    }

    fn terms(number: Number, amount: &str) -> Terms {
        Terms {
            number,
            payee_type: "ALIPAY_USERID".to_owned(),
            payee: "2088".to_owned(),
            amount: Money::parse(amount).unwrap(),
        }
    }

    #[test]
    fn a_number_is_paid_out_once() {
        let now = Timestamp::UNIX_EPOCH;
        let terms = |out_biz_no: &str, amount: &str| terms(number(Product::ToAccount, out_biz_no), amount);
        let mut transfers = Transfers::new(Money::yuan(10));
        let mut send = |merchant: &str, terms: Terms| transfers.send(merchant, terms, None, now).cloned();
        let id = send("2088", terms("1", "6.00")).unwrap().order_id;
        assert_eq!(id.len(), 32);
        assert_eq!(send("2088", terms("1", "6.00")).unwrap().order_id, id);
        assert_eq!(
            send("2088", terms("1", "6.01")).unwrap_err(),
            TransferRefusal::Inconsistent
        );
        assert_eq!(send("2088", terms("2", "4.01")).unwrap_err(), TransferRefusal::Balance);
        assert!(send("2088", terms("2", "4.00")).is_ok());
        // Another merchant has an account, and numbers, of its own.
        assert!(send("2089", terms("1", "9.00")).is_ok());
        assert!(transfers.find("2088", Named::OrderId(&id)).is_some());
        assert!(transfers.find("2089", Named::OrderId(&id)).is_none());
    }

    #[test]
    fn a_number_belongs_to_its_product_and_scene() {
        let now = Timestamp::UNIX_EPOCH;
        let mut transfers = Transfers::new(Money::yuan(10));
        let sent = terms(number(uni("DIRECT_TRANSFER"), "1"), "6.00");
        let sent = transfers.send("2088", sent, None, now).unwrap().clone();
        let found = |named: Named<'_>| transfers.find("2088", named).map(|found| found.order_id.clone());
        assert_eq!(found(Named::Number(&sent.terms.number)), Some(sent.order_id.clone()));
        assert_eq!(
            found(Named::FundOrderId(&sent.fund_order_id)),
            Some(sent.order_id.clone())
        );
        for other in [uni("PERSONAL_COLLECTION"), Product::ToAccount] {
            assert_eq!(found(Named::Number(&number(other, "1"))), None);
        }
        assert_eq!(found(Named::FundOrderId(&sent.order_id)), None);
    }

    #[test]
    fn a_bank_takes_its_time() {
        let now = Timestamp::UNIX_EPOCH;
        let mut transfers = Transfers::new(Money::yuan(10));
        let to_bank = Terms {
            payee_type: "BANKCARD_NO".to_owned(),
            ..terms(number(uni("DIRECT_TRANSFER"), "1"), "1.00")
        };
        let sent = transfers.send("2088", to_bank, None, now).unwrap();
        assert_eq!(sent.status(now), "DEALING");
        assert_eq!(sent.status(sent.arrival().unwrap()), "SUCCESS");
    }
}
