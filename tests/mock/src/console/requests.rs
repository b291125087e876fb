//! Requests as they came, and what was answered.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::page::{Block, Cell, Content, Fact, Row, Table};
use super::text::{LINE, SHORT, Secrets, WHOLE, difference, line, parameters, shown};
use super::{Place, View, address, faults};
use crate::clock::beijing;
use crate::diagnosis::{Diagnosis, Mistake};
use crate::journal::{Entry, Sent, Verdict};
use crate::news::Topic;

/// So many requests about one thing are shown.
const ABOUT: usize = 50;
/// A longer content is not searched for numbers.
const SEARCHED: usize = 64 << 10;

/// The page of a request.
fn link(number: u64) -> String {
    address("/console/request", &[("number", &number.to_string())])
}

fn verdict(view: &View<'_>, entry: &Entry) -> Cell {
    match &entry.verdict {
        None => Cell::new(view.say("处理中", "At work")).mood("open"),
        Some(Verdict::Accepted(code)) => {
            let words = view.say("接受", "Accepted");
            Cell::new(words).mood("good").small(code.as_deref().unwrap_or_default())
        }
        Some(Verdict::Page) => Cell::new(view.say("页面", "Page")).mood("good"),
        Some(Verdict::Refused { code, sub_code, .. }) => {
            let words = view.say("拒绝", "Refused");
            Cell::new(words).mood("bad").small(&format!("{code} {sub_code}"))
        }
    }
}

fn row(view: &View<'_>, entry: &Entry) -> Row {
    let method = entry.parameters.get("method").map(String::as_str);
    let path = entry.parameters.get("path").map(String::as_str);
    let protocol = if path.is_some() { "V3" } else { "V2" };
    let fault = entry.sent.as_ref().and_then(|sent| sent.fault);
    let answered = match &entry.sent {
        None => Cell::new(view.say("尚未应答", "Not answered yet")).mood("open"),
        Some(sent) => Cell::new(&sent.status.to_string()).mood("num"),
    };
    Row {
        key: entry.number.to_string(),
        cells: vec![
            Cell::new(&format!("#{}", entry.number))
                .mood("num")
                .link(link(entry.number)),
            Cell::new(&line(method.or(path).unwrap_or("—"), SHORT)).small(&subject(entry)),
            verdict(view, entry),
            answered.small(&fault.map(|fault| faults::label(view, fault)).unwrap_or_default()),
            Cell::new(protocol).mood("soft"),
            Cell::new(&beijing(entry.at)).mood("num"),
        ],
    }
}

/// The number that a request is about, where it has one of the usual names.
fn subject(entry: &Entry) -> String {
    const NAMES: [&str; 7] = [
        "out_trade_no",
        "trade_no",
        "out_order_no",
        "out_biz_no",
        "agreement_no",
        "external_agreement_no",
        "auth_no",
    ];
    let content = content(entry).unwrap_or_default();
    let found = NAMES.into_iter().find_map(|name| content.get(name)?.as_str());
    line(found.unwrap_or_default(), SHORT)
}

/// The fields of a request, where they can be read and are not too many.
fn content(entry: &Entry) -> Option<Value> {
    let content = entry.parameters.get("biz_content")?;
    let is_searched = content.len() <= SEARCHED;
    is_searched.then(|| serde_json::from_str(content).ok()).flatten()
}

fn table(view: &View<'_>, count: usize, is_wanted: impl Fn(&Entry) -> bool) -> (Table, usize) {
    let (rows, all) = view.core.journal.read(|entries| {
        let latest_first = entries.iter().rev().filter(|entry| is_wanted(entry));
        let rows: Vec<_> = latest_first.take(count).map(|entry| row(view, entry)).collect();
        (rows, entries.len())
    });
    let table = Table {
        head: vec![
            view.say("编号", "No."),
            view.say("接口", "Method"),
            view.say("结论", "Verdict"),
            view.say("应答", "Answer"),
            view.say("协议", "Protocol"),
            view.say("时间", "When"),
        ],
        rows,
        empty: view.say("还没有请求。", "No requests yet."),
    };
    (table, all)
}

