//! The gateway's clock.

use bytes::Bytes;
use http::Response;
use jiff::SignedDuration;

use super::page::{Block, Cell, Content, Fact, Field, Form, Input};
use super::{Place, Posted, View, page};
use crate::cashier::language::Language;
use crate::clock::beijing;
use crate::control::clock::ClockOrder;
use crate::news::Topic;

/// A length of time, in the two largest units that it has.
pub(super) fn span(language: Language, span: SignedDuration) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let units = [
        (seconds / 86400, "天", "d"),
        (seconds / 3600 % 24, "小时", "h"),
        (seconds / 60 % 60, "分", "min"),
        (seconds % 60, "秒", "s"),
    ];
    let first = units.iter().position(|(number, ..)| *number > 0).unwrap_or(3);
    let parts = units
        .iter()
        .skip(first)
        .take(2)
        .filter(|(number, ..)| *number > 0 || seconds == 0);
    let parts: Vec<_> = parts
        .map(|(number, chinese, english)| format!("{number} {}", language.say(chinese, english)))
        .collect();
    format!("{} {}", if span.is_negative() { "−" } else { "+" }, parts.join(" "))
}

/// The clock; with what went wrong, if something did.
pub(super) fn show(view: &View<'_>, wrong: Option<String>) -> Response<Bytes> {
    let (now, ahead) = (view.core.now(), view.core.clock.ahead());
    let mut facts = vec![
        Fact {
            label: view.say("网关时间（北京）", "Gateway's time, Beijing"),
            id: "time",
            value: Cell::new(&beijing(now)),
        },
        Fact {
            label: view.say("未移动时为", "Without moves"),
            id: "unmoved",
            value: Cell::new(&beijing(view.core.unmoved_now())),
        },
    ];
    if !ahead.is_zero() {
        facts.push(Fact {
            label: view.say("已移动", "Moved by"),
            id: "moved",
            value: Cell::new(&span(view.language, ahead)).mood("open"),
        });
    }
    let hint = view.say(
        "订单、令牌、二维码和页面按此时钟过期；到期未付的订单随即关闭并通知商户。通知重发的间隔，以及请求时间戳的校验，仍按未移动的时钟。",
        "Orders, tokens, codes and pages expire by this clock; orders whose time is over are closed at once, and merchants are told. The pauses \
         between attempts to deliver a notification, and the check of requests' timestamps, go by the clock that was not moved.",
    );
    let clock = Block::new("clock", Place::Clock.label(view.language), Content::Facts(facts)).hint(hint);
    let advance = Form {
        method: "post",
        action: Place::Clock.path(),
        fields: Vec::new(),
        presses: [
            (60, "1 分钟", "1 minute"),
            (15 * 60, "15 分钟", "15 minutes"),
            (3600, "1 小时", "1 hour"),
            (86400, "1 天", "1 day"),
            (30 * 86400, "30 天", "30 days"),
        ]
        .map(|(seconds, chinese, english)| (format!("advance {seconds}"), view.say(chinese, english)))
        .into(),
    };
    let set = Form {
        method: "post",
        action: Place::Clock.path(),
        fields: vec![Field {
            name: "time",
            label: view.say("北京时间", "Beijing time"),
            input: Input::Moment(beijing(now).replace(' ', "T")),
        }],
        presses: vec![
            ("set".to_owned(), view.say("设为此时", "Move there")),
            ("reset".to_owned(), view.say("恢复", "Take back all moves")),
        ],
    };
    let blocks = vec![
        clock,
        Block::new(
            "advance",
            view.say("向前移动", "Move forward by"),
            Content::Form(advance),
        )
        .narrow(),
        Block::new("set", view.say("移动到", "Move to"), Content::Form(set)).narrow(),
    ];
    view.answer(Place::Clock, &[Topic::Clock], blocks, wrong)
}

/// The clock is moved.
pub(super) fn change(view: &View<'_>, form: &Posted) -> Response<Bytes> {
    let press = form.field("press");
    let order = match press.strip_prefix("advance ") {
        Some(seconds) => ClockOrder {
            advance: seconds.parse().ok(),
            ..ClockOrder::default()
        },
        None if press == "reset" => ClockOrder {
            reset: true,
            ..ClockOrder::default()
        },
        None => {
            // Browsers leave out seconds that are zero.
            let mut time = form.field("time").replace('T', " ");
            if time.len() == 16 {
                time.push_str(":00");
            }
            ClockOrder {
                time: Some(time),
                ..ClockOrder::default()
            }
        }
    };
    match view.core.move_clock(&order) {
        Ok(_) => page::elsewhere(Place::Clock.path()),
        Err(error) => show(view, Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        let told = |seconds| span(Language::English, SignedDuration::from_secs(seconds));
        assert_eq!(told(0), "+ 0 s");
        assert_eq!(told(61), "+ 1 min 1 s");
        assert_eq!(told(86400), "+ 1 d");
        assert_eq!(told(-90_061), "− 1 d 1 h");
        assert_eq!(
            span(Language::Chinese, SignedDuration::from_secs(5400)),
            "+ 1 小时 30 分"
        );
    }
}
