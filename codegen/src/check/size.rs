//! How many methods a product has.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::spec_file::SpecFile;
use crate::diagnostics::Code;
use crate::names;

/// Complains of a product that has more methods than a feature should: whoever wants one of them compiles them all.
pub(super) fn size(reader: Reader<'_>, product: &str, files: &[SpecFile<'_>]) {
    let methods = || files.iter().filter(|file| file.is_method());
    let count = methods().count();
    let Some(first) = methods().next().filter(|_| count > names::LARGEST_PRODUCT) else {
        return;
    };
    let mut segments: BTreeMap<&str, usize> = BTreeMap::new();
    for file in methods() {
        if let Some((segment, _)) = names::stem(file.name, product).and_then(|stem| stem.split_once('.')) {
            *segments.entry(segment).or_default() += 1;
        }
    }
    let most = segments.into_iter().max_by_key(|&(_, count)| count);
    let help = match most {
        Some((segment, count)) => format!("make the {count} of `{product}_{segment}` a product of their own"),
        None => "make some of them a product of their own".to_owned(),
    };
    let most = names::LARGEST_PRODUCT;
    let message = format!("the product `{product}` has {count} methods; a product has {most} at most");
    reader.add(Code::LargeProduct, first.at, message, help);
}
