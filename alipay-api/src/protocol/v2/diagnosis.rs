//! What differs, when the gateway says that a signature is wrong and perhaps quotes the text that it built itself.

/// The gateway's own words, and which parameters differ; never the quotation, which is the whole request.
///
/// `sub_message` is the gateway's; `ours` are the parameters that were signed, in their order.
pub(super) fn explain(sub_message: &str, ours: &[(&str, &str)]) -> String {
    let theirs = unescape(sub_message);
    let words = without_quotation(&theirs, ours);
    let explanation = compare(&theirs, ours);
    if words.is_empty() {
        explanation
    } else {
        format!("{words} ({explanation})")
    }
}

fn compare(theirs: &str, ours: &[(&str, &str)]) -> String {
    if !theirs.contains("app_id=") {
        return "the gateway does not quote the text that it built".to_owned();
    }
    let last = ours.len().saturating_sub(1);
    let differing: Vec<&str> = ours
        .iter()
        .enumerate()
        .filter(|(index, (name, value))| !has(theirs, name, value, *index == last))
        .map(|(_, (name, _))| *name)
        .collect();
    if differing.is_empty() {
        "the gateway built the same text, so the key is wrong: upload the public key (应用公钥) that belongs to the client's private key"
            .to_owned()
    } else {
        format!(
            "the gateway received other parameters than the client signed: `{}` differs; look for a proxy or filter that changes requests",
            differing.join("`, `")
        )
    }
}

/// The text before the first parameter. Text behind the last one can't be separated from its value.
fn without_quotation<'a>(theirs: &'a str, ours: &[(&str, &str)]) -> &'a str {
    let starts = ours.iter().filter_map(|(name, _)| theirs.find(&format!("{name}=")));
    let words = &theirs[..starts.min().unwrap_or(theirs.len())];
    words.trim_end_matches(|character: char| {
        !character.is_alphanumeric() && !matches!(character, ')' | '）' | '。' | '.' | '!')
    })
}

/// Whether the text has the parameter between `&`s; before the first and after the last may stand anything that is no part of a word.
fn has(text: &str, name: &str, value: &str, is_last: bool) -> bool {
    let parameter = format!("{name}={value}");
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.match_indices(&parameter).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + parameter.len()..].chars().next();
        !before.is_some_and(is_word) && (after == Some('&') || (is_last && !after.is_some_and(is_word)))
    })
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

    const OURS: &[(&str, &str)] = &[
        ("app_id", "1"),
        ("biz_content", r#"{"subject":"a&b&hunter2"}"#),
        ("timestamp", "2026-01-01 00:00:00"),
    ];

    fn theirs(app_id: &str, timestamp: &str) -> String {
        let text = format!(r#"app_id={app_id}&biz_content={{"subject":"a&b&hunter2"}}&timestamp={timestamp}"#);
        format!(
            "验签出错, 待验签串 = {}。",
            text.replace('&', "&amp;").replace('"', "&quot;")
        )
    }

    #[test]
    fn names_the_parameter_that_differs() {
        let told = explain(&theirs("1", "2026-01-01 00:00:01"), OURS);
        assert_eq!(
            told,
            "验签出错, 待验签串 (the gateway received other parameters than the client signed: `timestamp` differs; look for a proxy or filter that changes requests)"
        );
        let told = explain(&theirs("12", "2026-01-01 00:00:00"), OURS);
        assert!(told.contains(": `app_id` differs;"), "{told}");
    }

    #[test]
    fn shows_no_value() {
        let told = explain("app_id=1", OURS);
        assert!(told.contains("`biz_content`") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn blames_the_key_where_nothing_differs() {
        assert!(explain(&theirs("1", "2026-01-01 00:00:00"), OURS).contains("upload the public key"));
    }

    #[test]
    fn keeps_the_gateways_words_where_nothing_is_quoted() {
        let words = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配";
        let told = explain(words, OURS);
        assert_eq!(
            told,
            format!("{words} (the gateway does not quote the text that it built)")
        );
        assert_eq!(explain("", OURS), "the gateway does not quote the text that it built");
    }

    #[test]
    fn shows_nothing_of_half_a_quotation() {
        let told = explain(r#"无效签名: biz_content={"subject":"a&b&hunter2"}"#, OURS);
        assert_eq!(told, "无效签名 (the gateway does not quote the text that it built)");
    }
}
