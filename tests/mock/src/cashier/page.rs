//! Pages as they go to a browser: what they are made of, and the headers that keep them safe.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::language::Language;
use crate::protocol::text;

/// The style of all pages, in the pages themselves: they fetch nothing.
const STYLE: &str = concat!(
    include_str!("../../templates/palette.css"),
    include_str!("../../templates/style.css")
);

/// What a page may do: show itself in its own style, and send its form to the gateway. No script, no frame around it, nothing from elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A page, or the way to one.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    status: StatusCode,
    language: Language,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Html(String),
    /// The browser goes there, with `GET`.
    Elsewhere(String),
    Svg(String),
}

impl Page {
    /// The browser is sent elsewhere. After a `POST` too, it asks with `GET`.
    pub(crate) fn elsewhere(target: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SEE_OTHER,
            language: Language::default(),
            content: Content::Elsewhere(target.into()),
        }
    }

    /// A picture.
    pub(super) fn svg(picture: String) -> Self {
        Self {
            status: StatusCode::OK,
            language: Language::default(),
            content: Content::Svg(picture),
        }
    }

    fn of(status: StatusCode, language: Language, template: &impl Template) -> Self {
        match template.render() {
            Ok(html) => Self {
                status,
                language,
                content: Content::Html(html),
            },
            // Writing to memory does not fail.
            Err(error) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                language,
                content: Content::Html(error.to_string()),
            },
        }
    }

    /// With another status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// As it goes over HTTP.
    pub(crate) fn response(&self) -> Response<Bytes> {
        let (body, content_type) = match &self.content {
            Content::Html(html) => (html.clone(), None),
            Content::Elsewhere(_) => (String::new(), None),
            Content::Svg(picture) => (picture.clone(), Some("image/svg+xml")),
        };
        let mut response = text(self.status, "utf-8", body);
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Content::Elsewhere(target) = &self.content {
            // What is no ASCII is encoded. Whitespace and controls were refused when the URL came.
            let target = utf8_percent_encode(target, CONTROLS).to_string();
            if let Ok(target) = HeaderValue::from_str(&target) {
                headers.insert(header::LOCATION, target);
            }
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
        let others: [(HeaderName, &'static str); 6] = [
            (header::CONTENT_LANGUAGE, self.language.tag()),
            (header::VARY, "accept-language"),
            (header::CACHE_CONTROL, "no-store"),
            // Addresses of pages stay with the gateway; its own buttons tell it where they are.
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ];
        for (name, value) in others {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// What all pages have.
pub(super) struct Frame {
    pub(super) language: Language,
    pub(super) title: String,
    /// One narrow column, whatever the screen: it stands for a phone.
    pub(super) is_phone: bool,
    /// When the browser loads it again, or goes elsewhere: `5`, or `1;url=https://…`.
    pub(super) refresh: Option<String>,
}

/// A line of what a page shows.
pub(super) struct Row {
    pub(super) label: String,
    /// What programs find the value by.
    pub(super) id: &'static str,
    pub(super) value: String,
}

impl Row {
    pub(super) fn new(label: &str, id: &'static str, value: impl Into<String>) -> Self {
        Self {
            label: label.to_owned(),
            id,
            value: value.into(),
        }
    }
}

/// Until when something can be done.
pub(super) struct Deadline {
    pub(super) left_label: &'static str,
    pub(super) left: String,
    pub(super) end_label: &'static str,
    pub(super) end: String,
}

/// Somebody who can press the button.
pub(super) struct Choice {
    pub(super) user_id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) note: Option<String>,
    pub(super) is_chosen: bool,
}

/// A page that asks for a decision.
#[derive(Template)]
#[template(path = "ask.html")]
pub(super) struct Ask {
    pub(super) frame: Frame,
    pub(super) heading: String,
    pub(super) problem: Option<String>,
    pub(super) amount: Option<String>,
    pub(super) rows: Vec<Row>,
    /// What somebody agrees to, in words.
    pub(super) points: Vec<String>,
    pub(super) deadline: Option<Deadline>,
    pub(super) people_label: String,
    pub(super) people: Vec<Choice>,
    pub(super) action: String,
    pub(super) token: String,
    pub(super) agree: String,
    pub(super) refuse: String,
}

impl Ask {
    pub(super) fn page(&self) -> Page {
        Page::of(StatusCode::OK, self.frame.language, self)
    }
}

/// An order or a pre-authorisation that waits for a buyer.
pub(super) struct WaitingOrder {
    pub(super) target: String,
    pub(super) number: String,
    pub(super) subject: String,
    pub(super) amount: String,
}

/// A test buyer, as the page shows one.
pub(super) struct ShownBuyer {
    pub(super) name: String,
    pub(super) account: String,
    /// What becomes of a payment.
    pub(super) words: &'static str,
    pub(super) code: &'static str,
    /// The code's picture, which is SVG.
    pub(super) picture: String,
    pub(super) orders: Vec<WaitingOrder>,
}

/// The page of the test buyers.
#[derive(Template)]
#[template(path = "buyers.html")]
pub(super) struct Buyers {
    pub(super) frame: Frame,
    pub(super) heading: String,
    pub(super) words: String,
    pub(super) waiting: String,
    pub(super) confirm: String,
    pub(super) people: Vec<ShownBuyer>,
}

impl Buyers {
    pub(super) fn page(&self) -> Page {
        Page::of(StatusCode::OK, self.frame.language, self)
    }
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Done,
    /// Nothing was done, and nothing is wrong.
    Open,
    Bad,
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Bad => "bad",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Done => "✓",
            Self::Open => "…",
            Self::Bad => "!",
        }
    }
}

/// A text that is quoted.
pub(super) struct Quote {
    pub(super) label: &'static str,
    pub(super) text: String,
}

/// A way to go on.
pub(super) struct Link {
    pub(super) target: String,
    pub(super) id: &'static str,
    pub(super) label: String,
}

/// A page that tells what happened, or what is wrong.
#[derive(Template)]
#[template(path = "told.html")]
pub(super) struct Told {
    pub(super) frame: Frame,
    pub(super) mood: Mood,
    pub(super) heading: String,
    pub(super) words: String,
    pub(super) amount: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) quote: Option<Quote>,
    pub(super) links: Vec<Link>,
}

impl Told {
    /// A page with these words.
    pub(super) fn new(language: Language, mood: Mood, heading: &str, words: impl Into<String>) -> Self {
        Self {
            frame: Frame {
                language,
                title: heading.to_owned(),
                is_phone: true,
                refresh: None,
            },
            mood,
            heading: heading.to_owned(),
            words: words.into(),
            amount: None,
            rows: Vec::new(),
            quote: None,
            links: Vec::new(),
        }
    }

    /// Sends the browser back to the merchant after so many seconds, or at a click.
    pub(super) fn returning(mut self, target: Option<String>, seconds: u8) -> Self {
        let language = self.frame.language;
        if let Some(target) = target {
            self.frame.refresh = Some(format!("{seconds};url={target}"));
            self.links.push(Link {
                target,
                id: "return",
                label: language.say("返回商户", "Back to the merchant").to_owned(),
            });
        }
        self
    }

    pub(super) fn page(&self) -> Page {
        Page::of(StatusCode::OK, self.frame.language, self)
    }
}
