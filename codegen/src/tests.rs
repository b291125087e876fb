//! What the unit tests share.

use crate::{SourceFile, ir, load};

/// The spec of one method, `alipay.test.call`, that is sound but for what `rest` makes of it.
pub(crate) fn method(rest: &str) -> ir::Spec {
    let text = format!(
        "method: alipay.test.call\ntitle: 调用\ndoc: It is Calls.\nsource: https://example.com/\nkind: server\nretry: read\n{rest}"
    );
    load([SourceFile {
        path: "test/alipay.test.call.yaml".to_owned(),
        text,
    }])
    .unwrap_or_else(|error| panic!("{error}"))
}
