//! Certificates that have expired, are not valid yet, or expire soon.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{
    Certificate, CertificateErrorKind, RootCertificates,
    chain::AUTHORITY,
    openssl::{self, Order},
};
use crate::{
    ErrorKind,
    cert::{
        CertificateError, Certificates, Keyring,
        element::Element,
        tag::{GENERALIZED_TIME, UTC_TIME, UTF8_STRING},
        time,
    },
    sign::SignType,
    types::DateTime,
};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

/// Certificates of which Alipay's ends first.
fn certificates() -> (Certificates, Certificate) {
    let pem = Order::new("/CN=Root").self_signed();
    let roots = RootCertificates::parse(&pem).unwrap();
    let app = Order {
        options: &["-sha256", "-days", "3650"],
        ..Order::new("/CN=App")
    };
    let app = app.issued_by(&pem, &openssl::RSA_KEY, "").parse().unwrap();
    let alipay = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Alipay")
    };
    let alipay = Certificate::parse(&alipay.issued_by(&pem, &openssl::RSA_KEY, "")).unwrap();
    (
        Certificates::new(app, alipay.clone(), roots, SignType::Rsa2).unwrap(),
        alipay,
    )
}

#[test]
fn the_validity_includes_its_first_and_its_last_second() {
    let (certificates, alipay) = certificates();
    let (from, to) = (
        SystemTime::from(alipay.not_before()),
        SystemTime::from(alipay.not_after()),
    );
    for now in [from, from + DAY, to, to + SECOND / 2] {
        assert!(certificates.check(now).is_ok(), "{now:?}");
    }

    let error = certificates.check(to + SECOND).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let not_after = alipay.not_after();
    assert_eq!(
        error.to_string(),
        format!(
            "Alipay's certificate: the certificate expired at {not_after} (Beijing time): \
             download the current one from the open platform, or renew it there"
        )
    );
    let cause = error.cause().unwrap().downcast_ref::<CertificateError>().unwrap();
    assert_eq!(cause.kind(), &CertificateErrorKind::Expired { not_after });
}

#[test]
fn a_clock_that_is_behind_is_told() {
    let (certificates, _) = certificates();
    let error = certificates.check(SystemTime::UNIX_EPOCH).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("the app's certificate: the certificate is not valid before "),
        "{message}"
    );
    assert!(message.ends_with("check the clock of this machine"), "{message}");
}

#[test]
fn warns_in_the_last_thirty_days() {
    let (certificates, alipay) = certificates();
    let to = SystemTime::from(alipay.not_after());
    let warnings = |now| {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || certificates.check(now)).unwrap();
        log.0.lock().unwrap().clone()
    };
    assert_eq!(warnings(to - 30 * DAY), Vec::<String>::new());
    let expected = "Alipay's certificate expires within 30 days: renew it on the open platform";
    assert_eq!(warnings(to - 30 * DAY + SECOND), [expected]);
    assert_eq!(warnings(to), [expected]);
}

#[test]
fn what_expires_in_use_is_trusted_on_with_a_warning_every_hour() {
    const HOUR: Duration = Duration::from_hours(1);

    let (certificates, alipay) = certificates();
    let to = SystemTime::from(alipay.not_after());
    let verifier = alipay.public_key().unwrap().verifier(SignType::Rsa2).unwrap();
    let keyring = Keyring::new(Arc::new(certificates), verifier);
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        for (now, warnings) in [
            (to, 0),
            (to + SECOND, 1),
            (to + HOUR, 1),
            (to + SECOND + HOUR, 2),
            (to + 2 * HOUR, 2),
            (to + 365 * DAY, 3),
        ] {
            assert!(keyring.find(alipay.alipay_serial(), now).is_some());
            keyring.any(now);
            assert_eq!(log.0.lock().unwrap().len(), warnings, "{now:?}");
        }
    });
    let warnings = log.0.lock().unwrap();
    assert!(warnings[0].starts_with("the configured Alipay certificate has expired and is still used"));
}

