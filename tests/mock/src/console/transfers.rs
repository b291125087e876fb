//! Money that merchants sent to accounts.

use bytes::Bytes;
use http::Response;

use super::page::{Block, Cell, Content, Row, Table};
use super::{FEW, Place, View};
use crate::clock::beijing;
use crate::news::Topic;
use crate::state::transfers::Product;

/// The latest, and how many there are.
fn latest(view: &View<'_>, count: usize) -> (Content, usize, usize) {
    let (rows, all) = view.core.look(|state, now| {
        let mut found: Vec<_> = state.transfers.all().collect();
        found.sort_by(|(_, a), (_, b)| b.at.cmp(&a.at).then_with(|| b.order_id.cmp(&a.order_id)));
        let all = found.len();
        let rows = found.into_iter().take(count).map(|(merchant, transfer)| {
            let terms = &transfer.terms;
            let status = transfer.status(now);
            let product = match &terms.number.product {
                Product::ToAccount => "fund.trans.toaccount.transfer".to_owned(),
                Product::Uni { code, scene } => format!("{code} · {scene}"),
            };
            Row {
                key: transfer.order_id.clone(),
                cells: vec![
                    Cell::new(&terms.number.out_biz_no).small(&transfer.order_id),
                    Cell::new(&terms.payee).small(&terms.payee_type),
                    Cell::new(&terms.amount.to_string()).mood("num"),
                    Cell::new(status).mood(if status == "SUCCESS" { "good" } else { "open" }),
                    Cell::new(&product).mood("soft").small(merchant),
                    Cell::new(&beijing(transfer.at)).mood("num"),
                ],
            }
        });
        (rows.collect::<Vec<_>>(), all)
    });
    let shown = rows.len();
    let table = Table {
        head: vec![
            view.say("商户单号", "Transfer"),
            view.say("收款方", "Payee"),
            view.say("金额（元）", "Yuan"),
            view.say("状态", "Status"),
            view.say("产品与付款方", "Product and payer"),
            view.say("时间", "When"),
        ],
        rows,
        empty: view.say("还没有转账。", "No transfers yet."),
    };
    (Content::Table(table), shown, all)
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let place = Place::Transfers;
    let (table, ..) = latest(view, FEW);
    Block::new("transfers", place.label(view.language), table).more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let (table, shown, all) = latest(view, view.rows());
    let block = Block::new("transfers", &format!("{shown} / {all}"), table);
    let block = view.more(block, Place::Transfers, shown, all);
    view.page(Place::Transfers, &[Topic::State], vec![block])
}
