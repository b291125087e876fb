//! Encryption of stored tokens: XChaCha20-Poly1305 with a random nonce for each.
//!
//! Its nonce of 24 bytes may be random for any number of texts, unlike the 12 bytes of AES-GCM. It is pure Rust, so a store does not depend
//! on the feature `aws-lc`.

use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    key::{KeyId, StoreKey, random},
    key_ring::StoreKeyRing,
};
use crate::isv::store::{MerchantKey, StoreError, StoreErrorKind};

/// The first byte of every sealed text: its format.
const FORMAT: u8 = 2;
/// The format without the key's id.
const OLD_FORMAT: u8 = 1;
const NONCE: usize = 24;

/// Encrypts with the first of its keys, and decrypts with all.
pub(super) struct Sealer {
    first: (KeyId, XChaCha20Poly1305),
    others: Vec<(KeyId, XChaCha20Poly1305)>,
}

/// Why a sealed text can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// It names a key that is not in the ring.
    UnknownKey,
    /// It was sealed for another place, or was changed.
    Changed,
}

/// The place of a sealed text. A text that was sealed for one place can't be opened in another.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The store itself. Opening it shows that the key is the right one.
    Store,
    /// A column of a merchant's row, with the rest of the row.
    Column(&'static str, Row<'a>),
}

/// A merchant's row without its tokens. It is authenticated with them, so that nothing in it can be changed.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) merchant: MerchantKey<'a>,
    pub(super) version: i64,
    pub(super) user_id: &'a str,
    pub(super) state: &'a str,
    pub(super) authorised_at: i64,
    pub(super) issued_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) refresh_expires_at: Option<i64>,
}

impl Sealer {
    pub(super) fn new(keys: &StoreKeyRing) -> Self {
        let cipher = |key: &StoreKey| (key.id(), XChaCha20Poly1305::new(&Key::from(*key.bytes())));
        Self {
            first: cipher(keys.first()),
            others: keys.others().iter().map(cipher).collect(),
        }
    }

