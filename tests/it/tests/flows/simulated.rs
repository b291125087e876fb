//! Many simulated flows, each with a seed of its own.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Write as _},
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    ALONE,
    network::Fault,
    random,
    world::{Life, live},
};

/// A number from the environment.
pub(crate) fn given(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.replace('_', "")
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}

/// Not by a macro: what those print of a test that passes nobody sees.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

#[test]
fn no_fault_loses_doubles_or_invents_money() {
    if let Some(seed) = given("ALIPAY_FLOW_SEED") {
        let life = live(seed, true);
        say(&life.story.join("\n"));
        say(&format!("{}: {:?}, {}", life.name, life.ends, life.hash));
        assert_eq!(life.wrong, None);
        return;
    }
    let count = given("ALIPAY_FLOWS").unwrap_or(if env::var_os("CI").is_some() { 20_000 } else { 2_000 });
    let first = given("ALIPAY_FLOWS_FROM").unwrap_or_else(random::seed);
    let _alone = ALONE.blocking_lock();
    let begun = Instant::now();
    let counts = run(first, count);
    say(&format!(
        "{count} flows from seed {first} in {:.1?}\n{}",
        begun.elapsed(),
        counts.text()
    ));
    if count >= 2_000 {
        let ways = if given("ALIPAY_FLOWS_WAY").is_some() { 1 } else { 4 };
        assert_eq!(counts.ways.len(), ways, "{:?}", counts.ways);
        for fault in Fault::ALL {
            assert!(counts.faults.contains_key(&fault), "{fault:?} never happened");
        }
        for end in ["done", "gone", "not done", "unknown"] {
            let has = |(_, words): &(&str, String)| words.starts_with(end);
            assert!(counts.ends.keys().any(has), "none ended as {end}");
        }
    }
}

/// All flows of these seeds, on all cores.
fn run(first: u64, count: u64) -> Counts {
    let (next, counts, failed) = (AtomicU64::new(0), Mutex::new(Counts::default()), AtomicU64::new(0));
    let work = || {
        let mut own = Counts::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count || failed.load(Ordering::Relaxed) > 0 {
                break;
            }
            let seed = first.wrapping_add(at);
            let wrong = match catch_unwind(AssertUnwindSafe(|| live(seed, false))) {
                Ok(life) => {
                    own.add(&life);
                    life.wrong
                }
                Err(_) => Some("it panicked".to_owned()),
            };
            if let Some(wrong) = wrong {
                failed.fetch_add(1, Ordering::Relaxed);
                say(&format!(
                    "the flow of seed {seed}, the {at}th: {wrong}\nrun it again with ALIPAY_FLOW_SEED={seed}"
                ));
            }
        }
        counts.lock().unwrap().merge(own);
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    assert_eq!(failed.into_inner(), 0, "flows went wrong: see above");
    counts.into_inner().unwrap()
}

#[test]
fn a_seed_gives_the_same_bytes_again() {
    let first = random::seed();
    for seed in (0..200).map(|at| first.wrapping_add(at)) {
        let [one, other] = [live(seed, true), live(seed, true)];
        for (one, other) in one.story.iter().zip(&other.story) {
            assert_eq!(one, other, "the flow of seed {seed}");
        }
        assert_eq!(one.hash, other.hash, "the flow of seed {seed}");
        assert_eq!(
            one.hash,
            live(seed, false).hash,
            "the flow of seed {seed} runs another way when its story is told"
        );
    }
}

#[derive(Default)]
struct Counts {
    ways: BTreeMap<&'static str, u64>,
    /// By sort of flow.
    ends: BTreeMap<(&'static str, String), u64>,
    faults: BTreeMap<Fault, u64>,
    requests: u64,
    flows: u64,
}

impl Counts {
    fn add(&mut self, life: &Life) {
        for end in &life.ends {
            *self.ends.entry((life.name, end.clone())).or_default() += 1;
        }
        for (fault, count) in &life.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        *self.ways.entry(life.way).or_default() += 1;
        self.requests += life.requests;
        self.flows += 1;
    }

    fn merge(&mut self, other: Self) {
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (way, count) in other.ways {
            *self.ways.entry(way).or_default() += count;
        }
        self.requests += other.requests;
        self.flows += other.flows;
    }

    fn text(&self) -> String {
        let ends = self
            .ends
            .iter()
            .map(|((name, end), count)| format!("  {name}: {end}: {count}"));
        let faults = self.faults.iter().map(|(fault, count)| format!("  {fault:?}: {count}"));
        let ways = self.ways.iter().map(|(way, count)| format!("  {way}: {count}"));
        let lines: Vec<_> = ways.chain(ends).chain(faults).collect();
        format!("{} requests\n{}", self.requests, lines.join("\n"))
    }
}
