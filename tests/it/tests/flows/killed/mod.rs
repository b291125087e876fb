//! `kill -9` in the middle of a flow, and `resume` in a new process from the ticket that was stored: the end is known.

mod worker;

use std::{
    env, fs,
    time::{Duration, Instant},
};

use alipay_api::flows::Ticket;
use alipay_mock::Mock;
use futures_util::{StreamExt as _, stream};
use tokio::time::{sleep, timeout};

use self::worker::Worker;
use crate::{
    chance::Chance,
    ledger::{Ledger, Sort},
    random,
    simulated::{given, say},
};

/// How many processes run at once. Most of the time they wait: a code that nobody scans is valid for a minute.
const AT_ONCE: usize = 25;

const AMOUNT: &str = "1234.56";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_scan_pay_is_settled_by_another_process() {
    kill_and_resume("scan_pay", Sort::Payment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_qr_pay_is_settled_by_another_process() {
    kill_and_resume("qr_pay", Sort::Payment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_transfer_is_settled_by_another_process() {
    kill_and_resume("transfer", Sort::Transfer).await;
}

async fn kill_and_resume(flow: &'static str, sort: Sort) {
    let count = given("ALIPAY_KILLS").unwrap_or(if env::var_os("CI").is_some() { 10 } else { 4 });
    let seed = random::seed();
    let begun = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let mock = Mock::builder()
        .certificates()
        .start()
        .await
        .expect("the gateway starts");
    for (name, text) in [
        ("key", mock.app_private_key()),
        ("app", mock.app_cert()),
        ("alipay", mock.alipay_cert()),
        ("roots", mock.root_cert()),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let runs = stream::iter(0..count).map(|at| {
        let chance = Chance::new(seed.wrapping_add(at));
        let number = format!("K{:016x}", chance.next());
        run(&mock, folder.path(), flow, number, chance)
    });
    let ran: Vec<_> = runs.buffer_unordered(AT_ONCE).collect().await;

    let ledger = Ledger::new(mock.movements());
    let mut words = Vec::new();
    for Run { number, killed_at, end } in ran {
        let (moved, back) = (ledger.of(sort, &number), ledger.of(Sort::RefundOfOrder, &number));
        let is_true = match &*end {
            "done" => moved == [AMOUNT] && back.is_empty(),
            "not done" => moved.len() == back.len() && mock.pay(&number).is_err(),
            _ => false,
        };
        assert!(
            is_true,
            "{number} of seed {seed}, killed {killed_at}: {end}; {moved:?} moved, {back:?} went back"
        );
        words.push(format!("{killed_at}: {end}"));
    }
    words.sort();
    say(&format!(
        "{flow}: {count} kills in {:.1?}\n  {}",
        begun.elapsed(),
        words.join("\n  ")
    ));
}

struct Run {
    number: String,
    /// When, and what the ticket said then.
    killed_at: String,
    /// What the last process says.
    end: String,
}

async fn run(mock: &Mock, folder: &std::path::Path, flow: &'static str, number: String, chance: Chance) -> Run {
    let mut worker = Worker::start(mock, folder, flow, &number, AMOUNT);
    worker.begun().await;
    // Most steps happen in the first milliseconds.
    let after = if chance.is(60) {
        chance.millis(0, 60)
    } else {
        chance.millis(0, 2_500)
    };
    let confirms = (flow != "transfer" && chance.is(60)).then(|| chance.millis(0, 2_000));
    let buying = async {
        // A buyer who is too early has to come again.
        if let Some(pause) = confirms {
            sleep(pause).await;
            for _ in 0..20 {
                if mock.pay(&number).is_ok() {
                    break;
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    };
    let killing = async {
        let said = match timeout(after, worker.end()).await {
            Ok(said) => format!("too late, it had ended as {said}"),
            Err(_) => format!("after {after:?}"),
        };
        worker.kill().await;
        let stored = fs::read_to_string(folder.join(&number)).expect("a ticket");
        let ticket: Ticket = stored.parse().expect("a ticket, whole");
        let mut next = Worker::start(mock, folder, "resume", &number, AMOUNT);
        next.begun().await;
        let end = next.end().await;
        (format!("{said}, {:?}", ticket.status()), end)
    };
    let ((killed_at, end), ()) = tokio::join!(killing, buying);
    Run { number, killed_at, end }
}
