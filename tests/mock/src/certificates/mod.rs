//! Certificate mode: what the app and Alipay show for each other, and how Alipay's certificate changes.

mod authority;
mod reading;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use self::authority::{Authority, Subject, number};
use self::reading::{Reading, read, root_sn};
use crate::keys::{KeyError, KeyPair, PublicKey, SignType, as_text};
use crate::table::{Change, Rows};

/// Alipay, as the holder of Alipay's certificate.
const ALIPAY: Subject<'_> = Subject {
    organisation: "支付宝(中国)网络技术有限公司",
    unit: "Alipay",
    common_name: "支付宝(中国)网络技术有限公司-2088001159940003",
};

/// Why certificates are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// There is no certificate that could be read in this text.
    #[error("{0}: the text holds no certificate")]
    Unreadable(&'static str),
    /// The certificate's key is neither one of RSA nor one of SM2.
    #[error("{0}: the key is neither an RSA key nor an SM2 key")]
    KeyKind(&'static str),
    /// No root certificate is signed with the algorithm of the app's key.
    #[error("the root certificates: none is signed with the algorithm of the app's key")]
    Roots,
    /// The private key belongs to another certificate.
    #[error("the private key to answer with is not that of Alipay's certificate")]
    AlipayKey,
    /// The key pair belongs to another certificate.
    #[error("the app's key is not that of the app's certificate")]
    AppKey,
    /// The app's certificate is Alipay's.
    #[error("the app's certificate and Alipay's certificate have the same key: one file was given for the other")]
    SameKey,
    /// No chain leads from the certificate to the roots.
    #[error("the root certificates did not issue Alipay's certificate")]
    Chain,
}

/// The texts of certificate files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) app: String,
    pub(crate) alipay: String,
    pub(crate) roots: String,
}

/// How Alipay's certificate is forged, until it is genuine again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Forgery {
    /// An attacker signs, and names the serial number of the genuine certificate.
    SameSerial,
    /// An attacker signs with a certificate of the same names and another serial number, as if Alipay had changed its certificate, and provides it for
    /// download.
    NewSerial,
    /// Alipay signs, but what is handed out as its certificate is another of the same names and the same serial.
    HandedOut,
}

/// What Alipay signs with at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Signatory {
    pub(crate) key: KeyPair,
    /// In certificate mode, the serial of the certificate.
    pub(crate) alipay_cert_sn: Option<String>,
}

impl Signatory {
    /// The same, who doesn't say with which certificate.
    pub(crate) fn unnamed(self) -> Self {
        Self {
            alipay_cert_sn: None,
            ..self
        }
    }

    /// What it signs with, where a request asks for this type: its own type, if the key is not for that.
    pub(crate) fn sign_type(&self, asked: SignType) -> SignType {
        self.key.fitting(asked)
    }

    /// The signature of `message`, in base64.
    pub(crate) fn sign(&self, asked: SignType, message: &[u8]) -> Result<String, KeyError> {
        self.key.sign(self.sign_type(asked), message)
    }
}

/// Who Alipay is, and by what it knows the app.
#[derive(Debug)]
pub(crate) enum Identity {
    /// Public-key mode.
    Key(KeyPair),
    /// Certificate mode.
    Certificates(Box<Certificates>),
}

impl Identity {
    /// What Alipay signs with at the moment.
    pub(crate) fn signatory(&self) -> Signatory {
        match self {
            Self::Key(key) => Signatory {
                key: key.clone(),
                alipay_cert_sn: None,
            },
            Self::Certificates(certificates) => certificates.signatory(),
        }
    }

    /// In certificate mode, the certificates.
    pub(crate) fn certificates(&self) -> Option<&Certificates> {
        match self {
            Self::Key(_) => None,
            Self::Certificates(certificates) => Some(certificates),
        }
    }

    /// The same, to change them.
    pub(crate) fn certificates_mut(&mut self) -> Option<&mut Certificates> {
        match self {
            Self::Key(_) => None,
            Self::Certificates(certificates) => Some(certificates),
        }
    }
}

/// Where the certificates stand in the state.
pub(crate) const CERTIFICATES: &str = "certificates";

/// In certificate mode, the certificates outlive the process.
impl Rows for Identity {
    fn is_changed(&self) -> bool {
        self.certificates().is_some_and(|certificates| certificates.is_changed)
    }

    fn take_changes(&mut self, table: &'static str, changes: &mut Vec<Change>) -> Result<(), serde_json::Error> {
        if let Some(certificates) = self.certificates_mut().filter(|certificates| certificates.is_changed) {
            certificates.is_changed = false;
            changes.push(Change::of(table, &(), Some(&certificates.lasting))?);
        }
        Ok(())
    }

    fn forget_changes(&mut self) {
        if let Some(certificates) = self.certificates_mut() {
            certificates.is_changed = false;
        }
    }

