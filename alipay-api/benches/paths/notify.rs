//! From the bytes of a notification to what it says.

use std::hint::black_box;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use criterion::Criterion;

use crate::fixture::{Keys, client_without_crypto, notification, signed_text};

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let (client, free) = (keys.client(), client_without_crypto());
    let body = notification(&keys);
    let (text, sign) = signed_text(&body);
    let spki = BASE64_STANDARD
        .decode(keys.alipay.public_key().to_base64().expect("base64"))
        .expect("base64");
    let raw = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki).expect("a key");
    raw.verify_sig(&text, &sign)
        .expect("the floor does what the library does");

    let mut group = criterion.benchmark_group("notify/trade_status_sync");
    group.bench_function("raw_verify", |bencher| {
        bencher.iter(|| raw.verify_sig(black_box(&text), &sign));
    });
    group.bench_function("library", |bencher| {
        bencher.iter(|| client.notifications().verify(black_box(&body)).expect("it is Alipay's"));
    });
    group.bench_function("without_crypto", |bencher| {
        bencher.iter(|| free.notifications().verify(black_box(&body)).expect("it is Alipay's"));
    });
    group.finish();
}
