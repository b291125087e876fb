//! A throw-away certification authority, shaped as Alipay's is: roots of several kinds, and below one of them the authority that issues.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
    SigningKey,
};
use serde::{Deserialize, Serialize};

use crate::keys::{KeyError, KeyPair, PublicKey, SignType, as_text, pem};
use crate::numbers;

const ORGANISATION: &str = "Embedded Gateway";
const ROOT: &str = "Embedded Gateway Certification Authority R1";
const OLD_ROOT: &str = "Embedded Gateway Certification Authority R0";
const SM2_ROOT: &str = "Embedded Gateway Certification Authority E1";
const ECDSA_ROOT: &str = "Embedded Gateway Certification Authority E2";
const ISSUING: &str = "Embedded Gateway Certification Authority Class 2 R1";
const SM2_ISSUING: &str = "Embedded Gateway Certification Authority Class 2 E1";
/// How long everything is valid.
const YEARS: i16 = 5;

/// Issues certificates.
#[derive(Serialize, Deserialize)]
pub(crate) struct Authority {
    sign_type: SignType,
    #[serde(with = "as_text")]
    issuing: KeyPair,
    issuing_cert: String,
    roots: String,
    /// From when and until when: years, months, days.
    begin: (i32, u8, u8),
    end: (i32, u8, u8),
}

/// Whose certificate it is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) common_name: &'a str,
}

impl Authority {
    /// A new authority, for keys of this sign type. Its own keys are made once per process.
    pub(crate) fn new(now: Timestamp, sign_type: SignType) -> Result<Self, KeyError> {
        let (rsa_root, rsa_issuing) = keys(SignType::Rsa2)?;
        let (sm2_root, sm2_issuing) = keys(SignType::Sm2)?;
        let (root, issuing) = match sign_type {
            SignType::Rsa2 | SignType::Rsa => (&rsa_root, rsa_issuing),
            SignType::Sm2 => (&sm2_root, sm2_issuing),
        };
        let today = Offset::UTC.to_datetime(now).date().yesterday().unwrap_or(Date::MIN);
        let date = |year: i16| {
            let day = u8::try_from(today.day()).unwrap_or(1).min(28);
            (i32::from(year), u8::try_from(today.month()).unwrap_or(1), day)
        };
        let mut this = Self {
            sign_type,
            issuing,
            issuing_cert: String::new(),
            roots: String::new(),
            begin: date(today.year()),
            end: date(today.year().saturating_add(YEARS)),
        };
        let name = match sign_type {
            SignType::Rsa2 | SignType::Rsa => ROOT,
            SignType::Sm2 => SM2_ROOT,
        };
        let key = Key::of(root)?;
        let issuer = Issuer::new(this.authority(name), &key);
        let params = this.authority(this.issuing_name());
        let certificate = params.signed_by(&Key::of(&this.issuing)?, &issuer).map_err(failed)?;
        this.issuing_cert = this.to_pem(certificate.der());

        let strange = rcgen::KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let (sm2_key, rsa_key) = (Key::of(&sm2_root)?, Key::of(&rsa_root)?);
        let sm2 = this.authority(SM2_ROOT).self_signed(&sm2_key).map_err(failed)?;
        let ecdsa = this.authority(ECDSA_ROOT).self_signed(&strange).map_err(failed)?;
        let rsa = this.authority(ROOT).self_signed(&rsa_key).map_err(failed)?;
        let old = this.authority(OLD_ROOT).self_signed(&rsa_key).map_err(failed)?;
        let roots = [
            to_pem(&as_sm2(sm2.der())),
            to_pem(rsa.der()),
            to_pem(old.der()),
            to_pem(ecdsa.der()),
        ];
        this.roots = roots.join("\n");
        Ok(this)
    }

