use std::borrow::Cow;

use super::{Subject, diagnosis};
use crate::{
    Error, ErrorKind, charset::Decode, codec::Values, error::Sanitized, generated::notification::SIGNS_SIGN_TYPE,
    protocol::ambiguity, sign::Verifier,
};

/// Alipay sends no larger body.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The largest known notification has some forty.
const MAX_PARAMETERS: usize = 512;

/// Parameters whose signature nobody has checked yet: bytes, in the charset of the wire.
#[derive(Clone)]
pub(super) struct Unverified {
    subject: Subject,
    /// All names and values, decoded.
    bytes: Vec<u8>,
    /// In the byte order of the names, which is the order in which the signed text has them.
    parameters: Vec<Parameter>,
}

/// Verified parameters, without `sign` and `sign_type`.
#[derive(Clone)]
pub(super) struct VerifiedParameters {
    /// All names and values.
    text: String,
    parameters: Vec<Parameter>,
}

/// Which parameters name the kind of a notification. A message may name one in `notify_type` as well.
const NAMED_BY: [&str; 3] = ["msg_method", "notify_type", "service"];

/// Which parameters are signed. Whether `sign_type` is, is a fact of each notification; some senders leave empty values out; and whether the
/// certificate's serial is signed, Alipay's own libraries and others disagree.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Rule {
    sign_type: bool,
    empty: bool,
    alipay_cert_sn: bool,
}

/// Where a name and its value are.
#[derive(Clone, Copy)]
struct Parameter {
    name: Place,
    value: Place,
}

/// A part of a buffer.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: usize,
    end: usize,
}

/// A body without what belongs to the address, or to whatever has passed it on: a form encodes a `?` and a line end.
pub(super) fn form_of(body: &[u8]) -> &[u8] {
    let mut form = body.strip_prefix(b"?").unwrap_or(body);
    while let [before @ .., b'\r' | b'\n'] = form {
        form = before;
    }
    form
}

impl Unverified {
    /// Takes a form apart.
    pub(super) fn parse(form: &[u8], subject: Subject) -> Result<Self, Error> {
        Self::parse_with(form, subject, decode)
    }

    /// Takes a form apart whose values are encoded as `decode` undoes it.
    pub(super) fn parse_with(
        form: &[u8],
        subject: Subject,
        decode: fn(&[u8], &mut Vec<u8>) -> Place,
    ) -> Result<Self, Error> {
        let malformed = |message: &str| subject.malformed(message);
        let no_form = |message: &str| subject.malformed(diagnosis::of_form(form).unwrap_or(message));
        if form.len() > MAX_BODY {
            return Err(malformed("is larger than 1 MiB"));
        }
        let mut bytes = Vec::with_capacity(form.len());
        let mut parameters = Vec::with_capacity(32);
        let mut rest = form;
        while !rest.is_empty() {
            let (pair, after) = cut(rest, b'&').unwrap_or((rest, &[]));
            rest = after;
            if pair.is_empty() {
                continue;
            }
            let (name, value) = cut(pair, b'=').ok_or_else(|| {
                no_form("is not a form: one of the parameters has no `=` (give the body as it came, before anything decodes it)")
            })?;
            let parameter = Parameter {
                name: decode(name, &mut bytes),
                value: decode(value, &mut bytes),
            };
            // What the values hold is checked once the signature holds.
            if !ambiguity::is_name(parameter.name.of(&bytes)) {
                return Err(no_form(
                    "is not a form of Alipay's: the name of a parameter has other characters than letters, digits, `_`, `-` and `.`",
                ));
            }
            parameters.push(parameter);
            if parameters.len() > MAX_PARAMETERS {
                return Err(malformed("has more than 512 parameters"));
            }
        }
        if parameters.is_empty() {
            return Err(malformed(
                "is empty: something has read the body before and did not pass it on",
            ));
        }
        parameters.sort_unstable_by(|one, other| one.name.of(&bytes).cmp(other.name.of(&bytes)));
        let is_same = |pair: &[Parameter]| pair[0].name.of(&bytes) == pair[1].name.of(&bytes);
        if let Some(pair) = parameters.windows(2).find(|pair| is_same(pair)) {
            // One of the two may be signed and the other one read.
            let name = String::from_utf8_lossy(pair[0].name.of(&bytes));
            return Err(malformed(&format!("has the parameter `{}` twice", Sanitized(&name))));
        }
        Ok(Self {
            subject,
            bytes,
            parameters,
        })
    }

