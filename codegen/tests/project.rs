//! From a folder of specs to a folder of code and a manifest, and from the catalogue to a draft.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use alipay_codegen::{
    Catalogue, CatalogueError, Code, Diagnostic, Filling, Options, Page, Project, ProjectError, Root, SourceFile,
    WriteError, drafts, generate, load, methods_table, with_products,
};

const SPEC: &str = "\
method: alipay.trade.close
title: 统一收单交易关闭接口
doc: Closes an order.
source: https://example.com/
kind: server
retry: never
request:
  trade_no: { type: string, unlabelled: true, doc: Its number. }
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
        pages: Vec::new(),
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

/// The library's own specs say the Chinese name of everything, or that there is none.
#[test]
fn the_library_asks_for_labels() {
    let base = tempfile::tempdir().unwrap();
    let mut project = project(base.path());
    fs::write(
        base.path().join("spec/trade/alipay.trade.close.yaml"),
        SPEC.replace(" unlabelled: true,", ""),
    )
    .unwrap();
    let Err(ProjectError::Unsound(diagnostics)) = project.write() else {
        panic!("it was written")
    };
    let found: Vec<_> = diagnostics.iter().map(Diagnostic::code).collect();
    assert_eq!(found, [Code::NoLabel]);
    project.root = Root::User;
    project.write().unwrap();
}

#[test]
fn pages_are_kept_in_step() {
    let base = tempfile::tempdir().unwrap();
    let mut project = project(base.path());
    let page = |path: &str, text| Page {
        path: path.to_owned(),
        text,
    };
    project.pages = vec![
        page("docs/METHODS.md", |spec, _| Some(methods_table(spec))),
        page("README.md", |spec, found| with_products(found, spec)),
    ];
    // A page that has no place for its table stops everything.
    fs::write(base.path().join("README.md"), "# Ours\n").unwrap();
    let refused = project.write().unwrap_err().to_string();
    assert_eq!(refused, "README.md lacks the table that the specs fill");
    assert!(!base.path().join("src").exists() && !base.path().join("docs").exists());

    fs::write(
        base.path().join("README.md"),
        "# Ours\n\n| product, methods |\n\nThe end.\n",
    )
    .unwrap();
    let text = project.compare().unwrap().to_string();
    assert!(
        text.contains("stale: docs/METHODS.md\n") && text.contains("stale: README.md\n"),
        "{text}"
    );
    project.write().unwrap();
    assert!(project.compare().unwrap().is_empty());
    let readme = fs::read_to_string(base.path().join("README.md")).unwrap();
    assert!(
        readme.starts_with("# Ours\n\n| product, methods |") && readme.ends_with("\n\nThe end.\n"),
        "{readme}"
    );
    assert!(readme.contains("| `trade` 1 |"), "{readme}");
    fs::write(base.path().join("README.md"), readme.replace("`trade` 1", "`trade` 2")).unwrap();
    let text = project.compare().unwrap().to_string();
    assert!(
        text.contains("-| `trade` 2 |") && text.contains("+| `trade` 1 |"),
        "{text}"
    );
}

#[test]
fn only_what_was_generated_is_removed() {
    let base = tempfile::tempdir().unwrap();
    let project = project(base.path());
    project.write().unwrap();
    let out = base.path().join("src/generated");
    let spec = base.path().join("spec/trade/alipay.trade.close.yaml");
    fs::remove_file(spec).unwrap();
    fs::create_dir_all(base.path().join("spec/fund")).unwrap();
    let other = SPEC.replace("alipay.trade.close", "alipay.fund.close");
    fs::write(base.path().join("spec/fund/alipay.fund.close.yaml"), other).unwrap();
    assert!(
        project
            .compare()
            .unwrap()
            .to_string()
            .contains("orphan: src/generated/trade/close.rs\n")
    );
    project.write().unwrap();
    assert!(out.join("fund/close.rs").exists() && !out.join("trade").exists());
    assert!(project.compare().unwrap().is_empty());
}

