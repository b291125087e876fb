//! The keys and certificates of an app and of Alipay.

use std::{error::Error as StdError, fmt, path::Path, sync::Arc, time::SystemTime};

use crate::{
    Error, ErrorKind,
    cert::{Certificate, CertificateError, CertificateErrorKind, Certificates, Keyring, Place, RootCertificates},
    sign::{AnyOf, PrivateKey, PublicKey, SignType, Signer, Verifier},
};

/// What a client signs requests with, and what it verifies answers and notifications with.
///
/// Both are required: the library gives out nothing that it has not verified. The [guide](crate::guide::keys) says where keys and
/// certificates come from, and which mode to choose.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) verifier: Arc<dyn Verifier>,
    /// What certificate mode names in every request.
    pub(crate) certificates: Option<Arc<Certificates>>,
    /// Where they are known.
    keys: Option<KnownKeys>,
}

/// The keys of which signer and verifier were made.
#[derive(Clone)]
struct KnownKeys {
    private_key: PrivateKey,
    alipay_key: PublicKey,
    next_alipay_keys: Vec<PublicKey>,
}

impl Credentials {
    /// Public-key mode: the app's private key, and Alipay's public key as the open platform shows it beside the app's own.
    ///
    /// Each may be PEM or base64 in one line, PKCS#1 or PKCS#8. The sign type is RSA2; see [`with_sign_type`](Self::with_sign_type). With SM2 keys
    /// (feature `sm2`) it is SM2: they have no other.
    ///
    /// # Errors
    /// A text is not the key that it should be: the error says what it is instead. The usual mistake is the app's public key in place of
    /// Alipay's. Or one key is of RSA and the other of SM2.
    pub fn public_key(private_key: &str, alipay_public_key: &str) -> Result<Self, Error> {
        let private_key = PrivateKey::parse(private_key).map_err(|error| invalid("the app's private key", error))?;
        let public_key = PublicKey::parse(alipay_public_key).map_err(|error| invalid("Alipay's public key", error))?;
        let sign_type = private_key.default_sign_type();
        Self::keys(private_key, public_key, sign_type)
    }

    /// Certificate mode: the app's private key, and the three certificates that the open platform offers for download: the
    /// app's (应用公钥证书), Alipay's (支付宝公钥证书) and Alipay's roots (支付宝根证书), each as the text of its file.
    ///
    /// The sign type is RSA2, or SM2 with SM2 keys (feature `sm2`); see [`with_sign_type`](Self::with_sign_type). Building the client checks that the certificates are valid at the
    /// time and signed by their issuer. When Alipay changes its certificate, the client fetches the new one: see [`cert`](crate::cert).
    ///
    /// # Errors
    /// A text can't be read as a key or certificate; the app's certificate was not issued for the private key; certificates were swapped (for
    /// example, the app's was given as Alipay's); or the keys and the root certificates are not all of one algorithm, RSA or SM2.
    pub fn certificates(private_key: &str, app_cert: &str, alipay_cert: &str, root_cert: &str) -> Result<Self, Error> {
        Self::from_certificates(
            PrivateKey::parse(private_key).map_err(|error| invalid("the app's private key", error))?,
            Certificate::parse(app_cert).map_err(|error| unread(Place::App, error))?,
            Certificate::parse(alipay_cert).map_err(|error| unread(Place::Alipay, error))?,
            RootCertificates::parse(root_cert).map_err(|error| unread(Place::Roots, error))?,
        )
    }

    /// The same from files: text as above, or DER.
    ///
    /// ```no_run
    /// # use alipay_api::Credentials;
    /// let credentials = Credentials::certificates_from_files(
    ///     "app_private_key.pem",
    ///     "appCertPublicKey_2021000000000000.crt",
    ///     "alipayCertPublicKey_RSA2.crt",
    ///     "alipayRootCert.crt",
    /// )?;
    /// # Ok::<(), alipay_api::Error>(())
    /// ```
    ///
    /// # Errors
    /// A file can't be read, or as for [`certificates`](Self::certificates); the error names the file.
    pub fn certificates_from_files(
        private_key: impl AsRef<Path>,
        app_cert: impl AsRef<Path>,
        alipay_cert: impl AsRef<Path>,
        root_cert: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        Self::from_certificates(
            PrivateKey::from_file(private_key).map_err(|error| invalid("the app's private key", error))?,
            Certificate::from_file(app_cert).map_err(|error| unread(Place::App, error))?,
            Certificate::from_file(alipay_cert).map_err(|error| unread(Place::Alipay, error))?,
            RootCertificates::from_file(root_cert).map_err(|error| unread(Place::Roots, error))?,
        )
    }

