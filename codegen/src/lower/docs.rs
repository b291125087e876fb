//! Documentation: the spec's text made safe for rustdoc, and the sentences that follow from limits and conditions.

use std::fmt::Write as _;

use super::model::Doc;
use super::user_ids;
use crate::ir::{self, Characters, Field, Object};

/// Lines of Markdown from a spec. Brackets, HTML and addresses that would make rustdoc complain are escaped; code is left as it is, and none of it
/// becomes a doc test.
pub(super) fn text(text: &str) -> Doc {
    let mut lines = Vec::new();
    let mut fence: Option<String> = None;
    for line in text.trim().lines() {
        let line = line.trim_end();
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        let ticks = inner.len() - inner.trim_start_matches('`').len();
        match &fence {
            Some(open) if ticks >= open.len() && inner.trim_start_matches('`').is_empty() => {
                lines.push(std::mem::take(&mut fence).unwrap_or_default());
            }
            Some(_) => lines.push(line.to_owned()),
            None if ticks >= 3 && !inner.trim_start_matches('`').contains('`') => {
                let marks = &inner[..ticks];
                lines.push(format!("{marks}text"));
                fence = Some(marks.to_owned());
            }
            // Four blanks would make it code, and code a doc test.
            None => lines.push(format!("{:indent$}{}", "", escape(inner), indent = indent.min(3))),
        }
    }
    lines.extend(fence);
    lines
}

/// One line of Markdown with everything escaped that isn't meant as Markdown.
fn escape(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    // A fence of tildes is text here.
    let mut rest = line;
    if rest.starts_with("~~~") {
        out.push('\\');
    }
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' => code_span(rest),
            '[' => link(rest),
            '<' => autolink(rest),
            'h' => {
                let length = address(rest);
                if length > 0 && !out.ends_with(|before: char| before.is_ascii_alphanumeric()) {
                    let _ = write!(out, "<{}>", &rest[..length]);
                    rest = &rest[length..];
                    continue;
                }
                0
            }
            // A backslash before what is escaped anyway would undo that.
            '\\' => {
                out.push_str("\\\\");
                rest = &rest[1..];
                continue;
            }
            _ => 0,
        };
        if length == 0 {
            if matches!(first, '[' | ']' | '<') {
                out.push('\\');
            }
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out
}

/// The length of the code in backticks that the text begins with, or of the backticks where they don't end.
fn code_span(text: &str) -> usize {
    let ticks = text.len() - text.trim_start_matches('`').len();
    let mut at = ticks;
    while let Some(found) = text[at..].find('`') {
        let run = text[at + found..].len() - text[at + found..].trim_start_matches('`').len();
        at += found + run;
        if run == ticks {
            return at;
        }
    }
    0
}

/// The length of the `[text](https://…)` that the text begins with.
fn link(text: &str) -> usize {
    let Some(middle) = text.find("](") else { return 0 };
    let label = &text[1..middle];
    let target = &text[middle + 2..];
    let length = address(target);
    if label.contains(['[', ']', '<', '`', '\\']) || length == 0 || !target[length..].starts_with(')') {
        return 0;
    }
    middle + 2 + length + 1
}

/// The length of the `<https://…>` that the text begins with.
fn autolink(text: &str) -> usize {
    let length = address(&text[1..]);
    if length > 0 && text[1 + length..].starts_with('>') {
        length + 2
    } else {
        0
    }
}

/// The length of the address that the text begins with, without the punctuation of the sentence around it.
fn address(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return 0;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    let length = rest.bytes().take_while(|&byte| allowed(byte)).count();
    let kept = rest[..length]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_'])
        .len();
    if kept == 0 { 0 } else { text.len() - rest.len() + kept }
}

/// A product's module: title, name, text and links.
pub(super) fn product(product: &ir::Product) -> Doc {
    let Some(about) = &product.about else {
        return vec![format!(
            "The product `{}`: its methods, their requests and responses.",
            product.name
        )];
    };
    let mut lines = heading(Some(&about.title), &product.name);
    lines.push(String::new());
    lines.extend(text(&about.doc));
    if !about.links.is_empty() {
        let pages: Vec<String> = about.links.iter().map(|link| format!("<{link}>")).collect();
        lines.extend([String::new(), format!("Documentation: {}", pages.join(", "))]);
    }
    lines
}

/// What gives the product's handle.
pub(super) fn methods_of(product: &ir::Product) -> Doc {
    let mut lines = vec![format!("The methods of `{}`.", product.name)];
    if let Some(about) = &product.about {
        lines.push(String::new());
        lines.extend(summary(&text(&about.doc)));
    }
    lines
}

