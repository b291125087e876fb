//! `multipart/form-data`, as file uploads send it.

/// A part of a form.
pub(crate) struct Part<'a> {
    /// The field's name.
    pub(crate) name: String,
    /// The file's name, if it is a file.
    pub(crate) file_name: Option<String>,
    /// What it holds.
    pub(crate) content: &'a [u8],
}

/// The boundary that a content type names.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.split_once("boundary=")?;
    let boundary = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([';', ' ']).next()?,
    };
    (!boundary.is_empty()).then_some(boundary)
}

/// The parts of a form, or nothing if the body is not one.
pub(crate) fn parse<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let opening = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = &body[find(body, opening.as_bytes())? + opening.len()..];
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, delimiter.as_bytes())?;
        parts.push(part(&rest[..end])?);
        rest = &rest[end + delimiter.len()..];
    }
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let end = find(bytes, b"\r\n\r\n")?;
    let content = &bytes[end + 4..];
    let headers = std::str::from_utf8(&bytes[..end]).ok()?;
    let disposition = headers
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    Some(Part {
        name: attribute(disposition, "name")?,
        file_name: attribute(disposition, "filename"),
        content,
    })
}

/// The value of `; key="value"`. Inside the quotes, `;` is a character like any other, and a backslash may stand before a quote or another one.
fn attribute(header: &str, key: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        if name.trim() == key {
            return Some(value);
        }
        (_, rest) = after.split_once(';')?;
    }
}

/// What stands before the closing quote, and what comes behind that.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push(letter),
            },
            other => value.push(other),
        }
    }
    None
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_and_files() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"image_type\"\r\n\r\njpg\r\n\
            --X\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\r\n\xd8\r\n--X--\r\n";
        let parts = parse(body, boundary("multipart/form-data; boundary=\"X\"").unwrap()).unwrap();
        assert_eq!(
            (parts[0].name.as_str(), parts[0].file_name.as_deref(), parts[0].content),
            ("image_type", None, &b"jpg"[..])
        );
        assert_eq!(
            (parts[1].name.as_str(), parts[1].file_name.as_deref(), parts[1].content),
            ("image", Some("a.jpg"), &b"\xff\r\n\xd8"[..])
        );
    }

    #[test]
    fn a_files_name_has_whatever_its_quotes_hold() {
        for (sent, name) in [
            ("filename=\"a;b=c.jpg\"; name=\"f\"", "a;b=c.jpg"),
            ("name=\"f\"; filename=\"图 \\\"片\\\".jpg\"", "图 \"片\".jpg"),
            ("name=f;filename=a.jpg", "a.jpg"),
            ("filename=\"C:\\a.jpg\" ; name=f ; x=y", "C:\\a.jpg"),
            ("name=\"f\"; filename=\"\"", ""),
        ] {
            let body = format!("--X\r\nContent-Disposition: form-data; {sent}\r\n\r\n1\r\n--X--");
            let parts = parse(body.as_bytes(), "X").unwrap();
            assert_eq!(
                (parts[0].name.as_str(), parts[0].file_name.as_deref()),
                ("f", Some(name))
            );
        }
        let open = b"--X\r\nContent-Disposition: form-data; name=\"f\r\n\r\n1\r\n--X--";
        assert!(parse(open, "X").is_none());
    }

    #[test]
    fn broken_forms_are_none() {
        for body in [
            &b""[..],
            b"--X",
            b"--X\r\n",
            b"--X\r\n\r\n--X--",
            b"--X\r\nContent-Disposition: form-data\r\n\r\n1\r\n--X--",
        ] {
            assert!(parse(body, "X").is_none());
        }
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("multipart/form-data; boundary="), None);
    }
}
