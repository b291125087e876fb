//! AES-128 in CBC mode, with the padding of PKCS#7. The crates `aes` and `cbc` do it, also where aws-lc-rs is in the build:
//! contents are short, and one implementation serves all builds.

use aes::Aes128;
use cbc::{
    Decryptor, Encryptor,
    cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7},
};
use zeroize::Zeroizing;

/// Bytes of a block, a key and an initialisation vector.
pub(super) const BLOCK: usize = 16;

/// `head` as it is, and the encrypted `plain` behind it.
pub(super) fn encrypt(key: &[u8; BLOCK], iv: &[u8; BLOCK], head: &[u8], plain: &[u8]) -> Vec<u8> {
    // One to sixteen bytes of padding. The plain text never moves to another place in memory, and is overwritten in this one.
    let length = plain.len() - plain.len() % BLOCK + BLOCK;
    let mut out = vec![0; head.len() + length];
    let (front, blocks) = out.split_at_mut(head.len());
    front.copy_from_slice(head);
    if let Some(text) = blocks.get_mut(..plain.len()) {
        text.copy_from_slice(plain);
    }
    let encrypted = Encryptor::<Aes128>::new(key.into(), iv.into()).encrypt_padded::<Pkcs7>(blocks, plain.len());
    debug_assert!(encrypted.is_ok_and(|encrypted| encrypted.len() == length));
    out
}

/// `None` where the length or the padding is not that of a ciphertext.
pub(super) fn decrypt(key: &[u8; BLOCK], iv: &[u8; BLOCK], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let decrypted = Decryptor::<Aes128>::new(key.into(), iv.into()).decrypt_padded::<Pkcs7>(&mut plain);
    let length = decrypted.ok()?.len();
    plain.truncate(length);
    Some(plain)
}
