//! The HTML pages, and what a browser gets when something is wrong.

use std::borrow::Cow;

use alipay_api::types::Price;
use askama::Template;
use axum::{
    BoxError,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use fast_qr::{QRBuilder, convert::svg::SvgBuilder};

use crate::{
    orders::Order,
    products::Product,
    refunds::{Refund, State},
};

/// What is sold.
#[derive(Template)]
#[template(path = "shop.html")]
pub(crate) struct ShopPage<'a> {
    pub(crate) products: &'a [Product],
    /// The number of the form, by which the shop knows it again when it is sent twice.
    pub(crate) number: String,
}

/// An order, for its buyer.
#[derive(Template)]
#[template(path = "order.html")]
pub(crate) struct OrderPage {
    pub(crate) order: Order,
    /// The picture of the QR code.
    pub(crate) picture: Option<String>,
    /// Whether the buyer comes from Alipay's page.
    pub(crate) came_back: bool,
}

impl OrderPage {
    pub(crate) fn new(order: Order) -> Self {
        let code = order
            .qr_code
            .as_deref()
            .filter(|_| order.is_open() && !order.is_expired());
        Self {
            picture: code.and_then(picture),
            order,
            came_back: false,
        }
    }
}

/// All orders, for the admin pages.
#[derive(Template)]
#[template(path = "admin_orders.html")]
pub(crate) struct AdminOrdersPage {
    pub(crate) orders: Vec<Order>,
}

/// An order, for the admin pages.
#[derive(Template)]
#[template(path = "admin_order.html")]
pub(crate) struct AdminOrderPage {
    pub(crate) order: Order,
    pub(crate) refunds: Vec<Refund>,
    /// The number of the refund that the form makes.
    pub(crate) number: String,
}

impl AdminOrderPage {
    /// Whether the page has the form that refunds.
    fn has_form(&self) -> bool {
        self.order.remaining > Price::ZERO
    }

    /// Whether the page is to look again by itself: while a refund is under way, and nobody fills in the form.
    fn is_reloaded(&self) -> bool {
        !self.has_form() && self.refunds.iter().any(|refund| refund.state == State::Sent)
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    text: &'a str,
}

/// A page, or why there is none.
pub(crate) type Page = Result<Html<String>, Refusal>;

pub(crate) fn page(template: &impl Template) -> Page {
    Ok(Html(template.render()?))
}

/// The picture of a QR code's text, as SVG.
fn picture(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).build().ok()?;
    Some(SvgBuilder::default().to_str(&code))
}

/// What a browser gets that gets no page. It is made of every error by `?`: the log has the error then, and the browser a word of apology.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
    cause: Option<BoxError>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            text: text.into(),
            cause: None,
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "没有这个订单 · There is no such order")
    }

    pub(crate) fn bad_form() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "表单有误 · The form is not as it should be")
    }

    pub(crate) fn used_form() -> Self {
        let text = "此表单已提交过，请重新打开页面 · This form was used before: open the page again";
        Self::new(StatusCode::CONFLICT, text)
    }
}

impl<E: Into<BoxError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        let text = "出错了，请稍后再试 · Something went wrong: please try again later";
        Self {
            cause: Some(error.into()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Some(error) = &self.cause {
            tracing::error!(error, "a page could not be shown");
        }
        let page = MessagePage { text: &self.text }.render();
        (self.status, Html(page.unwrap_or_default())).into_response()
    }
}

/// Headers that keep pages from being shown in others' frames, and their addresses, which open orders, from going elsewhere. A page that is opened
/// again is fetched again, so that its form has a new number.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
