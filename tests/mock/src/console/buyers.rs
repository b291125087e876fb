//! Test buyers, and what waits for them.

use bytes::Bytes;
use http::Response;

use super::page::{Block, Cell, Content, Row, Table};
use super::{Place, View, orders, preauths};
use crate::news::Topic;
use crate::state::people::people;

/// So many codes are shown.
const CODES: usize = 24;

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let people = view.core.look(|state, _| people(&state.users.visitor));
    let rows = people.iter().map(|person| {
        let (chinese, english) = person.name;
        Row {
            key: person.account.user_id.clone(),
            cells: vec![
                Cell::new(view.say(chinese, english)),
                Cell::new(&person.account.user_id).small(&person.account.logon_id),
                if person.has_money {
                    Cell::new(view.say("有余额", "Has money")).mood("good")
                } else {
                    Cell::new(view.say("余额不足", "No money")).mood("bad")
                },
            ],
        }
    });
    let table = Table {
        head: vec![
            view.say("姓名", "Name"),
            view.say("账户", "Account"),
            view.say("余额", "Balance"),
        ],
        rows: rows.collect(),
        empty: "",
    };
    let hint = view.say(
        "收银台和协议页面上可以选择的人。",
        "Who can be chosen on the pages of the cashier and of agreements.",
    );
    let buyers = Block::new("buyers", Place::Buyers.label(view.language), Content::Table(table))
        .hint(hint)
        .more("/buyers", view.say("付款码", "Payment codes"));
    let mut pictures = orders::codes(view, CODES);
    pictures.extend(preauths::codes(view, CODES - pictures.len()));
    let heading = view.say("等待扫码的二维码", "Codes that wait to be scanned");
    let codes = if pictures.is_empty() {
        Content::Table(Table {
            head: Vec::new(),
            rows: Vec::new(),
            empty: view.say("没有等待扫码的订单。", "No order waits to be scanned."),
        })
    } else {
        Content::Pictures(pictures)
    };
    let codes = Block::new("codes", heading, codes).hint(view.say("打开即为扫码。", "Opening one is the scan."));
    view.page(Place::Buyers, &[Topic::State], vec![buyers, codes])
}
