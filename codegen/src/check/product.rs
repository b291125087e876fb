//! A product: its shared types and codes, then its methods.

use std::collections::{HashMap, HashSet};

use super::errors::{self, Described, SharedErrors};
use super::fields::Known;
use super::method::{self, Surroundings};
use super::reader::Reader;
use super::spec_file::SpecFile;
use super::types::{self, Types};
use super::usage::Usage;
use super::values::{Definitions, Values, Way};
use super::{about, rust_names, units};
use crate::diagnostics::{Code, Span};
use crate::ir::{Gateway, Method, Product};
use crate::names;

/// Reads the product's files, which are sorted.
pub(super) fn product(
    reader: Reader<'_>,
    name: &str,
    files: &[SpecFile<'_>],
    gateway: &Gateway,
    all_methods: &[&str],
    all_products: &[&str],
) -> Product {
    let about = files.iter().find(|file| file.name == "product");
    let about = about.and_then(|file| about::about(reader, name, *file));
    let types_file = files.iter().find(|file| file.name == "types");
    let map = types_file.and_then(|file| {
        file.tree
            .as_ref()
            .and_then(|tree| reader.map(tree, file.at, &["types", "errors"]))
    });
    let unreadable = types_file.is_some() && map.is_none();
    let declared = types::declared(reader, map.as_ref().and_then(|map| map.get("types")));
    sorted(reader, "type", declared.iter().map(|(name, _)| (name.text, name.span)));
    let shared_names = types::names_of(&declared);
    let known = Known {
        own: &HashSet::new(),
        shared: &shared_names,
        shared_unreadable: false,
    };
    let mut type_idents = HashMap::new();
    let mut shared = types::types(reader, &declared, &known, &mut type_idents);
    let late = shared.late(&Values {
        reader,
        definitions: &Definitions::new(&[], &shared.definitions),
        way: Way::Response,
        misfit: Code::FieldExample,
    });
    shared.apply(reader, late, &mut type_idents);
    let described: Vec<Described> = errors::described(reader, map.as_ref().and_then(|map| map.get("errors")), false);
    sorted(
        reader,
        "error code",
        described.iter().map(|one| (one.error.code.as_str(), one.span)),
    );

    let mut usage = Usage::default();
    let mut idents = Idents::new(reader, name, types_file);
    let mut around = Surroundings {
        product: name,
        shared: &shared,
        shared_names: &shared_names,
        errors: SharedErrors::new(&described, unreadable),
        gateway,
        methods: all_methods,
        products: all_products,
    };
    let mut methods = Vec::new();
    let mut all_readable = true;
    for file in files.iter().filter(|file| file.is_method()) {
        let Some(method) = method::method(reader, *file, &mut around, &mut usage) else {
            all_readable = false;
            continue;
        };
        idents.method(reader, &method, file.at);
        methods.push(method);
    }
    if all_readable {
        around.errors.finish(reader);
        usage.finish_shared(reader, &shared);
    }
    super::usage::infinite(reader, &shared);
    let Types {
        definitions: mut types, ..
    } = shared;
    units::of_product(&mut types, &mut methods);
    types.sort_by(|one, other| one.name.cmp(&other.name));
    methods.sort_by(|one, other| one.name.cmp(&other.name));
    Product {
        name: name.to_owned(),
        about,
        methods,
        types,
    }
}

/// Complains of what does not stand in the order of its names.
fn sorted<'t>(reader: Reader<'_>, what: &str, names: impl Iterator<Item = (&'t str, Span)>) {
    let mut before = "";
    for (name, span) in names {
        if name < before {
            let message = format!("the {what} `{name}` stands after `{before}`");
            let help = "sort `types` and `errors` of `types.yaml` by their names, as ASCII does: capitals first";
            reader.add(Code::Unsorted, span, message, help);
        }
        before = name;
    }
}

/// What a product's module holds.
struct Idents {
    modules: HashMap<String, Span>,
    types: HashMap<String, Span>,
}

impl Idents {
    fn new(reader: Reader<'_>, product: &str, types_file: Option<&SpecFile<'_>>) -> Self {
        let mut idents = Self {
            modules: HashMap::new(),
            types: HashMap::new(),
        };
        let at = types_file.map_or(Span::start_of(0), |file| file.at);
        rust_names::unique(reader, &mut idents.modules, "types".to_owned(), at);
        let handle = names::type_of(product);
        rust_names::unique(reader, &mut idents.types, names::extension(product).0, at);
        rust_names::unique(reader, &mut idents.types, handle, at);
        idents
    }

    fn method(&mut self, reader: Reader<'_>, method: &Method, at: Span) {
        // Of a method in the wrong folder nothing is known.
        let Some((request, module)) = names::method(&method.name, &method.product, method.rust_name.as_deref()) else {
            return;
        };
        rust_names::unique(reader, &mut self.modules, module, at);
        rust_names::unique(reader, &mut self.types, names::companion(&request, "Response"), at);
        rust_names::unique(reader, &mut self.types, names::companion(&request, "ErrorCode"), at);
        rust_names::required(reader, &mut self.types, &request, &method.request, at);
        rust_names::unique(reader, &mut self.types, request, at);
    }
}
