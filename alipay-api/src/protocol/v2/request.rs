//! A request: its parameters, and how they go to the gateway.

use zeroize::Zeroizing;

use super::{
    diagnosis, form,
    parameters::{Parameters, SignedParameters},
};
use crate::{
    cert::Certificates,
    error::GatewayError,
    protocol::{
        InvalidParameter, Unsigned,
        content::{Identity, Options, RequestContent},
        multipart,
        urlencoded::append_encoded,
    },
    random::RandomSource,
    transport::RequestBody,
    types::Secret,
};

/// A request that lacks nothing but its signature.
pub(crate) struct Request<'a> {
    content: &'a RequestContent,
    gateway: &'a str,
    random: &'a dyn RandomSource,
    parameters: Parameters<'a>,
}

/// How a browser or a phone app is handed a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// An address.
    Url,
    /// An HTML form that submits itself.
    Html,
    /// The text for the Alipay app.
    OrderString,
}

/// Parameters that stand in the query of a server call. Everything else goes in the body, where logs and proxies don't keep it.
const IN_QUERY: &[&str] = &[
    "alipay_root_cert_sn",
    "app_cert_sn",
    "app_id",
    "charset",
    "encrypt_type",
    "format",
    "method",
    "sign",
    "sign_type",
    "timestamp",
    "version",
];

/// Whether a parameter of a server call stands in its query.
pub(super) fn is_in_query(name: &str) -> bool {
    IN_QUERY.contains(&name)
}

impl<'a> Request<'a> {
    pub(super) fn new(
        content: &'a RequestContent,
        identity: &Identity<'a>,
        options: &'a Options,
    ) -> Result<Self, InvalidParameter> {
        let secret = |secret: &'a Option<Secret>| secret.as_ref().map_or("", Secret::expose);
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let ciphertext = options.ciphertext.as_ref();
        let protocol = [
            ("app_id", identity.app_id),
            ("method", &content.method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", identity.sign_type.as_str()),
            ("timestamp", identity.timestamp.beijing()),
            ("version", "1.0"),
            ("notify_url", text(&options.notify_url)),
            ("return_url", text(&options.return_url)),
            ("app_auth_token", secret(&options.app_auth_token)),
            ("auth_token", secret(&options.auth_token)),
            (
                "encrypt_type",
                ciphertext.map_or("", |ciphertext| ciphertext.encrypt_type.as_str()),
            ),
            (
                "biz_content",
                ciphertext.map_or(content.content.expose(), |ciphertext| &ciphertext.text),
            ),
            (
                "app_cert_sn",
                identity.certificates.map_or("", Certificates::app_cert_sn),
            ),
            (
                "alipay_root_cert_sn",
                identity.certificates.map_or("", Certificates::alipay_root_cert_sn),
            ),
        ];
        let top_level = content
            .top_level
            .iter()
            .map(|parameter| (&*parameter.name, parameter.text.expose()));
        let parameters = Parameters::new(protocol.into_iter().chain(top_level).collect())?;
        parameters.check_files(&content.files)?;
        Ok(Self {
            content,
            gateway: identity.gateway,
            random: identity.random,
            parameters,
        })
    }

    fn signed(&self, signature: &[u8]) -> SignedParameters<'_> {
        self.parameters.signed(signature)
    }

    /// The request as a browser or a phone app is handed it.
    pub(crate) fn handed_over(&self, form: Form, signature: &[u8]) -> String {
        let parameters = self.signed(signature);
        let mut text = String::new();
        match form {
            Form::Html => return form::html(self.gateway, &parameters),
            Form::Url => {
                text.reserve(self.gateway.len() + 1 + parameters.encoded_length());
                text.push_str(self.gateway);
                text.push('?');
            }
            Form::OrderString => text.reserve(parameters.encoded_length()),
        }
        append_encoded(&mut text, parameters.iter());
        text
    }
}

impl Unsigned for Request<'_> {
    fn message(&self) -> Zeroizing<String> {
        self.parameters.string_to_sign()
    }

    fn finish(&self, signature: &[u8]) -> Result<http::Request<RequestBody>, http::Error> {
        let parameters = self.signed(signature);
        let mut url = format!("{}?", self.gateway);
        append_encoded(&mut url, parameters.iter().filter(|(name, _)| is_in_query(name)));
        let in_body = parameters.iter().filter(|(name, _)| !is_in_query(name));
        let (content_type, body) = if self.content.files.is_empty() {
            let mut body = String::new();
            append_encoded(&mut body, in_body);
            (
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
                RequestBody::from(body),
            )
        } else {
            let texts = in_body.map(|(name, value)| (name, "text/plain; charset=utf-8", value));
            multipart::encode(texts, &self.content.files, self.random)
        };
        http::Request::post(url)
            .header(http::header::CONTENT_TYPE, content_type)
            .body(body)
    }

    fn explain(&self, gateway: &mut GatewayError) {
        if gateway.sub_code.as_deref() == Some("isv.invalid-signature") {
            // The message quotes the whole request, tokens included.
            let theirs = gateway.sub_message.take().unwrap_or_default();
            gateway.sub_message = Some(diagnosis::explain(&theirs, self.parameters.pairs()));
        }
    }
}
