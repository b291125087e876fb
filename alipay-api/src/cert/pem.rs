//! From text to the DER in it.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{CertificateErrorKind, tag::SEQUENCE};

/// Alipay's bundle takes 5 KiB, and that of all the web's roots 220 KiB.
pub(super) const MAX_LEN: usize = 1 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The DER in a PEM block, or why there is none. It is wiped: it may be a key that was given by mistake.
pub(super) type Block = Result<Zeroizing<Vec<u8>>, CertificateErrorKind>;

/// The PEM blocks in a text, one at least. Text without any is taken for base64 alone.
///
/// Neither the blocks' names count, nor what is between them, be it nothing at all.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, CertificateErrorKind> {
    const BEGIN: &str = "-----BEGIN ";

    if text.len() > MAX_LEN {
        return Err(CertificateErrorKind::TooLarge);
    }
    let blocks: Vec<_> = text.split(BEGIN).skip(1).map(block).collect();
    if !blocks.is_empty() {
        return Ok(blocks);
    }
    let bare = text.trim_matches(|character| is_blank(character) || matches!(character, '"' | '\''));
    if bare.is_empty() {
        return Err(CertificateErrorKind::Empty);
    }
    if looks_like_path(bare) {
        return Err(CertificateErrorKind::Path);
    }
    // Words are base64 too, but not of a SEQUENCE.
    let der = decode(bare).filter(|der| der.starts_with(&[SEQUENCE]));
    Ok(vec![Ok(der.ok_or(CertificateErrorKind::NotPem)?)])
}

/// One block, from its name up to where the next begins.
fn block(text: &str) -> Block {
    const END: &str = "-----END ";
    const DASHES: &str = "-----";

    let (name, rest) = text.split_once(DASHES).ok_or(CertificateErrorKind::Truncated)?;
    let (body, _) = rest.split_once(END).ok_or(CertificateErrorKind::Truncated)?;
    decode(body).ok_or_else(|| {
        // Encrypted keys may have headers in front of the base64.
        if name.contains("KEY") {
            CertificateErrorKind::Key
        } else {
            CertificateErrorKind::NotBase64
        }
    })
}

/// Base64 with blanks and line ends in it, which settings files spell `\n`.
pub(super) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // As much room as can be needed: a buffer that grows leaves copies behind.
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.split("\\n").flat_map(|line| line.split("\\r")) {
        digits.extend(line.chars().filter(|&character| !is_blank(character)));
    }
    BASE64.decode(digits.as_str()).ok().map(Zeroizing::new)
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{FEFF}' | '\u{200B}')
}

/// Whether somebody gave a file's name for its contents. A certificate's base64 begins with `MI` and has no dot.
fn looks_like_path(text: &str) -> bool {
    /// More than the longest path that systems have.
    const MAX_PATH: usize = 4096;

    text.len() <= MAX_PATH
        && !text.contains(['\n', '\r'])
        && (text.contains(['.', ':', '\\']) || text.contains('/') && !text.starts_with("MI"))
}
