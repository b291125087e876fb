//! Bodies of uploads: `multipart/form-data` by RFC 7578.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

use crate::types::File;

/// A body and its `Content-Type`.
pub(super) fn encode<'a>(
    texts: impl Iterator<Item = (&'a str, &'a str)>,
    files: &[(Cow<'static, str>, File)],
) -> (String, Vec<u8>) {
    let boundary = boundary();
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
fn boundary() -> String {
    // Each `RandomState` has its own keys.
    let random = || RandomState::new().build_hasher().finish();
    format!("alipay-api-{:016x}{:016x}", random(), random())
}
