//! Removes secrets from text that may quote them, in any escaping.

use std::collections::{HashMap, HashSet};

/// The replacement of a secret.
const HIDDEN: &str = "***";
/// The least number of characters of a secret. Shorter ones occur in any text by chance.
const SHORTEST: usize = 4;
/// The least number of characters of a secret's beginning, because quotations may be truncated.
const BEGINNING: usize = 8;
/// How many layers of escapes are undone.
const LAYERS: usize = 4;
/// Enough bytes for the first characters of a secret in any escaping.
const NEAR: usize = 160;
/// Longer text is truncated: all of it has to be searched.
const LONGEST: usize = 2048;

/// Finds secrets in text.
pub(crate) struct Redactor {
    /// The secrets, in all forms that are searched, by their first characters.
    secrets: HashMap<[char; SHORTEST], HashSet<Vec<char>>>,
}

/// A character, and its bytes in the text.
#[derive(Clone, Copy)]
struct Unit {
    character: char,
    start: usize,
    end: usize,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut this = Self {
            secrets: HashMap::new(),
        };
        for secret in secrets {
            // The searched text is not longer.
            let end = secret.char_indices().nth(LONGEST).map_or(secret.len(), |(end, _)| end);
            let secret = &secret[..end];
            // The secret itself, and its forms after undoing escapes: the searched text is unescaped, too.
            for layer in layers(units(secret)) {
                this.add(layer.iter().map(|unit| comparable(unit.character)).collect());
            }
        }
        this
    }

    fn add(&mut self, secret: Vec<char>) {
        if let Some(&key) = secret.first_chunk() {
            self.secrets.entry(key).or_default().insert(secret);
        }
    }

    /// The text without the secrets, truncated if it is too long; `None` if nothing changes.
    pub(crate) fn redact(&self, text: &str) -> Option<String> {
        let cut = text.char_indices().nth(LONGEST).map(|(end, _)| end);
        let text = &text[..cut.unwrap_or(text.len())];
        let mut hidden = self.find(&units(text));
        if hidden.is_empty() && cut.is_none() {
            return None;
        }
        hidden.sort_unstable();
        let mut redacted = String::with_capacity(text.len());
        let mut shown = 0;
        for (start, end) in hidden {
            if start > shown || (start == 0 && redacted.is_empty()) {
                redacted.push_str(&text[shown..start]);
                redacted.push_str(HIDDEN);
            }
            shown = shown.max(end);
        }
        redacted.push_str(&text[shown..]);
        if cut.is_some() {
            redacted.push('…');
        }
        Some(redacted)
    }

    /// The positions of secrets and of their beginnings.
    fn find(&self, text: &[Unit]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        // Escapes are undone from each position on, because a character before the secret, such as a `%`, could change its reading.
        for at in 0..text.len() {
            let rest = &text[at..];
            let near = &rest[..rest.len().min(NEAR)];
            if !layers(near.to_vec()).iter().any(|layer| self.begins_like_one(layer)) {
                continue;
            }
            for layer in layers(rest.to_vec()) {
                let length = self.match_length(&layer);
                if length > 0 {
                    found.push((layer[0].start, layer[length - 1].end));
                }
            }
        }
        found
    }

    fn begins_like_one(&self, text: &[Unit]) -> bool {
        let first = text.first_chunk::<SHORTEST>();
        first.is_some_and(|first| self.secrets.contains_key(&first.map(|unit| comparable(unit.character))))
    }

    /// The length of the secret, or of its beginning, with which the text begins.
    fn match_length(&self, text: &[Unit]) -> usize {
        let Some(first) = text.first_chunk::<SHORTEST>() else {
            return 0;
        };
        let key = first.map(|unit| comparable(unit.character));
        let secrets = self.secrets.get(&key).into_iter().flatten();
        let lengths = secrets.filter_map(|secret| {
            let pairs = secret.iter().zip(text);
            let length = pairs
                .take_while(|(one, unit)| **one == comparable(unit.character))
                .count();
            // At the end of the text, even a short beginning of a secret counts.
            let is_cut = length == text.len();
            (length == secret.len() || length >= BEGINNING || is_cut).then_some(length)
        });
        lengths.max().unwrap_or_default()
    }
}

/// Treats `+` as a blank: forms encode a blank as `+`, and decoding once too often turns `+` into a blank.
fn comparable(character: char) -> char {
    if character == '+' { ' ' } else { character }
}

fn units(text: &str) -> Vec<Unit> {
    let units = text.char_indices().map(|(start, character)| Unit {
        character,
        start,
        end: start + character.len_utf8(),
    });
    units.collect()
}

