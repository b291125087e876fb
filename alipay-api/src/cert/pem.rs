//! From text to the DER in it.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{CertificateErrorKind, element::Element, tag::SEQUENCE};
use crate::sign::looks_like_path;

/// Alipay's bundle takes 5 KiB, and that of all the web's roots 220 KiB.
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

/// What was found in one place of a text.
pub(super) struct Block {
    /// The line that it begins in, from 1.
    pub(super) line: usize,
    pub(super) der: Der,
}

/// A piece of DER, or why there is none. It is wiped: it may be a key that was given by mistake.
pub(super) type Der = Result<Zeroizing<Vec<u8>>, CertificateErrorKind>;

impl Block {
    /// All that there is.
    fn only(der: Der) -> Self {
        Self { line: 1, der }
    }
}

/// The PEM blocks in a file's contents or a text, one at least. What has none is taken for DER, or for base64 alone.
///
/// Neither the blocks' names count, nor what is between them, be it nothing at all. But the last line of a block whose first
/// line is not there is a block, too: a broken one.
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
    // Settings often have a whole file once more in base64.
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

/// What can be told from anything else: PEM and DER.
fn found(bytes: &[u8]) -> Option<Vec<Block>> {
    // A SEQUENCE with a long length is not the beginning of any text.
    if matches!(bytes, [SEQUENCE, 0x80..=0xFF, ..]) {
        return Some(vec![Block::only(Ok(bytes.to_vec().into()))]);
    }
    // What people write around certificates may be in any encoding; the certificates are ASCII in all of them.
    let text = String::from_utf8_lossy(bytes);
    text.contains(BEGIN).then(|| armoured(&text))
}

fn armoured(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut line = 1;
    for (index, part) in text.split(BEGIN).enumerate() {
        // In front of the first `BEGIN` there should be no `END`, and one behind each.
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

/// One block, from its name up to where the next begins.
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

/// Base64 with blanks and line ends in it, which settings files spell `\n`.
fn decode(text: &str) -> Der {
    let unwrapped = |plus: bool| {
        // As much room as can be needed: a buffer that grows leaves copies behind.
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
        // Where nothing else is wrong, that is what was.
        _ if unwrapped(true).is_ok_and(|der| is_whole(&der)) => Err(CertificateErrorKind::BlanksForPlus),
        Ok(der) => Ok(der),
        Err(_) => Err(CertificateErrorKind::NotPem),
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{FEFF}' | '\u{200B}')
}
