//! What all parts of the shop have.

use std::sync::Arc;

use alipay_api::Client;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Config, orders::Orders};

/// What handlers and tasks share. Clones are the same shop.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) alipay: Client,
    pub(crate) orders: Orders,
    pub(crate) config: Arc<Config>,
    /// The work that has to come to an end before the process does.
    pub(crate) tasks: TaskTracker,
    /// Is cancelled when the shop is to end.
    pub(crate) shutdown: CancellationToken,
}