    /// The parameters that are signed, by the first rule for which the signature holds; all of them, as an error, where it holds for none.
    pub(super) fn signed(mut self, sign: &[u8], verifier: &dyn Verifier) -> Result<Self, Self> {
        let holds = |rule: &Rule| verifier.verify(&self.string_to_sign(*rule), sign).is_ok();
        let Some(rule) = self.rules().find(holds) else {
            return Err(self);
        };
        // Anyone may have added what is not signed.
        let bytes = &self.bytes;
        self.parameters.retain(|parameter| {
            let is_signature = is_signature(parameter.name.of(bytes));
            is_signature || rule.signs(parameter.name.of(bytes), parameter.value.of(bytes))
        });
        Ok(self)
    }

    /// Whether a signature would hold for them by a rule that they may be signed by. Each attempt takes one from `attempts`.
    pub(super) fn would_hold(&self, sign: &[u8], verifier: &dyn Verifier, attempts: &mut usize) -> bool {
        let mut rules = self.rules();
        rules.any(|rule| self.holds_by(rule, sign, verifier, attempts))
    }

    /// Where the signature holds by a rule that they can't be signed by: the notification's name, and whether `sign_type` should be signed. Each
    /// attempt takes one from `attempts`.
    pub(super) fn would_hold_by_other_rule(
        &self,
        sign: &[u8],
        verifier: &dyn Verifier,
        attempts: &mut usize,
    ) -> Option<(String, bool)> {
        let proven = self.signs_sign_type()?;
        let mut others = Rule::ALL
            .into_iter()
            .filter(|rule| rule.sign_type != proven && rule.is_of_use(self));
        let holds = others.any(|rule| self.holds_by(rule, sign, verifier, attempts));
        holds.then(|| (String::from_utf8_lossy(self.name()).into_owned(), proven))
    }

    fn holds_by(&self, rule: Rule, sign: &[u8], verifier: &dyn Verifier, attempts: &mut usize) -> bool {
        let may_try = *attempts > 0;
        *attempts = attempts.saturating_sub(1);
        may_try && verifier.verify(&self.string_to_sign(rule), sign).is_ok()
    }

    /// The rules by which these parameters may be signed, the likeliest first.
    fn rules(&self) -> impl Iterator<Item = Rule> {
        let proven = self.signs_sign_type();
        let is_call = self.subject == Subject::Call;
        let may_be = move |rule: &Rule| {
            proven.is_none_or(|proven| rule.sign_type == proven) && (!is_call || *rule == Rule::OF_CALLS)
        };
        Rule::ALL.into_iter().filter(may_be).filter(|rule| rule.is_of_use(self))
    }

    /// Whether `sign_type` is signed, where that is proven. Whoever changes the name to have another rule tried changes what is signed.
    fn signs_sign_type(&self) -> Option<bool> {
        let place = SIGNS_SIGN_TYPE.binary_search_by(|(name, _)| name.as_bytes().cmp(self.name()));
        SIGNS_SIGN_TYPE.get(place.ok()?).map(|(_, is_signed)| *is_signed)
    }

    /// Whether they have what each call that Alipay makes has, and nothing that only a notification has. Messages have a `utc_timestamp` too;
    /// what comes to `return_url` has a `method`.
    pub(super) fn is_call(&self) -> bool {
        let is_given = |name: &str| self.get(name).is_some_and(|value| !value.is_empty());
        let is_notification = ["msg_method", "notify_type", "notify_id"].into_iter().any(is_given);
        is_given("method") && is_given("utc_timestamp") && !is_notification
    }

