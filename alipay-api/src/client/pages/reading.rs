//! Reading a list page by page, whatever it is a list of.

use std::{
    fmt, mem,
    task::{Context, Poll, ready},
};

use super::{Parts, PartsFuture};
use crate::{
    Error, ErrorKind,
    codec::{Field, FieldsRef, View, digest, to_text},
    exchange::AnswerValue,
    method::PageFields,
};

/// A page that nobody has asked the size of is no larger: an answer has to fit into memory.
const LARGEST_BY_ITSELF: u64 = 2000;

/// More than any list that somebody reads to its end.
const MAX_PAGES: u64 = 10_000;

/// Sends one call after the other, and says when the list has ended.
pub(super) struct PageReader {
    state: State,
    method: &'static str,
    /// As the caller says.
    from: Option<u64>,
    max_pages: u64,
    /// Known from the first call on.
    course: Option<Course>,
    is_at_end: bool,
}

enum State {
    Idle(Box<Parts>),
    InFlight(PartsFuture),
    Ended,
}

/// How the list is read, and how far.
struct Course {
    fields: PageFields,
    first: u64,
    began_at: u64,
    /// The page that was asked for last.
    number: u64,
    /// How many pages were asked for.
    pages_asked: u64,
    /// How many items a page has, where that is known.
    size: Option<u64>,
    /// How many items were given.
    items: u64,
    /// How many of them are of the last page.
    last_items: u64,
    last_digest: Option<u64>,
    is_repeated: bool,
}

