//! What says what a thing is: `label`, `doc` and `deprecated`.

use super::reader::{Map, Reader, Text};
use crate::diagnostics::Code;
use crate::ir::Doc;

/// No name that the official documentation has is longer; what is longer is a sentence.
const MAX_LABEL: usize = 40;

/// `label` and `doc` of a field or a type, with `unlabelled` where the documentation has no Chinese name for it.
pub(super) fn named(reader: Reader<'_>, map: &Map<'_>, name: &str, help: &str) -> Doc {
    let unlabelled = reader.flag(map, "unlabelled");
    if unlabelled && map.get("label").is_some() {
        let message = format!("`{name}` has a `label`, and says that it has none");
        reader.add(Code::NoLabel, map.key_span("unlabelled"), message, "leave out either");
    } else if reader.labelled && !unlabelled && map.get("label").is_none() {
        let message = format!("`{name}` has no `label`");
        let help = "give its Chinese name from the official documentation; if that has none, say `unlabelled: true`";
        reader.add(Code::NoLabel, map.at, message, help);
    }
    doc(reader, map, name, help)
}

/// `title`, or `untitled` where no public source has it.
pub(super) fn title(reader: Reader<'_>, map: &Map<'_>, name: &str) -> Option<String> {
    if !reader.flag(map, "untitled") {
        let help = "give the official title; if no public source has it, say `untitled: true`";
        return Some(reader.required_text(map, "title", help));
    }
    if map.get("title").is_some() {
        let message = format!("`{name}` has a `title`, and says that it has none");
        reader.add(Code::NoLabel, map.key_span("untitled"), message, "leave out either");
    }
    None
}

/// `label` and `doc`, of which at least one must be there; `name` is what they say something of.
pub(super) fn doc(reader: Reader<'_>, map: &Map<'_>, name: &str, help: &str) -> Doc {
    let label = map
        .get("label")
        .and_then(|node| reader.optional_text(node))
        .and_then(|text| label(reader, text));
    let text = match map.get("doc") {
        Some(node) => reader.text(node),
        None if map.get("label").is_some() => None,
        None => {
            let help = format!("{help}, or give its Chinese name as `label`");
            reader.required(map, "doc", &help).and_then(|node| reader.text(node))
        }
    };
    if let Some(text) = text {
        no_filler(reader, text, name, "or leave `doc` out and give a `label`");
    }
    Doc {
        label,
        text: text.map_or_else(String::new, |text| text.text.to_owned()),
    }
}

/// The `doc` of a method, a notification or a product, which must be there.
pub(super) fn required(reader: Reader<'_>, map: &Map<'_>, name: &str, help: &str) -> String {
    let text = reader.required(map, "doc", help).and_then(|node| reader.text(node));
    if let Some(text) = text {
        no_filler(reader, text, name, "such as what it is for");
    }
    text.map_or_else(String::new, |text| text.text.to_owned())
}

/// Complains of a text that has no words but those of the name; `instead` is what else can be done.
pub(super) fn no_filler(reader: Reader<'_>, text: Text<'_>, name: &str, instead: &str) {
    if is_filler(text.text, name) {
        let message = format!("the doc says no more than the name `{name}`");
        let help = format!("say what the name does not, {instead}");
        reader.add(Code::Filler, text.span, message, help);
    }
}

/// Why something should not be used any more.
pub(super) fn deprecated(reader: Reader<'_>, map: &Map<'_>) -> Option<String> {
    let help = "say why, and what to use instead; or leave the key out";
    let text = reader.text_or(map.get("deprecated")?, help)?;
    Some(text.text.to_owned())
}

fn label(reader: Reader<'_>, text: Text<'_>) -> Option<String> {
    let length = text.text.chars().count();
    let problem = if text.text.contains('\n') {
        Some("a label is one line".to_owned())
    } else if length > MAX_LABEL {
        Some(format!(
            "a label has at most {MAX_LABEL} characters, and this one has {length}"
        ))
    } else if text.text.ends_with(['.', ',', ';', ':', '。', '，', '；', '：', '、']) {
        Some("a label is a name, and does not end in a punctuation mark".to_owned())
    } else {
        None
    };
    match problem {
        None => Some(text.text.to_owned()),
        Some(message) => {
            let help = "give the Chinese name alone, as the official documentation has it";
            reader.add(Code::Label, text.span, message, help);
            None
        }
    }
}

/// What says nothing by itself.
const FILLING: [&str; 13] = [
    "a", "an", "are", "is", "it", "its", "of", "one", "s", "that", "the", "this", "these",
];

/// Whether a text has no words but those of a name: of `foo_bar`, `The foo bar.`, `Bar of the foo` and `The foo.` too.
fn is_filler(text: &str, name: &str) -> bool {
    let said = words(text);
    let named = words(name);
    let mut meant = said.iter().filter(|word| !FILLING.contains(&word.as_str())).peekable();
    meant.peek().is_some() && meant.all(|word| named.contains(word))
}

/// The words of a sentence, or of a name in either case, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in text.chars() {
        let starts = letter.is_uppercase() && was_lower;
        if (!letter.is_alphanumeric() || starts) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::is_filler;

    #[test]
    fn words_of_the_name_alone_say_nothing() {
        for (text, name) in [
            ("The foo bar.", "foo_bar"),
            ("Foo bar", "fooBar"),
            ("The bar of the foo.", "foo_bar"),
            ("The `foo`'s bar", "foo_bar"),
            ("A goods detail.", "GoodsDetail"),
            ("Foo.", "foo_bar"),
            ("One foo", "FooInfo"),
            ("The order is closed.", "ACQ.ORDER_CLOSED"),
        ] {
            assert!(is_filler(text, name), "{text}");
        }
        for (text, name) in [
            ("The foo bar that was given.", "foo_bar"),
            ("The order's number.", "order_no"),
            ("订单号", "order_no"),
            ("...", "foo"),
        ] {
            assert!(!is_filler(text, name), "{text}");
        }
    }
}
