//! What merchants and users allow the app.

use std::cmp::Reverse;

use bytes::Bytes;
use http::Response;

use super::page::{Block, Cell, Content, Row, Table};
use super::{FEW, Place, View, notifications};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;
use crate::state::authorisations::{Grant, TokenStatus};

/// Merchants, the latest first, and how many there are.
fn merchants(view: &View<'_>, count: usize) -> (Content, usize, usize) {
    let (grants, now): (Vec<Grant>, _) = view
        .core
        .look(|state, now| (state.authorisations.all().cloned().collect(), now));
    let mut grants = grants;
    grants.sort_by_key(|grant| Reverse(grant.authorised));
    let all = grants.len();
    grants.truncate(count);
    let shown = grants.len();
    let rows = grants.iter().map(|grant| {
        let (words, mood) = match grant.status(now) {
            TokenStatus::Valid => (view.say("有效", "Valid"), "good"),
            TokenStatus::Cancelled => (view.say("已取消", "Cancelled"), "soft"),
            TokenStatus::Expired | TokenStatus::Replaced => (view.say("已过期", "Expired"), "soft"),
        };
        Row {
            key: grant.grantor.auth_app_id.clone(),
            cells: vec![
                Cell::new(&grant.grantor.auth_app_id).small(&grant.grantor.user_id),
                Cell::new(words).mood(mood),
                Cell::new(&grant.refreshes.to_string()).mood("num"),
                Cell::new(&beijing(grant.authorised)).mood("num"),
                Cell::new(&beijing(grant.end)).mood("num"),
            ],
        }
    });
    let table = Table {
        head: vec![
            view.say("商户应用", "Merchant's app"),
            view.say("令牌", "Token"),
            view.say("刷新次数", "Refreshes"),
            view.say("授权时间", "Authorised"),
            view.say("令牌到期", "Token ends"),
        ],
        rows: rows.collect(),
        empty: view.say("还没有商户授权。", "No merchant has authorised the app yet."),
    };
    (Content::Table(table), shown, all)
}

/// Users, the latest first.
fn users(view: &View<'_>, count: usize) -> Content {
    let rows = view.core.look(|state, now| {
        let mut grants: Vec<_> = state.users.all(now).collect();
        grants.sort_by_key(|(grant, _)| Reverse(grant.start));
        let rows = grants.into_iter().take(count).map(|(grant, is_valid)| Row {
            key: format!("{} {}", grant.user_id, grant.start),
            cells: vec![
                Cell::new(&grant.user_id).small(grant.open_id.as_deref().unwrap_or_default()),
                Cell::new(&grant.scope),
                if is_valid {
                    Cell::new(view.say("有效", "Valid")).mood("good")
                } else {
                    Cell::new(view.say("已过期", "Expired")).mood("soft")
                },
                Cell::new(&beijing(grant.start)).mood("num"),
            ],
        });
        rows.collect()
    });
    Content::Table(Table {
        head: vec![
            view.say("用户", "User"),
            view.say("范围", "Scope"),
            view.say("令牌", "Token"),
            view.say("签发时间", "Issued"),
        ],
        rows,
        empty: view.say("还没有用户登录。", "No user has logged in yet."),
    })
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let place = Place::Authorisations;
    let (table, ..) = merchants(view, FEW);
    Block::new("authorisations", place.label(view.language), table).more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let rows = view.rows();
    let (table, shown, all) = merchants(view, rows);
    let heading = view.say("商户授权应用", "Merchants, who let the app act for them");
    let block = Block::new("authorisations", heading, table);
    let block = view.more(block, Place::Authorisations, shown, all);
    let heading = view.say("用户登录", "Users, who let the app know them");
    let logins = Block::new("users", heading, users(view, rows));
    let is_about = |about: &About| matches!(about, About::Merchant(_));
    let told = notifications::where_about(view, is_about);
    let topics = [Topic::State, Topic::Notifications, Topic::Clock];
    view.page(Place::Authorisations, &topics, vec![block, logins, told])
}