    fn issuing_name(&self) -> &'static str {
        match self.sign_type {
            SignType::Rsa2 | SignType::Rsa => ISSUING,
            SignType::Sm2 => SM2_ISSUING,
        }
    }

    /// A certificate by a key of the authority's sign type for another.
    fn to_pem(&self, der: &[u8]) -> String {
        match self.sign_type {
            SignType::Rsa2 | SignType::Rsa => to_pem(der),
            SignType::Sm2 => to_pem(&as_sm2(der)),
        }
    }

    /// The roots, one below the other. Of four, two are of RSA, and one is of SM2.
    pub(crate) fn roots(&self) -> &str {
        &self.roots
    }

    /// The certificate of the authority that issues: Alipay's files have it below their own.
    pub(crate) fn issuing_cert(&self) -> &str {
        &self.issuing_cert
    }

    /// A certificate.
    pub(crate) fn issue(&self, subject: Subject<'_>, number: &[u8; 16], key: &PublicKey) -> Result<String, KeyError> {
        self.sign(subject, number, key, &self.issuing)
    }

    /// A certificate with the same names and the same hints at the issuer's key, which the holder of its own key has signed.
    pub(crate) fn forge(&self, subject: Subject<'_>, number: &[u8; 16], forger: &KeyPair) -> Result<String, KeyError> {
        self.sign(subject, number, &forger.public_key(), forger)
    }

    fn sign(
        &self,
        subject: Subject<'_>,
        number: &[u8; 16],
        key: &PublicKey,
        signer: &KeyPair,
    ) -> Result<String, KeyError> {
        let mut issuing = self.authority(self.issuing_name());
        let identifier = issuing.key_identifier(&Key::of(&self.issuing)?);
        issuing.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
        let issuer = Issuer::new(issuing, Key::of(signer)?);
        let mut params = self.dated(name(subject.organisation, subject.unit, subject.common_name));
        params.serial_number = Some(SerialNumber::from_slice(number));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let public = Public::of(key)?;
        Ok(self.to_pem(params.signed_by(&public, &issuer).map_err(failed)?.der()))
    }

    fn authority(&self, common_name: &str) -> CertificateParams {
        let mut params = self.dated(name(ORGANISATION, "Certification Authority", common_name));
        params.serial_number = Some(SerialNumber::from_slice(&number()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }

    fn dated(&self, distinguished_name: DistinguishedName) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name;
        let date = |(year, month, day)| rcgen::date_time_ymd(year, month, day);
        params.not_before = date(self.begin);
        params.not_after = date(self.end);
        params
    }
}

/// A number for a certificate: 16 bytes, as Alipay's have, and positive.
pub(crate) fn number() -> [u8; 16] {
    let random = u128::from_str_radix(&numbers::random(16), 16).unwrap_or_default();
    (random >> 1 | 1 << 120).to_be_bytes()
}

/// The keys of the root and of the authority that issues.
fn keys(sign_type: SignType) -> Result<(KeyPair, KeyPair), KeyError> {
    static RSA: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
    static SM2: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
    let keys = match sign_type {
        SignType::Rsa2 | SignType::Rsa => &RSA,
        SignType::Sm2 => &SM2,
    };
    if let Some(keys) = keys.get() {
        return Ok(keys.clone());
    }
    let made = (KeyPair::generate_for(sign_type)?, KeyPair::generate_for(sign_type)?);
    Ok(keys.get_or_init(|| made).clone())
}

fn name(organisation: &str, unit: &str, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Ok(country) = "CN".try_into() {
        name.push(DnType::CountryName, DnValue::PrintableString(country));
    }
    name.push(DnType::OrganizationName, organisation);
    name.push(DnType::OrganizationalUnitName, unit);
    name.push(DnType::CommonName, common_name);
    name
}

/// The same certificate, or its signed part, as one of SM2 with SM3, which `rcgen` can't make: it takes keys of SM2 for those of another curve, whose
/// identifiers are as long.
fn as_sm2(der: &[u8]) -> Vec<u8> {
    const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    const SM2_WITH_SM3: [u8; 8] = [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
    const P256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    const SM2: [u8; 8] = [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
    let mut der = der.to_vec();
    for (old, new) in [(ECDSA_WITH_SHA256, SM2_WITH_SM3), (P256, SM2)] {
        let mut at = 0;
        while let Some(found) = der
            .get(at..)
            .and_then(|rest| rest.windows(8).position(|window| window == old))
        {
            at += found;
            der.splice(at..at + 8, new);
        }
    }
    der
}

fn to_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", &STANDARD.encode(der))
}

fn failed(_: rcgen::Error) -> KeyError {
    KeyError::Operation
}

/// A public key as `rcgen` wants it.
struct Public {
    inner: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Public {
    fn of(key: &PublicKey) -> Result<Self, KeyError> {
        Ok(Self {
            inner: key.inner()?,
            algorithm: match key.fitting(SignType::Rsa2) {
                SignType::Rsa2 | SignType::Rsa => &PKCS_RSA_SHA256,
                // Until it is written as what it is.
                SignType::Sm2 => &PKCS_ECDSA_P256_SHA256,
            },
        })
    }
}

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.inner
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A private key as `rcgen` wants it.
struct Key {
    pair: KeyPair,
    public: Public,
}

impl Key {
    fn of(pair: &KeyPair) -> Result<Self, KeyError> {
        Ok(Self {
            public: Public::of(&pair.public_key())?,
            pair: pair.clone(),
        })
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public.algorithm()
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = match self.pair.fitting(SignType::Rsa2) {
            SignType::Sm2 => self.pair.sign_bytes(SignType::Sm2, &as_sm2(message)),
            sign_type => self.pair.sign_bytes(sign_type, message),
        };
        signature.map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
