//! No input causes a panic.

use std::sync::LazyLock;

use proptest::{prelude::*, sample::Index};

use super::{
    Certificate, RootCertificates,
    openssl::{self, Order},
};

static PEM: LazyLock<String> =
    LazyLock::new(|| Order::new("/C=CN/O=Org+OU=Unit/CN=测试/emailAddress=a@b").self_signed());
static DER: LazyLock<Vec<u8>> = LazyLock::new(|| openssl::der(&PEM));

/// One octet replaced, put in or taken out.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<(Index, u8)>().prop_map(|(at, octet)| Change::Replace(at, octet)),
        any::<(Index, u8)>().prop_map(|(at, octet)| Change::Insert(at, octet)),
        any::<Index>().prop_map(Change::Remove),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        match change {
            Change::Replace(at, octet) => {
                let at = at.index(bytes.len());
                bytes[at] = *octet;
            }
            Change::Insert(at, octet) => bytes.insert(at.index(bytes.len()), *octet),
            Change::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

/// All functions of a certificate that was read work, however damaged it is.
fn ask(certificate: &Certificate) -> Result<(), TestCaseError> {
    prop_assert_eq!(certificate.alipay_serial().len(), 32);
    prop_assert!(
        certificate
            .alipay_serial()
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    );
    let shown = format!("{certificate:?}");
    prop_assert!(shown.starts_with("Certificate "));
    if let Err(error) = certificate.public_key() {
        prop_assert!(!error.to_string().is_empty());
    }
    Ok(())
}

fn read(text: &str) -> Result<(), TestCaseError> {
    match Certificate::parse(text) {
        Ok(certificate) => ask(&certificate)?,
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    if let Err(error) = Certificate::from_content(text) {
        prop_assert!(!error.to_string().is_empty());
    }
    match RootCertificates::parse(text) {
        Ok(roots) => roots.certificates().iter().try_for_each(ask)?,
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

/// A regular expression for text that is more or less PEM.
const ARMOURED: &str = r"((-----BEGIN [A-Z]{0,3}-----)?[A-Za-z0-9+/\n\\= ]{0,40}(-----END [A-Z]{0,3}-----)?){0,3}";

proptest! {
    #[test]
    fn any_text(text: String) {
        read(&text)?;
    }

    #[test]
    fn any_armour(text in ARMOURED) {
        read(&text)?;
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        prop_assert!(Certificate::from_der(&bytes).is_err());
    }

    #[test]
    fn any_nesting_of_tags(bytes in prop::collection::vec(prop_oneof![
        Just(0x30_u8), Just(0x31), Just(0x02), Just(0x06), Just(0x17), Just(0xA0), Just(0xA3), 0_u8..20, Just(0x82)
    ], 0..60)) {
        let der = [&[0x30, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat();
        prop_assert!(Certificate::from_der(&der).is_err());
    }

    #[test]
    fn changed_der(changes in prop::collection::vec(change(), 1..4)) {
        if let Ok(certificate) = Certificate::from_der(&changed(&DER, &changes)) {
            ask(&certificate)?;
        }
    }

    #[test]
    fn changed_text(changes in prop::collection::vec(change(), 1..4)) {
        read(&String::from_utf8_lossy(&changed(PEM.as_bytes(), &changes)))?;
    }
}

#[test]
fn a_serial_number_without_end_is_refused_at_once() {
    // The conversion to decimal takes the square of the length.
    let number = DER.windows(3).position(|window| window == [0x02, 0x01, 0x01]).unwrap();
    let rebuilt = |octets: usize| {
        let fields = [&DER[8..number], &integer(octets), &DER[number + 3..]].concat();
        let signed_length = DER.len() - 8 - signature_length() + integer(octets).len() - 3;
        let (signed, rest) = fields.split_at(signed_length);
        sequence(&[sequence(signed), rest.to_vec()].concat())
    };
    assert!(Certificate::from_der(&rebuilt(128)).is_ok());
    assert!(Certificate::from_der(&rebuilt(129)).is_err());
    assert!(Certificate::from_der(&rebuilt(60_000)).is_err());
}

/// Of the algorithm and the signature behind what is signed.
fn signature_length() -> usize {
    DER.len() - 8 - usize::from(u16::from_be_bytes([DER[6], DER[7]]))
}

fn integer(octets: usize) -> Vec<u8> {
    with_header(0x02, &vec![0x55; octets])
}

fn sequence(value: &[u8]) -> Vec<u8> {
    with_header(0x30, value)
}

fn with_header(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let header: &[u8] = match length {
        [0, short @ ..0x80] => &[tag, short],
        [0, long] => &[tag, 0x81, long],
        [high, low] => &[tag, 0x82, high, low],
    };
    [header, value].concat()
}
