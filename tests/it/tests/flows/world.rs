//! The world of one simulated flow: a gateway, a network, a buyer, and one process after the other that lives through the flow.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, atomic::AtomicBool},
    time::Duration,
};

use alipay_api::{
    Client, Credentials, Protocol,
    encryption::EncryptionKey,
    flows::{self, Ticket},
    random::SeededRandom,
};
use alipay_mock::{Gateway, Mock, keys::KeyPair};
use tokio::{runtime, sync::watch, time::sleep};

use crate::{
    chance::Chance,
    cheap,
    end::End,
    ledger::Ledger,
    network::{Fault, Network, Wire},
    process::{Fate, Line, Process, Settings},
    simulated::given,
    subjects::{self, Act, Before, Buyer, Subject},
    time::{JumpingClock, Reach, Time},
};

/// One flow of this many is signed with RSA, by certificates.
const CERTIFIED_OF: u64 = 100;

/// How the calls of one flow go.
#[derive(Clone, Copy, Debug)]
struct Way {
    protocol: Protocol,
    is_encrypted: bool,
}

impl Way {
    /// Any of the four, or the one that the environment says. What else chance does to the flow is the same.
    fn any(chance: &Chance) -> Self {
        let any = chance.below(4);
        let way = given("ALIPAY_FLOWS_WAY").unwrap_or(any);
        assert!(way < 4, "ALIPAY_FLOWS_WAY is from 0 to 3: {way}");
        Self {
            protocol: if way & 2 == 0 { Protocol::V2 } else { Protocol::V3 },
            is_encrypted: way & 1 != 0,
        }
    }

    fn words(self) -> &'static str {
        match (self.protocol, self.is_encrypted) {
            (Protocol::V2, false) => "V2",
            (Protocol::V2, true) => "V2, encrypted",
            (_, false) => "V3",
            (_, true) => "V3, encrypted",
        }
    }

    /// How far the clock of a process goes wrong. Over V3, a clock that is days off is one more fault: requests are refused, and answers not
    /// believed. So the last process, which is to find out by itself, has one there that is good enough for the gateway: another machine could
    /// be told nothing.
    fn reach(self, is_last: bool) -> Reach {
        match self.protocol {
            Protocol::V3 if is_last => Reach::Minutes,
            _ => Reach::Days,
        }
    }
}

/// What one flow came to.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) name: &'static str,
    /// The protocol, and whether it is encrypted.
    pub(crate) way: &'static str,
    /// How each process's part of it ended, the last one at the end.
    pub(crate) ends: Vec<String>,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) requests: u64,
    /// Of all that went over the transport.
    pub(crate) hash: String,
    /// What is wrong.
    pub(crate) wrong: Option<String>,
    pub(crate) story: Vec<String>,
}

/// Lives through the flow of a seed, in a runtime of its own whose time is paused.
pub(crate) fn live(seed: u64, tells: bool) -> Life {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // Timers fire at whole milliseconds of the runtime's own, and the world is to begin at one.
        sleep(Duration::from_millis(1)).await;
        World::new(seed, tells).live().await
    })
}

struct World {
    time: Time,
    chance: Chance,
    network: Arc<Network>,
    credentials: Credentials,
    way: Way,
    subject: Box<dyn Subject>,
    /// Whether the buyer sees the code.
    shown: watch::Sender<bool>,
}

impl World {
    fn new(seed: u64, tells: bool) -> Self {
        let (time, chance) = (Time::begin(), Chance::new(seed));
        let number = format!("F{:016x}", chance.next());
        let is_certified = chance.below(CERTIFIED_OF) == 0;
        let way = Way::any(&chance);
        let (subject, credentials) = if is_certified {
            (
                subjects::certified_transfer(&chance, &number),
                CERTIFIED.credentials.clone(),
            )
        } else {
            (subjects::any(&chance, &number), cheap::CREDENTIALS.clone())
        };
        let gateway = gateway(is_certified, way, time, chance.next());
        let network = Arc::new(Network::new(gateway, time, &chance, &number, tells));
        Self {
            time,
            chance,
            network,
            credentials,
            way,
            subject,
            shown: watch::Sender::new(false),
        }
    }