    /// Which kind of notification it says that it is; empty where it does not.
    pub(super) fn name(&self) -> &[u8] {
        let names = NAMED_BY.into_iter().filter(|_| self.subject == Subject::Notification);
        let mut names = names.filter_map(|name| self.get(name));
        names.find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The same without these parameters.
    pub(super) fn without(mut self, is_left_out: impl Fn(&[u8]) -> bool) -> Self {
        let bytes = &self.bytes;
        self.parameters
            .retain(|parameter| !is_left_out(parameter.name.of(bytes)));
        self
    }

    /// The same with other values; `None` keeps one.
    pub(super) fn with_values(mut self, map: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        for parameter in &mut self.parameters {
            if let Some(value) = map(parameter.value.of(&self.bytes)) {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(&value);
                let end = self.bytes.len();
                parameter.value = Place { start, end };
            }
        }
        self
    }

    /// What they are the parameters of.
    pub(super) fn subject(&self) -> Subject {
        self.subject
    }

    /// The signature's base64; empty counts as none.
    pub(super) fn sign(&self) -> Option<Cow<'_, [u8]>> {
        let sign = self.get("sign").filter(|sign| !sign.is_empty())?;
        if !sign.contains(&b' ') {
            return Some(Cow::Borrowed(sign));
        }
        // Some senders forget to encode `+`. In the signature alone, a blank can only be that.
        let plus = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
        Some(sign.iter().map(plus).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(parameter, _)| *parameter == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// Whether the parameters name GBK as their charset, and not UTF-8.
    pub(super) fn is_gbk(&self) -> Result<bool, Error> {
        let charset = self.get("charset").unwrap_or_default();
        names_gbk(charset).ok_or_else(|| self.subject.malformed("has a `charset` other than utf-8 and GBK"))
    }

    /// As text, by the charset that the parameters name themselves; `gbk` decodes GBK.
    pub(super) fn decode(mut self, gbk: Option<Decode>) -> Result<VerifiedParameters, Error> {
        // What is in both charsets the same needs no decoder.
        let is_gbk = self.is_gbk()? && !self.bytes.is_ascii();
        let bytes = &self.bytes;
        self.parameters
            .retain(|parameter| !is_signature(parameter.name.of(bytes)));
        if is_gbk {
            return self.decode_gbk(gbk);
        }
        let subject = self.subject;
        let undecodable = || subject.malformed("is not in UTF-8, which its `charset` says");
        let text = String::from_utf8(self.bytes).map_err(|_| undecodable())?;
        // All values together may be valid UTF-8 where one of them is not.
        let is_text = |place: Place| text.get(place.start..place.end).is_some();
        let parameters = self.parameters;
        let are_texts = parameters
            .iter()
            .all(|parameter| is_text(parameter.name) && is_text(parameter.value));
        are_texts
            .then_some(VerifiedParameters { text, parameters })
            .ok_or_else(undecodable)
    }

    fn decode_gbk(&self, decode: Option<Decode>) -> Result<VerifiedParameters, Error> {
        let Some(decode) = decode else {
            let message = "is in GBK, and this program was built without GBK: add the feature `gbk` of alipay-api";
            return Err(self.subject.error(ErrorKind::Configuration, message).verified());
        };
        let mut decoded = VerifiedParameters::empty();
        for (name, value) in self.iter() {
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => decoded.push(&name, &value),
                _ => return Err(self.subject.malformed("is not in GBK, which its `charset` says")),
            }
        }
        Ok(decoded)
    }

    fn string_to_sign(&self, rule: Rule) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.bytes.len() + 2 * self.parameters.len());
        for (name, value) in self.iter().filter(|(name, value)| rule.signs(name, value)) {
            if !text.is_empty() {
                text.push(b'&');
            }
            text.extend_from_slice(name);
            text.push(b'=');
            text.extend_from_slice(value);
        }
        text
    }

    /// Names and values, in the byte order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let of = |place: Place| place.of(&self.bytes);
        self.parameters
            .iter()
            .map(move |parameter| (of(parameter.name), of(parameter.value)))
    }
}

impl Rule {
    /// The likeliest first.
    const ALL: [Self; 8] = [
        Self::new(false, true, true),
        Self::new(true, true, true),
        Self::new(false, false, true),
        Self::new(true, false, true),
        Self::new(false, true, false),
        Self::new(true, true, false),
        Self::new(false, false, false),
        Self::new(true, false, false),
    ];

    /// All but `sign` and `sign_type`: the `rsaCheckV1` of Alipay's SDK, by which the program in its guide to SPI verifies them
    /// (opendocs.alipay.com/isv/spiforisv).
    const OF_CALLS: Self = Self::new(false, true, true);

    const fn new(sign_type: bool, empty: bool, alipay_cert_sn: bool) -> Self {
        Self {
            sign_type,
            empty,
            alipay_cert_sn,
        }
    }

    /// Whether it differs from the likelier ones for these parameters.
    fn is_of_use(self, parameters: &Unverified) -> bool {
        (!self.sign_type || parameters.get("sign_type").is_some())
            && (self.empty || parameters.iter().any(|(_, value)| value.is_empty()))
            && (self.alipay_cert_sn || parameters.get("alipay_cert_sn").is_some())
    }

    fn signs(self, name: &[u8], value: &[u8]) -> bool {
        match name {
            b"sign" => false,
            b"sign_type" => self.sign_type,
            b"alipay_cert_sn" if !self.alipay_cert_sn => false,
            _ => self.empty || !value.is_empty(),
        }
    }
}

impl VerifiedParameters {
    fn empty() -> Self {
        Self {
            text: String::new(),
            parameters: Vec::new(),
        }
    }

