//! Eight processes of one app, one merchant whose token lasts two seconds, and a process killed every few seconds: no call fails, no
//! refresh token is used twice, and the merchant stays authorised. Once, the token that all of them have is refused.
//!
//! With `CI` set this takes a minute, as long as it is meant to; without, a fifth of it.

mod worker;

use std::{
    env,
    io::Write as _,
    slice,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::{
    isv::{
        Isv,
        store::{AuthorisationState, MerchantKey, Stored, TokenStore, Version},
    },
    open_auth::{TokenApp, token_app::TokenAppGrantType},
    trade::{Precreate, Query},
    types::DateTime,
};
use alipay_mock::{Fault, Mock};

use self::worker::{MERCHANT, ORDER, Place, Said, Worker};
use crate::{mysql_server, postgres_server, support::price};

const PROCESSES: usize = 8;
const LIFETIME: Duration = Duration::from_secs(2);
/// How the gateway refuses a token that was replaced.
const REFUSED: &str = "aop.invalid-app-auth-token";
/// Between two attempts at a lease, whose end nothing tells.
const LOOK: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_a_merchant_through_kills() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    keeps_a_merchant_through_kills("PostgreSQL", || Place::Postgres(server.database())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_keeps_a_merchant_through_kills() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    keeps_a_merchant_through_kills("MySQL", || Place::MySql(server.database())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_a_merchant_through_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = 0..;
    let place = || Place::Sqlite(folder.path().join(format!("tokens-{}.db", names.next().unwrap())));
    keeps_a_merchant_through_kills("SQLite", place).await;
}

/// A process that is killed after Alipay has made a pair, and before it has stored it, loses the merchant. That can't be helped, and
/// is told apart from everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_dies_with_its_process_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(folder.path().join("tokens.db"));
    let app = App::start(&place).await;
    let App { mock, isv, store } = &app;
    // The token has ended: the first thing that a process does is to refresh it.
    let stored = app.stored().await;
    let mut ended = stored.authorisation;
    ended.expires_at = Some(UNIX_EPOCH);
    let version = store
        .replace(key(isv), Some(stored.version), &ended)
        .await
        .unwrap()
        .unwrap();

    let (fault, mut release) = Fault::delay();
    mock.fault_next(fault);
    let mut worker = Worker::start(mock, &place);
    worker.go().await;
    release.reached().await;
    let (last_words, killed) = kill(worker, mock).await;
    assert_eq!(last_words.failures, [""; 0]);
    release.release();

    let error = App::isv(mock, store)
        .merchant(MERCHANT)
        .trade()
        .query(Query::with_out_trade_no(ORDER))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), alipay_api::ErrorKind::AuthorisationLost, "{error:?}");
    let stored = app.stored().await;
    assert_eq!(pair_lost(mock, &stored, version, slice::from_ref(&killed)), Ok(()));
    // Without a kill, at another time, or of a process that did not know of the pair, or with more versions stored, it would have been
    // something else.
    pair_lost(mock, &stored, version, &[]).unwrap_err();
    let much_later = Kill {
        at: killed.at + Duration::from_secs(10),
        ..killed.clone()
    };
    pair_lost(mock, &stored, version, &[much_later]).unwrap_err();
    let unrelated = Kill {
        latest: "another".to_owned(),
        ..killed.clone()
    };
    pair_lost(mock, &stored, version, &[unrelated]).unwrap_err();
    let later = Stored::new(stored.authorisation.clone(), stored.version.next());
    pair_lost(mock, &later, version, slice::from_ref(&killed)).unwrap_err();
    // A refresh token that is used twice, too.
    let used = stored.authorisation.app_refresh_token.clone();
    let request = TokenApp::with_refresh_token(used, TokenAppGrantType::RefreshToken);
    isv.client().open_auth().token_app(request).await.unwrap_err();
    pair_lost(mock, &stored, version, slice::from_ref(&killed)).unwrap_err();
}

/// Runs it, and again where a pair has died with its process.
async fn keeps_a_merchant_through_kills(name: &str, mut place: impl FnMut() -> Place) {
    let (time, pause) = match env::var_os("CI") {
        Some(_) => (Duration::from_mins(1), Duration::from_secs(5)),
        None => (Duration::from_secs(12), Duration::from_secs(2)),
    };
    for _ in 0..3 {
        let report = run(&place(), time, pause).await;
        // Not by a macro: what those print of a test that passes nobody sees.
        let _ = writeln!(std::io::stderr(), "{name}: {}", report.text);
        if !report.pair_lost {
            return;
        }
    }
    panic!("three times a pair has died with its process: that should happen once in many runs");
}

struct Report {
    text: String,
    pair_lost: bool,
}

