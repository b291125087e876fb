//! What a buyer's browser sees.

use alipay_codegen::ir::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::html::escape;
use crate::protocol::failure::{Failure, msg};
use crate::state::agreements::Agreement;
use crate::state::trades::Order;

/// The cashier: what is to be paid, and a button that plays the buyer.
pub(crate) fn cashier(order: &Order) -> String {
    let terms = &order.terms;
    let action = utf8_percent_encode(&terms.out_trade_no, NON_ALPHANUMERIC);
    let body = format!(
        "<h1>收银台</h1>\n<dl>\n<dt>商品</dt><dd id=\"subject\">{}</dd>\n<dt>金额</dt><dd id=\"total_amount\">{}</dd>\n\
         <dt>商户订单号</dt><dd id=\"out_trade_no\">{}</dd>\n<dt>支付宝交易号</dt><dd id=\"trade_no\">{}</dd>\n</dl>\n\
         <form method=\"post\" action=\"/_mock/trades/{action}/pay\"><button>付款</button></form>",
        escape(&terms.subject),
        terms.total,
        escape(&terms.out_trade_no),
        escape(order.trade.as_ref().map(|trade| trade.no.as_str()).unwrap_or_default()),
    );
    page("支付宝 - 收银台", &body)
}

/// What a user is asked to sign, with two buttons that play the user.
pub(crate) fn signing(agreement: &Agreement) -> String {
    let terms = &agreement.terms;
    let mut rows = vec![
        ("商户", "seller_id", terms.merchant.seller_id.clone()),
        ("协议产品", "personal_product_code", terms.product.clone()),
        ("签约场景", "sign_scene", terms.scene.clone()),
    ];
    if let Some(number) = &terms.external_agreement_no {
        rows.push(("商户签约号", "external_agreement_no", number.clone()));
    }
    if let Some(logon_id) = &terms.external_logon_id {
        rows.push(("商户网站账号", "external_logon_id", logon_id.clone()));
    }
    if let Some(rule) = &terms.rule {
        rows.push(("单次扣款最大金额", "single_amount", rule.single.to_string()));
        rows.push(("首次扣款日期", "execute_time", rule.first.to_string()));
        rows.push(("扣款周期", "period", format!("{} {}", rule.length, rule.unit.name())));
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(label, id, value)| format!("<dt>{label}</dt><dd id=\"{id}\">{}</dd>", escape(value)))
        .collect();
    let action = format!("/_mock/agreements/{}", agreement.no);
    let body = format!(
        "<h1>签署协议</h1>\n<dl>\n{}\n</dl>\n<form method=\"post\" action=\"{action}/sign\"><button>同意协议并签约</button></form>\n\
         <form method=\"post\" action=\"{action}/refuse\"><button>拒绝</button></form>",
        rows.join("\n"),
    );
    page("支付宝 - 签约", &body)
}

/// What the buyer sees when the merchant's page did something wrong.
pub(crate) fn error(failure: &Failure) -> String {
    let body = format!(
        "<h1>{}</h1>\n<dl>\n<dt>错误代码</dt><dd id=\"code\">{}</dd>\n<dt>明细代码</dt><dd id=\"sub_code\">{}</dd>\n\
         <dt>错误原因</dt><dd id=\"sub_msg\">{}</dd>\n</dl>",
        msg(&failure.code),
        escape(&failure.code),
        escape(&failure.sub_code),
        escape(&failure.sub_msg),
    );
    page("支付宝 - 出错了", &body)
}

/// What the buyer sees where the gateway does not play the page.
pub(crate) fn not_played(method: &Method) -> String {
    let body = format!(
        "<h1>{}</h1>\n<p>模拟网关未模拟此页面（not played）：请求已按 spec 校验通过，未执行任何操作。</p>\n<dl>\n<dt>方法</dt><dd id=\"method\">{}</dd>\n</dl>",
        escape(method.title.as_deref().unwrap_or(&method.name)),
        escape(&method.name),
    );
    page("支付宝 - 未模拟的页面", &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )
}
