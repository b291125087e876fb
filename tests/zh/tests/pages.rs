//! The documents in Chinese say as much as those in English, and their links lead somewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use alipay_zh::snippets::{Part, merged, parts};

const DOCS_RS: &str = "https://docs.rs/alipay-api/latest/alipay_api/";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the pages in a folder.
fn pages(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(repository().join(folder)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .collect()
}

/// The pages that have to be in both languages. `docs/METHODS.md`, which is generated, is the page on methods: its titles are Chinese.
fn english() -> BTreeSet<String> {
    let mut pages = pages("alipay-api/src/guide");
    assert!(pages.remove("methods"));
    pages
}

/// The pages that are in both languages: which one is missing is for one test to say.
fn translated() -> BTreeSet<String> {
    english().intersection(&pages("docs/zh")).cloned().collect()
}

/// All documents: the Chinese one and the English one.
fn documents() -> Vec<(String, String)> {
    let pages = translated().into_iter();
    let pages = pages.map(|page| (format!("docs/zh/{page}.md"), format!("alipay-api/src/guide/{page}.md")));
    pages
        .chain([("README.zh-CN.md".to_owned(), "README.md".to_owned())])
        .collect()
}

/// The headings of a level, `#` or `##`.
fn headings(page: &str, level: &str) -> Vec<String> {
    let lines = parts(page).into_iter().filter_map(|part| match part {
        Part::Text(line) => line.strip_prefix(level)?.strip_prefix(' ').map(str::to_owned),
        Part::Code(_) => None,
    });
    lines.collect()
}

/// The targets of a document's links.
fn links(page: &str) -> Vec<String> {
    let text = parts(page).into_iter().filter_map(|part| match part {
        Part::Text(line) => Some(line),
        Part::Code(_) => None,
    });
    let targets = text.flat_map(|line| line.split("](").skip(1));
    targets
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target.to_owned()))
        .collect()
}

/// How forges name a heading in a link.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn each_page_has_its_translation() {
    let (english, chinese) = (english(), pages("docs/zh"));
    assert!(english.len() >= 16, "only {} pages", english.len());
    let missing: Vec<_> = english.difference(&chinese).collect();
    assert!(missing.is_empty(), "docs/zh lacks {missing:?}");
    let unknown: Vec<_> = chinese.difference(&english).collect();
    assert!(unknown.is_empty(), "the English guide has no {unknown:?}");
}

#[test]
fn each_page_has_the_sections_of_the_english_one() {
    for page in translated() {
        let (english, chinese) = (
            read(&format!("alipay-api/src/guide/{page}.md")),
            read(&format!("docs/zh/{page}.md")),
        );
        assert_eq!(headings(&chinese, "#").len(), 1, "{page} has no title, or several");
        let (english, chinese) = (headings(&english, "#"), headings(&chinese, "##"));
        assert_eq!(chinese.len(), english.len(), "{page}: {chinese:?}, {english:?}");
    }
}

#[test]
fn snippets_are_those_of_the_english_documents() {
    let mut found = Vec::new();
    for (chinese, english) in documents() {
        let differences = merged(&read(&english), &read(&chinese)).err().unwrap_or_default();
        found.extend(
            differences
                .into_iter()
                .map(|difference| format!("{chinese}: {difference}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn tables_have_the_rows_of_the_english_ones() {
    for page in translated() {
        let rows = |path: String| {
            read(&path)
                .lines()
                .filter(|line| line.trim_start().starts_with("| "))
                .count()
        };
        let (english, chinese) = (
            rows(format!("alipay-api/src/guide/{page}.md")),
            rows(format!("docs/zh/{page}.md")),
        );
        assert_eq!(chinese, english, "{page}");
    }
}

#[test]
fn the_readme_is_short_and_names_each_page() {
    let readme = read("README.zh-CN.md");
    assert!(readme.lines().count() < 250, "{} lines", readme.lines().count());
    let links = links(&readme);
    for page in translated() {
        assert!(links.contains(&format!("docs/zh/{page}.md")), "{page}");
    }
    assert!(read("README.md").contains("\n[中文]: README.zh-CN.md\n"));
}

#[test]
fn links_to_files_and_headings_lead_somewhere() {
    let mut found = 0;
    for (document, _) in documents() {
        let text = read(&document);
        let folder = repository().join(&document).parent().unwrap().to_owned();
        for link in links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            found += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                text.clone()
            } else {
                fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{document}: {link}: {error}"))
            };
            let mut anchors = headings(&target, "##").into_iter().map(|heading| anchor(&heading));
            assert!(
                heading.is_empty() || anchors.any(|name| name == heading),
                "{document}: {link}"
            );
        }
    }
    assert!(found > 80, "only {found} links");
}

/// The last names of an item's path: those of `struct.Client.html#method.check` are `Client` and `check`.
fn names(address: &str) -> Vec<&str> {
    let (file, part) = address.split_once('#').unwrap_or((address, ""));
    let file = file.trim_end_matches("/index.html").trim_end_matches(".html");
    let item = file.rsplit('/').next().unwrap_or_default();
    let item = item.rsplit('.').next().unwrap_or_default();
    let part = part.rsplit('.').next().unwrap_or_default();
    [item, part].into_iter().filter(|name| !name.is_empty()).collect()
}

/// rustdoc checks the links of the English guide. Those of the Chinese one may lead to the same items only, and to no English page.
#[test]
fn links_to_the_documentation_are_those_of_the_english_documents() {
    let mut found = 0;
    for (document, english) in documents() {
        let (text, english) = (read(&document), links(&read(&english)));
        for link in links(&text) {
            let Some(address) = link.strip_prefix(DOCS_RS) else {
                continue;
            };
            found += 1;
            assert!(!address.starts_with("guide/"), "{document}: {link}");
            let names = names(address);
            let is_same = |other: &String| {
                let path = other.strip_prefix("crate::").map(|path| path.replace('#', "::"));
                let path = path.unwrap_or_default();
                *other == link || path.split("::").collect::<Vec<_>>().ends_with(&names)
            };
            assert!(english.iter().any(is_same), "{document}: {link}");
        }
    }
    assert!(found > 150, "only {found} links");
}
