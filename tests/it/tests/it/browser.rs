//! What a browser does with pages: it opens URLs, reads forms and submits them.

/// Opens a URL as a browser does.
pub(crate) async fn browse(url: &str) -> (u16, String) {
    let response = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The address and the fields that a browser reads in a form: attributes are unescaped once.
pub(crate) fn as_a_browser_reads(form: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let start = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        let value = &tag[start..start + tag[start..].find('"').unwrap()];
        // A browser turns line ends that are not escaped into line feeds, and drops NUL.
        unescaped(&value.replace("\r\n", "\n").replace('\r', "\n"))
    };
    let fields = form
        .split("<input")
        .skip(1)
        .map(|input| (attribute(input, "name"), attribute(input, "value")));
    (attribute(form.split('>').next().unwrap(), "action"), fields.collect())
}

/// Text as HTML's parser reads it.
pub(crate) fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut unescaped = parts.next().unwrap().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap();
        let character = match reference {
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "amp" => '&',
            _ => match reference.strip_prefix('#').unwrap().parse().unwrap() {
                0 => '\u{fffd}',
                byte @ 0x80..=0x9f => {
                    let bytes = [u8::try_from(byte).unwrap()];
                    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&bytes);
                    text.chars().next().unwrap()
                }
                number => char::from_u32(number).unwrap(),
            },
        };
        unescaped.push(character);
        unescaped.push_str(rest);
    }
    unescaped
}

/// Submits a form as a browser does: fields are encoded once.
pub(crate) async fn submit(form: &str) -> (u16, String) {
    let (action, fields) = as_a_browser_reads(form);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(action)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
