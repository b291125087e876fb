//! Text in web pages.

/// Text that is safe in HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// What [`escape`] made of it.
pub(crate) fn unescape(text: &str) -> String {
    // `&` last: what it begins then is text.
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_comes_back() {
        for text in ["", "a=<b>&c=\"d\"&e='f'", "&amp;lt;", "&lt;&amp;"] {
            assert_eq!(unescape(&escape(text)), text);
            assert!(!escape(text).contains(['<', '>', '"', '\'']));
        }
    }
}
