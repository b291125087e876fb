//! Every method of every spec, by itself: a new spec joins as soon as `cargo xtask codegen` has run.
//!
//! All fields at every depth get random values of their types. What the gateway receives, and what the caller reads, has to be what was given;
//! every error code has to come out as the method's own, with its class; pages have to open, and notifications have to be verified and read.
//!
//! The values of one run come from one seed. To have the same again, set `ALIPAY_METHODS_SEED`; to check less, set `ALIPAY_METHODS_ONLY` to a part
//! of the names of methods and notifications.

#[path = "../it/browser.rs"]
mod browser;

mod bench;
mod handed_over;
mod lists;
mod modes;
mod notifications;
mod random;
mod report;
mod server;
mod subject;
#[allow(deprecated, reason = "deprecated fields are fields")]
mod types;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    env,
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use alipay_codegen::ir::{Method, Notification, Spec};

use bench::Bench;
use modes::Mode;
use report::{Checked, Report};
use subject::Subject;
use types::AnyMethod;

/// What is checked by one worker at a time.
enum Task<'s> {
    Method(&'s Method, AnyMethod),
    Notification(&'s Notification),
}

impl Task<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Method(method, _) => &method.name,
            Self::Notification(notification) => &notification.name,
        }
    }
}

#[test]
fn every_method_is_as_its_spec_says() {
    let seed = match env::var("ALIPAY_METHODS_SEED") {
        Ok(seed) => seed.parse().expect("ALIPAY_METHODS_SEED is a number"),
        Err(_) => random::seed(),
    };
    let only = env::var("ALIPAY_METHODS_ONLY").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let files = alipay_codegen::read_specs(&folder).expect("the specs");
    let spec = alipay_codegen::load(files).unwrap_or_else(|problems| panic!("{problems}"));
    let mut tasks = tasks(&spec);
    tasks.retain(|task| task.name().contains(&only));
    assert!(!tasks.is_empty(), "nothing is called like {only:?}");

    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let checked = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(&spec, &tasks, &next, seed)))
            .collect();
        let checked = workers.into_iter().flat_map(|worker| worker.join().expect("no panic"));
        checked.collect()
    });
    let report = Report { checked, seed };
    // Not by `println!`: it is shown whatever becomes of the test.
    writeln!(io::stdout(), "\n{report}").expect("standard output");
    let problems = report.problems();
    assert!(problems.is_empty(), "seed {seed}:\n{problems}");
}

/// Every method and notification, with the library's types.
fn tasks(spec: &Spec) -> Vec<Task<'_>> {
    let mut typed: BTreeMap<&str, AnyMethod> = types::methods()
        .into_iter()
        .map(|method| (method.name, method))
        .collect();
    let methods = spec.products.iter().flat_map(|product| &product.methods);
    let methods = methods.map(|method| {
        let typed = typed.remove(method.name.as_str());
        let typed = typed.unwrap_or_else(|| panic!("{}: run `cargo xtask codegen`", method.name));
        Task::Method(method, typed)
    });
    let mut tasks: Vec<_> = methods.collect();
    assert!(typed.is_empty(), "without a spec: {:?}", typed.keys());
    let listed: BTreeSet<&str> = types::NOTIFICATIONS.iter().copied().collect();
    let notifications = spec.notifications.iter();
    assert_eq!(
        listed,
        notifications.clone().map(|notification| &*notification.name).collect()
    );
    tasks.extend(notifications.map(Task::Notification));
    tasks
}

/// Checks one task after the other, with a gateway of its own. Client and gateway share the thread: most of the time one waits for the other.
fn work(spec: &Spec, tasks: &[Task<'_>], next: &AtomicUsize, seed: u64) -> Vec<Checked> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut benches = BTreeMap::new();
        let mut all = Vec::new();
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut checked = Checked::new(task.name());
            match task {
                Task::Notification(notification) => {
                    let bench = bench_of(&mut benches, Mode::ALL[0]).await;
                    notifications::check(bench, notification, seed, &mut checked);
                }
                Task::Method(method, typed) => {
                    for mode in Mode::ALL {
                        if !checked.begins(&method.product, mode, mode.obstacle(method)) {
                            continue;
                        }
                        let bench = bench_of(&mut benches, mode).await;
                        let subject = Subject {
                            spec,
                            method,
                            mode,
                            typed: *typed,
                            seed,
                        };
                        if method.kind.is_answered() {
                            server::check(bench, &subject, &mut checked).await;
                        } else {
                            handed_over::check(bench, &subject, &mut checked).await;
                        }
                    }
                }
            }
            all.push(checked);
        }
        all
    })
}

/// The gateway of this mode, started when it is first asked for.
async fn bench_of(benches: &mut BTreeMap<Mode, Bench>, mode: Mode) -> &Bench {
    match benches.entry(mode) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Bench::start(mode).await),
    }
}
