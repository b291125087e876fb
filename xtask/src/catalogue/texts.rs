//! The files of a catalogue: facts on methods and types.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use alipay_codegen::Catalogue;
use flate2::read::GzDecoder;

/// What the files say.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) methods: String,
    pub(crate) types: String,
    pub(super) fields: String,
    pub(super) type_facts: String,
    pub(super) kinds: String,
    pub(super) keys: String,
    pub(super) differences: String,
}

impl Texts {
    /// Of nothing but methods.
    pub(crate) fn of_methods(methods: String) -> Self {
        Self {
            methods,
            ..Self::default()
        }
    }

    /// The first catalogue of a folder, of which only the methods must be there.
    pub(crate) fn first(folder: &Path) -> Result<Self, String> {
        let optional = |name: &str| text(&folder.join(name)).map(Option::unwrap_or_default);
        let methods = folder.join("methods.jsonl");
        Ok(Self {
            methods: text(&methods)?.ok_or_else(|| format!("{} is not there", methods.display()))?,
            types: optional("types.jsonl")?,
            fields: optional("fields.jsonl")?,
            type_facts: optional("types-facts.jsonl")?,
            kinds: optional("kinds.tsv")?,
            keys: optional("idempotent.tsv")?,
            differences: optional("v3-differences.tsv")?,
        })
    }

    /// All methods and types that the official SDK has, without the facts.
    pub(crate) fn all(folder: &Path) -> Result<Self, String> {
        Ok(Self {
            methods: unpacked(&folder.join("all-methods.jsonl.gz"))?,
            types: unpacked(&folder.join("all-types.jsonl.gz"))?,
            ..Self::default()
        })
    }

    /// All of a folder, with the facts.
    pub(super) fn whole(folder: &Path) -> Result<Self, String> {
        let mut texts = Self::first(folder)?;
        texts.add_rest(folder)?;
        Ok(texts)
    }

    /// Adds what is packed, where one of the methods is not in the first catalogue.
    pub(crate) fn complete(&mut self, folder: &Path, methods: &BTreeSet<String>) -> Result<(), String> {
        let is_here = |method: &String| self.methods.contains(&format!("\"{method}\""));
        if methods.iter().all(is_here) {
            return Ok(());
        }
        self.add_rest(folder)
    }

    fn add_rest(&mut self, folder: &Path) -> Result<(), String> {
        for (text, name) in [
            (&mut self.methods, "all-methods.jsonl.gz"),
            (&mut self.types, "all-types.jsonl.gz"),
            (&mut self.fields, "all-fields.jsonl.gz"),
            (&mut self.type_facts, "all-types-facts.jsonl.gz"),
        ] {
            let path = folder.join(name);
            if path.exists() {
                text.push('\n');
                text.push_str(&unpacked(&path)?);
            }
        }
        Ok(())
    }

    pub(crate) fn catalogue(&self) -> Catalogue<'_> {
        Catalogue {
            methods: &self.methods,
            types: &self.types,
            fields: &self.fields,
            type_facts: &self.type_facts,
            kinds: &self.kinds,
            keys: &self.keys,
            differences: &self.differences,
        }
    }
}

impl From<&Catalogue<'_>> for Texts {
    fn from(catalogue: &Catalogue<'_>) -> Self {
        Self {
            methods: catalogue.methods.to_owned(),
            types: catalogue.types.to_owned(),
            fields: catalogue.fields.to_owned(),
            type_facts: catalogue.type_facts.to_owned(),
            kinds: catalogue.kinds.to_owned(),
            keys: catalogue.keys.to_owned(),
            differences: catalogue.differences.to_owned(),
        }
    }
}

/// The names of the methods that a folder's `additions.txt` adds to the first catalogue, if there is one.
pub(super) fn additions(folder: &Path) -> Result<BTreeSet<String>, String> {
    let names = text(&folder.join("additions.txt"))?.unwrap_or_default();
    let names = names.lines().map(str::trim).filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

fn text(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn unpacked(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| GzDecoder::new(file).read_to_string(&mut text));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text)
}
