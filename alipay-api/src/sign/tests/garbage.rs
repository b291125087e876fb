//! Whatever comes in, nothing panics, and nothing but the key comes out.

use proptest::{prelude::*, sample::Index};

use super::{
    openssl::{self, base64_lines, unarmour},
    public_key,
};
use crate::sign::{PrivateKey, PublicKey};

/// One change to a text or a piece of DER.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Replace(Index, u8),
    Remove(Index),
    Insert(Index, u8),
    Cut(Index),
    Repeat(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<(Index, u8)>().prop_map(|(at, byte)| Change::Replace(at, byte)),
        any::<Index>().prop_map(Change::Remove),
        any::<(Index, u8)>().prop_map(|(at, byte)| Change::Insert(at, byte)),
        any::<Index>().prop_map(Change::Cut),
        any::<(Index, Index)>().prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

/// Near the start, where the structure is, as often as anywhere.
pub(super) fn changes() -> impl Strategy<Value = (bool, Vec<Change>)> {
    (any::<bool>(), prop::collection::vec(change(), 1..4))
}

pub(super) fn apply(bytes: &mut Vec<u8>, (near_start, changes): &(bool, Vec<Change>)) {
    for change in changes {
        let range = if *near_start { bytes.len().min(40) } else { bytes.len() };
        if range == 0 {
            return;
        }
        match change {
            Change::Replace(at, byte) => bytes[at.index(range)] = *byte,
            Change::Remove(at) => drop(bytes.remove(at.index(range))),
            Change::Insert(at, byte) => bytes.insert(at.index(range), *byte),
            Change::Cut(at) => bytes.truncate(at.index(range)),
            Change::Repeat(from, to) => {
                let (from, to) = (from.index(range), to.index(range));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
        }
    }
}

/// If something is read out of a changed private key, it is that key: only the wrapping may differ.
fn assert_same_private(parsed: Option<PrivateKey>) -> Result<(), TestCaseError> {
    if let Some(key) = parsed {
        prop_assert_eq!(key.public_key(), public_key(1024));
    }
    Ok(())
}

/// A public key can't tell that it was changed, but it has to be fit for use.
fn assert_usable_public(parsed: Option<PublicKey>) -> Result<(), TestCaseError> {
    if let Some(key) = parsed {
        prop_assert!((1024..=8192).contains(&key.bits()));
        let verifier = key
            .verifier(crate::sign::SignType::Rsa2)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(verifier.verify(b"message", &vec![0; key.bits().div_ceil(8)]).is_err());
    }
    Ok(())
}

/// A regular expression for text that is more or less PEM.
const ARMOURED: &str =
    r#"["' \n]?(-----BEGIN [A-Z ]{0,9}-----)?[A-Za-z0-9+/\n\\= ]{0,99}(-----END [A-Z ]{0,9}-----)?["']?"#;

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        prop_assert!(PrivateKey::from_der(&bytes).is_err());
        prop_assert!(PublicKey::from_der(&bytes).is_err());
    }

    #[test]
    fn any_text(text: String) {
        prop_assert!(PrivateKey::parse(&text).is_err());
        prop_assert!(PublicKey::parse(&text).is_err());
    }

    #[test]
    fn any_base64_in_any_armour(text in ARMOURED) {
        prop_assert!(PrivateKey::parse(&text).is_err());
        prop_assert!(PublicKey::parse(&text).is_err());
    }

    #[test]
    fn any_nesting_of_tags(bytes in prop::collection::vec(prop_oneof![
        Just(0x30_u8), Just(0x02), Just(0x03), Just(0x04), Just(0x06), Just(0xA0), 0_u8..20, Just(0x81), Just(0x82)
    ], 0..40)) {
        let der = [&[0x30, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat();
        prop_assert!(PrivateKey::from_der(&der).is_err());
        prop_assert!(PublicKey::from_der(&der).is_err());
    }

    #[test]
    fn changed_der(changes in changes()) {
        let mut der = unarmour(openssl::pair(1024).pkcs8);
        apply(&mut der, &changes);
        assert_same_private(PrivateKey::from_der(&der).ok())?;
        prop_assert!(PublicKey::from_der(&der).is_err());

        let mut der = unarmour(openssl::pair(1024).public);
        apply(&mut der, &changes);
        assert_usable_public(PublicKey::from_der(&der).ok())?;
        prop_assert!(PrivateKey::from_der(&der).is_err());
    }

    #[test]
    fn changed_text(changes in changes(), armoured: bool) {
        for pem in [openssl::pair(1024).pkcs8, openssl::pair(1024).public] {
            let mut text = if armoured { pem.as_bytes().to_vec() } else { base64_lines(pem).concat().into_bytes() };
            apply(&mut text, &changes);
            let text = String::from_utf8_lossy(&text);
            assert_same_private(PrivateKey::parse(&text).ok())?;
            assert_usable_public(PublicKey::parse(&text).ok())?;
        }
    }
}
