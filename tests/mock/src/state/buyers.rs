//! Test buyers, whose payment codes merchants scan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preauths;
use super::trades::{self, Buyer};

/// A test buyer. What becomes of a payment depends on whose payment code it is made with.
///
/// A real code serves once, for a minute. These serve any number of times, and for ever: a test needs a code that it can write down. The same holds of all
/// other codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TestBuyer {
    /// Pays at once, whatever the amount.
    WithMoney,
    /// Has no money: the payment is refused, and no order comes of it.
    WithoutMoney,
    /// Is asked for a password, whatever the amount: the order waits until the buyer pays or somebody closes it.
    Password,
    /// Confirms late: the answer is held back for 20 seconds, or until somebody releases it, and then says that the order waits. At that moment the
    /// buyer pays.
    Slow,
    /// Pays, but the gateway answers `20000`: the outcome is unknown to the merchant.
    UnknownPaid,
    /// Does not pay, and the gateway answers `20000`, too. No order comes of it.
    UnknownUnpaid,
}

impl TestBuyer {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::WithMoney,
        Self::WithoutMoney,
        Self::Password,
        Self::Slow,
        Self::UnknownPaid,
        Self::UnknownUnpaid,
    ];

    /// The number of the payment code: the `auth_code` of `alipay.trade.pay` and `alipay.fund.auth.order.freeze`.
    pub fn auth_code(self) -> &'static str {
        match self {
            Self::WithMoney => "286000000000000101",
            Self::WithoutMoney => "286000000000000102",
            Self::Password => "286000000000000103",
            Self::Slow => "286000000000000104",
            Self::UnknownPaid => "286000000000000105",
            Self::UnknownUnpaid => "286000000000000106",
        }
    }

    /// The user number.
    pub fn user_id(self) -> &'static str {
        match self {
            Self::WithMoney => "2088102146225135",
            Self::WithoutMoney => "2088102169481075",
            Self::Password => "2088102175300143",
            Self::Slow => "2088102175300154",
            Self::UnknownPaid => "2088102175300165",
            Self::UnknownUnpaid => "2088102175300176",
        }
    }

    /// Whose code it is, if it is a test buyer's.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|buyer| buyer.auth_code() == code)
    }

    /// In Chinese and in English.
    pub(crate) fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::WithMoney => ("小明", "Ming"),
            Self::WithoutMoney => ("小红", "Hong"),
            Self::Password => ("小刚", "Gang"),
            Self::Slow => ("小丽", "Li"),
            Self::UnknownPaid => ("小军", "Jun"),
            Self::UnknownUnpaid => ("小芳", "Fang"),
        }
    }

    /// Whether the account has money.
    pub(crate) fn has_money(self) -> bool {
        self != Self::WithoutMoney
    }

    /// As orders name the buyer.
    pub(crate) fn account(self) -> Buyer {
        let logon_id = match self {
            Self::WithMoney => return Buyer::default(),
            Self::WithoutMoney => "136****0017",
            Self::Password => "137****0143",
            Self::Slow => "138****0154",
            Self::UnknownPaid => "139****0165",
            Self::UnknownUnpaid => "150****0176",
        };
        Buyer {
            user_id: self.user_id().to_owned(),
            open_id: None,
            logon_id: logon_id.to_owned(),
        }
    }
}

/// What a buyer has yet to decide.
#[derive(Clone, Debug)]
pub(crate) enum Undecided {
    /// Whether to pay an order.
    Order(trades::Key),
    /// Whether to have money frozen.
    Preauth(preauths::Key),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buyers_have_codes_and_accounts_of_their_own() {
        for buyer in TestBuyer::ALL {
            let code = buyer.auth_code();
            assert!(
                code.len() == 18 && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
            assert_eq!(TestBuyer::of_code(code), Some(buyer));
            assert_eq!(buyer.account().user_id, buyer.user_id());
            let same = TestBuyer::ALL
                .into_iter()
                .filter(|other| other.account() == buyer.account());
            assert_eq!(same.count(), 1, "{buyer:?}");
        }
        assert_eq!(TestBuyer::of_code("28763443825664394"), None);
    }
}
