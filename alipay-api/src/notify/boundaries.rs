//! Where one value ends and the next parameter begins.
//!
//! Alipay signs the parameters joined by `&` and `=`, without escaping either. So a value that holds `&total_amount=999.00` can be
//! sent on as two parameters under the same signature, and several parameters as one value: whoever chooses a subject or a
//! remark, and can repeat a notification, could have another order or amount read from it. To begin a parameter that the
//! genuine notification has anyway, they have to hide the genuine one, else it is there twice; they can only hide it in a value,
//! and there it is found.
//!
//! What the genuine notification has not, they can still add, as far as the order of the names lets them: nothing in what comes
//! tells that apart. So every amount and state that counts has to be one that is always there.

use super::parameters::Parameters;

/// What orders, money and apps are told by.
const JUDGED_BY: [&str; 14] = [
    "app_id",
    "auth_app_id",
    "biz_content",
    "gmt_refund",
    "msg_method",
    "notify_id",
    "notify_type",
    "out_biz_no",
    "out_trade_no",
    "refund_fee",
    "seller_id",
    "total_amount",
    "trade_no",
    "trade_status",
];

/// The first value that may hide another parameter, by its name, and the parameter.
pub(super) fn hidden(parameters: &Parameters) -> Option<(&str, &str)> {
    parameters.iter().find_map(|(holder, value)| {
        let mut parts = value.split('&');
        // In front of the first is no `&`.
        parts.next();
        let names = parts.filter_map(|part| part.split_once('=')).map(|(name, _)| name);
        let is_hidden = |name: &&str| JUDGED_BY.contains(name) || parameters.get(name).is_some();
        Some((holder, names.into_iter().find(is_hidden)?))
    })
}
