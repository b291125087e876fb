//! Values for the fields of a spec, by chance: what is sent and what must come out. Nothing here knows the library.

use alipay_codegen::ir::{Field, Object, Range, Scalar, Type, TypeBody, TypeDef, TypeRef};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use crate::random::Random;

/// Which fields of an object get a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them, at every depth.
    All,
    /// Those that must be given; of each group of which one must, the one at this place (counted round and round).
    Needed(usize),
}

/// Who reads the values, which says what they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// The gateway, in the body of a call: amounts are not negative.
    Call,
    /// The gateway, in a URL, a form or an order string.
    HandedOver,
    /// The library, in JSON.
    Answer,
    /// The library, in a form or a query.
    Form,
}

/// Finds the type that a reference means.
type Resolve<'s> = Box<dyn Fn(&TypeRef) -> Option<&'s TypeDef> + 's>;

/// Fills the objects of one method or notification.
pub(crate) struct Filler<'s> {
    random: Random,
    resolve: Resolve<'s>,
    reader: For,
    /// The types that the present value is inside of.
    inside: Vec<&'s str>,
    /// So many values may be made before lists become short.
    left: usize,
    /// The single values that were made.
    pub(crate) made: usize,
}

/// What is easily broken on the way. No `&` has a name and a `=` behind it: a value that looks like two parameters is refused, rightly.
const PIECES: [&str; 24] = [
    "a",
    "Z",
    "0",
    " ",
    "+",
    "%",
    "=",
    "&=",
    "& ",
    "%2B",
    "%20=",
    "\"",
    "'",
    "\\",
    "/",
    "<b>&amp;</b>",
    "\r\n",
    "\t",
    "你好",
    "测试订单",
    "é",
    "😀",
    "\u{2028}",
    "\u{feff}",
];
/// Only JSON has a way to write these.
const CONTROLS: [&str; 3] = ["\0", "\u{1f}", "\u{7f}"];
/// Text that means something else where it is not text.
const LOOKALIKES: [&str; 8] = ["null", "true", "0", "-1.50", "{}", "[1]", "{\"a\":\"b\"}", "\"quoted\""];

impl<'s> Filler<'s> {
    pub(crate) fn new(random: Random, reader: For, resolve: impl Fn(&TypeRef) -> Option<&'s TypeDef> + 's) -> Self {
        let left = if reader == For::HandedOver { 40 } else { 200 };
        Self {
            random,
            resolve: Box::new(resolve),
            reader,
            inside: Vec::new(),
            left,
            made: 0,
        }
    }

    /// An object with values for some of its fields.
    pub(crate) fn object(&mut self, object: &'s Object, which: Which) -> Map<String, Value> {
        let chosen: Vec<&str> = match which {
            Which::All => Vec::new(),
            Which::Needed(place) => {
                let groups = object.at_least_one.iter();
                groups.map(|group| group[place % group.len()].as_str()).collect()
            }
        };
        let mut filled = Map::new();
        for field in &object.fields {
            let is_wanted = which == Which::All || field.required || chosen.contains(&field.name.as_str());
            if is_wanted && let Some(value) = self.field(field, which) {
                filled.insert(field.name.clone(), value);
            }
        }
        filled
    }

    /// A value for a field; none where its type would have to contain itself for ever.
    pub(crate) fn field(&mut self, field: &'s Field, which: Which) -> Option<Value> {
        self.typed(&field.ty, field, which)
    }

