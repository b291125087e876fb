//! Pictures that were uploaded: which ones, not what they show.

use serde::{Deserialize, Serialize};

use crate::table::{Rows, Table};

/// Where a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Album {
    /// For applications of sub-merchants.
    Onboarding,
    /// For complaints.
    Complaints,
}

/// All pictures.
#[derive(Debug, Default)]
pub(crate) struct Images(Table<(Album, String, String), ()>);

impl Images {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 1] {
        [("images", &mut self.0)]
    }

    /// Keeps a merchant's picture.
    pub(crate) fn keep(&mut self, album: Album, merchant: &str, id: &str) {
        self.0.insert((album, merchant.to_owned(), id.to_owned()), ());
    }

    /// Whether a merchant has uploaded this picture.
    pub(crate) fn has(&self, album: Album, merchant: &str, id: &str) -> bool {
        self.0.contains_key(&(album, merchant.to_owned(), id.to_owned()))
    }
}
