//! Whole lists of methods that give them page by page.

mod reading;

use std::{
    fmt,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;

use self::reading::PageReader;
use super::{
    Call,
    call::{Parts, PartsFuture},
};
#[cfg(feature = "blocking")]
use crate::blocking::BlockingStream;
use crate::{Error, exchange::unpacked, method::Paged};

impl<T: Paged> Call<T> {
    /// Reads the whole list: a stream of its pages, or of its [`items`](Pages::items). Nothing is sent before the stream is polled.
    ///
    /// Only methods whose documentation says how pages are numbered, and which list comes in pages, have it.
    ///
    /// ```
    /// # #[cfg(feature = "trade")]
    /// # async fn show(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// use alipay_api::trade::RoyaltyRelationBatchquery;
    /// use futures_util::TryStreamExt as _;
    ///
    /// let query = RoyaltyRelationBatchquery::new().out_request_no("relations_20161112");
    /// let mut receivers = client.trade().royalty_relation_batchquery(query).pages().items();
    /// while let Some(receiver) = receivers.try_next().await? {
    ///     println!("{:?}", receiver.account);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # What is sent
    /// One call for each page, one after the other, each when the page before it was taken. Each is as this one, its time limit and its retries
    /// included, but for the number of the page. Reading begins at the page whose number the request has, else at the first. A page has as many
    /// items as the request says, else as many as the method's documentation allows, up to 2000; where that names no limit, as many as Alipay
    /// sends by itself. A request that asks for more than the limit fails, and nothing is sent.
    ///
    /// # Where it ends
    /// Where the answer says so, by its number of pages, of items, or by whether another page follows; else at an empty page, which is not given
    /// unless it is the first. A page with fewer items than were asked for ends nothing: Alipay may cut pages short.
    ///
    /// It ends with an error, which says by [`Error::page`] where it happened, if a call fails, if a page can't be read, and with
    /// [`ErrorKind::Paging`](crate::ErrorKind::Paging) if a page is empty though the answer says that there are more items, if it repeats the page
    /// before it, or if there are more than [`max_pages`](Pages::max_pages). To go on after an error, call again
    /// [from that page](Pages::from_page).
    ///
    /// # Lists that change
    /// A page is a place in the list as it is when the page is asked for. Where an item is added before that place meanwhile, as in a list that has
    /// its newest items first, the last item of a page comes again as the first of the next; where one is removed, one is left out, and nothing
    /// shows that. So recognise repeated items by their numbers, query a past period where the method allows it, and read again what has to be
    /// complete.
    ///
    /// # Cancelling
    /// Dropping the stream ends it, and a call in flight: such methods change nothing.
    pub fn pages(self) -> Pages<T> {
        Pages {
            reader: PageReader::new(self.parts),
            gives: PhantomData,
        }
    }
}

/// The pages of a list, one after the other: from [`Call::pages`].
///
/// It holds no page but the one that it gives.
#[must_use = "streams do nothing unless they are polled"]
pub struct Pages<T> {
    reader: PageReader,
    gives: PhantomData<fn() -> T>,
}

impl<T: Paged> Pages<T> {
    /// Begins at the page of this number, in place of the request's or the first: to go on after an error, at its [page](Error::page).
    /// Say it before the stream is polled; afterwards it changes nothing.
    ///
    /// Page numbers count from the method's first page, which is 1 for nearly all. An item count in the answer does not end a list that is not
    /// read from its first page, because it is not known how many items came before; then it may take one call more.
    pub fn from_page(mut self, number: u64) -> Self {
        self.reader.begin_at(number);
        self
    }

    /// Ends with an error if there are more pages than this; by default 10,000. It keeps a gateway that never comes to an end from occupying the
    /// caller for ever. For the first pages alone, use the `take` of your streams.
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.reader.max_pages(pages);
        self
    }

    /// The items of the pages. Of an answer, everything but its list is dropped.
    pub fn items(self) -> Items<T> {
        Items {
            pages: self,
            items: Vec::new().into_iter(),
        }
    }

    /// The pages as an iterator, in a program without a runtime: see [`blocking`](crate::blocking).
    ///
    /// Needs the feature `blocking`.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> BlockingStream<Self> {
        BlockingStream::new(self)
    }
}

impl<T: Paged> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(answer) = ready!(self.reader.poll_answer(context)) else {
            return Poll::Ready(None);
        };
        let page = unpacked(answer).and_then(|mut page: T| {
            self.reader.count(page.items());
            let is_given = self.reader.judge(&page.fields())?;
            Ok(is_given.then_some(page))
        });
        Poll::Ready(page.map_err(|error| self.reader.fail(error)).transpose())
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Pages").field(&self.reader).finish()
    }
}

/// The items of a list that comes page by page: from [`Pages::items`].
///
/// It holds no more than the items of one page.
#[must_use = "streams do nothing unless they are polled"]
pub struct Items<T: Paged> {
    pages: Pages<T>,
    /// Those of the last page that were not given yet.
    items: vec::IntoIter<T::Item>,
}

impl<T: Paged> Items<T> {
    /// The items as an iterator, in a program without a runtime: see [`blocking`](crate::blocking).
    ///
    /// Needs the feature `blocking`.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> BlockingStream<Self> {
        BlockingStream::new(self)
    }
}

impl<T: Paged> Unpin for Items<T> {}

impl<T: Paged> Stream for Items<T> {
    type Item = Result<T::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(mut page)) => self.items = mem::take(page.items()).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Paged> fmt::Debug for Items<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Items")
            .field("pages", &self.pages)
            .field("items_left", &self.items.len())
            .finish()
    }
}
