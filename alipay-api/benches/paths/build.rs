//! From an order to the address of its payment page.

use std::hint::black_box;

use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use criterion::Criterion;
use rsa::{pkcs1::EncodeRsaPrivateKey as _, pkcs8::DecodePrivateKey as _};

use crate::fixture::{Keys, client_without_crypto, order};

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let (client, free) = (keys.client(), client_without_crypto());
    let page = |client: &alipay_api::Client| {
        let page = client
            .trade()
            .page_pay(order())
            .notify_url("https://example.com/notify");
        page.return_url("https://example.com/return")
    };
    let (signed, unsigned) = (page(&client), page(&free));
    let raw = rsa::PrivateKey::from_pkcs8_pem(&keys.app.to_pem().expect("PEM")).expect("a key");
    let raw = KeyPair::from_der(raw.to_pkcs1_der().expect("DER").as_bytes()).expect("a key");
    let random = SystemRandom::new();
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