#[test]
fn a_folder_that_holds_anything_else_is_left_as_it_is() {
    let foreign: [(&str, &str); 7] = [
        ("main.rs", "fn main() {}\n"),
        ("mod.rs", "pub mod mine;\n"),
        ("trade/close.rs", "// by hand\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("deep/er/notes.txt", ""),
        ("other.rs", "// @generated by protoc from x. Do not edit.\n"),
        (
            "quoted.rs",
            "// This is no \"// @generated by alipay-codegen from x. Do not edit.\"\n",
        ),
    ];
    for (path, text) in foreign {
        let base = tempfile::tempdir().unwrap();
        let project = project(base.path());
        let out = base.path().join("src/generated");
        // An orphan, which would be removed.
        fs::create_dir_all(out.join(path).parent().unwrap()).unwrap();
        fs::write(
            out.join("old.rs"),
            "// @generated by alipay-codegen from x. Do not edit.\n",
        )
        .unwrap();
        fs::write(out.join(path), text).unwrap();
        let manifest = fs::read_to_string(base.path().join("Cargo.toml")).unwrap();
        for refused in [project.write().unwrap_err(), project.compare().unwrap_err()] {
            let ProjectError::Write(WriteError::Foreign { paths, .. }) = &refused else {
                panic!("{refused}")
            };
            assert_eq!(*paths, [path]);
            assert!(
                refused.to_string().contains(&format!("removed: `{path}`: give")),
                "{refused}"
            );
        }
        assert_eq!(fs::read_to_string(out.join(path)).unwrap(), text);
        assert!(out.join("old.rs").exists());
        let written = out.join("trade/close.rs");
        assert!(!written.exists() || path == "trade/close.rs");
        assert!(!out.join("mod.rs").exists() || path == "mod.rs");
        assert_eq!(fs::read_to_string(base.path().join("Cargo.toml")).unwrap(), manifest);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let base = tempfile::tempdir().unwrap();
    let project = project(base.path());
    project.write().unwrap();
    let out = base.path().join("src/generated");
    // A folder, and a file that was generated: both are elsewhere.
    for (at, target) in [("elsewhere", base.path().join("spec")), ("link.rs", out.join("mod.rs"))] {
        std::os::unix::fs::symlink(target, out.join(at)).unwrap();
        let Err(ProjectError::Write(WriteError::Foreign { paths, .. })) = project.write() else {
            panic!("it was written")
        };
        assert_eq!(paths, [at]);
        fs::remove_file(out.join(at)).unwrap();
    }
    assert!(base.path().join("spec/trade/alipay.trade.close.yaml").exists());
    project.write().unwrap();
}

#[test]
fn the_program_refuses_a_folder_that_holds_anything_else() {
    let base = tempfile::tempdir().unwrap();
    project(base.path());
    let home = base.path().join("home");
    fs::create_dir_all(home.join(".git")).unwrap();
    fs::write(home.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(home.join("main.rs"), "fn main() {}\n").unwrap();
    let run = |out: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_alipay-codegen"))
            .args(["generate", "--spec", "spec", "--out", out])
            .current_dir(base.path())
            .output()
            .unwrap()
    };
    let refused = run("home");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(
        said.contains("home holds what was not generated") && said.contains("`.git/HEAD`, `main.rs`"),
        "{said}"
    );
    assert_eq!(fs::read_dir(&home).unwrap().count(), 2);
    assert!(run("fresh").status.success() && run("fresh").status.success());
    assert!(base.path().join("fresh/trade/close.rs").exists());
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

const CATALOGUE: Catalogue<'_> = Catalogue {
    types: TYPES,
    ..of(METHODS)
};

/// Nothing but these methods.
const fn of(methods: &str) -> Catalogue<'_> {
    Catalogue {
        methods,
        types: "",
        fields: "",
        type_facts: "",
        kinds: "",
        keys: "",
        differences: "",
    }
}

/// Of one method.
fn draft(method: &str, catalogue: &Catalogue<'_>, specs: &[SourceFile]) -> Result<SourceFile, CatalogueError> {
    let mut drafts = drafts(&BTreeSet::from([method.to_owned()]), catalogue, specs, Filling::Empty)?;
    assert_eq!(drafts.len(), 1);
    Ok(drafts.remove(0))
}

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
  ACQ.SYSTEM_ERROR: {}
"#;

#[test]
fn a_draft_lacks_nothing_but_what_has_to_be_read_up() {
    let draft = draft("alipay.trade.close", &CATALOGUE, &[]).unwrap();
    assert_eq!(draft.path, "trade/alipay.trade.close.yaml");
    assert_eq!(draft.text, DRAFT);
    let diagnostics = load([draft]).unwrap_err();
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.code() == Code::EmptyText),
        "{diagnostics}"
    );
}

