use std::{
    fmt, io,
    path::{Path, PathBuf},
};

#[cfg(feature = "sm2")]
use super::{KeyAlgorithm, SignType};

/// Why a text, a file or bytes can't serve as a key.
///
/// It says what was given, what was wanted and what to do about it, and never holds anything of a key.
#[derive(Debug)]
pub struct KeyError {
    wanted: Wanted,
    kind: KeyErrorKind,
    path: Option<PathBuf>,
    source: Option<io::Error>,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// There is nothing but blanks.
    Empty,
    /// The path of a file, where its contents are wanted.
    Path,
    /// The file can't be read; the reason is also the error's source.
    Unreadable(io::ErrorKind),
    /// More than 64 KiB, which no key is.
    TooLarge,
    /// A file that is neither DER nor UTF-8.
    NotText,
    /// A character that base64 doesn't have.
    NotBase64 {
        /// Its place in the text, in bytes from 0.
        offset: usize,
    },
    /// Base64 in which every `+` has become a blank, as in a form or a URL that nobody has encoded.
    BlanksForPlus,
    /// PEM whose first line has no last line, or the other way round.
    BrokenPem,
    /// PEM with more than one block.
    SeveralPemBlocks,
    /// The end is missing.
    Truncated,
    /// There is more behind the end.
    TrailingData,
    /// It decodes, but holds nothing that could be a key.
    Unrecognised,
    /// A certificate.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// A public key, where a private one is wanted.
    PublicKey,
    /// A private key, where a public one is wanted.
    PrivateKey,
    /// A private key under a password.
    Encrypted,
    /// A PKCS#12 or Java keystore.
    Keystore,
    /// A key in the format of OpenSSH.
    OpenSsh,
    /// A key for another algorithm than RSA, or than SM2 with the feature `sm2`.
    Algorithm {
        /// The algorithm's object identifier, or the curve's: `1.2.156.10197.1.301` for SM2.
        oid: String,
    },
    /// An RSA key where the sign type is SM2, or an SM2 key where it is another.
    #[cfg(feature = "sm2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sm2")))]
    SignType {
        /// The type that the key is not for.
        sign_type: SignType,
    },
    /// A modulus of less than 1024 bits.
    TooShort {
        /// How many it has.
        bits: usize,
    },
    /// A modulus of more than 8192 bits.
    TooLong {
        /// How many it has.
        bits: usize,
    },
    /// A public exponent that is even, 1, or longer than 33 bits.
    Exponent,
    /// A private key with more than two primes.
    MultiPrime,
    /// Numbers that don't belong together: `n` is not `p · q`, or `d` is not the inverse of `e`.
    Inconsistent,
}

/// Which half of a key pair was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Private,
    Public,
}

impl KeyError {
    /// What is wrong.
    pub fn kind(&self) -> &KeyErrorKind {
        &self.kind
    }

