//! What a request says, whatever protocol it goes by.

use std::{any::Any, borrow::Cow, fmt, fmt::Write as _, time::SystemTime};

use serde_json::Value;

use super::{ambiguity, negative_amount::NegativeAmount};
use crate::{
    cert::Certificates,
    codec::{DecodeError, Field, JsonWriter, MissingFields, Object, Values, View, from_json, to_text},
    encryption::Ciphertext,
    error::Sanitized,
    method::{MethodInfo, Retry, V3},
    random::RandomSource,
    sign::SignType,
    types::{DateTime, File, FileError, FileErrorKind, ParseTimeError, Secret},
};

/// A request's fields, sorted by what they are. The protocol gives each its place.
#[derive(Debug, Default)]
pub(crate) struct RequestContent {
    /// The method's name.
    pub(crate) method: Cow<'static, str>,
    /// The business fields as one JSON object; empty where there are none.
    pub(crate) content: Secret,
    /// Parameters of their own.
    pub(crate) top_level: Vec<Parameter>,
    /// Multipart files.
    pub(crate) files: Vec<(Cow<'static, str>, File)>,
    /// What the answer repeats, by the names of the fields.
    pub(crate) asked: Vec<(&'static str, String)>,
    /// The method's place in V3.
    pub(crate) rest: Rest,
}

/// A field that is a parameter of its own in V2.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Cow<'static, str>,
    pub(crate) text: Secret,
    /// Whether the text is the JSON of an object or a list, which V3 has as such.
    pub(crate) is_json: bool,
}

/// A method's place in V3.
#[derive(Debug, Default)]
pub(crate) enum Rest {
    /// The method has none, or none is known.
    #[default]
    None,
    /// By its spec.
    Method(V3),
    /// As the caller gives it: the content is the body.
    Raw {
        verb: http::Method,
        /// Path and query, encoded.
        target: String,
    },
}

/// Why a request can't be sent as it is.
#[derive(Clone, Debug)]
pub(crate) enum InvalidRequest {
    Missing(MissingFields),
    Ambiguous(Ambiguous),
    Negative(NegativeAmount),
    File(FileError),
    /// The method is called in another way.
    WrongKind(&'static str),
}

/// A field would come back in a notification that is refused as ambiguous.
#[derive(Clone, Debug)]
pub(crate) struct Ambiguous {
    field: String,
    hidden: String,
}

/// What a caller sets beside the business fields.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) app_auth_token: Option<Secret>,
    pub(crate) auth_token: Option<Secret>,
    /// What is [confidential](super::WireProtocol::confidential) of the request, where the call is encrypted: it goes in place of the plain text.
    pub(crate) ciphertext: Option<Ciphertext>,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Merchants put keys of their own into the query.
        let without_query = |url: &Option<String>| {
            let url = url.as_deref()?;
            Some(
                url.split_once('?')
                    .map_or_else(|| url.to_owned(), |(path, _)| format!("{path}?…")),
            )
        };
        formatter
            .debug_struct("Options")
            .field("notify_url", &without_query(&self.notify_url))
            .field("return_url", &without_query(&self.return_url))
            .field("app_auth_token", &self.app_auth_token)
            .field("auth_token", &self.auth_token)
            .field("ciphertext", &self.ciphertext)
            .finish()
    }
}

/// What is the same for every request of a client.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) sign_type: SignType,
    /// In certificate mode.
    pub(crate) certificates: Option<&'a Certificates>,
    pub(crate) timestamp: &'a Timestamp,
    /// The gateway's address.
    pub(crate) gateway: &'a str,
    /// For what must not occur in the content by chance.
    pub(crate) random: &'a dyn RandomSource,
}

/// When a request is made.
pub(crate) struct Timestamp {
    beijing: String,
    milliseconds: u128,
}