    /// The members of a verified JSON object.
    pub(super) fn of_members(members: &Values<'_>) -> Self {
        let mut parameters = Self::empty();
        for (name, value) in members.iter() {
            // What is not valid text, such as half an emoji, is given as it came.
            let text = value.text().unwrap_or(Some(Cow::Borrowed(value.as_raw())));
            parameters.push(name, &text.unwrap_or_default());
        }
        parameters
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(parameter, _)| *parameter == name)
            .map(|(_, value)| value)
    }

    /// Whether they name GBK as the charset that they came in.
    pub(super) fn is_gbk(&self) -> bool {
        names_gbk(self.get("charset").unwrap_or_default().as_bytes()) == Some(true)
    }

    /// The same with another value of this parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = Self::empty();
        for (other, before) in self.iter() {
            changed.push(other, if other == name { value } else { before });
        }
        changed
    }

    /// Which kind of notification it is; empty where it does not say.
    pub(super) fn name(&self) -> &str {
        let mut names = NAMED_BY.into_iter().filter_map(|name| self.get(name));
        names.find(|name| !name.is_empty()).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let of = |place: Place| self.text.get(place.start..place.end).unwrap_or_default();
        self.parameters
            .iter()
            .map(move |parameter| (of(parameter.name), of(parameter.value)))
    }

    /// As values, to read an object from.
    pub(super) fn values(&self) -> Values<'_> {
        Values::texts(self.iter())
    }

    fn push(&mut self, name: &str, value: &str) {
        let mut append = |part: &str| {
            let start = self.text.len();
            self.text.push_str(part);
            Place {
                start,
                end: self.text.len(),
            }
        };
        let parameter = Parameter {
            name: append(name),
            value: append(value),
        };
        self.parameters.push(parameter);
    }
}

impl PartialEq for VerifiedParameters {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for VerifiedParameters {}

impl Place {
    fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Whether the charset of this name is GBK, and not UTF-8; `None` for another.
fn names_gbk(charset: &[u8]) -> Option<bool> {
    match charset.to_ascii_lowercase().as_slice() {
        b"utf-8" | b"utf8" | b"" => Some(false),
        b"gbk" | b"gb2312" | b"gb18030" => Some(true),
        _ => None,
    }
}

fn is_signature(name: &[u8]) -> bool {
    name == b"sign" || name == b"sign_type"
}

/// What is before the first of these bytes, and what is after it.
fn cut(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = memchr::memchr(at, bytes)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

/// Appends it as it is.
pub(super) fn undecoded(encoded: &[u8], bytes: &mut Vec<u8>) -> Place {
    let start = bytes.len();
    bytes.extend_from_slice(encoded);
    Place {
        start,
        end: bytes.len(),
    }
}

/// Appends it percent-decoded once; `+` is a space.
pub(super) fn decode(encoded: &[u8], bytes: &mut Vec<u8>) -> Place {
    let start = bytes.len();
    let mut rest = encoded;
    while let [first, others @ ..] = rest {
        let escaped = match (first, others) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        rest = match (first, escaped) {
            (_, Some((high, low))) => {
                bytes.push(high << 4 | low);
                &others[2..]
            }
            (b'+', _) => {
                bytes.push(b' ');
                others
            }
            // A `%` without two digits stands for itself.
            _ => {
                let plain = memchr::memchr2(b'+', b'%', others).map_or(rest.len(), |place| place + 1);
                bytes.extend_from_slice(&rest[..plain]);
                &rest[plain..]
            }
        };
    }
    Place {
        start,
        end: bytes.len(),
    }
}

/// What a hexadecimal digit stands for.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::GBK;

    fn decoded(form: &[u8], gbk: Option<Decode>) -> Result<String, Error> {
        let parameters = Unverified::parse(form, Subject::Notification)?.decode(gbk)?;
        Ok(parameters.get("subject").unwrap_or_default().to_owned())
    }

    #[test]
    fn gbk_is_read_where_the_feature_is_there() {
        const FORM: &[u8] = b"charset=GBK&subject=%C4%E3%BA%C3";
        assert_eq!(decoded(FORM, GBK).unwrap(), "你好");
        assert_eq!(
            decoded(b"charset=GBK&subject=%FF", GBK).unwrap_err().kind(),
            ErrorKind::Malformed
        );
        let error = decoded(FORM, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("the feature `gbk`"), "{error}");
        // Nothing in it differs from UTF-8.
        assert_eq!(decoded(b"charset=GBK&subject=hello", None).unwrap(), "hello");
    }
}
