//! `product.yaml`: what a product is.

use super::docs;
use super::reader::Reader;
use super::spec_file::SpecFile;
use crate::diagnostics::Code;
use crate::ir::About;

pub(super) fn about(reader: Reader<'_>, product: &str, file: SpecFile<'_>) -> Option<About> {
    let keys = ["product", "title", "doc", "links", "feature"];
    let map = reader.map(file.tree.as_ref()?, file.at, &keys)?;
    let help = format!("name the product, as its folder does: `product: {product}`");
    let name = reader
        .required(&map, "product", &help)
        .and_then(|node| reader.text(node));
    if let Some(name) = name.filter(|name| name.text != product) {
        let message = format!("the folder's name is `{product}`");
        reader.add(Code::FileName, name.span, message, help);
    }
    let links = map.get("links").map(|node| reader.texts(node)).unwrap_or_default();
    let feature = map.get("feature").and_then(|node| reader.optional_text(node));
    if let Some(feature) = feature.filter(|feature| feature.text.contains('\n')) {
        let help = "write one line: what programs need it for";
        reader.add(Code::Malformed, feature.span, "a feature's comment is one line", help);
    }
    Some(About {
        title: reader.required_text(&map, "title", "give its Chinese name"),
        doc: docs::required(reader, &map, product, "say in English what the product is for"),
        links: links.into_iter().map(|link| reader.link(link)).collect(),
        feature: feature.map(|feature| feature.text.to_owned()),
    })
}
