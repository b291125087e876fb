//! Whatever is sent to `notify_url` or `return_url`, or comes from a phone, nothing panics.
#![no_main]

use alipay_api::{
    notify::Notification,
    trade::{AppPay, PagePay},
    types::Price,
};
use alipay_fuzz::{APP_ID, CLIENT};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let notifications = CLIENT.notifications();
    let _ = notifications.verify(body);
    let signed = format!("app_id={APP_ID}&notify_type=trade_status_sync&sign=AA%3D%3D&");
    if let Ok(notification) = notifications.verify([signed.as_bytes(), body].concat()) {
        assert!(matches!(&*notification, Notification::TradeStatusSync(_)));
        let _ = notification.expect_order("1", Price::from_cents(1));
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = notifications.verify_return::<PagePay>(text);
        let _ = notifications.verify_return::<PagePay>(&format!("{signed}{text}"));
        let _ = notifications.verify_app_result::<AppPay>(text);
    }
});
