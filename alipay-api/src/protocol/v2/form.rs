//! The HTML form that sends a browser to the gateway by POST.

use std::fmt::Write as _;

use super::{parameters::SignedParameters, request::is_in_query};
use crate::protocol::urlencoded::append_encoded;

/// A form that submits itself. It can be put into a page unchanged.
pub(super) fn html(gateway: &str, parameters: &SignedParameters<'_>) -> String {
    let mut action = format!("{gateway}?");
    append_encoded(&mut action, parameters.iter().filter(|(name, _)| is_in_query(name)));
    let mut form = String::from("<form name=\"alipay_submit\" method=\"post\" accept-charset=\"utf-8\" action=\"");
    escape(&mut form, &action);
    form.push_str("\">\n");
    for (name, value) in parameters.iter().filter(|(name, _)| !is_in_query(name)) {
        form.push_str("<input type=\"hidden\" name=\"");
        escape(&mut form, name);
        form.push_str("\" value=\"");
        escape(&mut form, value);
        form.push_str("\">\n");
    }
    form.push_str("<noscript><button type=\"submit\">");
    escape(&mut form, "支付宝");
    form.push_str("</button></noscript>\n</form>\n");
    form.push_str("<script>document.forms[\"alipay_submit\"].submit();</script>\n");
    form
}

/// Escapes text for an attribute in either kind of quotes, in a page of any charset.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A parser of HTML would turn these into a line feed, and the signature would not hold.
            '\r' | '\n' => number(out, character),
            // Parsers of HTML take references to these for characters of Windows-1252.
            '\u{80}'..='\u{9f}' => out.push(character),
            // The page may be decoded with another charset, such as GBK.
            _ if !character.is_ascii() => number(out, character),
            _ => out.push(character),
        }
    }
}

/// A numeric character reference.
fn number(out: &mut String, character: char) {
    // Writing into memory does not fail.
    let _ = write!(out, "&#{};", u32::from(character));
}