    fn load(&mut self, _: &str, value: &str) -> Result<(), serde_json::Error> {
        if let Self::Certificates(certificates) = self {
            **certificates = Certificates::load(value)?;
        }
        Ok(())
    }
}

/// Everything of certificate mode.
pub(crate) struct Certificates {
    lasting: Lasting,
    app: Reading,
    root_sn: String,
    /// Whether they have changed since they were stored.
    is_changed: bool,
}

/// What can't be worked out from anything else.
#[derive(Serialize, Deserialize)]
struct Lasting {
    app_cert: String,
    root_cert: String,
    alipay: AlipayCertificate,
    /// The texts of all that were ever in use, by serial.
    published: BTreeMap<String, String>,
    /// Whoever issued them, unless they came from files.
    authority: Option<Authority>,
    forged: Option<(Forgery, AlipayCertificate)>,
}

/// Shows no keys.
impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificates")
            .field("alipay_cert_sn", &self.lasting.alipay.sn)
            .finish_non_exhaustive()
    }
}

/// A certificate of Alipay's, genuine or not, with the key to it.
#[derive(Clone, Serialize, Deserialize)]
struct AlipayCertificate {
    number: Option<[u8; 16]>,
    text: String,
    sn: String,
    #[serde(with = "as_text")]
    key: KeyPair,
}

impl Certificates {
    /// Issues all of them, valid from `now`.
    pub(crate) fn issue(
        app_id: &str,
        seller_id: &str,
        app_key: &PublicKey,
        alipay_key: KeyPair,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        // Both keys are of one algorithm.
        let sign_type = app_key.fitting(SignType::Rsa2);
        let authority = Authority::new(now, sign_type)?;
        let subject = Subject {
            organisation: seller_id,
            unit: "Merchant",
            common_name: &format!("{seller_id}-{app_id}"),
        };
        let app_cert = authority.issue(subject, &number(), app_key)?;
        let alipay = AlipayCertificate::issue(&authority, alipay_key)?;
        let root_cert = authority.roots().to_owned();
        Ok(Self {
            app: first(&app_cert)?,
            root_sn: root_sn(&read(&root_cert), sign_type),
            lasting: Lasting {
                app_cert,
                root_cert,
                published: BTreeMap::from([(alipay.sn.clone(), alipay.text.clone())]),
                alipay,
                authority: Some(authority),
                forged: None,
            },
            is_changed: true,
        })
    }

