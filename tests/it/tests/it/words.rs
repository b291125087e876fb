//! What the project says to its users: error messages and documents.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a message must not begin with: in a log, nothing before it says what is meant.
const PRONOUNS: &[&str] = &[
    "it ",
    "it's ",
    "its ",
    "they ",
    "their ",
    "there is ",
    "there are ",
    "this is ",
    "these are ",
    "those ",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files in a folder, or the file, without those of tests.
fn sources(path: &Path, files: &mut Vec<PathBuf>) {
    let is_test = path.file_stem().is_some_and(|name| name == "tests");
    if is_test {
        return;
    }
    if !path.is_dir() {
        files.extend((path.extension().is_some_and(|extension| extension == "rs")).then(|| path.to_owned()));
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        sources(&entry.unwrap().path(), files);
    }
}

/// The lines with a text that begins with a pronoun, also after what a format puts in front: `"{name}: it is…"`.
fn without_subject(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| {
        // These are for those who read the code.
        let is_for_readers = line.starts_with("//")
            || ["reason = \"", "must_use = \"", ".expect(\""]
                .iter()
                .any(|what| line.contains(what));
        !is_for_readers
            && PRONOUNS.iter().any(|pronoun| {
                [format!("\"{pronoun}"), format!("}}: {pronoun}")]
                    .iter()
                    .any(|beginning| line.contains(beginning))
            })
    })
}

#[test]
fn messages_have_a_subject() {
    let mut files = Vec::new();
    sources(&repository().join("alipay-api/src"), &mut files);
    assert!(files.len() > 60, "only {} files", files.len());
    let mut found = Vec::new();
    for file in files {
        let source = read(&file);
        let lines = without_subject(&source);
        found.extend(lines.map(|(line, text)| format!("{}:{line}: {text}", file.display())));
    }
    assert!(
        found.is_empty(),
        "these messages don't say what they are about:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_message_without_a_subject_is_found() {
    let source = "
        // \"it is a comment\"
        #[must_use = \"it is lost\"]
        Err(\"its key is too short\")
        format!(\"{name}: it is damaged\")
        Err(\"the item is missing\")
        #[cfg(test)]
mod tests {
            Err(\"it is a test\")
    ";
    let found: Vec<_> = without_subject(source).map(|(line, _)| line).collect();
    assert_eq!(found, [4, 5]);
}

/// Whether a line has a text with a gap: a continued line that has lost its backslash.
fn has_gap(line: &str) -> bool {
    let Some((_, text)) = line.split_once('"') else {
        return false;
    };
    let text = text.rsplit_once('"').map_or(text, |(text, _)| text);
    !line.trim_start().starts_with("//") && text.trim().contains("   ")
}

#[test]
fn messages_have_no_gaps() {
    let mut files = Vec::new();
    sources(&repository().join("alipay-api/src"), &mut files);
    for file in files {
        let source = read(&file);
        let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            assert!(!has_gap(line), "{}:{}: {}", file.display(), index + 1, line.trim());
        }
    }
    assert!(has_gap("let message = \"the form, or            the URL\";"));
    assert!(!has_gap("        let message = \"the form, or \\"));
}

/// The messages that a table's first column quotes: those with blanks, as codes are checked by the generator.
fn quoted(document: &str) -> Vec<&str> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split(" | ").next());
    let spans = first.filter_map(|cell| {
        let ticks = cell.len() - cell.trim_start_matches('`').len();
        let (start, rest) = cell.split_at(ticks);
        (ticks > 0).then(|| rest.split(start).next())?
    });
    spans.filter(|span| span.contains(' ')).collect()
}

#[test]
fn messages_that_the_documents_quote_exist() {
    let mut files = Vec::new();
    sources(&repository().join("alipay-api/src"), &mut files);
    let sources: Vec<_> = files.iter().map(|file| read(file)).collect();
    let mut found = 0;
    for document in [
        "README.md",
        "README.zh-CN.md",
        "alipay-api/src/guide/keys.md",
        "docs/zh/keys.md",
    ] {
        for message in quoted(&read(&repository().join(document))) {
            found += 1;
            // `{subject}` is what was verified.
            let message = message.strip_prefix("the notification's ").unwrap_or(message);
            assert!(
                sources.iter().any(|source| source.contains(message)),
                "{document} quotes {message:?}"
            );
        }
    }
    assert!(found >= 14, "only {found} messages");
}

#[test]
fn the_readme_is_short_and_names_each_page_of_the_guide() {
    const PAGE: &str = "https://docs.rs/alipay-api/latest/alipay_api/guide/";

    let readme = read(&repository().join("README.md"));
    assert!(readme.lines().count() <= 250, "{} lines", readme.lines().count());
    let guide = repository().join("alipay-api/src/guide");
    let introduction = read(&guide.join("mod.rs"));
    let mut linked: Vec<_> = readme
        .split(PAGE)
        .skip(1)
        .filter_map(|rest| rest.split_once('/').map(|(page, _)| page))
        .collect();
    linked.sort_unstable();
    linked.dedup();
    let mut pages: Vec<_> = fs::read_dir(&guide)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".md")
                .map(str::to_owned)
        })
        .collect();
    pages.sort_unstable();
    assert_eq!(linked, pages);
    for page in pages {
        assert!(introduction.contains(&format!("[`{page}`]")), "{page}");
    }
}
