//! A small shop that is paid with Alipay, to copy and to change. `README.md` says how to run it.
//!
//! `cargo doc --open --document-private-items -p alipay-shop` shows the modules: each is one thing that a shop has to do.

mod admin;
mod config;
mod guard;
mod notify;
mod orders;
mod pages;
mod password;
mod pay;
mod products;
mod reconcile;
mod refund;
mod refunds;
mod shop;

use std::{future::IntoFuture, sync::Arc};

use axum::{
    BoxError, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use crate::{
    config::{Config, Timing},
    password::Password,
};
use crate::{orders::Orders, shop::Shop};

/// Runs the shop on this listener until `shutdown` is cancelled. Then no new connections are taken, requests and refunds under way come to an end, within
/// the [time](Timing::shutdown_timeout) that they have, and the database is closed.
///
/// # Errors
/// The database can't be opened, or the server fails.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> Result<(), BoxError> {
    let shop = Shop {
        alipay: config.alipay.clone(),
        orders: Orders::open(&config.database).await?,
        config: Arc::new(config),
        tasks: TaskTracker::new(),
        shutdown,
    };
    // Beside the requests, and beside each other: there may be much to ask.
    shop.tasks.spawn(refund::keep_on(shop.clone()));
    shop.tasks.spawn(reconcile::keep_on(shop.clone()));

    let mut serving = axum::serve(listener, router(shop.clone()))
        .with_graceful_shutdown(shop.shutdown.clone().cancelled_owned())
        .into_future();
    tokio::select! {
        result = &mut serving => result?,
        () = shop.shutdown.cancelled() => {
            if timeout(shop.config.timing.shutdown_timeout, serving).await.is_err() {
                tracing::warn!("some requests were cut off");
            }
        }
    }
    shop.tasks.close();
    if timeout(shop.config.timing.shutdown_timeout, shop.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some refunds were cut off: the next start takes them up");
    }
    shop.orders.pool.close().await;
    Ok(())
}

fn router(shop: Shop) -> Router {
    let admin = Router::new()
        .route("/admin", get(admin::orders))
        .route("/admin/orders/{number}", get(admin::order))
        .route("/admin/orders/{number}/refunds", post(admin::refund))
        .route_layer(from_fn_with_state(shop.clone(), guard::admin));
    let pages = Router::new()
        .route("/", get(pay::shop))
        .route("/orders", post(pay::place))
        .route("/orders/{number}", get(pay::order))
        .route("/orders/{number}/pay", get(pay::pay))
        .route("/return", get(pay::came_back))
        .merge(admin)
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(from_fn_with_state(shop.clone(), guard::own_forms))
        .layer(from_fn(pages::headers));
    // What Alipay sends proves by its signature where it comes from.
    Router::new()
        .route("/notify", post(notify::notified))
        .merge(pages)
        .with_state(shop)
}
