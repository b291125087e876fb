//! The specs beside the catalogue.
//!
//! What must be the same of each method: that there is a spec; its kind; its place in V3; the names of all fields of request and response at every depth,
//! their places, whether they are lists, and their types; and the error codes, but for those that `gateway.yaml` has for all methods. Of a method of which
//! the catalogue has no codes nothing is known, and its spec may have any. Where the catalogue is sure that something is deprecated, the spec says so too;
//! and so it does of what a caller gives where that is sure to be required, or limited in length.
//!
//! The SDKs have nearly everything as text, and a spec says what is in the text. These types count as the same:
//!
//! | catalogue | spec |
//! |---|---|
//! | `string` | `string`, secret or not; an enum; `price`, `datetime`, `date`, `url`, `json`: all of them text on the wire |
//! | `string` that is only read, in a response or in an object that only responses have | also `int` and `bool`, which are read from text |
//! | `float` | `price` |
//! | `int`, `bool`, `datetime`, `file` | the scalar of that name |
//! | an object | the object of that name: its fields are compared in turn |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use alipay_codegen::ir::{Field, Kind, Method, Object, Placement, Scalar, Scope, Spec, Type, TypeBody, TypeDef, V3};
use alipay_codegen::{FieldOutline, MethodOutline, Outline};

use super::digest::kind_word;

/// Something that the two say differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    /// The method, or the file and the type, and what of it.
    at: String,
    catalogue: Option<String>,
    spec: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let (catalogue, spec) = (said(&self.catalogue), said(&self.spec));
        write!(f, "{}: the catalogue says {catalogue}, the spec says {spec}", self.at)
    }
}

/// All that differs.
pub(super) fn compare(outline: &Outline, spec: &Spec) -> BTreeSet<Difference> {
    let mut comparison = Comparison {
        outline,
        spec,
        seen: BTreeSet::new(),
        found: BTreeSet::new(),
    };
    let methods = || spec.products.iter().flat_map(|product| &product.methods);
    for method in methods().filter(|method| !outline.methods.contains_key(&method.name)) {
        comparison.add(&method.name, None, Some("a method".to_owned()));
    }
    let specs: BTreeMap<&str, &Method> = methods().map(|method| (method.name.as_str(), method)).collect();
    for (name, method) in &outline.methods {
        match specs.get(name.as_str()) {
            Some(spec) => comparison.method(method, spec),
            None => comparison.add(name, Some("a method".to_owned()), None),
        }
    }
    comparison.found
}

/// Who writes the fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Given,
    Read,
}

/// An object's fields, of a method that has them.
#[derive(Clone, Copy)]
struct Place<'c> {
    method: &'c Method,
    object: &'c Object,
    role: Role,
}

struct Comparison<'c> {
    outline: &'c Outline,
    spec: &'c Spec,
    /// The types that are compared already: the file, the spec's name, the catalogue's, and for what.
    seen: BTreeSet<(String, &'c str, &'c str, Role)>,
    found: BTreeSet<Difference>,
}

impl<'c> Comparison<'c> {
    fn add(&mut self, at: &str, catalogue: Option<String>, spec: Option<String>) {
        self.found.insert(Difference {
            at: at.to_owned(),
            catalogue,
            spec,
        });
    }

    fn same(&mut self, at: &str, catalogue: Option<String>, spec: Option<String>) {
        if catalogue != spec {
            self.add(at, catalogue, spec);
        }
    }

    /// What the catalogue knows, the spec must say.
    fn known(&mut self, at: &str, known: bool, is_said: bool) {
        if known && !is_said {
            self.add(at, Some("so".to_owned()), None);
        }
    }

    fn limit(&mut self, at: &str, known: Option<u64>, said: Option<u32>) {
        if known.is_some() {
            let said = said.map(|limit| limit.to_string());
            self.same(at, known.map(|limit| limit.to_string()), said);
        }
    }

    fn method(&mut self, outline: &'c MethodOutline, method: &'c Method) {
        let name = &method.name;
        let kind = |kind: Kind| Some(kind_word(kind).to_owned());
        self.same(&format!("{name} kind"), kind(outline.kind), kind(method.kind));
        let is_deprecated = method.deprecated.is_some();
        self.known(&format!("{name} deprecated"), outline.deprecated, is_deprecated);
        let v3 = |v3: &Option<V3>| v3.as_ref().map(v3_words);
        self.same(&format!("{name} v3"), v3(&outline.v3), v3(&method.v3));
        for (side, outline, object, role) in [
            ("request", &outline.request, &method.request, Role::Given),
            ("response", &outline.response, &method.response, Role::Read),
        ] {
            self.fields(&format!("{name} {side} "), outline, Place { method, object, role });
        }
        if !outline.errors.is_empty() {
            self.errors(outline, method);
        }
    }

    fn errors(&mut self, outline: &MethodOutline, method: &Method) {
        let at = |code: &str| format!("{} error {code}", method.name);
        let said = || Some("so".to_owned());
        let codes: BTreeSet<&str> = method.errors.iter().map(|error| error.code.as_str()).collect();
        let of_all = |code: &str| self.spec.gateway.errors.iter().any(|error| error.code == code);
        let missing: Vec<&String> = outline
            .errors
            .iter()
            .filter(|code| !codes.contains(code.as_str()) && !of_all(code))
            .collect();
        for code in missing {
            self.add(&at(code), said(), None);
        }
        for code in codes.iter().filter(|&&code| !outline.errors.contains(code)) {
            self.add(&at(code), None, said());
        }
    }