    /// The same from a key and certificates that are parsed already.
    ///
    /// # Errors
    /// The app's certificate was not issued for the private key, or a certificate is in the place of another.
    pub fn from_certificates(
        private_key: PrivateKey,
        app_cert: Certificate,
        alipay_cert: Certificate,
        root_certs: RootCertificates,
    ) -> Result<Self, Error> {
        let own_key = private_key.public_key();
        let sign_type = private_key.default_sign_type();
        let certificates = Certificates::new(app_cert, alipay_cert, root_certs, sign_type)?;
        let (app_key, alipay_key) = certified_keys(&certificates)?;
        if let Some(problem) = mismatched(app_key == own_key, alipay_key == own_key) {
            return Err(Error::new(ErrorKind::Configuration, problem));
        }
        Ok(Self::keys(private_key, alipay_key, sign_type)?.certified(certificates))
    }

    /// Keys that are parsed already, or read [from files](PrivateKey::from_file).
    ///
    /// # Errors
    /// The public key is the app's own, or a key is too short for the sign type or of another algorithm.
    pub fn keys(private_key: PrivateKey, alipay_public_key: PublicKey, sign_type: SignType) -> Result<Self, Error> {
        let own_key = private_key.public_key();
        let signer = private_key
            .signer(sign_type)
            .map_err(|error| invalid("the app's private key", error))?;
        let verifier = verifier_of_alipay(&alipay_public_key, Some(&own_key), sign_type)?;
        Ok(Self {
            signer,
            verifier,
            certificates: None,
            keys: Some(KnownKeys {
                private_key,
                alipay_key: alipay_public_key,
                next_alipay_keys: Vec::new(),
            }),
        })
    }

