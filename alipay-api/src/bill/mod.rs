//! Bills: of a day or a month, downloaded, unzipped within limits, read row by row, and added up.
//!
//! ```no_run
//! # async fn show(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use alipay_api::{bill::{BillAnswer, BillKind}, types::Date};
//! use futures_util::TryStreamExt as _;
//!
//! let day: Date = "2026-03-20".parse()?;
//! match client.bill().download(BillKind::Trade, day).await? {
//!     BillAnswer::Bill(bill) => {
//!         let mut rows = bill.trades()?;
//!         while let Some(row) = rows.try_next().await? {
//!             println!("{} {} {}", row.completed, row.out_trade_no, row.received);
//!         }
//!         // The rows have added up to the bill's totals: these were all.
//!     }
//!     BillAnswer::NoBill(reason) => println!("{reason}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The [guide](crate::guide::bills) has more. Needs the feature `bill`.
//!
//! # Where the layout comes from
//! Alipay publishes samples of its bills, and no description. What is read here is what bills that programs of merchants have, and that are public, have in
//! common: names and order of columns, the lines with `#`, the tab behind numbers, the words of the totals. Columns are found by their names, so a new one, or
//! another order, is no harm; what contradicts the layout is an error and not a guess. How Alipay writes a comma, a quote or a line break in a text is not known:
//! they are read as RFC 4180 has them, and a line that does not fit the header is an error.

mod account;
mod archive;
mod csv;
mod download;
mod error;
mod kind;
mod limits;
mod row;
mod rows;
mod table;
mod trade;
mod unpack;

use std::{fmt, time::Duration};

use self::download::{Fetching, HOSTS};
pub use self::{
    account::AccountRow,
    archive::Bill,
    error::{BillError, BillErrorKind},
    kind::{BillKind, BillPeriod},
    limits::BillLimits,
    row::{RawRow, Row},
    rows::Rows,
    trade::{TradeRow, TradeRowKind},
};
use crate::{
    Client, Error, ErrorKind, Protocol,
    data::{
        DataserviceBillDownloadurlQuery as Query, DataserviceBillDownloadurlQueryErrorCode as Code,
        DataserviceBillDownloadurlQueryRequired as Required,
    },
    exchange::after,
    method::Method as _,
};

/// How long a download may take, unless it is set.
const TIMEOUT: Duration = Duration::from_secs(120);

impl Client {
    /// Bills of days and months.
    ///
    /// Needs the feature `bill`.
    pub fn bill(&self) -> Bills {
        Bills {
            client: self.clone(),
            hosts: HOSTS.map(str::to_owned).into(),
            limits: BillLimits::default(),
            timeout: TIMEOUT,
            smid: None,
        }
    }
}

/// Downloads bills: from [`Client::bill`].
///
/// A handle [for a merchant](Client::on_behalf_of) downloads the merchant's bills.
#[derive(Clone)]
#[must_use]
pub struct Bills {
    client: Client,
    /// In lower case.
    hosts: Vec<String>,
    limits: BillLimits,
    timeout: Duration,
    smid: Option<String>,
}

/// Whether there is a bill.
#[derive(Clone, Debug)]
pub enum BillAnswer {
    /// There is one. If nothing happened in its time, it may have no rows.
    Bill(Bill),
    /// There is none.
    NoBill(NoBill),
}

/// Alipay has no bill. It does not say whether nothing happened, or the bill is not made yet: that of a day is usually there by 9 o'clock the next day.
///
/// Whoever knows of a payment of that day should ask again later, and not take it for a day without one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NoBill {
    /// Alipay's refusal, such as one with the `sub_code` `isp.bill_not_exist`; `None` if Alipay answered with success and without an address.
    pub refusal: Option<Error>,
}

impl fmt::Display for NoBill {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Alipay has no such bill: nothing happened, or the bill is not made yet")?;
        match &self.refusal {
            Some(refusal) => write!(formatter, " ({refusal})"),
            None => Ok(()),
        }
    }
}

