//! Which protocol a request speaks: its path tells.

use http::{HeaderMap, Method, Uri};

use crate::core::Core;
use crate::protocol::v3::Called;
use crate::protocol::{Request, v2, v3};
use crate::routes::Route;

/// Takes a request apart by its protocol; nothing, where no protocol is spoken at this path.
pub(crate) fn read<'c>(
    core: &'c Core,
    verb: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Box<dyn Request + Send + 'c>> {
    let path = uri.path();
    if path == "/gateway.do" {
        return Some(Box::new(v2::Request::of(uri, headers, body)));
    }
    path.starts_with("/v3/").then(|| -> Box<dyn Request + Send + 'c> {
        let verb = verb.as_str();
        Box::new(v3::Request::of(
            route(core, verb, path),
            core.unmoved_now(),
            verb,
            uri,
            headers,
            body,
        ))
    })
}

/// The method at a verb and a path of V3. One without a spec, but with an ordered answer, stands at its name, under any verb.
fn route<'c>(core: &'c Core, verb: &str, path: &str) -> Route<Called<'c>> {
    match core.specs.route(verb, path) {
        Route::Found(described, parameters) => Route::Found(Called::Described(described), parameters),
        Route::OtherVerb => Route::OtherVerb,
        Route::Unknown => {
            let name = path.trim_start_matches("/v3/").replace('/', ".");
            if core.specs.method(&name).is_none() && core.answers.has(&name) {
                Route::Found(Called::Undescribed(name), Vec::new())
            } else {
                Route::Unknown
            }
        }
    }
}
