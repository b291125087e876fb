//! The catalogue inside the program: what it holds, and that every method of it can be drafted and generated.

use std::collections::BTreeSet;
use std::io::Write as _;

use alipay_codegen::{
    Catalogue, CatalogueError, Filling, Options, Root, SourceFile, Unpacked, drafts, generate, load, pack, search,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// As many as the official SDKs had when the catalogue was made: a newer one has more.
const METHODS: usize = 8_944;

#[test]
fn every_draft_can_be_generated_from() {
    let unpacked = Unpacked::built_in().unwrap();
    let catalogue = unpacked.catalogue();
    let methods = catalogue.names().unwrap();
    assert!(methods.len() >= METHODS, "{}", methods.len());
    let files = drafts(&methods, &catalogue, &[], Filling::Unread).unwrap();
    for SourceFile { path, text } in &files {
        // Nothing that decides what the library does is guessed.
        for line in text.lines() {
            let is_guessed = line.starts_with("outcomes:") || line.starts_with("page:");
            let is_sent_again = line.starts_with("retry:") && !line.starts_with("retry: never ");
            assert!(!is_guessed && !is_sent_again, "{path}: {line}");
        }
    }
    let spec = load(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let generated = spec.products.iter().map(|product| product.methods.len()).sum::<usize>();
    assert_eq!(generated, methods.len());
    let tree = generate(&spec, &Options { root: Root::User });
    assert!(tree.len() > methods.len(), "{}", tree.len());
}

/// Keys that hold the documentation's sentences in a maintainer's catalogue.
const SENTENCES: [&str; 6] = [
    "zh",
    "zh_v3",
    "required_says",
    "deprecated_why_zh",
    "max_length_says",
    "list_max_says",
];

fn look_into(value: &Value, line: &str) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                // A field may be called `zh`; what it says is below.
                assert!(!SENTENCES.contains(&key.as_str()) || value.is_object(), "{key}: {line}");
                if let ("title_zh" | "label_zh", Some(text)) = (key.as_str(), value.as_str()) {
                    let longest = if key == "title_zh" { 30 } else { 20 };
                    assert!(text.chars().count() <= longest, "{text}: {line}");
                    assert!(
                        !text.contains(['，', '。', '；', '：', '？', '！'])
                            || key == "title_zh" && !text.contains(['，', '。', '；', '？', '！']),
                        "{text}: {line}"
                    );
                }
                look_into(value, line);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| look_into(value, line)),
        _ => {}
    }
}

#[test]
fn no_sentence_of_the_documentation_is_in_it() {
    let unpacked = Unpacked::built_in().unwrap();
    let catalogue = unpacked.catalogue();
    let mut lines = 0;
    for text in [
        catalogue.methods,
        catalogue.types,
        catalogue.fields,
        catalogue.type_facts,
    ] {
        for line in text.lines() {
            look_into(&serde_json::from_str(line).unwrap(), line);
            lines += 1;
        }
    }
    assert!(lines > 20_000, "{lines}");
}

const LINES: Catalogue<'_> = Catalogue {
    methods: r#"{"method":"alipay.trade.close","seed":true,"biz_content":[{"name":"trade_no","type":"string"},{"name":"goods","type":"Goods","list":true}],"files":["image"],"v3":{"verb":"GET","path":"/v3/alipay/trade/close","query":[{"name":"auth_token"},{"name":"trade_no"}],"path_params":["x"]},"error_codes":["A"]}"#,
    types: r#"{"type":"Goods","fields":[{"name":"zh","type":"string"}]}"#,
    fields: r#"{"method":"alipay.trade.close","title_zh":"关闭交易","zh":"关闭一笔没有付款的交易。","fields":{"request":{"trade_no":{"label_zh":"交易号","zh":"交易号，最长六十四位","example":"1"},"image":{"zh":"图片"},"gone":{"label_zh":"没有"}}}}"#,
    type_facts: r#"{"type":"Goods","fields":{"zh":{"label_zh":"中文"}}}"#,
    kinds: "method\tkinds\tevidence\nalipay.trade.close\tpage\tbecause it says so\n",
    keys: "method\tkey\n",
    differences: "scope\tname\tside\tfield\tkind\tv2_type\nmethod\talipay.trade.close\trequest\tgoods\tonly_v2\tGoods\n",
};

