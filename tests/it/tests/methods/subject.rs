//! A method as a test sees it: what its spec says, and the library's types behind it.

use std::collections::{BTreeMap, BTreeSet};

use alipay_codegen::ir::{
    ErrorClass, Field, Method, Object, OutcomeMeaning, Placement, Retry, Spec, Type, TypeBody, TypeRef, V3,
};
use alipay_mock::{AesKey, EncryptType, ReceivedFile};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::{
    bench::AES_KEY,
    modes::Mode,
    random::Random,
    types::AnyMethod,
    values::{Filler, For, Which, as_text},
};

pub(crate) struct Subject<'s> {
    pub(crate) spec: &'s Spec,
    pub(crate) method: &'s Method,
    pub(crate) mode: Mode,
    pub(crate) typed: AnyMethod,
    pub(crate) seed: u64,
}

/// What an error has to say.
pub(crate) struct ExpectedError<'s> {
    pub(crate) code: &'s str,
    /// By the method's own spec.
    pub(crate) own_class: Option<alipay_api::ErrorClass>,
    /// In the end.
    pub(crate) class: Option<alipay_api::ErrorClass>,
    pub(crate) is_outcome_unknown: bool,
    pub(crate) is_retryable: bool,
    pub(crate) query_method: Option<&'s str>,
}

/// What the gateway has to receive.
pub(crate) struct Wire {
    business: Map<String, Value>,
    top_level: BTreeMap<String, String>,
    files: Vec<(String, ReceivedFile)>,
}

/// The protocol's own parameters.
const PROTOCOL: [&str; 10] = [
    "app_id",
    "charset",
    "encrypt_type",
    "format",
    "method",
    "sign",
    "sign_type",
    "timestamp",
    "version",
    "biz_content",
];
const CERTIFICATES: [&str; 2] = ["alipay_root_cert_sn", "app_cert_sn"];

