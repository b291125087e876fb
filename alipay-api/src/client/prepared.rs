use std::{borrow::Cow, fmt};

use http::Method;

use super::{Client, handed_over};
use crate::{
    Error, ErrorKind,
    codec::Object,
    encryption::GIVE_KEY,
    exchange::Encryption,
    generated::ENCRYPTED_ONLY,
    method::{Kind, MethodInfo},
    protocol::{
        content::{Ambiguous, InvalidRequest, Options, Parameter, RequestContent, Rest},
        v3_target_is_sound,
    },
    types::{File, Secret},
};

const HANDED_OVER: &str =
    "Alipay takes the method's content only encrypted, and the library encrypts no pages and order strings";

/// A request that is ready to be signed: what is left of it once its type plays no part any more.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) options: Options,
    /// Whether the call is encrypted, where its caller has said so.
    pub(super) is_encrypted: Option<bool>,
    /// Whether Alipay takes the content only encrypted.
    is_encrypted_only: bool,
    content: RequestContent,
    /// Why the request can't be sent as it is.
    invalid: Option<InvalidRequest>,
}

impl Prepared {
    /// Sorts the request's fields by where they go.
    pub(super) fn new(client: &Client, request: &dyn Object, info: &'static MethodInfo) -> Self {
        let (content, invalid) = match RequestContent::new(request, info) {
            Ok(content) => (content, None),
            Err(invalid) => (RequestContent::of(Cow::Borrowed(info.name)), Some(invalid)),
        };
        Self {
            options: client.options(),
            is_encrypted: None,
            client: client.clone(),
            is_encrypted_only: info.encrypted,
            content,
            invalid: invalid.or(check_plain(info.encrypted, info.kind).err()),
        }
    }

    /// A request of a method by name, which is to be called as methods of this kind are.
    pub(super) fn raw(client: &Client, method: String, business: &serde_json::Value, kind: Kind) -> Self {
        let is_encrypted_only = ENCRYPTED_ONLY.contains(&&*method);
        let wrong = handed_over::check(&method, kind).map_err(InvalidRequest::WrongKind);
        let invalid = wrong
            .and_then(|()| check_plain(is_encrypted_only, kind))
            .and_then(|()| Ambiguous::check_all(business).map_err(InvalidRequest::Ambiguous));
        Self {
            options: client.options(),
            is_encrypted: None,
            client: client.clone(),
            is_encrypted_only,
            content: RequestContent::raw(method, business),
            invalid: invalid.err(),
        }
    }

    /// A request of a V3 path, as yet without a body.
    pub(super) fn raw_v3(client: &Client, verb: Method, target: String) -> Self {
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let is_sound = v3_target_is_sound(&target);
        let wrong =
            "the V3 path must begin with `/v3/`, be percent-encoded, and have no empty segment, no `.` and no `..`";
        let mut content = RequestContent::of(Cow::Owned(path));
        content.rest = Rest::Raw { verb, target };
        Self {
            options: client.options(),
            client: client.clone(),
            is_encrypted: None,
            // Which method has the path is not known.
            is_encrypted_only: false,
            content,
            invalid: (!is_sound).then_some(InvalidRequest::WrongKind(wrong)),
        }
    }

    /// Sets the content.
    pub(super) fn body(&mut self, business: &serde_json::Value) {
        if self.invalid.is_none() {
            self.invalid = Ambiguous::check_all(business).map_err(InvalidRequest::Ambiguous).err();
        }
        self.content.content = business.to_string().into();
    }

    /// The method's name.
    pub(super) fn method(&self) -> &str {
        &self.content.method
    }

    /// Adds a parameter that stands beside the content.
    pub(super) fn parameter(&mut self, name: String, value: Secret) {
        if self.invalid.is_none() {
            let ambiguous = Ambiguous::check(&name, value.expose()).map_err(InvalidRequest::Ambiguous);
            self.invalid = ambiguous.err();
        }
        self.content.top_level.push(Parameter {
            name: Cow::Owned(name),
            text: value,
            is_json: false,
        });
    }

