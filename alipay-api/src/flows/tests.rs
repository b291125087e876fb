//! The engine under paused time: when it sends, asks and cancels, by steps that say what a test has written down.

use std::{
    future::{IntoFuture as _, ready},
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use alipay_mock::keys::KeyPair;
use tokio::time::Instant;

use super::{
    Ended, Event, Flow, FlowKind, NotDoneReason, PollSchedule, Ticket, UnknownReason,
    steps::{Context, Steps, Undone, Word},
    ticket::Step,
};
use crate::{Client, Credentials, Error, ErrorKind, transport::BoxFuture, types::Price};

/// Seconds since the flow began.
type Second = u64;
type Said<T> = Box<dyn FnMut(Second) -> T + Send>;

/// What the steps answer at which second, and what was asked of them.
struct Script {
    begun: Instant,
    log: Log,
    on_send: Said<Word<()>>,
    on_ask: Said<Word<()>>,
    /// Without it, nothing can be cancelled.
    on_undo: Option<Said<Undone>>,
    repeats: bool,
    code_valid: Duration,
    answers_after: Duration,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(&'static str, Second)>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, Second)>> {
        self.0.lock().unwrap()
    }

    /// When this was done.
    fn times(&self, step: &str) -> Vec<Second> {
        let log = self.lock();
        log.iter()
            .filter(|(done, _)| *done == step)
            .map(|(_, at)| *at)
            .collect()
    }
}

impl Script {
    fn new(
        on_send: impl FnMut(Second) -> Word<()> + Send + 'static,
        on_ask: impl FnMut(Second) -> Word<()> + Send + 'static,
    ) -> Self {
        Self {
            begun: Instant::now(),
            log: Log::default(),
            on_send: Box::new(on_send),
            on_ask: Box::new(on_ask),
            on_undo: None,
            repeats: false,
            code_valid: Duration::ZERO,
            answers_after: Duration::ZERO,
        }
    }

    /// What was known when a question arrived is answered so much later.
    fn slow(mut self, answers_after: Duration) -> Self {
        self.answers_after = answers_after;
        self
    }

    fn undone(mut self, on_undo: impl FnMut(Second) -> Undone + Send + 'static) -> Self {
        self.on_undo = Some(Box::new(on_undo));
        self
    }

    fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// A flow of it that waits for 30 seconds, cancels for 30, and whose requests are on their way for 60 at most.
    fn flow(self) -> (Flow<()>, Log) {
        let log = self.log.clone();
        let client = client();
        let ticket = Ticket::new(
            FlowKind::ALL[0].0,
            client.app_id(),
            "1".to_owned(),
            Price::from_cents(1),
        );
        let flow = Flow::new(&client, ticket, self)
            .timeout(seconds(30))
            .cancel_timeout(seconds(30))
            .delivery_limit(seconds(60))
            .schedule(PollSchedule::every(seconds(3)));
        (flow, log)
    }

    fn note(&self, step: &'static str) -> Second {
        let at = self.begun.elapsed().as_secs();
        self.log.lock().push((step, at));
        at
    }
}

impl Steps<()> for Script {
    fn send<'a>(&'a mut self, _: &'a mut Context) -> BoxFuture<'a, Word<()>> {
        let at = self.note("send");
        Box::pin(ready((self.on_send)(at)))
    }

    fn ask<'a>(&'a mut self, _: &'a mut Context) -> BoxFuture<'a, Word<()>> {
        let at = self.note("ask");
        let (word, after) = ((self.on_ask)(at), self.answers_after);
        Box::pin(async move {
            tokio::time::sleep(after).await;
            word
        })
    }

    fn can_undo(&self) -> bool {
        self.on_undo.is_some()
    }

    fn undo<'a>(&'a mut self, _: &'a mut Context) -> BoxFuture<'a, Undone> {
        let at = self.note("undo");
        let on_undo = self.on_undo.as_mut().expect("what can't be undone is not undone");
        let word = on_undo(at);
        // Nothing is sent, and so nothing is waited for.
        let after = if let Undone::Open = word {
            Duration::ZERO
        } else {
            self.answers_after
        };
        Box::pin(async move {
            tokio::time::sleep(after).await;
            word
        })
    }

    fn repeats(&self) -> bool {
        self.repeats
    }

    fn code_valid(&self, _: &Context) -> Duration {
        self.code_valid.saturating_sub(self.begun.elapsed())
    }
}

/// One for all: keys take their time.
fn client() -> Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let alipay_key = alipay.public_key().to_base64().unwrap();
        let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay_key).unwrap();
        Client::builder("2021000000000001", credentials).build().unwrap()
    });
    CLIENT.clone()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// After which nobody knows.