impl BillAnswer {
    /// The bill, if there is one.
    pub fn bill(self) -> Option<Bill> {
        match self {
            Self::Bill(bill) => Some(bill),
            Self::NoBill(_) => None,
        }
    }
}

impl Bills {
    /// One more host that bills are downloaded from, such as the embedded gateway's: `127.0.0.1:8089`. Without a port, it is that of `https`. Without this,
    /// bills are downloaded from `dwbillcenter.alipay.com` and, of the sandbox, `dwbillcenter.alipaydev.com`.
    ///
    /// The connection is by TLS in any case, except to a loopback address.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// How much is read; see there for the defaults.
    pub fn limits(mut self, limits: BillLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How long downloading the file may take, after the call that asks for its address; 120 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The sub-merchant (二级商户), only for bills of the kind `trade_zft_merchant`.
    pub fn smid(mut self, smid: impl Into<String>) -> Self {
        self.smid = Some(smid.into());
        self
    }

    /// Downloads a bill: asks for its address (`alipay.data.dataservice.bill.downloadurl.query`, by V2), and fetches the file at once, for the address holds for
    /// 30 seconds.
    ///
    /// The file goes through the client's [transport](crate::ClientBuilder::transport), so through its proxy. Redirects are followed to allowed hosts alone. A
    /// download that fails is not repeated: call it again.
    ///
    /// # Errors
    /// [`Call`](BillErrorKind::Call), [`Address`](BillErrorKind::Address), [`Transport`](BillErrorKind::Transport), [`Timeout`](BillErrorKind::Timeout),
    /// [`Status`](BillErrorKind::Status), [`TooLarge`](BillErrorKind::TooLarge) and [`Archive`](BillErrorKind::Archive). That there is no bill is no error.
    pub async fn download(&self, kind: BillKind, period: impl Into<BillPeriod>) -> Result<BillAnswer, BillError> {
        let period = period.into();
        let mut query = Query::new(Required {
            bill_type: kind.as_str().to_owned(),
            bill_date: period.to_string(),
        })
        .secure("true");
        query.smid.clone_from(&self.smid);
        // V3 has no secure addresses.
        let answer = self.client.call(query).protocol(Protocol::V2).await;
        let address = match answer {
            Ok(answer) => answer.bill_download_url.filter(|address| !address.is_empty()),
            Err(error) if is_absence(&error) => return Ok(BillAnswer::NoBill(NoBill { refusal: Some(error) })),
            Err(error) => return Err(error.into()),
        };
        let Some(address) = address else {
            return Ok(BillAnswer::NoBill(NoBill { refusal: None }));
        };
        let fetching = Fetching {
            transport: self.client.transport(),
            method: Query::INFO.name,
            hosts: &self.hosts,
            limit: self.limits.download,
            deadline: after(self.timeout),
        };
        let zip = fetching.fetch(&address).await?;
        let bill = Bill::from_zip(zip, self.limits)?.of_period(period);
        Ok(BillAnswer::Bill(bill))
    }
}

#[cfg(feature = "blocking")]
impl Bills {
    /// [Downloads](Self::download) a bill and waits for it, in a program without a runtime: see [`blocking`](crate::blocking).
    /// Its [rows](Rows) need no runtime: `futures::executor::block_on_stream` makes an iterator of them.
    ///
    /// Needs the feature `blocking`.
    ///
    /// # Errors
    /// Those of [`download`](Self::download). In a tokio runtime, one of the kind [`Call`](BillErrorKind::Call), and nothing is sent.
    pub fn download_blocking(&self, kind: BillKind, period: impl Into<BillPeriod>) -> Result<BillAnswer, BillError> {
        crate::blocking::block_on(self.download(kind, period))?
    }
}

impl fmt::Debug for Bills {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bills")
            .field("client", &self.client)
            .field("hosts", &self.hosts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Whether Alipay has signed that there is no such bill.
fn is_absence(error: &Error) -> bool {
    let codes = [Code::BillNotExist, Code::IspBillNotExist, Code::NoBillData];
    error.kind() == ErrorKind::Gateway && error.sub_code_as().is_some_and(|code: Code| codes.contains(&code))
}

#[cfg(test)]
mod tests;
