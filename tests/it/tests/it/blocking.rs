//! Calls and flows that block, in programs without a runtime: the gateway's is not theirs.

use std::{
    error::Error as StdError,
    io,
    net::{Shutdown, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use alipay_api::{
    Client, Error, ErrorKind,
    bill::{BillErrorKind, BillKind},
    flows::{self, Ended},
    trade::{Pay, PayRequired, Precreate, Query, Refund, types::TradeStatus},
    transport::{BoxFuture, Request, Response, Transport, TransportError, http::Method},
};
use alipay_mock::Mock;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::{builder, price, start};

const AUTH_CODE: &str = "28763443825664394";

/// A gateway in a runtime that the calls don't have.
fn gateway() -> (Runtime, Mock, Client) {
    let runtime = Runtime::new().unwrap();
    let (mock, client) = runtime.block_on(start());
    (runtime, mock, client)
}

fn required(out_trade_no: &str) -> PayRequired {
    PayRequired {
        out_trade_no: out_trade_no.into(),
        total_amount: price("20.00"),
        subject: "测试订单".into(),
    }
}

/// As a script has it.
fn pay_query_refund(client: &Client) -> Result<(), Box<dyn StdError>> {
    let paid = match flows::scan_pay(client, Pay::with_auth_code(AUTH_CODE, required("1"))).send_blocking()? {
        Ended::Done(paid) => paid,
        Ended::NotDone(not_done) => return Err(not_done.to_string().into()),
        Ended::Unknown(unknown) => return Err(unknown.to_string().into()),
    };
    let order = client
        .trade()
        .query(Query::with_trade_no(paid.trade_no))
        .send_blocking()?;
    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
    let refund = Refund::with_out_trade_no("1", "5.00".parse()?).out_request_no("1_1");
    let refunded = client.trade().refund(refund).send_blocking()?;
    assert_eq!(refunded.refund_fee, Some("5.00".parse()?));
    Ok(())
}

#[test]
fn a_script_pays_queries_and_refunds() {
    let (_runtime, mock, client) = gateway();
    pay_query_refund(&client).unwrap();
    let trade = mock.trade("1").unwrap();
    assert_eq!((&*trade.total_amount, &*trade.refunded_amount), ("20.00", "5.00"));
}

#[test]
fn every_sort_of_call_blocks() {
    let (_runtime, mock, client) = gateway();
    let order = Precreate::new("1", price("1.00"), "subject");
    let (_, metadata) = client.trade().precreate(order).with_metadata().send_blocking().unwrap();
    assert_eq!((metadata.http_status(), metadata.attempts()), (200, 1));
    mock.pay("1").unwrap();
    let number = json!({ "out_trade_no": "1" });
    let raw = client
        .call_raw("alipay.trade.query", number.clone())
        .send_blocking()
        .unwrap();
    assert_eq!(raw.get::<String>("trade_status").unwrap().unwrap(), "TRADE_SUCCESS");
    let raw = client
        .v3_raw(Method::POST, "/v3/alipay/trade/query")
        .body(number)
        .send_blocking()
        .unwrap();
    assert_eq!(raw.get::<String>("trade_status").unwrap().unwrap(), "TRADE_SUCCESS");
    let error = client
        .trade()
        .query(Query::with_out_trade_no("2"))
        .send_blocking()
        .unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
}

#[test]
fn many_threads_block_at_once() {
    let (_runtime, mock, client) = gateway();
    thread::scope(|scope| {
        for number in 0..32 {
            let client = &client;
            scope.spawn(move || {
                let number = number.to_string();
                let pay = client.trade().pay(Pay::with_auth_code(AUTH_CODE, required(&number)));
                let _paid = pay.send_blocking().unwrap();
                let query = Query::with_out_trade_no(&*number);
                let order = client.trade().query(query).send_blocking().unwrap();
                assert_eq!(
                    (order.out_trade_no, order.trade_status),
                    (number, TradeStatus::TradeSuccess.into())
                );
            });
        }
    });
    assert_eq!(mock.requests_of("alipay.trade.pay"), 32);
}

/// What each way to block says.
fn refusals(client: &Client) -> Vec<Error> {
    let order = || Precreate::new("1", price("1.00"), "subject");
    let flow = || flows::qr_pay(client, order());
    let ticket = flow().ticket().clone();
    let bill = client.bill().download_blocking(
        BillKind::Trade,
        "2026-03-20".parse::<alipay_api::types::Date>().unwrap(),
    );
    let bill = bill.unwrap_err();
    assert_eq!(bill.kind(), BillErrorKind::Call);
    vec![
        client.trade().precreate(order()).send_blocking().unwrap_err(),
        client
            .trade()
            .precreate(order())
            .with_metadata()
            .send_blocking()
            .unwrap_err(),
        client
            .call_raw("alipay.trade.query", json!({}))
            .send_blocking()
            .unwrap_err(),
        client
            .v3_raw(Method::POST, "/v3/alipay/trade/query")
            .send_blocking()
            .unwrap_err(),
        flow().send_blocking().unwrap_err(),
        flows::resume(client, ticket).send_blocking().unwrap_err(),
        bill.call().unwrap().clone(),
    ]
}

#[test]
fn in_a_runtime_nothing_is_sent() {
    let (runtime, mock, client) = gateway();
    let of_task = runtime.block_on(async { refusals(&client) });
    let of_blocking = runtime.spawn_blocking({
        let client = client.clone();
        move || refusals(&client)
    });
    let of_blocking = runtime.block_on(of_blocking).unwrap();
    for error in of_task.iter().chain(&of_blocking) {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!error.is_outcome_unknown() && !error.is_retryable(), "{error}");
        assert!(
            error.to_string().contains("in a tokio runtime: await the call instead"),
            "{error}"
        );
    }
    assert_eq!(mock.requests(), 0);
}

#[test]
fn a_flow_that_blocks_refuses_calls_that_block_in_its_listener() {
    let (_runtime, mock, client) = gateway();
    let flow = flows::scan_pay(&client, Pay::with_auth_code(AUTH_CODE, required("1"))).on_progress({
        let client = client.clone();
        move |_| {
            let query = client.trade().query(Query::with_out_trade_no("1"));
            assert_eq!(query.send_blocking().unwrap_err().kind(), ErrorKind::Configuration);
        }
    });
    assert!(flow.send_blocking().unwrap().done().is_some());
    assert_eq!(mock.requests(), 1);
}

/// Passes connections on to a gateway, and counts them.
fn counting_relay(gateway: &str) -> io::Result<(String, Arc<AtomicUsize>)> {
    let (listener, gateway) = (TcpListener::bind("127.0.0.1:0")?, gateway.to_owned());
    let url = format!("http://{}", listener.local_addr()?);
    let count = Arc::new(AtomicUsize::new(0));
    let accepted = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            accepted.fetch_add(1, Ordering::SeqCst);
            let Ok(server) = TcpStream::connect(&gateway) else {
                break;
            };
            let pairs = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
            for (from, to) in pairs {
                let (mut from, mut to) = (from.expect("a socket"), to.expect("a socket"));
                thread::spawn(move || {
                    let _ended = io::copy(&mut from, &mut to);
                    let _closed = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    Ok((url, count))
}

#[test]
fn later_calls_have_the_connection_of_the_first() {
    let (_runtime, mock, _) = gateway();
    let base = mock.base_url();
    let (relay, connections) = counting_relay(base.strip_prefix("http://").unwrap()).unwrap();
    let gateway = mock.gateway_url().replace(&*base, &relay);
    let client = builder(&mock).gateway(gateway).build().unwrap();
    let query = || client.trade().query(Query::with_out_trade_no("1")).send_blocking();
    for _ in 0..20 {
        assert_eq!(query().unwrap_err().sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    }
    // Another thread's call has it too.
    thread::scope(|scope| scope.spawn(query).join().unwrap().unwrap_err());
    assert_eq!(mock.requests(), 21);
    // A connection is free a moment after its answer was read: a call that comes before makes a second one.
    let connections = connections.load(Ordering::SeqCst);
    assert!(connections <= 2, "{connections} connections");
}

/// Panics on the first request.
#[derive(Debug)]
struct Panics<T>(T, AtomicUsize);

impl<T: Transport> Transport for Panics<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            assert_ne!(self.1.fetch_add(1, Ordering::SeqCst), 0, "the first request");
            self.0.send(request).await
        })
    }
}

#[test]
fn a_panic_reaches_the_caller_and_harms_no_later_call() {
    let (_runtime, mock, _) = gateway();
    let inner = alipay_api::transport::ReqwestTransport::new().unwrap();
    let transport = Panics(inner, AtomicUsize::new(0));
    let client = builder(&mock).transport(transport).build().unwrap();
    let query = || client.trade().query(Query::with_out_trade_no("1")).send_blocking();
    let panic = catch_unwind(AssertUnwindSafe(query)).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("the first request"));
    assert_eq!(query().unwrap_err().sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    assert_eq!(mock.requests(), 1);
}
