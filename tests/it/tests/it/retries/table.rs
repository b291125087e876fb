//! For each retry class and each fault: what was sent, and how the call ended.

use std::{fmt::Write as _, time::Duration};

use alipay_api::{
    Client, Error,
    method::{Method, Repeat, Retry},
    retry::ExponentialBackoff,
    trade::{BatchRefund, BatchTransfer, Create, CreateRequired, Query, Refund},
};
use alipay_mock::Mock;
use futures_util::future::join_all;
use serde_json::json;

use super::{End, Trouble, Troubled};
use crate::support::{builder, paid_order, price, start};

/// What is called: a method of each retry class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Read,
    /// The gateway answers a repeated request as it answered the first one.
    Same,
    /// The same without the number that makes it the same request.
    SameWithoutKey,
    /// The gateway refuses a repeated request.
    Refused,
    /// What the gateway answers to a repeated request is not documented.
    Keyed,
    Never,
    /// By name: nothing is known of the method.
    Raw,
}

const CLASSES: [(Class, &str); 7] = [
    (Class::Read, "read"),
    (Class::Same, "keyed, same"),
    (Class::SameWithoutKey, "same, no key"),
    (Class::Refused, "keyed, refused"),
    (Class::Keyed, "keyed"),
    (Class::Never, "never"),
    (Class::Raw, "by name"),
];

impl Class {
    fn retry(self) -> Retry {
        match self {
            Self::Read => Query::INFO.retry,
            Self::Same | Self::SameWithoutKey => Refund::INFO.retry,
            Self::Refused => BatchTransfer::INFO.retry,
            Self::Keyed => Create::INFO.retry,
            Self::Never => BatchRefund::INFO.retry,
            Self::Raw => Retry::Never,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Read => Query::INFO.name,
            Self::Same | Self::SameWithoutKey | Self::Raw => Refund::INFO.name,
            Self::Refused => BatchTransfer::INFO.name,
            Self::Keyed => Create::INFO.name,
            Self::Never => BatchRefund::INFO.name,
        }
    }

    fn needs_order(self) -> bool {
        matches!(self, Self::Read | Self::Same | Self::SameWithoutKey | Self::Raw)
    }

    async fn call(self, client: &Client, number: &str) -> Result<(), Error> {
        let trade = client.trade();
        let refund = || Refund::with_out_trade_no(number, price("10.00"));
        match self {
            Self::Read => trade.query(Query::with_out_trade_no(number)).await.map(|_| ()),
            Self::Same => trade
                .refund(refund().out_request_no(format!("{number}_1")))
                .await
                .map(|_| ()),
            Self::SameWithoutKey => trade.refund(refund()).await.map(|_| ()),
            Self::Refused => trade
                .batch_transfer(BatchTransfer::new().out_request_no(number))
                .await
                .map(|_| ()),
            Self::Keyed => {
                let required = CreateRequired {
                    out_trade_no: number.into(),
                    total_amount: price("10.00"),
                    subject: "测试订单".into(),
                };
                trade
                    .create(Create::with_buyer_id("2088102146225135", required))
                    .await
                    .map(|_| ())
            }
            Self::Never => trade
                .batch_refund(BatchRefund::new().batch_no(number))
                .await
                .map(|_| ()),
            Self::Raw => {
                let refund = json!({ "out_trade_no": number, "refund_amount": "10.00", "out_request_no": number });
                client.call_raw(self.method(), refund).await.map(|_| ())
            }
        }
    }
}

/// A fault of the way there and back, or one of the gateway's own.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Way(Trouble),
    /// The gateway's `code` and `sub_code`, and whether it has carried the call out.
    Answer(&'static str, &'static str, bool),
}