impl PageReader {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            method: parts.info.name,
            state: State::Idle(Box::new(parts)),
            from: None,
            max_pages: MAX_PAGES,
            course: None,
            is_at_end: false,
        }
    }

    pub(super) fn begin_at(&mut self, number: u64) {
        self.from = Some(number);
    }

    pub(super) fn max_pages(&mut self, pages: u64) {
        self.max_pages = pages;
    }

    /// The answer to the next call; none after the last.
    pub(super) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AnswerValue, Error>>> {
        loop {
            match &mut self.state {
                State::InFlight(call) => {
                    let (parts, answer) = ready!(call.as_mut().poll(context));
                    self.state = State::Idle(parts);
                    return Poll::Ready(Some(answer));
                }
                State::Idle(_) if !self.is_at_end => {
                    if let Err(error) = self.send() {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                State::Idle(_) | State::Ended => {
                    self.state = State::Ended;
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Sends the call for the next page.
    fn send(&mut self) -> Result<(), Error> {
        let State::Idle(mut parts) = mem::replace(&mut self.state, State::Ended) else {
            return Ok(());
        };
        let (from, max_pages) = (self.from, self.max_pages);
        let course = match &mut self.course {
            Some(course) => {
                course.number = course.number.saturating_add(1);
                course
            }
            empty => empty.insert(Course::begin(&mut parts, from)?),
        };
        if course.pages_asked >= max_pages {
            let message = format!("the list has more than the {max_pages} pages to which reading it is limited");
            return Err(Error::new(ErrorKind::Paging, message));
        }
        course.pages_asked += 1;
        let is_text = course.fields.texts.contains(&course.fields.number);
        let content = parts.prepared.content_mut();
        content.set_number(course.fields.number, course.number, is_text);
        self.state = State::InFlight(parts.send_and_return());
        Ok(())
    }

    /// Takes the items of the page into account.
    pub(super) fn count(&mut self, items: &dyn Field) {
        let Some(course) = &mut self.course else { return };
        course.last_items = 0;
        if let View::List(list) = items.view() {
            let count = (0..usize::MAX).take_while(|at| list.item(*at).is_some()).count();
            course.last_items = count.try_into().unwrap_or(u64::MAX);
        }
        course.items = course.items.saturating_add(course.last_items);
        let digest = digest(items);
        course.is_repeated = course.last_digest.replace(digest) == Some(digest);
    }

    /// Whether the page is one to give. Decides whether another is asked for.
    pub(super) fn judge(&mut self, page: &FieldsRef<'_>) -> Result<bool, Error> {
        let Some(course) = &self.course else { return Ok(false) };
        let list = course.fields.items.unwrap_or_default();
        if page.extra().iter().any(|(name, _)| name == list) {
            return Err(Error::new(
                ErrorKind::Decode,
                format!("the items in `{list}` can't be read"),
            ));
        }
        if course.last_items == 0 {
            self.is_at_end = true;
            let is_first = course.number == course.began_at;
            return course.check_end(page).map(|()| is_first);
        }
        if course.is_repeated {
            let message = "the page has the same items as the page before it: the gateway repeats itself";
            return Err(Error::new(ErrorKind::Paging, message));
        }
        self.is_at_end = course.is_last(page);
        Ok(true)
    }

    /// Ends with this error, of the page that was asked for last.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.state = State::Ended;
        let error = error.with_method(self.method);
        match &self.course {
            Some(course) => error.with_page(course.number),
            None => error,
        }
    }
}

impl Course {
    /// Where reading begins. Asks for the size of the pages.
    fn begin(parts: &mut Parts, from: Option<u64>) -> Result<Self, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Request, message));
        let (Some(fields), content) = (parts.info.page, parts.prepared.content_mut()) else {
            return wrong("nothing says how the list is read page by page".to_owned());
        };
        let PageFields {
            number, size, texts, ..
        } = fields;
        let asked = [number, size].map(|name| content.number(name).map_err(|error| error.within(name)));
        let (asked_number, asked_size) = match asked {
            [Ok(number), Ok(size)] => (number, size),
            [Err(error), _] | [_, Err(error)] => return wrong(error.to_string()),
        };
        let first = u64::from(fields.first.unwrap_or(1));
        let began_at = from.or(asked_number).unwrap_or(first);
        if began_at < first {
            return wrong(format!(
                "`{number}` is {began_at}, and the first page has the number {first}"
            ));
        }
        let limit = fields.max_items.map(u64::from);
        if asked_size == Some(0) {
            return wrong(format!("`{size}` is 0: a page has at least one item"));
        }
        if let (Some(asked), Some(limit)) = (asked_size, limit)
            && asked > limit
        {
            return wrong(format!("`{size}` is {asked}, and a page has at most {limit} items"));
        }
        let by_itself = limit.map(|limit| limit.min(LARGEST_BY_ITSELF));
        if let (None, Some(by_itself)) = (asked_size, by_itself) {
            content.set_number(size, by_itself, texts.contains(&size));
        }
        Ok(Self {
            fields,
            first,
            began_at,
            number: began_at,
            pages_asked: 0,
            size: asked_size.or(by_itself),
            items: 0,
            last_items: 0,
            last_digest: None,
            is_repeated: false,
        })
    }

    /// What the answer says of the whole list.
    fn said(&self, page: &FieldsRef<'_>) -> Said {
        let text = |name: Option<&'static str>| {
            let (_, value) = page.given().find(|(given, _)| Some(*given) == name)?;
            to_text(value).ok()
        };
        let number = |name| text(name)?.trim().parse::<u64>().ok();
        Said {
            more: text(self.fields.more).map(|text| text == "true"),
            pages: number(self.fields.pages),
            total: number(self.fields.total),
        }
    }

    /// How many pages there are up to this one.
    fn pages(&self) -> u64 {
        (self.number - self.first).saturating_add(1)
    }

    /// Whether the page, which has items, is the last.
    fn is_last(&self, page: &FieldsRef<'_>) -> bool {
        match self.said(page) {
            Said { more: Some(more), .. } => !more,
            // Beyond the last page, some methods give that one.
            Said {
                pages: Some(pages @ 1..),
                ..
            } => self.pages() >= pages,
            // More items than there are in all: the total is of something else.
            Said { total: Some(total), .. } => self.began_at == self.first && self.items == total,
            Said { .. } => false,
        }
    }

    /// Whether the list has ended before this page, which is empty.
    fn check_end(&self, page: &FieldsRef<'_>) -> Result<(), Error> {
        let incomplete = |what: &str| {
            let message = format!("the page is empty, and its answer says that {what}");
            Err(Error::new(ErrorKind::Paging, message))
        };
        let said = self.said(page);
        let before = match self.size {
            Some(size) => Some((self.number - self.first).saturating_mul(size)),
            None => Some(self.items).filter(|_| self.began_at == self.first),
        };
        match (said, before) {
            (Said { more: Some(true), .. }, _) => incomplete("another page follows"),
            (Said { more: Some(false), .. }, _) => Ok(()),
            (Said { pages: Some(pages), .. }, _) if pages >= self.pages() && pages > 1 => {
                incomplete(&format!("the list has {pages} pages"))
            }
            (Said { total: Some(total), .. }, Some(before)) if total > before => {
                incomplete(&format!("the list has {total} items"))
            }
            _ => Ok(()),
        }
    }
}

/// What an answer says of the whole list.
struct Said {
    more: Option<bool>,
    pages: Option<u64>,
    total: Option<u64>,
}

impl fmt::Debug for PageReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.course.as_ref().map(|course| course.number);
        formatter
            .debug_struct("PageReader")
            .field("method", &self.method)
            .field("page", &page)
            .field("max_pages", &self.max_pages)
            .field("has_ended", &matches!(self.state, State::Ended))
            .finish_non_exhaustive()
    }
}