/// What a method's or notification's request or body is: title, name, text and source.
pub(super) fn headed(title: Option<&str>, name: &str, doc: &str, source: &str) -> Doc {
    let mut lines = heading(title, name);
    lines.push(String::new());
    lines.extend(text(doc));
    lines.push(String::new());
    lines.push(format!("Documentation: <{source}>"));
    lines
}

/// `统一收单交易关闭接口: `alipay.trade.close`.`
pub(super) fn heading(title: Option<&str>, name: &str) -> Doc {
    let title = title.map(|title| format!("{}: ", text(title).join(" ")));
    vec![format!("{}`{name}`.", title.unwrap_or_default())]
}

/// The heading and the first paragraph.
pub(super) fn brief(title: Option<&str>, name: &str, doc: &str) -> Doc {
    let mut lines = heading(title, name);
    lines.push(String::new());
    let paragraph: Vec<&str> = doc.trim().lines().take_while(|line| !line.trim().is_empty()).collect();
    lines.extend(text(&paragraph.join("\n")));
    lines
}

/// That all of a list can be read.
pub(super) fn pages(guide: &str) -> Doc {
    let line = format!("A list in pages: the call's `pages` reads [all of it]({guide}::answers#lists-in-pages).");
    vec![String::new(), line]
}

/// `商户订单号. The merchant's own order number.`
pub(super) fn labelled(doc: &ir::Doc) -> Doc {
    let mut lines = text(&doc.text);
    if let Some(label) = &doc.label {
        let label = text(label).join(" ");
        match lines.first_mut() {
            Some(first) => *first = format!("{label}. {first}"),
            None => lines.push(format!("{label}.")),
        }
    }
    lines
}

/// Why something should not be used any more: one line.
pub(super) fn deprecated(why: Option<&String>) -> Option<String> {
    let lines = text(why?).into_iter().filter(|line| !line.is_empty());
    Some(lines.collect::<Vec<_>>().join(" "))
}

/// The first paragraph.
pub(super) fn summary(doc: &Doc) -> Doc {
    let lines = doc.iter().take_while(|line| !line.is_empty());
    lines.cloned().collect()
}

/// A field's label and text, with what its limits and conditions say. `guide` is the library's guide as links name it.
pub(super) fn field(field: &Field, object: &Object, guide: &str) -> Doc {
    let mut lines = labelled(&field.doc);
    let mut facts = facts(field, object);
    if user_ids::is_user_id(field, object) {
        facts.push(format!("See [user ids]({guide}::user_ids)."));
    }
    let facts = facts.join(" ");
    if facts.is_empty() {
        return lines;
    }
    match lines.as_mut_slice() {
        [only] => {
            if !only.ends_with(['.', '!', '?', '。']) {
                only.push('.');
            }
            let _ = write!(only, " {facts}");
        }
        _ => lines.extend([String::new(), facts]),
    }
    lines
}

