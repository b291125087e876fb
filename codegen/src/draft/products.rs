//! Which product each of many methods belongs to.

use std::collections::{BTreeMap, BTreeSet};

use crate::names;
use crate::source::SourceFile;

/// The products of these methods: those that have specs already, and new ones of the first segments of names. One that would be too large gives its largest
/// parts, by the next segment, to products of their own.
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
        while methods.len() > names::LARGEST_PRODUCT
            && let Some((segment, count)) = largest(&product, &methods)
            // What is left must be worth a product.
            && count < methods.len()
        {
            let belongs = |method: &&str| next_segment(&product, method) == Some(segment);
            let part = format!("{product}_{segment}");
            waiting.push((part, methods.iter().copied().filter(belongs).collect()));
            methods.retain(|method| !belongs(method));
        }
        assigned.insert(product, methods);
    }
    assigned
}

/// The segment that most of these names go on with behind the product, and how many do.
fn largest<'m>(product: &str, methods: &[&'m str]) -> Option<(&'m str, usize)> {
    let mut segments: BTreeMap<&str, usize> = BTreeMap::new();
    for segment in methods.iter().filter_map(|method| next_segment(product, method)) {
        *segments.entry(segment).or_default() += 1;
    }
    segments.into_iter().max_by_key(|&(_, count)| count)
}

/// `mini` of `alipay.open.mini.version.upload` in `open`; `None` where what follows is the method's last word.
fn next_segment<'m>(product: &str, method: &'m str) -> Option<&'m str> {
    Some(names::stem(method, product)?.split_once('.')?.0)
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
}
