//! What became of many orders, against what is believed of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alipay_api::{
    Client,
    flows::{self, Belief, Believed, Difference, Found, NotDoneReason, Rate, Resumed, Ticket},
    fund::{TransToaccountTransfer, TransToaccountTransferRequired},
    trade::{OrderSettle, OrderSettleRequired, Precreate, Refund, types::OpenApiRoyaltyDetailInfoPojo},
};
use alipay_mock::{Fault, Mock};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use super::{done, lose_answer, quick, start};
use crate::support::{bind_receiver, builder, paid_order, price};

/// What is found that differs from these beliefs.
pub(super) async fn reconciled<const N: usize>(client: &Client, orders: [(Ticket, Belief); N]) -> Vec<Found> {
    let orders = orders.map(|(ticket, belief)| Believed { ticket, belief });
    let differences = flows::reconcile(client, stream::iter(orders), Rate::per_second(1000));
    differences.map(|difference| difference.found).collect().await
}

fn ticket(mock: &Mock, number: &str) -> Ticket {
    Ticket::of_payment(mock.app_id(), number, price("1.00"))
}

/// Orders that are paid, open, closed, and of another amount; the fifth is not there.
async fn orders(mock: &Mock, client: &Client) {
    for (number, amount) in [
        ("paid", "1.00"),
        ("open", "1.00"),
        ("closed", "1.00"),
        ("other", "2.00"),
    ] {
        let order = Precreate::new(number, price(amount), "测试订单");
        client.trade().precreate(order).await.unwrap();
        mock.scan(number).unwrap();
    }
    mock.pay("paid").unwrap();
    mock.close("closed").unwrap();
}

#[tokio::test]
async fn what_differs_from_what_is_believed_is_told() {
    let (mock, client) = start().await;
    orders(&mock, &client).await;
    let before = mock.requests();
    let queries = mock.requests_of("alipay.trade.query");
    let mut found = Vec::new();
    for number in ["paid", "open", "closed", "other", "none"] {
        for belief in [Belief::Done, Belief::Open, Belief::NotDone] {
            let differing = reconciled(&client, [(ticket(&mock, number), belief)]).await;
            let told = match &*differing {
                [] => "agrees",
                [Found::Done(Resumed::Paid(_))] => "done",
                [Found::Open] => "open",
                [Found::NotDone(NotDoneReason::Closed)] => "closed",
                [Found::Mismatch] => "other amount",
                [Found::Absent] => "absent",
                _ => panic!("{differing:?}"),
            };
            found.push(told);
        }
    }
    assert_eq!(
        found,
        [
            ["agrees", "done", "done"],
            ["open", "agrees", "open"],
            ["closed", "closed", "agrees"],
            ["other amount"; 3],
            ["absent", "absent", "agrees"],
        ]
        .concat()
    );
    // It asks, and does nothing else.
    assert_eq!(
        (
            mock.requests() - before,
            mock.requests_of("alipay.trade.query") - queries
        ),
        (15, 15)
    );
}

