//! Alipay's certificates: what they are, and changing them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::certificates::{Certificates, Forgery};
use crate::core::Core;

/// What certificate mode is made of: the texts of the files, and their serials.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct CertificatesView {
    app_cert: String,
    app_cert_sn: String,
    alipay_cert: String,
    alipay_cert_sn: String,
    root_cert: String,
    alipay_root_cert_sn: String,
}

/// How a certificate is forged; not at all, if it isn't said.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgeryOrder {
    pub(crate) forgery: Option<Forgery>,
}

impl Core {
    /// The certificates.
    pub(crate) fn certificates(&self) -> Result<CertificatesView, ControlError> {
        self.with_state(|state| {
            let known = state.identity.certificates().ok_or(ControlError::NoCertificates)?;
            Ok(CertificatesView {
                app_cert: known.app_cert().to_owned(),
                app_cert_sn: known.app_cert_sn().to_owned(),
                alipay_cert: known.alipay_cert().to_owned(),
                alipay_cert_sn: known.alipay_cert_sn().to_owned(),
                root_cert: known.root_cert().to_owned(),
                alipay_root_cert_sn: known.root_cert_sn().to_owned(),
            })
        })
    }

    /// One of their texts.
    #[expect(clippy::expect_used, reason = "documented where it is public")]
    pub(crate) fn certificate(&self, which: impl FnOnce(&Certificates) -> &str) -> String {
        let text = self.with_state(|state| state.identity.certificates().map(|known| which(known).to_owned()));
        text.expect("the gateway is in public-key mode: start it with Builder::certificates")
    }

    /// Changes Alipay's certificate, and returns the new serial number.
    pub(crate) fn roll_over_alipay_certificate(&self) -> Result<String, ControlError> {
        self.with_state(|state| {
            let known = state.identity.certificates_mut().ok_or(ControlError::NoAuthority)?;
            let sn = known.roll_over().map_err(|_| ControlError::Signing)?;
            sn.map(str::to_owned).ok_or(ControlError::NoAuthority)
        })
    }

    /// Lets an attacker forge Alipay's certificate; `None` ends that.
    pub(crate) fn forge_alipay_certificate(&self, forgery: Option<Forgery>) -> Result<(), ControlError> {
        self.with_state(|state| {
            let known = state.identity.certificates_mut().ok_or(ControlError::NoAuthority)?;
            let can = known.forge(forgery).map_err(|_| ControlError::Signing)?;
            can.then_some(()).ok_or(ControlError::NoAuthority)
        })
    }
}
