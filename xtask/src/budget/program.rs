//! A program that makes one call, beside one that makes it with nothing but what the library stands on, and beside itself with the feature `isv`.
//!
//! Builds that run one after the other can't be compared where other work runs too. So each build is compared with itself: with what it takes
//! without the packages that the floor does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::compiler;
use super::report::{Amount, Report};
use super::trial::{cargo, write};
use super::usage::Usage;

/// How many more crates than its floor has, and how much larger it is.
const SHARE: f64 = 1.10;
/// How much longer it takes to build.
const BUILD: f64 = 1.15;
/// How much longer it takes to build with the feature `isv`.
const ISV: f64 = 1.10;

/// What every program of these has.
const PROFILE: &str = "\n[profile.release]\nstrip = true\n\n[workspace]\n";

const CALL: &str = r#"//! One call.

use alipay_api::{Client, Credentials, trade::Query};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [app_id, private_key, public_key] = ["APP_ID", "PRIVATE_KEY", "PUBLIC_KEY"].map(|name| std::env::var(name).unwrap_or_default());
    let client = Client::builder(app_id, Credentials::public_key(&private_key, &public_key)?).build()?;
    println!("{:?}", client.trade().query(Query::with_out_trade_no("1")).await?);
    Ok(())
}
"#;

const FLOOR: &str = r#"//! The same with reqwest, and signatures by both backends.

use std::sync::Arc;

use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey}};
use rsa::{RsaPrivateKey, pkcs1v15::SigningKey, pkcs8::DecodePrivateKey as _, signature::{RandomizedSigner as _, SignatureEncoding as _}};
use rustls_platform_verifier::BuilderVerifierExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [private_key, public_key, text] = ["PRIVATE_KEY", "PUBLIC_KEY", "TEXT"].map(|name| std::env::var(name).unwrap_or_default().into_bytes());
    let signature = if text.is_empty() {
        let key = SigningKey::<sha1::Sha1>::new(RsaPrivateKey::from_pkcs8_der(&private_key)?);
        key.sign_with_rng(&mut rsa::rand_core::UnwrapErr(getrandom::SysRng), &text).to_vec()
    } else {
        let key = KeyPair::from_pkcs8(&private_key)?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &text, &mut signature)?;
        signature
    };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).build()?;
    let answer = client.post("https://openapi.alipay.com/gateway.do").body(signature.clone()).send().await?.bytes().await?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key).verify(&answer, &signature)?;
    println!("{answer:?}");
    Ok(())
}
"#;

/// What the library's feature `aws-lc` turns on beyond the workspace's dependencies.
const FEATURES: &str =
    "\n[features]\ndefault = [\"reqwest/rustls\", \"rustls/aws_lc_rs\", \"rustls/prefer-post-quantum\"]\n";

struct Program {
    /// Names and versions.
    packages: BTreeSet<String>,
    build: Usage,
    /// User time of the compiler.
    compiled: BTreeMap<String, Duration>,
    size: f64,
}

impl Program {
    /// How much longer the build takes than it would without the packages that the floor does not have.
    fn beyond(&self, floor: &Self) -> f64 {
        let more = |(package, time): (&String, &Duration)| (!floor.packages.contains(package)).then_some(*time);
        let more: Duration = self.compiled.iter().filter_map(more).sum();
        let all = self.build.user.as_secs_f64();
        all / (all - more.as_secs_f64())
    }

    #[expect(clippy::cast_precision_loss, reason = "there are few packages")]
    fn count(&self) -> f64 {
        self.packages.len() as f64
    }
}

pub(super) fn compare(report: &mut Report, workspace: &Path) -> Result<(), Box<dyn Error>> {
    let folder = workspace.join("alipay-api");
    let library = |features: &str| {
        let path = folder.display();
        format!("alipay-api = {{ path = \"{path}\", features = [{features}] }}\n")
    };
    let inherited = [
        "aws-lc-rs",
        "getrandom",
        "reqwest",
        "rsa",
        "rustls",
        "rustls-platform-verifier",
        "sha1",
    ];
    let call = build(workspace, CALL, &library(""))?;
    let isv = build(workspace, CALL, &library("\"isv\""))?;
    let floor = build(workspace, FLOOR, &dependencies(workspace, &inherited)?)?;
    let mut line = |what: &str, measured: f64, limit: f64| {
        let what = format!("a program of one call: {what}");
        report.line(&what, Amount::ratio(measured), Some(Amount::ratio(limit)));
    };
    line(
        &format!("{} packages to its floor's {}", call.count(), floor.count()),
        call.count() / floor.count(),
        SHARE,
    );
    let seconds = call.build.user.as_secs_f64();
    line(
        &format!("built in {seconds:.1} s of user time, to what its floor takes of it"),
        call.beyond(&floor),
        BUILD,
    );
    line(
        "built with isv, to without",
        isv.beyond(&floor) / call.beyond(&floor),
        ISV,
    );
    let [own, least] = [&call, &floor].map(|program| program.size / f64::from(1 << 20));
    line(
        &format!("{own:.2} to its floor's {least:.2} MiB, stripped"),
        own / least,
        SHARE,
    );
    Ok(())
}

/// Builds it from nothing.
fn build(workspace: &Path, main: &str, dependencies: &str) -> Result<Program, Box<dyn Error>> {
    let folder = TempDir::with_prefix("alipay-program")?;
    let tokio = "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";
    let manifest =
        "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n";
    write(
        &folder.path().join("Cargo.toml"),
        &format!("{manifest}{tokio}{dependencies}{PROFILE}"),
    )?;
    write(&folder.path().join("src/main.rs"), main)?;
    fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
    let run = |arguments: &[&str]| -> Command {
        let mut command = cargo();
        command.args(arguments).current_dir(folder.path());
        // Nothing that was built before, and nothing that the environment asks for.
        command
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .env_remove("RUSTFLAGS");
        command
    };
    let tree = run(&["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]).output()?;
    let tree = String::from_utf8(tree.stdout)?;
    // `name version`, and for some more in brackets.
    let name = |line: &str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    let times = folder.path().join("times");
    let mut command = run(&["build", "--release", "--quiet"]);
    compiler::note(&mut command, &times)?;
    let build = Usage::of(&mut command)?;
    let size = fs::metadata(folder.path().join("target/release/program"))?.len();
    #[expect(clippy::cast_precision_loss, reason = "nobody reads the last bytes")]
    Ok(Program {
        packages: tree.lines().map(name).collect(),
        build,
        compiled: compiler::noted(&times)?,
        size: size as f64,
    })
}

/// These dependencies as the workspace has them.
fn dependencies(workspace: &Path, names: &[&str]) -> Result<String, Box<dyn Error>> {
    let manifest = fs::read_to_string(workspace.join("Cargo.toml"))?;
    let is_one = |line: &&str| line.split_once(" = ").is_some_and(|(name, _)| names.contains(&name));
    let lines: Vec<&str> = manifest.lines().filter(is_one).collect();
    if lines.len() != names.len() {
        return Err("Cargo.toml does not have each of the floor's dependencies on a line of its own".into());
    }
    Ok(lines.join("\n") + "\n" + FEATURES)
}
