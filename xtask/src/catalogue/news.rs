//! What a newer catalogue says that an older one doesn't, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use alipay_codegen::{Catalogue, CatalogueError, Outline};

use super::digest;

/// The differences between two catalogues, in lines for a maintainer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Methods that are new or gone.
    pub(super) methods: Vec<String>,
    /// What has changed in methods that have a spec, and in the objects that they reach.
    pub(super) fields: Vec<String>,
    /// How many methods without a spec have changed themselves.
    pub(super) others: usize,
}

/// Compares two catalogues; `specs` are the methods that have a spec.
pub(super) fn news(old: &Catalogue<'_>, new: &Catalogue<'_>, specs: &BTreeSet<String>) -> Result<News, CatalogueError> {
    let titles = new.titles()?;
    let (before, after) = (old.names()?, new.names()?);
    let mut news = News::default();
    for name in after.difference(&before) {
        let title = titles.get(name).cloned().flatten().unwrap_or_default();
        news.methods.push(format!("new: {name} {title}").trim_end().to_owned());
    }
    for name in before.difference(&after) {
        let spec = if specs.contains(name) { ", which has a spec" } else { "" };
        news.methods.push(format!("gone: {name}{spec}"));
    }
    let both: BTreeSet<String> = before.intersection(&after).cloned().collect();
    let others = both.difference(specs).cloned().collect();
    let (was, is) = (old.outline(&others)?, new.outline(&others)?);
    news.others = was
        .methods
        .iter()
        .filter(|(name, method)| is.methods.get(*name) != Some(method))
        .count();
    let described = both.intersection(specs).cloned().collect();
    news.fields = changes(&old.outline(&described)?, &new.outline(&described)?);
    Ok(news)
}

fn changes(old: &Outline, new: &Outline) -> Vec<String> {
    let (was, is) = (blocks(old), blocks(new));
    let heads: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let mut changes = Vec::new();
    for head in heads {
        let of = |blocks: &BTreeMap<String, BTreeMap<String, String>>| blocks.get(head).cloned();
        let (was, is) = (of(&was), of(&is));
        // A type that is reached from now on, or no more, is a field that has changed.
        let (Some(was), Some(is)) = (was, is) else { continue };
        let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for key in keys {
            let change = match (was.get(key), is.get(key)) {
                (None, Some(is)) => format!("new: {is}"),
                (Some(was), None) => format!("gone: {was}"),
                (Some(was), Some(is)) if was != is => format!("was {was}, is {is}"),
                _ => continue,
            };
            changes.push(format!("{head} {key} {change}"));
        }
    }
    changes
}

/// A digest's lines by what they are about: the method or type, and the field, code or place in V3 of it.
fn blocks(outline: &Outline) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = digest::write(outline);
    let mut blocks: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut head = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with(' ') {
            let mut words = line.splitn(3, ' ');
            let (what, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            head = if what == "type" {
                format!("type {name}")
            } else {
                name.to_owned()
            };
            let block = blocks.entry(head.clone()).or_default();
            block.extend(words.next().map(|kind| ("kind".to_owned(), kind.to_owned())));
            continue;
        }
        let (mark, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let name = rest.split([':', ' ']).next().unwrap_or_default();
        let what = match mark {
            ">" => format!("request {name}"),
            "<" => format!("response {name}"),
            "-" => name.to_owned(),
            "!" => format!("error {name}"),
            other => other.to_owned(),
        };
        blocks.entry(head.clone()).or_default().insert(what, rest.to_owned());
    }
    blocks
}