const FAULTS: [(Fault, &str); 19] = [
    (Fault::Way(Trouble::None), "none"),
    (Fault::Way(Trouble::NoConnection), "no connection"),
    (Fault::Way(Trouble::HeldBack), "held back by a limiter"),
    (Fault::Way(Trouble::ResetBefore), "reset before it arrived"),
    (Fault::Way(Trouble::ResetAfter), "reset after it arrived"),
    (Fault::Way(Trouble::Lost), "lost on the way there"),
    (Fault::Way(Trouble::Stalled), "no answer in time"),
    (Fault::Way(Trouble::WrongLength), "wrong length"),
    (Fault::Way(Trouble::Truncated), "truncated"),
    (Fault::Way(Trouble::BadGateway), "502, it arrived"),
    (Fault::Way(Trouble::BadGatewayBefore), "502, it did not arrive"),
    (Fault::Way(Trouble::Html), "a web page"),
    (Fault::Way(Trouble::Empty), "empty"),
    (Fault::Way(Trouble::Unsigned), "unsigned"),
    (Fault::Way(Trouble::WrongSignature), "wrong signature"),
    (Fault::Way(Trouble::OfAnother), "another call's answer"),
    (Fault::Answer("20000", "isp.unknow-error", true), "20000, carried out"),
    (Fault::Answer("40005", "isv.app-call-limited", false), "40005, not done"),
    (Fault::Answer("40004", "ACQ.UNHEARD_OF", true), "unknown code, done"),
];

/// What came of a call.
struct Cell {
    /// How many requests arrived at the gateway, and what the attempts were that did not.
    arrived: usize,
    attempts: usize,
    end: End,
}

/// Calls with a fault of the first attempts.
async fn cell(mock: &Mock, class: Class, fault: Fault, faulty: usize, number: &str) -> Cell {
    let transport = Troubled::new();
    let plain = builder(mock).transport(transport.clone()).build().unwrap();
    let stalls = matches!(fault, Fault::Way(Trouble::Lost | Trouble::Stalled));
    let client = builder(mock)
        .transport(transport.clone())
        .attempt_timeout(Duration::from_millis(if stalls { 500 } else { 20_000 }))
        .backoff(ExponentialBackoff::new(Duration::ZERO, Duration::ZERO))
        .build()
        .unwrap();
    let earlier = format!("{number}_earlier");
    for number in [&*earlier, number] {
        if class.needs_order() {
            paid_order(mock, &plain, number, "10.00").await;
        }
    }
    class
        .call(&plain, &earlier)
        .await
        .expect("the earlier call has no fault");
    match fault {
        Fault::Way(trouble) => transport.expect(vec![trouble; faulty]),
        Fault::Answer(code, sub_code, executed) => {
            transport.expect([]);
            (0..faulty).for_each(|_| mock.answer_next(class.method(), code, sub_code, executed));
        }
    }
    let result = class.call(&client, number).await;
    mock.forget_answers(class.method());

    let (arrived, attempts) = (transport.arrived(), transport.attempts());
    let what = format!("{class:?} {fault:?} {faulty}: {result:?}");
    assert!(
        arrived.windows(2).all(|pair| pair[0] == pair[1]),
        "the same is sent: {what}: {arrived:?}"
    );
    let end = End::of(&result);
    if matches!(class, Class::Same | Class::SameWithoutKey | Class::Raw) {
        // However often it was sent, and whatever its caller knows.
        let refunded = mock.trade(number).unwrap().refunded_amount;
        let expected: &[&str] = match end {
            End::Done => &["10.00"],
            End::Failed => &["0.00"],
            End::Unknown => &["0.00", "10.00"],
        };
        assert!(expected.contains(&&*refunded), "{refunded}: {what}");
    }
    match (class, end) {
        (Class::Read, _) => assert_ne!(end, End::Unknown, "{what}"),
        // What may have been carried out is not said to be not done.
        (_, End::Failed) => assert!(
            arrived.is_empty() || matches!(fault, Fault::Answer(_, _, false)),
            "{what}"
        ),
        _ => {}
    }
    let error = result.err();
    assert!(
        !error.is_some_and(|error| error.is_retryable() && error.is_outcome_unknown()),
        "{what}"
    );
    Cell {
        arrived: arrived.len(),
        attempts,
        end,
    }
}

