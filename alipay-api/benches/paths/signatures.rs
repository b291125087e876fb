//! The arithmetic: each backend through the library, beside the bare operation of its crate.

use std::hint::black_box;

use alipay_api::sign::SignType;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use criterion::Criterion;
use rsa::{
    pkcs1::EncodeRsaPrivateKey as _,
    pkcs8::{DecodePrivateKey as _, EncodePublicKey as _},
};

use crate::fixture::Keys;

/// As long as the text of a payment page's parameters.
const MESSAGE: [u8; 480] = [b'x'; 480];

pub(crate) fn bench(criterion: &mut Criterion) {
    let keys = Keys::new();
    let raw = rsa::PrivateKey::from_pkcs8_pem(&keys.app.to_pem().expect("PEM")).expect("a key");
    let raw_public = raw.to_public_key();
    let aws = KeyPair::from_der(raw.to_pkcs1_der().expect("DER").as_bytes()).expect("a key");
    let spki = raw_public.to_public_key_der().expect("DER");
    let aws_public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.as_bytes()).expect("a key");
    let signer = keys.app_private_key().signer(SignType::Rsa2).expect("a signer");
    let verifier = keys
        .app_private_key()
        .public_key()
        .verifier(SignType::Rsa2)
        .expect("a verifier");
    // With SHA-1 the `rsa` crate serves any key: that is how it is reached where `aws-lc` is on.
    let rsa_signer = keys.app_private_key().signer(SignType::Rsa).expect("a signer");
    let rsa_verifier = keys
        .app_private_key()
        .public_key()
        .verifier(SignType::Rsa)
        .expect("a verifier");

    let mut group = criterion.benchmark_group("sign");
    group.bench_function("aws_lc_raw", |bencher| {
        let random = SystemRandom::new();
        let mut signature = vec![0; 256];
        bencher.iter(|| aws.sign(&RSA_PKCS1_SHA256, &random, black_box(&MESSAGE), &mut signature));
    });
    group.bench_function("aws_lc", |bencher| {
        bencher.iter(|| signer.sign_now(black_box(&MESSAGE)));
    });
    group.bench_function("rsa_raw", |bencher| {
        bencher.iter(|| raw.pkcs1v15_sign::<sha1::Sha1>(black_box(&MESSAGE)));
    });
    group.bench_function("rsa", |bencher| {
        bencher.iter(|| rsa_signer.sign_now(black_box(&MESSAGE)));
    });
    group.finish();

    let signature = signer.sign_now(&MESSAGE).expect("a local key").expect("a signature");
    let sha1_signature = rsa_signer
        .sign_now(&MESSAGE)
        .expect("a local key")
        .expect("a signature");
    let mut group = criterion.benchmark_group("verify");
    group.bench_function("aws_lc_raw", |bencher| {
        bencher.iter(|| aws_public.verify_sig(black_box(&MESSAGE), &signature));
    });
    group.bench_function("aws_lc", |bencher| {
        bencher.iter(|| verifier.verify(black_box(&MESSAGE), &signature));
    });
    group.bench_function("rsa_raw", |bencher| {
        bencher.iter(|| raw_public.pkcs1v15_verify::<sha1::Sha1>(black_box(&MESSAGE), &sha1_signature));
    });
    group.bench_function("rsa", |bencher| {
        bencher.iter(|| rsa_verifier.verify(black_box(&MESSAGE), &sha1_signature));
    });
    group.finish();
}
