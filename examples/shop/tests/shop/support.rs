//! A shop, its gateway, its buyers, and the network between them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_api::{flows::PollSchedule, trade::Refund};
use alipay_mock::{Mock, Payment};
use alipay_shop::{Config, Timing};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "the admin's own words";

/// The gateway, the shop's database, and the address that Alipay knows the shop by.
pub(crate) struct World {
    pub(crate) mock: Mock,
    pub(crate) mail: Mail,
    folder: TempDir,
    database: SqlitePool,
}

impl World {
    pub(crate) async fn new() -> Self {
        let mock = Mock::builder().notify_schedule(vec![Duration::from_millis(20); 3]);
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(folder.path().join("shop.db"));
        let options = options.busy_timeout(Duration::from_secs(10));
        Self {
            mock: mock.start().await.unwrap(),
            mail: Mail::new().await,
            // The shop makes it.
            database: SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options),
            folder,
        }
    }

    /// The environment of a shop.
    pub(crate) fn environment(&self) -> HashMap<&'static str, String> {
        HashMap::from([
            ("ALIPAY_GATEWAY", self.mock.gateway_url()),
            ("ALIPAY_APP_ID", self.mock.app_id().to_owned()),
            ("ALIPAY_SELLER_ID", self.mock.seller_id().to_owned()),
            ("ALIPAY_PRIVATE_KEY", self.mock.app_private_key()),
            ("ALIPAY_PUBLIC_KEY", self.mock.alipay_public_key()),
            ("SHOP_URL", self.mail.url.clone()),
            ("SHOP_LISTEN", "127.0.0.1:0".to_owned()),
            (
                "SHOP_DATABASE",
                self.folder.path().join("shop.db").to_str().unwrap().to_owned(),
            ),
            ("SHOP_PASSWORD", PASSWORD.to_owned()),
        ])
    }

    pub(crate) async fn open_shop(&self) -> RunningShop {
        self.open_shop_with(|_| {}).await
    }

    /// Starts a shop in this process, and has the mail go there.
    pub(crate) async fn open_shop_with(&self, change: impl FnOnce(&mut Timing)) -> RunningShop {
        let environment = self.environment();
        let mut config = Config::read(|name| environment.get(name).cloned()).unwrap();
        config.timing.refund_schedule = PollSchedule::every(Duration::from_millis(10));
        change(&mut config.timing);
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        self.mail.pass_to(address);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(alipay_shop::run(config, listener, shutdown.clone()));
        let browser = Browser::new(address);
        // Answered as soon as it runs.
        assert_eq!(browser.get("/").await.status, 200);
        RunningShop {
            browser,
            shutdown,
            task,
        }
    }

    /// What the database says: the first column of a query's only row.
    pub(crate) async fn number_of(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(&self.database).await.unwrap().get(0)
    }

    pub(crate) async fn change_database(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.database).await.unwrap();
    }

    pub(crate) async fn database_refuses(&self, statement: &'static str) -> bool {
        let result = sqlx::query(statement).execute(&self.database).await;
        matches!(result, Err(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Waits until the database has so many open orders. It tells nobody when it changes.
    pub(crate) async fn open_orders_are(&self, count: i64) {
        let are = async || self.number_of("SELECT count(*) FROM orders WHERE state = 'open'").await == count;
        until(async || are().await.then_some(())).await;
    }

    pub(crate) async fn deliveries(&self) -> i64 {
        self.number_of("SELECT count(*) FROM deliveries").await
    }

    /// A genuine notification about an order, with whatever it is to say.
    pub(crate) fn notification(&self, number: &str, status: &str, more: Value) -> String {
        let mut fields = json!({
            "out_trade_no": number, "trade_no": "2026112822001", "trade_status": status,
            "total_amount": "88.80", "seller_id": self.mock.seller_id(),
        });
        let Value::Object(more) = more else { panic!("{more}") };
        fields.as_object_mut().unwrap().extend(more);
        self.mock.notify("trade_status_sync", fields).unwrap().body().to_owned()
    }

    /// Gives money back, as somebody does in the merchant's back office. The shop is told, if the mail gets there.
    pub(crate) async fn refund_elsewhere(&self, number: &str, amount: &str) {
        let environment = self.environment();
        let config = Config::read(|name| environment.get(name).cloned()).unwrap();
        let refund = Refund::with_out_trade_no(number, amount.parse().unwrap())
            .out_request_no(format!("elsewhere {amount}").replace([' ', '.'], "_"));
        config.alipay.trade().refund(refund).await.unwrap();
        self.mock.notifications_settled().await;
    }

    /// The buyer pays. The shop is told, if the mail gets there.
    pub(crate) async fn pay(&self, number: &str) -> Payment {
        let payment = self.mock.pay(number).unwrap();
        self.mock.notifications_settled().await;
        payment
    }
}

/// A shop in this process.
pub(crate) struct RunningShop {
    pub(crate) browser: Browser,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), axum::BoxError>>,
}

impl RunningShop {
    /// Shuts it down, as a signal does.
    pub(crate) async fn close(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// The network between Alipay and the shop: it passes notifications on, keeps them, or loses them.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) url: String,
    http: reqwest::Client,
    state: Arc<Mutex<MailState>>,
}

#[derive(Default)]
struct MailState {
    shop: Option<SocketAddr>,
    bodies: Vec<String>,
}

impl Mail {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            http: http(),
            state: Arc::default(),
        };
        let router = Router::new().fallback(Self::take).with_state(mail.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        mail
    }

    async fn take(State(mail): State<Self>, body: Bytes) -> Response {
        let body = String::from_utf8(body.into()).unwrap();
        let shop = {
            let mut state = mail.state.lock().unwrap();
            state.bodies.push(body.clone());
            state.shop
        };
        let Some(shop) = shop else {
            return (StatusCode::BAD_GATEWAY, "fail").into_response();
        };
        let http = mail.http.clone();
        let (status, text) = Browser::with(shop, http).notify(&body).await;
        (StatusCode::from_u16(status).unwrap(), text).into_response()
    }

    pub(crate) fn pass_to(&self, shop: SocketAddr) {
        self.state.lock().unwrap().shop = Some(shop);
    }

    /// Nobody answers from now on.
    pub(crate) fn lose(&self) {
        self.state.lock().unwrap().shop = None;
    }

    /// All that Alipay has sent, each once.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let mut bodies = self.state.lock().unwrap().bodies.clone();
        bodies.sort();
        bodies.dedup();
        bodies
    }
}

