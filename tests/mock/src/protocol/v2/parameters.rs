//! The parameters of a request, wherever they came from: the query, a form, a multipart form, or any two of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::journal::ReceivedFile;
use crate::protocol::charset::Charset;
use crate::protocol::multipart;
use crate::protocol::urlencoded::pairs;

/// Everything a request carries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    /// What its bytes mean.
    pub(crate) charset: Charset,
    list: Vec<Parameter>,
    /// Where each name's parameter is.
    index: HashMap<String, usize>,
    /// In the order of the wire.
    pub(crate) files: Vec<(String, ReceivedFile)>,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The bytes as sent, after percent-decoding: the signature is over these.
    pub(super) raw: Vec<u8>,
    pub(super) text: String,
}

/// Why a request's parameters can't be read. The parameters that could be read come along, to answer by.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The gateway does not know the charset, or the bytes are not text in it.
    Charset,
    /// The same parameter came twice.
    Duplicate(String),
    /// The body is not what its content type says.
    Body,
}

impl Parameters {
    /// Reads the parameters of a query and a body. What is wrong with them, if anything, comes beside them.
    pub(crate) fn read(query: &str, content_type: &str, body: &[u8]) -> (Self, Option<Unreadable>) {
        let mut problem = None;
        let mut raw = pairs(query.as_bytes());
        let mut files = Vec::new();
        let media_type = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if media_type == "multipart/form-data" {
            match multipart::boundary(content_type).and_then(|boundary| multipart::parse(body, boundary)) {
                Some(parts) => {
                    for part in parts {
                        let content = part.content.to_vec();
                        match part.file_name {
                            Some(name) => files.push((part.name, ReceivedFile { name, content })),
                            None => raw.push((part.name.into_bytes(), content)),
                        }
                    }
                }
                None => problem = Some(Unreadable::Body),
            }
        } else if media_type != "application/json" {
            // An app's order string arrives with whatever content type its sender thinks of.
            raw.extend(pairs(body.trim_ascii()));
        }

        let named = raw
            .iter()
            .find(|(name, _)| name == b"charset")
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let named = named.or_else(|| header_charset(content_type).filter(|name| Charset::from_name(name).is_some()));
        let charset = match named.filter(|name| !name.is_empty()) {
            Some(name) => Charset::from_name(&name),
            None => Some(Charset::default()),
        };
        if charset.is_none() {
            problem.get_or_insert(Unreadable::Charset);
        }
        let mut this = Self {
            charset: charset.unwrap_or_default(),
            list: Vec::new(),
            index: HashMap::new(),
            files,
        };
        for (name, raw) in raw {
            let (Some(name), Some(text)) = (this.charset.decode(&name), this.charset.decode(&raw)) else {
                problem.get_or_insert(Unreadable::Charset);
                continue;
            };
            let (name, text) = (name.into_owned(), text.into_owned());
            match this.index.entry(name.clone()) {
                Entry::Occupied(_) => _ = problem.get_or_insert(Unreadable::Duplicate(name)),
                Entry::Vacant(free) => {
                    free.insert(this.list.len());
                    this.list.push(Parameter { name, raw, text });
                }
            }
        }
        (this, problem)
    }

    /// All of them, in the order of the wire.
    pub(super) fn list(&self) -> &[Parameter] {
        &self.list
    }

    /// Names and values, decoded, in the order of the wire.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.text.as_str()))
    }

    /// A parameter's value, if it is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let parameter = &self.list[*self.index.get(name)?];
        Some(parameter.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The same with another value of this parameter.
    pub(crate) fn with(&self, name: &str, raw: Vec<u8>, text: String) -> Self {
        let mut changed = self.clone();
        if let Some(parameter) = self.index.get(name).and_then(|&index| changed.list.get_mut(index)) {
            (parameter.raw, parameter.text) = (raw, text);
        }
        changed
    }

    /// Whether a file came under this name.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|(field, _)| field == name)
    }

    /// The text that is signed: all parameters but `sign` that are not empty, sorted, as sent.
    pub(crate) fn string_to_sign(&self) -> Vec<u8> {
        let mut sorted: Vec<_> = self
            .list
            .iter()
            .filter(|parameter| parameter.name != "sign" && !parameter.raw.is_empty())
            .collect();
        sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        let pairs = sorted.into_iter();
        self.joined(pairs.map(|parameter| (&*parameter.name, Cow::Borrowed(&*parameter.raw))))
    }

    /// `a=1&b=2`
    pub(super) fn joined<'a>(&self, pairs: impl Iterator<Item = (&'a str, Cow<'a, [u8]>)>) -> Vec<u8> {
        let mut text = Vec::new();
        for (name, value) in pairs {
            if !text.is_empty() {
                text.push(b'&');
            }
            text.extend_from_slice(&self.charset.encode(name));
            text.push(b'=');
            text.extend_from_slice(&value);
        }
        text
    }
}

/// The `charset` of a content type.
fn header_charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|item| {
        let (name, value) = item.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MAX_BODY;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn query_and_body_are_one() {
        let (read, problem) = Parameters::read("b=2%26&sign=x&a=&charset=utf-8", FORM, b"c=%E4%BD%A0+%2B");
        assert!(problem.is_none());
        assert_eq!(read.get("c"), Some("你 +"));
        assert_eq!(read.get("a"), None);
        assert_eq!(read.string_to_sign(), "b=2&&c=你 +&charset=utf-8".as_bytes());
    }

    #[test]
    fn gbk_is_signed_as_it_came() {
        let (read, problem) = Parameters::read("charset=GBK", FORM, b"subject=%C4%E3%BA%C3");
        assert!(problem.is_none());
        assert_eq!(read.get("subject"), Some("你好"));
        assert_eq!(read.string_to_sign(), b"charset=GBK&subject=\xC4\xE3\xBA\xC3");
    }

    #[test]
    fn a_body_full_of_parameters_is_read_in_time() {
        let mut body = String::with_capacity(MAX_BODY);
        let names = (0..).map(|number| format!("{number:x}=&")).take_while(|pair| {
            let fits = body.len() + pair.len() <= MAX_BODY - "0=".len();
            if fits {
                body.push_str(pair);
            }
            fits
        });
        let count = names.count();
        body.push_str("0=");
        // Compared each with each, that many take hours.
        let (sender, read) = std::sync::mpsc::channel();
        std::thread::spawn(move || drop(sender.send(Parameters::read("", FORM, body.as_bytes()))));
        let (read, problem) = read.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
        assert_eq!(read.iter().count(), count);
        assert!(matches!(problem, Some(Unreadable::Duplicate(name)) if name == "0"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(matches!(Parameters::read("a=1", FORM, b"a=1").1, Some(Unreadable::Duplicate(name)) if name == "a"));
        assert!(matches!(
            Parameters::read("a=%FF", FORM, b"").1,
            Some(Unreadable::Charset)
        ));
        assert!(matches!(
            Parameters::read("charset=big5", FORM, b"").1,
            Some(Unreadable::Charset)
        ));
        assert!(matches!(
            Parameters::read("", "multipart/form-data; boundary=x", b"nothing").1,
            Some(Unreadable::Body)
        ));
    }
}
