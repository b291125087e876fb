//! The language of a page: the browser's.

use http::{HeaderMap, header};

/// A language that pages are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// Where the browser says nothing.
    #[default]
    Chinese,
    /// Also where the browser only wants others.
    English,
}

impl Language {
    /// The one that the browser prefers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(range);
        let mut best: Option<(Option<Self>, f32)> = None;
        for (language, weight) in ranges {
            // A language that there is goes before all that there are not.
            let is_better = best.is_none_or(|(known, most)| match (known, language) {
                (None, Some(_)) => true,
                (Some(_), None) => false,
                _ => weight > most,
            });
            if is_better {
                best = Some((language, weight));
            }
        }
        best.map_or(Self::Chinese, |(language, _)| language.unwrap_or(Self::English))
    }

    /// As HTML and HTTP name it.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The words of this language.
    pub(crate) fn say<'t>(self, chinese: &'t str, english: &'t str) -> &'t str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// `en-GB;q=0.8`: the language, if pages are in it, and how much it is wanted. Nothing if it is not wanted at all.
fn range(text: &str) -> Option<(Option<Language>, f32)> {
    let (tag, parameters) = text.trim().split_once(';').unwrap_or((text.trim(), ""));
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => weight.parse().ok()?,
        None => 1.0,
    };
    let primary = tag.split('-').next().unwrap_or_default().trim().to_ascii_lowercase();
    let language = match primary.as_str() {
        "" => return None,
        "zh" | "*" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    };
    (weight > 0.0).then_some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_language_is_chosen() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
            Language::of(&headers)
        };
        for chinese in [
            "zh-CN,zh;q=0.9,en;q=0.8",
            "ZH",
            "*",
            "",
            ",;",
            "de,zh;q=0.1",
            "en;q=0,zh",
            "en;q=0.2, zh-TW;q=0.3",
        ] {
            assert_eq!(of(chinese), Language::Chinese, "{chinese}");
        }
        for english in [
            "en",
            "en-GB,zh;q=0.9",
            "de, fr;q=0.9",
            "de,en;q=0.1",
            "zh;q=0.5,en;q=0.6",
            "zh;q=x,en;q=0.1",
        ] {
            assert_eq!(of(english), Language::English, "{english}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::Chinese);
    }
}
