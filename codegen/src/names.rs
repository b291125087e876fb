//! Names in Rust from names on the wire. `check` needs them to find clashes, `lower` to write them down.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Keywords that a raw identifier can't be, nor a plain one.
const NEVER_RAW: [&str; 5] = ["self", "Self", "super", "crate", "_"];

/// The most methods that a product has.
pub(crate) const LARGEST_PRODUCT: usize = 64;

/// Every other word that is reserved in some edition.
const KEYWORDS: [&str; 49] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// The name as an identifier may be written: `r#type`, `self_`.
pub(crate) fn identifier(name: &str) -> String {
    if NEVER_RAW.contains(&name) {
        format!("{name}_")
    } else if KEYWORDS.contains(&name) && name != "union" {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// What a method is called within its product: `trans.uni.transfer` of `alipay.fund.trans.uni.transfer` in `fund`.
/// `None` where the method isn't the product's.
pub(crate) fn stem<'a>(method: &'a str, product: &str) -> Option<&'a str> {
    let within = method.strip_prefix("alipay.").unwrap_or(method);
    strip_product(within, product).or_else(|| strip_product(method, product))
}

fn strip_product<'a>(method: &'a str, product: &str) -> Option<&'a str> {
    // A product of two words may cover two segments: `user_agreement` has `alipay.user.agreement.query`.
    let (head, rest) = method.split_at_checked(product.len())?;
    let same = head
        .bytes()
        .zip(product.bytes())
        .all(|(one, other)| one == other || (one, other) == (b'.', b'_'));
    let rest = rest.strip_prefix('.')?;
    (same && !rest.is_empty()).then_some(rest)
}

/// The product that a method belongs to: of those that its name begins with, the one that most of its name belongs to.
pub(crate) fn product_among<'p>(method: &str, products: impl Iterator<Item = &'p str>) -> Option<&'p str> {
    let rests = products.filter_map(|product| Some((product, stem(method, product)?.len())));
    rests.min_by_key(|(_, rest)| *rest).map(|(product, _)| product)
}

/// `fund` of `alipay.fund.trans.uni.transfer`, `koubei` of `koubei.trade.order.query`.
pub(crate) fn first_segment(method: &str) -> &str {
    let within = method.strip_prefix("alipay.").unwrap_or(method);
    within.split('.').next().unwrap_or(method)
}

/// The name of a field, setter or module; without any keyword's escape.
pub(crate) fn field(name: &str) -> String {
    let snake = name.to_snake_case();
    match snake.as_str() {
        "" => "_".to_owned(),
        // The field that keeps what the library doesn't know.
        "extra" => "extra_".to_owned(),
        _ if snake.starts_with(|first: char| first.is_ascii_digit()) => format!("_{snake}"),
        _ => snake,
    }
}

/// The name of a method's request, a product's handle or a notification.
pub(crate) fn type_of(words: &str) -> String {
    identifier(&words.to_upper_camel_case())
}

/// What gives a client the handle of a product in a user's crate: a trait, and its function. The library's own product of that name keeps its own.
pub(crate) fn extension(product: &str) -> (String, String) {
    (companion(&type_of(product), "Ext"), format!("{product}_ext"))
}

/// The names of a method's request and of its module; `None` where the method isn't the product's.
pub(crate) fn method(method: &str, product: &str, rust_name: Option<&str>) -> Option<(String, String)> {
    let stem = stem(method, product)?;
    Some(match rust_name {
        Some(name) => (name.to_owned(), field(name)),
        None => (type_of(stem), field(stem)),
    })
}

/// The name of what goes with a request: `PayResponse`.
pub(crate) fn companion(request: &str, suffix: &str) -> String {
    format!("{}{suffix}", request.trim_end_matches('_'))
}

/// The name of a named type: the official one.
pub(crate) fn named_type(name: &str) -> String {
    identifier(name)
}

/// The name of an enum's variant; `None` where nothing usable is left of the value.
pub(crate) fn variant(value: &str) -> Option<String> {
    if !value.is_ascii() {
        return None;
    }
    let camel = value.to_upper_camel_case();
    match camel.as_str() {
        "" => None,
        // The variant for what the library doesn't know; no name for anything.
        "Self" => Some(format!("{camel}_")),
        _ if camel.starts_with(|first: char| first.is_ascii_digit()) => Some(format!("V{camel}")),
        _ => Some(camel),
    }
}

/// What a notification is called: its name without `alipay.`.
pub(crate) fn notification(name: &str) -> &str {
    name.strip_prefix("alipay.").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_belongs_to_the_product_that_leaves_least_of_its_name() {
        for (method, products, product) in [
            (
                "alipay.open.mini.version.upload",
                &["open", "open_mini", "alipay"][..],
                Some("open_mini"),
            ),
            // A product may be called `alipay`, which is longer than the segment behind it.
            ("alipay.afx.muse.user.bind", &["afx", "alipay"], Some("afx")),
            ("alipay.afx.muse.user.bind", &["alipay"], Some("alipay")),
            (
                "koubei.trade.order.query",
                &["koubei_trade", "trade"],
                Some("koubei_trade"),
            ),
            ("koubei.trade.order.query", &["trade"], None),
        ] {
            assert_eq!(product_among(method, products.iter().copied()), product, "{method}");
        }
    }

    #[test]
    fn keywords_are_escaped() {
        assert_eq!(identifier("type"), "r#type");
        assert_eq!(identifier("gen"), "r#gen");
        assert_eq!(identifier("self"), "self_");
        assert_eq!(identifier("Self"), "Self_");
        assert_eq!(identifier("union"), "union");
        assert_eq!(identifier("amount"), "amount");
    }

    #[test]
    fn every_keyword_makes_an_identifier() {
        for word in KEYWORDS.iter().chain(&NEVER_RAW).copied() {
            let identifier = identifier(word);
            assert!(syn::parse_str::<syn::Ident>(&identifier).is_ok(), "{identifier}");
        }
    }

    #[test]
    fn a_method_is_named_within_its_product() {
        assert_eq!(
            stem("alipay.fund.trans.uni.transfer", "fund"),
            Some("trans.uni.transfer")
        );
        assert_eq!(stem("koubei.trade.order.query", "koubei"), Some("trade.order.query"));
        assert_eq!(stem("koubei.trade.order.query", "koubei_trade"), Some("order.query"));
        assert_eq!(stem("alipay.user.agreement.query", "user_agreement"), Some("query"));
        assert_eq!(stem("alipay.fund.trans", "trade"), None);
        assert_eq!(stem("alipay.fundamental.trans", "fund"), None);
        assert_eq!(stem("alipay.fund", "fund"), None);
        assert_eq!(type_of("trans.uni.transfer"), "TransUniTransfer");
    }

    #[test]
    fn fields_are_in_snake_case_and_never_the_extra_field() {
        assert_eq!(field("outTradeNo"), "out_trade_no");
        assert_eq!(field("3d_secure"), "_3d_secure");
        assert_eq!(field("extra"), "extra_");
    }

    #[test]
    fn variants_need_a_letter_or_digit() {
        assert_eq!(variant("ACQ.TRADE_NOT_EXIST").as_deref(), Some("AcqTradeNotExist"));
        assert_eq!(variant("10").as_deref(), Some("V10"));
        assert_eq!(variant("other").as_deref(), Some("Other"));
        assert_eq!(variant("self").as_deref(), Some("Self_"));
        assert_eq!(variant(""), None);
        assert_eq!(variant("--"), None);
        assert_eq!(variant("微信"), None);
    }
}
