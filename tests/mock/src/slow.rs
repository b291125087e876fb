//! Buyers who take their time: the answer to the merchant waits for them.

use std::sync::Arc;
use std::time::Duration;

use crate::core::Core;
use crate::state::buyers::Undecided;
use crate::state::preauths;
use crate::state::trades::Status;

/// How long a slow buyer takes at most. Alipay's own SDKs read an answer for 15 seconds by default: a merchant who uses them doesn't get it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the buyer decides, or somebody else has: the buyer agrees.
pub(crate) async fn decided(core: &Arc<Core>, undecided: Undecided) {
    let mut released = core.slow_buyers.subscribe();
    let core = Arc::clone(core);
    // The buyer decides even if the merchant does not wait for it.
    let thinking = tokio::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => {}
            _ = released.changed() => {}
            () = core.news.until(|| is_decided(&core, &undecided).then_some(())) => return,
        }
        agree(&core, &undecided);
    });
    // It fails only if the runtime ends.
    let _ = thinking.await;
}

fn is_decided(core: &Core, undecided: &Undecided) -> bool {
    let now = core.now();
    core.with_state(|state| match undecided {
        Undecided::Order(key) => {
            let trade = state.trades.get(key, now).and_then(|order| order.trade.as_ref());
            trade.is_none_or(|trade| trade.status != Status::WaitBuyerPay)
        }
        Undecided::Preauth(key) => {
            let opened = state.preauths.get(key, now).and_then(|preauth| preauth.opened.as_ref());
            opened.is_none_or(|opened| opened.status() != preauths::Status::Init)
        }
    })
}

fn agree(core: &Core, undecided: &Undecided) {
    let now = core.now();
    core.with_state(|state| match undecided {
        // Where it can't be paid any more, somebody else was faster.
        Undecided::Order(key) => _ = state.trades.pay(key, now),
        Undecided::Preauth(key) => {
            let opened = state.preauths.get(key, now).and_then(|preauth| preauth.opened.clone());
            if let Some(opened) = opened {
                let _ = state.preauths.authorise(key, opened.payer, now);
            }
        }
    });
}
