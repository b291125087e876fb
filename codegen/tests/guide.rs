//! The guide's page about specs of one's own, walked: its spec is sound, its commands do what it says, its Rust is what is compiled and run in
//! `alipay-api/tests/name_collisions/guide`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use alipay_codegen::{Options, Root, generate, load, read_specs};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../alipay-api")
}

fn page() -> String {
    fs::read_to_string(library().join("src/guide/codegen.md")).unwrap()
}

/// What stands in the page's blocks of a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let begin = format!("```{language}\n");
    let blocks: Vec<_> = page
        .split(&begin)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty(), "the page has no {language}");
    blocks
}

/// Runs a command of the page as it stands there.
fn run(command: &str, folder: &Path) -> Output {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("alipay-codegen"));
    Command::new(env!("CARGO_BIN_EXE_alipay-codegen"))
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn the_page_can_be_followed() {
    let page = page();
    let base = tempfile::tempdir().unwrap();
    let path = page
        .split('`')
        .find(|word| word.starts_with("specs/") && word.ends_with("query.yaml"));
    let spec = base.path().join(path.unwrap());
    fs::create_dir_all(spec.parent().unwrap()).unwrap();
    let [yaml] = blocks(&page, "yaml")[..] else {
        panic!("another number of specs")
    };
    fs::write(&spec, yaml).unwrap();

    let commands = blocks(&page, "sh");
    let commands = commands.iter().map(|block| block.trim());
    let commands: Vec<_> = commands
        .filter(|command| !command.starts_with("cargo install "))
        .collect();
    let [search, add, generator, check] = commands[..] else {
        panic!("other commands: {commands:?}")
    };
    let found = run(search, base.path());
    let added = tempfile::tempdir().unwrap();
    assert!(run(add, added.path()).status.success());
    let method = add.split_whitespace().nth(2).unwrap();
    let drafted = format!("specs/user/{method}.yaml");
    assert!(added.path().join(&drafted).exists() && page.contains(&drafted));
    assert!(String::from_utf8_lossy(&found.stdout).contains(&format!("  alipay-codegen add {method}\n")));
    let missing = run(check, base.path());
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        !missing.status.success() && said.contains("missing: src/alipay/mod.rs"),
        "{said}"
    );
    assert!(said.ends_with(&format!("{generator}\n")), "{said}");
    assert!(run(generator, base.path()).status.success());
    let checked = run(check, base.path());
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    let specs = load(read_specs(&base.path().join("specs")).unwrap()).unwrap();
    let tree = generate(&specs, &Options { root: Root::User });
    assert!(tree.compare(&base.path().join("src/alipay")).unwrap().is_empty());
    let compiled = library().join("tests/name_collisions/guide/alipay");
    if env::var_os("UPDATE_EXPECT").is_some() {
        tree.write(&compiled).unwrap();
    }
    let differences = tree.compare(&compiled).unwrap();
    assert!(
        differences.is_empty(),
        "{differences}\nto accept this: UPDATE_EXPECT=1 cargo test -p alipay-codegen"
    );
}

#[test]
fn the_pages_code_is_compiled() {
    let lines = |text: &str| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    };
    let compiled = fs::read_to_string(library().join("tests/name_collisions/guide/mod.rs")).unwrap();
    let compiled = lines(&compiled);
    for block in blocks(&page(), "rust,ignore") {
        assert!(compiled.contains(&lines(block)), "not compiled:\n{block}");
    }
}