/// A value as code, whatever it holds.
fn code(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// The sentences that the generator adds.
fn facts(field: &Field, object: &Object) -> Vec<String> {
    let mut facts = Vec::new();
    if !field.required_unless.is_empty() {
        facts.push(format!("Required unless {} is given.", any_of(&field.required_unless)));
    }
    for group in object.at_least_one.iter().filter(|group| group.contains(&field.name)) {
        if !stems_from_unless(group, object) {
            facts.push(format!("At least one of {} must be given.", all_of(group)));
        }
    }
    if let Some(max) = field.max_length {
        facts.push(format!(
            "At most {max} {}.",
            if max == 1 { "character" } else { "characters" }
        ));
    }
    if !field.only.is_empty() {
        let kinds = field.only.iter().map(|characters| match characters {
            Characters::Letters => "letters".to_owned(),
            Characters::Digits => "digits".to_owned(),
            Characters::One(one) => format!("`{one}`"),
        });
        facts.push(format!("Only {}.", listed(kinds.collect())));
    }
    if !field.without.is_empty() {
        let characters = field.without.iter().map(|one| format!("`{one}`"));
        facts.push(format!("Without {}.", listed(characters.collect())));
    }
    if let Some(max) = field.max_items {
        facts.push(format!("At most {max} {}.", if max == 1 { "item" } else { "items" }));
    }
    match field.range.as_ref().map(|range| (&range.min, &range.max)) {
        Some((Some(min), Some(max))) => facts.push(format!("From {min} to {max}.")),
        Some((Some(min), None)) => facts.push(format!("At least {min}.")),
        Some((None, Some(max))) => facts.push(format!("At most {max}.")),
        _ => {}
    }
    match (field.min_size.map(file_size), field.max_size.map(file_size)) {
        (Some(min), Some(max)) => facts.push(format!("From {min} to {max}.")),
        (Some(min), None) => facts.push(format!("At least {min}.")),
        (None, Some(max)) => facts.push(format!("At most {max}.")),
        (None, None) => {}
    }
    if !field.extensions.is_empty() {
        let endings: Vec<String> = field.extensions.iter().map(|ending| format!(".{ending}")).collect();
        facts.push(format!("Its name ends in {}.", any_of(&endings)));
    }
    if let Some(implied) = &field.implied {
        facts.push(format!("Sent as `{implied}` unless set."));
    }
    if let Some(example) = &field.example {
        facts.push(format!("Example: {}.", code(example)));
    }
    facts
}

fn file_size(bytes: u64) -> String {
    let kilobytes = bytes / 1024;
    match kilobytes % 1024 {
        0 => format!("{} MB", kilobytes / 1024),
        _ => format!("{kilobytes} KB"),
    }
}

/// Whether a group says no more than its first member's own condition.
fn stems_from_unless(group: &[String], object: &Object) -> bool {
    let says = |owner: &String| {
        let others = group.iter().filter(|other| *other != owner);
        let field = object.fields.iter().find(|field| field.name == *owner);
        field.is_some_and(|field| {
            field.required_unless.len() + 1 == group.len() && others.clone().all(|o| field.required_unless.contains(o))
        })
    };
    group.iter().any(says)
}

/// `a`, `a and b`, `a, b and c`
fn listed(mut items: Vec<String>) -> String {
    let last = items.pop().unwrap_or_default();
    if items.is_empty() {
        return last;
    }
    format!("{} and {last}", items.join(", "))
}

fn any_of(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(" or ")
}

pub(super) fn all_of(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_markdown_is_escaped() {
        assert_eq!(text("a [b] c<br>d */ e\\[f]"), [r"a \[b\] c\<br>d */ e\\\[f\]"]);
        assert_eq!(text("~~~"), [r"\~~~"]);
    }

    #[test]
    fn addresses_become_links() {
        assert_eq!(text("see https://a.b/c?d=e."), ["see <https://a.b/c?d=e>."]);
        assert_eq!(
            text("see <https://a.b> or [this](https://a.b/c)"),
            ["see <https://a.b> or [this](https://a.b/c)"]
        );
        assert_eq!(text("[this](other)"), [r"\[this\](other)"]);
        assert_eq!(text("https://"), ["https://"]);
    }

    #[test]
    fn code_is_left_alone_and_never_tested() {
        assert_eq!(text("`a[0]` and ``b`[`` and `[c"), ["`a[0]` and ``b`[`` and `\\[c"]);
        assert_eq!(
            text("```\nlet [a] = b;\n```\n[c]"),
            ["```text", "let [a] = b;", "```", r"\[c\]"]
        );
        assert_eq!(text("```rust\nopen"), ["```text", "open", "```"]);
        assert_eq!(text("x\n\n        deep"), ["x", "", "   deep"]);
    }

    #[test]
    fn sentences_follow_the_limits() {
        let of = |yaml: &str| {
            let spec = crate::tests::method(yaml);
            let request = &spec.products[0].methods[0].request;
            request
                .fields
                .iter()
                .map(|one| field(one, request, "crate::guide").join("|"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("one_of: [[b, c]]
request:
  a: { type: string, max_length: 64, required_unless: d, doc: My a }
  b: { type: price, range: 0.01.., doc: My b. }
  c: { type: 'int[]', max_items: 1, doc: My c. }
  d: { type: string, doc: My d. }
  e: { type: string, implied: X, doc: My e! }
  f: { type: 'string[]', label: 订单号, example: 'a `b`', doc: My f }
  g: { type: price, label: 金额, example: 8.8 }
  h: { type: price, label: 金额（分） }
  open_id: { type: string, doc: My id. }
"),
            [
                "My a. Required unless `d` is given. At most 64 characters.",
                "My b. In yuan. At least one of `b`, `c` must be given. At least 0.01.",
                "My c. At least one of `b`, `c` must be given. At most 1 item.",
                "My d.",
                "My e! Sent as `X` unless set.",
                "订单号. My f. Example: `` a `b` ``.",
                "金额. In yuan. Example: `8.8`.",
                "金额（分）. In yuan.",
                "My id. See [user ids](crate::guide::user_ids).",
            ]
        );
    }
}