/// The latest few.
pub(super) fn few(view: &View<'_>, count: usize) -> Block {
    let place = Place::Requests;
    let (table, _) = table(view, count, |_| true);
    Block::new("requests", place.label(view.language), Content::Table(table))
        .more(place.path(), view.say("全部", "All"))
}

/// Those that name one of these numbers.
pub(super) fn about(view: &View<'_>, numbers: &[&str]) -> Block {
    let names_one = |entry: &Entry| {
        let text = entry.parameters.get("biz_content").map_or("", String::as_str);
        // Most contents can be left unread.
        numbers.iter().any(|number| text.contains(number))
            && content(entry).is_some_and(|content| numbers.iter().any(|number| has(&content, number)))
    };
    let (table, _) = table(view, ABOUT, names_one);
    let place = Place::Requests;
    Block::new("requests", place.label(view.language), Content::Table(table))
}

/// Whether a text stands anywhere in a value.
fn has(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| has(item, text)),
        Value::Object(members) => members.values().any(|member| has(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let (table, all) = table(view, view.rows(), |_| true);
    let shown = table.rows.len();
    let hint = view.say(
        "只保留最近的请求。令牌等密钥不显示全文。",
        "The latest requests are kept. Tokens and other secrets are masked.",
    );
    let block = Block::new("requests", &format!("{shown} / {all}"), Content::Table(table)).hint(hint);
    let block = view.more(block, Place::Requests, shown, all);
    view.page(Place::Requests, &[Topic::Requests], vec![block])
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let number = view.parameter("number").parse().ok();
    let Some(entry) = number.and_then(|number| view.core.journal.get(number)) else {
        return view.unknown();
    };
    let secrets = Secrets::of(&entry.parameters);
    let mut blocks = vec![facts(view, &entry, &secrets)];
    blocks.extend(diagnosed(view, &entry, &secrets));
    let rows = parameters(&entry.parameters, &secrets)
        .into_iter()
        .map(|(name, value)| Row {
            key: name.clone(),
            cells: vec![Cell::new(&name), Cell::ready(value).mood("mono")],
        });
    let table = Table {
        head: vec![view.say("名称", "Name"), view.say("值", "Value")],
        rows: rows.collect(),
        empty: view.say("没有参数。", "No parameters."),
    };
    blocks.push(Block::new(
        "parameters",
        view.say("参数", "Parameters"),
        Content::Table(table),
    ));
    if let Some(signed) = &entry.signed {
        let hint = view.say(
            "网关按收到的参数生成的待签名字符串：签名必须是对它的签名。",
            "What the gateway builds from the parameters that came: the signature has to be over this.",
        );
        let text = Content::Quote(shown(&secrets.mask(signed), WHOLE));
        blocks.push(Block::new("signed", view.say("待签名字符串", "String to sign"), text).hint(hint));
    }
    if let Some(sent) = &entry.sent {
        blocks.extend(answer(view, sent, &secrets));
    }
    let title = format!("{} #{}", view.say("请求", "Request"), entry.number);
    view.sheet(Place::Requests, &title, &[Topic::Requests], blocks)
        .response(StatusCode::OK)
}

fn facts(view: &View<'_>, entry: &Entry, secrets: &Secrets) -> Block {
    let mut facts = Vec::new();
    let mut fact = |chinese, english, id, value: Cell| {
        facts.push(Fact {
            label: view.say(chinese, english),
            id,
            value,
        });
    };
    fact("时间", "When", "at", Cell::new(&beijing(entry.at)));
    for name in ["method", "path"] {
        if let Some(value) = entry.parameters.get(name) {
            let value = Cell::new(&secrets.mask(value));
            match name {
                "method" => fact("接口", "Method", "method", value),
                _ => fact("路径", "Path", "path", value),
            }
        }
    }
    fact("结论", "Verdict", "verdict", verdict(view, entry));
    if let Some(Verdict::Refused { sub_msg, .. }) = &entry.verdict {
        // Where the gateway quotes the string, it stands below.
        let reason = sub_msg.split('：').next().unwrap_or_default();
        fact("原因", "Reason", "sub_msg", Cell::new(&secrets.mask(reason)));
    }
    match &entry.sent {
        Some(sent) => {
            fact(
                "HTTP 状态",
                "HTTP status",
                "status",
                Cell::new(&sent.status.to_string()),
            );
            if let Some(fault) = sent.fault {
                let words = faults::label(view, fault);
                fact("故障", "Fault", "fault", Cell::new(&words).mood("open"));
            }
        }
        None => fact(
            "应答",
            "Answer",
            "status",
            Cell::new(view.say("尚未应答", "Not answered yet")).mood("open"),
        ),
    }
    Block::new("request", view.say("请求", "The request"), Content::Facts(facts))
}

fn answer(view: &View<'_>, sent: &Sent, secrets: &Secrets) -> Vec<Block> {
    let mut blocks = Vec::new();
    let rows: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, value)| Row {
            key: name.clone(),
            cells: vec![
                Cell::new(name),
                Cell::new(&secrets.mask_value(name, value)).mood("mono"),
            ],
        })
        .collect();
    let body = text_of(sent);
    let shortened = sent.length - sent.body.len();
    let mut text = shown(&secrets.mask(&body), WHOLE);
    if shortened > 0 {
        let _ = write!(text, " … (+{shortened} {})", view.say("字节", "bytes"));
    }
    let heading = view.say("应答", "Answer");
    if !text.is_empty() {
        let hint = format!("{} {}", sent.length, view.say("字节", "bytes"));
        blocks.push(Block::new("answer", heading, Content::Quote(text)).hint(hint));
    }
    let headers = Table {
        head: vec![view.say("名称", "Name"), view.say("值", "Value")],
        rows,
        empty: view.say("没有。", "None."),
    };
    let heading = view.say("应答头", "Headers of the answer");
    blocks.push(Block::new("headers", heading, Content::Table(headers)));
    blocks
}

