//! Flows over sockets and with RSA, through a proxy with faults. Many run at once, and the ledger is read when all have ended.

mod proxy;

use std::{
    collections::BTreeMap,
    env,
    future::pending,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::{Duration, Instant},
};

use alipay_api::{
    Client, Credentials,
    flows::{self, PollSchedule, Ticket},
    transport::ReqwestTransport,
};
use alipay_mock::Mock;
use futures_util::{StreamExt as _, stream};
use tokio::{sync::watch, time::sleep};

use self::proxy::Proxy;
use crate::{
    ALONE,
    chance::Chance,
    end::End,
    ledger::Ledger,
    process::{Fate, Line, Process, Settings},
    random,
    simulated::{given, say},
    subjects::{self, Act, Before, Buyer, Subject},
};

/// How many flows run at once: what the machine can answer in time.
const AT_ONCE: usize = if cfg!(debug_assertions) { 16 } else { 100 };

/// From this many on, some of them are QR codes: one that nobody scans is valid for a minute.
const WITH_CODES: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_of_a_proxy_loses_doubles_or_invents_money() {
    let count = given("ALIPAY_REAL_FLOWS").unwrap_or(if env::var_os("CI").is_some() { 200 } else { 50 });
    let seed = given("ALIPAY_FLOWS_FROM").unwrap_or_else(random::seed);
    let _alone = ALONE.lock().await;
    let begun = Instant::now();
    let world = World::start(seed).await;
    let flows = stream::iter(0..count).map(|at| world.flow(seed.wrapping_add(at), count >= WITH_CODES));
    let lived: Vec<_> = flows.buffer_unordered(AT_ONCE).collect().await;
    // Let everything arrive that is on its way.
    sleep(proxy::LONGEST_WAY + Duration::from_secs(1)).await;

    let ledger = Ledger::new(world.mock.movements());
    let (mut ends, mut wrong) = (BTreeMap::new(), Vec::new());
    for (subject, all) in &lived {
        for (end, _) in all {
            *ends.entry(format!("{}: {end}", subject.name())).or_insert(0) += 1;
        }
        let end = all.last().and_then(|(_, end)| end.as_ref()).expect("the last one ends");
        let buyer = subject.buyer();
        let order = buyer.as_ref().and_then(|buyer| world.mock.trade(&buyer.order).ok());
        let alipay_number = order.and_then(|order| order.trade_no);
        wrong.extend(subject.holds(end, &ledger, alipay_number.as_deref()).err());
        if let Some(buyer) = buyer.filter(|buyer| !buyer.needs_code)
            && world.mock.pay(&buyer.order).is_ok()
        {
            wrong.push(format!("{} can still be paid", buyer.order));
        }
    }
    let faults = world.proxy.faults();
    say(&format!(
        "{count} real flows from seed {seed} in {:.1?}\n{ends:#?}\n{faults:#?}",
        begun.elapsed()
    ));
    assert_eq!(wrong, [""; 0]);
}

/// How each process's part of a flow ended.
type Ends = Vec<(String, Option<End>)>;

struct World {
    mock: Mock,
    proxy: Proxy,
    credentials: Credentials,
    transport: Arc<ReqwestTransport>,
    /// Without the proxy.
    direct: Client,
}

impl World {
    async fn start(seed: u64) -> Self {
        let mock = Mock::builder()
            // Enough for ten thousand flows and their retries.
            .balance(1_000_000_000)
            .certificates()
            .start()
            .await
            .expect("the gateway starts");
        let [app, alipay, roots] = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
        let credentials =
            Credentials::certificates(&mock.app_private_key(), &app, &alipay, &roots).expect("credentials");
        let proxy = Proxy::start(mock.address(), Chance::new(seed)).await;
        let direct = Client::builder(mock.app_id(), credentials.clone())
            .gateway(mock.gateway_url())
            .build()
            .expect("a client");
        Self {
            mock,
            proxy,
            credentials,
            transport: Arc::new(ReqwestTransport::new().expect("a transport")),
            direct,
        }
    }

