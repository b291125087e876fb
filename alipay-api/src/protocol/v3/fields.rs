//! Which field stands where: in the path, in the query or in the body.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::{
    codec::{Values, quoted},
    method::V3,
    protocol::{
        InvalidParameter,
        content::{Options, RequestContent},
        urlencoded::{append_encoded, append_value},
    },
};

/// The place of a request and its body.
pub(super) struct Placed {
    /// Path and query, encoded as they are sent and signed.
    pub(super) target: String,
    /// JSON; empty where there is none.
    pub(super) body: Zeroizing<String>,
}

/// Fields that are left: for the body, as JSON.
type Members<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Places each field as the spec says, and refuses those that it has no place for.
pub(super) fn place<'a>(
    place: &V3,
    content: &'a RequestContent,
    options: &'a Options,
) -> Result<Placed, InvalidParameter> {
    let mut fields = Fields {
        place,
        in_path: Vec::new(),
        in_query: Vec::new(),
        in_body: Vec::new(),
    };
    let mut body = Zeroizing::new(String::new());
    let json = content.content.expose();
    if place.only.contains(&BIZ_CONTENT) && !json.is_empty() {
        fields
            .in_body
            .push((Cow::Borrowed(BIZ_CONTENT), Cow::Owned(quoted(json))));
    } else if !json.is_empty() && place.has_places() {
        fields.members(json)?;
    } else {
        body.push_str(json);
    }
    for parameter in &content.top_level {
        fields.parameter(&parameter.name, parameter.text.expose(), parameter.is_json)?;
    }
    let given = [
        ("notify_url", options.notify_url.as_deref()),
        (
            "auth_token",
            options.auth_token.as_ref().map(crate::types::Secret::expose),
        ),
    ];
    for (name, value) in given {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        if !place.only.contains(&name) && !place.query.contains(&name) {
            return Err(InvalidParameter::NoPlace(name.to_owned()));
        }
        fields.parameter(name, value, false)?;
    }
    let target = fields.target()?;
    let in_body = fields.in_body;
    let body = if in_body.is_empty() {
        body
    } else {
        joined(&body, &in_body)
    };
    let has_body = !matches!(place.verb, "GET" | "DELETE");
    if !has_body && !body.is_empty() {
        let first = in_body.first().map(|(name, _)| name.to_string());
        let first = first.or_else(|| Some(Values::parse(&body, 1).ok()?.iter().next()?.0.to_owned()));
        return Err(InvalidParameter::NoPlace(first.unwrap_or_default()));
    }
    Ok(Placed { target, body })
}

const BIZ_CONTENT: &str = "biz_content";

struct Fields<'a, 'p> {
    place: &'p V3,
    in_path: Vec<(&'p str, Cow<'a, str>)>,
    in_query: Vec<(&'p str, Cow<'a, str>)>,
    in_body: Members<'a>,
}

impl V3 {
    /// Whether some field stands elsewhere than in the body.
    fn has_places(&self) -> bool {
        self.path.contains('{') || !self.query.is_empty() || !self.without.is_empty()
    }

    /// The names in the path.
    fn in_path(&self) -> impl Iterator<Item = &'static str> {
        let segments = self.path.split('/');
        segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl<'a> Fields<'a, '_> {
    /// Places the members of the content.
    fn members(&mut self, json: &'a str) -> Result<(), InvalidParameter> {
        let values = Values::parse(json, 1).map_err(|_| InvalidParameter::NotAnObject)?;
        for (name, value) in values.iter() {
            if !self.has_other_place(name) {
                self.in_body
                    .push((Cow::Owned(name.to_owned()), Cow::Borrowed(value.as_raw())));
                continue;
            }
            let text = value.text().map_err(|_| InvalidParameter::NotAnObject)?;
            self.elsewhere(name, text)?;
        }
        Ok(())
    }

    /// Places a parameter that stands beside V2's content.
    fn parameter(&mut self, name: &'a str, text: &'a str, is_json: bool) -> Result<(), InvalidParameter> {
        if self.has_other_place(name) {
            return self.elsewhere(name, Some(Cow::Borrowed(text)));
        }
        if self.in_body.iter().any(|(other, _)| other == name) {
            return Err(InvalidParameter::Duplicate(name.to_owned()));
        }
        let json = if is_json {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(quoted(text))
        };
        self.in_body.push((Cow::Borrowed(name), json));
        Ok(())
    }

    fn has_other_place(&self, name: &str) -> bool {
        let place = self.place;
        place.in_path().any(|other| other == name) || place.query.contains(&name) || place.without.contains(&name)
    }

    fn elsewhere(&mut self, name: &str, text: Option<Cow<'a, str>>) -> Result<(), InvalidParameter> {
        let place = self.place;
        let Some(text) = text else { return Ok(()) };
        let (list, name) = if let Some(name) = place.in_path().find(|other| *other == name) {
            (&mut self.in_path, name)
        } else if let Some(name) = place.query.iter().find(|other| **other == name) {
            (&mut self.in_query, *name)
        } else {
            return Err(InvalidParameter::NoPlace(name.to_owned()));
        };
        if list.iter().any(|(other, _)| *other == name) {
            return Err(InvalidParameter::Duplicate(name.to_owned()));
        }
        list.push((name, text));
        Ok(())
    }

    /// Path and query, the fields of the query in the order of the spec.
    fn target(&self) -> Result<String, InvalidParameter> {
        let mut target = String::with_capacity(self.place.path.len());
        for segment in self.place.path.split('/').skip(1) {
            target.push('/');
            let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
                target.push_str(segment);
                continue;
            };
            let value = self
                .in_path
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| &**value);
            // URLs with a segment `.` or `..` are shortened on the way, however the dots are written.
            let value = value.filter(|value| !["", ".", ".."].contains(&value.trim()));
            append_value(
                &mut target,
                value.ok_or_else(|| InvalidParameter::InPath(name.to_owned()))?,
            );
        }
        let in_order = |name: &&str| self.in_query.iter().find(|(other, _)| other == name);
        let mut query = self
            .place
            .query
            .iter()
            .filter_map(in_order)
            .map(|(name, value)| (*name, &**value))
            .peekable();
        if query.peek().is_some() {
            target.push('?');
            append_encoded(&mut target, query);
        }
        Ok(target)
    }
}

/// The object with more members.
fn joined(object: &str, members: &Members<'_>) -> Zeroizing<String> {
    let mut out = Zeroizing::new(object.strip_suffix('}').unwrap_or("{").to_owned());
    for (name, json) in members {
        if !out.ends_with('{') {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        out.push_str(json);
    }
    out.push('}');
    out
}
