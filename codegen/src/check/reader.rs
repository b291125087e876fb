//! Typed access to a tree: each reader says in the report what it can't take, and goes on.

use std::collections::HashSet;

use super::suggest;
use crate::diagnostics::{Code, Report, Span};
use crate::syntax::{Kind, Node};

/// Text, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
}

/// A mapping of known keys.
pub(super) struct Map<'a> {
    /// What it is the description of: where a missing key is reported.
    pub(super) at: Span,
    entries: Vec<(Text<'a>, &'a Node<'a>)>,
}

impl<'a> Map<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Node<'a>> {
        self.entries
            .iter()
            .find(|(name, _)| name.text == key)
            .map(|&(_, value)| value)
    }

    /// Where the key stands, or the whole mapping's place.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.entries
            .iter()
            .find(|(name, _)| name.text == key)
            .map_or(self.at, |(name, _)| name.span)
    }
}

/// Readers of values, around the report.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'r> {
    pub(crate) report: &'r Report,
    /// Whether every field and type needs its `label`, or has to say that there is none.
    pub(crate) labelled: bool,
}

impl Reader<'_> {
    pub(super) fn add(self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(code, span, message, help);
    }

    /// A mapping with keys out of `known`.
    pub(super) fn map<'a>(self, node: &'a Node<'a>, at: Span, known: &[&str]) -> Option<Map<'a>> {
        let mut entries = self.entries(node)?;
        entries.retain(|(key, _)| {
            let is_known = known.contains(&key.text);
            if !is_known {
                let help = suggest::among(key.text, known.iter().copied());
                self.add(Code::UnknownKey, key.span, format!("unknown key `{}`", key.text), help);
            }
            is_known
        });
        Some(Map { at, entries })
    }

    /// A mapping of any keys, each once, in order.
    pub(super) fn entries<'a>(self, node: &'a Node<'a>) -> Option<Vec<(Text<'a>, &'a Node<'a>)>> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_kind(
                node,
                "a mapping",
                "write `key: value` pairs, indented, or leave the key out",
            );
            return None;
        };
        let mut seen = HashSet::with_capacity(entries.len());
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Kind::Scalar { text, .. } = &key.kind else {
                self.wrong_kind(key, "a key", "keys are plain words");
                continue;
            };
            let key = Text { text, span: key.span };
            if seen.insert(key.text) {
                kept.push((key, value));
            } else {
                let message = format!("duplicate key `{}`", key.text);
                self.add(Code::DuplicateKey, key.span, message, "keep one of the two");
            }
        }
        Some(kept)
    }

    /// The key's value, which must be there.
    pub(super) fn required<'a>(self, map: &Map<'a>, key: &str, help: &str) -> Option<&'a Node<'a>> {
        let value = map.get(key);
        if value.is_none() {
            self.add(Code::MissingKey, map.at, format!("`{key}` is missing"), help);
        }
        value
    }

    /// Text that must be there and isn't empty, in any notation.
    pub(super) fn text<'a>(self, node: &'a Node<'a>) -> Option<Text<'a>> {
        self.text_or(node, "fill it in")
    }

    /// Text of a key that may be left out.
    pub(super) fn optional_text<'a>(self, node: &'a Node<'a>) -> Option<Text<'a>> {
        self.text_or(node, "fill it in, or leave the key out")
    }

    /// Text; `help` is for where it is empty.
    pub(super) fn text_or<'a>(self, node: &'a Node<'a>, help: &str) -> Option<Text<'a>> {
        let Kind::Scalar { text, .. } = &node.kind else {
            self.wrong_kind(node, "text", "write text, in quotes where it holds `: ` or ` #`");
            return None;
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.add(Code::EmptyText, node.span, "the text is empty", help);
            return None;
        }
        Some(Text {
            text: trimmed,
            span: node.span,
        })
    }

    /// The text of a key that must be there; empty where it isn't, which the report then knows.
    pub(super) fn required_text(self, map: &Map<'_>, key: &str, help: &str) -> String {
        let text = self.required(map, key, help).and_then(|node| self.text(node));
        text.map_or_else(String::new, |text| text.text.to_owned())
    }

    /// `true`, or nothing.
    pub(super) fn flag(self, map: &Map<'_>, key: &str) -> bool {
        let Some(node) = map.get(key) else { return false };
        match &node.kind {
            Kind::Scalar { text, plain: true } if text == "true" => true,
            Kind::Scalar { text, plain: true } if text == "false" => {
                let help = format!("leave `{key}` out");
                self.add(
                    Code::SaysNothing,
                    node.span,
                    format!("`{key}: false` is the default"),
                    help,
                );
                false
            }
            _ => {
                self.wrong_kind(node, "`true`", "write `true`, without quotes, or leave the key out");
                false
            }
        }
    }

    /// A whole number from 1.
    pub(super) fn count(self, map: &Map<'_>, key: &str) -> Option<u32> {
        let node = map.get(key)?;
        if let Kind::Scalar { text, plain: true } = &node.kind {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            if let (true, Ok(count)) = (digits, text.parse()) {
                return Some(count);
            }
        }
        self.wrong_kind(node, "a whole number from 1", "write digits alone, without quotes");
        None
    }

    /// A list.
    pub(super) fn list<'a>(self, node: &'a Node<'a>) -> &'a [Node<'a>] {
        match &node.kind {
            Kind::Sequence(items) if items.is_empty() => {
                self.add(
                    Code::SaysNothing,
                    node.span,
                    "an empty list says nothing",
                    "leave the key out",
                );
                items
            }
            Kind::Sequence(items) => items,
            _ => {
                self.wrong_kind(node, "a list", "write `[one, two]`");
                &[]
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts<'a>(self, node: &'a Node<'a>) -> Vec<Text<'a>> {
        self.list(node)
            .iter()
            .filter_map(|item| self.text_or(item, "fill it in, or leave it out of the list"))
            .collect()
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(self, node: &Node<'_>, words: &[(&str, T)]) -> Option<T> {
        let all = || words.iter().map(|(word, _)| *word);
        let text = self.text_or(node, &suggest::among("", all()))?;
        let found = words.iter().find(|(word, _)| *word == text.text);
        if found.is_none() {
            let help = suggest::among(text.text, all());
            self.add(
                Code::UnknownWord,
                text.span,
                format!("unknown value `{}`", text.text),
                help,
            );
        }
        found.map(|&(_, value)| value)
    }

    /// An `https://` address.
    pub(super) fn address(self, map: &Map<'_>, key: &str) -> String {
        let Some(text) = self
            .required(map, key, "name the page that the facts come from")
            .and_then(|n| self.text(n))
        else {
            return String::new();
        };
        self.link(text)
    }

    /// A text that is an `https://` address.
    pub(super) fn link(self, text: Text<'_>) -> String {
        let sound =
            text.text.starts_with("https://") && !text.text.contains(|c: char| c.is_whitespace() || "<>".contains(c));
        if !sound {
            self.add(
                Code::Malformed,
                text.span,
                "the address is malformed",
                "write it out: `https://…`, without spaces",
            );
        }
        text.text.to_owned()
    }

    pub(super) fn wrong_kind(self, node: &Node<'_>, expected: &str, help: &str) {
        let found = match &node.kind {
            Kind::Scalar { text, plain: true } if text.is_empty() => "nothing",
            Kind::Scalar { .. } => "text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        };
        let found = match &node.kind {
            Kind::Scalar { text, plain: true } if !text.is_empty() && text.len() <= 24 => format!("`{text}`"),
            Kind::Scalar { text, plain: false } if text.len() <= 24 => format!("`\"{}\"`", text.trim()),
            _ => found.to_owned(),
        };
        self.add(
            Code::WrongKind,
            node.span,
            format!("{expected} was expected, found {found}"),
            help,
        );
    }
}
