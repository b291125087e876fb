//! The HTTP server.

mod bills;
mod body;
pub(crate) mod connection;
mod console;
mod control;
mod gateway;
pub(crate) mod guard;
mod openapi;
mod pages;
mod reply;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::Next;
use axum::routing::{any, delete, get, post};
use axum::{Router, middleware};
use tokio::sync::watch;

use crate::core::Core;
use crate::protocol::text;
use console::Streams;
use control::{
    agreements, alipay, buyers, certificates, clock, complaints, faults, merchants, notifications, preauths, users,
};
use guard::Guard;

/// Everything the server answers.
///
/// The gateway and the pages take any host and any origin: a shop's page sends its buyers there.
pub(crate) fn router(core: Arc<Core>, guard: Guard, stop: watch::Receiver<bool>) -> Router {
    let streams = Streams::new(stop);
    let control = Router::new()
        .route("/_mock/trades/{out_trade_no}", get(control::trade))
        .route("/_mock/trades/{out_trade_no}/scan", post(control::scan))
        .route("/_mock/trades/{out_trade_no}/pay", post(control::pay))
        .route("/_mock/trades/{out_trade_no}/close", post(control::close))
        .route("/_mock/trades/{out_trade_no}/finish", post(control::finish))
        .route("/_mock/preauthorizations/{out_order_no}", get(preauths::preauth))
        .route("/_mock/preauthorizations/{out_order_no}/scan", post(preauths::scan))
        .route(
            "/_mock/preauthorizations/{out_order_no}/authorize",
            post(preauths::authorise),
        )
        .route("/_mock/agreements", get(agreements::agreements))
        .route("/_mock/agreements/{number}", get(agreements::agreement))
        .route("/_mock/agreements/{number}/sign", post(agreements::sign))
        .route("/_mock/agreements/{number}/refuse", post(agreements::refuse))
        .route("/_mock/agreements/{number}/unsign", post(agreements::unsign))
        .route("/_mock/invoices/{token}", post(control::invoices))
        .route("/_mock/authorizations", post(merchants::authorise))
        .route("/_mock/authorizations/{auth_app_id}", get(merchants::authorisation))
        .route("/_mock/authorizations/{auth_app_id}/cancel", post(merchants::cancel))
        .route("/_mock/user-authorizations", post(users::authorise))
        .route("/_mock/splits/{settle_no}/carry-out", post(alipay::carry_out))
        .route("/_mock/royalties", post(alipay::royalties))
        .route("/_mock/applications/{order_id}", get(alipay::application))
        .route("/_mock/applications/{order_id}/pass", post(alipay::pass))
        .route("/_mock/applications/{order_id}/reject", post(alipay::reject))
        .route("/_mock/trades/{out_trade_no}/complaints", post(complaints::complain))
        .route("/_mock/complaints/{complain_event_id}", get(complaints::complaint))
        .route("/_mock/complaints/{complain_event_id}/step", post(complaints::step))
        .route("/_mock/users/{user_id}", post(users::profile))
        .route("/_mock/visitor", post(users::visitor))
        .route("/_mock/dead-refresh-tokens", get(merchants::dead_refresh_tokens))
        .route("/_mock/app-gateway", post(merchants::app_gateway))
        .route(
            "/_mock/lifetimes",
            get(merchants::lifetimes).post(merchants::change_lifetimes),
        )
        .route("/_mock/certificates", get(certificates::certificates))
        .route("/_mock/certificates/roll-over", post(certificates::roll_over))
        .route("/_mock/certificates/forge", post(certificates::forge))
        .route(
            "/_mock/notifications",
            get(notifications::all).post(notifications::order),
        )
        .route("/_mock/notifications/{notify_id}/resend", post(notifications::resend))
        .route("/_mock/clock", get(clock::clock).post(clock::change))
        .route("/_mock/faults", get(faults::all).post(faults::order))
        .route("/_mock/faults/{id}", delete(faults::withdraw))
        .route("/_mock/buyers", get(buyers::buyers))
        .route("/_mock/buyers/release", post(buyers::release))
        .route("/_mock/movements", get(control::movements))
        .route("/_mock/requests", get(control::requests))
        .route("/_mock/answers", post(control::answers))
        .route("/_mock/next", post(control::next))
        .route("/", any(console::serve))
        .route("/console/{*path}", any(console::serve))
        .route(
            "/console/events",
            get(move |State(core): State<Arc<Core>>| async move { console::events(&core, streams) }),
        )
        .route("/_mock/openapi.json", get(openapi::serve))
        // Pages at addresses that anybody can guess, which show orders.
        .route("/buyers", any(pages::serve))
        .route("/buyers/{number}", any(pages::serve))
        .layer(middleware::from_fn_with_state(Arc::new(guard), guard::check));
    Router::new()
        .route("/gateway.do", get(gateway::serve).post(gateway::serve))
        .route("/v3/{*path}", any(gateway::serve))
        .route("/page/{name}", any(pages::serve))
        .route("/qr/{code}", any(pages::serve))
        .route("/oauth2/{page}", any(pages::serve))
        .route("/bill/{token}", any(bills::serve))
        .merge(control)
        .layer(middleware::from_fn_with_state(Arc::clone(&core), stored))
        .with_state(core)
}

/// Lets an answer out when all that it may tell is stored. What can't be stored is told to nobody.
async fn stored(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response<Body> {
    let response = next.run(request).await;
    match core.deliveries.store().settled().await {
        Ok(()) => response,
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, "utf-8", error.to_string()).map(Body::from),
    }
}
