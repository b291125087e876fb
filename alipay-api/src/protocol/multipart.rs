//! Bodies of uploads: `multipart/form-data` by RFC 7578.

use std::{
    borrow::Cow,
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::{
    random::{self, RandomSource},
    transport::RequestBody,
    types::{File, FileBody, FileError},
};

/// A body and its `Content-Type`: of texts with their names and content types, and files. The files are read while the body is sent.
pub(super) fn encode<'a>(
    texts: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    files: &[(Cow<'static, str>, File)],
    random: &dyn RandomSource,
) -> (String, RequestBody) {
    // So long that no content contains it by chance.
    let boundary = format!("alipay-api-{}", random::digits(random));
    let head = |disposition: &str, content_type: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {content_type}\r\n\r\n")
    };
    let mut form = Form::default();
    let mut text = String::new();
    for (name, content_type, value) in texts {
        text.push_str(&head(&format!("name=\"{}\"", quoted(name)), content_type));
        text.push_str(value);
        text.push_str("\r\n");
    }
    for (name, file) in files {
        let disposition = format!("name=\"{}\"; filename=\"{}\"", quoted(name), quoted(file.name()));
        text.push_str(&head(&disposition, "application/octet-stream"));
        form.text(std::mem::take(&mut text));
        form.file(name.clone(), file);
        text.push_str("\r\n");
    }
    form.text(format!("{text}--{boundary}--\r\n"));
    let content_type = format!("multipart/form-data; boundary={boundary}");
    (content_type, RequestBody::stream(form.length, form))
}

/// Written like browsers do: characters that would end the quotes or the line are percent-encoded.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The parts of a form, in their order.
#[derive(Default)]
struct Form {
    parts: VecDeque<Part>,
    length: u64,
}

enum Part {
    Text(Bytes),
    File(FileBody),
}

impl Form {
    fn text(&mut self, text: String) {
        self.length = self.length.saturating_add(text.len() as u64);
        self.parts.push_back(Part::Text(text.into()));
    }

    fn file(&mut self, field: Cow<'static, str>, file: &File) {
        self.length = self.length.saturating_add(file.size());
        self.parts.push_back(Part::File(FileBody::new(field, file)));
    }
}

impl Body for Form {
    type Data = Bytes;
    type Error = FileError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FileError>>> {
        loop {
            let piece = match self.parts.front_mut() {
                Some(Part::Text(text)) if text.is_empty() => None,
                Some(Part::Text(text)) => Some(Ok(std::mem::take(text))),
                Some(Part::File(file)) => ready!(file.poll_piece(context)),
                None => return Poll::Ready(None),
            };
            if let Some(piece) = piece {
                return Poll::Ready(Some(piece.map(Frame::data)));
            }
            self.parts.pop_front();
        }
    }
}
