//! A process with one flow: this program once more, started with what it needs in its environment.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use alipay_api::{
    Client, Credentials,
    flows::{self, Ended, Flow, PollSchedule, Ticket},
    fund::{
        TransUniTransfer,
        types::{Participant, ParticipantIdentityType},
    },
    trade::{Pay, PayRequired, Precreate},
};
use alipay_mock::Mock;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A process that runs, and what it says.
pub(super) struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub(super) fn start(mock: &Mock, folder: &Path, flow: &str, number: &str, amount: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "killed::worker::work", "--ignored", "--nocapture"])
            .env("ALIPAY_TEST_GATEWAY", mock.gateway_url())
            .env("ALIPAY_TEST_APP_ID", mock.app_id())
            .env("ALIPAY_TEST_FOLDER", folder)
            .env("ALIPAY_TEST_FLOW", flow)
            .env("ALIPAY_TEST_NUMBER", number)
            .env("ALIPAY_TEST_AMOUNT", amount)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let said = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, said }
    }

    /// Waits until the flow begins.
    pub(super) async fn begun(&mut self) {
        while self.line().await.expect("a process has ended before it began") != "begun" {}
    }

    /// What the flow ends as.
    pub(super) async fn end(&mut self) -> String {
        loop {
            let line = self.line().await.expect("a process has said no end");
            if let Some(end) = line.strip_prefix("end: ") {
                return end.to_owned();
            }
        }
    }

    /// Kills it, with SIGKILL, and waits until it is dead.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.expect("it is dead");
    }

    async fn line(&mut self) -> Option<String> {
        self.said.next_line().await.expect("text")
    }
}

/// Not a test by itself: what each process does.
#[tokio::test]
#[ignore = "only for a process that another test starts"]
async fn work() {
    let Some(gateway) = env::var_os("ALIPAY_TEST_GATEWAY") else {
        return;
    };
    let given = |name: &str| env::var(format!("ALIPAY_TEST_{name}")).expect("given");
    let folder = PathBuf::from(given("FOLDER"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let credentials = Credentials::certificates(&read("key"), &read("app"), &read("alipay"), &read("roots"));
    let client = Client::builder(given("APP_ID"), credentials.expect("credentials"))
        .gateway(gateway.to_str().expect("a URL"))
        .build()
        .expect("a client");
    let (number, amount) = (given("NUMBER"), given("AMOUNT").parse().expect("an amount"));
    let stored = folder.join(&number);
    match given("FLOW").as_str() {
        "scan_pay" => {
            let required = PayRequired {
                out_trade_no: number,
                total_amount: amount,
                subject: "a thing".to_owned(),
            };
            run(
                flows::scan_pay(&client, Pay::with_auth_code("28763443825664394", required)),
                stored,
            )
            .await;
        }
        "qr_pay" => {
            let request = Precreate::new(number, amount, "a thing").qr_code_timeout_express("1m");
            run(flows::qr_pay(&client, request), stored).await;
        }
        "transfer" => {
            let payee = Participant::new("2088102146225135", ParticipantIdentityType::AlipayUserId);
            run(
                flows::transfer(&client, TransUniTransfer::new(number, amount, payee)),
                stored,
            )
            .await;
        }
        _ => {
            let ticket: Ticket = read(&number).parse().expect("a ticket");
            run(flows::resume(&client, ticket), stored).await;
        }
    }
}

async fn run<T: Send + 'static>(flow: Flow<T>, stored: PathBuf) {
    let second = Duration::from_secs(1);
    store(flow.ticket(), &stored);
    say("begun");
    let ended = flow
        .timeout(2 * second)
        .delivery_limit(second)
        .schedule(PollSchedule::every(second / 10))
        .on_progress(move |progress| store(progress.ticket(), &stored))
        .await;
    say(match ended {
        Ended::Done(_) => "end: done",
        Ended::NotDone(_) => "end: not done",
        Ended::Unknown(_) => "end: unknown",
    });
}

/// Puts the ticket in the place of the last one, at once.
fn store(ticket: &Ticket, at: &Path) {
    let next = at.with_extension("next");
    fs::write(&next, ticket.to_string()).expect("a file");
    fs::rename(next, at).expect("its place");
}

/// In one piece: a process may be killed at any time.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // Before it, what the test harness has begun to write.
    let said = output
        .write_all(format!("\n{line}\n").as_bytes())
        .and_then(|()| output.flush());
    said.expect("somebody listens");
}
