//! Which product each of many methods belongs to.

use std::collections::{BTreeMap, BTreeSet};

use crate::names;
use crate::source::{NOT_METHODS, SourceFile};

/// The products of these methods: those that have specs already, and new ones of the first segments of names. One that would be too large gives its largest
/// parts, by the next segment, to products of their own: of those that have specs already, only what is new.
pub(super) fn assign<'m>(methods: &'m BTreeSet<String>, specs: &[SourceFile]) -> BTreeMap<String, Vec<&'m str>> {
    let folders: BTreeSet<&str> = specs
        .iter()
        .filter_map(|file| Some(file.path.split_once('/')?.0))
        .collect();
    let mut products: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for method in methods {
        let product = names::product_among(method, folders.iter().copied());
        let product = product.unwrap_or_else(|| names::first_segment(method));
        products.entry(product.to_owned()).or_default().push(method);
    }
    let mut waiting: Vec<(String, Vec<&str>)> = products.into_iter().collect();
    let mut assigned = BTreeMap::new();
    while let Some((product, mut methods)) = waiting.pop() {
        let existing = of_product(&product, specs);
        while existing.len() + methods.len() > names::LARGEST_PRODUCT
            && let Some((part, of_part)) = largest(&product, &existing, &methods)
            // What is left must be worth a product.
            && of_part.len() < existing.len() + methods.len()
        {
            methods.retain(|method| !of_part.contains(method));
            waiting.push((part, of_part));
        }
        if !methods.is_empty() {
            assigned.insert(product, methods);
        }
    }
    assigned
}

/// The names of the methods that a product has already.
fn of_product<'s>(product: &str, specs: &'s [SourceFile]) -> Vec<&'s str> {
    let names = specs.iter().filter_map(|file| {
        let (folder, name) = file.path.split_once('/')?;
        name.strip_suffix(".yaml").filter(|_| folder == product)
    });
    names.filter(|name| !NOT_METHODS.contains(name)).collect()
}

/// The part of a product that most of these methods can make up, and which.
fn largest<'m>(product: &str, existing: &[&str], methods: &[&'m str]) -> Option<(String, Vec<&'m str>)> {
    let mut parts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for method in methods {
        if let Some(part) = part(product, existing, method) {
            parts.entry(part).or_default().push(method);
        }
    }
    parts.into_iter().max_by_key(|(_, methods)| methods.len())
}

/// `open_mini` of `alipay.open.mini.version.upload` in `open`, or `open_mini_version` where a method that exists would belong to `open_mini`; `None` where
/// only the method's last word is left.
fn part(product: &str, existing: &[&str], method: &str) -> Option<String> {
    let rest = names::stem(method, product)?;
    rest.match_indices('.').find_map(|(at, _)| {
        let part = format!("{product}_{}", rest[..at].replace('.', "_"));
        let is_new = existing.iter().all(|other| names::stem(other, &part).is_none());
        is_new.then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(methods: impl Iterator<Item = String>, folders: &[&str]) -> Vec<(String, usize)> {
        let specs: Vec<SourceFile> = folders
            .iter()
            .map(|folder| SourceFile {
                path: format!("{folder}/product.yaml"),
                text: String::new(),
            })
            .collect();
        let methods = methods.collect();
        let products = assign(&methods, &specs).into_iter();
        products.map(|(product, methods)| (product, methods.len())).collect()
    }

    #[test]
    fn what_is_too_large_gives_away_its_largest_parts() {
        let many = |prefix: &str, count: usize| {
            let prefix = prefix.to_owned();
            (0..count).map(move |number| format!("{prefix}.m{number}"))
        };
        let methods = || {
            many("alipay.open.mini.order", 30)
                .chain(many("alipay.open.mini.version", 40))
                .chain(many("alipay.open.app", 20))
                .chain(many("alipay.open", 10))
                .chain(many("koubei.trade", 2))
        };
        let of = |products: &[(&str, usize)]| {
            let products = products.iter();
            products
                .map(|&(name, count)| (name.to_owned(), count))
                .collect::<Vec<_>>()
        };
        let expected = of(&[
            ("koubei", 2),
            ("open", 30),
            ("open_mini", 30),
            ("open_mini_version", 40),
        ]);
        assert_eq!(assigned(methods(), &[]), expected);
        // A product that has specs keeps what is its own.
        let expected = of(&[
            ("koubei_trade", 2),
            ("open", 10),
            ("open_app", 20),
            ("open_mini", 30),
            ("open_mini_version", 40),
        ]);
        assert_eq!(assigned(methods(), &["koubei_trade", "open_app"]), expected);
    }
    /// What exists stays where it is, so that no new product may be the one that it belongs to.
    #[test]
    fn a_product_that_is_full_gives_away_what_is_new() {
        let mut specs: Vec<SourceFile> = (0..names::LARGEST_PRODUCT)
            .map(|number| format!("alipay.trade.order.m{number}"))
            .chain(["product".to_owned(), "types".to_owned()])
            .map(|name| SourceFile {
                path: format!("trade/{name}.yaml"),
                text: String::new(),
            })
            .collect();
        let names = [
            "alipay.trade.order.more",
            "alipay.trade.order.thing.get",
            "alipay.trade.thing.get",
        ];
        let methods = names.map(str::to_owned).into();
        let expected = BTreeMap::from([
            ("trade".to_owned(), vec![names[0]]),
            ("trade_order_thing".to_owned(), vec![names[1]]),
            ("trade_thing".to_owned(), vec![names[2]]),
        ]);
        assert_eq!(assign(&methods, &specs), expected);
        // Where there is room, all of them stay.
        specs.drain(..names.len());
        let expected = BTreeMap::from([("trade".to_owned(), names.to_vec())]);
        assert_eq!(assign(&methods, &specs), expected);
    }
}