/// The ways to escape a character.
const ESCAPES: [Escape; 3] = [
    Escape {
        sign: '%',
        read: percent,
    },
    Escape {
        sign: '\\',
        read: backslash,
    },
    Escape {
        sign: '&',
        read: entity,
    },
];

/// One way to escape a character.
struct Escape {
    sign: char,
    read: fn(&[Unit]) -> Option<(char, usize)>,
}

/// The text, and the same with escapes undone once, twice, and so on until none is left.
///
/// A secret may itself hold what reads like an escape, such as `\b`. So they are also undone one way at a time, up to twice.
fn layers(text: Vec<Unit>) -> Vec<Vec<Unit>> {
    let mut layers = vec![text];
    while layers.len() <= LAYERS
        && let Some(next) = layers.last().and_then(|last| unescaped(last, &ESCAPES))
    {
        layers.push(next);
    }
    for escape in ESCAPES.chunks(1) {
        if let Some(once) = unescaped(&layers[0], escape) {
            layers.extend(ESCAPES.chunks(1).filter_map(|escape| unescaped(&once, escape)));
            layers.push(once);
        }
    }
    layers
}

/// The text with percent-encoding, JSON's and Rust's escapes, or HTML's undone once; `None` if it has none.
fn unescaped(text: &[Unit], escapes: &[Escape]) -> Option<Vec<Unit>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut is_changed = false;
    while let Some(first) = rest.first() {
        let escape = escapes.iter().find(|escape| escape.sign == first.character);
        let decoded = escape.and_then(|escape| (escape.read)(rest));
        let (character, length) = decoded.unwrap_or((first.character, 1));
        is_changed |= length > 1;
        out.push(Unit {
            character,
            start: first.start,
            end: rest[length - 1].end,
        });
        rest = &rest[length..];
    }
    is_changed.then_some(out)
}

/// `%E4%BD%A0`.
fn percent(text: &[Unit]) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    let mut length = 0;
    // The first byte gives their number.
    let mut wanted = 1;
    while length < wanted {
        let [sign, high, low] = text.get(3 * length..)?.first_chunk()?.map(|unit| unit.character);
        if sign != '%' {
            return None;
        }
        bytes[length] = u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()?;
        if length == 0 {
            wanted = match bytes[0] {
                0xC0..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF7 => 4,
                _ => 1,
            };
        }
        length += 1;
    }
    let character = std::str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
    Some((character, 3 * length))
}

/// `\"`, `\n`, `\u4f60`, `\ud83d\ude00`, `\u{4f60}`.
fn backslash(text: &[Unit]) -> Option<(char, usize)> {
    let character = match text.get(1)?.character {
        'u' => return unicode(text),
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        plain @ ('"' | '\'' | '\\' | '/') => plain,
        _ => return None,
    };
    Some((character, 2))
}