    /// The file that was read, if one was.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn new(wanted: Wanted, kind: KeyErrorKind) -> Self {
        Self {
            wanted,
            kind,
            path: None,
            source: None,
        }
    }

    pub(super) fn unreadable(wanted: Wanted, source: io::Error) -> Self {
        let kind = KeyErrorKind::Unreadable(source.kind());
        Self {
            source: Some(source),
            ..Self::new(wanted, kind)
        }
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..self
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(formatter, "{}: ", path.display())?;
        }
        match (&self.kind, &self.path, self.wanted) {
            // Whoever read the file need not be told to.
            (KeyErrorKind::Path, Some(_), Wanted::Private) => {
                formatter.write_str("the file holds a path, not a private key: give the file that is there")
            }
            (KeyErrorKind::Path, Some(_), Wanted::Public) => {
                formatter.write_str("the file holds a path, not a public key: give the file that is there")
            }
            (kind, _, wanted) => kind.explain(wanted, formatter),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl KeyErrorKind {
    /// One sentence: what was given and, behind a colon, what to do.
    fn explain(&self, wanted: Wanted, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, type_name) = match wanted {
            Wanted::Private => ("private key", "PrivateKey"),
            Wanted::Public => ("public key", "PublicKey"),
        };
        match self {
            Self::Empty => {
                write!(
                    out,
                    "the input is empty: is the variable or file that should hold the {noun} filled in?"
                )
            }
            Self::Path => {
                write!(
                    out,
                    "the input is a path, not a {noun}: read the file first, or use `{type_name}::from_file`"
                )
            }
            Self::Unreadable(reason) => write!(out, "the file can't be read: {reason}"),
            Self::TooLarge => write!(
                out,
                "the input is larger than 64 KiB, so it is no {noun}: is it the right file?"
            ),
            Self::NotText => out.write_str("the file is neither DER nor UTF-8 text: save it as UTF-8"),
            Self::NotBase64 { offset } => {
                write!(
                    out,
                    "the character at byte {offset} is not base64: copy the {noun} again, with nothing around it"
                )
            }
            Self::BlanksForPlus => write!(
                out,
                "the {noun}'s base64 has blanks where each `+` was: a form or a URL has turned them into blanks on the way; hand it \
                 over by another way, or percent-encode it"
            ),
            Self::BrokenPem => out.write_str(
                "the lines `-----BEGIN …-----` and `-----END …-----` don't match: \
                 copy the whole file, or only what is between them",
            ),
            Self::SeveralPemBlocks => write!(out, "the input has several PEM blocks: keep only the {noun}"),
            Self::Truncated => write!(out, "the {noun} is cut short: copy it again, to its last character"),
            Self::TrailingData => write!(out, "the input has more behind the {noun}: give it alone"),
            Self::Unrecognised => write!(out, "the input is not a {noun} in any known form: {}", wanted.forms()),
            Self::Certificate => write!(
                out,
                "the input is a certificate, not a {noun}: {}",
                wanted.not_a_certificate()
            ),
            Self::CertificateRequest => {
                write!(
                    out,
                    "the input is a certificate signing request, not a {noun}: {}",
                    wanted.not_a_certificate()
                )
            }
            Self::PublicKey => out.write_str(
                "the input is a public key, not a private key: give the app's own private key (应用私钥), \
                 which the key tool saved where the pair was made",
            ),
            Self::PrivateKey => out.write_str(
                "the input is a private key, not a public key: give Alipay's public key (支付宝公钥), \
                 which the open platform shows in the app's settings",
            ),
            Self::Encrypted => out.write_str(
                "this private key is encrypted: remove its password first, with `openssl pkey -in FILE -out NEW_FILE`",
            ),
            Self::Keystore => write!(
                out,
                "the input is a keystore, not a {noun}: export the key from it, as PEM"
            ),
            Self::OpenSsh => write!(
                out,
                "this {noun} is in the format of OpenSSH: {}",
                match wanted {
                    Wanted::Private => "convert a copy of it with `ssh-keygen -p -m PEM -f FILE`",
                    Wanted::Public => "convert it with `ssh-keygen -e -m PKCS8 -f FILE`",
                }
            ),
            Self::Algorithm { oid } => explain_algorithm(oid, out),
            #[cfg(feature = "sm2")]
            Self::SignType { sign_type } => explain_sign_type(noun, *sign_type, out),
            Self::TooShort { bits } => write!(out, "this {noun} has {bits} bits, at least 1024 are needed: use 2048"),
            Self::TooLong { bits } => write!(out, "this {noun} has {bits} bits, at most 8192 are allowed: use 2048"),
            Self::Exponent => {
                write!(
                    out,
                    "the public exponent of this {noun} is not an odd number from 3 to 2^33 - 1: 65537 is usual"
                )
            }
            Self::MultiPrime => write!(out, "this {noun} has more than two primes: make one with two"),
            Self::Inconsistent => write!(
                out,
                "the numbers in this {noun} don't belong together: it was damaged after it was made, so copy it again"
            ),
        }
    }
}

impl Wanted {
    fn forms(self) -> &'static str {
        match self {
            Self::Private if cfg!(feature = "sm2") => "PKCS#8, PKCS#1 and SEC 1 are known, as PEM, base64 or DER",
            Self::Private => "PKCS#8 and PKCS#1 are known, as PEM, base64 or DER",
            Self::Public => "SubjectPublicKeyInfo and PKCS#1 are known, as PEM, base64 or DER",
        }
    }

    fn not_a_certificate(self) -> &'static str {
        match self {
            Self::Private => "give the app's private key (应用私钥), which was made with it",
            Self::Public => {
                "certificates belong to certificate mode; in public-key mode give Alipay's public key (支付宝公钥)"
            }
        }
    }
}

/// The curve of SM2.
const SM2: &str = "1.2.156.10197.1.301";

fn explain_algorithm(oid: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let known = if cfg!(feature = "sm2") {
        "neither an RSA key nor an SM2 key"
    } else {
        "not an RSA key"
    };
    write!(out, "the key is {} (OID {oid}), {known}", algorithm_name(oid))?;
    if oid == SM2 && cfg!(not(feature = "sm2")) {
        out.write_str(": alipay-api has to be built with its feature `sm2` to use it")?;
    }
    Ok(())
}

#[cfg(feature = "sm2")]
fn explain_sign_type(noun: &str, sign_type: SignType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (own, other, fitting) = match sign_type.key_algorithm() {
        KeyAlgorithm::Sm2 => ("RSA", "SM2", SignType::Rsa2),
        KeyAlgorithm::Rsa => ("SM2", "RSA", SignType::Sm2),
    };
    write!(
        out,
        "this {noun} is an {own} key, which the sign type {sign_type} can't use: give an {other} key, or use {fitting}"
    )
}

fn algorithm_name(oid: &str) -> &'static str {
    match oid {
        SM2 => "an SM2 key",
        "1.2.840.10045.2.1" => "an elliptic-curve key",
        "1.2.840.10045.3.1.7" => "an elliptic-curve key on P-256",
        "1.3.132.0.34" => "an elliptic-curve key on P-384",
        "1.3.132.0.35" => "an elliptic-curve key on P-521",
        "1.3.132.0.10" => "an elliptic-curve key on secp256k1",
        "1.3.101.112" => "an Ed25519 key",
        "1.2.840.10040.4.1" => "a DSA key",
        "1.2.840.113549.1.1.10" => "a key for RSASSA-PSS alone",
        _ => "a key for another algorithm",
    }
}
