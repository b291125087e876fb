use std::{fmt, time::Duration};

use super::{Client, handed_over, prepared::Prepared};
use crate::{
    Error, ErrorKind,
    codec::{DecodeError, Field, Object, Reading, Unreadable, Values},
    exchange::{AnswerValue, Exchange, Persistence, Read},
    generated::{CERTIFICATE_ONLY, QUERY_METHODS},
    method::{AnswerInfo, Kind, Retry},
    protocol::{self, WireProtocol},
    types::Secret,
};

/// A call of a method by name, sent when it is awaited: from [`Client::call_raw`]. By V2; for V3, see [`Client::v3_raw`].
///
/// Nothing is known of the method, so the call is sent again only where no connection was made, unless the method only
/// [reads](Self::reads).
///
/// ```
/// # async fn example(client: alipay_api::Client, png: Vec<u8>) -> Result<(), alipay_api::Error> {
/// use alipay_api::types::File;
///
/// let upload = client.call_raw("alipay.open.file.upload", serde_json::Value::Null);
/// let answer = upload.parameter("biz_code", "openpt_appstore").file("file_content", File::new("logo.png", png)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct RawCall {
    parts: RawParts,
    own_members: &'static [&'static str],
}

/// What both sorts of raw calls are made of.
#[derive(Debug)]
pub(super) struct RawParts {
    pub(super) prepared: Prepared,
    pub(super) reads: bool,
    pub(super) timeout: Option<Duration>,
}

/// The verified content of an answer to a [`RawCall`] or a [`RawV3Call`](crate::RawV3Call), or of a mini program's payload
/// (`Client::decrypt_payload`).
#[derive(Clone, PartialEq, Eq)]
pub struct RawResponse {
    text: String,
    /// The members that are the protocol's.
    protocol_members: &'static [&'static str],
    /// Those of them that are the method's.
    own_members: &'static [&'static str],
}

impl RawCall {
    pub(super) fn new(client: &Client, method: String, business: &serde_json::Value) -> Self {
        Self {
            parts: RawParts::new(Prepared::raw(client, method, business, Kind::Server)),
            own_members: &[],
        }
    }

    /// A parameter that stands beside `biz_content`, such as `grant_type` of `alipay.system.oauth.token`.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.parts.prepared.parameter(name.into(), value.into());
        self
    }

    /// Says which members of the answer are the method's own fields, though they have names of the gateway's: some methods have a
    /// `sub_code` or a `msg` of their own.
    ///
    /// A `sub_code` in an answer is an error of the gateway's, whatever its `code` says; one that is named here is a field, and decides
    /// nothing. The answer's `code` decides success all the same. [`RawResponse::read`] gives the fields that are named here, which it
    /// leaves out otherwise.
    pub fn own_members(mut self, names: &'static [&'static str]) -> Self {
        self.own_members = names;
        self
    }

    /// Where Alipay sends the notification of what becomes of the call.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.parts.prepared.options.notify_url = Some(url.into());
        self
    }

    /// The user's token, for methods that a user has to authorise.
    pub fn auth_token(mut self, token: impl Into<Secret>) -> Self {
        self.parts.prepared.options.auth_token = Some(token.into());
        self
    }

    async fn send(self, wants_metadata: bool) -> Result<AnswerValue, Error> {
        let (parts, own_members) = (&self.parts, self.own_members);
        let (client, method) = (&parts.prepared.client, parts.prepared.method());
        let protocol = protocol::DEFAULT;
        if CERTIFICATE_ONLY.contains(&method) {
            client.check_certificates(method)?;
        }
        let protocol_members = protocol.own_members();
        if let Some(name) = own_members.iter().find(|name| !protocol_members.contains(name)) {
            let message = format!(
                "RawCall::own_members takes names of the gateway's own members, {protocol_members:?}, and not `{name}`"
            );
            return Err(Error::new(ErrorKind::Request, message).with_method(method));
        }
        let known = Known {
            // What is called by name has no other known form.
            protocol,
            query_method: query_method(method),
            answer: AnswerInfo {
                own_members,
                ..*protocol.answer_without_spec(method)
            },
        };
        let answer = parts.send(known, wants_metadata).await;
        answer.map_err(|error| handed_over::explained(error, method))
    }
}

/// What both sorts of raw calls can be told, and that they are sent when they are awaited.
macro_rules! raw_call {
    ($call:ident) => {
        impl $call {
            /// A file that is uploaded: the request is sent as `multipart/form-data` then. The file's bytes are not signed.
            pub fn file(mut self, name: impl Into<String>, file: $crate::types::File) -> Self {
                self.parts.prepared.file(name.into(), file);
                self
            }

            /// Says that the method changes nothing: the call is sent again after a failure that may pass, and its outcome is never unknown.
            pub fn reads(mut self) -> Self {
                self.parts.reads = true;
                self
            }

            /// Whether the call's content is encrypted, in place of what the client says: see [`Call::encrypted`](crate::Call::encrypted).
            ///
            /// Needs the feature `encryption`.
            #[cfg(feature = "encryption")]
            pub fn encrypted(mut self, is_encrypted: bool) -> Self {
                self.parts.prepared.is_encrypted = Some(is_encrypted);
                self
            }

            /// The time limit of this call with all its attempts; it replaces the client's
            /// [total timeout](crate::ClientBuilder::total_timeout). Each attempt may take this long too, or the client's
            /// [attempt timeout](crate::ClientBuilder::attempt_timeout) if that is longer.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.parts.timeout = Some(timeout);
                self
            }

            /// Gives the answer's [metadata](crate::ResponseMetadata) beside it: its trace id and HTTP status, the exact text that is verified, and how
            /// often the call was sent. Call this last: the returned call has no setters.
            pub fn with_metadata(self) -> $crate::client::CallWithMetadata<$crate::RawResponse> {
                $crate::client::CallWithMetadata::new(Box::pin(self.send(true)))
            }

            /// Sends the call and waits for its end: see [`Call::send_blocking`](crate::Call::send_blocking).
            ///
            /// Needs the feature `blocking`.
            ///
            /// # Errors
            /// As there.
            #[cfg(feature = "blocking")]
            pub fn send_blocking(self) -> Result<$crate::RawResponse, $crate::Error> {
                std::future::IntoFuture::into_future(self).send_blocking()
            }
        }

        impl std::future::IntoFuture for $call {
            type Output = Result<$crate::RawResponse, $crate::Error>;
            type IntoFuture = $crate::client::CallFuture<$crate::RawResponse>;

            fn into_future(self) -> Self::IntoFuture {
                $crate::client::CallFuture::new(Box::pin(self.send(false)))
            }
        }
    };
}
pub(super) use raw_call;

