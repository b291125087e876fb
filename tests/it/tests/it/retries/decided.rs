//! What the last attempt says, where an earlier one may have been carried out.

use std::time::Duration;

use alipay_api::{
    Client, Error, ErrorClass, ErrorKind,
    retry::{ExponentialBackoff, RetryBudget},
    trade::{Refund, RefundErrorCode, SettleConfirm},
};
use alipay_mock::Mock;

use super::{End, Trouble, Troubled};
use crate::support::{builder, paid_order, price, start};

const REFUND: &str = "alipay.trade.refund";

struct World {
    mock: Mock,
    client: Client,
    transport: Troubled,
}

impl World {
    async fn new() -> Self {
        let (mock, client) = start().await;
        paid_order(&mock, &client, "1", "10.00").await;
        let transport = Troubled::new();
        let client = builder(&mock).transport(transport.clone());
        let client = client.backoff(ExponentialBackoff::new(Duration::ZERO, Duration::ZERO));
        Self {
            client: client.build().unwrap(),
            mock,
            transport,
        }
    }

    async fn refund(&self) -> Result<String, Error> {
        let refund = Refund::with_out_trade_no("1", price("10.00")).out_request_no("R1");
        let refunded = self.client.trade().refund(refund).await?;
        Ok(refunded.trade_no)
    }
}

#[tokio::test]
async fn a_refund_that_timed_out_and_is_then_refused_stays_unknown() {
    let world = World::new().await;
    world.transport.expect([Trouble::ResetBefore]);
    // About this attempt alone: the first may have been carried out before the money was gone.
    world
        .mock
        .answer_next(REFUND, "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", false);
    let error = world.refund().await.unwrap_err();
    assert_eq!(world.transport.attempts(), 2);
    assert_eq!(error.sub_code_as(), Some(RefundErrorCode::AcqSellerBalanceNotEnough));
    assert!(
        error.is_verified() && error.class() == Some(ErrorClass::Setup),
        "{error:?}"
    );
    assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error:?}");
    assert_eq!(error.query_method(), Some("alipay.trade.fastpay.refund.query"));
    let told = "; the outcome of an earlier attempt is unknown; the call may have been carried out: query it with \
                alipay.trade.fastpay.refund.query before you send it again";
    assert!(error.to_string().contains(told), "{error}");

    // Without an earlier attempt, the same words are believed.
    world.transport.expect([]);
    world
        .mock
        .answer_next(REFUND, "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", false);
    let error = world.refund().await.unwrap_err();
    assert!(
        !error.is_outcome_unknown() && error.query_method().is_none(),
        "{error:?}"
    );
    assert!(!error.to_string().contains("earlier"), "{error}");
    assert_eq!(world.mock.trade("1").unwrap().refunded_amount, "0.00");
}

#[tokio::test]
async fn what_could_not_be_sent_again_stays_unknown() {
    let world = World::new().await;
    for last in [Trouble::NoConnection, Trouble::HeldBack] {
        world.transport.expect([Trouble::ResetAfter, last, last]);
        let error = world.refund().await.unwrap_err();
        assert_eq!((world.transport.attempts(), world.transport.arrived().len()), (3, 1));
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error:?}");
        // It was carried out.
        assert_eq!(world.mock.trade("1").unwrap().refunded_amount, "10.00");
    }
    // Nothing of it was ever sent.
    world
        .transport
        .expect([Trouble::NoConnection, Trouble::HeldBack, Trouble::NoConnection]);
    let error = world.refund().await.unwrap_err();
    assert!(!error.is_outcome_unknown() && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn what_was_done_by_an_earlier_attempt_is_done() {
    let world = World::new().await;
    for trouble in [
        Trouble::ResetAfter,
        Trouble::ResetBefore,
        Trouble::BadGateway,
        Trouble::Truncated,
    ] {
        world.transport.expect([trouble, trouble]);
        assert_eq!(End::of(&world.refund().await), End::Done);
        assert_eq!(world.transport.attempts(), 3);
        assert_eq!(
            world.mock.trade("1").unwrap().refunded_amount,
            "10.00",
            "once: {trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_signed_answer_that_it_is_done_already_decides() {
    const CONFIRM: &str = "alipay.trade.settle.confirm";

    let world = World::new().await;
    let confirm = || {
        let confirm = SettleConfirm::new()
            .out_request_no("S1")
            .trade_no("2015070921001004130000127421");
        world.client.trade().settle_confirm(confirm)
    };
    for (sub_code, class, end) in [
        ("ACQ.ALREADY_CONFIRM_SETTLE", Some(ErrorClass::AlreadyDone), End::Failed),
        ("ACQ.TRADE_NOT_EXIST", Some(ErrorClass::Request), End::Unknown),
        ("ACQ.SETTLE_ACCOUNT_NOT_EXIST", Some(ErrorClass::Setup), End::Unknown),
    ] {
        world.transport.expect([Trouble::ResetBefore]);
        world.mock.answer_next(CONFIRM, "40004", sub_code, false);
        let result = confirm().await;
        assert_eq!(End::of(&result), end, "{result:?}");
        assert_eq!(result.unwrap_err().class(), class);
        assert_eq!(world.transport.attempts(), 2);
    }
}

#[tokio::test]
async fn a_key_that_is_blank_is_none() {
    let world = World::new().await;
    for key in ["", " ", "\u{3000}"] {
        world.transport.expect([Trouble::ResetBefore; 3]);
        let refund = Refund::with_out_trade_no("1", price("10.00")).out_request_no(key);
        let error = world.client.trade().refund(refund).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error}");
        assert_eq!(world.transport.attempts(), 1, "{key:?}");
    }
    // With one, it may be sent again; a policy and a budget may say no.
    for (client, attempts) in [
        (builder(&world.mock), 3),
        (builder(&world.mock).max_attempts(1), 1),
        (builder(&world.mock).max_attempts(2), 2),
        (builder(&world.mock).retry_budget(RetryBudget::new(0.0, 0)), 1),
    ] {
        world.transport.expect([Trouble::ResetBefore; 3]);
        let client = client.transport(world.transport.clone()).build().unwrap();
        let refund = Refund::with_out_trade_no("1", price("10.00")).out_request_no("R2");
        client.trade().refund(refund).await.unwrap_err();
        assert_eq!(world.transport.attempts(), attempts);
    }
}
