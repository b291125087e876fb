//! From an order to the address of its payment page, and to the request of a call.

use std::hint::black_box;

use alipay_api::{__private::build_request, Client, Protocol};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use criterion::Criterion;
use rsa::{pkcs1::EncodeRsaPrivateKey as _, pkcs8::DecodePrivateKey as _};

use crate::fixture::{Keys, client_without_crypto, client_without_crypto_of, order, precreate};

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let (client, free) = (keys.client(), client_without_crypto());
    let page = |client: &Client| {
        let page = client
            .trade()
            .page_pay(order())
            .notify_url("https://example.com/notify");
        page.return_url("https://example.com/return")
    };
    let (signed, unsigned) = (page(&client), page(&free));
    let (raw, random) = (raw_key(&keys), SystemRandom::new());
    let message = vec![b'x'; unsigned.url().expect("an address").len()];

    let mut group = criterion.benchmark_group("build/page_pay");
    group.bench_function("raw_sign", |bencher| {
        let mut signature = vec![0; raw.public_modulus_len()];
        bencher.iter(|| raw.sign(&RSA_PKCS1_SHA256, &random, black_box(&message), &mut signature));
    });
    group.bench_function("library", |bencher| {
        bencher.iter(|| black_box(&signed).url().expect("an address"));
    });
    group.bench_function("without_crypto", |bencher| {
        bencher.iter(|| black_box(&unsigned).url().expect("an address"));
    });
    group.finish();
}

/// The same request over both protocols: V2 is what V3 is set against.
pub(crate) fn bench_v3(criterion: &mut Criterion) {
    let keys = Keys::new();
    let order = precreate();
    let (raw, random) = (raw_key(&keys), SystemRandom::new());
    let message = vec![b'x'; 250];

    let mut group = criterion.benchmark_group("build/v3");
    group.bench_function("raw_sign", |bencher| {
        let mut signature = vec![0; raw.public_modulus_len()];
        bencher.iter(|| raw.sign(&RSA_PKCS1_SHA256, &random, black_box(&message), &mut signature));
    });
    for (signs, free, protocol) in [
        ("v2", "v2_without_crypto", Protocol::V2),
        ("library", "without_crypto", Protocol::V3),
    ] {
        for (name, client) in [
            (signs, keys.client_of(protocol)),
            (free, client_without_crypto_of(protocol)),
        ] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| build_request(&client, black_box(&order)).expect("a request"));
            });
        }
    }
    group.finish();
}

fn raw_key(keys: &Keys) -> KeyPair {
    let raw = rsa::PrivateKey::from_pkcs8_pem(&keys.app.to_pem().expect("PEM")).expect("a key");
    KeyPair::from_der(raw.to_pkcs1_der().expect("DER").as_bytes()).expect("a key")
}
