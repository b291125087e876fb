//! Where methods stand in V3: each has a verb and a path of its own.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// The places of methods, each a `T`.
#[derive(Clone, Debug)]
pub(crate) struct Routes<T> {
    /// Paths without parameters, and what stands there by verb.
    plain: HashMap<String, Vec<(String, T)>>,
    /// Paths with parameters.
    templates: Vec<(Template, String, T)>,
}

/// What stands at a verb and a path.
#[derive(Debug, PartialEq)]
pub(crate) enum Route<T> {
    /// A method, and what the path says.
    Found(T, Vec<(String, String)>),
    /// A method, but under another verb.
    OtherVerb,
    /// Nothing.
    Unknown,
}

/// A path with parameters, by segments.
#[derive(Clone, Debug)]
struct Template(Vec<Segment>);

#[derive(Clone, Debug)]
enum Segment {
    Plain(String),
    Parameter(String),
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self {
            plain: HashMap::new(),
            templates: Vec::new(),
        }
    }
}

impl<T: Copy> Routes<T> {
    /// Adds a place.
    pub(crate) fn add(&mut self, verb: &str, path: &str, method: T) {
        let template = Template::of(path);
        if template
            .0
            .iter()
            .any(|segment| matches!(segment, Segment::Parameter(_)))
        {
            self.templates.push((template, verb.to_owned(), method));
        } else {
            self.plain
                .entry(path.to_owned())
                .or_default()
                .push((verb.to_owned(), method));
        }
    }

    /// What stands there. The path is as it was sent: encoded.
    pub(crate) fn find(&self, verb: &str, path: &str) -> Route<T> {
        let plain = self.plain.get(path).map(Vec::as_slice).unwrap_or_default();
        if let Some((_, method)) = plain.iter().find(|(own, _)| own == verb) {
            return Route::Found(*method, Vec::new());
        }
        let mut is_known = !plain.is_empty();
        for (template, own, method) in &self.templates {
            if let Some(parameters) = template.matches(path) {
                if own == verb {
                    return Route::Found(*method, parameters);
                }
                is_known = true;
            }
        }
        if is_known { Route::OtherVerb } else { Route::Unknown }
    }
}

impl Template {
    fn of(path: &str) -> Self {
        let segments = path.split('/').map(|segment| {
            let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name {
                Some(name) => Segment::Parameter(name.to_owned()),
                None => Segment::Plain(segment.to_owned()),
            }
        });
        Self(segments.collect())
    }

    /// The parameters of a path, decoded, if it is one of these. An empty parameter is none.
    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        let mut sent = path.split('/');
        for segment in &self.0 {
            let text = sent.next()?;
            match segment {
                Segment::Plain(plain) if plain == text => {}
                Segment::Plain(_) => return None,
                Segment::Parameter(name) => {
                    let value = percent_decode_str(text).decode_utf8().ok()?;
                    if value.is_empty() {
                        return None;
                    }
                    parameters.push((name.clone(), value.into_owned()));
                }
            }
        }
        sent.next().is_none().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_and_paths_lead_to_methods() {
        let mut routes = Routes::default();
        routes.add("POST", "/v3/a/pay", 1);
        routes.add("GET", "/v3/a/{id}", 2);
        routes.add("GET", "/v3/a/all", 3);
        routes.add("PATCH", "/v3/a/{id}/codes/{code}", 4);
        let named = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            pairs.collect::<Vec<_>>()
        };
        assert_eq!(routes.find("POST", "/v3/a/pay"), Route::Found(1, vec![]));
        assert_eq!(routes.find("GET", "/v3/a/all"), Route::Found(3, vec![]));
        assert_eq!(
            routes.find("GET", "/v3/a/1%2F2+%E4%BD%A0"),
            Route::Found(2, named(&[("id", "1/2+你")]))
        );
        assert_eq!(
            routes.find("PATCH", "/v3/a/7/codes/8"),
            Route::Found(4, named(&[("id", "7"), ("code", "8")]))
        );
        // A plain path does not hide a parameter's value under another verb.
        assert_eq!(
            routes.find("GET", "/v3/a/pay"),
            Route::Found(2, named(&[("id", "pay")]))
        );
        assert_eq!(routes.find("DELETE", "/v3/a/all"), Route::OtherVerb);
        for path in [
            "/v3/a",
            "/v3/a/",
            "/v3/b/pay",
            "/v3/a/1/codes",
            "/v3/a/1/codes/2/3",
            "/v3/a/%FF",
        ] {
            assert_eq!(routes.find("GET", path), Route::Unknown, "{path}");
        }
    }
}
