//! One unsound spec for each kind of problem, with its exact diagnostics: `tests/ui/<number>-<what>/` holds the files of a `spec/` and `expected.txt`.
//!
//! `UPDATE_EXPECT=1 cargo test -p alipay-codegen --test ui` writes the expectations anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use alipay_codegen::{Code, Diagnostics, SourceFile, load, load_labelled, read_specs};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn name(case: &Path) -> &str {
    case.file_name().and_then(|name| name.to_str()).unwrap()
}

fn diagnostics(case: &Path) -> Diagnostics {
    let files = read_specs(case).unwrap();
    // A user's specs may do without.
    let found = if name(case).starts_with(Code::NoLabel.id()) {
        load_labelled(files)
    } else {
        load(files)
    };
    found.expect_err(&format!("{} is sound", case.display()))
}

#[test]
fn every_case_gives_its_diagnostics() {
    let update = env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let found = format!("{}\n", diagnostics(&case));
        let expected = case.join("expected.txt");
        if update {
            fs::write(&expected, found).unwrap();
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(&found) {
            wrong.push(format!("{}:\n{found}", name(&case)));
        }
    }
    assert!(
        wrong.is_empty(),
        "not as expected (UPDATE_EXPECT=1 accepts it):\n\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_case_shows_the_problem_that_it_is_named_after() {
    for case in cases() {
        let codes: BTreeSet<&str> = diagnostics(&case)
            .iter()
            .map(|diagnostic| diagnostic.code().id())
            .collect();
        let number = name(&case).split('-').next().unwrap();
        assert_eq!(codes, BTreeSet::from([number]), "{}", name(&case));
    }
}

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<String> = cases()
        .iter()
        .map(|case| name(case).split('-').next().unwrap().to_owned())
        .collect();
    let known: BTreeSet<String> = Code::ALL.iter().map(|code| code.id().to_owned()).collect();
    // Files can't share a path on disk, and some cases are made of many: see `the_same_path_twice` and `a_product_has_its_limit`.
    let others = [Code::RepeatedFile, Code::LargeProduct].map(Code::id);
    let known: BTreeSet<String> = known
        .into_iter()
        .filter(|code| !others.contains(&code.as_str()))
        .collect();
    assert_eq!(shown, known);
}

#[test]
fn numbers_are_unique_and_in_order() {
    assert!(Code::ALL.is_sorted_by(|one, other| one.id() < other.id()));
    assert!(Code::ALL.iter().all(|code| code.summary().ends_with('.')));
}

#[test]
fn the_same_path_twice() {
    let file = SourceFile {
        path: "gateway.yaml".to_owned(),
        text: "codes: {}\n".to_owned(),
    };
    let diagnostics = load([file.clone(), file]).unwrap_err();
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.code() == Code::RepeatedFile),
        "{diagnostics}"
    );
}

#[test]
fn a_product_has_its_limit() {
    let spec = |method: String| SourceFile {
        path: format!("open/{method}.yaml"),
        text: format!(
            "method: {method}\ntitle: 接口\ndoc: Does something.\nsource: https://example.com/\nkind: server\nretry: read\n"
        ),
    };
    let specs = |count: usize| {
        let mini = (1..count).map(|number| format!("alipay.open.mini.m{number}"));
        mini.chain(["alipay.open.app.query".to_owned()]).map(spec)
    };
    assert!(load(specs(64)).is_ok());
    let diagnostics = load(specs(65)).unwrap_err();
    let found: Vec<_> = diagnostics
        .iter()
        .map(|one| (one.code(), one.message(), one.help()))
        .collect();
    let message = "the product `open` has 65 methods; a product has 64 at most";
    let help = "make the 64 of `open_mini` a product of their own";
    assert_eq!(found, [(Code::LargeProduct, message, help)]);
}

#[test]
fn problems_of_all_files_come_at_once_and_in_order() {
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let diagnostics = load([
        file("trade/alipay.trade.b.yaml", "colour: red\n"),
        file("gateway.yaml", "codes: [\n"),
        file("trade/alipay.trade.a.yaml", "kind: boat\n"),
    ])
    .unwrap_err();
    let places: Vec<_> = diagnostics
        .iter()
        .map(|one| (one.path(), one.line(), one.column()))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    let files: BTreeSet<&str> = diagnostics.iter().map(alipay_codegen::Diagnostic::path).collect();
    assert_eq!(files.len(), 3, "{diagnostics}");
}
