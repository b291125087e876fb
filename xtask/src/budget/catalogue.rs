//! The folder of a catalogue: facts on methods and types, one JSON object a line.

use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;

/// What [`alipay_codegen::import`] makes specs of.
pub(super) struct Catalogue {
    pub(super) methods: String,
    pub(super) types: String,
}

/// The first catalogue.
pub(super) fn first(folder: &Path) -> Result<Catalogue, Box<dyn Error>> {
    let text = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    Ok(Catalogue {
        methods: text("methods.jsonl")?,
        types: text("types.jsonl")?,
    })
}

/// All that the official SDK has.
pub(super) fn all(folder: &Path) -> Result<Catalogue, Box<dyn Error>> {
    let text = |name: &str| -> Result<String, Box<dyn Error>> {
        let path = folder.join(name);
        let file = fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text)?;
        Ok(text)
    };
    Ok(Catalogue {
        methods: text("all-methods.jsonl.gz")?,
        types: text("all-types.jsonl.gz")?,
    })
}