    async fn live(self) -> Life {
        let (network, chance) = (&self.network, &self.chance);
        network.note(|| format!("{}, {}", self.subject.name(), self.way.words()));
        for before in self.subject.before() {
            match before {
                Before::Call(method, content) => network.call(method, &content),
                Before::Pay(order) => drop(network.gateway.pay(&order).expect("it is paid")),
            }
        }
        if let Some(buyer) = self.subject.buyer() {
            tokio::spawn(buy(buyer, Arc::clone(network), self.shown.subscribe()));
        }
        let mut ends = Vec::new();
        let end = self.processes(&mut ends).await;
        // Let everything arrive that is on its way, and the buyer do what he wants to do.
        sleep(Duration::from_mins(20)).await;
        let wrong = self.judge(&end).err();
        Life {
            name: self.subject.name(),
            way: self.way.words(),
            ends,
            faults: network.faults(),
            requests: network.requests(),
            hash: network.hash(),
            wrong,
            story: {
                network.note(|| format!("end: {end:?}, {} draws on", chance.next()));
                network.story()
            },
        }
    }

    /// One process after the other, until the end is known.
    async fn processes(&self, ends: &mut Vec<String>) -> End {
        let chance = &self.chance;
        let mut ticket = None;
        let mut left = chance.below(4);
        loop {
            let is_last = left == 0;
            let (fate, settings) = if is_last {
                (Fate::Lives, Settings::patient())
            } else {
                (Fate::any(chance), Settings::any(chance))
            };
            // The first one sends: it may also be the last.
            let settings = if ticket.is_none() {
                Settings::any(chance)
            } else {
                settings
            };
            let finds_out = is_last && ticket.is_some();
            if finds_out {
                self.network.calm();
            }
            let reach = self.way.reach(finds_out);
            self.network
                .note(|| format!("a process: {fate:?}, {settings:?}, {reach:?}"));
            let end = self.process(ticket.take(), fate, settings, reach, &mut ticket).await;
            self.network.note(|| format!("a process ended: {end:?}"));
            ends.push(end.as_ref().map_or_else(|| "gone".to_owned(), End::words));
            match end {
                Some(End::Unknown(unknown)) if !is_last || ends.len() == 1 => ticket = Some(unknown.ticket().clone()),
                Some(end) => return end,
                None => {}
            }
            left = left.saturating_sub(1);
            if chance.is(50) {
                sleep(chance.seconds(0, 100)).await;
            }
        }
    }

    /// One process: begins the flow, or takes it up. Leaves the ticket that is stored when it is gone.
    async fn process(
        &self,
        ticket: Option<Ticket>,
        fate: Fate,
        settings: Settings,
        reach: Reach,
        stored: &mut Option<Ticket>,
    ) -> Option<End> {
        let (time, chance) = (self.time, &self.chance);
        let is_alive = Arc::new(AtomicBool::new(true));
        let line = Line {
            transport: Wire(Arc::clone(&self.network)),
            is_alive: Arc::clone(&is_alive),
        };
        let client = Client::builder(cheap::APP_ID, self.credentials.clone())
            .gateway("https://gateway.example/gateway.do")
            .transport(line)
            .clock(JumpingClock::new(time, chance, reach))
            .random_source(SeededRandom::new(chance.next()))
            .protocol(self.way.protocol);
        let client = if self.way.is_encrypted {
            let key = EncryptionKey::from_base64(cheap::AES_KEY).expect("a key");
            client.encryption_key(key).encrypt_calls(true)
        } else {
            client
        };
        let client = client.build().expect("a client");
        let process = Process {
            fate,
            settings,
            clock: Some((time, chance.clone())),
            is_alive,
            stored: Arc::new(Mutex::new(None)),
            shown: self.shown.clone(),
        };
        let begun = match ticket {
            Some(ticket) => {
                // In another process it is a text.
                let read: Ticket = ticket.to_string().parse().expect("a ticket");
                assert_eq!(read, ticket);
                let begun = process.begin(flows::resume(&client, read));
                assert_eq!(begun.ticket, ticket, "taken up, it is another ticket");
                begun
            }
            None => self.subject.begin(&client, &process),
        };
        // Nobody cancels the last one: it is to find out by itself.
        if fate != Fate::Lives && chance.is(10) {
            let (canceller, after) = (begun.canceller.clone(), chance.millis(0, 60_000));
            tokio::spawn(async move {
                sleep(after).await;
                canceller.cancel();
            });
        }
        let end = process.run(begun).await;
        *stored = process.stored.lock().unwrap().take();
        end
    }