    /// Whether such a parameter stands beside the content.
    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.content.parameters(name).next().is_some()
    }

    /// Whether the call is encrypted, and with which key.
    pub(super) fn encryption(&self) -> Result<Encryption<'_>, Error> {
        let refused = |kind, message: String| Err(Error::new(kind, message).with_method(self.method()));
        let keys = &self.client.inner.encryption;
        match (self.is_encrypted_only, self.is_encrypted, &keys.key) {
            (true, Some(false), _) => {
                let message = "the call is not to be encrypted, and Alipay takes the method's content only encrypted";
                refused(ErrorKind::Request, message.to_owned())
            }
            (true, _, Some(key)) | (false, Some(true), Some(key)) => Ok(Encryption::Always(key)),
            (true, _, None) | (false, Some(true), None) => {
                let message = format!("the call is to be encrypted, and the client has no AES key: {GIVE_KEY}");
                refused(ErrorKind::Configuration, message)
            }
            (false, None, Some(key)) if keys.encrypts_calls => Ok(Encryption::IfPossible(key)),
            (false, ..) => Ok(Encryption::No),
        }
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: String, file: File) {
        if self.invalid.is_none() {
            self.invalid = file.check(&name, (None, None), &[]).map_err(InvalidRequest::File).err();
        }
        self.content.files.push((Cow::Owned(name), file));
    }

    /// What the request says, to be changed.
    pub(super) fn content_mut(&mut self) -> &mut RequestContent {
        &mut self.content
    }

    /// What the request says.
    pub(super) fn content(&self) -> Result<&RequestContent, Error> {
        self.invalid.as_ref().map_or(Ok(&self.content), |invalid| {
            let error = Error::new(ErrorKind::Request, invalid.to_string()).with_method(self.method());
            Err(match invalid {
                InvalidRequest::Missing(missing) => error.with_source(missing.clone()),
                InvalidRequest::File(file) => error.with_source(file.clone()),
                InvalidRequest::Ambiguous(_) | InvalidRequest::Negative(_) | InvalidRequest::WrongKind(_) => error,
            })
        })
    }

    /// The same for a method that changes nothing: what it says does not come back in a notification.
    pub(super) fn content_to_read(&self) -> Result<&RequestContent, Error> {
        match self.invalid {
            Some(InvalidRequest::Ambiguous(_)) => Ok(&self.content),
            _ => self.content(),
        }
    }
}

/// Refuses to hand a browser or an app what Alipay takes only encrypted: whether it takes that from them is not documented, and its own SDKs
/// disagree.
fn check_plain(is_encrypted_only: bool, kind: Kind) -> Result<(), InvalidRequest> {
    match kind {
        Kind::Page | Kind::App | Kind::PageOrApp if is_encrypted_only => Err(InvalidRequest::WrongKind(HANDED_OVER)),
        _ => Ok(()),
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prepared")
            .field("method", &self.method())
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "encryption", feature = "trade"))]
mod tests {
    use alipay_mock::keys::KeyPair;

    use super::*;
    use crate::{
        Credentials,
        encryption::EncryptionKey,
        method::{Method, Retry},
        trade::{PagePay, Query},
    };

    const REQUIRED: MethodInfo = MethodInfo {
        encrypted: true,
        ..<Query as Method>::INFO
    };
    const PAGE: MethodInfo = MethodInfo {
        encrypted: true,
        ..MethodInfo::new("alipay.trade.page.pay", Kind::Page, Retry::Never)
    };

    fn client(has_key: bool, encrypts_calls: bool) -> Client {
        let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let alipay = alipay.public_key().to_base64().unwrap();
        let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay).unwrap();
        let builder = Client::builder("2021000000000001", credentials).encrypt_calls(encrypts_calls);
        let key = EncryptionKey::from_base64("aa4BtZ4tspm2wnXLb1ThQA==").unwrap();
        let builder = if has_key { builder.encryption_key(key) } else { builder };
        builder.build().unwrap()
    }

    fn encryption(client: &Client, info: &'static MethodInfo, says: Option<bool>) -> Result<&'static str, ErrorKind> {
        let mut prepared = Prepared::new(client, &Query::with_out_trade_no("1"), info);
        prepared.is_encrypted = says;
        let encryption = prepared.encryption();
        encryption
            .map_err(|error| error.kind())
            .map(|encryption| match encryption {
                Encryption::No => "no",
                Encryption::IfPossible(_) => "if possible",
                Encryption::Always(_) => "always",
            })
    }

    #[test]
    fn the_method_decides_then_the_call_then_the_client() {
        let plain: &'static MethodInfo = &Query::INFO;
        for (has_key, all, info, says, expected) in [
            (true, false, plain, None, Ok("no")),
            (true, false, plain, Some(true), Ok("always")),
            (true, true, plain, None, Ok("if possible")),
            (true, true, plain, Some(false), Ok("no")),
            (false, false, plain, None, Ok("no")),
            (false, false, plain, Some(true), Err(ErrorKind::Configuration)),
            (true, false, &REQUIRED, None, Ok("always")),
            (true, false, &REQUIRED, Some(true), Ok("always")),
            (true, true, &REQUIRED, Some(false), Err(ErrorKind::Request)),
            (false, false, &REQUIRED, None, Err(ErrorKind::Configuration)),
        ] {
            let client = client(has_key, all);
            assert_eq!(encryption(&client, info, says), expected, "{has_key} {all} {says:?}");
        }
    }

    #[test]
    fn a_page_that_has_to_be_encrypted_is_refused() {
        let page = PagePay::new("1", "1.00".parse().unwrap(), "subject");
        let error = Prepared::new(&client(true, false), &page, &PAGE).content().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains("the library encrypts no pages"), "{error}");
    }
}