/// Follows no redirect: where one leads is what tests look at.
fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A browser, or whoever else calls the shop.
#[derive(Clone)]
pub(crate) struct Browser {
    url: String,
    http: reqwest::Client,
}

/// A page, or where another one is.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Shown {
    /// The number of the order that the browser is sent to.
    pub(crate) fn number(&self) -> String {
        let path = self
            .location
            .strip_prefix("/orders/")
            .expect("the browser is sent to an order");
        path.trim_end_matches("/pay").to_owned()
    }
}

impl Browser {
    pub(crate) fn new(shop: SocketAddr) -> Self {
        Self::with(shop, http())
    }

    fn with(shop: SocketAddr, http: reqwest::Client) -> Self {
        let url = format!("http://{shop}");
        Self { url, http }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Shown {
        let response = request.send().await.unwrap();
        let location = response.headers().get("location");
        Shown {
            status: response.status().as_u16(),
            location: location.map_or_else(String::new, |location| location.to_str().unwrap().to_owned()),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Shown {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn post(&self, path: &str, form: &str, headers: &[(&'static str, &str)]) -> Shown {
        let mut request = self.http.post(format!("{}{path}", self.url)).body(form.to_owned());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Posts a notification, as Alipay does.
    pub(crate) async fn notify(&self, body: &str) -> (u16, String) {
        let shown = self.post("/notify", body, &[]).await;
        (shown.status, shown.text)
    }

    pub(crate) async fn admin_get(&self, path: &str) -> Shown {
        let request = self.http.get(format!("{}{path}", self.url));
        self.send(request.basic_auth("admin", Some(PASSWORD))).await
    }

    pub(crate) async fn admin_post(&self, path: &str, form: &str) -> Shown {
        let request = self.http.post(format!("{}{path}", self.url)).body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.basic_auth("admin", Some(PASSWORD))).await
    }

    /// The number that the form on a page brings.
    pub(crate) fn form_number(page: &str) -> String {
        let (_, rest) = page
            .split_once("name=\"number\" value=\"")
            .expect("the page has a form");
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Orders tea for 88.80 and goes to where it can be paid: Alipay knows of the order then.
    pub(crate) async fn order(&self, way: &str) -> String {
        let number = Self::form_number(&self.get("/").await.text);
        let form = format!("number={number}&product=longjing&quantity=1&way={way}");
        let placed = self.post("/orders", &form, &[]).await;
        assert_eq!(placed.status, 303, "{placed:?}");
        let number = placed.number();
        if way == "qr" {
            let page = self.order_page(&number).await;
            assert!(page.contains("<svg"), "{page}");
        } else {
            self.open_cashier(&number).await;
        }
        number
    }

    /// Goes to Alipay's page.
    pub(crate) async fn open_cashier(&self, number: &str) {
        let next = self.get(&format!("/orders/{number}/pay")).await;
        let cashier = self.send(self.http.get(&next.location)).await;
        assert!(
            cashier.status == 303 && cashier.location.starts_with("/page/"),
            "{cashier:?}"
        );
    }

    pub(crate) async fn order_page(&self, number: &str) -> String {
        let page = self.get(&format!("/orders/{number}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.text
    }

    pub(crate) async fn is_paid(&self, number: &str) -> bool {
        let page = self.order_page(number).await;
        let is_paid = page.contains("已付款");
        assert_eq!(page.contains("取货码"), is_paid, "{page}");
        is_paid
    }

    /// Sends the form that refunds an order.
    pub(crate) async fn refund(&self, order: &str, amount: &str) -> Shown {
        let page = self.admin_get(&format!("/admin/orders/{order}")).await;
        let form = format!("number={}&amount={amount}", Self::form_number(&page.text));
        self.admin_post(&format!("/admin/orders/{order}/refunds"), &form).await
    }

    /// Looks at the admin page of an order until it has this text.
    pub(crate) async fn admin_sees(&self, order: &str, text: &str) -> String {
        let path = format!("/admin/orders/{order}");
        until(async || Some(self.admin_get(&path).await.text).filter(|page| page.contains(text))).await
    }
}

/// Looks again and again until something is there.
async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let looks = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(1), looks).await;
    found.expect("what the test waits for does not come")
}