    /// Those that were stored.
    #[cfg_attr(
        not(feature = "data"),
        allow(dead_code, reason = "nothing is loaded without a store")
    )]
    pub(crate) fn load(stored: &str) -> Result<Self, serde_json::Error> {
        let lasting: Lasting = serde_json::from_str(stored)?;
        let app = first(&lasting.app_cert).map_err(serde_json::Error::custom)?;
        let sign_type = app.key.as_ref().map(|key| key.fitting(SignType::Rsa2));
        Ok(Self {
            root_sn: root_sn(&read(&lasting.root_cert), sign_type.unwrap_or_default()),
            app,
            lasting,
            is_changed: false,
        })
    }

    /// Takes those of files. `alipay_key` is the private key of Alipay's certificate.
    pub(crate) fn from_files(files: Files, alipay_key: KeyPair) -> Result<Self, CertificateError> {
        const APP: &str = "the app's certificate";
        const ALIPAY: &str = "Alipay's certificate";
        let app = read(&files.app).into_iter().next();
        let app = app.ok_or(CertificateError::Unreadable(APP))?;
        let chain = read(&files.alipay);
        let (alipay, between) = chain.split_first().ok_or(CertificateError::Unreadable(ALIPAY))?;
        let roots = read(&files.roots);
        if roots.is_empty() {
            return Err(CertificateError::Unreadable("the root certificates"));
        }
        let app_key = app.key.as_ref().ok_or(CertificateError::KeyKind(APP))?;
        let own_key = alipay.key.as_ref().ok_or(CertificateError::KeyKind(ALIPAY))?;
        let root_sn = root_sn(&roots, app_key.fitting(SignType::Rsa2));
        if root_sn.is_empty() {
            return Err(CertificateError::Roots);
        }
        if app_key == own_key {
            return Err(CertificateError::SameKey);
        }
        if *own_key != alipay_key.public_key() {
            return Err(CertificateError::AlipayKey);
        }
        if !alipay.comes_from(&roots, between) {
            return Err(CertificateError::Chain);
        }
        let alipay = AlipayCertificate {
            number: None,
            sn: alipay.sn.clone(),
            text: files.alipay,
            key: alipay_key,
        };
        Ok(Self {
            lasting: Lasting {
                app_cert: files.app,
                root_cert: files.roots,
                published: BTreeMap::from([(alipay.sn.clone(), alipay.text.clone())]),
                alipay,
                authority: None,
                forged: None,
            },
            app,
            root_sn,
            // Whoever gave the files keeps them.
            is_changed: false,
        })
    }

    /// The app's key, by its certificate.
    pub(crate) fn app_key(&self) -> Option<&PublicKey> {
        self.app.key.as_ref()
    }

    /// What the app shows as its own.
    pub(crate) fn app_cert(&self) -> &str {
        &self.lasting.app_cert
    }

    /// The serial of that.
    pub(crate) fn app_cert_sn(&self) -> &str {
        &self.app.sn
    }

    /// When that ends.
    pub(crate) fn app_cert_end(&self) -> Timestamp {
        self.app.end
    }

    /// What Alipay signs with, as its file.
    pub(crate) fn alipay_cert(&self) -> &str {
        &self.lasting.alipay.text
    }

    /// The serial of that.
    pub(crate) fn alipay_cert_sn(&self) -> &str {
        &self.lasting.alipay.sn
    }

    /// The roots.
    pub(crate) fn root_cert(&self) -> &str {
        &self.lasting.root_cert
    }

    /// The serial of the roots.
    pub(crate) fn root_cert_sn(&self) -> &str {
        &self.root_sn
    }

    /// What is handed out for a serial: the certificate's file, in base64.
    pub(crate) fn handed_out(&self, sn: &str) -> Option<String> {
        let forged = self
            .lasting
            .forged
            .as_ref()
            .filter(|(forgery, forged)| *forgery != Forgery::SameSerial && forged.sn == sn);
        let text = match forged {
            Some((_, forged)) => &forged.text,
            None => self.lasting.published.get(sn)?,
        };
        Some(STANDARD.encode(text))
    }

    /// Alipay takes a new certificate with a new key; the old ones can still be downloaded. Nothing where the certificates came from files.
    pub(crate) fn roll_over(&mut self) -> Result<Option<&str>, KeyError> {
        let lasting = &mut self.lasting;
        let Some(authority) = &lasting.authority else {
            return Ok(None);
        };
        let key = KeyPair::generate_for(lasting.alipay.sign_type())?;
        let alipay = AlipayCertificate::issue(authority, key)?;
        lasting.published.insert(alipay.sn.clone(), alipay.text.clone());
        lasting.alipay = alipay;
        self.is_changed = true;
        Ok(Some(&lasting.alipay.sn))
    }

    /// Lets an attacker forge the certificate; `None` ends that. Returns whether that can be simulated.
    pub(crate) fn forge(&mut self, forgery: Option<Forgery>) -> Result<bool, KeyError> {
        let lasting = &mut self.lasting;
        let (Some(authority), Some(genuine)) = (&lasting.authority, lasting.alipay.number) else {
            return Ok(false);
        };
        lasting.forged = match forgery {
            None => None,
            Some(forgery) => {
                let number = match forgery {
                    Forgery::NewSerial => number(),
                    Forgery::SameSerial | Forgery::HandedOut => genuine,
                };
                let key = KeyPair::generate_for(lasting.alipay.sign_type())?;
                let leaf = authority.forge(ALIPAY, &number, &key)?;
                let forged = AlipayCertificate::with_issuer(authority, &leaf, number, key)?;
                Some((forgery, forged))
            }
        };
        self.is_changed = true;
        Ok(true)
    }

    fn signatory(&self) -> Signatory {
        let signing = match &self.lasting.forged {
            Some((Forgery::SameSerial | Forgery::NewSerial, forged)) => forged,
            _ => &self.lasting.alipay,
        };
        Signatory {
            key: signing.key.clone(),
            alipay_cert_sn: Some(signing.sn.clone()),
        }
    }
}

impl AlipayCertificate {
    /// One that the key is for.
    fn sign_type(&self) -> SignType {
        self.key.fitting(SignType::Rsa2)
    }

    fn issue(authority: &Authority, key: KeyPair) -> Result<Self, KeyError> {
        let number = number();
        let leaf = authority.issue(ALIPAY, &number, &key.public_key())?;
        Self::with_issuer(authority, &leaf, number, key)
    }

    /// As Alipay's files have it: the certificate, and below it that of its issuer.
    fn with_issuer(authority: &Authority, leaf: &str, number: [u8; 16], key: KeyPair) -> Result<Self, KeyError> {
        Ok(Self {
            number: Some(number),
            sn: first(leaf)?.sn,
            text: format!("{leaf}{}", authority.issuing_cert()),
            key,
        })
    }
}

/// A certificate that the authority has just made.
fn first(text: &str) -> Result<Reading, KeyError> {
    read(text).into_iter().next().ok_or(KeyError::Operation)
}

#[cfg(test)]
mod tests;