impl Timestamp {
    pub(crate) fn new(time: SystemTime) -> Result<Self, ParseTimeError> {
        let mut beijing = String::with_capacity("yyyy-MM-dd HH:mm:ss".len());
        // Writing into memory does not fail.
        let _ = write!(beijing, "{}", DateTime::try_from(time)?);
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            beijing,
            milliseconds: since_epoch.as_millis(),
        })
    }

    /// Beijing time, `yyyy-MM-dd HH:mm:ss`.
    pub(crate) fn beijing(&self) -> &str {
        &self.beijing
    }

    /// Milliseconds since 1970.
    pub(crate) fn milliseconds(&self) -> u128 {
        self.milliseconds
    }
}

impl RequestContent {
    /// Sorts a request's fields by where they go.
    pub(crate) fn new(request: &dyn Object, info: &MethodInfo) -> Result<Self, InvalidRequest> {
        let is_notified = info.retry != Retry::Read;
        let mut top_level = Vec::new();
        let mut files = Vec::new();
        let mut asked = Vec::new();
        // Most requests are shorter.
        let mut out = JsonWriter::with_capacity(512);
        out.begin_object();
        let fields = request.fields();
        for (name, value) in fields.given() {
            NegativeAmount::check(name, value).map_err(InvalidRequest::Negative)?;
            if info.answer.echoes.contains(&name) {
                asked.push((name, to_text(value).map_err(InvalidRequest::Missing)?));
            }
            if let Some(text) = text(value).filter(|_| is_notified) {
                Ambiguous::check(name, text).map_err(InvalidRequest::Ambiguous)?;
            }
            if info.files.contains(&name) {
                if let Some(file) = file(value) {
                    info.check_file(name, file).map_err(InvalidRequest::File)?;
                    files.push((Cow::Borrowed(name), file.clone()));
                }
            } else if info.top_level.contains(&name) {
                top_level.push(Parameter {
                    name: Cow::Borrowed(name),
                    text: to_text(value)?.into(),
                    is_json: is_composite(value),
                });
            } else {
                out.name(name);
                value.encode(&mut out);
            }
        }
        for (name, json) in fields.extra().iter().filter(|_| is_notified) {
            if let Ok(Some(text)) = from_json::<String>(json) {
                Ambiguous::check(name, &text).map_err(InvalidRequest::Ambiguous)?;
            }
        }
        for (name, value) in info.implied {
            if fields.is_given(name) {
                continue;
            }
            if info.top_level.contains(name) {
                top_level.push(Parameter {
                    name: Cow::Borrowed(*name),
                    text: (*value).into(),
                    is_json: false,
                });
            } else {
                out.name(name);
                out.string(value);
            }
        }
        out.end_object(&fields, info.implied);
        let content = out.finish()?;
        let content = if content == "{}" {
            Secret::default()
        } else {
            content.into()
        };
        Ok(Self {
            method: Cow::Borrowed(info.name),
            content,
            top_level,
            files,
            asked,
            rest: info.v3.map_or(Rest::None, Rest::Method),
        })
    }

    /// What a call by name says: `business` is the content, or nothing where it is null.
    pub(crate) fn raw(method: String, business: &Value) -> Self {
        let content = match business {
            Value::Null => Secret::default(),
            business => business.to_string().into(),
        };
        Self {
            content,
            ..Self::of(Cow::Owned(method))
        }
    }

