//! What type a draft gives a field: the wire's own types don't tell money, time and enums from text, its name, its example and other facts may.

use std::collections::BTreeMap;

use super::shared::Shared;
use crate::catalogue::{Facts, Field, Object, Objects};
use crate::check::wellformed;
use crate::names;

/// What a draft's fields can refer to.
pub(super) struct Types<'t> {
    pub(super) own: &'t BTreeMap<&'t str, &'t Object>,
    pub(super) shared: &'t Shared,
    /// All that the catalogue has.
    pub(super) objects: &'t Objects,
    /// What the method's own items are called in Rust; of shared types, what other methods call their own.
    pub(super) taken: Vec<String>,
}

impl Types<'_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.shared.types.contains(name)
    }

    /// Whether an enum can have the name: nothing else has it, here or where this is used.
    fn is_free(&self, name: &str) -> bool {
        wellformed::camel(name) && !self.has(name) && !self.objects.has(name) && !self.takes(name)
    }

    pub(super) fn takes(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| taken == name)
    }
}

/// A field's type.
pub(super) struct Drafted {
    pub(super) ty: String,
    pub(super) item: Item,
    pub(super) guessed: bool,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Text,
    Int,
    Bool,
    Price,
    DateTime,
    Date,
    Url,
    Other,
}

impl Item {
    /// Whether an example is one of this type, and keeps to the field's limits.
    pub(super) fn fits(self, text: &str, facts: &Facts) -> bool {
        match self {
            Self::Text => facts.max_length.is_none_or(|max| text.chars().count() as u64 <= max),
            Self::Int => text.parse::<i64>().is_ok_and(|number| number.to_string() == text) && facts.range.is_none(),
            Self::Bool => ["true", "false"].contains(&text),
            Self::Price => wellformed::price(text).is_some() && in_range(text, facts),
            Self::DateTime => wellformed::datetime(text),
            Self::Date => wellformed::date(text),
            Self::Url => {
                let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
                let fits = facts.max_length.is_none_or(|max| text.chars().count() as u64 <= max);
                fits && host.is_some_and(|host| !host.is_empty())
            }
            Self::Other => false,
        }
    }

    /// Whether a value stands without quotes.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Int | Self::Bool)
    }

    /// Whether the field can have such a range.
    pub(super) fn has_range(self, (min, max): &(String, String)) -> bool {
        let number = |end: &str| match self {
            Self::Price => wellformed::price(end),
            Self::Int => end.parse::<i64>().ok().map(i128::from),
            _ => None,
        };
        number(min).zip(number(max)).is_some_and(|(min, max)| min <= max)
    }
}

fn in_range(price: &str, facts: &Facts) -> bool {
    let Some((min, max)) = &facts.range else { return true };
    let ends = wellformed::price(min).zip(wellformed::price(max));
    let price = wellformed::price(price);
    ends.zip(price)
        .is_none_or(|((min, max), price)| min <= price && price <= max)
}

/// The type, and whether that is a guess: an example that fits makes a name's word firm, one that does not takes it back.
///
/// Without `guesses`, what is only likely stays the text that it is on the wire, and so does an amount that may be in another unit than yuan.
pub(super) fn drafted(field: &Field, types: &Types<'_>, guesses: bool) -> Drafted {
    let (name, facts) = (field.name.as_str(), &field.facts);
    let sure = |ty: &str, item| Drafted {
        ty: ty.to_owned(),
        item,
        guessed: false,
    };
    let is_firm =
        |item: Item, example: &str| guesses || item != Item::Price || facts.unit.is_some() || example.contains('.');
    let likely = |ty: &str, item: Item| match facts.example.as_deref() {
        Some(example) if item.fits(example, facts) && is_firm(item, example) => sure(ty, item),
        Some(_) => sure("string", Item::Text),
        None if !guesses => sure("string", Item::Text),
        None => Drafted {
            guessed: true,
            ..sure(ty, item)
        },
    };
    let in_yuan = facts.unit.as_deref().is_none_or(|unit| unit == "元");
    match field.ty.as_str() {
        "string" | "float" | "datetime" if is_price(name) && in_yuan => likely("price", Item::Price),
        "string" if facts.format.is_some() => match facts.format.as_deref() {
            Some("yyyy-MM-dd HH:mm:ss") => sure("datetime", Item::DateTime),
            Some("yyyy-MM-dd") => sure("date", Item::Date),
            _ => sure("string", Item::Text),
        },
        "string" if is_time(name) => likely("datetime", Item::DateTime),
        "string" if name.ends_with("_date") => likely("date", Item::Date),
        "string" if name.ends_with("_url") => likely("url", Item::Url),
        "float" if in_yuan => likely("price", Item::Price),
        "string" => sure("string", Item::Text),
        "int" => sure("int", Item::Int),
        "bool" => sure("bool", Item::Bool),
        "datetime" => sure("datetime", Item::DateTime),
        "file" => sure("file", Item::Other),
        named if types.has(named) => sure(named, Item::Other),
        _ => Drafted {
            guessed: true,
            ..sure("string", Item::Text)
        },
    }
}

fn is_price(name: &str) -> bool {
    ["amount", "price", "fee"]
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

fn is_time(name: &str) -> bool {
    name.starts_with("gmt_") || name.ends_with("_time") || name == "time"
}

/// Enums that fields have turned out to be, by name.
#[derive(Default)]
pub(super) struct Enums(pub(super) BTreeMap<String, Enum>);

pub(super) struct Enum {
    pub(super) label: Option<String>,
    pub(super) values: Vec<(String, Option<String>)>,
}

impl Enums {
    /// The enum of a field of `owner`, if its values are known and can be told apart in Rust.
    pub(super) fn add(&mut self, owner: &str, field: &str, facts: &Facts, types: &Types<'_>) -> Option<String> {
        let variants: Option<Vec<String>> = facts.values.iter().map(|(value, _)| names::variant(value)).collect();
        let mut variants = variants.filter(|variants| variants.len() > 1)?;
        variants.sort_unstable();
        if variants.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let name = format!("{}{}", owner.trim_end_matches('_'), names::type_of(field));
        // The answer's field of the same name may have other values.
        let name = [name.clone(), format!("{name}Answer")].into_iter().find(|name| {
            let same = self.0.get(name);
            same.map_or_else(
                || types.is_free(name),
                |same| {
                    same.values
                        .iter()
                        .map(|(value, _)| value)
                        .eq(facts.values.iter().map(|(value, _)| value))
                },
            )
        })?;
        self.0.entry(name.clone()).or_insert_with(|| Enum {
            label: facts.label.clone(),
            values: facts.values.clone(),
        });
        Some(name)
    }
}
