//! What says what a thing is: `label`, `doc` and `deprecated`.

use super::reader::{Map, Reader, Text};
use crate::diagnostics::Code;
use crate::ir::Doc;

/// No name that the official documentation has is longer; what is longer is a sentence.
const MAX_LABEL: usize = 40;

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
    if let Some(text) = text
        && is_filler(text.text, name)
    {
        let message = format!("the doc says no more than the name `{name}`");
        let help = "say what the name does not, or leave `doc` out and give a `label`";
        reader.add(Code::Filler, text.span, message, help);
    }
    Doc {
        label,
        text: text.map_or_else(String::new, |text| text.text.to_owned()),
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

/// Whether a text has no words but those of a name: `The foo bar.` of `foo_bar`, `Bar of the foo` too.
fn is_filler(text: &str, name: &str) -> bool {
    let mut said = words(text);
    said.retain(|word| !["a", "an", "the", "of", "s"].contains(&word.as_str()));
    let mut named = words(name);
    said.sort_unstable();
    named.sort_unstable();
    !said.is_empty() && said == named
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
        ] {
            assert!(is_filler(text, name), "{text}");
        }
        for (text, name) in [
            ("The foo bar that was given.", "foo_bar"),
            ("Foo.", "foo_bar"),
            ("The order's number.", "order_no"),
            ("订单号", "order_no"),
            ("...", "foo"),
        ] {
            assert!(!is_filler(text, name), "{text}");
        }
    }
}
