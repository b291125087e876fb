//! The app's signature of what is answered to Alipay.

use tokio::time::timeout_at;

use crate::{Client, Error, ErrorKind, credentials::Credentials, runtime};

/// Signs this text by these credentials, the client's, within the client's limit of one attempt. `answer` names what is signed.
///
/// # Errors
/// [`ErrorKind::Configuration`]: there is no tokio runtime. [`ErrorKind::Signing`]: the signer fails. [`ErrorKind::Timeout`]: it gives no
/// signature in time.
pub(super) async fn of_app(
    client: &Client,
    credentials: &Credentials,
    text: &str,
    answer: &str,
) -> Result<Vec<u8>, Error> {
    runtime::check()?;
    let signing = timeout_at(client.attempt_deadline(), credentials.signer.sign(text.as_bytes()));
    let signature = signing.await.map_err(|_| {
        let message = format!("{answer} was not signed in time");
        Error::new(ErrorKind::Timeout, message).with_outcome(false, true)
    })?;
    signature.map_err(|error| {
        let is_temporary = error.is_temporary();
        Error::new(ErrorKind::Signing, format!("{answer} can't be signed"))
            .with_outcome(false, is_temporary)
            .with_source(error)
    })
}
