//! Finds the DER in the text that people paste, export and put into settings.

use std::path::Path;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD},
};
use zeroize::Zeroizing;

use super::{file::MAX_LEN, key_error::KeyErrorKind};

/// The padding is removed before; surplus bits in the last character are accepted.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::with_decode_allow_trailing_bits(NO_PAD, true),
);

/// Reads a key from text: PEM or bare base64, or either of them once more in base64, as settings often have a whole file.
pub(super) fn read<K>(text: &str, key: impl Fn(&[u8]) -> Result<K, KeyErrorKind>) -> Result<K, KeyErrorKind> {
    let der = decode(text, Blanks::Nothing);
    let read = match der.as_ref().map_err(Clone::clone).map(|der| inner(der)) {
        Ok(Some(inner)) => decode(inner, Blanks::Nothing)
            .map_err(|kind| match kind {
                // The offset would be one in the decoded text, which the user has never seen.
                KeyErrorKind::NotBase64 { .. } => KeyErrorKind::Unrecognised,
                kind => kind,
            })
            .and_then(|der| key(&der)),
        Ok(None) => der.and_then(|der| key(&der)),
        Err(kind) => Err(kind),
    };
    // This damage can be recognised: with each blank turned back into `+`, the text is a key.
    let is_key = |text: &str| decode(text, Blanks::Plus).is_ok_and(|der| key(&der).is_ok());
    let is_without_plus = || is_key(text) || is_key(&with_last_plus(text));
    match read {
        Err(_) if text.contains(' ') && is_without_plus() => Err(KeyErrorKind::BlanksForPlus),
        read => read,
    }
}

/// The text with the blanks at its end as `+`: they may be digits, where those around a text count for nothing.
fn with_last_plus(text: &str) -> Zeroizing<String> {
    let text = text.trim_end_matches(|letter| letter != ' ' && is_blank(letter));
    let digits = text.trim_end_matches(' ');
    let mut whole = String::with_capacity(text.len());
    whole.push_str(digits);
    whole.extend(std::iter::repeat_n('+', text.len() - digits.len()));
    Zeroizing::new(whole)
}

/// What a blank stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Nothing,
    /// A form or a URL turns each `+` into a blank where nobody encodes it.
    Plus,
}

/// How the base64 of a key begins: the header of a long SEQUENCE, or those of an SM2 key outside PKCS#8, whose SEQUENCEs are short. These are a
/// private key, one with a compressed public key, one without, a public key, and a compressed one.
const BASE64_BEGINS: [&str; 6] = ["MI", "MHcC", "MFcC", "MDEC", "MFkw", "MDkw"];

fn begins_as_base64(text: &str) -> bool {
    BASE64_BEGINS.iter().any(|begin| text.starts_with(begin))
}

/// The key's text, where the bytes are text that was encoded once more: PEM, or the base64 of a SEQUENCE.
fn inner(decoded: &[u8]) -> Option<&str> {
    let text = str::from_utf8(decoded).ok()?;
    let begin = text.trim_start_matches(is_blank);
    (begin.starts_with("-----BEGIN ") || begins_as_base64(begin)).then_some(text)
}

/// The DER in a text: PEM, or bare base64.
fn decode(text: &str, blanks: Blanks) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    if text.len() > MAX_LEN {
        return Err(KeyErrorKind::TooLarge);
    }
    let text = Part { text, offset: 0 }.bare();
    if text.text.starts_with("ssh-") {
        return Err(KeyErrorKind::OpenSsh);
    }
    if looks_like_path(text.text) {
        return Err(KeyErrorKind::Path);
    }
    let body = text.unarmoured()?;
    if body.text.contains("Proc-Type:") {
        // The only use of this header, in keys that OpenSSL used to write, is to say that it is encrypted.
        return Err(KeyErrorKind::Encrypted);
    }
    let digits = body.digits(blanks)?;
    if digits.is_empty() {
        return Err(KeyErrorKind::Empty);
    }
    let mut der = Zeroizing::new(vec![0; digits.len()]);
    // All characters are base64 by now, so only a last one that stands alone can fail.
    let length = BASE64
        .decode_slice(&*digits, &mut der)
        .map_err(|_| KeyErrorKind::Truncated)?;
    der.truncate(length);
    Ok(der)
}

/// A part of what was given, and where in it that part begins: for errors that say where.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    offset: usize,
}

