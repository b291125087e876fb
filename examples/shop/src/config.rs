//! What the shop is set up with: environment variables, so that no secret is in a file of the project.

use std::{env, fs, net::SocketAddr, path::PathBuf, time::Duration};

use alipay_api::{Client, Credentials, flows::PollSchedule};
use axum::{BoxError, http::Uri};

use crate::password::Password;

/// What the shop is set up with. It shows no secrets, because it can't be printed at all.
pub struct Config {
    /// The client of the shop's app.
    pub alipay: Client,
    /// The merchant's user number (`2088…`): whose account the money must have gone to.
    pub seller_id: String,
    /// The address at which browsers and Alipay reach the shop, without a path: `https://shop.example.com`. It is what browsers send as `Origin`.
    pub url: String,
    /// Where the shop listens. A proxy in front of it serves `https`.
    pub listen: SocketAddr,
    /// The file of the database.
    pub database: PathBuf,
    /// Opens the admin pages.
    pub password: Password,
    /// How long things take.
    pub timing: Timing,
}

/// How long things take. Tests have less patience.
#[derive(Clone, Debug)]
pub struct Timing {
    /// How long an order can be paid.
    pub order_lifetime: Duration,
    /// The pause between two looks at what is open.
    pub reconcile_every: Duration,
    /// How long a refund is waited for before its outcome counts as unknown.
    pub refund_timeout: Duration,
    /// How long a refund's request may be on its way: before that, a refund that is not there is not lost.
    pub refund_delivery_limit: Duration,
    /// When to ask for a refund.
    pub refund_schedule: PollSchedule,
    /// How long the work that is under way gets when the shop is shut down.
    pub shutdown_timeout: Duration,
}

impl Timing {
    /// How long a process may follow a refund. It is more than the timeout, because the last call may take a while.
    pub(crate) fn refund_follow_limit(&self) -> Duration {
        self.refund_timeout + Duration::from_mins(1)
    }

    /// How long no other process takes a refund over. The follower has stopped by then, and what it sent last has arrived.
    pub(crate) fn refund_lease(&self) -> Duration {
        self.refund_follow_limit() + Duration::from_mins(1)
    }
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            order_lifetime: Duration::from_mins(30),
            reconcile_every: Duration::from_mins(5),
            refund_timeout: Duration::from_mins(5),
            refund_delivery_limit: seconds(60),
            refund_schedule: PollSchedule::steps([3, 5, 10].map(seconds)),
            shutdown_timeout: seconds(15),
        }
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable is missing or can't be read. The message names the variable, and never shows what is in it.
    pub fn from_env() -> Result<Self, BoxError> {
        Self::read(|name| env::var(name).ok())
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// As for [`from_env`](Self::from_env).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BoxError> {
        let optional = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |name: &str, what: &str| {
            optional(name).ok_or_else(|| format!("the environment variable {name} is missing: {what}"))
        };
        let listen = optional("SHOP_LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        let listen: SocketAddr = listen
            .parse()
            .map_err(|_| "SHOP_LISTEN is no address with a port, such as 127.0.0.1:3000")?;
        let url = optional("SHOP_URL").unwrap_or_else(|| format!("http://{listen}"));
        let url = origin(&url).ok_or("SHOP_URL is no address without a path, such as https://shop.example.com")?;
        let password = required("SHOP_PASSWORD", "choose one that opens the admin pages")?;
        let seller_id = required("ALIPAY_SELLER_ID", "the merchant's user number, 2088…")?;
        let builder = Client::builder(
            required("ALIPAY_APP_ID", "the app's number, 2021…")?,
            credentials(&required, &optional)?,
        );
        // Nothing moves real money unless somebody says so.
        let builder = match optional("ALIPAY_GATEWAY").as_deref() {
            None | Some("sandbox") => builder.sandbox(),
            Some("production") => builder,
            Some(url) => builder.gateway(url),
        };
        Ok(Self {
            alipay: builder.build()?,
            seller_id,
            url,
            listen,
            database: optional("SHOP_DATABASE").unwrap_or_else(|| "shop.db".to_owned()).into(),
            password: Password::new(password)?,
            timing: Timing::default(),
        })
    }
}

/// The origin of an address that has no path, as browsers write it: in lower case, and without the usual port.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let usual_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().filter(|port| *port != usual_port);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{scheme}://{}{port}", authority.host().to_lowercase()))
}

/// Public keys, or certificates where `ALIPAY_APP_CERT` is set.
fn credentials(
    required: &impl Fn(&str, &str) -> Result<String, String>,
    optional: &impl Fn(&str) -> Option<String>,
) -> Result<Credentials, BoxError> {
    let private_key = required("ALIPAY_PRIVATE_KEY", "the app's private key (应用私钥)")?;
    if optional("ALIPAY_APP_CERT").is_none() {
        let public_key = required("ALIPAY_PUBLIC_KEY", "Alipay's public key (支付宝公钥), not the app's")?;
        return Ok(Credentials::public_key(&private_key, &public_key)?);
    }
    let file = |name: &str| -> Result<String, BoxError> {
        let path = required(name, "the file of a certificate")?;
        Ok(fs::read_to_string(&path).map_err(|error| format!("{name}: the file {path} can't be read: {error}"))?)
    };
    let [app, alipay, root] = [
        file("ALIPAY_APP_CERT")?,
        file("ALIPAY_CERT")?,
        file("ALIPAY_ROOT_CERT")?,
    ];
    Ok(Credentials::certificates(&private_key, &app, &alipay, &root)?)
}
