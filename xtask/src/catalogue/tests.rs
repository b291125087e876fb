use std::collections::BTreeSet;

use alipay_codegen::{Catalogue, Outline, SourceFile, ir, load};

use super::compare::compare;
use super::digest;
use super::keep;
use super::reasons::{Reasons, Settled};

const METHODS: &str = r#"
{"method":"alipay.trade.close","biz_content":[{"name":"out_trade_no","type":"string"},{"name":"kind","type":"string"},{"name":"goods","type":"Goods","list":true}],"params":[{"name":"locale","type":"string"}],"response":[{"name":"gmt_close","type":"string"},{"name":"closed","type":"string"},{"name":"parts","type":"int"}],"v3":{"verb":"DELETE","path":"/v3/alipay/trade/{out_trade_no}","query":[{"name":"kind"},{"name":"auth_token"}]},"error_codes":["ACQ.TRADE_NOT_EXIST","GATEWAYS"]}
{"method":"alipay.trade.image.upload","biz_content":[],"files":["image"],"response":[{"name":"item","type":"Goods"}]}
{"method":"alipay.trade.page.show","biz_content":[{"name":"item","type":"Goods"}],"response":[{"name":"pageRedirectionData","type":"string"}]}
"#;
const TYPES: &str = r#"{"type":"Goods","fields":[{"name":"price","type":"string"},{"name":"parts","type":"Goods","list":true},{"name":"sold","type":"bool"}]}"#;
const FIELDS: &str = r#"{"method":"alipay.trade.close","fields":{"request":{"out_trade_no":{"required":true,"max_length":64},"goods":{"list_max":9},"locale":{"deprecated":true},"auth_token":{"v3_only":"query"},"notify_url":{"v3_only":"body"}},"response":{}}}"#;
const KINDS: &str = "method\tkinds\nalipay.trade.page.show\tpage\n";

