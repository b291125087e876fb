//! The little XML that Alipay sends as `biz_content` to an app's gateway: one element that holds elements of text.
//!
//! Nothing is ever expanded: a document type, attributes and references such as `&lt;` make a text unreadable. Alipay sends none of them.

/// Alipay sends nothing that is deeper.
const MAX_DEPTH: usize = 16;

/// The text of the one element of this name inside the outermost element, without blanks around it; `None` where there is no such
/// element, or more than one, or where this is not XML of that sort.
pub(super) fn text_of(xml: &str, name: &str) -> Option<String> {
    let mut rest = xml.trim_ascii();
    if let Some(declared) = rest.strip_prefix("<?xml") {
        rest = declared.split_once("?>")?.1;
    }
    let mut open: Vec<&str> = Vec::new();
    let mut found: Option<String> = None;
    loop {
        let token = next(&mut rest)?;
        match token {
            Token::Text(text) => match (open.as_slice(), &mut found) {
                ([], _) if !text.trim_ascii().is_empty() => return None,
                ([_, inner], Some(found)) if *inner == name => found.push_str(text),
                _ => {}
            },
            Token::Start(tag) | Token::Empty(tag) => {
                // Of two, which would count?
                if open.len() == 1 && tag == name && found.replace(String::new()).is_some() {
                    return None;
                }
                if let Token::Start(_) = token {
                    open.push(tag);
                }
            }
            Token::End(tag) => {
                if open.pop() != Some(tag) {
                    return None;
                }
            }
        }
        if open.len() > MAX_DEPTH {
            return None;
        }
        let is_over = open.is_empty() && !matches!(token, Token::Text(_));
        if is_over {
            return found
                .filter(|_| rest.is_empty())
                .map(|text| text.trim_ascii().to_owned());
        }
    }
}

#[derive(Clone, Copy)]
enum Token<'a> {
    Start(&'a str),
    /// An element without content, `<a/>`.
    Empty(&'a str),
    End(&'a str),
    Text(&'a str),
}

/// Takes a token off the front.
fn next<'a>(rest: &mut &'a str) -> Option<Token<'a>> {
    if let Some(section) = rest.strip_prefix("<![CDATA[") {
        let (text, after) = section.split_once("]]>")?;
        *rest = after;
        return Some(Token::Text(text));
    }
    let Some(markup) = rest.strip_prefix('<') else {
        let end = rest.find('<')?;
        let (text, after) = rest.split_at(end);
        *rest = after;
        return (!text.contains('&')).then_some(Token::Text(text));
    };
    let (tag, after) = markup.split_once('>')?;
    *rest = after;
    let (make, tag): (fn(&'a str) -> Token<'a>, _) = match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
        (Some(tag), _) => (Token::End, tag),
        (None, Some(tag)) => (Token::Empty, tag),
        (None, None) => (Token::Start, tag),
    };
    let tag = tag.trim_ascii_end();
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (!tag.is_empty() && tag.bytes().all(is_in_name)).then(|| make(tag))
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn the_text_is_found() {
        for xml in [
            r#"<?xml version="1.0" encoding="gbk"?><XML><AppId><![CDATA[7]]></AppId><FromUserId></FromUserId><MsgType/></XML>"#,
            "<XML><AppId>7</AppId></XML>",
            "\n<XML >\n <Other>你好</Other>\n <AppId >\n <![CDATA[7]]>\n </AppId >\n</XML>\n",
            "<XML><Text><![CDATA[<AppId>8</AppId>]]></Text><AppId><![CDATA[7]]></AppId></XML>",
            "<XML><A><AppId>8</AppId><B/></A><AppId>7</AppId></XML>",
        ] {
            assert_eq!(text_of(xml, "AppId").as_deref(), Some("7"), "{xml}");
        }
        assert_eq!(
            text_of("<a><b><![CDATA[x<&]]>y<![CDATA[ z]]></b></a>", "b").as_deref(),
            Some("x<&y z")
        );
        assert_eq!(text_of("<a><b/></a>", "b").as_deref(), Some(""));
    }

    #[test]
    fn what_is_not_plain_is_not_read() {
        let deep = "<a>".repeat(1000);
        for xml in [
            "",
            "7",
            "<AppId>7</AppId>",
            "<XML></XML>",
            "<XML><AppId>7</AppId>",
            "<XML><AppId>7</AppId></XML>x",
            "<XML><AppId>7</XML></AppId>",
            "<XML><AppId>7</AppId></XML><XML></XML>",
            "x<XML><AppId>7</AppId></XML>",
            "<XML><AppId>7</AppId><AppId>8</AppId></XML>",
            "<XML><AppId>7</AppId><AppId/></XML>",
            "<XML><AppId><b>7</b></AppId></XML",
            r#"<XML><AppId id="1">7</AppId></XML>"#,
            "<XML><AppId>&#55;</AppId></XML>",
            "<XML><AppId>7</AppId><x>&lt;</x></XML>",
            r#"<!DOCTYPE x [<!ENTITY a "7">]><XML><AppId>&a;</AppId></XML>"#,
            "<XML><!-- x --><AppId>7</AppId></XML>",
            "<XML><AppId><![CDATA[7]]</AppId></XML>",
            "<?xml <XML><AppId>7</AppId></XML>",
            &deep,
        ] {
            assert_eq!(text_of(xml, "AppId"), None, "{xml}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r"(<|>|/|a|b|!\[CDATA\[|\]\]>|\?xml|\?>| |&|你){0,40}") {
            text_of(&text, "a");
        }
    }
}
