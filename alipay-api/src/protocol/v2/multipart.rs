//! Bodies of uploads: `multipart/form-data` by RFC 7578.

use std::borrow::Cow;

use crate::{
    random::{self, RandomSource},
    types::File,
};

/// A body and its `Content-Type`.
pub(super) fn encode<'a>(
    texts: impl Iterator<Item = (&'a str, &'a str)>,
    files: &[(Cow<'static, str>, File)],
    random: &dyn RandomSource,
) -> (String, Vec<u8>) {
    let boundary = boundary(random);
    let mut body = Vec::new();
    for (name, value) in texts {
        part(
            &mut body,
            &boundary,
            &format!("name=\"{}\"", quoted(name)),
            "text/plain; charset=utf-8",
            value.as_bytes(),
        );
    }
    for (name, file) in files {
        let disposition = format!("name=\"{}\"; filename=\"{}\"", quoted(name), quoted(file.name()));
        part(
            &mut body,
            &boundary,
            &disposition,
            "application/octet-stream",
            file.content(),
        );
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn part(body: &mut Vec<u8>, boundary: &str, disposition: &str, content_type: &str, content: &[u8]) {
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n");
}

/// Written like browsers do: characters that would end the quotes or the line are percent-encoded.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// 128 random bits, so that no content contains the boundary by chance.
fn boundary(random: &dyn RandomSource) -> String {
    let [high, low] = [(); 2].map(|()| random::number(random));
    format!("alipay-api-{high:016x}{low:016x}")
}
