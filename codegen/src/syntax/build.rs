//! Events to tree.

use granit_parser::{Event, Parser, ScalarStyle, ScanError};

use super::node::{Kind, Node};
use crate::diagnostics::{Code, Report, Span};

/// Deeper than any spec, shallow enough for the stack.
const MAX_DEPTH: usize = 24;

pub(super) struct Builder<'a, 'r> {
    file: u32,
    text: &'a str,
    report: &'r Report,
    /// The collections that are still open, outermost first.
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    sound: bool,
}

struct Open<'a> {
    span: Span,
    content: Content<'a>,
}

enum Content<'a> {
    Sequence(Vec<Node<'a>>),
    Mapping {
        entries: Vec<(Node<'a>, Node<'a>)>,
        key: Option<Node<'a>>,
    },
}

impl<'a, 'r> Builder<'a, 'r> {
    pub(super) fn new(file: u32, text: &'a str, report: &'r Report) -> Self {
        Self {
            file,
            text,
            report,
            open: Vec::new(),
            root: None,
            sound: true,
        }
    }

    pub(super) fn run(mut self) -> Option<Node<'a>> {
        if !self.characters() {
            return None;
        }
        let options = granit_parser::options! {
            emit_comments: false,
            strict_indentation: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            match event {
                Ok((event, span)) => self.event(event, span),
                Err(error) => {
                    self.not_yaml(&error);
                    return None;
                }
            }
        }
        if self.root.is_none() && self.sound {
            let message = "the file is empty";
            self.report.add(
                Code::NotYaml,
                self.span(0, 0),
                message,
                "describe something, or delete the file",
            );
        }
        self.root.filter(|_| self.sound)
    }

    /// Specs are written with spaces and line feeds, so that spans, quotes and diffs mean what they show.
    fn characters(&mut self) -> bool {
        let odd = |character: char| (character.is_control() && character != '\n') || character == '\u{feff}';
        let Some((at, character)) = self.text.char_indices().find(|&(_, character)| odd(character)) else {
            return true;
        };
        let (name, help) = match character {
            '\t' => ("a tab".to_owned(), "indent and separate with spaces"),
            '\r' => ("a carriage return".to_owned(), "end lines with a line feed alone"),
            '\u{feff}' => ("a byte order mark".to_owned(), "save the file as UTF-8 without one"),
            other => (format!("the control character U+{:04X}", u32::from(other)), "remove it"),
        };
        self.report.add(
            Code::ControlCharacter,
            self.span(at, at + 1),
            format!("the file has {name}"),
            help,
        );
        false
    }

    fn not_yaml(&self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0);
        let message = format!("the file is not YAML: {}", error.kind());
        let help = "mend the YAML; nothing else in this file was checked";
        self.report.add(Code::NotYaml, self.span(at, at + 1), message, help);
    }

    fn event(&mut self, event: Event<'a>, span: granit_parser::Span) {
        let range = span.byte_range().unwrap_or(0..0);
        let span = self.span(range.start, range.end);
        if event.tag().is_some() {
            self.refuse(span, "a tag", "leave the tag out: the key decides what a value is");
        }
        if event.anchor_id().is_some() {
            self.refuse(span, "an anchor", "write the value out where it is used");
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, ScalarStyle::Plain);
                // What isn't there, and what says so.
                let text = if plain && text == "~" { "".into() } else { text };
                self.finished(Node {
                    span,
                    kind: Kind::Scalar { text, plain },
                });
            }
            Event::SequenceStart(..) => self.open.push(Open {
                span,
                content: Content::Sequence(Vec::new()),
            }),
            Event::MappingStart(..) => {
                self.open.push(Open {
                    span,
                    content: Content::Mapping {
                        entries: Vec::new(),
                        key: None,
                    },
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(span, "an alias", "write the value out where it is used");
                self.finished(Node {
                    span,
                    kind: Kind::Scalar {
                        text: "".into(),
                        plain: true,
                    },
                });
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                self.refuse(
                    span,
                    "a second document",
                    "one file describes one thing: make it another file",
                );
            }
            _ => {}
        }
    }

    fn close(&mut self, end: Span) {
        let Some(Open { span, content }) = self.open.pop() else {
            return;
        };
        let span = Span {
            end: end.end.max(span.end),
            ..span
        };
        let kind = match content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping { entries, .. } => Kind::Mapping(entries),
        };
        self.finished(Node { span, kind });
    }

    fn finished(&mut self, node: Node<'a>) {
        match self.open.last_mut().map(|open| &mut open.content) {
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { entries, key }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            None => self.root = Some(node),
        }
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        self.sound = false;
        self.report.add(
            Code::YamlFeature,
            span,
            format!("{what} is not allowed in a spec"),
            help,
        );
    }

    fn span(&self, start: usize, end: usize) -> Span {
        // A file of 4 GiB is no spec; its spans may be wrong.
        let clip = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: clip(start),
            end: clip(end),
        }
    }
}
