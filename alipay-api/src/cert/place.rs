use std::fmt;

/// One of the three files of certificate mode, which are easily confused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    App,
    Alipay,
    Roots,
}

impl Place {
    /// What to do if another file was given.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::App => "give the one that the open platform calls 应用公钥证书 (appCertPublicKey_….crt)",
            Self::Alipay => "give the one that the open platform calls 支付宝公钥证书 (alipayCertPublicKey_RSA2.crt)",
            Self::Roots => "give the file that the open platform calls 支付宝根证书 (alipayRootCert.crt)",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::App => "the app's certificate",
            Self::Alipay => "Alipay's certificate",
            Self::Roots => "Alipay's root certificates",
        })
    }
}