    /// The fields of a request, a response or a type. Their names are said behind `at`.
    fn fields(&mut self, at: &str, outline: &'c BTreeMap<String, FieldOutline>, place: Place<'c>) {
        for field in &place.object.fields {
            if !outline.contains_key(&field.name) {
                let says = self.words(place.method, field);
                self.add(&format!("{at}{}", field.name), None, Some(says));
            }
        }
        for (name, outline) in outline {
            let at = format!("{at}{name}");
            match place.object.fields.iter().find(|field| field.name == *name) {
                Some(field) => self.field(&at, outline, field, place),
                None => self.add(&at, Some(outline_words(outline)), None),
            }
        }
    }

    fn field(&mut self, at: &str, outline: &'c FieldOutline, field: &'c Field, place: Place<'c>) {
        let Place { method, object, role } = place;
        let (item, list) = item(&field.ty);
        let definition = self.definition(method, item);
        let is_same = match (item, definition) {
            (Type::Scalar(scalar), _) => counts_as(*scalar, &outline.ty, role),
            (_, Some(definition)) => match definition.body {
                TypeBody::Enum(_) => outline.ty == "string",
                TypeBody::Object(_) => outline.ty == definition.name,
            },
            _ => false,
        };
        if !is_same || list != outline.list || field.placement != outline.placement {
            let says = self.words(method, field);
            self.add(at, Some(outline_words(outline)), Some(says));
        }
        let is_deprecated = field.deprecated.is_some();
        self.known(&format!("{at} deprecated"), outline.deprecated, is_deprecated);
        if role == Role::Given {
            self.known(&format!("{at} required"), outline.required, is_required(field, object));
            if matches!(item, Type::Scalar(Scalar::String | Scalar::Url | Scalar::Json)) {
                self.limit(&format!("{at} max_length"), outline.max_length, field.max_length);
            }
            self.limit(&format!("{at} max_items"), outline.max_items, field.max_items);
        }
        if let Some((definition, file)) = definition.zip(file(method, item))
            && let TypeBody::Object(object) = &definition.body
            && let Some((name, fields)) = self.outline.types.get_key_value(&outline.ty)
            && self.seen.insert((file.clone(), &definition.name, name, role))
        {
            let at = format!("{file} {}.", definition.name);
            self.fields(&at, fields, Place { method, object, role });
        }
    }

    fn definition(&self, method: &'c Method, ty: &'c Type) -> Option<&'c TypeDef> {
        match ty {
            Type::Named(reference) => self.spec.resolve(method, reference),
            _ => None,
        }
    }

    /// What a spec says of a field.
    fn words(&self, method: &'c Method, field: &'c Field) -> String {
        let (item, list) = item(&field.ty);
        let ty = match (item, self.definition(method, item)) {
            (Type::Scalar(scalar), _) => scalar_word(*scalar).to_owned(),
            (_, Some(definition)) => match definition.body {
                TypeBody::Enum(_) => format!("enum {}", definition.name),
                TypeBody::Object(_) => definition.name.clone(),
            },
            _ => "something unknown".to_owned(),
        };
        placed(&ty, list, field.placement)
    }
}

/// Where a type is defined: the method, or the file that its product shares.
fn file(method: &Method, ty: &Type) -> Option<String> {
    match ty {
        Type::Named(reference) if reference.scope == Scope::Own => Some(method.name.clone()),
        Type::Named(_) => Some(format!("{}/types.yaml", method.product)),
        _ => None,
    }
}

/// What a list holds, and whether it is one.
fn item(ty: &Type) -> (&Type, bool) {
    match ty {
        Type::List(item) => (item, true),
        other => (other, false),
    }
}

/// Whether what the catalogue calls `ty` may be this in a spec.
fn counts_as(scalar: Scalar, ty: &str, role: Role) -> bool {
    let is_read_text = role == Role::Read && ty == "string";
    match scalar {
        Scalar::String | Scalar::Date | Scalar::Url | Scalar::Json => ty == "string",
        Scalar::DateTime => ["string", "datetime"].contains(&ty),
        Scalar::Price => ["string", "float"].contains(&ty),
        Scalar::Int => ty == "int" || is_read_text,
        Scalar::Bool => ty == "bool" || is_read_text,
        Scalar::File => ty == "file",
    }
}

/// Whether a spec demands a field, alone or in a group, or sends it by itself.
fn is_required(field: &Field, object: &Object) -> bool {
    let in_group = |group: &Vec<String>| group.contains(&field.name);
    field.required
        || field.implied.is_some()
        || !field.required_unless.is_empty()
        || object.at_least_one.iter().any(in_group)
}

fn scalar_word(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "string",
        Scalar::Int => "int",
        Scalar::Bool => "bool",
        Scalar::Price => "price",
        Scalar::DateTime => "datetime",
        Scalar::Date => "date",
        Scalar::Url => "url",
        Scalar::Json => "json",
        Scalar::File => "file",
    }
}

fn outline_words(field: &FieldOutline) -> String {
    placed(&field.ty, field.list, field.placement)
}

fn placed(ty: &str, list: bool, placement: Placement) -> String {
    let list = if list { "[]" } else { "" };
    let place = match placement {
        Placement::Business => "",
        Placement::TopLevel => " in top_level",
        Placement::File => " in file",
    };
    format!("{ty}{list}{place}")
}

fn v3_words(v3: &V3) -> String {
    let mut words = format!("{} {}", v3.verb, v3.path);
    for (key, names) in [("query", &v3.query), ("only", &v3.only), ("without", &v3.without)] {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            let names: Vec<&str> = names.into_iter().collect();
            let _ = write!(words, " {key} {}", names.join(" "));
        }
    }
    if v3.multipart {
        words.push_str(" multipart");
    }
    words
}
