//! What flows there are, what each needs before it can begin, and what has to be true at its end. To add one, write a [`Subject`] and have
//! [`any`] choose it.

mod payment;
mod refund;
mod transfer;

use std::time::Duration;

use alipay_api::Client;
use serde_json::Value;

pub(crate) use self::transfer::certified as certified_transfer;
use crate::{
    chance::Chance,
    end::End,
    ledger::Ledger,
    process::{Begun, Process},
};

/// One flow with one number.
pub(crate) trait Subject: Send + Sync {
    /// What it is called in the counts.
    fn name(&self) -> &'static str;

    /// What the gateway has to know before.
    fn before(&self) -> Vec<Before> {
        Vec::new()
    }

    /// Begins it in a process.
    fn begin(&self, client: &Client, process: &Process) -> Begun;

    /// Whether it can end within seconds.
    fn is_quick(&self) -> bool {
        true
    }

    /// The buyer of an order that the flow places.
    fn buyer(&self) -> Option<Buyer> {
        None
    }

    /// Methods of which one request at most may ever be sent.
    fn sent_once(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the end is true, when nothing is on its way any more. `alipay_number` is Alipay's number of the order.
    fn holds(&self, end: &End, ledger: &Ledger, alipay_number: Option<&str>) -> Result<(), String>;
}

/// Something that is done before a flow begins.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// The merchant calls this method.
    Call(&'static str, Value),
    /// The buyer pays this order.
    Pay(String),
}

/// What a buyer does, and after how long: from the beginning, or from when the code is shown.
#[derive(Clone, Debug)]
pub(crate) struct Buyer {
    pub(crate) order: String,
    pub(crate) needs_code: bool,
    pub(crate) acts: Vec<(Duration, Act)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Scan,
    Pay,
    /// This is Alipay's.
    Close,
}

/// A flow of any sort but those that need certificates, with a number that begins like this.
pub(crate) fn any(chance: &Chance, number: &str) -> Box<dyn Subject> {
    let number = number.to_owned();
    match chance.below(100) {
        0..35 => Box::new(payment::scan(chance, number)),
        35..58 => Box::new(payment::qr(chance, number)),
        58..80 => Box::new(refund::any(chance, number)),
        _ => Box::new(transfer::to_account(chance, number)),
    }
}
