//! The handle of a gateway without a server.

use std::fmt;
use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::cashier;
use crate::cashier::language::Language;
use crate::console;
use crate::core::Core;
use crate::downloads;
use crate::gateway::{self, fronts};
use crate::numbers::{self, Chance};
use crate::protocol::{MAX_REQUEST, text};
use crate::{ControlError, Ledger, MovementView, Payment, TradeView};

/// A gateway without a server: requests are handed to it, and its answers are handed back.
/// [`Builder::in_process`](crate::Builder::in_process) makes one.
pub struct Gateway {
    core: Core,
    chance: Mutex<Chance>,
}

/// Shows no keys.
impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("app_id", &self.core.app.id)
            .finish_non_exhaustive()
    }
}

impl Gateway {
    pub(crate) fn new(core: Core, seed: u64) -> Self {
        Self {
            core,
            chance: Mutex::new(Chance::new(seed)),
        }
    }

    /// Answers a request as the server does: to the gateway, to the pages that it sends browsers to, and for bills.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let plain = |status: StatusCode| text(status, "utf-8", status.to_string());
        self.act(|core| {
            let body = request.body();
            if body.len() > MAX_REQUEST {
                return plain(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if let Some(page) = cashier::respond(core, request).or_else(|| downloads::respond(core, request)) {
                return page;
            }
            let read = fronts::read(core, request.method(), request.uri(), request.headers(), body);
            let Some(read) = read else {
                return plain(StatusCode::NOT_FOUND);
            };
            let reply = gateway::answer(core, &*read, Language::of(request.headers()));
            let response = reply.body.response(&core.signatory());
            let mut response = response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR));
            reply.source.mark(response.headers_mut());
            core.answered(reply.number, &response, None);
            response
        })
    }

    /// Answers a request to the console, as the server does at `/` and below `/console/`: for a person who looks into a simulation. There is no stream of
    /// events, so pages are loaded again to see what changed.
    ///
    /// Nothing here checks who asks. Whoever serves it over a network has to refuse the requests that web pages of other sites make, by their `Host` and
    /// `Origin`, as the server does.
    pub fn console(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.act(|core| {
            if request.body().len() > console::MAX_FORM {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return text(status, "utf-8", status.to_string());
            }
            console::respond(core, request)
        })
    }

    /// [`Mock::trade`](crate::Mock::trade)
    ///
    /// # Errors
    /// As there.
    pub fn trade(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.act(|core| core.trade(out_trade_no))
    }

    /// [`Mock::scan`](crate::Mock::scan)
    ///
    /// # Errors
    /// As there.
    pub fn scan(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.act(|core| core.scan(out_trade_no))
    }

    /// [`Mock::pay`](crate::Mock::pay)
    ///
    /// # Errors
    /// As there.
    pub fn pay(&self, out_trade_no: &str) -> Result<Payment, ControlError> {
        self.act(|core| core.pay(out_trade_no))
    }

    /// [`Mock::close`](crate::Mock::close)
    ///
    /// # Errors
    /// As there.
    pub fn close(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.act(|core| core.close(out_trade_no))
    }

    /// [`Mock::finish`](crate::Mock::finish)
    ///
    /// # Errors
    /// As there.
    pub fn finish(&self, out_trade_no: &str) -> Result<TradeView, ControlError> {
        self.act(|core| core.finish(out_trade_no))
    }

    /// [`Mock::ledger`](crate::Mock::ledger)
    pub fn ledger(&self) -> Ledger {
        self.core.ledger()
    }

    /// [`Mock::movements`](crate::Mock::movements)
    pub fn movements(&self) -> Vec<MovementView> {
        self.core.movements()
    }

    fn act<T>(&self, action: impl FnOnce(&Core) -> T) -> T {
        numbers::seeded(&self.chance, || action(&self.core))
    }
}
