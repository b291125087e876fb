//! The files of a catalogue, as `new` drafts from them.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use alipay_codegen::Catalogue;
use flate2::read::GzDecoder;

/// What the files say.
#[derive(Default)]
pub(crate) struct Texts {
    methods: String,
    pub(crate) types: String,
    fields: String,
    type_facts: String,
    kinds: String,
    keys: String,
    differences: String,
}

impl Texts {
    /// Of nothing but methods.
    pub(crate) fn of_methods(methods: String) -> Self {
        Self {
            methods,
            ..Self::default()
        }
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

/// Reads a folder, of which only the methods must be there. What is packed is looked at for a method that the first files don't have.
pub(crate) fn read(folder: &Path, method: &str) -> Result<Texts, String> {
    let optional = |name: &str| text(&folder.join(name)).map(Option::unwrap_or_default);
    let methods = folder.join("methods.jsonl");
    let mut texts = Texts {
        methods: text(&methods)?.ok_or_else(|| format!("{} is not there", methods.display()))?,
        types: optional("types.jsonl")?,
        fields: optional("fields.jsonl")?,
        type_facts: optional("types-facts.jsonl")?,
        kinds: optional("kinds.tsv")?,
        keys: optional("idempotent.tsv")?,
        differences: optional("v3-differences.tsv")?,
    };
    if !texts.methods.contains(&format!("\"{method}\"")) {
        for (text, name) in [
            (&mut texts.methods, "all-methods.jsonl.gz"),
            (&mut texts.types, "all-types.jsonl.gz"),
            (&mut texts.fields, "all-fields.jsonl.gz"),
            (&mut texts.type_facts, "all-types-facts.jsonl.gz"),
        ] {
            let path = folder.join(name);
            if let Some(more) = unpacked(&path).map_err(|error| format!("{}: {error}", path.display()))? {
                text.push('\n');
                text.push_str(&more);
            }
        }
    }
    Ok(texts)
}

fn text(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn unpacked(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text)?;
    Ok(Some(text))
}
