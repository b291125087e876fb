//! Why a signature does not hold, as far as it can be told.
//!
//! A signature of RSA says by itself whether it was made with the private key of a public key, and the digest of what was signed. So the texts that callers
//! are known to sign by mistake can be compared with it, one digest each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::keys::{Opened, PublicKey, SignType};

/// A longer text is not searched for mistakes: whoever calls must not be able to keep the gateway busy.
pub(crate) const SEARCHED: usize = 16 << 10;
/// So many mistakes are looked for, at the price of a digest each.
const BY_DIGEST: usize = 96;
/// The same at the price of a verification each.
const BY_VERIFICATION: usize = 16;

/// What is known of a signature that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// It is not base64.
    NotBase64,
    /// It holds once the blanks in it are the `+` that they were: it was not percent-encoded.
    LostPluses,
    /// Another private key has made it than the app's.
    OtherKey,
    /// It is over the right text, but by this algorithm.
    OtherAlgorithm(SignType),
    /// It is over this text, which somebody signs who makes this mistake.
    Mistake(Mistake, Vec<u8>),
    /// The app's private key has made it, over another text, which can't be told.
    OtherText,
    /// Nothing can be told.
    Unknown,
}

/// What callers are known to do wrong when they put the text together that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// The parameters are in the order in which they were sent.
    Unsorted,
    /// `sign_type` is left out, as it is of notifications.
    WithoutSignType,
    /// Empty parameters are in it.
    WithEmpty,
    /// Values are percent-encoded.
    Encoded,
    /// The text is in another charset than the parameters were sent in.
    OtherCharset,
    /// `+` was signed that came as blanks: it was not percent-encoded.
    LostPluses,
    /// This parameter was added, or changed, after the rest was signed, or left out of it.
    LeftOut(String),
    /// The merchant's token is left out.
    WithoutToken,
    /// The query is left out of the path.
    WithoutQuery,
    /// The line end behind the last line is left out.
    WithoutLastLineEnd,
}

/// Compares a signature over something else than `message` with the texts of mistakes.
pub(crate) fn of(
    key: &PublicKey,
    sign_type: SignType,
    message: &[u8],
    sign: &str,
    candidates: impl Iterator<Item = (Mistake, Vec<u8>)>,
) -> Diagnosis {
    let Ok(signature) = STANDARD.decode(sign) else {
        let mended = STANDARD.decode(sign.replace(' ', "+"));
        let holds = mended.is_ok_and(|signature| key.verify_bytes(sign_type, message, &signature));
        return if holds {
            Diagnosis::LostPluses
        } else {
            Diagnosis::NotBase64
        };
    };
    let opened = key.open(&signature);
    if opened == Opened::Foreign {
        return Diagnosis::OtherKey;
    }
    let is_of = |text: &[u8]| match &opened {
        Opened::Digest(algorithm, digest) => algorithm.digest(text).as_ref() == Some(digest),
        Opened::Foreign | Opened::Unknown => key.verify_bytes(sign_type, text, &signature),
    };
    if let Opened::Digest(algorithm, _) = &opened
        && is_of(message)
    {
        return Diagnosis::OtherAlgorithm(*algorithm);
    }
    let limit = match opened {
        Opened::Unknown => BY_VERIFICATION,
        Opened::Digest(..) | Opened::Foreign => BY_DIGEST,
    };
    let mut candidates = candidates.take(limit).filter(|(_, text)| text.as_slice() != message);
    match candidates.find(|(_, text)| is_of(text)) {
        Some((mistake, text)) => Diagnosis::Mistake(mistake, text),
        None if opened == Opened::Unknown => Diagnosis::Unknown,
        None => Diagnosis::OtherText,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyPair;

    fn found(pair: &KeyPair, sign_type: SignType, signed: &[u8]) -> Diagnosis {
        let sign = pair.sign(sign_type, signed).unwrap();
        let (app, _) = KeyPair::shared(SignType::Rsa2).unwrap();
        let candidates = [(Mistake::Unsorted, b"b=2&a=1".to_vec())];
        of(
            &app.public_key(),
            SignType::Rsa2,
            b"a=1&b=2",
            &sign,
            candidates.into_iter(),
        )
    }

    #[test]
    fn a_signature_tells_its_key_and_its_text() {
        let (app, alipay) = KeyPair::shared(SignType::Rsa2).unwrap();
        assert_eq!(found(&alipay, SignType::Rsa2, b"a=1&b=2"), Diagnosis::OtherKey);
        let mistake = Diagnosis::Mistake(Mistake::Unsorted, b"b=2&a=1".to_vec());
        assert_eq!(found(&app, SignType::Rsa2, b"b=2&a=1"), mistake);
        assert_eq!(found(&app, SignType::Rsa, b"b=2&a=1"), mistake);
        assert_eq!(
            found(&app, SignType::Rsa, b"a=1&b=2"),
            Diagnosis::OtherAlgorithm(SignType::Rsa)
        );
        assert_eq!(found(&app, SignType::Rsa2, b"a=1"), Diagnosis::OtherText);
    }

    #[test]
    fn what_is_no_signature_is_told() {
        let (app, _) = KeyPair::shared(SignType::Rsa2).unwrap();
        let of = |sign: &str| {
            let none = std::iter::empty();
            super::of(&app.public_key(), SignType::Rsa2, b"a=1", sign, none)
        };
        assert_eq!(of("%%%"), Diagnosis::NotBase64);
        for other in [
            "",
            "AAAA",
            &STANDARD.encode([255; 256]),
            &STANDARD.encode([0; 256]),
            &STANDARD.encode([1; 600]),
        ] {
            assert_eq!(of(other), Diagnosis::OtherKey, "{other}");
        }
        // A signature with a `+` in it: one in four hundred has none.
        let signs = (0..).map(|number| {
            let message = format!("a={number}");
            let sign = app.sign(SignType::Rsa2, message.as_bytes()).unwrap();
            (message, sign)
        });
        let (message, sign) = signs.into_iter().find(|(_, sign)| sign.contains('+')).unwrap();
        let lost = sign.replace('+', " ");
        let found = super::of(
            &app.public_key(),
            SignType::Rsa2,
            message.as_bytes(),
            &lost,
            std::iter::empty(),
        );
        assert_eq!(found, Diagnosis::LostPluses);
    }

    #[test]
    fn keys_that_tell_no_digest_are_asked_text_by_text() {
        let pair = KeyPair::generate_for(SignType::Sm2).unwrap();
        let candidates = || [(Mistake::Unsorted, b"b=2&a=1".to_vec())].into_iter();
        let of = |signed: &[u8]| {
            let sign = pair.sign(SignType::Sm2, signed).unwrap();
            super::of(&pair.public_key(), SignType::Sm2, b"a=1&b=2", &sign, candidates())
        };
        assert_eq!(
            of(b"b=2&a=1"),
            Diagnosis::Mistake(Mistake::Unsorted, b"b=2&a=1".to_vec())
        );
        assert_eq!(of(b"c=3"), Diagnosis::Unknown);
    }
}
