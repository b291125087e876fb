use alipay_api::{
    cert::{Certificate, RootCertificates},
    sign::SignType,
};

/// Whatever is configured or fetched as a certificate, nothing panics.
///
/// # Panics
/// If that is not so.
pub fn certificate(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for certificate in [Certificate::from_der(bytes), Certificate::parse(&text)]
        .into_iter()
        .flatten()
    {
        assert_eq!(certificate.alipay_serial().len(), 32);
        let _ = (certificate.issuer(), certificate.subject());
        let _ = certificate.not_before() <= certificate.not_after();
        let _ = certificate.public_key();
    }
    if let Ok(roots) = RootCertificates::parse(&text) {
        let serials = [SignType::Rsa2, SignType::Sm2].map(|sign_type| roots.alipay_serial_for(sign_type));
        assert!(serials.iter().any(Option::is_some) && !serials.contains(&Some("")));
        assert_eq!(roots.certificates().is_empty(), roots.alipay_serial().is_empty());
    }
}