raw_call!(RawCall);

/// What is known of a call that no spec describes.
pub(super) struct Known {
    pub(super) protocol: &'static dyn WireProtocol,
    pub(super) query_method: Option<&'static str>,
    pub(super) answer: AnswerInfo,
}

impl RawParts {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self {
            prepared,
            reads: false,
            timeout: None,
        }
    }

    pub(super) async fn send(&self, known: Known, wants_metadata: bool) -> Result<AnswerValue, Error> {
        let prepared = &self.prepared;
        let (retry, content) = if self.reads {
            (Retry::Read, prepared.content_to_read()?)
        } else {
            (Retry::Never, prepared.content()?)
        };
        let client = &prepared.client;
        let keys = client.keys_of_call();
        let exchange = Exchange {
            session: &client.inner.session,
            protocol: known.protocol,
            credentials: keys.credentials(),
            verifiers: &keys,
            tokens: client.caller.tokens(),
            retry,
            persistence: Persistence::OfClient,
            query_method: known.query_method,
            answer: &known.answer,
            secret: None,
            classify: |_| None,
            content,
            options: prepared.options.clone(),
            encryption: prepared.encryption()?,
            timeouts: client.timeouts(self.timeout),
            wants_metadata,
        };
        let (protocol_members, own_members) = (known.protocol.own_members(), known.answer.own_members);
        let read: &Read<'_> = &|answer| {
            Ok(AnswerValue::new(RawResponse::new(
                answer.text,
                protocol_members,
                own_members,
            )))
        };
        exchange.run(read).await
    }
}

/// The method to ask after an unknown outcome, where the called one has a spec.
fn query_method(method: &str) -> Option<&'static str> {
    let place = QUERY_METHODS.binary_search_by_key(&method, |(name, _)| name).ok()?;
    Some(QUERY_METHODS[place].1)
}

impl RawResponse {
    pub(super) fn new(
        text: &str,
        protocol_members: &'static [&'static str],
        own_members: &'static [&'static str],
    ) -> Self {
        Self {
            text: text.to_owned(),
            protocol_members,
            own_members,
        }
    }

    /// The exact JSON that Alipay signed, decrypted where it was encrypted.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The gateway's code: `10000`, or `10003` where the buyer has yet to act. A login's answer has none, nor have V3's.
    pub fn code(&self) -> Option<String> {
        self.get("code").ok().flatten()
    }

    /// A field, read as a type of the library or as [`String`], [`i64`], [`bool`].
    ///
    /// # Errors
    /// The field is of another type: the error names it, and what was expected there.
    pub fn get<T: Field>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        match Values::parse(&self.text, 1)?.get(name) {
            Some(value) => value.read().map_err(|error| error.within(name)),
            None => Ok(None),
        }
    }

    /// The whole content, `code` and `msg` included, read by serde: as a type of yours or as a [`serde_json::Value`].
    ///
    /// The content is read to the letter: your type has to take what the gateway writes, such as a number in a string.
    /// [`get`](Self::get) and [`read`](Self::read) are lenient.
    ///
    /// ```
    /// # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Deserialize)]
    /// struct Bill {
    ///     bill_download_url: String,
    /// }
    ///
    /// let business = serde_json::json!({ "bill_type": "trade", "bill_date": "2016-04-05" });
    /// let answer = client.call_raw("alipay.data.dataservice.bill.downloadurl.query", business).reads().await?;
    /// let bill: Bill = answer.json()?;
    /// println!("{}", bill.bill_download_url);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The content is not of this type: the error names the field, and what was expected there, and never what it holds.
    #[cfg(feature = "serde")]
    pub fn json<T: serde_core::de::DeserializeOwned>(&self) -> Result<T, DecodeError> {
        crate::codec::read_json(&self.text)
    }

    /// All fields, read as a response type. One that can't be read stays empty: the object's [`extra`](crate::types::Extra::unreadable) has it.
    ///
    /// # Errors
    /// The content is not a JSON object.
    pub fn read<T: Object>(&self) -> Result<T, DecodeError> {
        let mut values = Values::parse(&self.text, 1)?;
        values.hide(self.protocol_members, self.own_members);
        values.make(Reading::Lenient(&Unreadable::default()))
    }
}

/// Shows the names of the fields only: what they hold may be a secret.
impl fmt::Debug for RawResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = Values::parse(&self.text, 1);
        let names = values.iter().flat_map(|values| values.iter().map(|(name, _)| name));
        formatter.debug_set().entries(names).finish()
    }
}