    /// The same with one more public key of Alipay's, in whatever form [`public_key`](Self::public_key) takes it: for the time in which the
    /// key changes. What either key has signed is genuine, answers and notifications alike. Without it, what is signed with the other key is
    /// refused from the moment of the change.
    ///
    /// Leave it out again when nothing more comes that was signed with the old key: see the [guide](crate::guide::keys).
    ///
    /// # Errors
    /// The text is not such a key, or is the app's own; the key is one that the credentials have already, or is too short for the sign type or of another
    /// algorithm.
    /// In certificate mode there is no such key: new certificates of Alipay's are fetched.
    pub fn with_next_alipay_key(self, alipay_public_key: &str) -> Result<Self, Error> {
        if self.certificates.is_some() {
            let message = "the credentials are for certificate mode, where Alipay's next certificate is fetched: no key can be added";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let next = PublicKey::parse(alipay_public_key).map_err(|error| invalid("Alipay's next public key", error))?;
        self.with_next_key(next)
    }

    fn with_next_key(mut self, next: PublicKey) -> Result<Self, Error> {
        let own_key = self.keys.as_ref().map(|keys| keys.private_key.public_key());
        let verifier = verifier_of_alipay(&next, own_key.as_ref(), self.sign_type())?;
        if let Some(keys) = &mut self.keys {
            if keys.alipay_key == next || keys.next_alipay_keys.contains(&next) {
                let message = "Alipay's next public key: the credentials have this key already; give the other one";
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            keys.next_alipay_keys.push(next);
        }
        self.verifier = Arc::new(AnyOf::new(self.verifier, vec![verifier]));
        Ok(self)
    }

    /// Public-key mode with a signer and a verifier of your own, such as a key that never leaves a key management service. For
    /// certificate mode, see [`custom_certificates`](Self::custom_certificates).
    ///
    /// Nothing here tells whether the signer has the right key: [`check_signer`](Self::check_signer) does where you have the app's public key,
    /// and [`Client::check`](crate::Client::check) asks Alipay. With another key the gateway refuses every call (`isv.invalid-signature`).
    ///
    /// # Errors
    /// The signer and the verifier have different sign types: Alipay signs its answer with the sign type of the request.
    pub fn custom(signer: Arc<dyn Signer>, verifier: Arc<dyn Verifier>) -> Result<Self, Error> {
        if signer.sign_type() != verifier.sign_type() {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "the signer uses {}, but the verifier uses {}: give both the same sign type",
                    signer.sign_type(),
                    verifier.sign_type()
                ),
            ));
        }
        Ok(Self {
            signer,
            verifier,
            certificates: None,
            keys: None,
        })
    }

    /// Certificate mode with a signer of your own; see [`certificates`](Self::certificates).
    ///
    /// The signer signs once, to tell whether the app's certificate was issued for its key: so this waits for as long as it takes.
    ///
    /// # Errors
    /// The signer fails ([`ErrorKind::Signing`]). The app's certificate was not issued for its key; a certificate is in the place of another;
    /// or Alipay's key is too short for the signer's type ([`ErrorKind::Configuration`]).
    pub async fn custom_certificates(
        signer: Arc<dyn Signer>,
        app_cert: Certificate,
        alipay_cert: Certificate,
        root_certs: RootCertificates,
    ) -> Result<Self, Error> {
        let certificates = Certificates::new(app_cert, alipay_cert, root_certs, signer.sign_type())?;
        let (app_key, alipay_key) = certified_keys(&certificates)?;
        let probe = Probe::of(&*signer).await?;
        if let Some(problem) = mismatched(probe.is_by(&app_key), probe.is_by(&alipay_key)) {
            return Err(Error::new(ErrorKind::Configuration, problem));
        }
        let verifier = alipay_key
            .verifier(signer.sign_type())
            .map_err(|error| invalid(Place::Alipay, error))?;
        Ok(Self::custom(signer, verifier)?.certified(certificates))
    }

    /// Has the signer sign once, and checks the signature with the app's public key (应用公钥), which was uploaded to the open platform: for a
    /// [custom](Self::custom) signer, whose key may be another one. Nothing is sent to Alipay.
    ///
    /// # Errors
    /// The signer fails ([`ErrorKind::Signing`]), or its signature was made with another key or algorithm ([`ErrorKind::Configuration`]).
    pub async fn check_signer(&self, app_public_key: &PublicKey) -> Result<(), Error> {
        if Probe::of(&*self.signer).await?.is_by(app_public_key) {
            return Ok(());
        }
        let message = format!(
            "the signer's signature does not hold for the app's public key: the signer has another key, or does not sign by {}",
            self.sign_type().algorithm()
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// The same keys with another sign type: [`SignType::Rsa`] for apps that were made before 2018 and never moved to RSA2. SM2 keys have
    /// their own from the start.
    ///
    /// # Errors
    /// The key is too short for the type or of another algorithm, or a [custom](Self::custom) signer has its own type.
    pub fn with_sign_type(self, sign_type: SignType) -> Result<Self, Error> {
        match self.keys {
            Some(keys) => {
                let credentials = Self::keys(keys.private_key, keys.alipay_key, sign_type)?;
                let credentials = keys
                    .next_alipay_keys
                    .into_iter()
                    .try_fold(credentials, Self::with_next_key)?;
                Ok(Self {
                    certificates: self.certificates,
                    ..credentials
                })
            }
            None if self.signer.sign_type() == sign_type => Ok(self),
            None => Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "the signer signs with {}, and a custom signer's type can't be changed",
                    self.signer.sign_type()
                ),
            )),
        }
    }

    /// The sign type of both halves.
    pub fn sign_type(&self) -> SignType {
        self.signer.sign_type()
    }

    /// Whether they sign with the same key, and name the same certificate.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let certificates = match (&self.certificates, &other.certificates) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        certificates && Arc::ptr_eq(&self.signer, &other.signer)
    }

    /// The app's public key; a custom signer does not tell it.
    pub(crate) fn app_public_key(&self) -> Option<PublicKey> {
        Some(self.keys.as_ref()?.private_key.public_key())
    }

    /// The same with the certificates of these keys.
    fn certified(self, certificates: Certificates) -> Self {
        Self {
            certificates: Some(Arc::new(certificates)),
            ..self
        }
    }

    /// The certificates that answers and notifications are verified by; there are none in other modes.
    pub(crate) fn keyring(&self) -> Option<Arc<Keyring>> {
        let certificates = self.certificates.as_ref()?;
        Some(Arc::new(Keyring::new(
            Arc::clone(certificates),
            Arc::clone(&self.verifier),
        )))
    }

    /// Refuses certificates that can't be used at this time, and warns of those that soon won't be.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), Error> {
        self.certificates
            .as_ref()
            .map_or(Ok(()), |certificates| certificates.check(now))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("sign_type", &self.sign_type())
            .finish_non_exhaustive()
    }
}