    fn judge(&self, end: &End) -> Result<(), String> {
        let gateway = &self.network.gateway;
        for method in self.subject.sent_once() {
            let sent = self.network.sent(method);
            if sent > 1 {
                return Err(format!("{method} was sent {sent} times"));
            }
        }
        let buyer = self.subject.buyer();
        let order = buyer.as_ref().and_then(|buyer| gateway.trade(&buyer.order).ok());
        let alipay_number = order.and_then(|order| order.trade_no);
        let ledger = Ledger::new(gateway.movements());
        self.subject.holds(end, &ledger, alipay_number.as_deref())?;
        // The buyer tries it once more.
        if let Some(buyer) = buyer
            && (!buyer.needs_code || *self.shown.borrow())
            && gateway.pay(&buyer.order).is_ok()
        {
            return Err(format!("{} can still be paid", buyer.order));
        }
        Ok(())
    }
}

/// A buyer, and Alipay, do what they do.
async fn buy(buyer: Buyer, network: Arc<Network>, mut shown: watch::Receiver<bool>) {
    if buyer.needs_code && shown.wait_for(|is_shown| *is_shown).await.is_err() {
        return;
    }
    for (pause, act) in buyer.acts {
        sleep(pause).await;
        let gateway = &network.gateway;
        let done = match act {
            Act::Scan => gateway.scan(&buyer.order).is_ok(),
            Act::Pay => gateway.pay(&buyer.order).is_ok(),
            Act::Close => gateway.close(&buyer.order).is_ok(),
        };
        network.note(|| format!("  the buyer: {act:?}, {}", if done { "done" } else { "refused" }));
    }
}

/// A gateway of its own for each flow.
fn gateway(is_certified: bool, way: Way, time: Time, seed: u64) -> Gateway {
    let builder = Mock::builder()
        .app_id(cheap::APP_ID)
        .balance(1000)
        .clock(move || time.now());
    let builder = if is_certified {
        let Certified {
            keys: [app, alipay],
            texts: [app_cert, alipay_cert, roots],
            ..
        } = &*CERTIFIED;
        builder
            .app_key_pair(app.clone())
            .alipay_key_pair(alipay.clone())
            .certificate_files(app_cert, alipay_cert, roots)
    } else {
        builder.app_key_pair(cheap::key()).alipay_key_pair(cheap::key())
    };
    let builder = if way.is_encrypted {
        builder.aes_key(cheap::aes_key())
    } else {
        builder
    };
    builder.in_process(seed).expect("a gateway")
}

/// What both sides have in certificate mode: made once.
struct Certified {
    keys: [KeyPair; 2],
    texts: [String; 3],
    credentials: Credentials,
}

static CERTIFIED: LazyLock<Certified> = LazyLock::new(|| {
    std::thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            // The clocks of processes jump.
            let issued = Time::first_day() - Duration::from_hours(30 * 24);
            let mock = Mock::builder()
                .app_id(cheap::APP_ID)
                .certificates()
                .clock(move || issued);
            let mock = mock.start().await.expect("the gateway starts");
            let texts = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
            let [app, alipay, roots] = &texts;
            let credentials =
                Credentials::certificates(&mock.app_private_key(), app, alipay, roots).expect("credentials");
            let app_pair = mock.app_key_pair().expect("the app's key").clone();
            Certified {
                keys: [app_pair, mock.alipay_key_pair()],
                credentials,
                texts,
            }
        })
    })
    .join()
    .expect("certificates")
});
