//! Flows: done, not done, unknown, with lost requests and answers, cancelled, dropped, and taken up again.

mod dropped;
mod payments;
mod preauths;
mod reconciliation;
mod refunds;
mod splits;
mod transfers;

use std::{fmt::Debug, future::IntoFuture as _, time::Duration};

use alipay_api::{
    Client,
    flows::{self, Ended, Event, Flow, NotDoneReason, PollSchedule, Resumed, Ticket, UnknownReason},
};
use alipay_mock::{Fault, Mock};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::support::builder;

/// A gateway, and a client that sends each call once: what is sent again is the flow's doing.
async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.unwrap();
    let client = builder(&mock).max_attempts(1).build().unwrap();
    (mock, client)
}

/// A flow that does not wait for long.
fn quick<T: Send + 'static>(flow: Flow<T>) -> Flow<T> {
    flow.schedule(PollSchedule::every(Duration::from_millis(20)))
        .timeout(Duration::from_secs(20))
        .cancel_timeout(Duration::from_millis(100))
        .delivery_limit(Duration::from_millis(100))
}

/// As after a crash: from the text of its ticket.
fn resumed(client: &Client, ticket: &Ticket) -> Flow<Resumed> {
    quick(flows::resume(client, ticket.to_string().parse().unwrap()))
}

#[track_caller]
fn done<T: Debug>(ended: Ended<T>) -> T {
    match ended {
        Ended::Done(done) => done,
        ended => panic!("{ended:?}"),
    }
}

#[track_caller]
fn not_done<T: Debug>(ended: Ended<T>) -> (NotDoneReason, String) {
    match ended {
        Ended::NotDone(not_done) => {
            let code = not_done.error().and_then(|error| error.sub_code());
            (not_done.reason(), code.unwrap_or_default().to_owned())
        }
        ended => panic!("{ended:?}"),
    }
}

#[track_caller]
fn unknown<T: Debug>(ended: Ended<T>) -> (UnknownReason, Ticket) {
    match ended {
        Ended::Unknown(unknown) => (unknown.reason().clone(), unknown.ticket().clone()),
        ended => panic!("{ended:?}"),
    }
}

/// A signed error after which nobody knows, of a call that was not carried out.
fn lose_request(mock: &Mock, method: &str) {
    mock.answer_next(method, "20000", "isp.unknow-error", false);
}

/// An answer that does not arrive, of a call that was carried out.
fn lose_answer(mock: &Mock, method: &str) {
    mock.fault_next_of(method, Fault::CloseConnection);
}

/// Begins the flow, and gives its tickets as it asks.
fn begun<T: Send + 'static>(flow: Flow<T>) -> (JoinHandle<Ended<T>>, mpsc::UnboundedReceiver<Ticket>) {
    let (sender, tickets) = mpsc::unbounded_channel();
    let flow = flow.on_progress(move |progress| {
        if progress.event() == Event::Asking {
            // Nobody may want it any more.
            let _ = sender.send(progress.ticket().clone());
        }
    });
    (tokio::spawn(flow.into_future()), tickets)
}
