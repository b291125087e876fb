//! The same shop in each framework.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use actix_web::{App, HttpServer};
use alipay_api::{
    notify::TradeStatusSync,
    web::{GatewayHandler, GatewayHandlerBuilder, NotificationError, NotificationReceiver, Received, Reply},
};
use axum::{
    Router,
    extract::{FromRef, State},
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

pub(crate) const FRAMEWORKS: [Framework; 2] = [Framework::Axum, Framework::Actix];

/// A shop's server: what it has taken, one line each.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    taken: Taken,
}

#[derive(Clone, Default)]
pub(crate) struct Taken(Arc<Mutex<Vec<String>>>);

#[derive(Clone)]
struct Shop {
    receiver: NotificationReceiver,
    taken: Taken,
}

impl FromRef<Shop> for NotificationReceiver {
    fn from_ref(shop: &Shop) -> Self {
        shop.receiver.clone()
    }
}

impl Server {
    pub(crate) fn start(framework: Framework, receiver: &NotificationReceiver) -> Self {
        let (listener, address) = listen();
        let taken = Taken::default();
        let shop = Shop {
            receiver: receiver.clone(),
            taken: taken.clone(),
        };
        match framework {
            Framework::Axum => serve_axum(listener, shop),
            Framework::Actix => serve_actix(listener, shop),
        }
        Self { address, taken }
    }

    /// The same by a [`GatewayHandler`] with these functions.
    pub(crate) fn of_functions(
        framework: Framework,
        receiver: &NotificationReceiver,
        functions: impl FnOnce(GatewayHandlerBuilder<Taken>) -> GatewayHandlerBuilder<Taken>,
    ) -> Self {
        let (listener, address) = listen();
        let taken = Taken::default();
        let handler = functions(GatewayHandler::builder(receiver.clone(), taken.clone()));
        let handler = handler.build().unwrap();
        match framework {
            Framework::Axum => serve_router(listener, Router::new().route_service("/notify", handler)),
            Framework::Actix => serve_handler(listener, handler),
        }
        Self { address, taken }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify", self.address)
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.0.lock().unwrap().clone()
    }
}

pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The routes are of any method: what is no POST is for the extractor to refuse.
fn serve_axum(listener: TcpListener, shop: Shop) {
    async fn notified(State(shop): State<Shop>, received: Received) -> Result<Reply, NotificationError> {
        take(received, &shop.taken).await
    }
    let router = Router::new()
        .route("/notify", axum::routing::any(notified))
        .with_state(shop);
    serve_router(listener, router);
}

pub(crate) fn serve_router(listener: TcpListener, router: Router) {
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await.unwrap();
    });
}

fn serve_actix(listener: TcpListener, shop: Shop) {
    use actix_web::web::{self, Data};

    async fn notified(taken: Data<Taken>, received: Received) -> Result<Reply, NotificationError> {
        take(received, &taken).await
    }
    thread::spawn(move || {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shop.receiver.clone())
                .app_data(Data::new(shop.taken.clone()))
                .route("/notify", web::route().to(notified))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
}

fn serve_handler(listener: TcpListener, handler: GatewayHandler) {
    use actix_web::web;

    thread::spawn(move || {
        let server = HttpServer::new(move || App::new().route("/notify", web::route().to(handler.clone())));
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
}

/// The shop's own part, the same for both.
async fn take(received: Received, taken: &Taken) -> Result<Reply, NotificationError> {
    if let Some(reply) = received.gateway_check().await? {
        taken.note("gateway check".to_owned());
        return Ok(reply);
    }
    let app_id = received.client.app_id().to_owned();
    let trade = received.notification.expect_trade()?;
    taken.trade(&app_id, &trade)?;
    Ok(Reply::SUCCESS)
}

/// The same as a function of a [`GatewayHandler`].
#[allow(clippy::unused_async, reason = "the functions of a shop wait for its database")]
pub(crate) async fn trade(taken: Taken, received: Received<TradeStatusSync>) -> Result<(), NotificationError> {
    taken.trade(received.client.app_id(), &received.notification)
}

impl Taken {
    fn trade(&self, app_id: &str, trade: &TradeStatusSync) -> Result<(), NotificationError> {
        if trade.out_trade_no == "database-is-down" {
            return Err("the database is down".into());
        }
        self.note(format!("{app_id} {} {}", trade.out_trade_no, trade.trade_status));
        Ok(())
    }

    pub(crate) fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}
