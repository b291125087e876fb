//! From the clean model to one that is written down as it stands: names in Rust, what is optional, what is boxed, and all documentation.

mod docs;
mod enums;
mod model;
mod objects;
mod role;
mod secrets;
#[cfg(test)]
mod tests;
mod user_ids;
mod uses;

pub(crate) use model::*;

use crate::{ir, names};
use objects::Place;
use role::Role;
use uses::Uses;

/// Decides everything. `guide` is the library's guide as links name it.
pub(crate) fn lower<'s>(spec: &'s ir::Spec, guide: &str) -> Library<'s> {
    let gateway = &spec.gateway;
    let documented = !gateway.codes.is_empty() || !gateway.errors.is_empty();
    Library {
        products: spec.products.iter().map(|one| product(one, spec, guide)).collect(),
        notifications: spec.notifications.iter().map(|one| notification(one, guide)).collect(),
        gateway: documented.then(|| Gateway {
            codes: enums::errors(
                "GatewayCode".to_owned(),
                one("The gateway's own `code`."),
                &gateway.codes,
            ),
            errors: enums::errors(
                "GatewayErrorCode".to_owned(),
                one("A `sub_code` that any method can be answered with."),
                &gateway.errors,
            ),
        }),
    }
}

fn one(line: &str) -> Doc {
    vec![line.to_owned()]
}

fn product<'s>(product: &'s ir::Product, spec: &'s ir::Spec, guide: &str) -> Product<'s> {
    let mut shared = Uses::new(&product.types, ir::Scope::Shared);
    let own: Vec<Uses<'_>> = product
        .methods
        .iter()
        .map(|method| {
            let mut own = Uses::new(&method.types, ir::Scope::Own);
            own.follow(&method.request, Role::Request, &mut shared);
            own.follow(&method.response, Role::Response, &mut shared);
            own
        })
        .collect();
    shared.spread();
    let place = Place {
        own: None,
        shared: Some(&shared),
        guide,
    };
    let handle = names::type_of(&product.name);
    Product {
        name: &product.name,
        ident: names::identifier(&product.name),
        extension: names::extension(&product.name),
        handle,
        doc: docs::product(product),
        client_doc: docs::methods_of(product),
        types: objects::types(&product.types, &shared, &place),
        methods: product
            .methods
            .iter()
            .zip(&own)
            .map(|(one, own)| method(one, own, &shared, of_query(one, spec), guide))
            .collect(),
    }
}

fn method<'a>(
    method: &'a ir::Method,
    own: &Uses<'a>,
    shared: &Uses<'a>,
    of_query: Vec<&'a str>,
    guide: &str,
) -> Method<'a> {
    let ir::Method {
        name,
        title,
        doc,
        source,
        ..
    } = method;
    let title = title.as_deref();
    let (request_ident, module) = names_of(method);
    let place = Place {
        own: Some(own),
        shared: Some(shared),
        guide,
    };
    let mut request_doc = docs::headed(title, name, doc, source);
    let mut call_doc = docs::brief(title, name, doc);
    if method.page.as_ref().is_some_and(|page| page.listing.is_some()) {
        for doc in [&mut request_doc, &mut call_doc] {
            doc.extend(docs::pages(guide));
        }
    }
    let response_doc = one(&format!("The answer to [`{request_ident}`]."));
    let error_doc = one(&format!("A business error code of [`{request_ident}`]."));
    Method {
        file: &method.file,
        ident: names::identifier(&module),
        module: file_of(&module),
        module_doc: docs::heading(title, name),
        aliases: aliases(name, title),
        call_doc,
        response: objects::object(
            names::companion(&request_ident, "Response"),
            response_doc,
            &method.response,
            Role::Response,
            &place,
            |_| false,
        ),
        error: (!method.errors.is_empty())
            .then(|| enums::errors(names::companion(&request_ident, "ErrorCode"), error_doc, &method.errors)),
        types: objects::types(&method.types, own, &place),
        request: Struct {
            deprecated: docs::deprecated(method.deprecated.as_ref()),
            ..objects::object(
                request_ident,
                request_doc,
                &method.request,
                Role::Request,
                &place,
                |_| false,
            )
        },
        info: info(method, secrets::secrets(&method.request, own, shared), of_query),
    }
}

/// By what else documentation finds a method. An alias holds no quotes and no blanks but spaces.
fn aliases<'a>(name: &'a str, title: Option<&'a str>) -> Vec<&'a str> {
    let fits = |alias: &&str| !alias.contains(|c: char| c == '"' || c == '\'' || (c.is_whitespace() && c != ' '));
    [name].into_iter().chain(title).filter(fits).collect()
}

/// What a method is called in Rust: its request's type, and the function of the product's handle that calls it.
pub fn rust_names(method: &ir::Method) -> (String, String) {
    let (request, module) = names_of(method);
    (request, names::identifier(&module))
}

