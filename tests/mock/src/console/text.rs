//! Text from outside as pages show it: what can't be seen is made visible, what is long is cut, and secrets are masked.

use std::fmt::Write as _;

use crate::journal::Received;

/// So many characters of something short, such as a number.
pub(super) const SHORT: usize = 80;
/// The same of a line.
pub(super) const LINE: usize = 200;
/// The same of a whole text.
pub(super) const WHOLE: usize = 12_000;

/// So many characters all values of a list of parameters have together.
const ALL_VALUES: usize = 60_000;
/// So many parameters are shown.
const PARAMETERS: usize = 200;

/// Parameters as pages show them, without secrets; behind them, how many more there are.
pub(super) fn parameters(received: &Received, secrets: &Secrets) -> Vec<(String, String)> {
    let mut left = ALL_VALUES;
    let mut all: Vec<_> = received
        .iter()
        .take(PARAMETERS)
        .map(|(name, value)| {
            let value = shown(&secrets.mask_value(name, value), WHOLE.min(left));
            left = left.saturating_sub(value.chars().count());
            (line(name, SHORT), value)
        })
        .collect();
    if received.len() > PARAMETERS {
        all.push(("…".to_owned(), format!("(+{})", received.len() - PARAMETERS)));
    }
    all
}

/// The first so many characters of a text, with what can't be seen as signs; behind them, how many more there are.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut letters = text.chars();
    for letter in letters.by_ref().take(limit) {
        match letter {
            '\n' => shown.push('\n'),
            // The signs that Unicode has for control characters.
            '\0'..='\x1f' => shown.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}')),
            '\x7f' => shown.push('\u{2421}'),
            letter if is_unseen(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    let rest = letters.count();
    if rest > 0 {
        let _ = write!(shown, " … (+{rest})");
    }
    shown
}

/// The same in one line.
pub(super) fn line(text: &str, limit: usize) -> String {
    shown(text, limit).replace('\n', "\u{240a}")
}

/// Whether a character has no look of its own, or changes that of others: it could make a text look like another one.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What secrets stand under.
const SECRET: [&str; 8] = [
    "app_auth_token",
    "auth_token",
    "access_token",
    "app_refresh_token",
    "refresh_token",
    "app_auth_code",
    "auth_code",
    "alipay-app-auth-token",
];
/// A shorter value is no secret: it is a word.
const SHORTEST: usize = 6;

/// What is masked in the texts of a request.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets of a request, by the names of its parameters.
    pub(super) fn of(parameters: &Received) -> Self {
        // What becomes a token has this name in the requests of two methods; elsewhere, it is a result.
        const CODE: &str = "code";
        let exchanges = parameters
            .get("method")
            .is_some_and(|method| method.contains("oauth.token") || method.contains("auth.token"));
        let mut secrets = Vec::new();
        for (name, value) in parameters {
            if SECRET.contains(&name.as_str()) || (exchanges && name == CODE) {
                secrets.push(value.clone());
            }
            if exchanges && name == "biz_content" {
                let found = values(value, &[CODE]);
                secrets.extend(found.into_iter().map(|(start, end)| value[start..end].to_owned()));
            }
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        Self(secrets)
    }

    /// A text without the secrets: those of the request, and all that stand behind a name of a secret.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut masked = String::new();
        let mut done = 0;
        for (start, end) in values(text, &SECRET) {
            masked.push_str(&text[done..start]);
            masked.push_str(&mask(&text[start..end]));
            done = end;
        }
        masked.push_str(&text[done..]);
        for secret in &self.0 {
            masked = masked.replace(secret.as_str(), &mask(secret));
        }
        masked
    }

    /// The value of a parameter, without secrets.
    pub(super) fn mask_value(&self, name: &str, value: &str) -> String {
        if SECRET.contains(&name) && value.len() >= SHORTEST {
            return mask(value);
        }
        self.mask(value)
    }
}

/// Enough of a secret to recognise it by, and not to use it.
fn mask(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let kept = if letters.len() >= 16 { 4 } else { 0 };
    let of = |part: &[char]| part.iter().collect::<String>();
    format!("{}••••{}", of(&letters[..kept]), of(&letters[letters.len() - kept..]))
}

/// Where the values of these names are, in order: in JSON, also if it is broken or quoted, and in forms.
fn values(text: &str, names: &[&str]) -> Vec<(usize, usize)> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let is_between = |byte: u8| matches!(byte, b'"' | b'\\' | b':' | b'=' | b' ');
    let is_of_value =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'~' | b'%');
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for name in names {
        for (at, _) in text.match_indices(name) {
            let behind = at + name.len();
            let is_whole = at == 0 || !is_of_name(bytes[at - 1]);
            let between = bytes[behind..].iter().take_while(|byte| is_between(**byte)).count();
            let start = behind + between;
            let length = bytes[start..].iter().take_while(|byte| is_of_value(**byte)).count();
            if is_whole && between > 0 && length >= SHORTEST {
                found.push((start, start + length));
            }
        }
    }
    found.sort_unstable();
    found.dedup_by(|next, before| next.0 < before.1);
    found
}

