//! Pictures that were uploaded: which ones, not what they show.

use std::collections::HashSet;

/// Where a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Album {
    /// For applications of sub-merchants.
    Onboarding,
    /// For complaints.
    Complaints,
}

/// All pictures.
#[derive(Debug, Default)]
pub(crate) struct Images(HashSet<(Album, String, String)>);

impl Images {
    /// Keeps a merchant's picture.
    pub(crate) fn keep(&mut self, album: Album, merchant: &str, id: &str) {
        self.0.insert((album, merchant.to_owned(), id.to_owned()));
    }

    /// Whether a merchant has uploaded this picture.
    pub(crate) fn has(&self, album: Album, merchant: &str, id: &str) -> bool {
        self.0.contains(&(album, merchant.to_owned(), id.to_owned()))
    }
}