#[tokio::test]
async fn all_kinds_are_asked_for_by_their_own_queries() {
    let (mock, client) = start().await;
    bind_receiver(&client, "2088101126708402").await;
    let trade_no = paid_order(&mock, &client, "1", "100.00").await;
    let share = OpenApiRoyaltyDetailInfoPojo::new()
        .trans_in("2088101126708402")
        .amount(price("1.00"));
    let split = |number: &str| {
        let required = OrderSettleRequired {
            out_request_no: number.into(),
            trade_no: trade_no.clone(),
        };
        flows::settle(&client, OrderSettle::with_royalty_parameters([share.clone()], required))
    };
    let refund = || {
        flows::refund(
            &client,
            Refund::with_out_trade_no("1", price("1.00")).out_request_no("r1"),
        )
    };
    let settled = split("s1").ticket().clone();
    let refunded = Ticket::of_refund(mock.app_id(), "1", "r1", price("1.00"));
    done(quick(split("s1")).await);
    done(quick(refund()).await);
    let unsettled = split("s2").ticket().clone();
    let differing = reconciled(
        &client,
        [
            (settled.clone(), Belief::Done),
            (refunded.clone(), Belief::Done),
            (refunded, Belief::NotDone),
            // Of a split, absence proves nothing.
            (unsettled, Belief::NotDone),
            (settled, Belief::Open),
        ],
    )
    .await;
    let mut told: Vec<_> = differing
        .iter()
        .map(|found| match found {
            Found::Done(Resumed::Refunded(_)) => "refunded",
            Found::Done(Resumed::Settled(_)) => "settled",
            Found::Absent => "absent",
            _ => panic!("{found:?}"),
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["absent", "refunded", "settled"]);
    assert_eq!(
        (
            mock.requests_of("alipay.trade.order.settle"),
            mock.requests_of("alipay.trade.refund")
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_transfer_to_an_account_is_found_without_its_amount() {
    let (_mock, client) = start().await;
    let transfer = |number: &str| {
        let request = TransToaccountTransfer::new(TransToaccountTransferRequired {
            out_biz_no: number.into(),
            payee_type: "ALIPAY_LOGONID".into(),
            payee_account: "abc@sina.com".into(),
            amount: price("12.23"),
        });
        flows::transfer_to_account(&client, request)
    };
    let ticket = transfer("1").ticket().clone();
    done(quick(transfer("1")).await);
    let unsent = transfer("2").ticket().clone();
    let orders = [
        (ticket.clone(), Belief::Done),
        (unsent, Belief::NotDone),
        (ticket, Belief::NotDone),
    ];
    let differing = reconciled(&client, orders).await;
    assert!(
        matches!(&*differing, [Found::Done(Resumed::Transferred(_))]),
        "{differing:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_found_out_is_told() {
    let (mock, client) = start().await;
    orders(&mock, &client).await;
    let other_app = Ticket::of_payment("2021", "paid", price("1.00"));
    let differing = reconciled(&client, [(other_app, Belief::Done)]).await;
    let [Found::Unknown(error)] = &*differing else {
        panic!("{differing:?}")
    };
    assert!(error.to_string().contains("another app"), "{error}");
    let once = builder(&mock).max_attempts(1).build().unwrap();
    lose_answer(&mock, "alipay.trade.query");
    let orders = ["paid", "closed"].map(|number| Believed {
        ticket: ticket(&mock, number),
        belief: Belief::Done,
    });
    let orders = stream::iter(orders);
    let differing: Vec<Difference> = flows::reconcile(&once, orders, Rate::per_second(1)).collect().await;
    // One that fails stops nothing.
    let [lost, closed] = &*differing else {
        panic!("{differing:?}")
    };
    assert!(
        lost.to_string()
            .starts_with("what became of the payment paid could not be found out: "),
        "{lost}"
    );
    assert_eq!(
        closed.to_string(),
        "the payment closed is believed to be done, and is closed"
    );
    assert_eq!(closed.ticket.status(), Some("TRADE_CLOSED"));
}

#[tokio::test]
async fn the_rate_is_kept() {
    let (mock, client) = start().await;
    let orders = stream::iter((0..11).map(|number| Believed {
        ticket: ticket(&mock, &format!("r{number}")),
        belief: Belief::Open,
    }));
    let begun = Instant::now();
    let found = flows::reconcile(&client, orders, Rate::per_second(20)).count().await;
    // The first one is asked for at once.
    assert!(begun.elapsed() >= Duration::from_millis(490), "{:?}", begun.elapsed());
    assert_eq!(found, 11);
}

#[tokio::test]
async fn rows_are_taken_only_as_fast_as_they_are_asked_for() {
    let (mock, client) = start().await;
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let app_id = mock.app_id().to_owned();
    let rows = stream::iter(0..1_000_000).map(move |number| {
        counter.fetch_add(1, Ordering::SeqCst);
        Believed {
            ticket: Ticket::of_payment(&*app_id, format!("{number}"), price("1.00")),
            belief: Belief::Open,
        }
    });
    let [(first, mut first_held), (second, mut second_held)] = [Fault::delay(), Fault::delay()];
    mock.fault_next(first);
    mock.fault_next(second);
    let mut differences = flows::reconcile(&client, rows, Rate::per_second(1_000_000).at_once(2));
    tokio::select! {
        difference = differences.next() => panic!("{difference:?}"),
        () = async { first_held.reached().await; second_held.reached().await } => {}
    }
    assert!(differences.next().now_or_never().is_none());
    assert_eq!(taken.load(Ordering::SeqCst), 2);
    first_held.release();
    assert!(matches!(
        differences.next().await,
        Some(Difference {
            found: Found::Absent,
            ..
        })
    ));
    // The one that was answered made room for one more.
    assert_eq!(taken.load(Ordering::SeqCst), 2);
    assert!(differences.next().now_or_never().is_none());
    assert_eq!(taken.load(Ordering::SeqCst), 3);
    second_held.release();
}

#[tokio::test]
async fn without_rows_it_ends() {
    let (_mock, client) = start().await;
    let mut differences = flows::reconcile(&client, stream::empty(), Rate::per_second(1));
    assert!(differences.next().await.is_none());
    assert!(differences.next().await.is_none());
}