/// Where two texts begin to differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// After so many characters.
    pub(super) after: usize,
    /// The surroundings in one, and in the other.
    pub(super) one: String,
    pub(super) other: String,
}

/// The first difference of two texts.
pub(super) fn difference(one: &str, other: &str) -> Option<Difference> {
    const BEFORE: usize = 24;
    const BEHIND: usize = 40;
    let pairs = one.char_indices().zip(other.chars());
    let same = pairs.take_while(|((_, a), b)| a == b);
    let (after, at) = same.fold((0, 0), |(count, _), ((at, letter), _)| {
        (count + 1, at + letter.len_utf8())
    });
    if one.len() == other.len() && at == one.len() {
        return None;
    }
    let begins = one[..at]
        .char_indices()
        .rev()
        .take(BEFORE)
        .last()
        .map_or(at, |(begin, _)| begin);
    let around = |text: &str| {
        let front = if begins > 0 { "…" } else { "" };
        let behind: String = text[at..].chars().take(BEHIND).collect();
        let more = if at + behind.len() < text.len() { "…" } else { "" };
        format!("{front}{}▶{behind}{more}", &text[begins..at])
    };
    Some(Difference {
        after,
        one: around(one),
        other: around(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_and_what_is_long_is_cut() {
        assert_eq!(shown("a\0b\x1b[1m\u{7f}", 20), "a␀b␛[1m␡");
        assert_eq!(shown("moc\u{202e}txt\u{feff}", 20), "moc\\u{202e}txt\\u{feff}");
        assert_eq!(shown("a\nb", 20), "a\nb");
        assert_eq!(line("a\r\nb", 20), "a␍␊b");
        assert_eq!(shown("你好你好", 4), "你好你好");
        assert_eq!(shown("你好你好你", 4), "你好你好 … (+1)");
        let long = shown(&"<".repeat(1 << 20), 10);
        assert_eq!(long, format!("<<<<<<<<<< … (+{})", (1 << 20) - 10));
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        const TOKEN: &str = "202611BB0123456789abcdef0123456789";
        let received = Received::from([
            ("method".to_owned(), "alipay.system.oauth.token".to_owned()),
            ("code".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()),
            ("app_auth_token".to_owned(), TOKEN.to_owned()),
        ]);
        let secrets = Secrets::of(&received);
        for text in [
            format!("{{\"app_auth_token\":\"{TOKEN}\",\"code\":\"10000\"}}"),
            format!("{{\"access_token\" : \"{TOKEN}"),
            format!("{{\"biz_content\":\"{{\\\"app_refresh_token\\\":\\\"{TOKEN}\\\"}}\"}}"),
            format!("a=1&app_auth_token={TOKEN}&b=2"),
            format!("POST\n/v3/alipay\n{{}}\n{TOKEN}\n"),
            "code=0123456789abcdef0123456789abcdef&grant_type=authorization_code".to_owned(),
        ] {
            let masked = secrets.mask(&text);
            assert!(
                !masked.contains(TOKEN) && !masked.contains("0123456789abcdef0123"),
                "{masked}"
            );
            assert!(masked.contains("••••"), "{masked}");
        }
        assert_eq!(secrets.mask("\"code\":\"10000\""), "\"code\":\"10000\"");
        assert_eq!(secrets.mask_value("auth_code", "28763443825664394"), "2876••••4394");
        assert_eq!(Secrets::default().mask("auth_token=你好"), "auth_token=你好");
        let content = "{\"grant_type\":\"authorization_code\",\"code\":\"0123456789abcdef0123456789abcdef\"}";
        let received = Received::from([
            ("method".to_owned(), "alipay.open.auth.token.app".to_owned()),
            ("biz_content".to_owned(), content.to_owned()),
        ]);
        assert!(!Secrets::of(&received).mask(content).contains("0123456789abcdef0123"));
    }

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(difference("a=1&b=2", "a=1&b=2"), None);
        let found = difference("a=1&b=2", "a=1&c=2").unwrap();
        assert_eq!((found.after, &*found.one, &*found.other), (4, "a=1&▶b=2", "a=1&▶c=2"));
        let found = difference("你好", "你好吗").unwrap();
        assert_eq!((found.after, &*found.one, &*found.other), (2, "你好▶", "你好▶吗"));
        let long = "x".repeat(100);
        let found = difference(&format!("{long}a{long}"), &format!("{long}b")).unwrap();
        assert_eq!(found.other, format!("…{}▶b", "x".repeat(24)));
        assert!(found.one.ends_with('…'));
    }
}
