//! What differs, when the gateway says that a signature is wrong and quotes the text that it built itself.

/// Says which parameter differs, never its value: that may be a token.
///
/// `sub_message` is the gateway's; `ours` is the text that was signed.
pub(crate) fn explain(sub_message: &str, ours: &str) -> String {
    const KEY_HINT: &str =
        "the gateway built the same text: so the public key that is registered for the app is not the private key's";
    let theirs = unescape(sub_message);
    if theirs.contains(ours) {
        return KEY_HINT.to_owned();
    }
    let differing: Vec<&str> = ours
        .split('&')
        .filter(|parameter| !theirs.contains(parameter))
        .map(|parameter| parameter.split('=').next().unwrap_or_default())
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .collect();
    match differing.as_slice() {
        _ if !theirs.contains("app_id=") => "the gateway does not quote the text that it built".to_owned(),
        [] => "the gateway built a text with other parameters beside ours".to_owned(),
        names => format!("the gateway built another text: it differs in `{}`", names.join("`, `")),
    }
}

/// The gateway escapes its quotation for HTML.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "app_id=1&biz_content={\"subject\":\"a&b\"}&timestamp=2026-01-01 00:00:00";

    #[test]
    fn names_the_parameter_that_differs() {
        let theirs = "验签出错, 待验签串 = app_id=1&amp;biz_content={&quot;subject&quot;:&quot;a&amp;b&quot;}&amp;timestamp=2026-01-01 00:00:01";
        assert_eq!(
            explain(theirs, OURS),
            "the gateway built another text: it differs in `timestamp`"
        );
    }

    #[test]
    fn blames_the_key_where_nothing_differs() {
        let theirs = OURS.replace('&', "&amp;").replace('"', "&quot;");
        assert!(explain(&theirs, OURS).contains("registered for the app"));
    }

    #[test]
    fn says_so_where_nothing_is_quoted() {
        assert!(explain("无效签名", OURS).contains("does not quote"));
    }
}
