//! Every method, notification and object as a Rust type, for tests of them all.

use std::fmt::Write as _;

use crate::ir::{Kind, Spec};
use crate::lower::{Item, Struct, lower};
use crate::tree::header;

/// Rust: calls of three macros of a test crate's own, with the library's types.
///
/// `methods!` has the kind, the name and the request of every method, `notifications!` the name and the variant of every notification, and
/// `objects!` the fields of every object, by their Rust names, and by those on the wire where they differ.
pub fn types_list(spec: &Spec) -> String {
    let library = lower(spec, "");
    let mut list = header(true, "spec/");
    list.push_str("methods! {\n");
    for product in &library.products {
        for method in &product.methods {
            let is_paged = method.info.page.as_ref().is_some_and(|page| page.items.is_some());
            let kind = match method.info.kind {
                Kind::Server | Kind::Upload if is_paged => "paged",
                Kind::Server | Kind::Upload => "server",
                Kind::Page => "page",
                Kind::App => "app",
                Kind::PageOrApp => "page_or_app",
            };
            let (name, module, request) = (method.info.name, &method.ident, &method.request.ident);
            let _ = writeln!(
                list,
                "    {kind} {name:?} alipay_api::{}::{module}::{request};",
                product.ident
            );
        }
    }
    list.push_str("}\n\nnotifications! {\n");
    for notification in &library.notifications {
        let _ = writeln!(list, "    {:?} {};", notification.name, notification.body.ident);
    }
    list.push_str("}\n\nobjects! {\n");
    for product in &library.products {
        let path = format!("alipay_api::{}", product.ident);
        objects(&mut list, &format!("{path}::types"), &[], &product.types);
        for method in &product.methods {
            let path = format!("{path}::{}", method.ident);
            objects(&mut list, &path, &[&method.request, &method.response], &method.types);
        }
    }
    for notification in &library.notifications {
        let path = format!("alipay_api::notify::{}", notification.ident);
        objects(&mut list, &path, &[&notification.body], &notification.types);
    }
    list.push_str("}\n");
    list
}

/// The objects of a module.
fn objects(list: &mut String, path: &str, objects: &[&Struct<'_>], types: &[Item<'_>]) {
    let types = types.iter().filter_map(|item| match item {
        Item::Struct(object) => Some(object),
        Item::Enum(_) => None,
    });
    for object in objects.iter().copied().chain(types) {
        let fields: String = object
            .fields
            .iter()
            .map(|field| match (field.wire, &*field.ident) {
                (wire, ident) if wire == ident => format!(" {ident},"),
                (wire, ident) => format!(" {ident} = {wire:?},"),
            })
            .collect();
        let _ = writeln!(list, "    {path}::{} {{{fields} }}", object.ident);
    }
}

#[cfg(test)]
mod tests {
    use super::types_list;

    #[test]
    fn a_method_and_its_objects_have_a_line() {
        let list = types_list(&crate::tests::method(
            "request:\n  type: { type: string, doc: Its kind. }\n  size: { type: int, doc: In grams. }\n",
        ));
        for line in [
            "    server \"alipay.test.call\" alipay_api::test::call::Call;",
            "    alipay_api::test::call::Call { r#type = \"type\", size, }",
            "    alipay_api::test::call::CallResponse { }",
        ] {
            assert!(list.lines().any(|other| other == line), "{list}");
        }
    }
}
