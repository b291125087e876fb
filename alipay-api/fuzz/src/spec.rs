use alipay_codegen::{SourceFile, load};

/// Whatever stands in a spec file, nothing panics, and what is refused is explained.
///
/// # Panics
/// If that is not so.
pub fn spec(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let method = text.lines().find_map(|line| line.strip_prefix("method: "));
    let notification = text.lines().find_map(|line| line.strip_prefix("notify: "));
    let name = |name: Option<&str>| name.unwrap_or("alipay.trade.close").trim().to_owned();
    for path in [
        format!("trade/{}.yaml", name(method)),
        format!("notify/{}.yaml", name(notification)),
        "trade/types.yaml".to_owned(),
        "trade/product.yaml".to_owned(),
        "gateway.yaml".to_owned(),
    ] {
        let file = SourceFile {
            path,
            text: text.clone().into_owned(),
        };
        if let Err(problems) = load([file]) {
            assert!(!problems.to_string().is_empty());
        }
    }
}