fn unicode(text: &[Unit]) -> Option<(char, usize)> {
    if text.get(2)?.character == '{' {
        let digits = text[3..].iter().take(7).position(|unit| unit.character == '}')?;
        return Some((char::from_u32(number(&text[3..3 + digits], 16)?)?, digits + 4));
    }
    let unit = |at: usize| {
        let [backslash, u, digits @ ..] = text.get(at..)?.first_chunk::<6>()?;
        let is_escape = backslash.character == '\\' && u.character == 'u';
        number(digits, 16).filter(|_| is_escape)
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    let units = [u16::try_from(first).ok()?, u16::try_from(unit(6)?).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, 12))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(text: &[Unit]) -> Option<(char, usize)> {
    const LONGEST_NAME: usize = 10;
    let end = text
        .iter()
        .take(LONGEST_NAME + 2)
        .position(|unit| unit.character == ';')?;
    let name = &text[1..end];
    let character = match name {
        [hash, x, digits @ ..] if hash.character == '#' && matches!(x.character, 'x' | 'X') => {
            char::from_u32(number(digits, 16)?)?
        }
        [hash, digits @ ..] if hash.character == '#' => char::from_u32(number(digits, 10)?)?,
        _ => match &*name.iter().map(|unit| unit.character).collect::<String>() {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            _ => return None,
        },
    };
    Some((character, end + 1))
}

fn number(digits: &[Unit], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, unit| {
        number.checked_mul(radix)?.checked_add(unit.character.to_digit(radix)?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(secrets: &[&str], text: &str) -> String {
        Redactor::new(secrets.iter().copied())
            .redact(text)
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        let redactor = Redactor::new(["201509BBeff9351ad1874306903e96b91d248A36", "", "1"]);
        for text in [
            "",
            "1",
            "the order 20150901 does not exist",
            "100% &amp; \\",
            "%E4%BD",
            "&#x;",
            "\\u{}",
            "\\ud83d",
        ] {
            assert_eq!(redactor.redact(text), None, "{text}");
        }
    }

    #[test]
    fn each_way_to_escape_is_seen_through() {
        const SECRET: &str = "a+b/c=\"你 <&'\\>😀%z";
        for escaped in [
            SECRET,
            "a%2Bb%2Fc%3D%22%E4%BD%A0%20%3C%26%27%5C%3E%F0%9F%98%80%25z",
            "a%2bb%2fc%3d%22%e4%bd%a0+%3c%26%27%5c%3e%f0%9f%98%80%25z",
            "a%252Bb%252Fc%253D%2522%25E4%25BD%25A0%2520%253C%2526%2527%255C%253E%25F0%259F%2598%2580%2525z",
            r#"a+b\/c=\"你 <&'\\>😀%z"#,
            r#"a\u002bb/c\u003D\"\u4f60 \u003c\u0026\u0027\\\u003e\ud83d\ude00%z"#,
            r#"a+b/c=\"你 <&\'\\>\u{1f600}%z"#,
            "a+b/c=&quot;你 &lt;&amp;&#39;\\&gt;😀%z",
            "a&#43;b&#x2F;c&#61;&#34;&#20320;&nbsp;&lt;&amp;&apos;&#92;&gt;&#x1F600;%z",
            r"a+b/c=\&quot;你 &lt;&amp;&#039;\\&gt;😀%z",
            "a+b/c=&amp;quot;你 &amp;lt;&amp;amp;&amp;#39;\\&amp;gt;😀%z",
        ] {
            let text = format!("token={escaped}&x");
            assert_eq!(redact(&[SECRET], &text), "token=***&x", "{text}");
        }
    }

    #[test]
    fn a_beginning_is_hidden_too() {
        assert_eq!(redact(&["0123456789abcdef"], "it begins 0123456789…"), "it begins ***…");
        assert_eq!(
            redact(&["0123456789abcdef"], "012345 is short, 01234"),
            "012345 is short, ***"
        );
    }

    #[test]
    fn an_escape_before_a_secret_does_not_save_it() {
        // As an escape, `%20` has the secret's first digits in it.
        assert_eq!(redact(&["201509BBeff9"], "100%201509BBeff9"), "100%***");
        assert_eq!(redact(&["nothing known"], r"C:\nothing known"), r"C:\***");
        assert_eq!(redact(&["nothing known"], r"C:\nothing%20known"), r"C:\***");
        assert_eq!(redact(&["1abc/known"], "%41abc%2Fknown"), "%4***");
    }

    #[test]
    fn secrets_that_overlap_are_hidden_together() {
        assert_eq!(redact(&["abcdefgh", "efghijkl"], "<abcdefghijkl>"), "<***>");
        assert_eq!(redact(&["abcdefgh"], "abcdefghabcdefgh"), "***");
    }

    #[test]
    fn more_than_a_person_reads_is_cut() {
        let text = "x".repeat(LONGEST) + "0123456789abcdef";
        assert_eq!(redact(&["0123456789abcdef"], &text), "x".repeat(LONGEST) + "…");
        let text = "x".repeat(LONGEST - 5) + "0123456789abcdef";
        assert_eq!(redact(&["0123456789abcdef"], &text), "x".repeat(LONGEST - 5) + "***…");
    }

    fn json(text: &str) -> String {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    }

    fn percent_encoded(text: &str) -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    fn form(text: &str) -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    fn html(text: &str) -> String {
        text.chars()
            .map(|character| match character {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&#39;".to_owned(),
                other => other.to_string(),
            })
            .collect()
    }

    #[test]
    fn a_secret_that_reads_like_an_escape_is_found() {
        for (secret, text) in [
            ("0你😀😀你你<\\", "0你😀😀你你&lt;\\b"),
            ("secret<\\number", "secret&lt;\\number"),
            ("secret\\%41bc", "secret\\\\%41bc"),
            ("secret&lt;%", "secret%26lt;%25"),
        ] {
            assert!(redact(&[secret], text).contains(HIDDEN), "{secret} in {text}");
        }
    }

    proptest! {
        #[test]
        fn a_secret_is_found_whatever_it_is(secret in "[ -~你😀]{8,40}", before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
            for escape in [str::to_owned, json, percent_encoded, form, html] as [fn(&str) -> String; 5] {
                for again in [str::to_owned, json, percent_encoded, html] as [fn(&str) -> String; 4] {
                    let quoted = again(&escape(&secret));
                    let redacted = redact(&[&secret], &format!("{before}{quoted}{after}"));
                    prop_assert!(redacted.contains(HIDDEN), "{quoted}: {redacted}");
                }
            }
        }

        #[test]
        fn any_text_can_be_searched(secret in any::<String>(), text in "[%&#;x\\\\u{}0-9a-f]{0,60}") {
            redact(&[&secret, &text], &text);
        }
    }
}
