//! What all tables have: their first lines and their last, and how a cell is written.

use std::borrow::Cow;

use encoding_rs::GBK;
use jiff::Timestamp;

use super::period::Period;
use crate::clock;

/// Whose bill it is, and of when.
pub(super) struct Head<'a> {
    pub(super) account: &'a str,
    pub(super) period: &'a Period,
    pub(super) now: Timestamp,
}

impl Head<'_> {
    /// A table of this title, with its lines: the rows of the list, and what stands behind them.
    pub(super) fn table(
        &self,
        title: &str,
        list: &str,
        header: &str,
        rows: impl Iterator<Item = String>,
        totals: &[String],
    ) -> String {
        let now = clock::beijing(self.now);
        let (date, time) = now.split_once(' ').unwrap_or((&now, ""));
        let mut date = date.split('-');
        let [year, month, day] = [(); 3].map(|()| date.next().unwrap_or_default());
        // Alipay's are not all alike.
        let dashes = if list == "业务明细列表" { 41 } else { 40 };
        let begin = [
            format!("#{title}"),
            format!("#账号：[{}]", self.account),
            self.period.line(),
            format!("#-----------------------------------------{list}----------------------------------------"),
            header.to_owned(),
        ];
        let end = [
            vec![format!("#{}{list}结束{}", "-".repeat(dashes), "-".repeat(77 - dashes))],
            totals.to_vec(),
            vec![format!("#导出时间：[{year}年{month}月{day}日 {time}]")],
        ];
        let lines = begin.into_iter().chain(rows).chain(end.into_iter().flatten());
        lines.fold(String::new(), |text, line| text + &line + "\r\n")
    }
}

/// A cell of text, in quotes where it has to be.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// The same, with the tab behind it that has a spreadsheet take it for text.
pub(super) fn tabbed(text: &str) -> String {
    cell(&format!("{text}\t")).into_owned()
}

/// In GBK. A character that it has not is a question mark.
pub(super) fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, is_lossy) = GBK.encode(text);
    if !is_lossy {
        return bytes.into_owned();
    }
    let mut buffer = [0; 4];
    let known = text.chars().map(|letter| {
        if GBK.encode(letter.encode_utf8(&mut buffer)).2 {
            '?'
        } else {
            letter
        }
    });
    GBK.encode(&known.collect::<String>()).0.into_owned()
}
