//! JSON: a request out, a response in, beside `serde_json` with an untyped value.

use std::hint::black_box;

use alipay_api::{
    codec::{from_json, to_json},
    trade::QueryResponse,
};
use criterion::Criterion;

use crate::fixture::{QUERY_CONTENT, order};

pub(crate) fn bench(criterion: &mut Criterion) {
    let order = order();
    let untyped: serde_json::Value = serde_json::from_str(&to_json(&order).expect("JSON")).expect("JSON");

    let mut group = criterion.benchmark_group("codec/encode_page_pay");
    group.bench_function("library", |bencher| {
        bencher.iter(|| to_json(black_box(&order)).expect("JSON"));
    });
    group.bench_function("untyped", |bencher| bencher.iter(|| black_box(&untyped).to_string()));
    group.finish();

    let mut group = criterion.benchmark_group("codec/decode_trade_query");
    group.bench_function("library", |bencher| {
        bencher.iter(|| from_json::<QueryResponse>(black_box(QUERY_CONTENT)).expect("a response"));
    });
    group.bench_function("untyped", |bencher| {
        bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(QUERY_CONTENT)).expect("JSON"));
    });
    group.finish();
}
