//! What the gateway remembers: trades, pre-authorisations, agreements, transfers, authorisations, certificates, invoices. Nothing here knows HTTP, JSON fields or error codes.

pub(crate) mod agreements;
pub(crate) mod authorisations;
pub(crate) mod complaints;
pub(crate) mod images;
pub(crate) mod movements;
pub(crate) mod onboarding;
pub(crate) mod preauths;
pub(crate) mod refunds;
pub(crate) mod royalties;
pub(crate) mod splits;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod users;

use std::collections::HashMap;

use serde_json::Value;

use agreements::Agreements;
use authorisations::Authorisations;
use complaints::Complaints;
use images::Images;
use onboarding::Onboarding;
use preauths::Preauths;
use royalties::Royalties;
use trades::Trades;
use transfers::Transfers;
use users::Users;

use crate::certificates::Identity;
use crate::lifetimes::Lifetimes;
use crate::money::Money;

/// Everything that the gateway remembers.
#[derive(Debug)]
pub(crate) struct State {
    /// Orders and what became of them.
    pub(crate) trades: Trades,
    /// Money that payers let be frozen.
    pub(crate) preauths: Preauths,
    /// What users let merchants deduct.
    pub(crate) agreements: Agreements,
    /// Money sent to accounts.
    pub(crate) transfers: Transfers,
    /// Who may get shares of payments.
    pub(crate) royalties: Royalties,
    /// Sub-merchants, and applications for them.
    pub(crate) onboarding: Onboarding,
    /// Complaints of buyers.
    pub(crate) complaints: Complaints,
    /// Pictures that were uploaded.
    pub(crate) images: Images,
    /// What merchants allowed the app.
    pub(crate) authorisations: Authorisations,
    /// What users allowed the app.
    pub(crate) users: Users,
    /// Who Alipay is.
    pub(crate) identity: Identity,
    /// Invoices that a user picked, by token.
    pub(crate) invoices: HashMap<String, Vec<Value>>,
    /// Where the app is told of what merchants do; `None` where it has no such address.
    pub(crate) app_gateway_url: Option<String>,
}

impl State {
    /// Nothing has happened; `balance` is in the merchant's account.
    pub(crate) fn new(
        identity: Identity,
        balance: Money,
        lifetimes: Lifetimes,
        app_gateway_url: Option<String>,
    ) -> Self {
        Self {
            trades: Trades::default(),
            preauths: Preauths::default(),
            agreements: Agreements::default(),
            transfers: Transfers::new(balance),
            royalties: Royalties::default(),
            onboarding: Onboarding::default(),
            complaints: Complaints::default(),
            images: Images::default(),
            authorisations: Authorisations::new(lifetimes),
            users: Users::default(),
            identity,
            invoices: HashMap::new(),
            app_gateway_url,
        }
    }
}