    fn typed(&mut self, ty: &'s Type, field: &'s Field, which: Which) -> Option<Value> {
        match ty {
            Type::Scalar(scalar) => {
                self.made += 1;
                self.left = self.left.saturating_sub(1);
                Some(self.scalar(*scalar, field))
            }
            Type::List(inner) => {
                let most = field.max_items.map_or(3, |most| most.min(3));
                let count = if self.left == 0 {
                    1
                } else {
                    1 + self.random.below(most.into())
                };
                let items: Vec<_> = (0..count).filter_map(|_| self.typed(inner, field, which)).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            Type::Named(reference) => {
                let definition = (self.resolve)(reference).unwrap_or_else(|| panic!("no type {reference:?}"));
                match &definition.body {
                    TypeBody::Enum(values) => {
                        self.made += 1;
                        let known = self.random.below(4) > 0;
                        Some(match self.random.one(values) {
                            listed if known => listed.value.clone().into(),
                            _ => shortened("NEW_新值", self.longest(field)).into(),
                        })
                    }
                    TypeBody::Object(object) => {
                        // A type that contains itself does so once.
                        if self.inside.iter().filter(|name| **name == definition.name).count() > 1 {
                            return None;
                        }
                        self.inside.push(&definition.name);
                        let value = self.object(object, which);
                        self.inside.pop();
                        Some(Value::Object(value))
                    }
                }
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar, field: &'s Field) -> Value {
        match scalar {
            Scalar::String => self.text(field).into(),
            Scalar::Int => self.int(field.range.as_ref()).into(),
            Scalar::Bool => (self.random.below(2) == 0).into(),
            Scalar::Price => self.price(field.range.as_ref()).into(),
            Scalar::DateTime => {
                let day = self.date();
                let [hour, minute, second] = [24, 60, 60].map(|end| self.random.below(end));
                format!("{day} {hour:02}:{minute:02}:{second:02}").into()
            }
            Scalar::Date => self.date().into(),
            Scalar::Url => {
                let urls = [
                    "https://shop.example/",
                    "http://shop.example/回调?x=1%20&=%26+#你",
                    "https://shop.example:8443/a/b.html?next=https%3A%2F%2Fother.example%2F&[]=1",
                ];
                let longest = self.longest(field);
                let fitting = urls.into_iter().filter(|url| url.chars().count() <= longest);
                let fitting: Vec<&str> = fitting.collect();
                (*self.random.one(&fitting)).into()
            }
            Scalar::Json => {
                let texts = [
                    "{}",
                    "[]",
                    "{ \"a\" : [1, 1.50, null] }",
                    "{\"名\":\"值\\\"&=\\u4f60\",\"n\":{\"deep\":[{}]}}",
                ];
                let longest = self.longest(field);
                let fitting = texts.into_iter().filter(|text| text.chars().count() <= longest);
                let fitting: Vec<&str> = fitting.collect();
                (*self.random.one(&fitting)).into()
            }
            Scalar::File => {
                let most = field.max_size.unwrap_or(u64::MAX).min(20_000);
                let least = field.min_size.unwrap_or(1);
                let size = usize::try_from(least + self.random.below(most.saturating_sub(least) + 1)).unwrap();
                let mut content = self.random.bytes(size);
                // Looks like the end of a part.
                let end = b"\r\n--alipay-api-00--\r\n";
                if content.len() > end.len() {
                    content[..end.len()].copy_from_slice(end);
                }
                let name = match field.extensions.first() {
                    Some(extension) => format!("图 片.{extension}"),
                    None => "图 片.png".to_owned(),
                };
                json!([name, BASE64_STANDARD.encode(content)])
            }
        }
    }

    /// So many characters may be given.
    fn longest(&self, field: &Field) -> usize {
        let most = if self.reader == For::HandedOver { 100 } else { 4000 };
        field
            .max_length
            .map_or(most, |longest| most.min(usize::try_from(longest).unwrap()))
    }

    fn text(&mut self, field: &Field) -> String {
        let longest = self.longest(field);
        // Blank text and none are not always told apart.
        let mut text = "x".to_owned();
        let length = match self.random.below(8) {
            0 => {
                let lookalike = *self.random.one(&LOOKALIKES);
                if lookalike.len() <= longest {
                    return lookalike.to_owned();
                }
                1
            }
            // Where none is known, long texts are rare: they are all alike.
            1 if field.max_length.is_some() || self.random.below(8) == 0 => longest,
            _ => (1 + self.random.index(20)).min(longest),
        };
        let is_json = matches!(self.reader, For::Call | For::Answer);
        let mut count = 1;
        while count < length {
            let piece = match self.random.index(PIECES.len() + CONTROLS.len()) {
                place if place < PIECES.len() => PIECES[place],
                place if is_json => CONTROLS[place - PIECES.len()],
                _ => "A",
            };
            text.push_str(piece);
            count += piece.chars().count();
        }
        shortened(&text, length)
    }

    fn int(&mut self, range: Option<&Range>) -> i64 {
        let limit = |limit: Option<&String>, none: i64| limit.map_or(none, |limit| limit.parse().unwrap());
        let least = limit(range.and_then(|range| range.min.as_ref()), i64::MIN);
        let most = limit(range.and_then(|range| range.max.as_ref()), i64::MAX);
        match self.random.below(6) {
            0 => least,
            1 => most,
            2 => 0_i64.clamp(least, most),
            3 => self.random.between(least, most),
            _ => self.random.between(-2, 100_000).clamp(least, most),
        }
    }

    fn price(&mut self, range: Option<&Range>) -> String {
        let cents = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{fraction:0<2}").parse::<i64>().unwrap()
        };
        let limit = |limit: Option<&String>, none: i64| limit.map_or(none, |limit| cents(limit));
        let is_given = matches!(self.reader, For::Call | For::HandedOver);
        let none = if is_given { 0 } else { -i64::MAX };
        let least = limit(range.and_then(|range| range.min.as_ref()), none);
        let most = limit(range.and_then(|range| range.max.as_ref()), i64::MAX);
        let cents = match self.random.below(6) {
            0 => least,
            1 => most,
            2 => 0_i64.clamp(least, most),
            3 => self.random.between(least, most),
            _ => self.random.between(1, 1_000_000).clamp(least, most),
        };
        let sign = if cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        format!("{sign}{}.{:02}", cents / 100, cents % 100)
    }

    fn date(&mut self) -> String {
        if self.random.below(8) == 0 {
            return (*self
                .random
                .one(&["2000-02-29", "1000-01-01", "9998-12-31", "1986-05-04"]))
            .to_owned();
        }
        let [year, month, day] = [(1970, 130), (1, 12), (1, 28)].map(|(first, count)| first + self.random.below(count));
        format!("{year}-{month:02}-{day:02}")
    }
}

/// As much of a text as fits.
fn shortened(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// A value as a parameter of its own.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first place where a value is not as expected.
pub(crate) fn difference(expected: &Value, found: &Value) -> Option<String> {
    fn find(path: &str, expected: &Value, found: &Value) -> Option<String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                let within = |name: &str| {
                    if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    }
                };
                let missing = expected.iter().find_map(|(name, value)| match found.get(name) {
                    Some(found) => find(&within(name), value, found),
                    None => Some(format!("`{}` is missing", within(name))),
                });
                let mut more = found.keys().filter(|name| !expected.contains_key(*name));
                missing.or_else(|| Some(format!("`{}` is too much", within(more.next()?))))
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                let mut pairs = expected.iter().zip(found).enumerate();
                pairs.find_map(|(at, (expected, found))| find(&format!("{path}[{at}]"), expected, found))
            }
            _ if expected == found => None,
            _ => Some(format!("`{path}` is {}, not {}", excerpt(found), excerpt(expected))),
        }
    }
    find("", expected, found)
}

fn excerpt(value: &Value) -> String {
    shortened(&value.to_string(), 120)
}
