//! The code of a Chinese page. It is that of the English page, but for comments and texts.
//!
//! Chinese pages are read as files, where rustdoc's hidden lines (`# …`) would be seen. So they have none: those of the English page are put in
//! before the snippets are compiled.

/// A part of a page.
#[derive(Debug)]
pub enum Part<'a> {
    /// A line outside code blocks.
    Text(&'a str),
    /// A code block.
    Code(Code<'a>),
}

/// A code block.
#[derive(Debug)]
pub struct Code<'a> {
    /// The number of its first line, the fence, in the page.
    pub number: usize,
    /// The fence, with the language behind it.
    pub fence: &'a str,
    /// The lines between the fences.
    pub lines: Vec<&'a str>,
}

impl Code<'_> {
    fn is_rust(&self) -> bool {
        let language = self.fence.trim_start().trim_start_matches('`');
        language.starts_with("rust") || language == "no_run"
    }

    fn is_hidden(&self, line: &str) -> bool {
        let line = line.trim_start();
        self.is_rust() && (line == "#" || line.starts_with("# "))
    }
}

/// The page, line by line, each code block in one part.
pub fn parts(page: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut open: Option<Code<'_>> = None;
    for (index, line) in page.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        match open.take() {
            Some(code) if is_fence => parts.push(Part::Code(code)),
            Some(mut code) => {
                code.lines.push(line);
                open = Some(code);
            }
            None if is_fence => {
                open = Some(Code {
                    number: index + 1,
                    fence: line,
                    lines: Vec::new(),
                });
            }
            None => parts.push(Part::Text(line)),
        }
    }
    // A block that is not closed is one all the same.
    parts.extend(open.map(Part::Code));
    parts
}

/// The Chinese page with the hidden lines of the English page in its snippets.
///
/// # Errors
///
/// Every difference between the code of the two pages, with its line in the Chinese page.
pub fn merged(english: &str, chinese: &str) -> Result<String, Vec<String>> {
    let mut originals = parts(english).into_iter().filter_map(|part| match part {
        Part::Code(code) => Some(code),
        Part::Text(_) => None,
    });
    let (mut page, mut differences) = (Vec::new(), Vec::new());
    for part in parts(chinese) {
        let code = match part {
            Part::Text(line) => {
                page.push(line);
                continue;
            }
            Part::Code(code) => code,
        };
        let Some(original) = originals.next() else {
            differences.push(format!("line {}: the English page has no such code block", code.number));
            continue;
        };
        if code.fence != original.fence {
            differences.push(format!(
                "line {}: `{}` is {:?}",
                code.number, code.fence, original.fence
            ));
        }
        page.push(code.fence);
        let mut lines = code.lines.iter().copied().zip(code.number + 1..);
        for line in &original.lines {
            if original.is_hidden(line) {
                page.push(line);
                continue;
            }
            match lines.next() {
                Some((translated, number)) => {
                    if !is_translation(line, translated, original.is_rust()) {
                        differences.push(format!("line {number}: {translated:?} is not {line:?}"));
                    }
                    page.push(translated);
                }
                None => differences.push(format!("line {}: the code block lacks {line:?}", code.number)),
            }
        }
        for (line, number) in lines {
            differences.push(format!("line {number}: the English page has no {line:?}"));
        }
        page.push("```");
    }
    for code in originals {
        differences.push(format!(
            "the code block of the English page's line {} is missing",
            code.number
        ));
    }
    if differences.is_empty() {
        Ok(page.join("\n") + "\n")
    } else {
        Err(differences)
    }
}

/// Whether two lines differ in comments and translated texts alone.
fn is_translation(english: &str, chinese: &str, is_rust: bool) -> bool {
    let ((code, texts), (translated_code, translations)) =
        (code_and_texts(english, is_rust), code_and_texts(chinese, is_rust));
    let is_text = |(text, translation): (&&str, &&str)| {
        text == translation || (!translation.is_ascii() && placeholders(text) == placeholders(translation))
    };
    code.trim_end() == translated_code.trim_end()
        && texts.len() == translations.len()
        && texts.iter().zip(&translations).all(is_text)
}

/// A line without its comment, its texts taken out. Outside of Rust, `<this>` is a text as well.
fn code_and_texts(line: &str, is_rust: bool) -> (String, Vec<&str>) {
    let comment = if is_rust { "//" } else { "#" };
    let (mut code, mut texts, mut rest) = (String::new(), Vec::new(), line);
    while let Some(next) = rest.chars().next() {
        if rest.starts_with(comment) {
            break;
        }
        code.push(next);
        rest = &rest[next.len_utf8()..];
        let end = match next {
            '"' => '"',
            '<' if !is_rust => '>',
            _ => continue,
        };
        let mut is_escaped = false;
        let length = rest.find(|character| {
            let is_end = character == end && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            is_end
        });
        let (text, behind) = rest.split_at(length.unwrap_or(rest.len()));
        texts.push(text);
        rest = behind;
        // The end is code again; it must not begin another text.
        if rest.starts_with(end) {
            code.push(end);
            rest = &rest[end.len_utf8()..];
        }
    }
    (code, texts)
}

/// What a format fills in: `{…}`, in the order of the text.
fn placeholders(text: &str) -> Vec<&str> {
    let begun = text.split('{').skip(1);
    begun
        .map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::merged;

    const ENGLISH: &str = "# Pay\n\n```rust\n# fn hidden() {\nlet a = \"{x} yuan, \\\"paid\\\"\"; // why\n# }\n```\nText\n```sh\nrun <name> # it\n```\n";

    #[test]
    fn hidden_lines_are_put_in() {
        let chinese =
            "# 支付\n\n```rust\nlet a = \"{x} 元，\\\"已付\\\"\"; // 为什么\n```\n文字\n```sh\nrun <名称>\n```\n";
        let page = merged(ENGLISH, chinese).unwrap();
        let expected = "# 支付\n\n```rust\n# fn hidden() {\nlet a = \"{x} 元，\\\"已付\\\"\"; // 为什么\n# }\n```\n文字\n```sh\nrun <名称>\n```\n";
        assert_eq!(page, expected);
    }

    #[test]
    fn other_code_is_a_difference() {
        let good = "```rust\nlet a = \"{x} 元\";\n```\n```sh\nrun <名称>\n```\n";
        assert!(merged(ENGLISH, good).is_ok());
        let differences = [
            ("let a", "let b"),
            ("{x} 元", "{y} 元"),
            ("{x} 元", "{x} fen"),
            ("\"{x} 元\"", "\"{x} 元\" // ; "),
            ("```rust\n", "```rust,no_run\n"),
            ("run", "start"),
            ("let a = \"{x} 元\";\n", ""),
            ("let a = \"{x} 元\";\n", "let a = \"{x} 元\";\nlet c = 1;\n"),
            ("```sh\nrun <名称>\n```\n", ""),
            ("```sh\n", "```sh\n```\n```sh\n"),
        ];
        for (from, to) in differences {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert!(merged(ENGLISH, &bad).is_err(), "{bad}");
        }
    }
}