/// A body in the charset that its content type names; nothing of a page, which a browser got.
fn text_of(sent: &Sent) -> String {
    if sent.body.starts_with(b"<!DOCTYPE html>") {
        return String::new();
    }
    let content_type = sent.headers.iter().find(|(name, _)| name == "content-type");
    let is_gbk = content_type.is_some_and(|(_, value)| value.to_ascii_lowercase().contains("charset=gb"));
    let encoding = if is_gbk { encoding_rs::GBK } else { encoding_rs::UTF_8 };
    encoding.decode_without_bom_handling(&sent.body).0.into_owned()
}

/// Why a signature does not hold, and the first difference.
fn diagnosed(view: &View<'_>, entry: &Entry, secrets: &Secrets) -> Option<Block> {
    let Some(Verdict::Refused {
        diagnosis: Some(diagnosis),
        ..
    }) = &entry.verdict
    else {
        return None;
    };
    let mut facts = vec![Fact {
        label: view.say("发现", "Found"),
        id: "finding",
        value: Cell::ready(line(&finding(view, diagnosis), LINE * 2)),
    }];
    if let (Diagnosis::Mistake(_, text), Some(signed)) = (&**diagnosis, &entry.signed) {
        let is_gbk = std::str::from_utf8(text).is_err();
        let encoding = if is_gbk { encoding_rs::GBK } else { encoding_rs::UTF_8 };
        let text = encoding.decode_without_bom_handling(text).0;
        if let Some(difference) = difference(&secrets.mask(signed), &secrets.mask(&text)) {
            let after = format!(
                "{} {}",
                view.say("相同的字符数:", "Characters that are the same:"),
                difference.after
            );
            facts.push(Fact {
                label: view.say("网关验签", "The gateway verifies"),
                id: "verified",
                value: Cell::ready(line(&difference.one, LINE)).mood("mono").small(&after),
            });
            facts.push(Fact {
                label: view.say("调用方签名", "The caller signed"),
                id: "caller",
                value: Cell::ready(line(&difference.other, LINE)).mood("mono"),
            });
        }
    }
    let heading = view.say("签名为什么不对", "Why the signature does not hold");
    Some(Block::new("diagnosis", heading, Content::Facts(facts)))
}