/// What gives a client the handle of a product in a user's crate: a trait, and its function.
pub fn extension_names(product: &str) -> (String, String) {
    names::extension(product)
}

/// What a method's request and its module are called.
fn names_of(method: &ir::Method) -> (String, String) {
    // `check` has refused methods of other products; any name will do for them.
    names::method(&method.name, &method.product, method.rust_name.as_deref())
        .unwrap_or_else(|| (names::type_of(&method.name), names::field(&method.name)))
}

/// What a module's file is called: its name but for `r#`.
fn file_of(module: &str) -> String {
    names::identifier(module).trim_start_matches("r#").to_owned()
}

/// What every answer to the method has that tells what became of this one, and no answer to this one.
fn of_query<'a>(method: &ir::Method, spec: &'a ir::Spec) -> Vec<&'a str> {
    let ir::Retry::Keyed { ask, .. } = &method.retry else {
        return Vec::new();
    };
    let own = named(&method.response, |_| true);
    let query = spec
        .method(ask)
        .map(|query| named(&query.response, |field| field.essential));
    let fields = query.into_iter().flatten();
    fields.filter(|field| !own.contains(field)).collect()
}

fn info<'a>(method: &'a ir::Method, secret: Vec<&'a str>, of_query: Vec<&'a str>) -> Info<'a> {
    let asked = |which| named(&method.request, which);
    let answered = |which| named(&method.response, which);
    Info {
        name: &method.name,
        kind: method.kind,
        certificate_only: method.certificate_only,
        encrypted: method.encrypted,
        page: method.page.as_ref().map(|fields| page(method, fields)),
        retry: &method.retry,
        v3: method.v3.as_ref(),
        top_level: asked(|field| field.placement == ir::Placement::TopLevel),
        files: asked(|field| field.placement == ir::Placement::File),
        file_limits: method
            .request
            .fields
            .iter()
            .filter(|field| field.min_size.or(field.max_size).is_some() || !field.extensions.is_empty())
            .collect(),
        implied: method
            .request
            .fields
            .iter()
            .filter_map(|field| Some((field.name.as_str(), field.implied.as_deref()?)))
            .collect(),
        secret,
        pending: codes(method, ir::OutcomeMeaning::Pending),
        done: codes(method, ir::OutcomeMeaning::Done),
        without_code: method.without_code,
        own_members: answered(|field| field.own),
        echoes: answered(|field| field.echo),
        essential: answered(|field| field.essential),
        of_query,
    }
}

fn page<'a>(method: &'a ir::Method, fields: &'a ir::Page) -> Page<'a> {
    let is_text = |name: &&String| {
        let mut asked = method.request.fields.iter();
        asked.any(|field| field.name == **name && field.ty != ir::Type::Scalar(ir::Scalar::Int))
    };
    let texts = [&fields.number, &fields.size].into_iter().filter(is_text);
    let items = fields.listing.as_ref().and_then(|listing| {
        let mut answered = method.response.fields.iter();
        answered.position(|field| field.name == listing.items)
    });
    Page {
        fields,
        texts: texts.map(String::as_str).collect(),
        items,
    }
}

/// The codes of these outcomes.
fn codes(method: &ir::Method, meaning: ir::OutcomeMeaning) -> Vec<&str> {
    let outcomes = method.outcomes.iter().filter(|outcome| outcome.meaning == meaning);
    outcomes.map(|outcome| outcome.code.as_str()).collect()
}

/// The names of these fields.
fn named(object: &ir::Object, which: fn(&ir::Field) -> bool) -> Vec<&str> {
    let fields = object.fields.iter().filter(|field| which(field));
    fields.map(|field| field.name.as_str()).collect()
}

fn notification<'s>(notification: &'s ir::Notification, guide: &str) -> Notification<'s> {
    let ir::Notification {
        name,
        title,
        doc,
        source,
        ..
    } = notification;
    let mut own = Uses::new(&notification.types, ir::Scope::Own);
    own.follow(
        &notification.body,
        Role::Response,
        &mut Uses::new(&[], ir::Scope::Shared),
    );
    let place = Place {
        own: Some(&own),
        shared: None,
        guide,
    };
    let words = names::notification(name);
    let module = names::field(words);
    Notification {
        file: &notification.file,
        product: notification.product.as_deref(),
        address: notification.address,
        signature: notification.signature,
        name,
        ident: names::identifier(&module),
        module: file_of(&module),
        module_doc: docs::heading(Some(title), name),
        variant_doc: docs::heading(Some(title), name),
        body: objects::object(
            names::type_of(words),
            docs::headed(Some(title), name, doc, source),
            &notification.body,
            Role::Response,
            &place,
            |_| false,
        ),
        types: objects::types(&notification.types, &own, &place),
    }
}
