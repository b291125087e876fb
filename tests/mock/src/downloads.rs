//! Where files of the gateway are downloaded, such as bills.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::core::Core;
use crate::protocol::text;

/// Answers whoever comes to a bill's address; nothing where no bill can be at this path.
///
/// What Alipay's server says once the time is over is not documented: here it is 404, as for an address that never was.
pub(crate) fn respond(core: &Core, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let token = request.uri().path().strip_prefix("/bill/")?;
    let plain = |status: StatusCode| text(status, "utf-8", status.to_string());
    if request.method() != Method::GET {
        return Some(plain(StatusCode::METHOD_NOT_ALLOWED));
    }
    let Some(bill) = core.look(|state, now| state.downloads.get(token, now).cloned()) else {
        return Some(plain(StatusCode::NOT_FOUND));
    };
    let mut response = Response::new(bill.content);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", bill.name)) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Some(response)
}
