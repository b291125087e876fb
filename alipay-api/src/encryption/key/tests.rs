use proptest::prelude::*;

use super::*;
use crate::random::SeededRandom;

/// Documented key, content and ciphertext.
const VECTORS: &[(&str, &str, &str)] = &[
    ("aa4BtZ4tspm2wnXLb1ThQA==", "test1234567", "ILpoMowjIQjfYMR847rnFQ=="),
    (
        "vEARwBsVE8dBrk0tiaNQtQ==",
        "test1234567你好",
        "Xg5Qdr1jGhRugqAdBHYgl94KzwIqcaA37/dMvR1PeSc=",
    ),
];

fn key() -> EncryptionKey {
    EncryptionKey::from_base64(VECTORS[0].0).unwrap()
}

#[test]
fn the_documented_vectors_hold() {
    for (key, plain, ciphertext) in VECTORS {
        let key = EncryptionKey::from_base64(key).unwrap();
        let encrypted = key.encrypt(plain, &SeededRandom::new(1)).unwrap();
        assert_eq!(encrypted.text, *ciphertext);
        assert_eq!(encrypted.encrypt_type.as_str(), "AES");
        let decrypted = key.decrypt(ciphertext, EncryptType::Aes).unwrap();
        assert_eq!(decrypted.text(), Ok(*plain));
    }
}

#[test]
fn the_random_vector_stands_in_front() {
    let key = key().with_encrypt_type(EncryptType::AesV2);
    let random = SeededRandom::new(7);
    let [one, other] = [(); 2].map(|()| key.encrypt("test1234567", &random).unwrap());
    assert_ne!(one.text, other.text, "each has a vector of its own");
    assert_eq!(one.encrypt_type.as_str(), "AES_V2");
    let mut iv = [0; 16];
    SeededRandom::new(7).fill(&mut iv).unwrap();
    let bytes = BASE64_STANDARD.decode(&one.text).unwrap();
    assert_eq!(bytes.len(), 32);
    assert_eq!(bytes[..16], iv);
    // The first block, with this vector: what the zero vector makes of the block with the vector added.
    let mut block: Vec<u8> = b"test1234567\x05\x05\x05\x05\x05".to_vec();
    block.iter_mut().zip(iv).for_each(|(byte, iv)| *byte ^= iv);
    let zero = cipher::encrypt(&key.key, &ZERO_IV, &[], &block);
    assert_eq!(bytes[16..], zero[..16]);
    for ciphertext in [&one, &other] {
        let plain = key.decrypt(&ciphertext.text, EncryptType::AesV2).unwrap();
        assert_eq!(plain.text(), Ok("test1234567"));
    }
}

#[test]
fn texts_that_are_no_keys_are_told_apart_and_not_shown() {
    use EncryptionKeyErrorKind as Kind;
    let der = BASE64_STANDARD.encode([&[0x30, 0x82, 4, 0xbe][..], &[7; 1214]].concat());
    let short_der = BASE64_STANDARD.encode([&[0x30, 0x81, 0x9f][..], &[7; 159]].concat());
    for (text, kind, says) in [
        (" \n", Kind::Empty, "the AES key is empty"),
        ("not base64!", Kind::NotBase64, "the AES key is not base64"),
        ("aa4BtZ4tspm2wnXLb1ThQA", Kind::NotBase64, "the AES key is not base64"),
        (
            "aa4BtZ4tspm2wnXLb1Th",
            Kind::Length { bytes: 15 },
            "the AES key has 15 bytes instead of 16",
        ),
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            Kind::Length { bytes: 32 },
            "the AES key has 32 bytes instead of 16",
        ),
        (&der, Kind::AnotherKey, "the AES key is a key of another kind"),
        (&short_der, Kind::AnotherKey, "the AES key is a key of another kind"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
            Kind::AnotherKey,
            "the AES key is a key of another kind",
        ),
    ] {
        let error = EncryptionKey::from_base64(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says) && shown.contains("接口内容加密方式"), "{shown}");
        assert!(text.trim().is_empty() || !shown.contains(text), "{shown}");
    }
    let padded = format!(" {}\r\n", VECTORS[0].0);
    assert_eq!(*EncryptionKey::from_base64(&padded).unwrap().key, *key().key);
}

#[test]
fn a_key_is_not_shown() {
    let shown = format!("{:?}", key());
    assert_eq!(shown, "EncryptionKey { encrypt_type: Aes, .. }");
    let ciphertext = key().encrypt("test1234567", &SeededRandom::new(1)).unwrap();
    assert_eq!(format!("{ciphertext:?}"), "Ciphertext { encrypt_type: Aes, .. }");
}

#[test]
fn every_damage_is_the_same_error() {
    let other = EncryptionKey::from_base64(VECTORS[1].0).unwrap();
    for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
        let key = key().with_encrypt_type(encrypt_type);
        let ciphertext = key.encrypt("test1234567", &SeededRandom::new(1)).unwrap().text;
        assert!(other.decrypt(&ciphertext, encrypt_type).is_err(), "another key");
        for end in 0..ciphertext.len() {
            assert!(key.decrypt(&ciphertext[..end], encrypt_type).is_err(), "cut at {end}");
        }
        for damaged in [
            format!("{ciphertext}\n"),
            format!("{ciphertext}AAAA"),
            "你好".into(),
            "====".into(),
        ] {
            assert!(key.decrypt(&damaged, encrypt_type).is_err(), "{damaged}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_encrypted_is_decrypted(bytes: [u8; 16], plain: String, seed: u64, is_v2: bool) {
        let encrypt_type = if is_v2 { EncryptType::AesV2 } else { EncryptType::Aes };
        let key = EncryptionKey::from_base64(&BASE64_STANDARD.encode(bytes)).unwrap();
        let key = key.with_encrypt_type(encrypt_type);
        let ciphertext = key.encrypt(&plain, &SeededRandom::new(seed)).unwrap().text;
        let decrypted = key.decrypt(&ciphertext, encrypt_type).unwrap();
        prop_assert_eq!(decrypted.text(), Ok(&*plain));
        let blocks = BASE64_STANDARD.decode(&ciphertext).unwrap().len() / 16;
        prop_assert_eq!(blocks, plain.len() / 16 + 1 + usize::from(is_v2));
    }

    /// The first block of the zero vector can be changed unseen, which is why nothing is decrypted that is not verified.
    #[test]
    fn what_is_no_ciphertext_does_no_harm(text: String, bytes: Vec<u8>) {
        for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
            let _ = key().decrypt(&text, encrypt_type);
            let _ = key().decrypt(&BASE64_STANDARD.encode(&bytes), encrypt_type);
        }
    }
}
