//! The `openssl` command line, and certificates that it makes.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::LazyLock,
};

use tempfile::TempDir;

/// Whose key there is, and what it is for.
pub(super) const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const ECDSA: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(super) const SM2: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"];

/// Keys for all tests, because making them takes time.
pub(super) static RSA_KEY: LazyLock<String> = LazyLock::new(|| key(RSA));
pub(super) static OTHER_RSA_KEY: LazyLock<String> = LazyLock::new(|| key(RSA));
pub(super) static THIRD_RSA_KEY: LazyLock<String> = LazyLock::new(|| key(RSA));
pub(super) static ECDSA_KEY: LazyLock<String> = LazyLock::new(|| key(ECDSA));
pub(super) static SM2_KEY: LazyLock<String> = LazyLock::new(|| key(SM2));

pub(super) fn key(arguments: &[&str]) -> String {
    Folder::new().print(&[&["genpkey"], arguments].concat())
}

/// The subject is on the command line; this only has an attribute that openssl doesn't know.
const CONFIGURATION: &str = "\
oid_section = oids
[oids]
own = 1.2.3.4.5
[req]
distinguished_name = dn
x509_extensions = v3
[dn]
[v3]
basicConstraints = CA:TRUE
";

/// A certificate or a signing request to be made.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    /// Whom it is for, as openssl's `-subj` wants it.
    pub(super) subject: &'a str,
    pub(super) serial: &'a str,
    pub(super) key: &'a str,
    /// More of openssl's options.
    pub(super) options: &'a [&'a str],
}

impl<'a> Order<'a> {
    pub(super) fn new(subject: &'a str) -> Self {
        Self {
            subject,
            serial: "1",
            key: &RSA_KEY,
            options: &["-sha256"],
        }
    }

    /// A certificate that its own key signed, as PEM.
    pub(super) fn self_signed(&self) -> String {
        self.request(&["-x509", "-days", "3650", "-set_serial", self.serial])
    }

    /// A signing request, as PEM.
    pub(super) fn signing_request(&self) -> String {
        self.request(&[])
    }

    /// A certificate from an authority, as PEM. Its options are for the signature.
    pub(super) fn issued_by(&self, authority: &str, authority_key: &str, extensions: &str) -> String {
        let folder = Folder::new();
        folder.write("request.pem", Order { options: &[], ..*self }.signing_request());
        folder.write("authority.pem", authority);
        folder.write("key.pem", authority_key);
        folder.write("extensions", extensions);
        let sign = [
            "x509",
            "-req",
            "-in",
            "request.pem",
            "-CA",
            "authority.pem",
            "-CAkey",
            "key.pem",
        ];
        let with = ["-days", "365", "-set_serial", self.serial, "-extfile", "extensions"];
        folder.print(&[&sign[..], &with, self.options].concat())
    }

    fn request(&self, kind: &[&str]) -> String {
        let folder = Folder::new();
        folder.write("key.pem", self.key);
        folder.write("config", CONFIGURATION);
        let request = [
            "req",
            "-new",
            "-config",
            "config",
            "-key",
            "key.pem",
            "-utf8",
            "-subj",
            self.subject,
        ];
        folder.print(&[&request[..], kind, self.options].concat())
    }
}

/// The issuer's name, as openssl writes it by RFC 2253, but with UTF-8 as it is.
pub(super) fn issuer(pem: &str) -> String {
    let folder = Folder::new();
    folder.write("certificate.pem", pem);
    let print = [
        "x509",
        "-noout",
        "-issuer",
        "-nameopt",
        "RFC2253,-esc_msb",
        "-in",
        "certificate.pem",
    ];
    folder
        .print(&print)
        .trim_end_matches('\n')
        .strip_prefix("issuer=")
        .unwrap()
        .to_owned()
}

/// The serial number in hexadecimal.
pub(super) fn serial_number(pem: &str) -> String {
    let folder = Folder::new();
    folder.write("certificate.pem", pem);
    let text = folder.print(&["x509", "-noout", "-serial", "-in", "certificate.pem"]);
    text.trim().strip_prefix("serial=").unwrap().to_owned()
}

pub(super) fn der(pem: &str) -> Vec<u8> {
    let folder = Folder::new();
    folder.write("certificate.pem", pem);
    folder.run(&["x509", "-outform", "DER", "-in", "certificate.pem"])
}

/// DER as PEM, in lines of 64 characters.
pub(super) fn armour(name: &str, der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let digits = STANDARD.encode(der);
    let lines: Vec<_> = digits
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----\n", lines.join("\n"))
}

/// Whether it leads to one of the roots by way of the others.
pub(super) fn verifies(pem: &str, others: &str, roots: &str) -> bool {
    verifies_with(&[], pem, others, roots)
}

/// The same with more options.
pub(super) fn verifies_with(options: &[&str], pem: &str, others: &str, roots: &str) -> bool {
    let folder = Folder::new();
    folder.write("certificate.pem", pem);
    folder.write("others.pem", others);
    folder.write("roots.pem", roots);
    let verify = ["verify"].into_iter().chain(options.iter().copied()).chain([
        "-CAfile",
        "roots.pem",
        "-untrusted",
        "others.pem",
        "certificate.pem",
    ]);
    // An empty file of others is none to openssl.
    let verify: Vec<_> = verify
        .filter(|argument| !others.is_empty() || !matches!(*argument, "-untrusted" | "others.pem"))
        .collect();
    folder.output(&verify).status.success()
}

/// The MD5 of a text in hexadecimal.
pub(super) fn md5(text: &str) -> String {
    let folder = Folder::new();
    folder.write("text", text);
    folder
        .print(&["dgst", "-md5", "-r", "text"])
        .split_once(' ')
        .unwrap()
        .0
        .to_owned()
}

/// A folder to run `openssl` in. It goes away with the test.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Runs `openssl` and gives what it prints; it must succeed.
    pub(super) fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.output(arguments);
        assert!(
            output.status.success(),
            "openssl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
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

    /// The same for text.
    pub(super) fn print(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments)).unwrap()
    }
}