const CLOSE: &str = r"method: alipay.trade.close
title: 关闭
doc: Closes an order.
source: https://example.com/
kind: server
retry: never
v3: { verb: DELETE, path: '/v3/alipay/trade/{out_trade_no}', query: [kind, auth_token], only: [auth_token, notify_url] }
request:
  out_trade_no: { type: string, required: true, max_length: 64, doc: The merchant's own number. }
  kind: { type: Kind, doc: What is closed. }
  goods: { type: 'Goods[]', max_items: 9, doc: What was ordered. }
  locale: { type: string, deprecated: Nothing uses it., in: top_level, doc: The language of messages. }
response:
  gmt_close: { type: datetime, doc: When it was closed. }
  closed: { type: bool, doc: Whether it is closed now. }
  parts: { type: int, doc: How many parts there were. }
types:
  Kind:
    doc: What is closed.
    values: { ORDER: What was bought. }
errors:
  ACQ.TRADE_NOT_EXIST: {}
";
const UPLOAD: &str = "method: alipay.trade.image.upload
title: 上传
doc: Keeps an image.
source: https://example.com/
kind: upload
retry: never
request:
  image: { type: file, in: file, doc: What to keep. }
response:
  item: { type: Goods, doc: What it shows. }
";
const PAGE: &str = "method: alipay.trade.page.show
title: 展示
doc: Shows an order.
source: https://example.com/
kind: page
request:
  item: { type: Goods, doc: What is shown. }
";
const SHARED: &str = "types:
  Goods:
    doc: An item.
    fields:
      price: { type: price, doc: What it costs. }
      parts: { type: 'Goods[]', doc: What it is made of. }
      sold: { type: bool, doc: Whether it is sold. }
";
const GATEWAY: &str = "errors:
  GATEWAYS: { class: setup, doc: The app is not online. }
";

fn outline() -> Outline {
    let catalogue = Catalogue {
        methods: METHODS,
        types: TYPES,
        fields: FIELDS,
        kinds: KINDS,
        ..Catalogue::default()
    };
    catalogue
        .names()
        .and_then(|names| catalogue.outline(&names))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The specs, with `new` in the place of `old` in one of them, or without one if both are empty.
fn specs(changed: &str, old: &str, new: &str) -> ir::Spec {
    let files = [
        ("gateway.yaml", GATEWAY),
        ("trade/alipay.trade.close.yaml", CLOSE),
        ("trade/alipay.trade.image.upload.yaml", UPLOAD),
        ("trade/alipay.trade.page.show.yaml", PAGE),
        ("trade/types.yaml", SHARED),
    ];
    let files = files.into_iter().filter_map(|(path, text)| {
        let text = if path.ends_with(changed) && !changed.is_empty() {
            if old.is_empty() {
                return None;
            }
            assert!(text.contains(old), "{path} has no {old}");
            text.replacen(old, new, 1)
        } else {
            text.to_owned()
        };
        Some(SourceFile {
            path: path.to_owned(),
            text,
        })
    });
    load(files.collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{error}"))
}

fn differences(spec: &ir::Spec) -> Vec<String> {
    compare(&outline(), spec).iter().map(ToString::to_string).collect()
}

#[test]
fn refinements_are_no_differences() {
    assert_eq!(differences(&specs("", "", "")), Vec::<String>::new());
}

/// A spec's file, what is changed in it, and what that differs in.
type Change = (&'static str, &'static str, &'static str, &'static str);

const CLOSE_FILE: &str = "alipay.trade.close.yaml";

fn assert_found(changes: &[Change]) {
    for &(file, old, new, expected) in changes {
        assert_eq!(differences(&specs(file, old, new)), [expected], "{file}: {old} → {new}");
    }
}

#[test]
fn a_missing_method_is_found() {
    assert_found(&[(
        "alipay.trade.page.show.yaml",
        "",
        "",
        "alipay.trade.page.show: the catalogue says a method, the spec says nothing",
    )]);
}

#[test]
fn another_kind_and_another_place_in_v3_are_found() {
    assert_found(&[
        (
            "alipay.trade.page.show.yaml",
            "kind: page",
            "kind: app",
            "alipay.trade.page.show kind: the catalogue says page, the spec says app",
        ),
        (
            CLOSE_FILE,
            "DELETE",
            "POST",
            "alipay.trade.close v3: the catalogue says DELETE /v3/alipay/trade/{out_trade_no} query auth_token kind only auth_token notify_url, the spec says POST /v3/alipay/trade/{out_trade_no} query auth_token kind only auth_token notify_url",
        ),
        (
            CLOSE_FILE,
            "query: [kind, auth_token]",
            "query: [auth_token]",
            "alipay.trade.close v3: the catalogue says DELETE /v3/alipay/trade/{out_trade_no} query auth_token kind only auth_token notify_url, the spec says DELETE /v3/alipay/trade/{out_trade_no} query auth_token only auth_token notify_url",
        ),
    ]);
}

#[test]
fn a_missing_field_is_found() {
    assert_found(&[
        (
            CLOSE_FILE,
            "  parts: { type: int, doc: How many parts there were. }\n",
            "",
            "alipay.trade.close response parts: the catalogue says int, the spec says nothing",
        ),
        (
            "types.yaml",
            "      sold: { type: bool, doc: Whether it is sold. }\n",
            "",
            "trade/types.yaml Goods.sold: the catalogue says bool, the spec says nothing",
        ),
    ]);
}

#[test]
fn an_extra_field_is_found() {
    assert_found(&[(
        CLOSE_FILE,
        "response:\n",
        "response:\n  made_up: { type: string, doc: Nobody knows. }\n",
        "alipay.trade.close response made_up: the catalogue says nothing, the spec says string",
    )]);
}

#[test]
fn a_missing_and_an_extra_error_code_are_found() {
    assert_found(&[
        (
            CLOSE_FILE,
            "ACQ.TRADE_NOT_EXIST: {}",
            "ACQ.TRADE_NOT_EXIST: {}\n  MADE_UP: {}",
            "alipay.trade.close error MADE_UP: the catalogue says nothing, the spec says so",
        ),
        (
            CLOSE_FILE,
            "errors:\n  ACQ.TRADE_NOT_EXIST: {}\n",
            "",
            "alipay.trade.close error ACQ.TRADE_NOT_EXIST: the catalogue says so, the spec says nothing",
        ),
    ]);
}

#[test]
fn another_type_is_found() {
    assert_found(&[
        (
            CLOSE_FILE,
            "parts: { type: int,",
            "parts: { type: price,",
            "alipay.trade.close response parts: the catalogue says int, the spec says price",
        ),
        (
            CLOSE_FILE,
            "kind: { type: Kind,",
            "kind: { type: 'Kind[]',",
            "alipay.trade.close request kind: the catalogue says string, the spec says enum Kind[]",
        ),
        (
            "types.yaml",
            "price: { type: price,",
            "price: { type: int,",
            "trade/types.yaml Goods.price: the catalogue says string, the spec says int",
        ),
        (
            "types.yaml",
            "parts: { type: 'Goods[]',",
            "parts: { type: 'string[]',",
            "trade/types.yaml Goods.parts: the catalogue says Goods[], the spec says string[]",
        ),
    ]);
}

#[test]
fn another_place_is_found() {
    assert_found(&[(
        CLOSE_FILE,
        "in: top_level, ",
        "",
        "alipay.trade.close request locale: the catalogue says string in top_level, the spec says string",
    )]);
}

#[test]
fn what_the_catalogue_is_sure_of_is_demanded() {
    assert_found(&[
        (
            CLOSE_FILE,
            "deprecated: Nothing uses it., ",
            "",
            "alipay.trade.close request locale deprecated: the catalogue says so, the spec says nothing",
        ),
        (
            CLOSE_FILE,
            "required: true, ",
            "",
            "alipay.trade.close request out_trade_no required: the catalogue says so, the spec says nothing",
        ),
        (
            CLOSE_FILE,
            "max_length: 64",
            "max_length: 32",
            "alipay.trade.close request out_trade_no max_length: the catalogue says 64, the spec says 32",
        ),
        (
            CLOSE_FILE,
            "max_items: 9, ",
            "",
            "alipay.trade.close request goods max_items: the catalogue says 9, the spec says nothing",
        ),
    ]);
}

#[test]
fn a_method_that_the_catalogue_lacks_is_a_difference() {
    let mut outline = outline();
    outline.methods.remove("alipay.trade.page.show");
    let found: Vec<String> = compare(&outline, &specs("", "", ""))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        ["alipay.trade.page.show: the catalogue says nothing, the spec says a method"]
    );
}

#[test]
fn text_that_is_given_is_no_number_and_no_truth() {
    let mut outline = outline();
    if let Some(method) = outline.methods.get_mut("alipay.trade.close") {
        let answered = method.response.remove("closed");
        method
            .request
            .extend(answered.map(|field| ("closed".to_owned(), field)));
    }
    let moved =
        "  locale: { type: string, deprecated: Nothing uses it., in: top_level, doc: The language of messages. }\n";
    let closed = "  closed: { type: bool, doc: Whether it is closed now. }\n";
    let mut specs = specs("alipay.trade.close.yaml", moved, &format!("{moved}{closed}"));
    for method in specs.products.iter_mut().flat_map(|product| &mut product.methods) {
        method.response.fields.retain(|field| field.name != "closed");
    }
    let found: Vec<String> = compare(&outline, &specs).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["alipay.trade.close request closed: the catalogue says string, the spec says bool"]
    );
}

#[test]
fn a_digest_says_all_that_is_compared() {
    let outline = outline();
    let text = digest::write(&outline);
    assert_eq!(digest::read(&text).as_ref(), Ok(&outline));
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = "method alipay.trade.close server
  v3 DELETE /v3/alipay/trade/{out_trade_no}
  v3-query auth_token kind
  v3-only auth_token notify_url
  > goods:Goods[] max_items=9
  > kind
  > locale top_level deprecated
  > out_trade_no required max_length=64
  < closed
  < gmt_close
  < parts:int
  ! ACQ.TRADE_NOT_EXIST
  ! GATEWAYS
method alipay.trade.image.upload upload
  > image:file file
  < item:Goods
method alipay.trade.page.show page
  > item:Goods
type Goods
  - parts:Goods[]
  - price
  - sold:bool";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn a_digest_that_is_not_understood_says_where() {
    for (text, expected) in [
        ("  > name", "line 1 is not understood:   > name"),
        (
            "method a.b server\n  > name large",
            "line 2 is not understood:   > name large",
        ),
        ("method a.b server\n  - name", "line 2 is not understood:   - name"),
        (
            "method a.b server\n  > name\n  > name:int",
            "line 3 is not understood:   > name:int",
        ),
        (
            "method a.b server\nmethod a.b page",
            "line 2 is not understood: method a.b page",
        ),
        ("method a.b cellar", "line 1 is not understood: method a.b cellar"),
    ] {
        assert_eq!(digest::read(text), Err(expected.to_owned()));
    }
}

const REASONS: &str = "# Differences

## The page is newer

Its SDK is older.

- `a.b kind: one`
- `a.b v3: two`
";

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn what_is_listed_with_a_reason_may_differ_and_nothing_else_may() {
    let reasons = Reasons::read(REASONS).unwrap_or_else(|error| panic!("{error}"));
    let count = |count| vec![("The page is newer".to_owned(), count)];
    let settled = reasons.settle(&set(&["a.b kind: one", "a.b v3: two"]));
    assert_eq!((settled.holds(), settled.counts), (true, count(2)));
    let settled = reasons.settle(&set(&["a.b kind: one", "a.b v3: two", "c.d kind: three"]));
    assert!(!settled.holds());
    assert_eq!(settled.unlisted, ["c.d kind: three"]);
}

#[test]
fn a_reason_for_nothing_is_refused() {
    let reasons = Reasons::read(REASONS).unwrap_or_else(|error| panic!("{error}"));
    let settled = reasons.settle(&set(&["a.b kind: one"]));
    let expected = Settled {
        unlisted: Vec::new(),
        stale: vec!["a.b v3: two".to_owned()],
        counts: vec![("The page is newer".to_owned(), 1)],
    };
    assert!(!settled.holds());
    assert_eq!(settled, expected);
}

#[test]
fn a_difference_is_listed_once_below_its_reason() {
    for (text, expected) in [
        (
            "# Differences\n\n- `a`\n",
            "line 3: no text above the difference says why",
        ),
        (
            "Words.\n\n## Reason\n\n- `a`\n",
            "line 5: no text above the difference says why",
        ),
        (
            "## Reason\n\nWords.\n\n- a\n",
            "line 5: an item is a difference between backticks",
        ),
        (
            "## Reason\n\nWords.\n\n- `a`\n- `a`\n",
            "line 6: the difference is listed twice",
        ),
        ("## Reason\n\nWords.\n", "line 1: the reason has no difference"),
        (
            "## Reason\n\nWords.\n\n## Other\n\nWords.\n\n- `a`\n",
            "line 1: the reason has no difference",
        ),
    ] {
        assert_eq!(Reasons::read(text).err().as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_not_called_stale() {
    let folder = tempfile::tempdir().unwrap();
    let same = |found: &[u8], wanted: &[u8]| found == wanted;
    let error = keep(folder.path(), b"wanted", false, same).unwrap_err();
    assert!(error.starts_with(&format!("{}: ", folder.path().display())), "{error}");
    let path = folder.path().join("digest.txt");
    assert_eq!(keep(&path, b"wanted", false, same), Ok(false));
    assert_eq!(keep(&path, b"wanted", true, same), Ok(true));
    assert_eq!(std::fs::read(&path).unwrap(), b"wanted");
}
