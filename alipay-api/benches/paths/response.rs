//! From the bytes of an answer to its fields.

use std::hint::black_box;

use alipay_api::{__private::read_answer, trade::Query};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use criterion::Criterion;

use crate::fixture::{Keys, QUERY_CONTENT, client_without_crypto, query_answer};

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let (client, free) = (keys.client(), client_without_crypto());
    let body = query_answer(&keys);
    let sign = BASE64_STANDARD.decode(keys.sign(QUERY_CONTENT)).expect("base64");
    let spki = BASE64_STANDARD
        .decode(keys.alipay.public_key().to_base64().expect("base64"))
        .expect("base64");
    let raw = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki).expect("a key");
    raw.verify_sig(QUERY_CONTENT.as_bytes(), &sign)
        .expect("the floor does what the library does");

    let mut group = criterion.benchmark_group("response/trade_query");
    group.bench_function("raw_verify", |bencher| {
        bencher.iter(|| raw.verify_sig(black_box(QUERY_CONTENT.as_bytes()), &sign));
    });
    group.bench_function("library", |bencher| {
        bencher.iter(|| read_answer::<Query>(&client, black_box(body.as_bytes())).expect("an answer"));
    });
    group.bench_function("without_crypto", |bencher| {
        bencher.iter(|| read_answer::<Query>(&free, black_box(body.as_bytes())).expect("an answer"));
    });
    group.finish();
}
