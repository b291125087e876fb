//! Writes the pages that `src/lib.rs` has as documentation: the Chinese ones with the hidden lines of the English ones.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

// The library's module, which is public there.
#[allow(unreachable_pub)]
#[path = "src/snippets.rs"]
mod snippets;

fn main() -> io::Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let (guide, chinese) = (repository.join("alipay-api/src/guide"), repository.join("docs/zh"));
    let mut pages = vec![(
        "readme".to_owned(),
        repository.join("README.md"),
        repository.join("README.zh-CN.md"),
    )];
    for entry in fs::read_dir(&chinese)? {
        let file = entry?.file_name();
        if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".md")) {
            pages.push((name.to_owned(), guide.join(&file), chinese.join(&file)));
        }
    }
    let mut modules = Vec::new();
    for (name, english, chinese) in pages {
        println!("cargo::rerun-if-changed={}", english.display());
        println!("cargo::rerun-if-changed={}", chinese.display());
        // `tests/pages.rs` fails where a page is missing or has other snippets than the English one, and says which.
        let (Ok(english), Ok(chinese)) = (fs::read_to_string(english), fs::read_to_string(chinese)) else {
            continue;
        };
        let Ok(page) = snippets::merged(&english, &chinese) else {
            continue;
        };
        fs::write(out.join(format!("{name}.md")), page)?;
        modules.push(format!("#[doc = include_str!(\"{name}.md\")]\npub mod {name} {{}}\n"));
    }
    println!("cargo::rerun-if-changed={}", chinese.display());
    fs::write(out.join("pages.rs"), modules.concat())
}
