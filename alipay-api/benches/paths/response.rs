//! From the bytes of an answer to its fields.

use std::hint::black_box;

use alipay_api::{__private::read_answer, Protocol, trade::Query};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use criterion::Criterion;
use http::Response;

use crate::fixture::{
    Keys, QUERY_CONTENT, client_without_crypto, client_without_crypto_of, query_answer, v3_query_answer,
};

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let (client, free) = (keys.client(), client_without_crypto());
    let answer = Response::new(Bytes::from(query_answer(&keys)));
    let sign = BASE64_STANDARD.decode(keys.sign(QUERY_CONTENT)).expect("base64");
    let raw = raw_key(&keys);
    raw.verify_sig(QUERY_CONTENT.as_bytes(), &sign)
        .expect("the floor does what the library does");

    let mut group = criterion.benchmark_group("response/trade_query");
    group.bench_function("raw_verify", |bencher| {
        bencher.iter(|| raw.verify_sig(black_box(QUERY_CONTENT.as_bytes()), &sign));
    });
    group.bench_function("library", |bencher| {
        bencher.iter(|| read_answer::<Query>(&client, black_box(&answer)).expect("an answer"));
    });
    group.bench_function("without_crypto", |bencher| {
        bencher.iter(|| read_answer::<Query>(&free, black_box(&answer)).expect("an answer"));
    });
    group.finish();
}

/// The same answer over both protocols: V2 is what V3 is set against.
pub(crate) fn bench_v3(criterion: &mut Criterion) {
    let keys = Keys::new();
    let v2 = Response::new(Bytes::from(query_answer(&keys)));
    let (v3, message) = v3_query_answer(&keys);
    let sign = BASE64_STANDARD.decode(keys.sign(&message)).expect("base64");
    let raw = raw_key(&keys);
    raw.verify_sig(message.as_bytes(), &sign)
        .expect("the floor does what the library does");

    let mut group = criterion.benchmark_group("response/v3");
    group.bench_function("raw_verify", |bencher| {
        bencher.iter(|| raw.verify_sig(black_box(message.as_bytes()), &sign));
    });
    for (verifies, free, protocol, answer) in [
        ("v2", "v2_without_crypto", Protocol::V2, &v2),
        ("library", "without_crypto", Protocol::V3, &v3),
    ] {
        for (name, client) in [
            (verifies, keys.client_of(protocol)),
            (free, client_without_crypto_of(protocol)),
        ] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| read_answer::<Query>(&client, black_box(answer)).expect("an answer"));
            });
        }
    }
    group.finish();
}

fn raw_key(keys: &Keys) -> ParsedPublicKey {
    let spki = keys.alipay.public_key().to_base64().expect("base64");
    let spki = BASE64_STANDARD.decode(spki).expect("base64");
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki).expect("a key")
}
