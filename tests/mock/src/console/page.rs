//! Pages of the console: what they are made of, and the headers that keep them safe.

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::text::{LINE, line};
use crate::cashier::language::Language;
use crate::protocol::text;

/// The style: the colours of all pages, and the console's own.
pub(super) const STYLE: &str = concat!(
    include_str!("../../templates/palette.css"),
    include_str!("../../templates/console/console.css")
);
/// What loads a page's parts again when they change.
pub(super) const SCRIPT: &str = include_str!("../../templates/console/console.js");
/// The sign in a browser's tab.
pub(super) const ICON: &str = include_str!("../../templates/console/icon.svg");

/// What a page may do: use the console's own style, script and pictures, load itself, and send its forms to the gateway. No frame around it, nothing
/// from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers that keep everything of the console safe.
pub(crate) fn protect(headers: &mut HeaderMap) {
    let all: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Other sites can neither embed a page nor hold its window.
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A file that pages refer to.
pub(super) fn file(content: &'static str, content_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(content.as_bytes()));
    protect(response.headers_mut());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The browser goes to this page, with `GET`.
pub(super) fn elsewhere(target: &str) -> Response<Bytes> {
    let mut response = text(StatusCode::SEE_OTHER, "utf-8", "");
    protect(response.headers_mut());
    // Addresses are encoded where they are made.
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

/// A place in the navigation.
pub(super) struct NavItem {
    pub(super) href: &'static str,
    pub(super) label: &'static str,
    pub(super) is_here: bool,
}

/// What a page says about what was done last.
pub(super) struct Note {
    pub(super) text: String,
    pub(super) is_bad: bool,
}

/// A page.
#[derive(Template)]
#[template(path = "console/page.html")]
pub(super) struct Sheet<'c> {
    pub(super) language: Language,
    pub(super) title: String,
    pub(super) nav: Vec<NavItem>,
    /// What it shows, by the names of topics.
    pub(super) topics: String,
    pub(super) note: Option<Note>,
    /// How far the clock was moved, if it was.
    pub(super) moved: Option<String>,
    /// What its forms send along.
    pub(super) token: &'c str,
    pub(super) blocks: Vec<Block>,
}

impl Sheet<'_> {
    /// As it goes over HTTP.
    pub(super) fn response(&self, status: StatusCode) -> Response<Bytes> {
        // Writing to memory does not fail.
        let html = self.render().unwrap_or_else(|error| error.to_string());
        let mut response = text(status, "utf-8", html);
        protect(response.headers_mut());
        let language = HeaderValue::from_static(self.language.tag());
        response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
        response
    }
}

/// A part of a page.
pub(super) struct Block {
    pub(super) id: &'static str,
    pub(super) heading: String,
    /// A sentence below the heading.
    pub(super) hint: Option<String>,
    /// Where there is more of it.
    pub(super) more: Option<(String, &'static str)>,
    /// Whether it has the whole width.
    pub(super) is_wide: bool,
    /// Whether it is loaded again when it changes: nothing is typed into it.
    pub(super) is_live: bool,
    pub(super) content: Content,
}

/// What a part shows.
pub(super) enum Content {
    Table(Table),
    Facts(Vec<Fact>),
    Quote(String),
    Form(Form),
    Pictures(Vec<Picture>),
}

impl Block {
    pub(super) fn new(id: &'static str, heading: &str, content: Content) -> Self {
        Self {
            id,
            heading: heading.to_owned(),
            hint: None,
            more: None,
            is_wide: true,
            is_live: !matches!(content, Content::Form(_)),
            content,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn more(mut self, href: impl Into<String>, label: &'static str) -> Self {
        self.more = Some((href.into(), label));
        self
    }

    pub(super) fn narrow(mut self) -> Self {
        self.is_wide = false;
        self
    }
}

/// Rows of cells.
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
    /// What is said where there are none.
    pub(super) empty: &'static str,
}

/// A row.
pub(super) struct Row {
    /// By which the script recognises it.
    pub(super) key: String,
    pub(super) cells: Vec<Cell>,
}

impl Row {
    fn shown_key(&self) -> String {
        line(&self.key, LINE)
    }
}

/// A text, with what belongs to it.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) href: Option<String>,
    /// `good`, `bad`, `open`, `soft` or `mono`.
    pub(super) mood: &'static str,
    pub(super) small: Option<String>,
    pub(super) button: Option<Button>,
}

impl Cell {
    /// One line of text.
    pub(super) fn new(content: &str) -> Self {
        Self {
            text: line(content, LINE),
            ..Self::default()
        }
    }

    /// Text that is ready to be shown.
    pub(super) fn ready(content: String) -> Self {
        Self {
            text: content,
            ..Self::default()
        }
    }

    pub(super) fn button(button: Button) -> Self {
        Self {
            button: Some(button),
            ..Self::default()
        }
    }

    pub(super) fn link(mut self, href: String) -> Self {
        self.href = Some(href);
        self
    }

    pub(super) fn mood(mut self, mood: &'static str) -> Self {
        self.mood = mood;
        self
    }

    pub(super) fn small(mut self, content: &str) -> Self {
        self.small = Some(line(content, LINE)).filter(|small| !small.is_empty());
        self
    }
}

/// A value under its name.
pub(super) struct Fact {
    pub(super) label: &'static str,
    /// What programs find the value by.
    pub(super) id: &'static str,
    pub(super) value: Cell,
}

/// A form of one button, in a row.
pub(super) struct Button {
    pub(super) action: &'static str,
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) label: &'static str,
}

/// A form.
pub(super) struct Form {
    /// `post`, or `get` where it changes nothing.
    pub(super) method: &'static str,
    pub(super) action: &'static str,
    pub(super) fields: Vec<Field>,
    /// Each sends its value as `press`.
    pub(super) presses: Vec<(String, &'static str)>,
}

/// A field of a form.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) input: Input,
}

/// What is typed or chosen.
pub(super) enum Input {
    Hidden(String),
    /// A text, and an example of one.
    Text(String, &'static str),
    /// A text of several lines.
    Area(String),
    /// One of many names, or none.
    OneOf(String, Vec<String>),
    /// Values and labels, and the one that is chosen.
    Choice(String, Vec<(String, String)>),
    Check(bool),
    /// A moment to the second.
    Moment(String),
}

/// A picture that leads somewhere.
pub(super) struct Picture {
    pub(super) src: String,
    pub(super) href: String,
    pub(super) caption: String,
    pub(super) small: String,
}
