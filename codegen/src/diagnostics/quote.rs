//! The line that a problem stands in, with what goes under it.

use super::span::Span;

/// The line that a problem stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: String,
    /// What goes before and under the offending part.
    pub(super) underline: String,
}

impl Quote {
    pub(super) fn new(source: &str, span: Span) -> Self {
        let start = boundary(source, span.start as usize);
        let end = boundary(source, span.end as usize).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let line = source[line_start..line_end].trim_end_matches('\r');
        let before = &source[line_start..start.min(line_start + line.len())];
        let under = source[start..end.min(line_end)].trim_end();
        let mut underline: String = before.chars().flat_map(blank).collect();
        underline.extend(std::iter::repeat_n('^', under.chars().map(width).sum::<usize>().max(1)));
        Self {
            line: source[..line_start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            text: line.to_owned(),
            underline,
        }
    }
}

/// The nearest place at or before `at` where a character begins.
fn boundary(source: &str, at: usize) -> usize {
    source.floor_char_boundary(at.min(source.len()))
}

/// As many blanks as the character is wide; a tab stays one, so that both lines jump alike.
fn blank(character: char) -> impl Iterator<Item = char> {
    let blank = if character == '\t' { '\t' } else { ' ' };
    std::iter::repeat_n(blank, width(character))
}

/// How many columns a terminal gives the character: Chinese ones and full-width marks take two.
fn width(character: char) -> usize {
    match character {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_underline_stands_under_wide_characters() {
        let source = "a: 1\ntitle: 统一 oops\n";
        let start = source.find("oops").map_or(0, |at| u32::try_from(at).unwrap_or(0));
        let quote = Quote::new(
            source,
            Span {
                file: 0,
                start,
                end: start + 4,
            },
        );
        assert_eq!((quote.line, quote.column), (2, 11));
        assert_eq!(quote.underline, format!("{}^^^^", " ".repeat(12)));
    }

    #[test]
    fn a_span_over_several_lines_is_underlined_on_its_first() {
        let quote = Quote::new(
            "doc: |\n  text\n",
            Span {
                file: 0,
                start: 5,
                end: 14,
            },
        );
        assert_eq!(quote.underline, "     ^");
    }

    #[test]
    fn a_span_outside_the_text_is_moved_into_it() {
        let quote = Quote::new(
            "é",
            Span {
                file: 0,
                start: 1,
                end: 99,
            },
        );
        assert_eq!((quote.line, quote.column), (1, 1));
    }
}
