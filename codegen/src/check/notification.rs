//! Notifications.

use std::collections::{HashMap, HashSet};

use super::fields::{Known, Site, fields};
use super::reader::{Map, Reader};
use super::spec_file::SpecFile;
use super::types::{self, Types};
use super::usage::{self, Usage};
use super::values::{Definitions, Values, Way};
use super::{docs, rust_names, units, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{Address, Notification, Signature};
use crate::names;

/// Reads the files of `notify/`, which are sorted.
pub(super) fn notifications(reader: Reader<'_>, files: &[SpecFile<'_>], products: &[&str]) -> Vec<Notification> {
    let mut notifications = Vec::with_capacity(files.len());
    let mut idents = HashMap::from([("Other".to_owned(), Span::start_of(0))]);
    // The enum over all notifications.
    idents.insert("Notification".to_owned(), Span::start_of(0));
    for file in files {
        let Some(notification) = notification(reader, *file, products) else {
            continue;
        };
        let ident = names::type_of(names::notification(&notification.name));
        rust_names::unique(reader, &mut idents, ident, file.at);
        notifications.push(notification);
    }
    notifications.sort_by(|one, other| one.name.cmp(&other.name));
    notifications
}

/// The product that it belongs to, which must have specs.
fn product(reader: Reader<'_>, map: &Map<'_>, products: &[&str]) -> Option<String> {
    let words: Vec<(&str, &str)> = products.iter().map(|&name| (name, name)).collect();
    let product = reader.word(map.get("product")?, &words)?;
    Some(product.to_owned())
}

fn notification(reader: Reader<'_>, file: SpecFile<'_>, products: &[&str]) -> Option<Notification> {
    let known = [
        "notify",
        "title",
        "doc",
        "source",
        "product",
        "address",
        "signature",
        "fields",
        "types",
    ];
    let map = reader.map(file.tree.as_ref()?, file.at, &known)?;
    let help = format!("give its `notify_type` or `msg_method`: `notify: {}`", file.name);
    let name = reader
        .required(&map, "notify", &help)
        .and_then(|node| reader.text(node));
    if let Some(name) = name {
        if !wellformed::notification(name.text) {
            let message = format!("`{}` cannot be a notification's name", name.text);
            reader.add(
                Code::Malformed,
                name.span,
                message,
                "write its `notify_type` or `msg_method`",
            );
        } else if name.text != file.name {
            let message = format!("the file's name is `{}.yaml`", file.name);
            reader.add(
                Code::FileName,
                name.span,
                message,
                format!("rename the file to `{}.yaml`", name.text),
            );
        }
    }
    let name = name.map_or(file.name, |name| name.text).to_owned();
    let addresses = [("app", Address::App), ("notify_url", Address::NotifyUrl)];
    let address = map.get("address").and_then(|node| reader.word(node, &addresses));
    let help = "`v1` leaves `sign` and `sign_type` out of what is signed, `v2` only `sign`; write `unproven` where no source says which";
    let signatures = [
        ("v1", Signature::V1),
        ("v2", Signature::V2),
        ("unproven", Signature::Unproven),
    ];
    let signature = reader
        .required(&map, "signature", help)
        .and_then(|node| reader.word(node, &signatures));

    let declared = types::declared(reader, map.get("types"));
    let own_names = types::names_of(&declared);
    let known = Known {
        own: &own_names,
        shared: &HashSet::new(),
        shared_unreadable: false,
    };
    let ident = names::type_of(names::notification(&name));
    let mut idents = HashMap::from([(ident, map.at)]);
    let mut own: Types<'_> = types::types(reader, &declared, &known, &mut idents);
    let mut fields = fields(reader, &known, map.get("fields"), None, Site::Response);
    let definitions = Definitions::new(&own.definitions, &[]);
    let values = Values {
        reader,
        definitions: &definitions,
        way: Way::Response,
        misfit: Code::FieldExample,
    };
    fields.resolve_late(&values);
    let late = own.late(&values);
    own.apply(reader, late, &mut idents);
    let mut body = fields.object;
    Usage::default().file(reader, file.name, [&body], &own);
    usage::infinite(reader, &own);
    let Types {
        definitions: mut types, ..
    } = own;
    units::of_file(&mut [&mut body], &mut types);
    Some(Notification {
        name,
        file: file.path.to_owned(),
        title: reader.required_text(&map, "title", "give the official title"),
        doc: docs::required(reader, &map, file.name, "say in English what the notification tells"),
        product: product(reader, &map, products),
        source: reader.address(&map, "source"),
        address: address.unwrap_or_default(),
        signature: signature.unwrap_or(Signature::Unproven),
        body,
        types,
    })
}
