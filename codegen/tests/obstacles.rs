//! Specs in which every name is a trap. Their code is checked in below `alipay-api/tests/obstacles`, where it is compiled as a user's would be.

use std::path::Path;
use std::{env, fs};

use alipay_codegen::{Options, Root, SourceFile, generate, load, read_specs};

fn specs() -> Vec<SourceFile> {
    read_specs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/obstacles")).unwrap()
}

fn options() -> Options {
    Options { root: Root::User }
}

#[test]
fn the_code_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../alipay-api/tests/obstacles/generated");
    let spec = load(specs()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let tree = generate(&spec, &options());
    if env::var_os("UPDATE_EXPECT").is_some() {
        tree.write(&folder).unwrap();
    }
    let differences = tree.compare(&folder).unwrap();
    assert!(
        differences.is_empty(),
        "{differences}\nto accept this: UPDATE_EXPECT=1 cargo test -p alipay-codegen"
    );
}

#[test]
fn the_order_of_files_changes_nothing() {
    let mut files = specs();
    let expected = generate(&load(files.clone()).unwrap(), &options());
    files.reverse();
    for _ in 0..files.len() {
        files.rotate_left(1);
        assert_eq!(generate(&load(files.clone()).unwrap(), &options()), expected);
    }
}

/// Text that is cut off or damaged anywhere is reported or read, and never makes the generator panic.
#[test]
fn no_damage_panics() {
    const DAMAGES: [&str; 14] = [
        "", "[", "}", ": ", "\n", "\"", "&a ", "\t", "!", "-", "🦀", "~", "\u{0}", "- - - ",
    ];
    // The widest spec takes long and adds nothing.
    for file in specs().iter().filter(|file| file.text.len() < 16_000) {
        let places = file.text.char_indices().map(|(place, _)| place).step_by(29);
        for (place, damage) in places.zip(DAMAGES.iter().cycle()) {
            let (before, after) = file.text.split_at(place);
            // No damage: nothing comes after.
            let after = if damage.is_empty() { "" } else { after };
            let text = format!("{before}{damage}{after}");
            match load([SourceFile {
                path: file.path.clone(),
                text,
            }]) {
                Ok(spec) => assert!(!generate(&spec, &options()).is_empty()),
                Err(diagnostics) => assert!(diagnostics.to_string().contains("error[E")),
            }
        }
    }
}

#[test]
fn deep_and_long_texts_are_refused_or_read() {
    let nested = |open: &str, close: &str| format!("a: {}{}", open.repeat(5000), close.repeat(5000));
    let texts = [
        nested("[", "]"),
        nested("{a: ", "}"),
        "- ".repeat(5000),
        "? ".repeat(5000),
        format!("method: {}", "x".repeat(1_000_000)),
        format!("{}: 1", "k".repeat(100_000)),
        "\u{feff}method: a".to_owned(),
    ];
    for text in texts {
        let file = SourceFile {
            path: "trade/alipay.trade.pay.yaml".to_owned(),
            text,
        };
        assert!(load([file]).is_err());
    }
}

#[test]
fn the_librarys_code_is_current() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let spec = load(read_specs(&workspace.join("spec")).unwrap()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let tree = generate(&spec, &Options::default());
    let differences = tree.compare(&workspace.join("alipay-api/src/generated")).unwrap();
    assert!(
        differences.is_empty(),
        "{differences}\nto mend this: cargo xtask codegen"
    );
}

#[test]
fn a_folder_is_brought_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let tree = generate(&load(specs()).unwrap(), &options());
    assert_eq!(tree.compare(folder.path()).unwrap().iter().count(), tree.len());
    tree.write(folder.path()).unwrap();
    assert!(tree.compare(folder.path()).unwrap().is_empty());

    let path = |path: &str| folder.path().join(path);
    let written = fs::metadata(path("mod.rs")).unwrap().modified().unwrap();
    fs::create_dir_all(path("old/deep")).unwrap();
    fs::write(path("old/deep/orphan.rs"), "//").unwrap();
    fs::remove_file(path("gateway.rs")).unwrap();
    fs::write(path("trap/mod.rs"), "// edited by hand\n").unwrap();
    let text = tree.compare(folder.path()).unwrap().to_string();
    assert!(
        text.starts_with("missing: gateway.rs\norphan: old/deep/orphan.rs\nstale: trap/mod.rs\n"),
        "{text}"
    );
    assert!(text.contains("    -// edited by hand\n"), "{text}");

    tree.write(folder.path()).unwrap();
    assert!(tree.compare(folder.path()).unwrap().is_empty());
    assert!(!path("old").exists());
    assert_eq!(fs::metadata(path("mod.rs")).unwrap().modified().unwrap(), written);
}
