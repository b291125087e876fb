//! The program itself: killed, shut down, and twice on one database.

use std::{process::Stdio, time::Duration};

use alipay_mock::Fault;
use futures_util::future::join_all;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::support::{Browser, PASSWORD, World};

/// The program, and what it tells.
struct Program {
    child: Child,
    log: watch::Receiver<String>,
    /// Reads the log to its end, so that the program never waits for a reader.
    reader: JoinHandle<()>,
    browser: Browser,
}

impl Program {
    async fn start(world: &World) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alipay-shop"));
        command.env_clear().envs(world.environment()).env("RUST_LOG", "trace");
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, mut log) = watch::channel(String::new());
        let reader = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                sender.send_modify(|log| log.extend([&line, "\n"]));
            }
        });
        let line = told(&mut log, "listening on ").await;
        let (_, rest) = line.split_once("listening on ").unwrap();
        let browser = Browser::new(rest.split_once(',').unwrap().0.parse().unwrap());
        Self {
            child,
            log,
            reader,
            browser,
        }
    }

    /// Waits for a line of its log with this text.
    async fn tells(&mut self, text: &str) {
        told(&mut self.log, text).await;
    }

    /// Shuts it down, and gives all that it has told.
    async fn terminate(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap()
                .success()
        );
        assert!(self.child.wait().await.unwrap().success());
        self.whole_log().await
    }

    async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        self.whole_log().await
    }

    async fn whole_log(self) -> String {
        self.reader.await.unwrap();
        self.log.borrow().clone()
    }
}

async fn told(log: &mut watch::Receiver<String>, text: &str) -> String {
    let is_told = timeout(Duration::from_mins(1), log.wait_for(|log| log.contains(text))).await;
    let log = is_told.unwrap_or_else(|_| panic!("no {text:?} in time")).unwrap();
    let line = log.lines().find(|line| line.contains(text));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn a_killed_shop_delivers_and_refunds_after_its_next_start() {
    let world = World::new().await;
    let program = Program::start(&world).await;
    let number = program.browser.order("page").await;
    let mut log = program.kill().await;
    // The notification finds nobody, and is given up.
    world.pay(&number).await;
    assert_eq!(world.deliveries().await, 0);

    let mut program = Program::start(&world).await;
    program.tells("an order is paid, as the gateway says").await;
    assert!(program.browser.is_paid(&number).await);
    // What comes too late does no harm.
    for body in world.mail.bodies() {
        assert_eq!(program.browser.notify(&body).await, (200, "success".to_owned()));
    }
    assert_eq!(world.deliveries().await, 1);

    // It is killed while a refund is under way.
    let (fault, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.trade.refund", fault);
    assert_eq!(program.browser.refund(&number, "88.80").await.status, 303);
    release.reached().await;
    log += &program.kill().await;
    drop(release);
    assert_eq!(
        world
            .number_of("SELECT count(*) FROM refunds WHERE state = 'sent'")
            .await,
        1
    );

    // The lease of the process that is gone passes.
    world.change_database("UPDATE refunds SET followed_until = 1").await;
    let mut program = Program::start(&world).await;
    program.tells("a refund is made").await;
    program.browser.admin_sees(&number, "· refunded").await;
    assert_eq!(world.mock.trade(&number).unwrap().refunds.len(), 1);
    assert_eq!(world.mock.ledger().refunded_fen, 8880);

    // All that was logged, at the most talkative level, has no secret in it.
    log += &program.terminate().await;
    assert!(log.contains("alipay.trade.refund") && log.contains("shutting down"));
    let key = world.mock.app_private_key();
    for secret in [&key[..], &key[100..200], PASSWORD, "YWRtaW46"] {
        assert!(!log.contains(secret), "the log has {secret:?}");
    }
}

#[tokio::test]
async fn two_processes_on_one_database_deliver_once() {
    let world = World::new().await;
    let first = Program::start(&world).await;
    let second = Program::start(&world).await;
    let browsers = [&first.browser, &second.browser];
    let orders = join_all((0..20).map(|index: usize| browsers[index % 2].order("page"))).await;
    for number in &orders {
        world.pay(number).await;
    }
    let bodies = world.mail.bodies();
    assert_eq!(bodies.len(), 20);
    // Each notification reaches both at once, and twice.
    let sent = bodies
        .iter()
        .flat_map(|body| [0, 1, 0, 1].map(|index: usize| browsers[index].notify(body)));
    for answer in join_all(sent).await {
        assert_eq!(answer, (200, "success".to_owned()));
    }
    assert_eq!(world.deliveries().await, 20);
    for number in &orders {
        assert!(first.browser.is_paid(number).await && second.browser.is_paid(number).await);
    }
    // Of all that both tell, each order is paid once.
    let log = first.terminate().await + &second.terminate().await;
    for number in &orders {
        let told = log
            .lines()
            .filter(|line| line.contains("an order is paid") && line.contains(number.as_str()));
        assert_eq!(told.count(), 1);
    }
}
