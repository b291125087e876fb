//! The comments on the products' features in a `Cargo.toml`.

use toml_edit::{DocumentMut, TomlError};

/// The manifest's text with these comments above these features. All else stays as it is.
///
/// # Errors
/// When the manifest isn't TOML.
pub(crate) fn commented<'c>(
    manifest: &str,
    comments: impl Iterator<Item = (&'c str, &'c str)>,
) -> Result<String, TomlError> {
    let mut document: DocumentMut = manifest.parse()?;
    if let Some(features) = document.get_mut("features").and_then(|item| item.as_table_mut()) {
        for (feature, comment) in comments {
            if let Some(mut key) = features.key_mut(feature) {
                key.leaf_decor_mut().set_prefix(format!("# {comment}\n"));
            }
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::commented;

    #[test]
    fn a_comment_stands_above_its_feature() {
        let manifest = "[features]\nfull = [\"a\", \"b\"]\n# Old.\na = []\nb = []\n";
        let comments = [("a", "New."), ("gone", "Nothing.")];
        let written = commented(manifest, comments.into_iter());
        let expected = manifest.replace("Old", "New");
        assert_eq!(written.as_deref(), Ok(expected.as_str()));
        assert_eq!(
            commented(&expected, comments.into_iter()).as_deref(),
            Ok(expected.as_str())
        );
    }
}
