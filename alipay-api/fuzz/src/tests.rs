//! The targets on seeds, and on damaged seeds: what a fuzzer finds in its first second. It finds the rest.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};

use super::{answer, certificate, encrypted, key, notification, request, rest_answer, spec, text};

/// How often each seed is damaged.
const TIMES: usize = 200;

#[test]
fn answers() {
    run("answer", answer, &seeds("answer"));
}

#[test]
fn certificates() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let certificates = runtime.block_on(async {
        let mut files = Vec::new();
        for sign_type in [SignType::Rsa2, SignType::Sm2] {
            let mock = Mock::builder()
                .sign_type(sign_type)
                .certificates()
                .start()
                .await
                .unwrap();
            files.extend([mock.app_cert(), mock.alipay_cert(), mock.root_cert()].map(String::into_bytes));
        }
        files
    });
    run("certificate", certificate, &certificates);
}

#[test]
fn encrypted_contents() {
    run("encrypted", encrypted, &seeds("encrypted"));
}

#[test]
fn keys() {
    let pair = KeyPair::generate().unwrap();
    let public = pair.public_key();
    let texts = [
        pair.to_pem().unwrap(),
        pair.to_base64().unwrap(),
        public.to_pem().unwrap(),
        public.to_base64().unwrap(),
    ];
    run("key", key, &texts.map(String::into_bytes));
}

#[test]
fn notifications() {
    run("notification", notification, &seeds("notification"));
}

#[test]
fn requests() {
    run("request", request, &seeds("request"));
}

#[test]
fn rest_answers() {
    run("rest_answer", rest_answer, &seeds("rest_answer"));
}

#[test]
fn specs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let names = [
        "trade/alipay.trade.close.yaml",
        "trade/alipay.trade.cancel.yaml",
        "trade/product.yaml",
        "notify/trade_status_sync.yaml",
        "gateway.yaml",
    ];
    run("spec", spec, &names.map(|name| fs::read(folder.join(name)).unwrap()));
}

#[test]
fn texts() {
    run("text", text, &seeds("text"));
}

/// The seeds that are files.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn run(name: &str, target: fn(&[u8]), seeds: &[Vec<u8>]) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut random = Random(0);
    for seed in seeds {
        try_one(name, target, seed);
        for _ in 0..TIMES {
            let other = &seeds[random.below(seeds.len())];
            try_one(name, target, &random.damaged(seed, other));
        }
    }
}

fn try_one(name: &str, target: fn(&[u8]), input: &[u8]) {
    let is_sound = catch_unwind(AssertUnwindSafe(|| target(input))).is_ok();
    assert!(
        is_sound,
        "the target {name} panics at {input:?}, which reads {}",
        String::from_utf8_lossy(input)
    );
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn damaged(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut input = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            match self.below(6) {
                0 => input.truncate(at),
                1 => input.insert(at, self.next().to_le_bytes()[0]),
                2 if at < input.len() => _ = input.remove(at),
                3 => {
                    let from = self.below(other.len());
                    let length = self.below(40);
                    let piece = other[from..].iter().take(length).copied();
                    input.splice(at..at, piece);
                }
                4 => {
                    let to = (at + self.below(40)).min(input.len());
                    input.drain(at..to);
                }
                _ if at < input.len() => input[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        input
    }
}
