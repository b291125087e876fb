//! The `openssl` command line, and keys that it makes.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::{LazyLock, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

/// A folder to run `openssl` in. It goes away with the test.
pub(super) struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// One with the key pair of a size: `key.pem` (PKCS#8), `pkcs1.pem` and `public.pem`.
    pub(super) fn with_keys(bits: usize) -> Self {
        let folder = Self::new();
        let pair = pair(bits);
        folder.write("key.pem", pair.pkcs8);
        folder.write("pkcs1.pem", pair.pkcs1);
        folder.write("public.pem", pair.public);
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Runs `openssl` and gives what it prints; it must succeed.
    pub(super) fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let Output { status, stdout, stderr } = self.output(arguments);
        assert!(
            status.success(),
            "openssl {arguments:?}: {}",
            String::from_utf8_lossy(&stderr)
        );
        stdout
    }

    /// The same for text.
    pub(super) fn print(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments)).unwrap()
    }

    /// Whether `openssl` succeeds.
    pub(super) fn succeeds(&self, arguments: &[&str]) -> bool {
        self.output(arguments).status.success()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        Command::new("openssl")
            .current_dir(&self.0)
            .args(arguments)
            .output()
            .expect(
                "these tests compare with the `openssl` command line: install it, as with `apt-get install openssl`",
            )
    }
}

/// A key pair as PEM.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) pkcs8: &'static str,
    /// The form of its algorithm: PKCS#1, or SEC 1.
    pub(super) pkcs1: &'static str,
    pub(super) public: &'static str,
}

/// The key pair of a size. There is one for all tests, because making it takes time.
pub(super) fn pair(bits: usize) -> Pair {
    static PAIRS: Mutex<Option<HashMap<usize, Pair>>> = Mutex::new(None);
    *PAIRS
        .lock()
        .unwrap()
        .get_or_insert_default()
        .entry(bits)
        .or_insert_with(|| {
            let folder = Folder::new();
            let size = format!("rsa_keygen_bits:{bits}");
            folder.run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &size, "-out", "key.pem"]);
            let print = |arguments: &[&str]| folder.print(arguments).leak() as &str;
            Pair {
                pkcs8: print(&["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"]),
                pkcs1: print(&["rsa", "-in", "key.pem", "-traditional"]),
                public: print(&["pkey", "-in", "key.pem", "-pubout"]),
            }
        })
}

/// A key pair of SM2: PKCS#8, SEC 1 and the public key.
pub(super) fn sm2_pair() -> Pair {
    static PAIR: LazyLock<Pair> = LazyLock::new(|| {
        let folder = Folder::new();
        folder.run(&["ecparam", "-name", "SM2", "-genkey", "-noout", "-out", "key.pem"]);
        let print = |arguments: &[&str]| folder.print(arguments).leak() as &str;
        Pair {
            pkcs8: print(&["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"]),
            pkcs1: print(&["ec", "-in", "key.pem"]),
            public: print(&["pkey", "-in", "key.pem", "-pubout"]),
        }
    });
    *PAIR
}

/// The bytes in a PEM block.
pub(super) fn unarmour(pem: &str) -> Vec<u8> {
    STANDARD.decode(base64_lines(pem).concat()).unwrap()
}

/// The lines between a PEM block's first and last.
pub(super) fn base64_lines(pem: &str) -> Vec<&str> {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// PEM as `openssl` writes it.
pub(super) fn armour(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The private operation on a number as long as the modulus, without any padding: `number^d mod n`.
pub(super) fn raw_private_operation(bits: usize, number: &[u8]) -> Vec<u8> {
    let folder = Folder::with_keys(bits);
    folder.write("number", number);
    folder.run(&[
        "pkeyutl",
        "-decrypt",
        "-inkey",
        "key.pem",
        "-pkeyopt",
        "rsa_padding_mode:none",
        "-in",
        "number",
    ])
}
