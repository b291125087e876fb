//! What a person does on the pages of the embedded gateway.

use crate::browser::{as_a_browser_reads, unescaped};

/// Presses a button of a page of the gateway at this address: what the browser shows then.
pub(crate) async fn press(gateway: &str, page: &str, button: &str) -> (u16, String) {
    let (_, form) = page.split_once("<form ").unwrap();
    let (action, fields) = as_a_browser_reads(&format!("<form {form}"));
    let token = fields.into_iter().find(|(name, _)| name == "token").unwrap();
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([token, ("press".to_owned(), button.to_owned())])
        .finish();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = http.post(format!("{gateway}{action}")).body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Where a page sends the browser by itself.
pub(crate) fn goes_to(page: &str) -> Option<String> {
    let (_, refresh) = page.split_once("<meta http-equiv=\"refresh\" content=\"")?;
    let (_, target) = refresh.split_once('"')?.0.split_once(";url=")?;
    Some(unescaped(target))
}
