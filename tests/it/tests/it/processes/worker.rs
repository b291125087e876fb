//! One process of the app: this program once more, started with what it needs in its environment.

use std::{
    env,
    io::Write as _,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use alipay_api::{
    Client, Credentials,
    isv::{
        Isv, IsvEvent,
        store::{MySqlStore, PostgresStore, SqliteStore, StoreError, StoreKey, TokenStore},
    },
    trade::Query,
};
use alipay_mock::Mock;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
};

pub(super) const MERCHANT: &str = "2021000000000042";
pub(super) const ORDER: &str = "paid-once";
/// How many calls a process makes at a time.
const CALLS: usize = 2;
const PAUSE: Duration = Duration::from_millis(250);

/// Where the tokens are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Sqlite(PathBuf),
    MySql(String),
    Postgres(String),
}

impl Place {
    pub(super) async fn open(&self) -> Result<Arc<dyn TokenStore>, StoreError> {
        let key = StoreKey::new([7; StoreKey::LENGTH]);
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path, &key).await?),
            Self::MySql(url) => Arc::new(MySqlStore::connect(url, &key).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::connect(url, &key).await?),
        })
    }
}

/// The app, as each process has it.
pub(super) fn isv(gateway: &str, app_id: &str, keys: (&str, &str), store: Arc<dyn TokenStore>) -> Isv {
    let on_event = |event: &IsvEvent| {
        if let IsvEvent::RefreshFailed { error, .. } | IsvEvent::NotStored { error, .. } = event {
            say(&format!("failed: {error:?}").replace('\n', " "));
        }
    };
    let credentials = Credentials::public_key(keys.0, keys.1).expect("keys");
    let client = Client::builder(app_id, credentials)
        .gateway(gateway)
        .build()
        .expect("a client");
    Isv::builder(client, store)
        .refresh_timeout(Duration::from_secs(3))
        .on_event(on_event)
        .build()
}

/// A process that runs, and what it says.
pub(super) struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

/// What a process has said by its end.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) failures: Vec<String>,
    pub(super) calls: u64,
}

impl Worker {
    /// Starts one. It opens the store at once, and makes no call before [`go`](Self::go).
    pub(super) fn start(mock: &Mock, place: &Place) -> Self {
        let (store, at) = match place {
            Place::Sqlite(path) => ("sqlite", path.to_str().expect("UTF-8")),
            Place::MySql(url) => ("mysql", url.as_str()),
            Place::Postgres(url) => ("postgres", url.as_str()),
        };
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "processes::worker::work", "--ignored", "--nocapture"])
            .env("ALIPAY_TEST_GATEWAY", mock.gateway_url())
            .env("ALIPAY_TEST_APP_ID", mock.app_id())
            .env("ALIPAY_TEST_PRIVATE_KEY", mock.app_private_key())
            .env("ALIPAY_TEST_PUBLIC_KEY", mock.alipay_public_key())
            .env("ALIPAY_TEST_STORE", store)
            .env("ALIPAY_TEST_STORE_AT", at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let said = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, said }
    }

    /// Waits until it has opened the store.
    pub(super) async fn ready(&mut self) {
        while let Some(line) = self.line().await {
            if line == "ready" {
                return;
            }
            assert!(!line.starts_with("failed: "), "{line}");
        }
        panic!("a process has ended before it was ready");
    }

    /// Lets it make calls.
    pub(super) async fn go(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("its input");
        stdin.write_all(b"go\n").await.expect("it listens");
    }

    /// Kills it, with SIGKILL, and waits until it is dead.
    pub(super) async fn kill(mut self) -> Said {
        self.child.kill().await.expect("it is dead");
        self.rest().await
    }

    /// Has it end what it has begun, and waits for that.
    pub(super) async fn stop(mut self) -> Said {
        drop(self.child.stdin.take());
        let said = self.rest().await;
        let status = self.child.wait().await.expect("it has ended");
        assert!(status.success(), "{status}: {said:?}");
        said
    }

    async fn rest(&mut self) -> Said {
        let mut said = Said::default();
        while let Some(line) = self.line().await {
            if let Some(failure) = line.strip_prefix("failed: ") {
                said.failures.push(failure.to_owned());
            } else if let Some(calls) = line.strip_prefix("calls: ") {
                said.calls = calls.parse().expect("a number");
            }
        }
        said
    }

    async fn line(&mut self) -> Option<String> {
        self.said.next_line().await.expect("text")
    }
}

/// Not a test by itself: what each process does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "only for a process that another test starts"]
async fn work() {
    let Some(gateway) = env::var_os("ALIPAY_TEST_GATEWAY") else {
        return;
    };
    let given = |name: &str| env::var(format!("ALIPAY_TEST_{name}")).expect("given");
    let place = match given("STORE").as_str() {
        "sqlite" => Place::Sqlite(given("STORE_AT").into()),
        "mysql" => Place::MySql(given("STORE_AT")),
        _ => Place::Postgres(given("STORE_AT")),
    };
    let store = match place.open().await {
        Ok(store) => store,
        Err(error) => return say(&format!("failed: {error:?}")),
    };
    let keys = (&*given("PRIVATE_KEY"), &*given("PUBLIC_KEY"));
    let isv = isv(gateway.to_str().expect("a URL"), &given("APP_ID"), keys, store);
    say("ready");

    let mut input = BufReader::new(tokio::io::stdin()).lines();
    if input.next_line().await.expect("input").is_none() {
        return;
    }
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..CALLS)
        .map(|_| call(isv.clone(), Arc::clone(&stop), Arc::clone(&calls)))
        .collect();
    // Whoever has started this process ends it by closing its input, or by dying.
    while input.next_line().await.expect("input").is_some() {}
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("it does not panic");
    }
    isv.idle().await;
    say(&format!("calls: {}", calls.load(Ordering::Relaxed)));
}

fn call(isv: Isv, stop: Arc<AtomicBool>, calls: Arc<AtomicU64>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let client = isv.merchant(MERCHANT);
        while !stop.load(Ordering::Relaxed) {
            match client.trade().query(Query::with_out_trade_no(ORDER)).await {
                Ok(_) => _ = calls.fetch_add(1, Ordering::Relaxed),
                Err(error) => say(&format!("failed: {:?}: {error}: {error:?}", error.kind()).replace('\n', " ")),
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
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