/// What the catalogue's facts add to a draft: no sentence of the documentation, and nothing that does not fit.
#[test]
fn a_draft_has_the_facts() {
    let methods = r#"{"method":"alipay.trade.close","biz_content":[{"name":"out_trade_no","type":"string"},{"name":"pay_amount","type":"string"},{"name":"total_fee","type":"string"},{"name":"scene","type":"string"},{"name":"ids","type":"string","list":true},{"name":"page_no","type":"int"},{"name":"page_size","type":"int"},{"name":"old","type":"string"},{"name":"young","type":"string"},{"name":"goods","type":"Goods"}],"params":[],"response":[{"name":"scene","type":"string"},{"name":"total","type":"int"}],"v3":{"verb":"POST","path":"/v3/alipay/trade/close"},"error_codes":["ACQ.SYSTEM_ERROR","isv.invalid-signature","not a code"]}"#;
    let fields = r#"{"method":"alipay.trade.close","title_zh":"统一收单交易关闭接口","fields":{"request":{"out_trade_no":{"label_zh":"商户订单号","example":"YX_001","max_length":64,"required":true},"pay_amount":{"label_zh":"付款金额","example":"8.88","range":"[0.01,100000000]","unit_says":"元"},"total_fee":{"label_zh":"总费用","unit_says":"分","example":"888"},"scene":{"label_zh":"场景","example":"暂无","values":[{"value":"SHOP","zh":"门店"},{"value":"WEB","zh":"网站，包括手机网站"}]},"ids":{"label_zh":"编号列表","list_max":50,"example":"1"},"page_no":{"label_zh":"页码","example":"x"},"page_size":{"zh":"每页多少，最多一百"},"old":{"label_zh":"旧字段","deprecated":true,"deprecated_why_zh":"已废弃"},"young":{"label_zh":"新字段"},"auth_token":{"label_zh":"用户授权令牌","v3_only":"query"},"goods":{"label_zh":"商品"}},"response":{"scene":{"label_zh":"场景","values":[{"value":"SHOP","zh":"门店"},{"value":"HOME","zh":"家"}]}}}}"#;
    let catalogue = Catalogue {
        types: r#"{"type":"Goods","fields":[{"name":"begin_time","type":"string"},{"name":"end_time","type":"string"}]}"#,
        type_facts: r#"{"type":"Goods","fields":{"begin_time":{"label_zh":"开始时间","example":"2020-04-29 15:53:11"},"end_time":{"label_zh":"结束时间","example":"20200429"}}}"#,
        fields,
        keys: "method\tkey\tquery\tsource\tgrade\nalipay.trade.close\tout_trade_no\talipay.trade.query\tfields\tsame\n",
        differences: "scope\tname\tside\tfield\tkind\nmethod\talipay.trade.close\trequest\tyoung\tonly_v2\n",
        ..of(methods)
    };
    let gateway = SourceFile {
        path: "gateway.yaml".to_owned(),
        text: "codes: {}\nerrors:\n  isv.invalid-signature: { class: setup, doc: Its signature is wrong. }\n"
            .to_owned(),
    };
    let specs = [gateway];
    let drafted = draft("alipay.trade.close", &catalogue, &specs).unwrap();
    assert_eq!(
        drafted.text,
        r#"method: alipay.trade.close
title: 统一收单交易关闭接口
doc: ""
source: ""
kind: server
retry: { key: out_trade_no, ask: alipay.trade.query, repeat: same } # check that the query takes it
v3: { verb: POST, path: "/v3/alipay/trade/close", query: [auth_token], only: [auth_token], without: [young] }
page: { number: page_no, size: page_size, total: total } # guessed
request:
  out_trade_no: { type: string, required: true, max_length: 64, label: 商户订单号, example: "YX_001" }
  pay_amount: { type: price, range: 0.01..100000000, label: 付款金额, example: "8.88" }
  total_fee: { type: string, label: 总费用, example: "888" }
  scene: { type: CloseScene, label: 场景 }
  ids: { type: "string[]", max_items: 50, label: 编号列表, example: "1" }
  page_no: { type: int, label: 页码 }
  page_size: { type: int, doc: "" }
  old: { type: string, deprecated: Alipay says that it is deprecated., label: 旧字段 }
  young: { type: string, label: 新字段 }
  goods: { type: Goods, label: 商品 }
response:
  scene: { type: CloseSceneAnswer, label: 场景 }
  total: { type: int, doc: "" }
types:
  Goods:
    label: 商品 # a field's
    fields:
      begin_time: { type: datetime, label: 开始时间, example: "2020-04-29 15:53:11" }
      end_time: { type: string, label: 结束时间, example: "20200429" }
  CloseScene:
    label: 场景
    values:
      SHOP: { label: 门店 }
      WEB: ""
  CloseSceneAnswer:
    label: 场景
    values:
      SHOP: { label: 门店 }
      HOME: { label: 家 }
errors:
  ACQ.SYSTEM_ERROR: {}
"#
    );
    let diagnostics = load(specs.into_iter().chain([drafted])).unwrap_err();
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.code() == Code::EmptyText),
        "{diagnostics}"
    );
    assert_eq!(diagnostics.iter().count(), 5, "{diagnostics}");
}