#[test]
fn what_is_packed_is_what_drafts_need() {
    let unpacked = Unpacked::read(&pack(&LINES).unwrap()).unwrap();
    let expected = Catalogue {
        methods: "{\"biz_content\":[{\"name\":\"trade_no\",\"type\":\"string\"},{\"list\":true,\"name\":\"goods\",\"type\":\"Goods\"}],\"error_codes\":[\"A\"],\"files\":[\"image\"],\"method\":\"alipay.trade.close\",\"v3\":{\"path\":\"/v3/alipay/trade/close\",\"query\":[\"trade_no\"],\"verb\":\"GET\"}}\n",
        types: "{\"fields\":[{\"name\":\"zh\",\"type\":\"string\"}],\"type\":\"Goods\"}\n",
        fields: "{\"fields\":{\"request\":{\"trade_no\":{\"example\":\"1\",\"label_zh\":\"交易号\"}}},\"method\":\"alipay.trade.close\",\"title_zh\":\"关闭交易\"}\n",
        type_facts: "{\"fields\":{\"zh\":{\"label_zh\":\"中文\"}},\"type\":\"Goods\"}\n",
        kinds: "method\tkinds\nalipay.trade.close\tpage\n",
        keys: "",
        differences: "scope\tname\tside\tfield\tkind\nmethod\talipay.trade.close\trequest\tgoods\tonly_v2\n",
    };
    let found = unpacked.catalogue();
    assert_eq!(format!("{found:#?}"), format!("{expected:#?}"));
    let again = Unpacked::read(&pack(&found).unwrap()).unwrap();
    assert_eq!(again, unpacked);
    let names = BTreeSet::from(["alipay.trade.close".to_owned()]);
    assert_eq!(found.outline(&names).unwrap(), LINES.outline(&names).unwrap());
}

#[test]
fn a_damaged_catalogue_is_an_error() {
    let packed = pack(&LINES).unwrap();
    for end in 0..packed.len() {
        let cut = Unpacked::read(&packed[..end]);
        assert!(matches!(cut, Err(CatalogueError::Damaged(_))), "{end}: {cut:?}");
    }
    for at in 10..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 0x55;
        assert!(
            matches!(Unpacked::read(&damaged), Err(CatalogueError::Damaged(_))),
            "{at}"
        );
    }
}

/// A small file of more than anybody needs.
#[test]
fn a_catalogue_that_would_eat_memory_is_an_error() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let line = vec![b' '; 1 << 20];
    for _ in 0..49 {
        packed.write_all(&line).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 1 << 20, "{}", packed.len());
    let Err(CatalogueError::Damaged(problem)) = Unpacked::read(&packed) else {
        panic!("it was read")
    };
    assert!(problem.starts_with("more than "), "{problem}");
}

fn found(words: &[&str]) -> Vec<(String, Option<String>, bool)> {
    let unpacked = Unpacked::built_in().unwrap();
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let found = search(&unpacked.catalogue(), &words).unwrap().into_iter();
    found
        .map(|found| (found.name, found.title, found.shipped.is_some()))
        .collect()
}

#[test]
fn methods_are_found_by_title_and_by_name() {
    let coupons = found(&["优惠券"]);
    let create = (
        "alipay.user.kabao.voucher.create".to_owned(),
        Some("创建支付宝卡包优惠券".to_owned()),
        false,
    );
    assert!(coupons.contains(&create), "{coupons:?}");
    assert!(
        coupons
            .iter()
            .all(|(_, title, _)| title.as_deref().is_some_and(|title| title.contains("优惠券")))
    );
    assert_eq!(found(&["KABAO", "创建"]), [create]);
    let pay = found(&["alipay.trade.pay"]);
    assert!(
        matches!(&pay[..], [(first, Some(_), true), (second, _, false), ..] if first == "alipay.trade.pay" && second == "alipay.trade.pay.consult"),
        "{pay:?}"
    );
    assert_eq!(found(&["优惠券", "no such word"]), []);
}
