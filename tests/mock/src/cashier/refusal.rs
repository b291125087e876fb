//! What a browser gets where the gateway refuses, or does not play the page: what is wrong, with which parameter, and what to do.

use alipay_codegen::ir::Method;

use super::language::Language;
use super::page::{Mood, Page, Quote, Row, Told};
use crate::html::unescape;
use crate::protocol::failure::{Failure, msg};

/// How the gateway's refusal of a signature ends, before the string that it quotes.
const QUOTED: &str = "网关生成的验签字符串为：";

/// The gateway refuses a request that a browser delivered.
pub(crate) fn refused(language: Language, failure: &Failure) -> Page {
    let heading = language.say("请求被网关拒绝", "The gateway refuses this request");
    let mut told = Told::new(language, Mood::Bad, heading, hint(language, &failure.sub_code));
    let (message, signed) = match failure.sub_msg.split_once(QUOTED) {
        Some((message, signed)) => (message.trim_end_matches('，'), Some(unescape(signed))),
        None => (failure.sub_msg.as_str(), None),
    };
    let code = format!("{} {}", failure.code, msg(&failure.code));
    // Whoever reads this sits at a desk.
    told.frame.is_phone = false;
    told.rows = vec![
        Row::new(language.say("错误代码", "Code"), "code", code),
        Row::new(
            language.say("明细代码", "Sub code"),
            "sub_code",
            failure.sub_code.clone(),
        ),
        Row::new(language.say("错误原因", "Reason"), "sub_msg", message),
    ];
    if let Some(parameter) = parameter(failure) {
        told.rows
            .push(Row::new(language.say("相关参数", "Parameter"), "parameter", parameter));
    }
    told.quote = signed.map(|text| Quote {
        label: language.say(
            "网关按收到的参数生成的待签名字符串，请与商户侧签名的字符串逐字比较：",
            "The string that the gateway built from the parameters that came. Compare it with the one that the merchant signed:",
        ),
        text,
    });
    told.page()
}

/// The gateway does not play the page.
pub(crate) fn not_played(language: Language, method: &Method) -> Page {
    let words = language.say(
        "模拟网关未模拟此页面（not played）：请求已按 spec 校验通过，未执行任何操作。",
        "The simulated gateway does not play this page: the request is what its spec asks for, and nothing was done.",
    );
    let heading = method.title.as_deref().unwrap_or(&method.name);
    let mut told = Told::new(language, Mood::Open, heading, words);
    told.rows = vec![Row::new(language.say("方法", "Method"), "method", method.name.clone())];
    told.page()
}

/// What to do about a refusal.
fn hint(language: Language, sub_code: &str) -> &'static str {
    match sub_code {
        "isv.invalid-signature" => language.say(
            "签名与参数不符：参数在签名之后被改动，或者签名用的不是本应用的私钥。",
            "The signature does not fit the parameters: they were changed after they were signed, or the key is not this app's.",
        ),
        "isv.invalid-app-id" | "INVALID_APP_ID" => language.say(
            "app_id 不是本网关的应用：请检查商户侧的配置。",
            "The app_id is not that of the gateway's app: look at the merchant's configuration.",
        ),
        "ACQ.TRADE_HAS_SUCCESS" => language.say(
            "订单已经支付，不能再次付款。",
            "The order is paid already, and can't be paid again.",
        ),
        "ACQ.TRADE_HAS_CLOSE" => language.say(
            "订单已关闭或已过支付时间：请回到商户重新下单。",
            "The order is closed, or the time to pay is over: go back to the merchant and order again.",
        ),
        "ACQ.CONTEXT_INCONSISTENT" => language.say(
            "此订单号已用于另一笔内容不同的订单。",
            "The number is taken by an order with another content.",
        ),
        _ => language.say(
            "商户发来的请求有误，没有执行任何操作。",
            "The merchant's request is wrong, and nothing was done.",
        ),
    }
}

/// The parameter that a refusal is about, if it is about one.
fn parameter(failure: &Failure) -> Option<&str> {
    // Where the message names it: behind what the gateway's messages begin with.
    let begins = ["参数无效: ", "参数有误: ", "参数重复: ", "缺少 "];
    let message = failure.sub_msg.as_str();
    let rest = begins.iter().find_map(|begin| message.strip_prefix(begin));
    let named = rest.unwrap_or(message);
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_.[]".contains(letter);
    let end = named.find(|letter| !is_of_name(letter)).unwrap_or(named.len());
    let (name, after) = named.split_at(end);
    let is_named = rest.is_some() || after.starts_with(':') || after.starts_with(" 应为") || after.ends_with("无效");
    if is_named && name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        return Some(name);
    }
    Some(match &*failure.sub_code {
        "isv.invalid-signature" => "sign",
        "isv.invalid-signature-type" => "sign_type",
        "isv.invalid-app-id" | "INVALID_APP_ID" => "app_id",
        "isv.invalid-method" => "method",
        "isv.invalid-timestamp" => "timestamp",
        "isv.invalid-charset" => "charset",
        "isv.invalid-format" => "format",
        "isv.invalid-encrypt-type" => "encrypt_type",
        "isv.missing-app-cert-sn" | "isv.app-cert-not-exist" | "isv.app-cert-expired" => "app_cert_sn",
        "isv.missing-alipay-root-cert-sn" | "isv.invalid-alipay-root-cert-sn" => "alipay_root_cert_sn",
        "aop.app-auth-token-time-out" | "aop.invalid-app-auth-token" => "app_auth_token",
        "ACQ.TRADE_HAS_CLOSE" if message.contains("时间") => "time_expire",
        "ACQ.TRADE_HAS_SUCCESS" | "ACQ.TRADE_HAS_CLOSE" | "ACQ.CONTEXT_INCONSISTENT" => "out_trade_no",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_parameter() {
        for (sub_code, message, expected) in [
            ("isv.missing-timestamp", "缺少 timestamp 参数", Some("timestamp")),
            ("isv.invalid-signature", "验签出错，…", Some("sign")),
            (
                "isv.invalid-parameter",
                "return_url 应为 http 或 https 的绝对地址",
                Some("return_url"),
            ),
            ("isv.invalid-parameter", "参数重复: charset", Some("charset")),
            (
                "ACQ.INVALID_PARAMETER",
                "参数无效: goods_detail[0].price: required",
                Some("goods_detail[0].price"),
            ),
            ("isv.illegal-json", "biz_content: no object", Some("biz_content")),
            (
                "isv.invalid-parameter",
                "period_rule_params: missing",
                Some("period_rule_params"),
            ),
            ("INVALID_REDIRECT_URI", "redirect_uri 无效", Some("redirect_uri")),
            ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭", Some("out_trade_no")),
            (
                "ACQ.TRADE_HAS_CLOSE",
                "当前时间已超过允许支付的时间",
                Some("time_expire"),
            ),
            ("ACQ.SYSTEM_ERROR", "order vanished", None),
        ] {
            let failure = Failure::business(sub_code, message);
            assert_eq!(parameter(&failure), expected, "{sub_code} {message}");
        }
    }
}