    /// Encrypts a text. The result is the format, the key's id, the nonce, the encrypted text and its tag.
    pub(super) fn seal(&self, place: Place<'_>, text: &str) -> Result<Vec<u8>, StoreError> {
        let (id, cipher) = &self.first;
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: text.as_bytes(),
            aad: &place.described(FORMAT),
        };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| {
            // Only a text of more than 256 GiB.
            StoreError::new(StoreErrorKind::Configuration, "the token is too long to be encrypted")
        })?;
        Ok([&[FORMAT], id.as_slice(), &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<String, Unopened> {
        let ciphers = || std::iter::once(&self.first).chain(&self.others);
        let (&[format], rest) = sealed.split_first_chunk().ok_or(Unopened::Changed)?;
        let with = |cipher: &XChaCha20Poly1305, sealed: &[u8]| {
            let (&nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
            let aad = &place.described(format);
            let payload = Payload { msg: sealed, aad };
            let text = cipher.decrypt(&XNonce::from(nonce), payload).map(Zeroizing::new).ok()?;
            str::from_utf8(&text).map(str::to_owned).ok()
        };
        match format {
            FORMAT => {
                let (id, rest) = rest
                    .split_first_chunk::<{ size_of::<KeyId>() }>()
                    .ok_or(Unopened::Changed)?;
                let mut named = ciphers().filter(|(other, _)| other == id).peekable();
                named.peek().ok_or(Unopened::UnknownKey)?;
                named
                    .find_map(|(_, cipher)| with(cipher, rest))
                    .ok_or(Unopened::Changed)
            }
            OLD_FORMAT => ciphers()
                .find_map(|(_, cipher)| with(cipher, rest))
                .ok_or(Unopened::Changed),
            _ => Err(Unopened::Changed),
        }
    }

    /// Whether it names the first key.
    pub(super) fn is_current(&self, sealed: &[u8]) -> bool {
        matches!(sealed.split_first(), Some((&FORMAT, rest)) if rest.starts_with(&self.first.0))
    }
}

/// Whether both name the same key, or both name none.
pub(super) fn name_one_key(one: &[u8], other: &[u8]) -> bool {
    let named = |sealed: &[u8]| match sealed.split_first() {
        Some((&FORMAT, rest)) => rest.first_chunk::<{ size_of::<KeyId>() }>().copied(),
        _ => None,
    };
    named(one) == named(other)
}

impl Place<'_> {
    /// The associated data. It differs for every two places: each text follows its length, and everything else has a fixed length.
    fn described(self, format: u8) -> Vec<u8> {
        let mut described = b"alipay-api token store".to_vec();
        described.push(format);
        if let Self::Column(column, row) = self {
            for text in [
                column,
                row.merchant.app_id,
                row.merchant.auth_app_id,
                row.user_id,
                row.state,
            ] {
                described.extend((text.len() as u64).to_be_bytes());
                described.extend(text.as_bytes());
            }
            for number in [
                Some(row.version),
                Some(row.authorised_at),
                Some(row.issued_at),
                row.expires_at,
                row.refresh_expires_at,
            ] {
                described.push(number.is_some().into());
                described.extend(number.unwrap_or_default().to_be_bytes());
            }
        }
        described
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANT: MerchantKey<'_> = MerchantKey {
        app_id: "12",
        auth_app_id: "34",
    };
    const ROW: Row<'_> = Row {
        merchant: MERCHANT,
        version: 7,
        user_id: "56",
        state: "active",
        authorised_at: 1,
        issued_at: 2,
        expires_at: Some(3),
        refresh_expires_at: None,
    };
    const PLACE: Place<'_> = Place::Column("token", ROW);

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&StoreKey::new([byte; 32]).into())
    }

    fn ring(bytes: [u8; 2]) -> Sealer {
        let [first, other] = bytes.map(|byte| StoreKey::new([byte; 32]));
        Sealer::new(&StoreKeyRing::new(first).with(other))
    }

    #[test]
    fn what_was_sealed_opens_and_shows_nothing() {
        let sealed = sealer(1).seal(PLACE, "202011BB令牌").unwrap();
        assert_eq!(sealer(1).open(PLACE, &sealed).as_deref(), Ok("202011BB令牌"));
        assert!(!sealed.windows(4).any(|window| window == b"2020"));
        assert_ne!(sealed, sealer(1).seal(PLACE, "202011BB令牌").unwrap());
    }

    #[test]
    fn nothing_opens_elsewhere_or_with_another_key() {
        let sealed = sealer(1).seal(PLACE, "token").unwrap();
        let of = |app_id, auth_app_id| Row {
            merchant: MerchantKey { app_id, auth_app_id },
            ..ROW
        };
        let rows = [
            of("12", "35"),
            // The same text, parted elsewhere.
            of("123", "4"),
            of("1", "234"),
            Row { version: 8, ..ROW },
            Row { user_id: "57", ..ROW },
            Row { state: "lost", ..ROW },
            Row {
                authorised_at: 2,
                ..ROW
            },
            Row { issued_at: 1, ..ROW },
            Row {
                expires_at: Some(4),
                ..ROW
            },
            Row {
                expires_at: None,
                ..ROW
            },
            // The same number, in another column.
            Row {
                expires_at: None,
                refresh_expires_at: Some(3),
                ..ROW
            },
            Row {
                refresh_expires_at: Some(0),
                ..ROW
            },
        ];
        let places = rows.map(|row| Place::Column("token", row));
        for place in [Place::Store, Place::Column("refresh", ROW)].into_iter().chain(places) {
            let opened = sealer(1).open(place, &sealed);
            assert_eq!(opened, Err(Unopened::Changed), "{:?}", place.described(FORMAT));
        }
        assert_eq!(sealer(2).open(PLACE, &sealed), Err(Unopened::UnknownKey));
    }

    #[test]
    fn nothing_changed_or_cut_opens() {
        let sealed = sealer(1).seal(PLACE, "token").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            let names_a_key = (1..=size_of::<KeyId>()).contains(&index);
            let wanted = if names_a_key {
                Unopened::UnknownKey
            } else {
                Unopened::Changed
            };
            assert_eq!(sealer(1).open(PLACE, &changed), Err(wanted), "byte {index}");
            assert_eq!(
                sealer(1).open(PLACE, &sealed[..index]),
                Err(Unopened::Changed),
                "cut at {index}"
            );
        }
    }

    #[test]
    fn of_a_ring_the_first_seals_and_all_open() {
        let old = sealer(1).seal(PLACE, "token").unwrap();
        let rotated = ring([2, 1]);
        assert_eq!(rotated.open(PLACE, &old).as_deref(), Ok("token"));
        assert!(!rotated.is_current(&old));
        let new = rotated.seal(PLACE, "token").unwrap();
        assert!(rotated.is_current(&new));
        assert_eq!(sealer(2).open(PLACE, &new).as_deref(), Ok("token"));
        assert_eq!(sealer(1).open(PLACE, &new), Err(Unopened::UnknownKey));
        assert_eq!(ring([1, 2]).open(PLACE, &new).as_deref(), Ok("token"));
    }

    #[test]
    fn what_was_sealed_before_keys_had_ids_still_opens() {
        let nonce = [9; NONCE];
        let payload = Payload {
            msg: b"token",
            aad: &PLACE.described(OLD_FORMAT),
        };
        let sealed = sealer(1).first.1.encrypt(&XNonce::from(nonce), payload).unwrap();
        let sealed = [&[OLD_FORMAT], nonce.as_slice(), &sealed].concat();
        for sealer in [sealer(1), ring([2, 1])] {
            assert_eq!(sealer.open(PLACE, &sealed).as_deref(), Ok("token"));
            assert!(!sealer.is_current(&sealed));
        }
        assert_eq!(sealer(2).open(PLACE, &sealed), Err(Unopened::Changed));
        let mut renamed = sealed;
        renamed[0] = FORMAT;
        assert!(sealer(1).open(PLACE, &renamed).is_err());
    }
}