/// The table, where so many first attempts are faulty; what has side effects and is not carried out once arrives once.
async fn table(mock: &Mock, faulty: usize) -> String {
    let mut table = format!("{:24}", "");
    for (_, class) in CLASSES {
        let _ = write!(table, "| {class:18} ");
    }
    for (row, (fault, told)) in FAULTS.into_iter().enumerate() {
        let number = |class| format!("{faulty}_{row}_{class:?}");
        let cells = CLASSES.map(|(class, _)| async move { cell(mock, class, fault, faulty, &number(class)).await });
        let cells = match fault {
            Fault::Way(_) => join_all(cells).await,
            // What the gateway is to answer holds for all callers of a method.
            Fault::Answer(..) => {
                let mut made = Vec::new();
                for cell in cells {
                    made.push(cell.await);
                }
                made
            }
        };
        let _ = write!(table, "\n{told:24}");
        for ((class, _), cell) in CLASSES.into_iter().zip(cells) {
            let end = match (class, cell.end) {
                (_, End::Done) => "ok",
                (_, End::Unknown) => "unknown",
                (Class::Read, End::Failed) => "failed",
                (_, End::Failed) => "not done",
            };
            let sends = format!("{} of {}", cell.arrived, cell.attempts);
            let _ = write!(table, "| {sends} {end:11} ");
            if !matches!(class, Class::Read | Class::Same) {
                assert!(cell.arrived <= 1, "{class:?} {fault:?}: {} arrived", cell.arrived);
                assert_ne!(class.retry(), Retry::Read);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[tokio::test]
async fn nothing_that_may_be_done_twice_arrives_twice() {
    assert_eq!(Class::Read.retry(), Retry::Read);
    assert_eq!(Class::Never.retry(), Retry::Never);
    let repeat = |class: Class| match class.retry() {
        Retry::Keyed { repeat, .. } => repeat,
        other => panic!("{other:?}"),
    };
    assert_eq!(repeat(Class::Same), Some(Repeat::Same));
    assert_eq!(repeat(Class::Refused), Some(Repeat::Refused));
    assert_eq!(repeat(Class::Keyed), None);

    let (mock, _) = start().await;
    let once = table(&mock, 1).await;
    let always = table(&mock, 9).await;
    show(&format!(
        "\nrequests that arrived, of attempts made, and how the call ended\n\nthe first attempt is faulty\n{once}\n\
         every attempt is faulty\n{always}"
    ));
    assert_eq!(once, ONCE[1..], "the first attempt is faulty");
    assert_eq!(always, ALWAYS[1..], "every attempt is faulty");
}

#[expect(clippy::print_stdout, reason = "the table is for people")]
fn show(text: &str) {
    println!("{text}");
}

// Another call's answer can be told apart where an answer repeats a number of the request, and the request is a typed one.
const ONCE: &str = r"
                        | read               | keyed, same        | same, no key       | keyed, refused     | keyed              | never              | by name
none                    | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok
no connection           | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok
held back by a limiter  | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok          | 1 of 2 ok
reset before it arrived | 1 of 2 ok          | 1 of 2 ok          | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
reset after it arrived  | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
lost on the way there   | 1 of 2 ok          | 1 of 2 ok          | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
no answer in time       | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
wrong length            | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
truncated               | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
502, it arrived         | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
502, it did not arrive  | 1 of 2 ok          | 1 of 2 ok          | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
a web page              | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
empty                   | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
unsigned                | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
wrong signature         | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
another call's answer   | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 ok          | 1 of 1 unknown     | 1 of 1 ok          | 1 of 1 ok
20000, carried out      | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
40005, not done         | 2 of 2 ok          | 2 of 2 ok          | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done
unknown code, done      | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
";

const ALWAYS: &str = r"
                        | read               | keyed, same        | same, no key       | keyed, refused     | keyed              | never              | by name
none                    | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok          | 1 of 1 ok
no connection           | 0 of 3 failed      | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done
held back by a limiter  | 0 of 3 failed      | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done    | 0 of 3 not done
reset before it arrived | 0 of 3 failed      | 0 of 3 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
reset after it arrived  | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
lost on the way there   | 0 of 3 failed      | 0 of 3 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
no answer in time       | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
wrong length            | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
truncated               | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
502, it arrived         | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
502, it did not arrive  | 0 of 3 failed      | 0 of 3 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown     | 0 of 1 unknown
a web page              | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
empty                   | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
unsigned                | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
wrong signature         | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
another call's answer   | 2 of 2 failed      | 2 of 2 unknown     | 1 of 1 unknown     | 1 of 1 ok          | 1 of 1 unknown     | 1 of 1 ok          | 1 of 1 ok
20000, carried out      | 3 of 3 failed      | 3 of 3 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
40005, not done         | 3 of 3 failed      | 3 of 3 not done    | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done    | 1 of 1 not done
unknown code, done      | 1 of 1 failed      | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown     | 1 of 1 unknown
";
