//! Certificates and roots of `tests/cases/`.

use std::fs;

use alipay_api::{
    Credentials,
    cert::{Certificate, RootCertificates},
};
use alipay_mock::Mock;
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::case;

async fn certified() -> Mock {
    Mock::builder().certificates().start().await.unwrap()
}

#[tokio::test]
async fn the_roots_given_for_a_certificate_are_named() {
    let case = case("certificates/root-bundle-for-alipays");
    assert_eq!((&case["app"], &case["roots"]), (&"{app}".into(), &"{roots}".into()));
    assert!(
        case["alipay"]
            .as_str()
            .unwrap()
            .starts_with("{roots}: first member SM2")
    );
    let mock = certified().await;
    let (key, app, alipay, roots) = (
        mock.app_private_key(),
        mock.app_cert(),
        mock.alipay_cert(),
        mock.root_cert(),
    );
    for (app, alipay, which, wanted) in [
        (
            &app,
            &roots,
            "Alipay's certificate: ",
            "支付宝公钥证书 (alipayCertPublicKey_RSA2.crt)",
        ),
        (
            &roots,
            &alipay,
            "the app's certificate: ",
            "应用公钥证书 (appCertPublicKey_….crt)",
        ),
    ] {
        let message = Credentials::certificates(&key, app, alipay, &roots)
            .unwrap_err()
            .to_string();
        for what in [which, "the file holds root certificates", "alipayRootCert.crt", wanted] {
            assert!(message.contains(what), "{message}");
        }
        assert!(!message.contains("SM2"), "{message}");
    }
    // The other way round.
    for other in [&app, &alipay] {
        let message = Credentials::certificates(&key, &app, &alipay, other)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("Alipay's root certificates: no certificate in this file is a root")
                && message.contains("支付宝根证书, alipayRootCert.crt"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_damaged_member_of_the_roots_is_named() {
    let case = case("certificates/damaged-rsa-member-of-the-roots");
    let step = &case["steps"][0];
    let number = |name: &str| usize::try_from(step[name].as_u64().unwrap()).unwrap();
    let (line, member) = (number("remove_line"), number("of_member"));
    let mock = certified().await;
    let roots = mock.root_cert();
    let begin = roots.match_indices("-----BEGIN ").nth(member - 1).unwrap().0;
    let first = roots[..begin].matches('\n').count();
    let lines = roots.lines().enumerate();
    let kept: Vec<_> = lines
        .filter_map(|(index, text)| (index != first + line - 1).then_some(text))
        .collect();
    let damaged = kept.join("\n");
    let error = Credentials::certificates(&mock.app_private_key(), &mock.app_cert(), &mock.alipay_cert(), &damaged)
        .unwrap_err()
        .to_string();
    let place = format!("root certificate {member} of 4, in line {}: ", first + 1);
    assert!(
        error.starts_with(&format!("Alipay's root certificates: {place}")),
        "{error}"
    );
    // Whoever wants it all the same says so.
    let lenient = RootCertificates::parse_lenient(&damaged).unwrap();
    let whole = RootCertificates::parse(&roots).unwrap();
    assert_eq!(whole.certificates()[1..], *lenient.certificates());
    assert_ne!(whole.alipay_serial(), lenient.alipay_serial());
}

#[test]
fn a_file_of_other_text_is_not_to_be_read_as_it_was() {
    let case = case("certificates/file-of-other-text");
    assert_eq!(case["read_by"], "Certificate::from_file");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.crt");
    // With a slash among the first, and among the last, as most of such lines have.
    for (length, first) in [(64, 0x03_u8), (96, 0xFF), (300, 0x3F)] {
        let bytes: Vec<u8> = (0..=255_u8)
            .cycle()
            .take(length)
            .map(|index| first.wrapping_sub(index.wrapping_mul(47)))
            .collect();
        let text = BASE64_STANDARD.encode(bytes);
        assert!(text.contains('/'));
        fs::write(&path, &text).unwrap();
        let message = Certificate::from_file(&path).unwrap_err().to_string();
        assert!(
            !message.contains("from_file") && !message.contains(&text[..8]),
            "{message}"
        );
        assert!(
            message.contains("the text is neither PEM nor a certificate in base64"),
            "{message}"
        );
    }
}
