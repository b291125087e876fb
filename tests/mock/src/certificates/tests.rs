use super::reading::Algorithm;
use super::*;

const CUT: &str = "-----END CERTIFICATE-----\n";

fn issued() -> Certificates {
    issued_for(SignType::Rsa2)
}

fn issued_for(sign_type: SignType) -> Certificates {
    let (app, alipay) = KeyPair::shared(sign_type).unwrap();
    let now = "2026-03-20T00:00:00Z".parse().unwrap();
    Certificates::issue("2021", "2088", &app.public_key(), alipay, now).unwrap()
}

fn files(of: &Certificates) -> Files {
    Files {
        app: of.app_cert().to_owned(),
        alipay: of.alipay_cert().to_owned(),
        roots: of.root_cert().to_owned(),
    }
}

#[test]
fn roots_are_of_several_kinds() {
    let roots = read(issued().root_cert());
    let kinds: Vec<_> = roots.iter().map(|root| root.signed_with).collect();
    let (rsa, sm2) = (Some(Algorithm::Rsa), Some(Algorithm::Sm2));
    assert_eq!(kinds, [sm2, rsa, rsa, None]);
    let expected = format!("{}_{}", roots[1].sn, roots[2].sn);
    assert_eq!(root_sn(&roots, SignType::Rsa2), expected);
    assert_eq!(root_sn(&roots, SignType::Sm2), roots[0].sn);
}

#[test]
fn what_was_issued_passes_as_files() {
    for sign_type in [SignType::Rsa2, SignType::Sm2] {
        let (_, alipay) = KeyPair::shared(sign_type).unwrap();
        let issued = issued_for(sign_type);
        let taken = Certificates::from_files(files(&issued), alipay).unwrap();
        assert_eq!(taken.app_cert_sn(), issued.app_cert_sn());
        assert_eq!(taken.alipay_cert_sn(), issued.alipay_cert_sn());
        assert_eq!(taken.root_cert_sn(), issued.root_cert_sn());
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (app, alipay) = KeyPair::shared(SignType::Rsa2).unwrap();
    let issued = issued();
    let refused = |change: fn(&mut Files), key: &KeyPair| {
        let mut files = files(&issued);
        change(&mut files);
        Certificates::from_files(files, key.clone()).unwrap_err()
    };
    assert_eq!(refused(|_| (), &app), CertificateError::AlipayKey);
    let none = CertificateError::Unreadable("the app's certificate");
    assert_eq!(refused(|files| files.app.clear(), &alipay), none);
    let swapped = refused(|files| files.app = files.alipay.clone(), &alipay);
    assert_eq!(swapped, CertificateError::SameKey);
    // The SM2 root alone, and the leaf without its issuer.
    let strange = refused(|files| files.roots.truncate(files.roots.find("\n\n").unwrap()), &alipay);
    assert_eq!(strange, CertificateError::Roots);
    let alone = refused(
        |files| {
            let end = files.alipay.find(CUT).unwrap() + CUT.len();
            files.alipay.truncate(end);
        },
        &alipay,
    );
    assert_eq!(alone, CertificateError::Chain);
}

#[test]
fn forgeries_share_names_and_numbers_but_no_chain() {
    let mut issued = issued();
    let genuine = issued.alipay_cert_sn().to_owned();
    let roots = read(issued.root_cert());
    issued.forge(Some(Forgery::SameSerial)).unwrap();
    assert_eq!(issued.signatory().alipay_cert_sn.as_deref(), Some(genuine.as_str()));
    assert_ne!(
        issued.signatory().key.public_key(),
        issued.lasting.alipay.key.public_key()
    );
    assert_eq!(issued.handed_out(&genuine), Some(STANDARD.encode(issued.alipay_cert())));

    issued.forge(Some(Forgery::HandedOut)).unwrap();
    assert_eq!(
        issued.signatory().key.public_key(),
        issued.lasting.alipay.key.public_key()
    );
    let text = String::from_utf8(STANDARD.decode(issued.handed_out(&genuine).unwrap()).unwrap()).unwrap();
    let forged = read(&text);
    assert_eq!(forged[0].sn, genuine);
    assert!(!forged[0].comes_from(&roots, &forged[1..]));

    issued.forge(Some(Forgery::NewSerial)).unwrap();
    let other = issued.signatory().alipay_cert_sn.unwrap();
    assert_ne!(other, genuine);
    assert!(issued.handed_out(&other).is_some() && issued.handed_out(&genuine).is_some());
    issued.forge(None).unwrap();
    assert!(issued.handed_out(&other).is_none());
}
