//! Why what came can't be verified: the likely cause, for a person to mend it. Nothing is accepted for the sake of a better message.

use std::fmt;

use super::parameters::{Unverified, decode, undecoded};
use crate::{
    Error, ErrorKind, error::Sanitized, generated::notification::PARAMETERS, protocol::WRONG_ALIPAY_KEY, sign::Verifier,
};

/// How many signatures are checked to find the cause. Anyone can send something that does not verify: it must not cost much.
const MAX_ATTEMPTS: usize = 16;
/// The largest form whose cause is looked for.
const MAX_FORM: usize = 64 * 1024;
/// How many parameters are named in a message, or suspected one by one.
const MAX_NAMES: usize = 5;

/// Parameters of the protocol, of what comes to `return_url`, of gateway checks and of incoming calls, beside those of notifications.
const OTHER_PARAMETERS: [&str; 12] = [
    "alipay_cert_sn",
    "biz_app_id",
    "invoke_app_id",
    "merchant_app_id",
    "method",
    "msg_method",
    "notify_type",
    "service",
    "sign",
    "sign_type",
    "timestamp",
    "utc_timestamp",
];

/// What is verified, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Notification,
    Return,
    Call,
}

impl Subject {
    /// An error whose message is this subject and what it `does`.
    pub(super) fn error(self, kind: ErrorKind, does: impl fmt::Display) -> Error {
        Error::new(kind, format!("{self} {does}"))
    }

    pub(super) fn malformed(self, does: impl fmt::Display) -> Error {
        self.error(ErrorKind::Malformed, does)
    }

    /// An error whose message is about the subject's signature.
    pub(super) fn unsigned(self, does: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Verification, format!("{self}'s signature {does}"))
    }

    /// There is no runtime to fetch a certificate in.
    pub(super) fn no_runtime(self) -> Error {
        let what = match self {
            Self::Call => "await `receive_call` in one, or use `verify_call`",
            Self::Notification | Self::Return => "await `receive` in one, or use `verify`",
        };
        let message = format!("no tokio runtime runs to fetch a certificate in: {what}");
        Error::new(ErrorKind::Configuration, message)
    }

    /// What to do where the signed text does not show where a value ends.
    pub(super) fn way_out(self) -> &'static str {
        match self {
            Self::Notification | Self::Return => "query the order instead",
            Self::Call => "don't act on it",
        }
    }

    /// What to do where something was changed on the way.
    fn remedy(self) -> &'static str {
        match self {
            Self::Notification => "give the raw body of the POST, as it came, before a framework or a filter reads it",
            Self::Return => "give the query as it stands in the address, without parameters that your return_url had",
            Self::Call => {
                "give the query and the raw body as they came, before a framework or a filter reads them; the address must have no parameters \
                 of its own"
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Notification => "the notification",
            Self::Return => "the return query",
            Self::Call => "the incoming call",
        })
    }
}

/// What something is that is not a form, if it can be recognised.
pub(super) fn of_form(form: &[u8]) -> Option<&'static str> {
    let form = form.trim_ascii_start();
    let begins = |prefix: &[u8]| {
        form.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let holds = |part: &[u8]| memchr::memmem::find(form, part).is_some();
    if begins(b"{") || begins(b"[") {
        Some(
            "is JSON, and a form is wanted: give the raw body of the POST, as it came, before a framework decodes it and writes it as JSON",
        )
    } else if begins(b"--") && holds(b"Content-Disposition") {
        Some(
            "is multipart, and Alipay sends application/x-www-form-urlencoded: give the raw body of the POST, as it came; something on the way has encoded it anew",
        )
    } else if begins(b"<") {
        Some("is XML or HTML, and a form is wanted: Alipay does not send it so")
    } else if begins(b"http://") || begins(b"https://") || begins(b"/") {
        Some("is a whole URL: give what stands behind its `?`")
    } else if !form.contains(&b'=') && holds(b"%3D") {
        Some("is percent-encoded once more than Alipay encodes it: give it as it came")
    } else {
        None
    }
}

/// A message where something names another app than the client's, or none.
pub(super) fn of_apps(subject: impl fmt::Display, claimed: Option<&str>, own: &str) -> Option<String> {
    match claimed {
        Some(claimed) if claimed == own => None,
        Some(claimed) => Some(format!(
            "{subject} is for the app `{}`, but this client is for the app `{own}`: verify it with the client of that app",
            Sanitized(claimed)
        )),
        None => Some(format!(
            "{subject} has no `app_id`, so nothing shows that it is for the app `{own}`: don't act on it"
        )),
    }
}

