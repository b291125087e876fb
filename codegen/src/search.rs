//! Methods of the gateway by words of their names and titles.

use crate::catalogue::{Catalogue, CatalogueError};
use crate::shipped::Shipped;

/// A method that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As the gateway names it.
    pub name: String,
    /// The official title, where that is known and a name.
    pub title: Option<String>,
    /// Where `alipay-api` has it, if it does.
    pub shipped: Option<Shipped>,
}

/// The methods whose name or title has each of these words in it, by name. Case is left aside.
///
/// # Errors
/// When the catalogue is malformed.
pub fn search(catalogue: &Catalogue<'_>, words: &[String]) -> Result<Vec<Found>, CatalogueError> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let titles = catalogue.titles()?.into_iter();
    let found = titles.filter(|(name, title)| {
        let title = title.as_deref().unwrap_or_default().to_lowercase();
        words.iter().all(|word| name.contains(word) || title.contains(word))
    });
    let found = found.map(|(name, title)| Found {
        shipped: Shipped::find(&name),
        name,
        title,
    });
    Ok(found.collect())
}