impl Part<'_> {
    /// Without a byte order mark, blanks and quotes around it, as they come along from editors and settings files.
    fn bare(self) -> Self {
        let outer = self.trim();
        for quote in ['"', '\'', '`'] {
            if let Some(inner) = outer.text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                return Part {
                    text: inner,
                    offset: outer.offset + 1,
                }
                .trim();
            }
        }
        outer
    }

    fn trim(self) -> Self {
        let text = self.text.trim_start_matches(is_blank);
        Part {
            text: text.trim_end_matches(is_blank),
            offset: self.offset + (self.text.len() - text.len()),
        }
    }

    /// What is between `-----BEGIN X-----` and `-----END X-----`; all of it where there is no such line.
    ///
    /// `X` does not count: the key tools of several languages write one kind of key under the name of another.
    fn unarmoured(self) -> Result<Self, KeyErrorKind> {
        const BEGIN: &str = "-----BEGIN ";
        const END: &str = "-----END ";
        const DASHES: &str = "-----";
        let this = self.behind_parameters();
        let begins = this.text.matches(BEGIN).count();
        let ends = this.text.matches(END).count();
        match (begins, ends) {
            (0, 0) => return Ok(this),
            (1, 1) => {}
            // The files of Alipay's certificate and of the roots have several.
            (2.., 2..) if !this.text.contains("KEY-----") && this.text.contains("CERTIFICATE-----") => {
                return Err(KeyErrorKind::Certificate);
            }
            (2.., 2..) => return Err(KeyErrorKind::SeveralPemBlocks),
            _ => return Err(KeyErrorKind::BrokenPem),
        }
        let (before, block) = this.text.split_once(BEGIN).ok_or(KeyErrorKind::BrokenPem)?;
        let (label, rest) = block.split_once(DASHES).ok_or(KeyErrorKind::BrokenPem)?;
        let (body, tail) = rest.split_once(END).ok_or(KeyErrorKind::BrokenPem)?;
        let (end_label, _) = tail.split_once(DASHES).ok_or(KeyErrorKind::BrokenPem)?;
        if label != end_label {
            return Err(KeyErrorKind::BrokenPem);
        }
        let offset = this.offset + before.len() + BEGIN.len() + label.len() + DASHES.len();
        Ok(Part { text: body, offset })
    }

    /// What is behind a first block such as `EC PARAMETERS`, which some tools write in front of the key; all of it where there is none.
    fn behind_parameters(self) -> Self {
        const BEGIN: &str = "-----BEGIN ";
        const LAST: &str = "PARAMETERS-----";

        let label = self.text.strip_prefix(BEGIN).and_then(|rest| rest.split_once("-----"));
        let is_first = label.is_some_and(|(label, _)| label.ends_with("PARAMETERS"));
        let last = self.text.rfind(LAST).filter(|_| is_first);
        match last.map(|last| self.text.split_at(last + LAST.len())) {
            Some((before, text)) if text.contains(BEGIN) => Part {
                text,
                offset: self.offset + before.len(),
            },
            _ => self,
        }
    }

    /// The base64 characters alone: without padding, blanks and line ends, which settings files spell `\n`.
    fn digits(self, blanks: Blanks) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
        // As much room as can be needed: a buffer that grows leaves copies of the key behind.
        let mut digits = Zeroizing::new(Vec::with_capacity(self.text.len()));
        let mut padding = 0;
        let mut characters = self.text.char_indices().peekable();
        while let Some((index, character)) = characters.next() {
            let character = match (character, blanks) {
                (' ', Blanks::Plus) => '+',
                (character, _) => character,
            };
            let escape = character == '\\'
                && characters
                    .next_if(|&(_, next)| matches!(next, 'n' | 'r' | 't'))
                    .is_some();
            if escape || is_blank(character) {
                continue;
            }
            let is_digit = character.is_ascii_alphanumeric() || matches!(character, '+' | '/');
            if is_digit && padding == 0 {
                // It is ASCII.
                digits.push(character as u8);
            } else if character == '=' && padding < 2 {
                padding += 1;
            } else {
                return Err(KeyErrorKind::NotBase64 {
                    offset: self.offset + index,
                });
            }
        }
        Ok(digits)
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{FEFF}' | '\u{200B}')
}

/// Whether somebody gave the name of a key's or a certificate's file for its contents. Their base64 begins with `MI` and has neither
/// `.` nor `\`.
pub(crate) fn looks_like_path(text: &str) -> bool {
    const ROOTS: [&str; 8] = ["/", "./", "../", "~/", "file:", "\\\\", ".\\", "..\\"];
    const EXTENSIONS: [&str; 10] = ["pem", "key", "txt", "der", "crt", "cer", "p8", "pk8", "p12", "pfx"];
    /// Shorter than any key, and longer than names without a dot usually are.
    const SHORT: usize = 128;
    /// Longer than names without a dot or a hyphen usually are.
    const LONG: usize = 64;

    if text.contains(['\n', '\r']) || text.contains("-----") {
        return false;
    }
    let is_drive = matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    let has_extension = || {
        let extension = Path::new(text)
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    };
    let is_short_name = || text.len() < SHORT && text.contains('/') && !begins_as_base64(text);
    // Base64 may hold slashes, also at its beginning.
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if text.len() >= LONG && text.len().is_multiple_of(4) && text.bytes().all(is_base64) {
        return false;
    }
    is_drive || ROOTS.iter().any(|root| text.starts_with(root)) || has_extension() || is_short_name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_at_the_end_may_be_digits_too() {
        // In base64, each `+` of the first is at the end, and each of the second in the middle.
        for der in [
            &b"\x30\x82\x04\x7b\x0f\xbe"[..],
            b"\x30\x82\x04\xfb\xef\xbe\x02\x01\x00",
        ] {
            let base64 = BASE64.encode(der);
            assert!(base64.contains("++"), "{base64}");
            let key = |found: &[u8]| (found == der).then_some(()).ok_or(KeyErrorKind::Unrecognised);
            assert_eq!(read(&base64, key), Ok(()));
            for text in [base64.replace('+', " "), format!("{}\r\n", base64.replace('+', " "))] {
                assert_eq!(read(&text, key), Err(KeyErrorKind::BlanksForPlus), "{text:?}");
            }
        }
    }
}