#[test]
fn what_is_configured_need_not_lead_to_a_root_but_may_not_be_forged() {
    let root = Order::new("/CN=Root").self_signed();
    let app: Certificate = Order::new("/CN=App")
        .issued_by(&root, &openssl::RSA_KEY, "")
        .parse()
        .unwrap();
    let stranger = Order::new("/CN=Stranger").self_signed();
    let intermediate = Order {
        key: &openssl::OTHER_RSA_KEY,
        ..Order::new("/CN=Intermediate")
    };
    let alipay = |issuer: &str, key: &str| {
        Order {
            key: &openssl::THIRD_RSA_KEY,
            ..Order::new("/CN=Alipay")
        }
        .issued_by(issuer, key, "")
    };
    let check = |file: &str| {
        let certificates = Certificates::new(
            app.clone(),
            file.parse().unwrap(),
            root.parse().unwrap(),
            SignType::Rsa2,
        )
        .unwrap();
        let log = Log::default();
        let result = tracing::subscriber::with_default(log.clone(), || certificates.check(SystemTime::now()));
        (result, log.0.lock().unwrap().clone())
    };
    let by_root = intermediate.issued_by(&root, &openssl::RSA_KEY, AUTHORITY);
    let leaf = alipay(&by_root, &openssl::OTHER_RSA_KEY);
    // The whole file; the leaf alone; and a leaf that a root issued.
    for file in [leaf.clone() + &by_root, leaf.clone(), alipay(&root, &openssl::RSA_KEY)] {
        let (result, warnings) = check(&file);
        result.unwrap();
        assert_eq!(warnings, Vec::<String>::new());
    }
    // As in the sandbox: the intermediate is no authority, and its issuer is in no bundle.
    let by_stranger = intermediate.issued_by(&stranger, &openssl::RSA_KEY, "keyUsage=digitalSignature");
    let (result, warnings) = check(&(alipay(&by_stranger, &openssl::OTHER_RSA_KEY) + &by_stranger));
    result.unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("Alipay's certificate does not lead to the root certificates"),
        "{warnings:?}"
    );

    let forged = alipay(&by_root, &openssl::OTHER_RSA_KEY);
    let other_intermediate = Order {
        key: &openssl::RSA_KEY,
        ..intermediate
    }
    .issued_by(&root, &openssl::RSA_KEY, AUTHORITY);
    let (result, _) = check(&(forged + &other_intermediate));
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "Alipay's certificate: the certificate of `CN=Alipay` does not lead to the root certificates: the certificate is \
         not signed by its issuer `CN=Intermediate`: it is damaged or forged; download it and the root certificates again"
    );
}

/// The messages of warnings.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        struct Message<'a>(&'a mut Vec<String>);

        impl Visit for Message<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0.push(format!("{value:?}"));
                }
            }
        }

        event.record(&mut Message(&mut self.0.lock().unwrap()));
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn times_are_read_as_certificates_write_them() {
    let read = |tag: u8, text: &str| {
        let der = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        time::read(Element::only(&der).unwrap())
    };
    for (tag, text, beijing) in [
        (UTC_TIME, "250101000000Z", "2025-01-01 08:00:00"),
        (UTC_TIME, "491231235959Z", "2050-01-01 07:59:59"),
        (UTC_TIME, "500101000000Z", "1950-01-01 08:00:00"),
        (UTC_TIME, "2501010000Z", "2025-01-01 08:00:00"),
        (GENERALIZED_TIME, "20500101000000Z", "2050-01-01 08:00:00"),
        (GENERALIZED_TIME, "19000101000000Z", "1900-01-01 08:00:00"),
        // Never.
        (GENERALIZED_TIME, "99991231235959Z", "9999-12-31 23:59:59"),
    ] {
        assert_eq!(
            read(tag, text).map(|time| time.to_string()).as_deref(),
            Some(beijing),
            "{text}"
        );
    }
    for (tag, text) in [
        (UTC_TIME, "250101000000"),
        (UTC_TIME, "250101000000+0800"),
        (UTC_TIME, "250230000000Z"),
        (UTC_TIME, "250101240000Z"),
        (UTC_TIME, "2501010000000Z"),
        (UTC_TIME, "25010100000Z"),
        (UTC_TIME, "+50101000000Z"),
        (UTC_TIME, "２5010100Z"),
        (UTC_TIME, "Z"),
        (UTC_TIME, ""),
        (GENERALIZED_TIME, "20250101000000.5Z"),
        (UTF8_STRING, "250101000000Z"),
    ] {
        assert_eq!(read(tag, text), None::<DateTime>, "{text}");
    }
}