impl<'s> Subject<'s> {
    /// Makes values for this method; `what` tells one use from another.
    pub(crate) fn filler(&self, what: &str, reader: For) -> Filler<'s> {
        let random = Random::new(self.seed, &format!("{} {what}", self.method.name));
        let (spec, method) = (self.spec, self.method);
        Filler::new(random, reader, move |reference| spec.resolve(method, reference))
    }

    /// A request, in which nothing is that the protocol has no place for.
    pub(crate) fn request(&self, filler: &mut Filler<'s>, which: Which) -> Map<String, Value> {
        let mut request = filler.object(&self.method.request, which);
        if let Some(v3) = self.method.v3.as_ref().filter(|_| self.mode.is_v3) {
            request.retain(|name, _| !v3.without.contains(name));
        }
        request
    }

    /// A response with a value for every field, which repeats what it has to repeat, as an answer has it.
    pub(crate) fn response(&self, filler: &mut Filler<'s>, request: &Map<String, Value>) -> Map<String, Value> {
        let mut response = filler.object(&self.method.response, Which::All);
        self.adapt(&mut response, request);
        response
    }

    /// A response with those fields only without which it says nothing.
    pub(crate) fn least_response(&self, filler: &mut Filler<'s>, request: &Map<String, Value>) -> Map<String, Value> {
        let mut response = Map::new();
        for field in self.method.response.fields.iter().filter(|field| field.essential) {
            let value = filler.field(field, Which::All).expect("a value");
            response.insert(field.name.clone(), value);
        }
        self.adapt(&mut response, request);
        response
    }

    fn adapt(&self, response: &mut Map<String, Value>, request: &Map<String, Value>) {
        for field in &self.method.response.fields {
            let Some(value) = response.get_mut(&field.name) else {
                continue;
            };
            if field.own && field.name == "code" {
                // Any other would be an error.
                let mut codes = self.method.outcomes.iter();
                let done = codes.find(|outcome| outcome.meaning == OutcomeMeaning::Done);
                *value = done.map_or("10000", |outcome| &outcome.code).into();
            }
            if let Some(asked) = request.get(&field.name).filter(|_| field.echo) {
                *value = asked.clone();
            }
        }
    }

    /// The codes of a success that is not finished.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &'s str> {
        let outcomes = self.method.outcomes.iter();
        let pending = outcomes.filter(|outcome| outcome.meaning == OutcomeMeaning::Pending);
        pending.map(|outcome| outcome.code.as_str())
    }

    /// How many requests it takes to give each field of each group of which one must be given alone.
    pub(crate) fn places(&self) -> usize {
        let mut seen = BTreeSet::new();
        self.places_of(&self.method.request, &mut seen).max(1)
    }

    fn places_of(&self, object: &'s Object, seen: &mut BTreeSet<&'s str>) -> usize {
        let of_groups = object.at_least_one.iter().map(Vec::len).max().unwrap_or_default();
        let types = object.fields.iter().filter_map(|field| named(&field.ty));
        let inside = types.map(|reference| {
            let definition = self.spec.resolve(self.method, reference).expect("a type");
            match &definition.body {
                TypeBody::Object(object) if seen.insert(&definition.name) => self.places_of(object, seen),
                _ => 0,
            }
        });
        inside.max().unwrap_or_default().max(of_groups)
    }

    /// Sorts a request's fields by where they go, with those that are sent where the caller gives none.
    pub(crate) fn wire(&self, request: &Map<String, Value>) -> Wire {
        let mut wire = Wire {
            business: Map::new(),
            top_level: BTreeMap::new(),
            files: Vec::new(),
        };
        for field in &self.method.request.fields {
            let implied = field.implied.as_deref().map(Value::from);
            let Some(value) = request.get(&field.name).cloned().or(implied) else {
                continue;
            };
            let v3 = self.method.v3.as_ref().filter(|_| self.mode.is_v3);
            match field.placement {
                Placement::Business | Placement::TopLevel if v3.is_some_and(|v3| is_text(v3, field, &value)) => {
                    // Path and query hold text, and so did V2's parameters.
                    wire.business.insert(field.name.clone(), as_text(&value).into());
                }
                Placement::Business => _ = wire.business.insert(field.name.clone(), value),
                Placement::TopLevel if v3.is_some() => _ = wire.business.insert(field.name.clone(), value),
                Placement::TopLevel => _ = wire.top_level.insert(field.name.clone(), as_text(&value)),
                Placement::File => {
                    let part = |at: usize| value[at].as_str().expect("text");
                    let file = ReceivedFile {
                        name: part(0).to_owned(),
                        content: BASE64_STANDARD.decode(part(1)).expect("base64"),
                    };
                    wire.files.push((field.name.clone(), file));
                    if v3.is_some() {
                        // The gateway has it among the fields.
                        wire.business.insert(field.name.clone(), true.into());
                    }
                }
            }
        }
        wire.files.sort_by(|one, other| one.0.cmp(&other.0));
        wire
    }

    /// What each error code of the spec has to come out as.
    pub(crate) fn errors(&self) -> impl Iterator<Item = ExpectedError<'s>> {
        let (gateway, retry, is_v3) = (&self.spec.gateway, &self.method.retry, self.mode.is_v3);
        let find = |codes: &'s [alipay_codegen::ir::ErrorCode], code: &str| {
            let found = codes.iter().find(|other| other.code == code);
            found.and_then(|found| found.class)
        };
        self.method.errors.iter().map(move |error| {
            let described = error.class.or_else(|| find(&gateway.errors, &error.code));
            // V3 has no code beside it.
            let by_code = || find(&gateway.codes, "40004").filter(|_| !is_v3);
            let class = described.or_else(by_code);
            let says_nothing = matches!(class, None | Some(ErrorClass::Unknown));
            let reads = *retry == Retry::Read;
            let is_outcome_unknown = says_nothing && !reads;
            ExpectedError {
                code: &error.code,
                own_class: error.class.map(public),
                class: class.map(public),
                is_outcome_unknown,
                is_retryable: class == Some(ErrorClass::Retry) || (reads && described == Some(ErrorClass::Unknown)),
                query_method: match retry {
                    Retry::Keyed { ask, .. } if is_outcome_unknown => Some(ask.as_str()),
                    _ => None,
                },
            }
        })
    }
}

