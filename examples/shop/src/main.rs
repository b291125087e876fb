//! The program: the environment, the log, and the end.

use alipay_shop::Config;
use axum::BoxError;
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let levels: Targets = std::env::var("RUST_LOG")
        .unwrap_or_else(|_| "info".to_owned())
        .parse()?;
    tracing_subscriber::registry().with(fmt::layer()).with(levels).init();

    let config = Config::from_env()?;
    let listener = TcpListener::bind(config.listen).await?;
    tracing::info!(
        "listening on {}, open {}; the admin pages are at {}/admin; the gateway is {}",
        listener.local_addr()?,
        config.url,
        config.url,
        config.alipay.gateway()
    );
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            match asked_to_end().await {
                Ok(()) => tracing::info!("shutting down"),
                Err(error) => tracing::error!(%error, "signals can't be received"),
            }
            shutdown.cancel();
        }
    });
    alipay_shop::run(config, listener, shutdown).await
}

/// Waits for Ctrl-C, or for what a service manager sends.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}
