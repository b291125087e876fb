use alipay_api::{
    notify::{Notification, claimed_app_id},
    trade::{AppPay, PagePay},
    types::Price,
};

use crate::client::{APP_ID, CLIENT};

/// Whatever is sent to `notify_url` or `return_url`, or comes from a phone, nothing panics.
///
/// # Panics
/// If that is not so.
pub fn notification(body: &[u8]) {
    let notifications = CLIENT.notifications();
    let _ = notifications.verify(body);
    let signed = format!("app_id={APP_ID}&notify_type=trade_status_sync&sign=AA%3D%3D&");
    if let Ok(notification) = notifications.verify([signed.as_bytes(), body].concat()) {
        // A message may have a `notify_type` as well: its `msg_method` decides what it is.
        let is_message = notification.parameter("msg_method").is_some();
        assert!(is_message || matches!(&*notification, Notification::TradeStatusSync(_)));
        if let Ok(trade) = notification.expect_trade() {
            let _ = trade.event();
            let _ = trade.expect_order("1", Price::from_cents(1));
        }
    }
    let _ = claimed_app_id(body);
    let check = b"service=alipay.service.check&sign=AA%3D%3D&biz_content=";
    let _ = notifications.verify([check, body].concat());
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = notifications.verify_return(text);
        if let Ok(back) = notifications.verify_return(&format!("{signed}{text}")) {
            let _ = back.expect_method::<PagePay>();
        }
        let _ = notifications.verify_app_result::<AppPay>(text);
    }
}