/// What nobody checks is not in force: what is likely an amount or a time is text, and lists are not read page by page.
#[test]
fn a_draft_that_nobody_reads_guesses_nothing() {
    let methods = r#"{"method":"alipay.trade.bills.query","biz_content":[{"name":"page_no","type":"int"},{"name":"page_size","type":"int"},{"name":"begin_time","type":"string"},{"name":"end_time","type":"string"},{"name":"pay_amount","type":"string"},{"name":"total_fee","type":"string"},{"name":"tax_fee","type":"string"}],"response":[{"name":"code","type":"string"},{"name":"kind","type":"string"}],"error_codes":["ACQ.SYSTEM_ERROR"]}"#;
    let fields = r#"{"method":"alipay.trade.bills.query","fields":{"request":{"begin_time":{"label_zh":"开始时间","example":"2020-04-29 15:53:11"},"pay_amount":{"label_zh":"付款金额","example":"8.88"},"total_fee":{"label_zh":"总费用","example":"888"},"tax_fee":{"label_zh":"税费","example":"888","unit_says":"元"}},"response":{"code":{"example":"200"},"kind":{"values":[{"value":"ONE"},{"value":"OTHER"}]}}}}"#;
    let catalogue = Catalogue {
        fields,
        keys: "method\tkey\tquery\tsource\tgrade\nalipay.trade.bills.query\tpage_no\talipay.trade.query\tfields\tsame\n",
        ..of(methods)
    };
    let names = catalogue.names().unwrap();
    let mut files = drafts(&names, &catalogue, &[], Filling::Unread).unwrap();
    let expected = r#"method: alipay.trade.bills.query
untitled: true
doc: Drafted from the official SDKs, and not compared with the documentation yet.
source: https://opendocs.alipay.com/ # the page of the method, once it is read
kind: server
retry: never # until the documentation says that it may be sent again
# perhaps outcomes: { "200": done }
# perhaps page: { number: page_no, size: page_size }
request:
  page_no: { type: int, doc: Not described yet. }
  page_size: { type: int, doc: Not described yet. }
  begin_time: { type: datetime, label: 开始时间, example: "2020-04-29 15:53:11" }
  end_time: { type: string, doc: Not described yet. }
  pay_amount: { type: price, label: 付款金额, example: "8.88" }
  total_fee: { type: string, label: 总费用, example: "888" }
  tax_fee: { type: price, label: 税费, example: "888" }
response:
  code: { type: string, own: true, example: "200", doc: Not described yet. }
  kind: { type: BillsQueryKind, doc: Not described yet. }
types:
  BillsQueryKind:
    doc: Not described yet.
    values:
      ONE: Not described yet.
      OTHER: Not described yet.
errors:
  ACQ.SYSTEM_ERROR: {}
"#;
    assert_eq!(files.pop().unwrap().text, expected);
    let file = SourceFile {
        path: "trade/alipay.trade.bills.query.yaml".to_owned(),
        text: expected.to_owned(),
    };
    load([file]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
}

/// A field's enum, whose name is that of the method's error codes.
#[test]
fn a_drafts_enum_takes_no_name_of_the_methods() {
    let methods = r#"{"method":"alipay.trade.log","biz_content":[{"name":"error_code","type":"string"}]}"#;
    let catalogue = Catalogue {
        fields: r#"{"method":"alipay.trade.log","fields":{"request":{"error_code":{"values":[{"value":"ONE"},{"value":"OTHER"}]}}}}"#,
        ..of(methods)
    };
    let files = drafts(&catalogue.names().unwrap(), &catalogue, &[], Filling::Unread).unwrap();
    assert!(
        files[0].text.contains("error_code: { type: LogErrorCodeAnswer,"),
        "{}",
        files[0].text
    );
    load(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
}

#[test]
fn a_draft_of_a_page_has_no_retry() {
    let methods = r#"{"method":"alipay.trade.page.close","biz_content":[],"response":[{"name":"pageRedirectionData","type":"string"}],"error_codes":[]}"#;
    let catalogue = Catalogue {
        kinds: "method\tkinds\tevidence\nalipay.trade.page.close\tpage,app\tboth\n",
        ..of(methods)
    };
    let known = SourceFile {
        path: "trade_page/types.yaml".to_owned(),
        text: String::new(),
    };
    let drafted = draft("alipay.trade.page.close", &catalogue, &[known]).unwrap();
    let text = "method: alipay.trade.page.close\ntitle: \"\"\ndoc: \"\"\nsource: \"\"\nkind: [page, app]\n";
    assert_eq!(drafted.text, text);
    // Of the products that have specs, the one that says most of its name.
    assert_eq!(drafted.path, "trade_page/alipay.trade.page.close.yaml");
    // A method that no table has, by what its answer is called in the SDKs.
    let drafted = draft("alipay.trade.page.close", &of(methods), &[]).unwrap();
    assert!(drafted.text.ends_with("kind: page\n"), "{}", drafted.text);
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
    let draft = draft("alipay.trade.close", &CATALOGUE, &specs).unwrap();
    let (before, _) = DRAFT.split_once("types:").unwrap();
    assert_eq!(draft.text, format!("{before}shared_errors:\n  - ACQ.SYSTEM_ERROR\n"));
}

/// `code` and the like: the method's own, or what the gateway writes anyway.
#[test]
fn a_draft_tells_the_methods_members_from_the_gateways() {
    let response = r#"[{"name":"code","type":"string"},{"name":"msg","type":"string"}]"#;
    let methods = format!(
        "{{\"method\":\"alipay.trade.old\",\"response\":{response}}}\n{{\"method\":\"alipay.trade.young\",\"response\":{response}}}"
    );
    let facts = |method: &str, code: &str| {
        format!(r#"{{"method":"{method}","fields":{{"response":{{"code":{{"example":"{code}"}}}}}}}}"#)
    };
    let fields = [facts("alipay.trade.old", "200"), facts("alipay.trade.young", "10000")].join("\n");
    let catalogue = Catalogue {
        fields: &fields,
        ..of(&methods)
    };
    let drafted = |method| draft(method, &catalogue, &[]).unwrap().text;
    let own = "retry: never # guessed\noutcomes: { \"200\": done } # guessed\nresponse:\n  \
               code: { type: string, own: true, example: \"200\", doc: \"\" }\n  \
               msg: { type: string, own: true, doc: \"\" }\n";
    assert!(
        drafted("alipay.trade.old").ends_with(own),
        "{}",
        drafted("alipay.trade.old")
    );
    let none = "retry: never # guessed\n# left out, since it is the gateway's: code, msg\n";
    assert!(drafted("alipay.trade.young").ends_with(none));
}

/// What several methods use goes behind what their product's `types.yaml` has, under names that nothing else has.
#[test]
fn types_that_several_drafts_use_are_shared() {
    let method = |name: &str| format!(r#"{{"method":"{name}","biz_content":[{{"name":"goods","type":"Goods"}}]}}"#);
    let methods = [
        method("alipay.trade.one"),
        method("alipay.trade.other"),
        method("alipay.fund.one"),
    ]
    .join("\n");
    let values = |one: &str, other: &str| format!(r#"[{{"value":"{one}"}},{{"value":"{other}"}}]"#);
    let type_facts = format!(
        r#"{{"type":"Goods","fields":{{"kind":{{"values":{}}},"sort":{{"values":{}}}}}}}"#,
        values("A", "B"),
        values("C", "D")
    );
    let catalogue = Catalogue {
        types: r#"{"type":"Goods","fields":[{"name":"kind","type":"string"},{"name":"sort","type":"string"}]}
{"type":"GoodsSort","fields":[]}"#,
        type_facts: &type_facts,
        ..of(&methods)
    };
    let known = SourceFile {
        path: "trade/types.yaml".to_owned(),
        text: "types:\n  Old: { doc: It was old., fields: {} }\n\nerrors:\n  X: { class: retry, doc: Failed. }\n"
            .to_owned(),
    };
    let names = catalogue.names().unwrap();
    let files = drafts(&names, &catalogue, &[known], Filling::Empty).unwrap();
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.map_or("", |file| file.text.as_str())
    };
    let types = "types:
  Goods:
    doc: \"\"
    fields:
      kind: { type: GoodsKind, doc: \"\" }
      sort: { type: GoodsSortAnswer, doc: \"\" }
  GoodsKind:
    doc: \"\"
    values:
      A: \"\"
      B: \"\"
  GoodsSortAnswer:
    doc: \"\"
    values:
      C: \"\"
      D: \"\"
  Old: { doc: It was old., fields: {} }

errors:
  X: { class: retry, doc: Failed. }
";
    assert_eq!(text("trade/types.yaml"), types);
    assert!(!text("trade/alipay.trade.one.yaml").contains("types:"));
    assert!(text("fund/alipay.fund.one.yaml").contains("types:\n  Goods:\n"));
    assert_eq!(text("fund/types.yaml"), "");
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
    let catalogue = Catalogue { types, ..of(&methods) };
    let files = drafts(&catalogue.names().unwrap(), &catalogue, &[], Filling::MadeUp).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "trade/types.yaml",
            "trade/alipay.trade.close.yaml",
            "trade/alipay.trade.query.yaml",
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
        matches!(draft("alipay.trade.pay", &CATALOGUE, &[]), Err(CatalogueError::NoSuchMethod(name)) if name == "alipay.trade.pay")
    );
    assert!(matches!(
        draft("a.b", &of("\n{\"a.b\": 1"), &[]),
        Err(CatalogueError::Line {
            section: "methods",
            line: 2,
            ..
        })
    ));
    assert!(matches!(
        draft("a.b", &of("{\"method\":\"a.b\",\"biz_content\":[1]}"), &[]),
        Err(CatalogueError::Line {
            section: "methods",
            line: 1,
            ..
        })
    ));
    let facts = Catalogue {
        fields: "[\"a.b\"]",
        ..of("{\"method\":\"a.b\"}")
    };
    let error = draft("a.b", &facts, &[]).unwrap_err().to_string();
    assert!(error.starts_with("line 1 of `fields` in the catalogue: "), "{error}");
}

#[test]
fn what_calls_by_name_must_know_is_listed() {
    let base = tempfile::tempdir().unwrap();
    let project = project(base.path());
    let list = || {
        project.write().unwrap();
        let text = fs::read_to_string(base.path().join("src/generated/mod.rs")).unwrap();
        let line = text.lines().find(|line| line.contains("const ENCRYPTED_ONLY"));
        line.unwrap().split_once(" = ").unwrap().1.to_owned()
    };
    assert_eq!(list(), "&[];");
    let spec = SPEC.replace("retry: never", "retry: never\nencrypt: required");
    fs::write(base.path().join("spec/trade/alipay.trade.close.yaml"), spec).unwrap();
    assert_eq!(list(), "&[\"alipay.trade.close\"];");
}
