//! The first page: how the gateway is reached, and the latest of all.

use bytes::Bytes;
use http::Response;

use super::page::{Block, Cell, Content, Fact};
use super::{FEW, Place, View, agreements, authorisations, notifications, orders, preauths, requests, transfers};
use crate::clock::beijing;
use crate::news::Topic;

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let topics = [Topic::State, Topic::Requests, Topic::Notifications, Topic::Clock];
    let blocks = vec![
        gateway(view),
        orders::few(view),
        requests::few(view, FEW),
        notifications::few(view, FEW),
        orders::few_refunds(view),
        preauths::few(view),
        transfers::few(view),
        agreements::few(view),
        authorisations::few(view),
    ];
    view.page(Place::Overview, &topics, blocks)
}

fn gateway(view: &View<'_>) -> Block {
    let core = view.core;
    let base_url = core.base_url.clone().unwrap_or_default();
    let has_certificates = core.look(|state, _| state.identity.certificates().is_some());
    let mode = if has_certificates {
        view.say("公钥证书", "Certificates")
    } else {
        view.say("公钥", "Public keys")
    };
    let refused: u64 = core.journal.refusals().values().sum();
    let facts = [
        ("V2", "gateway_url", format!("{base_url}/gateway.do")),
        ("V3", "v3_url", format!("{base_url}/v3/")),
        (view.say("应用", "App"), "app_id", core.app.id.clone()),
        (view.say("商户", "Merchant"), "seller_id", core.app.seller_id.clone()),
        (view.say("接口加签方式", "Signed with"), "mode", mode.to_owned()),
        (
            view.say("请求数", "Requests"),
            "requests_count",
            core.journal.count().to_string(),
        ),
        (view.say("拒绝数", "Refused"), "refused_count", refused.to_string()),
        (view.say("网关时间", "Gateway's time"), "time", beijing(core.now())),
    ];
    let facts = facts.map(|(label, id, value)| Fact {
        label,
        id,
        value: Cell::new(&value),
    });
    Block::new("gateway", view.say("网关", "The gateway"), Content::Facts(facts.into()))
}
