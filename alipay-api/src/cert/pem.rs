//! Finds the DER in text.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{CertificateErrorKind, element::Element, tag::SEQUENCE};
use crate::sign::looks_like_path;

/// Alipay's bundle has 5 KiB; a bundle of all roots of the web has 220 KiB.
pub(super) const MAX_LEN: usize = 1 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block of a text.
pub(super) struct Block {
    /// The line in which it begins, from 1.
    pub(super) line: usize,
    pub(super) der: Der,
}

/// DER, or why there is none. It is wiped from memory: it may be a key that was given by mistake.
pub(super) type Der = Result<Zeroizing<Vec<u8>>, CertificateErrorKind>;

impl Block {
    /// The only block.
    fn only(der: Der) -> Self {
        Self { line: 1, der }
    }
}

/// The PEM blocks of a text or of a file's contents; at least one. Contents without PEM are read as DER, or as base64 alone.
///
/// The names of the blocks and the text between them are ignored. A last line without a first line is a broken block.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, CertificateErrorKind> {
    if bytes.len() > MAX_LEN {
        return Err(CertificateErrorKind::TooLarge);
    }
    if let Some(blocks) = found(bytes) {
        return Ok(blocks);
    }
    let text = String::from_utf8_lossy(bytes);
    let bare = text.trim_matches(|character| is_blank(character) || matches!(character, '"' | '\''));
    if bare.is_empty() {
        return Err(CertificateErrorKind::Empty);
    }
    if looks_like_path(bare) {
        return Err(CertificateErrorKind::Path);
    }
    let der = |der: Zeroizing<Vec<u8>>| der.starts_with(&[SEQUENCE]).then(|| vec![Block::only(Ok(der))]);
    let decoded = decode(bare)?;
    // Settings often hold a whole file, encoded in base64 once more.
    found(&decoded)
        .or_else(|| {
            str::from_utf8(&decoded)
                .ok()
                .and_then(|text| decode(text).ok())
                .and_then(der)
        })
        .or_else(|| der(decoded))
        .ok_or(CertificateErrorKind::NotPem)
}

/// The blocks of PEM or DER, which are recognised without doubt.
fn found(bytes: &[u8]) -> Option<Vec<Block>> {
    // No text begins with a SEQUENCE of a long length.
    if matches!(bytes, [SEQUENCE, 0x80..=0xFF, ..]) {
        return Some(vec![Block::only(Ok(bytes.to_vec().into()))]);
    }
    // The text around certificates may be in any encoding; the certificates are ASCII in all of them.
    let text = String::from_utf8_lossy(bytes);
    text.contains(BEGIN).then(|| armoured(&text))
}

fn armoured(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut line = 1;
    for (index, part) in text.split(BEGIN).enumerate() {
        // There should be no `END` before the first `BEGIN`, and one after each.
        let (der, mut ends) = match index {
            0 => (None, part.matches(END).count()),
            _ => (Some(block(part)), part.matches(END).count().saturating_sub(1)),
        };
        blocks.extend(der.map(|der| Block { line, der }));
        while ends > 0 {
            let der = Err(CertificateErrorKind::BrokenPem);
            blocks.push(Block { line, der });
            ends -= 1;
        }
        line += part.matches('\n').count();
    }
    blocks
}

/// One block: the text from its name to the next block.
fn block(text: &str) -> Der {
    let (name, rest) = text.split_once(DASHES).ok_or(CertificateErrorKind::Truncated)?;
    let (body, _) = rest.split_once(END).ok_or(CertificateErrorKind::Truncated)?;
    decode(body).map_err(|kind| match kind {
        // Encrypted keys may have headers in front of the base64.
        _ if name.contains("KEY") => CertificateErrorKind::Key,
        CertificateErrorKind::NotPem => CertificateErrorKind::NotBase64,
        kind => kind,
    })
}

/// Decodes base64 with blanks and line ends, which settings files write as `\n`.
fn decode(text: &str) -> Der {
    let unwrapped = |plus: bool| {
        // The full capacity at once: a buffer that grows leaves copies behind.
        let mut digits = Zeroizing::new(String::with_capacity(text.len()));
        for line in text.split("\\n").flat_map(|line| line.split("\\r")) {
            let digit = |character| if plus && character == ' ' { '+' } else { character };
            digits.extend(line.chars().map(digit).filter(|&character| !is_blank(character)));
        }
        BASE64.decode(digits.as_str()).map(Zeroizing::new)
    };
    let is_whole = |der: &Zeroizing<Vec<u8>>| Element::only(der).is_some_and(|element| element.tag == SEQUENCE);
    match unwrapped(false) {
        Ok(der) if is_whole(&der) => Ok(der),
        // With `+` for the blanks it is whole, so the blanks are the fault.
        _ if unwrapped(true).is_ok_and(|der| is_whole(&der)) => Err(CertificateErrorKind::BlanksForPlus),
        Ok(der) => Ok(der),
        Err(_) => Err(CertificateErrorKind::NotPem),
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{FEFF}' | '\u{200B}')
}