async fn run(place: &Place, time: Duration, pause: Duration) -> Report {
    let (app, mut workers) = App::start_with_workers(place).await;
    let (mut said, mut kills) = (Vec::new(), Vec::new());
    for round in 0..time.as_secs() / pause.as_secs() {
        tokio::time::sleep(pause).await;
        if round == 0 {
            // By now all of them have made calls, and nobody has been killed.
            app.replace_token_at_once().await;
        }
        let (last_words, kill) = kill(workers.remove(0), &app.mock).await;
        said.push(last_words);
        kills.push(kill);
        let mut next = Worker::start(&app.mock, place);
        next.go().await;
        workers.push(next);
        if app.stored().await.authorisation.state == AuthorisationState::Lost {
            break;
        }
    }
    for worker in workers {
        said.push(worker.stop().await);
    }
    let at_last = app
        .isv
        .merchant(MERCHANT)
        .trade()
        .query(Query::with_out_trade_no(ORDER))
        .await;
    app.isv.idle().await;
    let stored = app.stored().await;
    let failures: Vec<_> = said.iter().flat_map(|said| &said.failures).collect();
    let granted = app.mock.authorisation(MERCHANT).unwrap();
    let refused = app.mock.refusals_with(REFUSED);
    let calls: u64 = said.iter().map(|said| said.calls).sum();
    let text = format!(
        "{} calls of processes that ended, {} of all, {} refused for a token that was replaced, {} refreshes, {} kills, {} failures",
        calls,
        app.mock.requests_of("alipay.trade.query"),
        refused,
        granted.refreshes,
        kills.len(),
        failures.len(),
    );

    if stored.authorisation.state == AuthorisationState::Lost {
        let why = pair_lost(&app.mock, &stored, Version::FIRST, &kills);
        assert_eq!(why, Ok(()), "{text}: {stored:?} {granted:?} {failures:?}");
        // Meanwhile the gateway takes no token that anybody has.
        let follows =
            |failure: &&String| failure.starts_with("AuthorisationLost: ") || failure.contains("app-auth-token");
        assert!(failures.iter().all(follows), "{failures:#?}");
        let text = format!("a pair has died with its process, which can't be helped; once more. {text}");
        return Report { text, pair_lost: true };
    }
    assert!(failures.is_empty(), "{text}: {failures:#?}");
    // Calls were refused for their token, then, and not one of them has failed.
    assert!(refused > 0, "{text}");
    assert!(at_last.is_ok(), "{text}: {at_last:?}");
    assert_eq!(app.mock.dead_refresh_tokens(), [], "{text}");
    assert_eq!(stored.authorisation.state, AuthorisationState::Active);
    assert_eq!(
        stored.authorisation.app_refresh_token.expose(),
        granted.app_refresh_token
    );
    assert_eq!(stored.version.0, Version::FIRST.0 + granted.refreshes);
    // Each refresh is due after half of the token's life, and its time is spread over a quarter of that.
    let enough = time.as_secs() / LIFETIME.as_secs() / 2;
    assert!(granted.refreshes >= enough && calls > 0, "{text}");
    Report { text, pair_lost: false }
}

/// A process was killed.
#[derive(Clone, Debug)]
struct Kill {
    at: SystemTime,
    /// The latest refresh token that the gateway has given out, when all that the process had sent had arrived.
    latest: String,
}

async fn kill(worker: Worker, mock: &Mock) -> (Said, Kill) {
    let at = SystemTime::now();
    let said = worker.kill().await;
    // What it has sent may still be on its way, and nothing tells when it has arrived.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let latest = mock.authorisation(MERCHANT).expect("a merchant").app_refresh_token;
    (said, Kill { at, latest })
}

/// The gateway, and the app as this process has it; its merchant has authorised it, and has an order.
struct App {
    mock: Mock,
    store: Arc<dyn TokenStore>,
    isv: Isv,
}

impl App {
    async fn start(place: &Place) -> Self {
        let app = Self::new(place, Self::gateway().await).await;
        app.authorise().await;
        app
    }

    /// The processes open the store first, all at once.
    async fn start_with_workers(place: &Place) -> (Self, Vec<Worker>) {
        let mock = Self::gateway().await;
        let mut workers: Vec<_> = (0..PROCESSES).map(|_| Worker::start(&mock, place)).collect();
        for worker in &mut workers {
            worker.ready().await;
        }
        let app = Self::new(place, mock).await;
        app.authorise().await;
        for worker in &mut workers {
            worker.go().await;
        }
        (app, workers)
    }

    async fn gateway() -> Mock {
        let builder = Mock::builder().app_auth_token_lifetime(LIFETIME);
        builder.start().await.expect("the gateway starts")
    }

