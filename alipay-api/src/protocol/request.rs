//! From a request to the parameters of one exchange.

use std::{any::Any, borrow::Cow, fmt};

use super::{
    ambiguity,
    parameters::{InvalidParameter, Parameters},
};
use crate::{
    cert::Certificates,
    codec::{Field, JsonWriter, MissingFields, Object, View, from_json, to_text},
    error::Sanitized,
    method::{MethodInfo, Retry},
    sign::SignType,
    types::{File, Secret},
};

/// What a request says, sorted by where it goes, before anyone signs it.
#[derive(Debug, Default)]
pub(crate) struct Business {
    /// `biz_content`; empty where there is none.
    pub(crate) content: Secret,
    /// Parameters of their own.
    pub(crate) top_level: Vec<(Cow<'static, str>, Secret)>,
    /// Multipart files.
    pub(crate) files: Vec<(&'static str, File)>,
    /// What the answer repeats, by the names of the fields.
    pub(crate) asked: Vec<(&'static str, String)>,
}

/// Why a request can't be sent as it is.
#[derive(Clone, Debug)]
pub(crate) enum InvalidRequest {
    Missing(MissingFields),
    Ambiguous(Ambiguous),
}

/// A field comes back in a notification that would be refused for what it says.
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
    /// Beijing time, `yyyy-MM-dd HH:mm:ss`.
    pub(crate) timestamp: &'a str,
}

/// Parameters that stand in the query of a server call. Everything else goes in the body, where logs and proxies don't keep it.
const IN_QUERY: &[&str] = &[
    "alipay_root_cert_sn",
    "app_cert_sn",
    "app_id",
    "charset",
    "format",
    "method",
    "sign",
    "sign_type",
    "timestamp",
    "version",
];

/// Whether a parameter of a server call stands in its query.
pub(crate) fn is_in_query(name: &str) -> bool {
    IN_QUERY.contains(&name)
}

impl Business {
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
            if info.answer.echoes.contains(&name) {
                asked.push((name, to_text(value).map_err(InvalidRequest::Missing)?));
            }
            if let Some(text) = text(value).filter(|_| is_notified) {
                Ambiguous::check(name, text).map_err(InvalidRequest::Ambiguous)?;
            }
            if info.files.contains(&name) {
                files.extend(file(value).map(|file| (name, file.clone())));
            } else if info.top_level.contains(&name) {
                top_level.push((Cow::Borrowed(name), to_text(value)?.into()));
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
                top_level.push((Cow::Borrowed(*name), (*value).into()));
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
            content,
            top_level,
            files,
            asked,
        })
    }

    /// All parameters of the exchange.
    pub(crate) fn parameters<'a>(
        &'a self,
        method: &'a str,
        options: &'a Options,
        identity: Identity<'a>,
    ) -> Result<Parameters<'a>, InvalidParameter> {
        let secret = |secret: &'a Option<Secret>| secret.as_ref().map_or("", Secret::expose);
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let protocol = [
            ("app_id", identity.app_id),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", identity.sign_type.as_str()),
            ("timestamp", identity.timestamp),
            ("version", "1.0"),
            ("notify_url", text(&options.notify_url)),
            ("return_url", text(&options.return_url)),
            ("app_auth_token", secret(&options.app_auth_token)),
            ("auth_token", secret(&options.auth_token)),
            ("biz_content", self.content.expose()),
            (
                "app_cert_sn",
                identity.certificates.map_or("", Certificates::app_cert_sn),
            ),
            (
                "alipay_root_cert_sn",
                identity.certificates.map_or("", Certificates::alipay_root_cert_sn),
            ),
        ];
        let top_level = self.top_level.iter().map(|(name, value)| (&**name, value.expose()));
        Parameters::new(protocol.into_iter().chain(top_level).collect())
    }
}

impl Ambiguous {
    /// Refuses text that could not be told from other parameters where it comes back.
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
            "write it otherwise, such as with a blank behind the `&`"
        };
        write!(
            formatter,
            "`{field}` holds `&{hidden}=`: Alipay sends it back in its notification, where it could not be told from the parameter \
             `{hidden}`, and the notification would be refused: {remedy}"
        )
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(formatter),
            Self::Ambiguous(ambiguous) => ambiguous.fmt(formatter),
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

fn scalar(field: &dyn Field) -> Option<&dyn Any> {
    match field.view() {
        View::Scalar(scalar) => Some(scalar),
        View::Option(held) => scalar(held?),
        View::Object(_) | View::List(_) => None,
    }
}