    /// Whether a field has a value, wherever it stands: blank text is none.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is_parameter = self.parameters(name).any(|value| !value.expose().trim().is_empty());
        is_parameter
            || self.members().is_ok_and(|values| {
                let value = values.get(name).map(|value| value.scalar("text"));
                matches!(value, Some(Ok(Some(_))))
            })
    }

    /// The number that a field of the content holds.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, DecodeError> {
        let members = self.members()?;
        let Some(text) = members
            .get(name)
            .map(|value| value.scalar("a whole number"))
            .transpose()?
            .flatten()
        else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| DecodeError::new("expected a whole number from 0"))
    }

    /// Has a field of the content hold this number, as text or as such.
    pub(crate) fn set_number(&mut self, name: &'static str, number: u64, is_text: bool) {
        let mut out = JsonWriter::with_capacity(512);
        out.begin_object();
        // The library has written the content itself.
        let members = self.members();
        for (other, value) in members
            .iter()
            .flat_map(Values::iter)
            .filter(|(other, _)| *other != name)
        {
            out.name(other);
            out.raw(value.as_raw());
        }
        out.name(name);
        if is_text {
            out.plain(&number);
        } else {
            out.raw(&number.to_string());
        }
        let content = out.end_plain_object();
        drop(members);
        self.content = content.into();
        for (_, text) in self.asked.iter_mut().filter(|(asked, _)| *asked == name) {
            *text = number.to_string();
        }
    }

    /// The fields of the content.
    fn members(&self) -> Result<Values<'_>, DecodeError> {
        match self.content.expose() {
            "" => Values::parse("{}", 1),
            content => Values::parse(content, 1),
        }
    }

    /// The values of parameters of this name that stand beside the content.
    pub(crate) fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Secret> {
        let named = self.top_level.iter().filter(move |parameter| parameter.name == name);
        named.map(|parameter| &parameter.text)
    }

    /// The error for a file that was a stream, and has been sent.
    pub(crate) fn spent_file(&self) -> Option<FileError> {
        let (name, _) = self.files.iter().find(|(_, file)| file.is_spent())?;
        Some(FileError::new(name, FileErrorKind::AlreadySent))
    }

    /// The method's name, where it has a spec: that of any other is the caller's text.
    pub(crate) fn method_of_spec(&self) -> Option<&'static str> {
        match self.method {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        }
    }

    /// A request of this method that says nothing.
    pub(crate) fn of(method: Cow<'static, str>) -> Self {
        Self {
            method,
            ..Self::default()
        }
    }
}

impl Ambiguous {
    /// Refuses content with a member that would make its notification ambiguous.
    pub(crate) fn check_all(business: &Value) -> Result<(), Self> {
        let members = business.as_object().into_iter().flatten();
        let mut texts = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
        texts.try_for_each(|(name, text)| Self::check(name, text))
    }

    /// Refuses text that would make its notification ambiguous.
    pub(crate) fn check(field: &str, text: &str) -> Result<(), Self> {
        match ambiguity::of_request(field, text) {
            None => Ok(()),
            Some(hidden) => Err(Self {
                field: field.to_owned(),
                hidden: hidden.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, hidden) = (&self.field, Sanitized(&self.hidden));
        let remedy = if field == "passback_params" {
            "percent-encode the whole value"
        } else {
            "write the value otherwise, such as with a blank behind the `&`"
        };
        write!(
            formatter,
            "`{field}` holds `&{hidden}=`: Alipay sends the value back in its notification, where it would look like the parameter \
             `{hidden}`, and the notification would be refused; {remedy}"
        )
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(formatter),
            Self::Ambiguous(ambiguous) => ambiguous.fmt(formatter),
            Self::Negative(negative) => negative.fmt(formatter),
            Self::File(error) => error.fmt(formatter),
            Self::WrongKind(message) => formatter.write_str(message),
        }
    }
}

impl From<MissingFields> for InvalidRequest {
    fn from(missing: MissingFields) -> Self {
        Self::Missing(missing)
    }
}

/// The file that a field holds.
fn file(field: &dyn Field) -> Option<&File> {
    scalar(field)?.downcast_ref()
}

/// The text that a field holds.
fn text(field: &dyn Field) -> Option<&str> {
    scalar(field)?.downcast_ref().map(String::as_str)
}

/// Whether a field holds an object or a list.
fn is_composite(field: &dyn Field) -> bool {
    match field.view() {
        View::Scalar(_) | View::Enum(_) => false,
        View::Option(held) => held.is_some_and(is_composite),
        View::Object(_) | View::List(_) => true,
    }
}

fn scalar(field: &dyn Field) -> Option<&dyn Any> {
    match field.view() {
        View::Scalar(scalar) => Some(scalar),
        View::Option(held) => scalar(held?),
        View::Enum(_) | View::Object(_) | View::List(_) => None,
    }
}
