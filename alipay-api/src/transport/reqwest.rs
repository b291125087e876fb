use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};

use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::{BoxFuture, MAX_BODY, Transport, TransportError, TransportErrorKind};

/// The default transport: a pooled client over rustls.
#[derive(Debug)]
pub(crate) struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, TransportError> {
        let tls = tls().map_err(|error| TransportError::new(TransportErrorKind::Connect).with_source(error))?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(connect_timeout)
            // A redirect would carry the signed body to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            // Only this library knows which call may be sent again.
            .retry(reqwest::retry::never())
            .user_agent(concat!("alipay-api-rust/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(|error| failed(TransportErrorKind::Connect, error))
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let request = request
                .try_into()
                .map_err(|error| failed(TransportErrorKind::Connect, error))?;
            let mut response = self.0.execute(request).await.map_err(|error| {
                let kind = if error.is_connect() || error.is_builder() {
                    TransportErrorKind::Connect
                } else if error.is_timeout() {
                    TransportErrorKind::Timeout
                } else {
                    TransportErrorKind::Broken
                };
                failed(kind, error)
            })?;
            let too_large = || TransportError::new(TransportErrorKind::TooLarge);
            if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
                return Err(too_large());
            }
            let mut body = BytesMut::new();
            while let Some(chunk) = response
                .chunk()
                .await
                .map_err(|error| failed(TransportErrorKind::Broken, error))?
            {
                if body.len() + chunk.len() > MAX_BODY {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = http::Response::new(body.freeze());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            Ok(answer)
        })
    }
}

/// With a provider of its own: whatever a program, or another library in it, has made the process's default is for others.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    // reqwest leaves this to whoever sets TLS up.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The URL holds the signed parameters: it stays out of the error.
fn failed(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind).with_source(error.without_url())
}
