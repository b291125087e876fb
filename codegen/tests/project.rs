//! From a folder of specs to a folder of code and a manifest, and from the catalogue to a draft.

use std::fs;
use std::path::Path;

use alipay_codegen::{
    Code, DraftError, Options, Project, ProjectError, Root, SourceFile, draft, generate, import, load,
};

const SPEC: &str = "\
method: alipay.trade.close
title: 统一收单交易关闭接口
doc: Closes an order.
source: https://example.com/
kind: server
retry: never
request:
  trade_no: { type: string, doc: Its number. }
";

fn project(base: &Path) -> Project {
    fs::create_dir_all(base.join("spec/trade")).unwrap();
    fs::write(base.join("spec/trade/alipay.trade.close.yaml"), SPEC).unwrap();
    fs::write(base.join("Cargo.toml"), "[features]\nfull = []\n").unwrap();
    Project {
        base: base.to_owned(),
        spec: "spec".to_owned(),
        out: "src/generated".to_owned(),
        manifest: Some("Cargo.toml".to_owned()),
        root: Root::Library,
    }
}

#[test]
fn what_is_written_compares_as_equal() {
    let base = tempfile::tempdir().unwrap();
    let project = project(base.path());
    let text = project.compare().unwrap().to_string();
    assert!(text.contains("missing: src/generated/trade/close.rs\n"), "{text}");
    assert!(
        text.contains("stale: Cargo.toml\n") && text.contains("    +trade = []\n"),
        "{text}"
    );
    project.write().unwrap();
    assert!(project.compare().unwrap().is_empty());
    assert_eq!(
        fs::read_to_string(base.path().join("Cargo.toml")).unwrap(),
        "[features]\nfull = [\"trade\"]\ntrade = []\n"
    );

    fs::write(
        base.path().join("spec/trade/alipay.trade.close.yaml"),
        SPEC.replace("Its number.", "Another number."),
    )
    .unwrap();
    let text = project.compare().unwrap().to_string();
    assert!(text.starts_with("stale: src/generated/trade/close.rs\n"), "{text}");
    assert!(
        text.contains("-    /// Its number.") && text.contains("+    /// Another number."),
        "{text}"
    );
}

#[test]
fn nothing_is_written_of_unsound_specs() {
    let base = tempfile::tempdir().unwrap();
    let project = project(base.path());
    fs::write(
        base.path().join("spec/trade/alipay.trade.pay.yaml"),
        "method: alipay.trade.pay\n",
    )
    .unwrap();
    let Err(ProjectError::Unsound(diagnostics)) = project.write() else {
        panic!("it was written")
    };
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.path() == "spec/trade/alipay.trade.pay.yaml")
    );
    assert!(!base.path().join("src").exists());
}

const METHODS: &str = r#"
{"method":"alipay.trade.closed.orders.query","biz_content":[]}
{"method":"alipay.trade.close","biz_content":[{"name":"out_trade_no","type":"string"},{"name":"refund_amount","type":"string"},{"name":"goods","type":"Goods","list":true}],"params":[{"name":"locale","type":"string"}],"files":["image"],"response":[{"name":"gmt_close","type":"string"}],"v3":{"verb":"POST","path":"/v3/alipay/trade/close","query":[{"name":"out_trade_no","type":"string"}],"multipart":true},"error_codes":["ACQ.SYSTEM_ERROR"]}
"#;

const TYPES: &str = r#"{"type":"Goods","fields":[{"name":"price","type":"string"},{"name":"kind","type":"Unlisted"}]}
{"type":"Other","fields":[]}
"#;

const DRAFT: &str = r#"method: alipay.trade.close
title: ""
doc: ""
source: ""
kind: upload
retry: never # guessed
v3: { verb: POST, path: "/v3/alipay/trade/close", query: [out_trade_no], multipart: true }
request:
  out_trade_no: { type: string, doc: "" }
  refund_amount: { type: price, doc: "" } # guessed
  goods: { type: "Goods[]", doc: "" }
  locale: { type: string, in: top_level, doc: "" }
  image: { type: file, in: file, doc: "" }
