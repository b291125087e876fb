//! `alipay-mock`: the embedded gateway as a program.

mod data_dir;
mod key_files;
mod printout;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use alipay_mock::keys::SignType;
use alipay_mock::{AesKey, Mock};
use clap::Parser;

use crate::printout::Setting;

/// The options of the program.
#[derive(Debug, Parser)]
#[command(
    version,
    about = "An embedded Alipay gateway. Calls go to /gateway.do (V2) or to the paths below /v3/; POST /_mock/trades/{out_trade_no}/pay pays an order."
)]
struct Arguments {
    /// The address to listen on; port 0 is any free port. By default, only this machine reaches it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089")]
    listen: SocketAddr,
    /// One more host name for the endpoints below /_mock/, such as that of a container; may be given several times. They answer to localhost and to the address to listen on anyway.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// The address by which browsers and phones reach the gateway: codes to scan begin with it. By default that of --listen.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The app that may call.
    #[arg(long, value_name = "ID")]
    app_id: Option<String>,
    /// The user number of the merchant whose app it is.
    #[arg(long, value_name = "ID")]
    seller_id: Option<String>,
    /// What the app is set up with, and its keys are for: RSA2, RSA or SM2.
    #[arg(long, value_name = "TYPE", default_value = "RSA2", value_parser = sign_type)]
    sign_type: SignType,
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
    /// Certificate mode, with the certificates of the data directory.
    #[arg(long, conflicts_with = "app_cert")]
    certificates: bool,
    /// The private key to answer with: PEM or one line of base64.
    #[arg(long, value_name = "FILE")]
    alipay_private_key: Option<PathBuf>,
    /// The app's AES key in base64, as the open platform shows it: calls may be encrypted with it.
    #[arg(long, value_name = "KEY")]
    aes_key: Option<String>,
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
    /// The data directory: orders and all else that happens, and the keys and certificates that are not given otherwise. What is missing is made there.
    /// By default `alipay-mock` in the user's data directory, such as ~/.local/share/alipay-mock.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keeps nothing: the keys are made anew in a temporary folder, which is removed at the end.
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// The pauses between the attempts to deliver a notification, such as 100ms,2s,4m,1h. By default those that Alipay documents.
    #[arg(long, value_name = "PAUSES", value_delimiter = ',', value_parser = pause)]
    notify_schedule: Option<Vec<Duration>>,
    /// Takes what Alipay refuses by its documentation: other characters in order numbers and subjects, long addresses, a bank account without its bank, files
    /// of other sizes and names, V3 requests of another time. Notifications have a plain content type.
    #[arg(long)]
    lenient: bool,
    /// How far the timestamp of a V2 request may be from the clock, such as 10m. By default as far as it likes: Alipay documents no limit.
    #[arg(long, value_name = "TIME", value_parser = pause, conflicts_with = "lenient")]
    timestamp_window: Option<Duration>,
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
    // Its keys are removed with it, when this function ends.
    let temporary = arguments
        .ephemeral
        .then(|| tempfile::Builder::new().prefix("alipay-mock-").tempdir());
    let temporary = temporary.transpose()?;
    let folder = match (&temporary, arguments.data) {
        (Some(temporary), _) => temporary.path().to_owned(),
        (None, Some(folder)) => std::path::absolute(folder)?,
        (None, None) => data_dir::usual(|name| std::env::var_os(name))
            .ok_or("give --data DIR or --ephemeral: no user's directory is known")?,
    };
    let sign_type = arguments.sign_type;
    let mut builder = Mock::builder().listen(arguments.listen).sign_type(sign_type);
    builder = match &temporary {
        Some(_) => builder.keys(&folder),
        None => builder.data(&folder),
    };
    for name in &arguments.allow_host {
        builder = builder.allow_host(name)?;
    }
    if let Some(url) = arguments.public_url {
        builder = builder.public_url(url)?;
    }
    if let Some(file) = &arguments.app_public_key {
        builder = builder.app_public_key(key_files::public_key(file)?);
    }
    if let Some(file) = &arguments.alipay_private_key {
        builder = builder.alipay_key_pair(key_files::key_pair(file)?);
    }
    let given = [arguments.app_cert, arguments.alipay_cert, arguments.root_cert];
    let certificates = match given {
        [Some(app), Some(alipay), Some(roots)] => {
            let text = |file: &PathBuf| key_files::text(file);
            builder = builder.certificate_files(text(&app)?, text(&alipay)?, text(&roots)?);
            Some([app, alipay, roots])
        }
        _ if arguments.certificates => {
            builder = builder.certificates();
            Some(["app-cert.crt", "alipay-cert.crt", "root-cert.crt"].map(|name| folder.join(name)))
        }
        _ => None,
    };
    for folder in arguments.specs {
        builder = builder.specs(folder);
    }
    if let Some(folder) = arguments.answers {
        builder = builder.answers(folder);
    }
    if let Some(key) = arguments.aes_key {
        builder = builder.aes_key(AesKey::from_base64(&key)?);
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
    if arguments.lenient {
        builder = builder.lenient();
    }
    if let Some(window) = arguments.timestamp_window {
        builder = builder.timestamp_window(window);
    }
    let mock = builder.start().await?;
    // The files of certificates that were given go with a key of the app's own, too.
    let has_own_key = arguments.app_public_key.is_some() || (certificates.is_some() && !arguments.certificates);
    let setting = Setting {
        folder: &folder,
        is_ephemeral: temporary.is_some(),
        has_own_key,
        certificates: certificates
            .as_ref()
            .map(|files| files.each_ref().map(PathBuf::as_path)),
        sign_type: sign_type.name(),
    };
    let mut out = io::stdout();
    out.write_all(printout::text(&mock, &setting)?.as_bytes())?;
    out.flush()?;
    let failed = tokio::select! {
        ended = ended() => ended.map(|()| None)?,
        error = mock.storage_failed() => Some(error),
    };
    mock.shutdown().await;
    failed.map_or(Ok(()), |error| Err(error.into()))
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

/// Reads `RSA2`, `RSA` or `SM2`.
fn sign_type(name: &str) -> Result<SignType, &'static str> {
    SignType::from_name(name).ok_or("the sign type is RSA2, RSA or SM2")
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
