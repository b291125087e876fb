//! Flows that are dropped before they end: what is said, and what is left.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_api::{
    flows::{self, Event, NotDoneReason},
    trade::{Pay, PayRequired},
};
use alipay_mock::Fault;
use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::set_default,
};

use super::{done, not_done, quick, resumed, start};
use crate::support::price;

/// Keeps the warnings of flows.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("alipay_api::flows") && *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = String::new();
        event.record(&mut Text(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Warnings {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn a_dropped_flow_says_so_and_is_taken_up() {
    let warnings = Warnings::default();
    let _guard = set_default(warnings.clone());
    let (mock, client) = start().await;
    let pay = |number: &str, amount: &str| {
        let required = PayRequired {
            out_trade_no: number.into(),
            total_amount: price(amount),
            subject: "测试订单".into(),
        };
        quick(flows::scan_pay(
            &client,
            Pay::with_auth_code("28763443825664394", required),
        ))
    };
    // Before it begins nothing is sent.
    drop(pay("1", "20.00").into_future());
    assert!(warnings.take().is_empty() && mock.requests() == 0);

    // After its end nothing is open.
    done(pay("1", "20.00").await);
    assert!(warnings.take().is_empty());

    // While it sends: the payment is made.
    let (delay, mut held) = Fault::delay();
    mock.fault_next_of("alipay.trade.pay", delay);
    let dropped = Arc::new(Mutex::new(None));
    let told = Arc::clone(&dropped);
    let flow = pay("2", "20.00").on_progress(move |progress| {
        if progress.event() == Event::Dropped {
            *told.lock().unwrap() = Some(progress.ticket().clone());
        }
    });
    tokio::select! {
        ended = flow.into_future() => panic!("{ended:?}"),
        () = held.reached() => {}
    }
    held.release();
    let [warning] = &*warnings.take() else {
        panic!("one warning")
    };
    assert!(
        warning.contains("number=\"2\"") && warning.contains("resume it by its ticket"),
        "{warning}"
    );
    let ticket = dropped.lock().unwrap().take().unwrap();
    done(resumed(&client, &ticket).await);

    // While it waits: the order is open, until the resumed flow cancels it.
    let flow = pay("3", "2000.00");
    let ticket = flow.ticket().clone();
    tokio::time::timeout(Duration::from_millis(300), flow.into_future())
        .await
        .unwrap_err();
    assert_eq!(warnings.take().len(), 1);
    assert_eq!(mock.trade("3").unwrap().trade_status.as_deref(), Some("WAIT_BUYER_PAY"));
    let ended = resumed(&client, &ticket).timeout(Duration::from_millis(60)).await;
    assert_eq!(not_done(ended).0, NotDoneReason::Cancelled);
    assert_eq!(mock.trade("3").unwrap().trade_status.as_deref(), Some("TRADE_CLOSED"));
    assert!(warnings.take().is_empty());
}