/// The key that Alipay signs with.
fn verifier_of_alipay(
    key: &PublicKey,
    own_key: Option<&PublicKey>,
    sign_type: SignType,
) -> Result<Arc<dyn Verifier>, Error> {
    if own_key == Some(key) {
        return Err(Error::new(
            ErrorKind::Configuration,
            "Alipay's public key: the given key is your app's public key, not Alipay's; \
             the open platform shows Alipay's once you have uploaded your app's",
        ));
    }
    key.verifier(sign_type)
        .map_err(|error| invalid("Alipay's public key", error))
}

/// The signature that a signer makes to show which key it has.
struct Probe {
    sign_type: SignType,
    signature: Vec<u8>,
}

impl Probe {
    const MESSAGE: &[u8] = b"alipay-api";

    async fn of(signer: &dyn Signer) -> Result<Self, Error> {
        let signature = signer.sign(Self::MESSAGE).await.map_err(|error| {
            let is_temporary = error.is_temporary();
            Error::new(ErrorKind::Signing, "the signer made no signature to be checked")
                .with_outcome(false, is_temporary)
                .with_source(error)
        })?;
        Ok(Self {
            sign_type: signer.sign_type(),
            signature,
        })
    }

    fn is_by(&self, key: &PublicKey) -> bool {
        let verifier = key.verifier(self.sign_type);
        verifier.is_ok_and(|verifier| verifier.verify(Self::MESSAGE, &self.signature).is_ok())
    }
}

/// The app's key and Alipay's, by their certificates.
fn certified_keys(certificates: &Certificates) -> Result<(PublicKey, PublicKey), Error> {
    let key = |place, certificate: &Certificate| certificate.public_key().map_err(|error| invalid(place, error));
    Ok((
        key(Place::App, certificates.app())?,
        key(Place::Alipay, certificates.alipay())?,
    ))
}

/// What is wrong with the certificates, by whether each was issued for the app's key.
fn mismatched(app_is_own: bool, alipay_is_own: bool) -> Option<String> {
    match (app_is_own, alipay_is_own) {
        (true, false) => None,
        (true, true) => Some(format!(
            "{}: the given certificate is your app's; {}",
            Place::Alipay,
            Place::Alipay.wanted()
        )),
        (false, true) => {
            Some("the app's certificate and Alipay's certificate are swapped: exchange the two arguments".to_owned())
        }
        (false, false) => Some(
            "the app's certificate and the private key don't belong together: \
             give the private key that the certificate's signing request was made with"
                .to_owned(),
        ),
    }
}

/// A certificate or the roots that can't be read.
fn unread(place: Place, error: CertificateError) -> Error {
    match error.kind() {
        CertificateErrorKind::Roots => {
            let message = format!("{place}: {error}: {}", place.wanted());
            Error::new(ErrorKind::Configuration, message).with_source(error)
        }
        _ => invalid(place, error),
    }
}

fn invalid(which: impl fmt::Display, error: impl StdError + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Configuration, format!("{which}: {error}")).with_source(error)
}