/// Whether V3 has the field as text, whatever it is elsewhere.
fn is_text(v3: &V3, field: &Field, value: &Value) -> bool {
    let is_elsewhere = v3.query.contains(&field.name) || v3.path.contains(&format!("{{{}}}", field.name));
    (is_elsewhere || field.placement == Placement::TopLevel) && !value.is_object() && !value.is_array()
}

impl Wire {
    /// What is wrong with what the gateway received.
    pub(crate) fn problem(
        &self,
        received: &BTreeMap<String, String>,
        files: Vec<(String, ReceivedFile)>,
        beside: &[(&str, &str)],
    ) -> Option<String> {
        let business = match content(received) {
            Ok(business) => Value::Object(business),
            Err(problem) => return Some(format!("`biz_content`: {problem}")),
        };
        if let Some(problem) = crate::values::difference(&Value::Object(self.business.clone()), &business) {
            return Some(format!("`biz_content`: {problem}"));
        }
        let beside = beside
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let expected: BTreeMap<String, String> = self.top_level.clone().into_iter().chain(beside).collect();
        for (name, value) in &expected {
            if received.get(name) != Some(value) {
                return Some(format!("parameter `{name}` is {:?}, not {value:?}", received.get(name)));
            }
        }
        // A request of V3 has headers beside them.
        let is_v3 = received.contains_key("http_method");
        let is_known = |name: &str| is_v3 || PROTOCOL.contains(&name) || CERTIFICATES.contains(&name);
        if let Some(name) = received
            .keys()
            .find(|name| !expected.contains_key(*name) && !is_known(name))
        {
            return Some(format!("parameter `{name}` is too much"));
        }
        let mut files = files;
        files.sort_by(|one, other| one.0.cmp(&other.0));
        if files != self.files {
            let names = |files: &[(String, ReceivedFile)]| {
                let files = files.iter();
                let names =
                    files.map(|(field, file)| format!("{field}: {:?}, {} bytes", file.name, file.content.len()));
                names.collect::<Vec<_>>().join("; ")
            };
            return Some(format!("files are [{}], not [{}]", names(&files), names(&self.files)));
        }
        None
    }

    /// How many files there are.
    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }
}

/// The fields that the gateway received, decrypted where they came so.
fn content(received: &BTreeMap<String, String>) -> Result<Map<String, Value>, String> {
    let parse = |text: &str| serde_json::from_str::<Map<String, Value>>(text).map_err(|error| error.to_string());
    let plain = |ciphertext: &String| {
        let key = AesKey::from_base64(AES_KEY).map_err(|error| error.to_string())?;
        let plain = key.decrypt(EncryptType::Aes, ciphertext);
        parse(&String::from_utf8_lossy(&plain.map_err(|error| error.to_string())?))
    };
    let business = received.get("biz_content");
    if let Some("AES") = received.get("alipay-encrypt-type").map(String::as_str) {
        // Path and query stay as they are.
        let mut content = business.map_or_else(|| Ok(Map::new()), |text| parse(text))?;
        content.extend(plain(received.get("body").ok_or("without a body")?)?);
        return Ok(content);
    }
    match (business, received.get("encrypt_type").map(String::as_str)) {
        (Some(ciphertext), Some("AES")) => plain(ciphertext),
        (Some(text), None) => parse(text),
        (None, None) => Ok(Map::new()),
        (_, Some(other)) => Err(format!("encrypted as {other}")),
    }
}

/// The named type that a field holds.
fn named(ty: &Type) -> Option<&TypeRef> {
    match ty {
        Type::Scalar(_) => None,
        Type::Named(reference) => Some(reference),
        Type::List(inner) => named(inner),
    }
}

/// The class as the library has it.
pub(crate) fn public(class: ErrorClass) -> alipay_api::ErrorClass {
    match class {
        ErrorClass::Retry => alipay_api::ErrorClass::Retry,
        ErrorClass::Unknown => alipay_api::ErrorClass::OutcomeUnknown,
        ErrorClass::Done => alipay_api::ErrorClass::AlreadyDone,
        ErrorClass::Request => alipay_api::ErrorClass::Request,
        ErrorClass::Declined => alipay_api::ErrorClass::Declined,
        ErrorClass::Setup => alipay_api::ErrorClass::Setup,
    }
}
