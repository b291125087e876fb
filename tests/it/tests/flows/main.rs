//! Flows under faults: each key moves money at most once, what is reported as done has happened, what is reported as not done has not and will
//! not, and what is unknown is settled when it is resumed.
//!
//! `simulated` puts a network of its own in front of the embedded gateway's core, in paused time. All chance comes from a seed: a flow that
//! goes wrong prints its own, and runs again, byte for byte, with `ALIPAY_FLOW_SEED`. `ALIPAY_FLOWS` says how many there are, and
//! `ALIPAY_FLOWS_FROM` the first seed. By its seed, a flow goes by V2 or V3, plain or encrypted; `ALIPAY_FLOWS_WAY` has all of them go
//! one way: 0 is V2, 1 V2 and encrypted, 2 V3, 3 V3 and encrypted. `real` does the same over sockets and with RSA
//! (`ALIPAY_REAL_FLOWS`), and `killed` kills processes in the middle of a flow (`ALIPAY_KILLS`).

mod chance;
mod cheap;
mod end;
mod killed;
mod ledger;
mod network;
mod process;
#[path = "../methods/random.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod random;
mod real;
mod simulated;
mod subjects;
mod time;
mod world;

/// Held by a test that needs all cores, so that others do not run out of time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