fn unclear() -> Error {
    Error::new(ErrorKind::Timeout, "no answer")
}

fn refused() -> Error {
    Error::for_tests(ErrorKind::Gateway)
        .refused("40004", Some("ACQ.SOME_REFUSAL"))
        .build()
}

fn not_done(ended: Ended<()>) -> NotDoneReason {
    let Ended::NotDone(not_done) = ended else {
        panic!("{ended:?}")
    };
    not_done.reason()
}

fn unknown(ended: Ended<()>) -> UnknownReason {
    let Ended::Unknown(unknown) = ended else {
        panic!("{ended:?}")
    };
    unknown.reason().clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_done_ends() {
    let (flow, log) = Script::new(|_| Word::Done(()), |_| panic!("it is done")).flow();
    assert!(flow.await.done().is_some());
    assert_eq!(*log.lock(), [("send", 0)]);
    let ask = |at| if at < 9 { Word::Waiting } else { Word::Done(()) };
    let (flow, log) = Script::new(|_| Word::Waiting, ask).flow();
    assert!(flow.await.done().is_some());
    assert_eq!(*log.lock(), [("send", 0), ("ask", 3), ("ask", 6), ("ask", 9)]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_pays_is_cancelled_at_the_end() {
    let undo = |_| Undone::NotDone(NotDoneReason::Cancelled);
    let (flow, log) = Script::new(|_| Word::Waiting, |_| Word::Waiting).undone(undo).flow();
    assert_eq!(not_done(flow.await), NotDoneReason::Cancelled);
    assert_eq!((log.times("undo"), log.times("send")), (vec![30], vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_canceller_ends_it_at_once() {
    let undo = |_| Undone::NotDone(NotDoneReason::Cancelled);
    let (flow, log) = Script::new(|_| Word::Waiting, |_| Word::Waiting).undone(undo).flow();
    let canceller = flow.canceller();
    let flow = tokio::spawn(flow.into_future());
    tokio::time::sleep(Duration::from_millis(7500)).await;
    canceller.cancel();
    assert_eq!(not_done(flow.await.unwrap()), NotDoneReason::Cancelled);
    assert_eq!(*log.lock(), [("send", 0), ("ask", 3), ("ask", 6), ("undo", 7)]);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_can_be_scanned_is_waited_for() {
    for (code, reason) in [
        (60, Ok(NotDoneReason::Cancelled)),
        (3600, Err(UnknownReason::CodeValid)),
    ] {
        let mut script = Script::new(|_| Word::Waiting, |_| Word::Absent).undone(|_| Undone::Absent);
        script.code_valid = seconds(code);
        let (flow, log) = script.flow();
        let ended = flow.await;
        let last = log.times("undo").pop().unwrap();
        match reason {
            Ok(reason) => assert_eq!((not_done(ended), last), (reason, 60)),
            // As long as a cancel waits at most.
            Err(reason) => {
                assert_eq!(unknown(ended), reason);
                assert!((210..=216).contains(&last), "{last}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_absent_only_when_it_can_no_longer_arrive() {
    let script = Script::new(|_| Word::Unclear(unclear()), |_| Word::Absent).undone(|_| Undone::Absent);
    let (flow, log) = script.flow();
    assert_eq!(not_done(flow.await), NotDoneReason::Cancelled);
    assert_eq!((log.times("send"), log.times("undo").pop()), (vec![0], Some(60)));
    // It arrives late.
    let undo = |at| match at {
        0..54 => Undone::Absent,
        _ => Undone::NotDone(NotDoneReason::Cancelled),
    };
    let (flow, log) = Script::new(|_| Word::Unclear(unclear()), |_| Word::Absent)
        .undone(undo)
        .flow();
    assert_eq!(not_done(flow.await), NotDoneReason::Cancelled);
    assert_eq!(log.times("undo").pop(), Some(54));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_says_what_held_when_it_was_asked_for() {
    // Absent, says a cancel at 50 seconds. Its answer is here when nothing can arrive any more, but a request at 55 seconds came after it.
    let undo = |at| match at {
        0..55 => Undone::Absent,
        _ => Undone::NotDone(NotDoneReason::GivenBack),
    };
    let script = Script::new(|_| Word::Unclear(unclear()), |_| Word::Absent).undone(undo);
    let (flow, log) = script.slow(seconds(14)).flow();
    assert_eq!(not_done(flow.await), NotDoneReason::GivenBack);
    assert!(
        log.times("undo").iter().any(|at| (46..55).contains(at)),
        "{:?}",
        log.lock()
    );

    // The same of a question: what may have arrived after it is not sent again.
    let script = Script::new(|_| Word::Unclear(unclear()), |_| Word::Absent).repeating();
    let (flow, log) = script.slow(seconds(14)).flow();
    let _ = flow.timeout(seconds(120)).await;
    let sent = log.times("send");
    let asked = log.times("ask").into_iter().filter(|at| *at < sent[1]).max();
    assert!(asked >= Some(60), "{:?}", log.lock());
}

#[tokio::test(start_paused = true)]
async fn a_flow_does_not_end_with_a_question_that_came_too_early() {
    // The time is up at 62 seconds. The answer to the question before was slow, and since 60 seconds another one would settle it.
    let send = |at| {
        if at < 60 {
            Word::Unclear(unclear())
        } else {
            Word::Done(())
        }
    };
    let script = Script::new(send, |_| Word::Absent).repeating().slow(seconds(14));
    let (flow, log) = script.flow();
    assert!(
        matches!(flow.timeout(seconds(62)).await, Ended::Done(())),
        "{:?}",
        log.lock()
    );
    assert_eq!(log.times("send").len(), 2);
    // Where something may still arrive, the time is the end.
    let (flow, log) = Script::new(send, |_| Word::Absent).repeating().slow(seconds(14)).flow();
    assert_eq!(unknown(flow.timeout(seconds(40)).await), UnknownReason::NoAnswer);
    assert_eq!(log.times("send").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_believed_while_an_unclear_cancel_may_arrive() {
    // The buyer pays, and the first cancel, which was lost, gives the money back at last.
    let ask = |at| match at {
        0..30 => Word::Waiting,
        30..40 => Word::Done(()),
        _ => Word::NotDone(NotDoneReason::Closed),
    };
    let undo = |_| Undone::Unclear(Some(unclear()));
    let (flow, _) = Script::new(|_| Word::Waiting, ask).undone(undo).flow();
    assert_eq!(not_done(flow.await), NotDoneReason::Closed);
    // The second cancel does.
    let ask = |at| if at < 30 { Word::Waiting } else { Word::Done(()) };
    let undo = |at| match at {
        30 => Undone::Unclear(Some(unclear())),
        _ => Undone::NotDone(NotDoneReason::GivenBack),
    };
    let (flow, log) = Script::new(|_| Word::Waiting, ask).undone(undo).flow();
    assert_eq!(not_done(flow.await), NotDoneReason::GivenBack);
    assert_eq!(log.times("undo"), [30, 33]);
    // It is sent once, and paid is what it stays.
    let undo = |at| {
        if at == 30 {
            Undone::Unclear(Some(unclear()))
        } else {
            Undone::Open
        }
    };
    let (flow, log) = Script::new(|_| Word::Waiting, ask).undone(undo).flow();
    assert!(flow.cancel_timeout(seconds(120)).await.done().is_some());
    assert_eq!(log.times("ask").pop(), Some(90));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_flow_does_not_end_with_a_question_that_came_too_early() {
    // The time to cancel is up at 109 seconds. The answer to the question before was slow, and since 108 seconds, when the cancel can't arrive any
    // more, another one would settle it.
    let ask = |at| if at < 30 { Word::Waiting } else { Word::Done(()) };
    let undo = |at| {
        if at == 34 {
            Undone::Unclear(Some(unclear()))
        } else {
            Undone::Open
        }
    };
    let script = Script::new(|_| Word::Waiting, ask).undone(undo).slow(seconds(14));
    let (flow, log) = script.flow();
    let ended = flow.cancel_timeout(seconds(75)).await;
    assert!(ended.done().is_some(), "{:?}", log.lock());
    assert!(log.times("ask").pop() >= Some(108), "{:?}", log.lock());
}

#[tokio::test(start_paused = true)]
async fn a_payment_before_the_cancel_is_done() {
    let ask = |at| if at < 30 { Word::Waiting } else { Word::Done(()) };
    let (flow, _) = Script::new(|_| Word::Waiting, ask)
        .undone(|_| Undone::Refused(refused()))
        .flow();
    assert!(flow.await.done().is_some());
    // Refused, and not paid: nobody knows.
    let undo = |_| Undone::Refused(refused());
    let (flow, log) = Script::new(|_| Word::Waiting, |_| Word::Waiting).undone(undo).flow();
    assert_eq!(unknown(flow.await), UnknownReason::NotCancelled);
    assert_eq!(log.times("undo"), [30]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_repeats_is_sent_again_when_the_first_can_no_longer_arrive() {
    let send = |at| {
        if at == 0 {
            Word::Unclear(unclear())
        } else {
            Word::Done(())
        }
    };
    let (flow, log) = Script::new(send, |_| Word::Absent).repeating().flow();
    assert!(flow.timeout(seconds(300)).await.done().is_some());
    assert_eq!(log.times("send"), [0, 60]);
    // Not within the time that it has.
    let (flow, log) = Script::new(send, |_| Word::Absent).repeating().flow();
    assert_eq!(unknown(flow.await), UnknownReason::NoAnswer);
    assert_eq!(log.times("send"), [0]);
    // One that may do it twice is never sent again.
    let (flow, log) = Script::new(send, |_| Word::Absent).flow();
    assert_eq!(unknown(flow.timeout(seconds(300)).await), UnknownReason::NoAnswer);
    assert_eq!(log.times("send"), [0]);
}

/// What the query says after a refusal, how the flow then ends, and how it ends where a request was lost before. `None` is done.
type Refused = (
    fn() -> Word<()>,
    Result<NotDoneReason, UnknownReason>,
    Option<UnknownReason>,
);

#[tokio::test(start_paused = true)]
async fn after_a_refusal_only_what_a_request_of_its_own_did_is_believed() {
    let again = |at| {
        if at == 0 {
            Word::Unclear(unclear())
        } else {
            Word::Refused(refused())
        }
    };
    let cases: [Refused; 4] = [
        (|| Word::Absent, Ok(NotDoneReason::Refused), None),
        (|| Word::Done(()), Err(UnknownReason::Mismatch), None),
        (
            || Word::Unproven(()),
            Err(UnknownReason::Mismatch),
            Some(UnknownReason::Mismatch),
        ),
        (
            || Word::Waiting,
            Err(UnknownReason::Mismatch),
            Some(UnknownReason::NoAnswer),
        ),
    ];
    for (index, (word, alone, repeated)) in cases.into_iter().enumerate() {
        let (flow, log) = Script::new(|_| Word::Refused(refused()), move |_| word())
            .repeating()
            .flow();
        let ended = flow.await;
        match alone {
            Ok(reason) => assert_eq!(not_done(ended), reason, "{index}"),
            Err(reason) => {
                let Ended::Unknown(unknown) = &ended else {
                    panic!("{index}: {ended:?}")
                };
                assert_eq!(
                    (unknown.reason(), unknown.error().is_some()),
                    (&reason, true),
                    "{index}"
                );
            }
        }
        assert_eq!(*log.lock(), [("send", 0), ("ask", 0)], "{index}");

        let ask = move |at| if at < 61 { Word::Absent } else { word() };
        let (flow, log) = Script::new(again, ask).repeating().flow();
        let ended = flow.timeout(seconds(120)).await;
        match (index, repeated) {
            (0, _) => assert_eq!(not_done(ended), NotDoneReason::Refused),
            (_, None) => assert!(ended.done().is_some(), "{index}"),
            (_, Some(reason)) => assert_eq!(unknown(ended), reason, "{index}"),
        }
        assert_eq!(log.times("send"), [0, 60], "{index}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_a_refusal_leaves_is_cancelled() {
    let undo = |_| Undone::NotDone(NotDoneReason::Cancelled);
    let (flow, log) = Script::new(|_| Word::Refused(refused()), |_| Word::Waiting)
        .undone(undo)
        .flow();
    assert_eq!(not_done(flow.await), NotDoneReason::Refused);
    assert_eq!(*log.lock(), [("send", 0), ("ask", 0), ("undo", 0)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_proven_is_sent_again_at_once() {
    let own = Arc::new(Mutex::new(false));
    let answered = Arc::clone(&own);
    let send = move |at| {
        *answered.lock().unwrap() = at == 6;
        match at {
            0 => Word::Unclear(unclear()),
            // Busy.
            3 => Word::Refused(
                Error::for_tests(ErrorKind::Gateway)
                    .refused("40004", Some("BUSY"))
                    .retryable()
                    .build(),
            ),
            _ => Word::Waiting,
        }
    };
    let ask = move |_| {
        if *own.lock().unwrap() {
            Word::Done(())
        } else {
            Word::Unproven(())
        }
    };
    let (flow, log) = Script::new(send, ask).repeating().flow();
    assert!(flow.await.done().is_some());
    assert_eq!((log.times("send"), log.times("ask")), (vec![0, 3, 6], vec![3, 6, 9]));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_flow_goes_by_the_gateway_alone() {
    let resumed = |script: Script, step| {
        let (mut flow, log) = script.flow();
        flow.is_resumed = true;
        flow.context.ticket.step = step;
        (flow, log)
    };
    let paid = || Script::new(|_| panic!("it is sent once"), |_| Word::Done(()));
    let undone = |_| Undone::NotDone(NotDoneReason::GivenBack);
    let (flow, log) = resumed(paid().undone(undone), Some(Step::Sending));
    assert!(flow.await.done().is_some());
    assert_eq!(*log.lock(), [("ask", 3)]);
    // Who stored the ticket only once may have cancelled since.
    let (flow, log) = resumed(paid().undone(undone), None);
    assert!(flow.timeout(seconds(90)).await.done().is_some());
    assert_eq!(log.times("ask").pop(), Some(60));
    // What was being cancelled is cancelled.
    let (flow, log) = resumed(paid().undone(undone), Some(Step::Cancelling));
    assert_eq!(not_done(flow.await), NotDoneReason::GivenBack);
    assert_eq!(*log.lock(), [("ask", 0), ("undo", 0)]);
    // A refund that the gateway does not know is sent.
    let lost = Script::new(|_| Word::Done(()), |_| Word::Absent).repeating();
    let (flow, log) = resumed(lost, None);
    assert!(flow.timeout(seconds(90)).await.done().is_some());
    assert_eq!(log.times("send"), [60]);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_of_another_app_does_nothing() {
    let (mut flow, log) = Script::new(|_| Word::Waiting, |_| Word::Waiting).flow();
    flow.context.ticket.app_id = "2021".to_owned();
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let flow = flow.on_progress(move |progress| told.lock().unwrap().push(format!("{:?}", progress.event())));
    assert_eq!(unknown(flow.await), UnknownReason::OtherApp);
    assert!(log.lock().is_empty());
    assert_eq!(*events.lock().unwrap(), ["Ended"]);
}

#[tokio::test(start_paused = true)]
async fn only_a_flow_that_may_have_sent_says_that_it_is_dropped() {
    for (wait, expected) in [(None, &[][..]), (Some(4), &["Sending", "Asking", "Dropped"])] {
        let (flow, _) = Script::new(|_| Word::Waiting, |_| Word::Waiting).flow();
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let flow = flow
            .on_progress(move |progress| {
                told.lock().unwrap().push(format!("{:?}", progress.event()));
                if progress.event() == Event::Dropped {
                    assert_eq!(progress.ticket().number(), "1");
                }
            })
            .into_future();
        if let Some(wait) = wait {
            tokio::time::timeout(seconds(wait), flow).await.unwrap_err();
        } else {
            drop(flow);
        }
        assert_eq!(*events.lock().unwrap(), *expected);
    }
}