response:
  gmt_close: { type: datetime, doc: "" } # guessed
types:
  Goods:
    doc: ""
    fields:
      price: { type: price, doc: "" } # guessed
      kind: { type: string, doc: "" } # guessed
errors:
  ACQ.SYSTEM_ERROR: { class: "", doc: "" }
"#;

#[test]
fn a_draft_lacks_nothing_but_what_has_to_be_read_up() {
    let draft = draft("alipay.trade.close", METHODS, TYPES, &[]).unwrap();
    assert_eq!(draft.path, "trade/alipay.trade.close.yaml");
    assert_eq!(draft.text, DRAFT);
    let diagnostics = load([SourceFile {
        path: draft.path,
        text: draft.text,
    }])
    .unwrap_err();
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.code() == Code::EmptyText),
        "{diagnostics}"
    );
}

#[test]
fn a_draft_refers_to_what_the_product_shares() {
    let shared = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let specs = [
        shared("fund/types.yaml", "types:\n  Other: x\n"),
        shared(
            "trade/types.yaml",
            "types:\n  Goods: x\nerrors:\n  ACQ.SYSTEM_ERROR: x\n",
        ),
    ];
    let draft = draft("alipay.trade.close", METHODS, TYPES, &specs).unwrap();
    let (before, _) = DRAFT.split_once("types:").unwrap();
    assert_eq!(draft.text, format!("{before}shared_errors:\n  - ACQ.SYSTEM_ERROR\n"));
}

/// Every trap that a whole catalogue has held so far.
#[test]
fn a_whole_catalogue_can_be_generated_from() {
    let methods = r#"
{"method":"alipay.trade.close","biz_content":[{"name":"goods","type":"Goods"}],"response":[{"name":"own","type":"CloseResponse"}]}
{"method":"alipay.trade.query","biz_content":[{"name":"trade_no","type":"string"}],"response":[{"name":"goods","type":"Goods","list":true}],
"v3":{"verb":"GET","path":"/v3/alipay/trade/query","query":["auth_token","trade_no"]}}
"#
    .replace(",\n", ",");
    let types = r#"
{"type":"Goods","fields":[{"name":"parts","type":"Part","list":true}]}
{"type":"Part","fields":[{"name":"whole","type":"Goods"},{"name":"price","type":"string"}]}
{"type":"CloseResponse","fields":[{"name":"close","type":"Close"}]}
{"type":"Close","fields":[]}
"#;
    let files = import(&methods, types).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "trade/alipay.trade.close.yaml",
            "trade/alipay.trade.query.yaml",
            "trade/types.yaml"
        ]
    );
    let spec = load(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let tree = generate(&spec, &Options::default());
    let code = |path| tree.get(path).unwrap_or_default();
    for (path, wanted) in [
        ("trade/types.rs", "pub struct Goods {"),
        ("trade/types.rs", "pub struct Part {"),
        ("trade/close.rs", "pub struct CloseResponseData {"),
        ("trade/close.rs", "pub struct CloseData {"),
        ("trade/query.rs", "query: &[\"trade_no\"]"),
    ] {
        assert!(code(path).contains(wanted), "{path}: {wanted}");
    }
}

#[test]
fn a_catalogue_that_cannot_be_read_says_where() {
    assert!(
        matches!(draft("alipay.trade.pay", METHODS, TYPES, &[]), Err(DraftError::NoSuchMethod(name)) if name == "alipay.trade.pay")
    );
    assert!(matches!(
        draft("a.b", "\n{\"a.b\": 1", "", &[]),
        Err(DraftError::Line { line: 2, .. })
    ));
    assert!(matches!(
        draft("a.b", "{\"method\":\"a.b\",\"biz_content\":[1]}", "", &[]),
        Err(DraftError::Line { line: 1, .. })
    ));
}
