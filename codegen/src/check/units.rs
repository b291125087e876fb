//! A price is in yuan unless its doc or a currency beside it says otherwise: what specs leave unsaid, the model says.

use std::collections::HashSet;

use crate::ir::{Method, Object, Scalar, Scope, Type, TypeBody, TypeDef, TypeRef};

/// Says it in a product's methods and shared types.
pub(super) fn of_product(shared: &mut [TypeDef], methods: &mut [Method]) {
    let mut foreign: HashSet<String> = HashSet::new();
    for method in methods {
        let mut roots = [&mut method.request, &mut method.response];
        foreign.extend(of_file(&mut roots, &mut method.types));
    }
    foreign.extend(
        objects(shared)
            .filter(|object| has_currency(object))
            .flat_map(names(Scope::Shared)),
    );
    let foreign = reached(shared, Scope::Shared, foreign);
    say_in_types(shared, &foreign);
}

/// Says it in objects and the types of their file. Gives the shared types that stand beside a currency.
pub(super) fn of_file(roots: &mut [&mut Object], types: &mut [TypeDef]) -> HashSet<String> {
    let beside = |scope| {
        let objects = roots.iter().map(|root| &**root).chain(objects(types));
        objects.filter(|object| has_currency(object)).flat_map(names(scope))
    };
    let foreign = reached(types, Scope::Own, beside(Scope::Own).collect());
    let mut shared: HashSet<String> = beside(Scope::Shared).collect();
    let own = types.iter().filter(|definition| foreign.contains(&definition.name));
    shared.extend(own.filter_map(object).flat_map(names(Scope::Shared)));
    for root in roots {
        say(root);
    }
    say_in_types(types, &foreign);
    shared
}

fn objects(types: &[TypeDef]) -> impl Iterator<Item = &Object> {
    types.iter().filter_map(object)
}

fn object(definition: &TypeDef) -> Option<&Object> {
    match &definition.body {
        TypeBody::Object(object) => Some(object),
        TypeBody::Enum(_) => None,
    }
}

fn has_currency(object: &Object) -> bool {
    object.fields.iter().any(|field| field.name.contains("currency"))
}

/// Of an object, the names of the types of one scope that it refers to.
fn names(scope: Scope) -> impl Fn(&Object) -> Vec<String> {
    move |object| {
        let references = object.fields.iter().filter_map(|field| reference(&field.ty));
        let names = references.filter(|reference| reference.scope == scope);
        names.map(|reference| reference.name.clone()).collect()
    }
}

fn reference(ty: &Type) -> Option<&TypeRef> {
    match ty {
        Type::Named(reference) => Some(reference),
        Type::List(item) => reference(item),
        Type::Scalar(_) => None,
    }
}

/// The types that some of a file's types are made of, with themselves.
fn reached(types: &[TypeDef], scope: Scope, from: HashSet<String>) -> HashSet<String> {
    let mut waiting: Vec<String> = from.into_iter().collect();
    let mut reached = HashSet::new();
    while let Some(name) = waiting.pop() {
        let definition = types.iter().find(|definition| definition.name == name);
        if reached.insert(name) {
            waiting.extend(definition.and_then(object).into_iter().flat_map(names(scope)));
        }
    }
    reached
}

fn say_in_types(types: &mut [TypeDef], foreign: &HashSet<String>) {
    for definition in types
        .iter_mut()
        .filter(|definition| !foreign.contains(&definition.name))
    {
        if let TypeBody::Object(object) = &mut definition.body {
            say(object);
        }
    }
}

fn say(object: &mut Object) {
    if has_currency(object) {
        return;
    }
    for field in object.fields.iter_mut().filter(|field| is_price(&field.ty)) {
        let doc = field.doc.text.trim_end();
        let said = doc.to_ascii_lowercase();
        let label = field.doc.label.as_deref().unwrap_or_default();
        if said.contains("yuan") || said.contains("currency") || label.contains(['元', '币']) {
            continue;
        }
        if doc.is_empty() {
            "In yuan.".clone_into(&mut field.doc.text);
            continue;
        }
        let stop = if doc.ends_with(['.', '!', '?', '。']) { "" } else { "." };
        let gap = if doc.contains('\n') { "\n\n" } else { " " };
        field.doc.text = format!("{doc}{stop}{gap}In yuan.");
    }
}

fn is_price(ty: &Type) -> bool {
    match ty {
        Type::List(item) => is_price(item),
        ty => *ty == Type::Scalar(Scalar::Price),
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::{Object, TypeBody};

    fn docs(object: &Object) -> Vec<&str> {
        object.fields.iter().map(|field| field.doc.text.as_str()).collect()
    }

    #[test]
    fn a_currency_speaks_for_what_stands_beside_it() {
        let spec = crate::tests::method(
            "request:
  a: { type: price, doc: My a }
  b: { type: price, doc: 'My b, in yuan.' }
  c: { type: Plain, doc: My c. }
response:
  currency: { type: string, doc: My currency. }
  d: { type: price, doc: My d. }
  e: { type: 'Beside[]', doc: My e. }
types:
  Plain: { doc: It was Plain., fields: { a: { type: price, doc: My a. } } }
  Beside: { doc: It was Beside., fields: { a: { type: price, doc: My a. }, b: { type: Within, doc: My b. } } }
  Within: { doc: It was Within., fields: { a: { type: price, doc: My a. } } }
",
        );
        let method = &spec.products[0].methods[0];
        assert_eq!(docs(&method.request), ["My a. In yuan.", "My b, in yuan.", "My c."]);
        assert_eq!(docs(&method.response), ["My currency.", "My d.", "My e."]);
        let types = method.types.iter().filter_map(|definition| match &definition.body {
            TypeBody::Object(object) => Some(docs(object)),
            TypeBody::Enum(_) => None,
        });
        let types: Vec<_> = types.collect();
        assert_eq!(types, [vec!["My a. In yuan."], vec!["My a.", "My b."], vec!["My a."]]);
    }
}
