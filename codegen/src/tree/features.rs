//! The features of the library's `Cargo.toml`: one for each product, and `full` with all of them.

use toml_edit::{Array, DocumentMut, Item, Table, TomlError, value};

/// The manifest's text with its features in step with the products, which are sorted. All else stays as it is, comments too.
///
/// # Errors
/// When the manifest isn't TOML.
pub(crate) fn in_step(manifest: &str, products: &[&str]) -> Result<String, TomlError> {
    let mut document: DocumentMut = manifest.parse()?;
    let features = document.entry("features").or_insert_with(|| Item::Table(Table::new()));
    let Some(features) = features.as_table_mut() else {
        return Ok(manifest.to_owned());
    };
    let listed = |item: &Item| -> Vec<String> {
        let names = item.as_array().into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let before = features.get("full").map(listed).unwrap_or_default();
    for gone in before.iter().filter(|name| !products.contains(&name.as_str())) {
        if features.get(gone).and_then(Item::as_array).is_some_and(Array::is_empty) {
            features.remove(gone);
        }
    }
    if before != products {
        let full: Array = products.iter().copied().collect();
        match features.get_mut("full").and_then(Item::as_value_mut) {
            Some(present) => {
                let decor = present.decor().clone();
                *present = full.into();
                *present.decor_mut() = decor;
            }
            None => _ = features.insert("full", value(full)),
        }
    }
    for product in products
        .iter()
        .filter(|product| !features.contains_key(product))
        .collect::<Vec<_>>()
    {
        features.insert(product, value(Array::new()));
    }
    let written: Vec<String> = features.iter().map(|(name, _)| name.to_owned()).collect();
    let rank = |name: &str| match products.binary_search(&name) {
        Ok(at) => (1, at),
        Err(_) => (0, written.iter().position(|other| other == name).unwrap_or(0)),
    };
    features.sort_values_by(|one, _, other, _| rank(one.get()).cmp(&rank(other.get())));
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[package]
name = "alipay-api"

[features]
default = ["full"] # by default, all
# All of them.
full = ["fund", "gone"]
# Money.
fund = []
gone = []

[dependencies]
"#;

    #[test]
    fn features_follow_the_products() {
        let mended = in_step(MANIFEST, &["ebpp", "fund"]).unwrap_or_default();
        let expected = MANIFEST
            .replace(r#"["fund", "gone"]"#, r#"["ebpp", "fund"]"#)
            .replace("gone = []\n", "")
            .replace("# Money.", "ebpp = []\n# Money.");
        assert_eq!(mended, expected);
        assert_eq!(in_step(&mended, &["ebpp", "fund"]).as_deref(), Ok(expected.as_str()));
    }

    #[test]
    fn a_manifest_without_features_gets_them() {
        let mended = in_step("[package]\nname = \"a\"\n", &["fund"]).unwrap_or_default();
        assert_eq!(
            mended,
            "[package]\nname = \"a\"\n\n[features]\nfull = [\"fund\"]\nfund = []\n"
        );
    }
}