    /// A client of a process. The last process has patience.
    fn client(&self, is_last: bool, is_alive: &Arc<AtomicBool>) -> Client {
        let line = Line {
            transport: Arc::clone(&self.transport),
            is_alive: Arc::clone(is_alive),
        };
        let client = Client::builder(self.mock.app_id(), self.credentials.clone()).transport(line);
        let client = if is_last {
            // It asks the gateway itself: the faults have ended.
            client.gateway(self.mock.gateway_url())
        } else {
            client
                .gateway(self.proxy.gateway_url())
                .attempt_timeout(Duration::from_millis(700))
                .total_timeout(Duration::from_secs(2))
        };
        client.build().expect("a client")
    }

    /// Lives through one flow, with one process after the other.
    async fn flow(&self, seed: u64, with_codes: bool) -> (Box<dyn Subject>, Ends) {
        let chance = Chance::new(seed);
        let subject = loop {
            let number = format!("F{:016x}", chance.next());
            let subject = if chance.is(25) {
                subjects::certified_transfer(&chance, &number)
            } else {
                subjects::any(&chance, &number)
            };
            let needs_code = subject.buyer().is_some_and(|buyer| buyer.needs_code);
            // A bank takes hours.
            if subject.is_quick() && (with_codes || !needs_code) {
                break subject;
            }
        };
        for before in subject.before() {
            match before {
                Before::Call(method, content) => {
                    self.direct.call_raw(method, content).await.expect("it is there before");
                }
                Before::Pay(order) => drop(self.mock.pay(&order).expect("it is paid")),
            }
        }
        let shown = watch::Sender::new(false);
        let buyer = subject.buyer();
        let buying = async {
            if let Some(buyer) = buyer {
                self.buy(buyer, shown.subscribe()).await;
            }
            pending::<()>().await;
        };
        // The buyer's acts end with the flow.
        let ends = tokio::select! {
            ends = self.processes(&chance, &*subject, &shown) => ends,
            () = buying => unreachable!("it never ends"),
        };
        (subject, ends)
    }

    async fn processes(&self, chance: &Chance, subject: &dyn Subject, shown: &watch::Sender<bool>) -> Ends {
        let mut ends = Ends::new();
        let mut ticket: Option<Ticket> = None;
        let mut left = chance.below(4);
        loop {
            let is_last = left == 0 && ticket.is_some();
            let is_alive = Arc::new(AtomicBool::new(true));
            let client = self.client(is_last, &is_alive);
            let process = Process {
                fate: if is_last { Fate::Lives } else { Fate::any(chance) },
                settings: if is_last {
                    patient(subject)
                } else {
                    Settings::quick(chance)
                },
                clock: None,
                is_alive,
                stored: Arc::new(Mutex::new(None)),
                shown: shown.clone(),
            };
            let begun = match ticket.take() {
                Some(ticket) => process.begin(flows::resume(&client, ticket.to_string().parse().expect("a ticket"))),
                None => subject.begin(&client, &process),
            };
            let end = process.run(begun).await;
            ticket = match &end {
                Some(End::Unknown(unknown)) => Some(unknown.ticket().clone()),
                Some(_) => None,
                None => process.stored.lock().unwrap().take(),
            };
            let words = end.as_ref().map_or_else(|| "gone".to_owned(), End::words);
            ends.push((words, end));
            if is_last || ticket.is_none() {
                return ends;
            }
            left = left.saturating_sub(1);
        }
    }

    /// A buyer, and Alipay, do what they do, faster than in a simulation.
    async fn buy(&self, buyer: Buyer, mut shown: watch::Receiver<bool>) {
        if buyer.needs_code && shown.wait_for(|is_shown| *is_shown).await.is_err() {
            return;
        }
        for (pause, act) in buyer.acts {
            sleep(pause / 20).await;
            // It may be too early, or too late.
            let _ = match act {
                Act::Scan => self.mock.scan(&buyer.order),
                Act::Pay => self.mock.pay(&buyer.order).map(|payment| payment.trade),
                Act::Close => self.mock.close(&buyer.order),
            };
        }
    }
}

/// Long enough for the slowest end, that of a code, on a busy machine.
fn patient(subject: &dyn Subject) -> Settings {
    let minutes = Duration::from_mins(2);
    Settings {
        // A payment that nobody makes is waited for until then, and cancelled after.
        timeout: if subject.buyer().is_some() {
            Duration::from_secs(10)
        } else {
            minutes
        },
        cancel_timeout: minutes,
        delivery_limit: Duration::from_secs(6),
        schedule: PollSchedule::every(Duration::from_millis(500)),
    }
}
