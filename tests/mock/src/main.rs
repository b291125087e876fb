//! `alipay-mock`: the embedded gateway as a program.

mod key_files;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use alipay_mock::Mock;
use clap::Parser;

use crate::key_files::CertificateFiles;

/// The options of the program.
#[derive(Debug, Parser)]
#[command(
    version,
    about = "An embedded Alipay gateway. Calls go to /gateway.do; POST /_mock/trades/{out_trade_no}/pay pays an order."
)]
struct Arguments {
    /// The address to listen on; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    listen: SocketAddr,
    /// One more host name for the endpoints below /_mock/, such as that of a container; may be given several times. They answer to localhost and to the address to listen on anyway.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// The app that may call.
    #[arg(long, value_name = "ID")]
    app_id: Option<String>,
    /// The user number of the merchant whose app it is.
    #[arg(long, value_name = "ID")]
    seller_id: Option<String>,
    /// The app's public key: PEM or one line of base64.
    #[arg(long, value_name = "FILE")]
    app_public_key: Option<PathBuf>,
    /// The app's certificate, in place of its public key: certificate mode.
    #[arg(long, value_name = "FILE", requires_all = ["alipay_cert", "root_cert"], conflicts_with = "app_public_key")]
    app_cert: Option<PathBuf>,
    /// Alipay's certificate, with that of its issuer below it. The private key to answer with has to be this certificate's.
    #[arg(long, value_name = "FILE", requires_all = ["app_cert", "root_cert"])]
    alipay_cert: Option<PathBuf>,
    /// Alipay's root certificates.
    #[arg(long, value_name = "FILE", requires_all = ["app_cert", "alipay_cert"])]
    root_cert: Option<PathBuf>,
    /// Certificate mode, with the certificates in the folder of the keys. If it has none, they are issued there.
    #[arg(long, requires = "keys", conflicts_with = "app_cert")]
    certificates: bool,
    /// The private key to answer with: PEM or one line of base64.
    #[arg(long, value_name = "FILE")]
    alipay_private_key: Option<PathBuf>,
    /// Where messages about merchants' authorisations are sent.
    #[arg(long, value_name = "URL")]
    app_gateway: Option<String>,
    /// A folder of spec files, beside those that are built in: methods of your own. May be given several times.
    #[arg(long, value_name = "DIR")]
    specs: Vec<PathBuf>,
    /// A folder of answers: DIR/alipay.trade.query.json says what that method is answered with, in place of what the gateway would do. The
    /// response's fields, or `code` and `sub_code` of an error.
    #[arg(long, value_name = "DIR")]
    answers: Option<PathBuf>,
    /// The folder of the keys that are not given otherwise. Missing ones are generated there.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// The pauses between the attempts to deliver a notification, such as 100ms,2s,4m,1h. By default those that Alipay documents.
    #[arg(long, value_name = "PAUSES", value_delimiter = ',', value_parser = pause)]
    notify_schedule: Option<Vec<Duration>>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = format!("alipay-mock: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                message = format!("{message}: {error}");
                cause = error.source();
            }
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let keys = arguments.keys.as_deref();
    let given = match (&arguments.app_cert, &arguments.alipay_cert, &arguments.root_cert) {
        (Some(app), Some(alipay), Some(roots)) => Some(CertificateFiles::read([app, alipay, roots])?),
        _ if arguments.certificates => CertificateFiles::kept(keys)?,
        _ => None,
    };
    let is_made = arguments.certificates && given.is_none();
    let private_key = arguments.alipay_private_key.as_deref();
    let mut builder = Mock::builder().listen(arguments.listen);
    for name in &arguments.allow_host {
        builder = builder.allow_host(name)?;
    }
    builder = match given {
        // A key that is generated now belongs to no certificate.
        Some(files) => builder
            .alipay_key_pair(key_files::kept_alipay_key_pair(private_key, keys)?)
            .certificate_files(files.app, files.alipay, files.roots),
        None => builder
            .app_public_key(key_files::app_public_key(arguments.app_public_key.as_deref(), keys)?)
            .alipay_key_pair(key_files::alipay_key_pair(private_key, keys)?),
    };
    if is_made {
        builder = builder.certificates();
    }
    for folder in arguments.specs {
        builder = builder.specs(folder);
    }
    if let Some(folder) = arguments.answers {
        builder = builder.answers(folder);
    }
    if let Some(url) = arguments.app_gateway {
        builder = builder.app_gateway_url(url);
    }
    if let Some(app_id) = arguments.app_id {
        builder = builder.app_id(app_id);
    }
    if let Some(seller_id) = arguments.seller_id {
        builder = builder.seller_id(seller_id);
    }
    if let Some(pauses) = arguments.notify_schedule {
        builder = builder.notify_schedule(pauses);
    }
    let mock = builder.start().await?;
    if let Some(folder) = keys.filter(|_| is_made) {
        CertificateFiles::of(&mock).keep(folder)?;
    }
    let mut out = io::stdout();
    writeln!(out, "listening on {}", mock.base_url())?;
    out.flush()?;
    ended().await?;
    mock.shutdown().await;
    Ok(())
}

/// Waits for the signal to end.
#[cfg(unix)]
async fn ended() -> io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// Waits for the signal to end.
#[cfg(not(unix))]
async fn ended() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Reads `100ms`, `2s`, `4m` or `1h`.
fn pause(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()]
        .parse()
        .map_err(|_| format!("{text:?} has no number"))?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err(format!("{text:?} has no unit: ms, s, m or h")),
    };
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is too long"))
}
