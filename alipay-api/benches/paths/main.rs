//! What the library's paths cost, each beside its floor in the same run: the bare signature or verification, the same work by hand, and
//! the library's own work with a signature that costs nothing. `cargo xtask bench-report` sets the results against their limits.

mod build;
mod codec;
mod fixture;
mod notify;
mod response;
mod signatures;

use criterion::{criterion_group, criterion_main};

criterion_group! {
    name = paths;
    config = fixture::criterion();
    targets = signatures::bench, build::bench, build::bench_v3, notify::bench, response::bench, response::bench_v3, codec::bench
}
criterion_main!(paths);
