//! What the gateway sends, from the payment to the answer.

use alipay_api::{
    notify::SUCCESS,
    trade::{Precreate, Refund},
    web::NotificationReceiver,
};

use crate::{
    client::Request,
    forge::gateway_check,
    servers::{FRAMEWORKS, Server},
    support::{price, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_and_its_refund_are_taken_once_each() {
    for framework in FRAMEWORKS {
        let (mock, client) = start().await;
        let server = Server::start(framework, &NotificationReceiver::new(client.clone()));
        let order = Precreate::new("20161112", price("0.03"), "测试订单");
        client.trade().precreate(order).notify_url(server.url()).await.unwrap();
        mock.pay("20161112").unwrap();
        mock.notifications_settled().await;
        let refund = Refund::with_out_trade_no("20161112", price("0.03")).out_request_no("R1");
        client.trade().refund(refund).await.unwrap();
        mock.notifications_settled().await;
        // Had an answer been another than `success`, the gateway would have sent it again.
        let app_id = mock.app_id();
        let lines = ["TRADE_SUCCESS", "TRADE_CLOSED"].map(|status| format!("{app_id} 20161112 {status}"));
        assert_eq!(server.taken(), lines, "{framework:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_address_is_checked() {
    let (mock, client) = start().await;
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &client.clone().into());
        let answer = Request::post(gateway_check(&mock)).send(server.address).await;
        assert_eq!(answer.status, 200, "{framework:?}");
        assert!(
            answer.head.contains("\r\ncontent-type: text/xml;charset=gbk\r\n"),
            "{answer:?}"
        );
        assert!(answer.body.contains("<success>true</success>"), "{answer:?}");
        assert_ne!(answer.body, SUCCESS);
        assert_eq!(server.taken(), ["gateway check"]);
    }
}
