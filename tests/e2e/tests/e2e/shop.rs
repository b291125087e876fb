//! A merchant: its client, its server, and what the server was told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use alipay_api::notify::{self, Notification, Verified};
use alipay_api::types::Price;
use alipay_api::{Client, Credentials};
use alipay_mock::Mock;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Html;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a message may take: a failure, and no pace.
const PATIENCE: Duration = Duration::from_mins(1);

/// A merchant's site: a page that sends the browser to Alipay, pages that it comes back to, and the address for notifications.
pub(crate) struct Shop {
    pub(crate) mock: Mock,
    pub(crate) client: Client,
    /// Its own address.
    pub(crate) base: String,
    /// Seconds since 1970, as the gateway's clock has them.
    pub(crate) seconds: Arc<AtomicU64>,
    site: Arc<Site>,
    back: mpsc::UnboundedReceiver<String>,
    notified: mpsc::UnboundedReceiver<Vec<u8>>,
    server: JoinHandle<()>,
}

struct Site {
    /// The form that the page of an order submits.
    form: Mutex<String>,
    back: mpsc::UnboundedSender<String>,
    notified: mpsc::UnboundedSender<Vec<u8>>,
}

impl Shop {
    /// Opens it, with a gateway of its own.
    pub(crate) async fn open() -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("a clock");
        let seconds = Arc::new(AtomicU64::new(now.as_secs()));
        let clock = Arc::clone(&seconds);
        let mock =
            Mock::builder().clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)));
        // Subjects have HTML here, which Alipay does not take.
        let mock = mock.lenient().start().await.expect("the gateway starts");
        let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).expect("keys");
        let client = Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (to_back, back) = mpsc::unbounded_channel();
        let (to_notified, notified) = mpsc::unbounded_channel();
        let site = Arc::new(Site {
            form: Mutex::default(),
            back: to_back,
            notified: to_notified,
        });
        let routes = Router::new()
            .route("/buy", get(buy))
            .route("/back", get(returned))
            .route("/cart", get(|| async { Html("<!DOCTYPE html><h1>The cart</h1>") }))
            .route("/notify", post(told))
            .with_state(Arc::clone(&site));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.expect("the shop is open") });
        Self {
            client: client.build().expect("a client"),
            mock,
            base,
            seconds,
            site,
            back,
            notified,
            server,
        }
    }

    /// Shows this form on the page of an order: gives the page's address.
    pub(crate) fn offers(&self, form: String) -> String {
        *self.site.form.lock().expect("no page has failed") = form;
        format!("{}/buy", self.base)
    }

    pub(crate) fn back_url(&self) -> String {
        format!("{}/back", self.base)
    }

    pub(crate) fn notify_url(&self) -> String {
        format!("{}/notify", self.base)
    }

    /// Waits for a browser that comes back: gives the query that it brings.
    pub(crate) async fn browser_is_back(&mut self) -> String {
        let query = timeout(PATIENCE, self.back.recv()).await.expect("a browser comes back");
        query.expect("the shop is open")
    }

    /// Waits for a notification, and verifies it.
    pub(crate) async fn notification(&mut self) -> Verified<Notification> {
        let body = timeout(PATIENCE, self.notified.recv())
            .await
            .expect("a notification comes");
        let body = body.expect("the shop is open");
        let notification = self.client.notifications().receive(&body).await;
        notification.expect("the notification's signature holds")
    }

    /// Whether no notification and no browser has come that nobody waited for.
    pub(crate) async fn heard_nothing_more(&mut self) -> bool {
        self.mock.notifications_settled().await;
        self.notified.try_recv().is_err() && self.back.try_recv().is_err()
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        self.server.abort();
        self.mock.shutdown().await;
    }
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect("an amount")
}

async fn buy(State(site): State<Arc<Site>>) -> Html<String> {
    let form = site.form.lock().expect("no page has failed").clone();
    Html(format!("<!DOCTYPE html><title>Shop</title>{form}"))
}

async fn returned(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Html<&'static str> {
    let _ = site.back.send(query.unwrap_or_default());
    Html("<!DOCTYPE html><title>Shop</title><h1>Thank you</h1>")
}

async fn told(State(site): State<Arc<Site>>, body: axum::body::Bytes) -> &'static str {
    let _ = site.notified.send(body.to_vec());
    notify::SUCCESS
}
