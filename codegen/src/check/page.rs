//! Lists that come page by page.

use super::fields::Fields;
use super::reader::{Map, Reader};
use crate::diagnostics::Code;
use crate::ir::{Kind, Page, Scalar, Type};

pub(super) fn page(
    reader: Reader<'_>,
    method: &Map<'_>,
    kind: Kind,
    request: &Fields<'_>,
    response: &Fields<'_>,
) -> Option<Page> {
    let at = method.key_span("page");
    let map = reader.map(method.get("page")?, at, &["number", "size", "total"])?;
    if !kind.is_answered() {
        let message = "a page or an app gives no list";
        reader.add(Code::Page, at, message, "leave `page` out");
        return None;
    }
    let number = reader.required(&map, "number", "name the request's field for which page is wanted");
    let size = reader.required(&map, "size", "name the request's field for how many items a page has");
    let field = |node, fields: &Fields<'_>| {
        let text = reader.text(node)?;
        let field = fields.resolve(reader, text)?;
        // Some methods count in text.
        if !matches!(field.ty, Type::Scalar(Scalar::Int | Scalar::String)) {
            let message = format!("`{}` cannot count", field.name);
            let help = "name an `int`, or a `string` that holds a number";
            reader.add(Code::Page, text.span, message, help);
        }
        Some(field.name.clone())
    };
    let (number, size) = (
        number.map(|node| field(node, request)),
        size.map(|node| field(node, request)),
    );
    let total = map.get("total").map(|node| field(node, response));
    Some(Page {
        number: number??,
        size: size??,
        total: total.flatten(),
    })
}
