//! A call whose token is refused is sent once more; what may be done twice, only where nobody can play an old refusal back.

use std::sync::Arc;

use alipay_api::{
    Client,
    isv::{Isv, store::AuthorisationState},
    trade::{Precreate, Query, Refund},
    transport::{BoxFuture, Request, ReqwestTransport, Response, Transport, TransportError},
};
use serde_json::json;

use super::{AHEAD, LIFETIME, MERCHANT, World};
use crate::support::{builder, price};

const PRECREATE: &str = "alipay.trade.precreate";
const QUERY: &str = "alipay.trade.query";
const REFUND: &str = "alipay.trade.refund";

/// Carries what is sent to any gateway to the embedded one.
#[derive(Debug)]
struct Rerouted {
    inner: ReqwestTransport,
    gateway: String,
}

impl Transport for Rerouted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let query = head.uri.query().unwrap();
            head.uri = format!("{}?{query}", self.gateway).parse().unwrap();
            self.inner.send(Request::from_parts(head, body)).await
        })
    }
}

/// The world's app as one whose gateway has this address.
fn at(world: &World, gateway: &str) -> Isv {
    let transport = Rerouted {
        inner: ReqwestTransport::new().unwrap(),
        gateway: world.mock.gateway_url(),
    };
    let client: Client = builder(&world.mock)
        .gateway(gateway)
        .transport(transport)
        .clock(world.clock.clone())
        .build()
        .unwrap();
    Isv::builder(client, Arc::clone(&world.store))
        .refresh_ahead(AHEAD)
        .build()
}

/// The next call of this method is carried out, and is told that its token is invalid.
fn refuse(world: &World, method: &str) {
    world.clock.advance(LIFETIME / 2);
    world
        .mock
        .answer_next(method, "20001", "aop.invalid-app-auth-token", true);
}

/// An order that is paid.
async fn order(world: &World, merchant: &Client) {
    let order = Precreate::new("one", price("0.01"), "测试订单");
    merchant.trade().precreate(order).await.unwrap();
    world.mock.pay("one").unwrap();
}

#[tokio::test]
async fn what_may_be_done_twice_is_sent_again_only_over_tls_or_on_this_machine() {
    for (gateway, times) in [
        ("http://gateway.example/gateway.do", 1),
        ("https://gateway.example/gateway.do", 2),
        ("http://127.0.0.1/gateway.do", 2),
    ] {
        let world = World::authorised().await;
        let isv = at(&world, gateway);
        world.clock.advance(LIFETIME / 2);
        // The call is carried out, and somebody on the way answers with a refusal that he has kept.
        world
            .mock
            .answer_next(PRECREATE, "20001", "aop.invalid-app-auth-token", true);
        let order = json!({ "out_trade_no": "one", "total_amount": "0.01", "subject": "测试订单" });
        let result = isv.merchant(MERCHANT).call_raw(PRECREATE, order.clone()).await;
        assert_eq!(world.mock.requests_of(PRECREATE), times, "{gateway}");
        if times == 1 {
            let error = result.unwrap_err();
            assert_eq!(error.sub_code(), Some("aop.invalid-app-auth-token"));
            assert!(error.is_verified() && error.is_outcome_unknown(), "{error}");
        } else {
            result.unwrap();
        }
        // The token is replaced all the same: the next call goes through.
        assert_eq!(world.refreshes(), 1, "{gateway}");
        isv.merchant(MERCHANT).call_raw(PRECREATE, order).await.unwrap();
    }
}

#[tokio::test]
async fn what_only_reads_is_sent_again_everywhere() {
    let world = World::authorised().await;
    let isv = at(&world, "http://gateway.example/gateway.do");
    let merchant = isv.merchant(MERCHANT);
    order(&world, &merchant).await;
    refuse(&world, QUERY);
    merchant.trade().query(Query::with_out_trade_no("one")).await.unwrap();
    assert_eq!(world.mock.requests_of(QUERY), 2);
    refuse(&world, QUERY);
    let query = merchant.call_raw(QUERY, json!({ "out_trade_no": "one" }));
    query.reads().await.unwrap();
    assert_eq!(world.mock.requests_of(QUERY), 4);
}

#[tokio::test]
async fn what_may_arrive_twice_is_sent_again_everywhere() {
    let world = World::authorised().await;
    let isv = at(&world, "http://gateway.example/gateway.do");
    let merchant = isv.merchant(MERCHANT);
    order(&world, &merchant).await;
    // How the gateway answers an order that it has already is not documented.
    refuse(&world, PRECREATE);
    let other = Precreate::new("other", price("0.01"), "测试订单");
    let error = merchant.trade().precreate(other).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(world.mock.requests_of(PRECREATE), 2);
    for (refund, times) in [
        (Refund::with_out_trade_no("one", price("0.01")).out_request_no("1"), 2),
        (Refund::with_out_trade_no("one", price("0.01")), 3),
    ] {
        refuse(&world, REFUND);
        let refunded = merchant.trade().refund(refund).await;
        assert_eq!(world.mock.requests_of(REFUND), times);
        assert_eq!(refunded.is_ok(), times == 2, "{refunded:?}");
    }
}

/// Whoever plays an old refusal back can keep the refresh from getting through, too.
#[tokio::test]
async fn without_another_token_the_outcome_stays_unknown() {
    let world = World::authorised().await;
    let isv = at(&world, "http://gateway.example/gateway.do");
    world.clock.advance(LIFETIME / 2);
    world
        .mock
        .answer_next(PRECREATE, "20001", "aop.invalid-app-auth-token", true);
    world
        .mock
        .answer_next("alipay.open.auth.token.app", "40004", "REFRESH_TOKEN_NOT_EXIST", true);
    let order = json!({ "out_trade_no": "one", "total_amount": "0.01", "subject": "测试订单" });
    let error = isv.merchant(MERCHANT).call_raw(PRECREATE, order).await.unwrap_err();
    assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    assert_eq!(error.sub_code(), Some("aop.invalid-app-auth-token"));
    assert_eq!(
        world.stored().await.state,
        AuthorisationState::Active,
        "nor is the merchant lost"
    );
}
