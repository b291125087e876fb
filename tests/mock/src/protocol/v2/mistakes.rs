//! The texts that callers of V2 are known to sign by mistake.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::parameters::{Parameter, Parameters};
use crate::diagnosis::{self, Diagnosis, Mistake, SEARCHED};
use crate::keys::{PublicKey, SignType};

/// So many parameters are searched for one that is left out.
const MAX_PARAMETERS: usize = 64;
/// What forms and `encodeURIComponent` leave as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A pair as it is signed.
type Pair<'a> = (&'a str, Cow<'a, [u8]>);

/// Why the signature does not hold.
pub(super) fn diagnosis(parameters: &Parameters, sign_type: SignType, key: &PublicKey) -> Diagnosis {
    let message = parameters.string_to_sign();
    let sign = parameters.get("sign").unwrap_or_default();
    let is_searched = message.len() <= SEARCHED && parameters.list().len() <= MAX_PARAMETERS;
    let mistakes = is_searched.then(|| mistakes(parameters)).into_iter().flatten();
    diagnosis::of(key, sign_type, &message, sign, mistakes)
}

/// The texts of all known mistakes.
fn mistakes(parameters: &Parameters) -> impl Iterator<Item = (Mistake, Vec<u8>)> {
    let sent = || parameters.list().iter().filter(|parameter| parameter.name != "sign");
    let mut sorted: Vec<&Parameter> = sent().filter(|parameter| !parameter.raw.is_empty()).collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut with_empty: Vec<&Parameter> = sent().collect();
    with_empty.sort_by(|a, b| a.name.cmp(&b.name));
    let other = parameters.charset.other();
    let texts = [
        (
            Mistake::Unsorted,
            parameters.joined(sent().filter(|parameter| !parameter.raw.is_empty()).map(plain)),
        ),
        (Mistake::WithEmpty, parameters.joined(with_empty.into_iter().map(plain))),
        (
            Mistake::Encoded,
            parameters.joined(sorted.iter().map(|parameter| {
                let encoded = percent_encode(&parameter.raw, UNRESERVED).to_string();
                (&*parameter.name, Cow::Owned(encoded.into_bytes()))
            })),
        ),
        (
            Mistake::Encoded,
            parameters.joined(sorted.iter().map(|parameter| {
                let encoded: String = form_urlencoded::byte_serialize(&parameter.raw).collect();
                (&*parameter.name, Cow::Owned(encoded.into_bytes()))
            })),
        ),
        (
            Mistake::OtherCharset,
            parameters.joined(
                sorted
                    .iter()
                    .map(|parameter| (&*parameter.name, other.encode(&parameter.text))),
            ),
        ),
        (
            Mistake::LostPluses,
            parameters.joined(sorted.iter().map(|parameter| {
                let mended = parameter.raw.iter().map(|&byte| if byte == b' ' { b'+' } else { byte });
                (&*parameter.name, Cow::Owned(mended.collect()))
            })),
        ),
    ];
    let left_out = sorted.clone().into_iter().map(move |left_out| {
        let rest = sorted
            .iter()
            .copied()
            .filter(|parameter| parameter.name != left_out.name);
        let mistake = match &*left_out.name {
            "sign_type" => Mistake::WithoutSignType,
            name => Mistake::LeftOut(name.to_owned()),
        };
        (mistake, parameters.joined(rest.map(plain)))
    });
    texts.into_iter().chain(left_out)
}

/// As it was sent.
fn plain(parameter: &Parameter) -> Pair<'_> {
    (&parameter.name, Cow::Borrowed(&parameter.raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyPair;

    /// What is found where this was sent, and that was signed.
    fn found(sent: &str, signed: &[u8]) -> Diagnosis {
        let (app, _) = KeyPair::shared(SignType::Rsa2).unwrap();
        let sign = app.sign(SignType::Rsa2, signed).unwrap();
        let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
        let (parameters, problem) = Parameters::read(&format!("{sent}&sign={sign}"), "", b"");
        assert!(problem.is_none());
        diagnosis(&parameters, SignType::Rsa2, &app.public_key())
    }

    #[test]
    fn known_mistakes_are_told() {
        let sent = "subject=%E4%BD%A0%20%2F%261+1&sign_type=RSA2&empty=&charset=utf-8&app_id=1";
        let gbk = b"app_id=1&charset=utf-8&sign_type=RSA2&subject=\xc4\xe3 /&1 1";
        for (mistake, signed) in [
            (
                Mistake::Unsorted,
                "subject=你 /&1 1&sign_type=RSA2&charset=utf-8&app_id=1".as_bytes(),
            ),
            (
                Mistake::WithoutSignType,
                "app_id=1&charset=utf-8&subject=你 /&1 1".as_bytes(),
            ),
            (
                Mistake::WithEmpty,
                "app_id=1&charset=utf-8&empty=&sign_type=RSA2&subject=你 /&1 1".as_bytes(),
            ),
            (
                Mistake::Encoded,
                b"app_id=1&charset=utf-8&sign_type=RSA2&subject=%E4%BD%A0%20%2F%261%201",
            ),
            (
                Mistake::Encoded,
                b"app_id=1&charset=utf-8&sign_type=RSA2&subject=%E4%BD%A0+%2F%261+1",
            ),
            (Mistake::OtherCharset, gbk),
            (
                Mistake::LostPluses,
                "app_id=1&charset=utf-8&sign_type=RSA2&subject=你+/&1+1".as_bytes(),
            ),
            (
                Mistake::LeftOut("app_id".to_owned()),
                "charset=utf-8&sign_type=RSA2&subject=你 /&1 1".as_bytes(),
            ),
        ] {
            assert_eq!(found(sent, signed), Diagnosis::Mistake(mistake, signed.to_vec()));
        }
        assert_eq!(found(sent, b"something else"), Diagnosis::OtherText);
    }

    #[test]
    fn a_large_request_is_not_searched() {
        let large = format!("a={}&b=2", "x".repeat(SEARCHED));
        assert_eq!(found(&large, b"b=2"), Diagnosis::OtherText);
        let many: Vec<_> = (0..=MAX_PARAMETERS).map(|number| format!("a{number}=1")).collect();
        assert_eq!(found(&many.join("&"), b"a=1"), Diagnosis::OtherText);
    }
}
