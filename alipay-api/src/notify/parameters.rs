use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::{
    sign::Verifier,
    wire::{DecodeError, Members, Object, Value, fill_text},
};

/// A larger body is no notification.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// The largest known notification has some forty.
const MAX_PARAMETERS: usize = 512;

/// Name and value.
type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Parameters whose signature nobody has checked yet: bytes, in the charset of the wire.
pub(super) struct Unverified<'a> {
    parameters: Vec<Pair<'a>>,
}

/// Verified parameters, without `sign` and `sign_type`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Parameters {
    parameters: Vec<(String, String)>,
}

impl<'a> Unverified<'a> {
    /// Takes a form apart.
    pub(super) fn parse(form: &'a [u8]) -> Result<Self, String> {
        if form.len() > MAX_BODY {
            return Err(format!("it is larger than {} KiB", MAX_BODY >> 10));
        }
        let mut parameters = Vec::with_capacity(32);
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair
                .iter()
                .position(|byte| *byte == b'=')
                .ok_or("it is no form: a parameter has no value")?;
            let name = decoded(&pair[..at]);
            // Else a name could hold the `=` and `&` that the signed text puts between parameters.
            if name.is_empty()
                || !name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte))
            {
                return Err("a parameter's name is not a word".to_owned());
            }
            parameters.push((name, decoded(&pair[at + 1..])));
            if parameters.len() > MAX_PARAMETERS {
                return Err(format!("it has more than {MAX_PARAMETERS} parameters"));
            }
        }
        if parameters.is_empty() {
            return Err("it is empty".to_owned());
        }
        // The order in which the signed text has them.
        parameters.sort_by(|(one, _), (other, _)| one.cmp(other));
        if parameters.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            // Which of the two was signed, and which would be read?
            return Err("it names a parameter twice".to_owned());
        }
        Ok(Self { parameters })
    }

    /// What the signature holds over, of all that it may have been made over.
    pub(super) fn signed(mut self, sign: &[u8], verifier: &dyn Verifier) -> Option<Self> {
        let has_empty = self.parameters.iter().any(|(_, value)| value.is_empty());
        // Payment notifications leave `sign_type` out of what is signed, messages don't; some senders leave empty values out.
        let (_, without_empty) = [(false, false), (true, false), (false, true), (true, true)]
            .into_iter()
            .filter(|(with_sign_type, without_empty)| {
                (!without_empty || has_empty) && (!with_sign_type || self.get("sign_type").is_some())
            })
            .find(|(with_sign_type, without_empty)| {
                let text = self.string_to_sign(*with_sign_type, *without_empty);
                verifier.verify(&text, sign).is_ok()
            })?;
        if without_empty {
            // Nobody signed these: anyone may have added them.
            self.parameters.retain(|(_, value)| !value.is_empty());
        }
        Some(self)
    }

    /// The signature's base64; empty counts as none.
    pub(super) fn sign(&self) -> Option<Vec<u8>> {
        let sign = self.get("sign").filter(|sign| !sign.is_empty())?;
        // Senders that forget to encode `+` are forgiven here and only here.
        Some(
            sign.iter()
                .map(|byte| if *byte == b' ' { b'+' } else { *byte })
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.parameters
            .iter()
            .find(|(parameter, _)| **parameter == *name.as_bytes())
            .map(|(_, value)| &**value)
    }

    /// As text, by the charset that the parameters name themselves.
    pub(super) fn decode(self) -> Result<Parameters, String> {
        let charset = self.get("charset").unwrap_or(b"utf-8");
        let encoding = match charset.to_ascii_lowercase().as_slice() {
            b"utf-8" | b"utf8" | b"" => encoding_rs::UTF_8,
            b"gbk" | b"gb2312" | b"gb18030" => encoding_rs::GB18030,
            _ => return Err("it names a charset other than utf-8 and GBK".to_owned()),
        };
        let text = |bytes: &[u8]| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
            text.map(Cow::into_owned)
                .ok_or_else(|| format!("it is not in {}, the charset that it names", encoding.name()))
        };
        let parameters = self.parameters.iter().filter(|(name, _)| !is_signature(name));
        let parameters = parameters.map(|(name, value)| Ok::<_, String>((text(name)?, text(value)?)));
        Ok(Parameters {
            parameters: parameters.collect::<Result<_, _>>()?,
        })
    }

    fn string_to_sign(&self, with_sign_type: bool, without_empty: bool) -> Vec<u8> {
        let mut text = Vec::new();
        for (name, value) in &self.parameters {
            let left_out = **name == *b"sign" || (**name == *b"sign_type" && !with_sign_type);
            if left_out || (without_empty && value.is_empty()) {
                continue;
            }
            if !text.is_empty() {
                text.push(b'&');
            }
            text.extend_from_slice(name);
            text.push(b'=');
            text.extend_from_slice(value);
        }
        text
    }
}

impl Parameters {
    /// The members of a verified JSON object.
    pub(super) fn of_members(members: &Members<'_>) -> Result<Self, DecodeError> {
        let text = |json: &str| Ok(Value::parse(json)?.text()?.unwrap_or_default().into_owned());
        let parameters = members
            .iter()
            .map(|(name, json)| Ok((name.to_string(), text(json.get())?)));
        Ok(Self {
            parameters: parameters.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(parameter, _)| *parameter == name)
            .map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads them into an object.
    pub(super) fn fill(&self, object: &mut dyn Object) -> Result<(), DecodeError> {
        for (name, value) in self.iter() {
            fill_text(object, name, value)?;
        }
        Ok(())
    }
}

fn is_signature(name: &[u8]) -> bool {
    name == b"sign" || name == b"sign_type"
}

/// Percent-decoded once; `+` is a space.
fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'+') {
        let spaced: Vec<u8> = bytes
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect();
        return Cow::Owned(percent_decode(&spaced).collect());
    }
    percent_decode(bytes).into()
}