/// Why the signature of these parameters does not hold. `form` is what came; `has_key` says that there is but one key to verify by.
pub(super) fn of_signature(
    form: &[u8],
    parameters: &Unverified,
    sign: &[u8],
    verifier: &dyn Verifier,
    has_key: bool,
) -> Option<String> {
    let subject = parameters.subject();
    if form.len() > MAX_FORM {
        return forged(subject, has_key);
    }
    let mut attempts = MAX_ATTEMPTS;
    if let Some((name, is_signed)) = parameters.would_hold_by_other_rule(sign, verifier, &mut attempts) {
        let (signed, proven) = if is_signed {
            ("without", "with")
        } else {
            ("with", "without")
        };
        return Some(format!(
            "the signature holds {signed} `sign_type` among what is signed, but Alipay signs a `{}` {proven} it: query what the notification is \
             about, and report it if Alipay sent it",
            Sanitized(&name)
        ));
    }
    let mut holds = |other: &Unverified| other.would_hold(sign, verifier, &mut attempts);
    let remedy = subject.remedy();

    let is_known = |name: &[u8]| is_known(parameters.name(), name);
    let unknown: Vec<&[u8]> = parameters
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !is_known(name))
        .collect();
    if !unknown.is_empty() {
        if holds(&parameters.clone().without(|name| !is_known(name))) {
            return Some(format!(
                "{} not among what Alipay signed; a router or a proxy may have added it: {remedy}",
                are(&unknown)
            ));
        }
        // In a notification without a spec, all unknown parameters but one may be Alipay's.
        for added in unknown.iter().take(MAX_NAMES) {
            if holds(&parameters.clone().without(|name| name == *added)) {
                return Some(format!(
                    "{} not among what Alipay signed; a router or a proxy may have added it: {remedy}",
                    are(&[added])
                ));
            }
        }
    }
    let changed: [(&str, Option<Unverified>); 4] = [
        (
            "values hold HTML's escapes, such as `&quot;`, which a filter in front has made",
            changed(parameters, unescaped),
        ),
        (
            "values are percent-encoded once more than Alipay encodes them",
            changed(parameters, decoded),
        ),
        (
            "values are not percent-encoded, as they must be in a form",
            Unverified::parse_with(form, subject, undecoded).ok(),
        ),
        (
            "the parameter `charset` says GBK, and values are in UTF-8: encode them in the charset that it names",
            if parameters.is_gbk().unwrap_or_default() {
                changed(parameters, as_gbk)
            } else {
                None
            },
        ),
    ];
    for (cause, other) in changed {
        if other.is_some_and(|other| holds(&other)) {
            return Some(format!("{cause}: {remedy}"));
        }
    }
    forged(subject, has_key)
}

fn forged(subject: Subject, has_key: bool) -> Option<String> {
    has_key.then(|| format!("{subject} is forged or was changed on the way, or {WRONG_ALIPAY_KEY}"))
}

/// With values changed by `map`; `None` where none is.
fn changed(parameters: &Unverified, map: fn(&[u8]) -> Option<Vec<u8>>) -> Option<Unverified> {
    let is_of_use = parameters.iter().any(|(_, value)| map(value).is_some());
    is_of_use.then(|| parameters.clone().with_values(map))
}

/// Whether the notification has such a parameter, or any has if it has no spec.
fn is_known(notification: &[u8], name: &[u8]) -> bool {
    let is_in = |names: &[&str]| names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok();
    let place = PARAMETERS.binary_search_by(|(known, _)| known.as_bytes().cmp(notification));
    let own = place.ok().and_then(|place| PARAMETERS.get(place));
    OTHER_PARAMETERS.iter().any(|other| other.as_bytes() == name)
        || own.map_or_else(
            || PARAMETERS.iter().any(|(_, names)| is_in(names)),
            |(_, names)| is_in(names),
        )
}

/// ``the parameter `s` is``.
fn are(names: &[&[u8]]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| format!("`{}`", Sanitized(&String::from_utf8_lossy(name))))
        .collect();
    let more = if names.len() > MAX_NAMES { " and others" } else { "" };
    match quoted.as_slice() {
        [one] => format!("the parameter {one} is"),
        _ => format!("the parameters {}{more} are", quoted.join(", ")),
    }
}

/// Without HTML's escapes; `None` where there are none.
fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    const ESCAPES: [(&str, &str); 8] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let text = std::str::from_utf8(value).ok().filter(|text| text.contains('&'))?;
    let unescaped = ESCAPES
        .iter()
        .fold(text.to_owned(), |text, (escape, meant)| text.replace(escape, meant));
    (unescaped != text).then(|| unescaped.into_bytes())
}

/// Percent-decoded; `None` where that changes nothing.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    if !value.contains(&b'%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(value.len());
    decode(value, &mut bytes);
    (bytes != value).then_some(bytes)
}

/// Text in UTF-8, in GBK; `None` where that is the same or can't be.
#[cfg(feature = "gbk")]
fn as_gbk(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.is_ascii())?;
    let (bytes, _, has_errors) = encoding_rs::GBK.encode(text);
    (!has_errors).then(|| bytes.into_owned())
}

#[cfg(not(feature = "gbk"))]
fn as_gbk(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::sign::{BadSignature, SignType};

    /// Counts how often it is asked.
    #[derive(Debug, Default)]
    struct Never(AtomicUsize);

    impl Verifier for Never {
        fn sign_type(&self) -> SignType {
            SignType::Rsa2
        }

        fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Err(BadSignature)
        }
    }

    #[test]
    fn little_is_tried_for_what_anyone_can_send() {
        let values = "charset=GBK&sign_type=RSA2&alipay_cert_sn=1&body=&subject=%26quot;%25%E4%BD%A0";
        let unknown: Vec<_> = (0..400).map(|number| format!("&x{number}=%2541")).collect();
        let unknown = unknown.concat();
        let small = format!("{values}{unknown}");
        let large = format!("{small}&passback_params={}", "x".repeat(MAX_FORM));
        for (form, limit) in [(small, MAX_ATTEMPTS), (large, 0)] {
            let (form, verifier) = (form.as_bytes(), Never::default());
            let parameters = Unverified::parse(form, Subject::Notification).unwrap();
            let cause = of_signature(form, &parameters, b"", &verifier, true).unwrap();
            assert!(cause.contains(WRONG_ALIPAY_KEY), "{cause}");
            assert_eq!(verifier.0.load(Ordering::SeqCst), limit);
            assert_eq!(of_signature(form, &parameters, b"", &verifier, false), None);
        }
    }
}
