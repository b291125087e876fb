//! The library's types as a test of all of them needs them: without the types.
//!
//! `list.rs` says which types there are. It comes from the specs, as the expected values do. What a caller reads is taken from the public
//! fields here, one by one, and not from what the library says of itself.

use std::{future::Future, pin::Pin};

use alipay_api::{
    AppCall, Client, Error, ErrorClass, Outcome, PageCall,
    method::{AppMethod, ErrorCode, Method, PageMethod, Paged, ServerMethod},
    notify::{Notification, Verified},
    types::{Date, DateTime, Extra, File, Json, KnownValue, OpenEnum, Price, Secret},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::TryStreamExt as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// The content of a public field as JSON; none where it is empty.
pub(crate) trait Wire {
    fn json(&self) -> Option<Value>;
}

/// An object: its public fields by their names on the wire.
pub(crate) trait Wired {
    fn fields(&self) -> (Vec<(&'static str, &dyn Wire)>, &Extra);
}

/// How unknown fields are marked: a field that the library took for an unknown one is none that a caller can read.
pub(crate) const EXTRA: &str = "extra: ";

fn object(object: &dyn Wired) -> Value {
    let (fields, extra) = object.fields();
    let mut map = Map::new();
    for (name, field) in fields {
        if let Some(value) = field.json() {
            map.insert(name.to_owned(), value);
        }
    }
    for (name, json) in extra.iter() {
        map.insert(format!("{EXTRA}{name}"), serde_json::from_str(json).unwrap_or_default());
    }
    Value::Object(map)
}

fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

impl<T: Wired> Wire for T {
    fn json(&self) -> Option<Value> {
        Some(object(self))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn json(&self) -> Option<Value> {
        self.as_ref()?.json()
    }
}

impl<T: Wired> Wired for Box<T> {
    fn fields(&self) -> (Vec<(&'static str, &dyn Wire)>, &Extra) {
        (**self).fields()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn json(&self) -> Option<Value> {
        let items: Vec<Value> = self.iter().map(|item| item.json().unwrap_or_default()).collect();
        (!items.is_empty()).then_some(Value::Array(items))
    }
}

impl<T: KnownValue> Wire for OpenEnum<T> {
    fn json(&self) -> Option<Value> {
        text(self.as_str())
    }
}

impl Wire for String {
    fn json(&self) -> Option<Value> {
        text(self)
    }
}

impl Wire for Secret {
    fn json(&self) -> Option<Value> {
        text(self.expose())
    }
}

impl Wire for Json {
    fn json(&self) -> Option<Value> {
        text(self.as_str())
    }
}

impl Wire for i64 {
    fn json(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Wire for bool {
    fn json(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Wire for Price {
    fn json(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl Wire for DateTime {
    fn json(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl Wire for Date {
    fn json(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl Wire for File {
    fn json(&self) -> Option<Value> {
        Some(json!([
            self.name(),
            BASE64_STANDARD.encode(self.content().expect("a file in memory"))
        ]))
    }
}

/// What a caller reads.
#[derive(Debug)]
pub(crate) struct Read {
    /// By the public fields.
    pub(crate) fields: Value,
    /// Written again.
    pub(crate) again: Value,
    /// Whether the buyer still has to act.
    pub(crate) is_pending: bool,
    /// The fields that could not be read.
    pub(crate) unreadable: Vec<String>,
}

fn read<T: Wired + Serialize>(value: &T) -> Read {
    Read {
        fields: object(value),
        again: serde_json::to_value(value).unwrap_or_default(),
        is_pending: false,
        unreadable: Vec::new(),
    }
}

fn read_verified<T: Wired + Serialize>(value: &Verified<T>) -> Read {
    Read {
        unreadable: value.unreadable().map(str::to_owned).collect(),
        ..read(&**value)
    }
}

/// What a call gives.
pub(crate) trait Answered {
    fn read(&self) -> Read;
}

impl<R: Wired + Serialize> Answered for R {
    fn read(&self) -> Read {
        read(self)
    }
}

impl<R: Wired + Serialize> Answered for Outcome<R> {
    fn read(&self) -> Read {
        Read {
            is_pending: self.is_pending(),
            ..read(self.response())
        }
    }
}

/// A call in flight.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Read, Error>>>>;

/// The items of a list, as they are read.
pub(crate) type Reading = Pin<Box<dyn Future<Output = Result<Vec<Value>, Error>>>>;

/// A request, as its public fields show it, and what was made of it.
pub(crate) type Prepared<T> = Result<(Value, T), serde_json::Error>;

/// Makes something of a request, given as JSON.
type Make<T> = fn(&Client, &str) -> Prepared<T>;

/// Reads a text of Alipay's.
type ReadText = fn(&Client, &str) -> Result<Read, Error>;

/// An error code, and its class.
pub(crate) type Code = (&'static str, Option<ErrorClass>);

/// A method without its types.
#[derive(Clone, Copy)]
pub(crate) struct AnyMethod {
    pub(crate) name: &'static str,
    /// Sends a request, given as JSON.
    pub(crate) call: Option<Make<Answering>>,
    /// Reads the whole list of a request, given as JSON.
    pub(crate) pages: Option<Make<Reading>>,
    pub(crate) page: Option<Make<PageCall>>,
    /// Reads the query of a `return_url`.
    pub(crate) back: Option<ReadText>,
    pub(crate) app: Option<Make<AppCall>>,
    /// Reads what an app got.
    pub(crate) result: Option<ReadText>,
    /// All its own codes.
    pub(crate) codes: fn() -> Vec<Code>,
    /// The code that an error is.
    pub(crate) code_of: fn(&Error) -> Option<Code>,
    /// The code of this text.
    pub(crate) code_from: fn(&str) -> Option<Code>,
}

impl AnyMethod {
    fn new<M: Method>(name: &'static str) -> Self {
        Self {
            name,
            call: None,
            pages: None,
            page: None,
            back: None,
            app: None,
            result: None,
            codes: codes::<M::ErrorCode>,
            code_of: |error| error.sub_code_as::<M::ErrorCode>().map(code),
            code_from: |text| M::ErrorCode::from_text(text).map(code),
        }
    }

    fn server<M: ServerMethod + Wired + DeserializeOwned>(name: &'static str) -> Self
    where
        M::Output: Answered,
    {
        Self {
            call: Some(call::<M>),
            ..Self::new::<M>(name)
        }
    }

    fn paged<M: ServerMethod + Wired + DeserializeOwned>(name: &'static str) -> Self
    where
        M::Output: Answered + Paged<Item: Wire>,
    {
        Self {
            pages: Some(pages::<M>),
            ..Self::server::<M>(name)
        }
    }

    fn page<M: PageMethod + Wired + DeserializeOwned>(name: &'static str) -> Self
    where
        M::Response: Wired + Serialize,
    {
        Self {
            page: Some(page::<M>),
            back: Some(back::<M>),
            ..Self::new::<M>(name)
        }
    }

    fn app<M: AppMethod + Wired + DeserializeOwned>(name: &'static str) -> Self
    where
        M::Response: Wired + Serialize,
    {
        Self {
            app: Some(app::<M>),
            result: Some(result::<M>),
            ..Self::new::<M>(name)
        }
    }

    fn page_or_app<M: PageMethod + AppMethod + Wired + DeserializeOwned>(name: &'static str) -> Self
    where
        M::Response: Wired + Serialize,
    {
        Self {
            app: Some(app::<M>),
            result: Some(result::<M>),
            ..Self::page::<M>(name)
        }
    }
}

fn code<C: ErrorCode>(code: C) -> Code {
    (code.as_str(), code.class())
}

fn codes<C: ErrorCode>() -> Vec<Code> {
    C::listed().1.iter().map(|listed| code(*listed)).collect()
}

fn request<M: Wired + DeserializeOwned>(json: &str) -> Prepared<M> {
    let request: M = serde_json::from_str(json)?;
    Ok((object(&request), request))
}

fn call<M: ServerMethod + Wired + DeserializeOwned>(client: &Client, json: &str) -> Prepared<Answering>
where
    M::Output: Answered,
{
    let (given, request) = request::<M>(json)?;
    let answer = client.call(request).into_future();
    Ok((given, Box::pin(async move { Ok(answer.await?.read()) })))
}

fn pages<M: ServerMethod + Wired + DeserializeOwned>(client: &Client, json: &str) -> Prepared<Reading>
where
    M::Output: Paged<Item: Wire>,
{
    let (given, request) = request::<M>(json)?;
    let items = client.call(request).pages().items();
    let items = items.map_ok(|item| item.json().unwrap_or_default()).try_collect();
    Ok((given, Box::pin(items)))
}

fn page<M: PageMethod + Wired + DeserializeOwned>(client: &Client, json: &str) -> Prepared<PageCall> {
    let (given, request) = request::<M>(json)?;
    Ok((given, client.page(request)))
}

fn back<M: PageMethod>(client: &Client, query: &str) -> Result<Read, Error>
where
    M::Response: Wired + Serialize,
{
    let back = client.notifications().verify_return(query)?.expect_method::<M>()?;
    Ok(read_verified(&back))
}

fn app<M: AppMethod + Wired + DeserializeOwned>(client: &Client, json: &str) -> Prepared<AppCall> {
    let (given, request) = request::<M>(json)?;
    Ok((given, client.app(request)))
}

fn result<M: AppMethod>(client: &Client, result: &str) -> Result<Read, Error>
where
    M::Response: Wired + Serialize,
{
    Ok(read_verified(&client.notifications().verify_app_result::<M>(result)?))
}

macro_rules! methods {
    ($($kind:ident $name:literal $request:path;)*) => {
        /// Every method of the library.
        pub(crate) fn methods() -> Vec<AnyMethod> {
            vec![$(AnyMethod::$kind::<$request>($name)),*]
        }
    };
}

macro_rules! notifications {
    ($($name:literal $variant:ident;)*) => {
        /// The names of every notification of the library.
        pub(crate) const NOTIFICATIONS: &[&str] = &[$($name),*];

        /// What a notification says; none for one that the library does not know.
        pub(crate) fn told(notification: &Verified<Notification>) -> Option<Read> {
            let told = match &**notification {
                $(Notification::$variant(told) => read(&**told),)*
                _ => return None,
            };
            Some(Read {
                unreadable: notification.unreadable().map(str::to_owned).collect(),
                ..told
            })
        }
    };
}

macro_rules! wire_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

macro_rules! objects {
    ($($object:path { $($field:ident $(= $wire:literal)?,)* })*) => {
        $(impl Wired for $object {
            fn fields(&self) -> (Vec<(&'static str, &dyn Wire)>, &Extra) {
                (vec![$((wire_name!($field $($wire)?), &self.$field as &dyn Wire)),*], &self.extra)
            }
        })*
    };
}

include!("list.rs");
