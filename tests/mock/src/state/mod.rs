//! What the gateway remembers: trades, pre-authorisations, agreements, transfers, authorisations, certificates, invoices. Nothing here knows HTTP, JSON fields or error codes.
//!
//! With [`Builder::data`](crate::Builder::data), this outlives the process:
//!
//! | kept | not kept |
//! |---|---|
//! | orders with their trades, refunds and splits; pre-authorisations; agreements and deductions; transfers, movements and balances | pages that a browser has open, and the tokens of their buttons: whoever opens the order again gets a new page |
//! | receivers of shares, their changes, who lets shares be taken back, the ratio; applications and sub-merchants; complaints; uploaded images; verifications; invoices | indexes: they are made again from the rows |
//! | codes and tokens of merchants and users, also those that have ended; profiles, the visitor, lifetimes, the app's address; how far the clock was moved | what happened and was not told yet: there is none between two calls, as a notification is stored with its cause |
//! | issued certificates, the authority, a forgery; how far the numbers are | the journal of requests, ordered answers and faults |
//! | notifications, their attempts and what came of them (`notify::delivery`) | |

pub(crate) mod agreements;
pub(crate) mod authorisations;
pub(crate) mod buyers;
pub(crate) mod certifications;
pub(crate) mod complaints;
pub(crate) mod deadlines;
pub(crate) mod downloads;
pub(crate) mod images;
pub(crate) mod movements;
pub(crate) mod onboarding;
pub(crate) mod people;
pub(crate) mod preauths;
pub(crate) mod refunds;
pub(crate) mod royalties;
pub(crate) mod splits;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod users;
pub(crate) mod visits;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use agreements::Agreements;
use authorisations::Authorisations;
use certifications::Certifications;
use complaints::Complaints;
use downloads::Downloads;
use images::Images;
use onboarding::Onboarding;
use preauths::Preauths;
use royalties::Royalties;
use trades::Trades;
use transfers::Transfers;
use users::Users;
use visits::Visits;

use crate::certificates::{CERTIFICATES, Identity};
use crate::lifetimes::Lifetimes;
use crate::money::Money;
use crate::numbers;
use crate::table::{Change, Rows, Single, Table};

/// So many numbers are set aside at a time. What is left of them is lost when the process ends.
const NUMBERS: u64 = 10_000;

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
    /// Who users are.
    pub(crate) certifications: Certifications,
    /// Pages that browsers have open.
    pub(crate) visits: Visits,
    /// Files that are there to be downloaded.
    pub(crate) downloads: Downloads,
    /// Who Alipay is.
    pub(crate) identity: Identity,
    /// Invoices that a user picked, by token.
    pub(crate) invoices: Table<String, Vec<Value>>,
    /// Where the app is told of what merchants do; `None` where it has no such address.
    pub(crate) app_gateway_url: Single<Option<String>>,
    /// How far the clock was moved.
    pub(crate) ahead: Single<SignedDuration>,
    /// Below this, a number may have been issued.
    numbers: Single<u64>,
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
            certifications: Certifications::default(),
            visits: Visits::default(),
            downloads: Downloads::default(),
            identity,
            invoices: Table::default(),
            app_gateway_url: Single::new(app_gateway_url),
            ahead: Single::default(),
            numbers: Single::default(),
        }
    }

    /// All that outlives the process, by table.
    fn rows(&mut self) -> impl Iterator<Item = (&'static str, &mut dyn Rows)> {
        // By name, so that nothing is forgotten.
        let Self {
            trades,
            preauths,
            agreements,
            transfers,
            royalties,
            onboarding,
            complaints,
            images,
            authorisations,
            users,
            certifications,
            visits: _,
            downloads: _,
            identity,
            invoices,
            app_gateway_url,
            ahead,
            numbers,
        } = self;
        let own: [(_, &mut dyn Rows); 5] = [
            (CERTIFICATES, identity),
            ("invoices", invoices),
            ("app_gateway_url", app_gateway_url),
            ("clock_ahead", ahead),
            ("numbers", numbers),
        ];
        own.into_iter()
            .chain(trades.rows())
            .chain(preauths.rows())
            .chain(agreements.rows())
            .chain(transfers.rows())
            .chain(royalties.rows())
            .chain(onboarding.rows())
            .chain(complaints.rows())
            .chain(images.rows())
            .chain(authorisations.rows())
            .chain(users.rows())
            .chain(certifications.rows())
    }

    /// What this start sets goes before what was kept.
    pub(crate) fn set(
        &mut self,
        lifetimes: Option<Lifetimes>,
        app_gateway_url: Option<String>,
        ahead: Option<SignedDuration>,
    ) {
        if let Some(ahead) = ahead.filter(|ahead| *ahead != *self.ahead) {
            self.ahead.set(ahead);
        }
        if let Some(lifetimes) = lifetimes.filter(|lifetimes| *lifetimes != *self.authorisations.lifetimes) {
            self.authorisations.lifetimes.set(lifetimes);
        }
        if app_gateway_url.is_some() && app_gateway_url != *self.app_gateway_url {
            self.app_gateway_url.set(app_gateway_url);
        }
    }

    /// When time alone changes something next that merchants are told of, or that is kept.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let next = [self.trades.next_deadline(), self.preauths.next_deadline()];
        next.into_iter().flatten().min()
    }

    /// Closes and finishes all whose time is over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.trades.expire_all(now);
        self.preauths.expire_all(now);
    }

    /// Takes in until when what has changed can stay as it is.
    pub(crate) fn note_deadlines(&mut self) {
        self.trades.note_deadlines();
        self.preauths.note_deadlines();
    }

    /// Whether something has changed since the changes were taken or forgotten.
    pub(crate) fn is_changed(&mut self) -> bool {
        self.rows().any(|(_, rows)| rows.is_changed())
    }

    /// What has changed since this was asked last.
    pub(crate) fn take_changes(&mut self) -> Result<Vec<Change>, serde_json::Error> {
        let issued = numbers::issued();
        if issued + NUMBERS / 2 > *self.numbers {
            self.numbers.set(issued + NUMBERS);
        }
        let mut changes = Vec::new();
        for (table, rows) in self.rows().filter(|(_, rows)| rows.is_changed()) {
            rows.take_changes(table, &mut changes)?;
        }
        Ok(changes)
    }

    /// The same where nothing is kept.
    pub(crate) fn forget_changes(&mut self) {
        for (_, rows) in self.rows() {
            rows.forget_changes();
        }
    }

    /// Takes a row as it was stored, and tells whether it is one of the state.
    #[cfg_attr(
        not(feature = "data"),
        allow(dead_code, reason = "nothing is loaded without a store")
    )]
    pub(crate) fn load(&mut self, table: &str, key: &str, value: &str) -> Result<bool, serde_json::Error> {
        match self.rows().find(|(name, _)| *name == table) {
            Some((_, rows)) => rows.load(key, value).map(|()| true),
            None => Ok(false),
        }
    }

    /// Brings everything else into line with the rows, after all were taken.
    #[cfg_attr(
        not(feature = "data"),
        allow(dead_code, reason = "nothing is loaded without a store")
    )]
    pub(crate) fn loaded(&mut self) {
        numbers::skip_to(*self.numbers);
        self.trades.index();
        self.preauths.index();
        self.authorisations.index();
        self.users.index();
    }
}

#[cfg(test)]
mod tests;