    async fn new(place: &Place, mock: Mock) -> Self {
        let store = place.open().await.expect("a store");
        let isv = Self::isv(&mock, &store);
        Self { mock, store, isv }
    }

    /// The app as one that knows nothing yet.
    fn isv(mock: &Mock, store: &Arc<dyn TokenStore>) -> Isv {
        let keys = (&*mock.app_private_key(), &*mock.alipay_public_key());
        worker::isv(&mock.gateway_url(), mock.app_id(), keys, Arc::clone(store))
    }

    /// Refreshes as a process of the app does, but the token that all of them have ends at once. Other tokens end a while after they were
    /// replaced: a process that gets no time for a whole second would otherwise have two refused in a row.
    async fn replace_token_at_once(&self) {
        let merchant = key(&self.isv);
        while !self
            .store
            .lease(merchant, "the test", 10 * LIFETIME)
            .await
            .expect("a lease")
        {
            tokio::time::sleep(LOOK).await;
        }
        let stored = self.stored().await;
        let mut fresh = stored.authorisation;
        // Before half of its life a token that is refused is taken for a new one, and nobody looks for another.
        let half = fresh.issued_at + LIFETIME / 2;
        tokio::time::sleep(half.duration_since(SystemTime::now()).unwrap_or_default()).await;

        let usual = self.mock.lifetimes();
        let mut at_once = usual;
        at_once.app_auth_token_grace = Duration::ZERO;
        self.mock.set_lifetimes(at_once);
        fresh.issued_at = SystemTime::now();
        let request = TokenApp::with_refresh_token(fresh.app_refresh_token, TokenAppGrantType::RefreshToken);
        let answer = self.isv.client().open_auth().token_app(request).await.expect("tokens");
        self.mock.set_lifetimes(usual);
        fresh.app_auth_token = answer.app_auth_token;
        fresh.app_refresh_token = answer.app_refresh_token;
        fresh.expires_at = Some(fresh.issued_at + LIFETIME);
        let replaced = self.store.replace(merchant, Some(stored.version), &fresh).await;
        assert_eq!(replaced.expect("it is stored"), Some(stored.version.next()));
        self.store.release(merchant, "the test").await.expect("it is released");
    }

    async fn stored(&self) -> Stored {
        let stored = self.store.load(key(&self.isv)).await;
        stored.expect("it is read").expect("a merchant")
    }

    async fn authorise(&self) {
        let code = self.mock.authorise(Some(MERCHANT), None);
        self.isv.authorise(code).await.expect("tokens");
        let order = Precreate::new(ORDER, price("0.01"), "测试订单");
        self.isv
            .merchant(MERCHANT)
            .trade()
            .precreate(order)
            .await
            .expect("an order");
        self.mock.pay(ORDER).expect("it is paid");
        self.isv.idle().await;
    }
}

fn key(isv: &Isv) -> MerchantKey<'_> {
    MerchantKey {
        app_id: isv.client().app_id(),
        auth_app_id: MERCHANT,
    }
}

/// Whether the merchant was lost in the one way that can't be helped: the gateway gave out one pair more than was stored since `first`,
/// about when a process was killed, and none after that; and the refresh token before it came once more, which is how it was noticed.
/// Had another process had the pair, it would have stored it, or said why not.
fn pair_lost(mock: &Mock, stored: &Stored, first: Version, kills: &[Kill]) -> Result<(), String> {
    let granted = mock.authorisation(MERCHANT).map_err(|error| error.to_string())?;
    // Another version says that the merchant is lost.
    let stored_refreshes = stored.version.0 - first.0 - 1;
    if granted.refreshes != stored_refreshes + 1 {
        return Err(format!(
            "{} pairs were given out, {stored_refreshes} stored",
            granted.refreshes
        ));
    }
    let dead: Vec<_> = mock
        .dead_refresh_tokens()
        .into_iter()
        .map(|dead| dead.app_refresh_token)
        .collect();
    if dead != [stored.authorisation.app_refresh_token.expose()] {
        return Err(format!("{} dead refresh tokens came", dead.len()));
    }
    // The gateway writes down whole seconds.
    let second = |time: SystemTime| {
        time.duration_since(UNIX_EPOCH)
            .map(|since| since.as_secs().cast_signed())
    };
    let issued_at: DateTime = granted.issued_at.parse().map_err(|_| "no time".to_owned())?;
    let is_then = |at| second(at).is_ok_and(|second| (second - issued_at.unix_seconds()).abs() <= 1);
    let is_why = |kill: &Kill| kill.latest == granted.app_refresh_token && is_then(kill.at);
    if !kills.iter().any(is_why) {
        return Err(format!(
            "no process was killed with the pair of {}: {kills:?}",
            granted.issued_at
        ));
    }
    Ok(())
}
