//! The differences that have a reason: `spec/DIFFERENCES.md`.
//!
//! Each `##` heading of it is a kind of reason, the text below says why, and each item of the list below that is a difference as the command prints it,
//! between backticks.

use std::collections::{BTreeMap, BTreeSet};

/// The differences with reasons.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reasons {
    headings: Vec<String>,
    /// The heading of each difference.
    listed: BTreeMap<String, usize>,
}

/// What is left when each difference is held against the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Differences without a reason.
    pub(super) unlisted: Vec<String>,
    /// Entries that match no difference.
    pub(super) stale: Vec<String>,
    /// How many differences each kind of reason has, in the order of the file.
    pub(super) counts: Vec<(String, usize)>,
}

impl Settled {
    /// Whether every difference has a reason, and every reason a difference.
    pub(super) fn holds(&self) -> bool {
        self.unlisted.is_empty() && self.stale.is_empty()
    }
}

impl Reasons {
    /// From the file's text.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reasons = Self::default();
        // The line of the last heading, whether text follows it, and whether differences do.
        let mut section: Option<(usize, bool, bool)> = None;
        let end = |section: Option<(usize, bool, bool)>| match section {
            Some((line, _, false)) => Err(format!("line {line}: the reason has no difference")),
            _ => Ok(()),
        };
        for (number, line) in (1..).zip(text.lines().map(str::trim_end)) {
            if let Some(heading) = line.strip_prefix("## ") {
                end(section)?;
                reasons.headings.push(heading.trim().to_owned());
                section = Some((number, false, false));
            } else if let Some(item) = line.strip_prefix("- ") {
                let difference = item.strip_prefix('`').and_then(|item| item.strip_suffix('`'));
                let Some(difference) = difference else {
                    return Err(format!("line {number}: an item is a difference between backticks"));
                };
                let Some((_, true, has_items)) = &mut section else {
                    return Err(format!("line {number}: no text above the difference says why"));
                };
                *has_items = true;
                let heading = reasons.headings.len() - 1;
                if reasons.listed.insert(difference.to_owned(), heading).is_some() {
                    return Err(format!("line {number}: the difference is listed twice"));
                }
            } else if let Some((_, has_text, _)) = &mut section {
                *has_text |= !line.is_empty();
            }
        }
        end(section)?;
        Ok(reasons)
    }

    pub(super) fn settle(&self, differences: &BTreeSet<String>) -> Settled {
        let mut settled = Settled::default();
        let mut counts = vec![0; self.headings.len()];
        for difference in differences {
            match self.listed.get(difference) {
                Some(&heading) => counts[heading] += 1,
                None => settled.unlisted.push(difference.clone()),
            }
        }
        let stale = self.listed.keys().filter(|listed| !differences.contains(*listed));
        settled.stale = stale.cloned().collect();
        settled.counts = self.headings.iter().cloned().zip(counts).collect();
        settled
    }
}