fn finding(view: &View<'_>, diagnosis: &Diagnosis) -> String {
    let words = match diagnosis {
        Diagnosis::NotBase64 => ("sign 不是 base64。", "The sign is not base64."),
        Diagnosis::LostPluses => (
            "sign 中的 + 变成了空格：发送时没有做 URL 编码。",
            "The + in the sign came as blanks: it was sent without percent-encoding.",
        ),
        Diagnosis::OtherKey => (
            "签名不是用本应用的私钥生成的：请核对调用方的私钥与网关的应用公钥。",
            "The signature was not made with the app's private key: compare the caller's key with the app's public key that the gateway has.",
        ),
        Diagnosis::OtherAlgorithm(algorithm) => {
            let words = view.say(
                "字符串正确，但签名算法与 sign_type 不符，实际使用的是",
                "The string is right, but the signature is by another algorithm than sign_type names:",
            );
            return format!("{words} {}", algorithm.name());
        }
        Diagnosis::OtherText => (
            "私钥正确，但签名的是另一个字符串，并且不是已知的错误之一：请与下面的字符串逐字比较。",
            "The key is right, but another string was signed, by none of the known mistakes: compare it with the one below.",
        ),
        Diagnosis::Unknown => (
            "无法从签名看出原因：请与下面的字符串逐字比较。",
            "The signature does not tell why: compare the string that was signed with the one below.",
        ),
        Diagnosis::Mistake(mistake, _) => return mistaken(view, mistake),
    };
    view.say(words.0, words.1).to_owned()
}

fn mistaken(view: &View<'_>, mistake: &Mistake) -> String {
    let words = match mistake {
        Mistake::Unsorted => (
            "参数没有按名称排序：签名的是发送顺序。",
            "The parameters were not sorted by name: they were signed in the order in which they were sent.",
        ),
        Mistake::WithoutSignType => (
            "签名的字符串里没有 sign_type：请求的签名要包含它（通知的才不包含）。",
            "The string that was signed lacks sign_type: that of a request has it, that of a notification has not.",
        ),
        Mistake::WithEmpty => (
            "签名的字符串里有空值的参数：应当去掉。",
            "The string that was signed has empty parameters: they are left out.",
        ),
        Mistake::Encoded => (
            "签名的是 URL 编码之后的值：应当先签名再编码。",
            "The values were signed percent-encoded: sign first, encode afterwards.",
        ),
        Mistake::OtherCharset => (
            "签名时的字符集与 charset 不符。",
            "The string was signed in another charset than charset names.",
        ),
        Mistake::LostPluses => (
            "签名的值里有 +，收到的是空格：发送时没有做 URL 编码。",
            "Values have + where they were signed and blanks where they came: they were sent without percent-encoding.",
        ),
        Mistake::WithoutToken => (
            "签名的字符串里没有 alipay-app-auth-token。",
            "The string that was signed lacks the alipay-app-auth-token.",
        ),
        Mistake::WithoutQuery => ("签名的路径里没有查询参数。", "The path was signed without its query."),
        Mistake::WithoutLastLineEnd => (
            "签名的字符串最后缺少换行符。",
            "The string that was signed lacks the line end behind the last line.",
        ),
        Mistake::LeftOut(name) => {
            let name = line(name, SHORT);
            return format!(
                "{}{name}{}",
                view.say("签名的字符串里没有 ", "The string that was signed lacks "),
                view.say(
                    "：它是在签名之后加上的，或者签名时漏掉了。",
                    ": it was added after signing, or forgotten then."
                )
            );
        }
    };
    view.say(words.0, words.1).to_owned()
}
