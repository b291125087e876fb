//! What is known of fields beside their names, as far as it can be trusted unread.
//!
//! The catalogue quotes the official documentation. Names, values, examples and numbers are facts; sentences are somebody's words and stay there.

use serde_json::{Map, Value};

pub(crate) type Json = Map<String, Value>;

/// What is known of one field.
#[derive(Default)]
pub(crate) struct Facts {
    /// Its Chinese name.
    pub(crate) label: Option<String>,
    pub(crate) example: Option<String>,
    /// What it can be, with what that is called.
    pub(crate) values: Vec<(String, Option<String>)>,
    pub(crate) max_length: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) range: Option<(String, String)>,
    /// That it must be given is firm.
    pub(crate) required: bool,
    pub(crate) deprecated: bool,
    /// The unit of an amount, in Chinese.
    pub(crate) unit: Option<String>,
    /// A pattern of a time.
    pub(crate) format: Option<String>,
    /// Where V3 has it, if V3 alone does: `query` or `body`.
    pub(crate) v3_only: Option<String>,
}

impl Facts {
    /// What [`read`](Self::read) reads the same from again.
    #[cfg(feature = "catalogue")]
    pub(crate) fn write(&self) -> Json {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let flag = |flag: bool| flag.then_some(Value::Bool(true));
        let value = |(value, meaning): &(String, Option<String>)| {
            let meaning = meaning.as_ref().map(|meaning| ("label_zh", meaning.as_str()));
            let members = [("value", value.as_str())].into_iter().chain(meaning);
            members.map(|(key, text)| (key.to_owned(), Value::from(text))).collect()
        };
        let values = (!self.values.is_empty()).then(|| self.values.iter().map(value).collect::<Vec<Json>>());
        let range = self
            .range
            .as_ref()
            .map(|(min, max)| Value::from(format!("[{min},{max}]")));
        let members = [
            ("label_zh", text(&self.label)),
            ("example", text(&self.example)),
            ("values", values.map(Value::from_iter)),
            ("max_length", self.max_length.map(Value::from)),
            ("list_max", self.max_items.map(Value::from)),
            ("range", range),
            ("required", flag(self.required)),
            ("deprecated", flag(self.deprecated)),
            ("unit_says", text(&self.unit)),
            ("format_says", text(&self.format)),
            ("v3_only", text(&self.v3_only)),
        ];
        let known = members
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        known.collect()
    }

    pub(crate) fn read(of: &Json) -> Self {
        let text = |key: &str| of.get(key).and_then(Value::as_str).map(|text| text.trim().to_owned());
        let flag = |key: &str| of.get(key) == Some(&Value::Bool(true));
        let number = |key: &str| of.get(key).and_then(Value::as_u64).filter(|&number| number > 0);
        // Two libraries that took it from the documentation, each by itself.
        let peer = |name: &str| of.get("peers").and_then(|peers| peers.get(name)) == Some(&Value::Bool(true));
        let counts_characters =
            text("length_unit").is_none_or(|unit| ["字符", "位", "字", "字母"].contains(&unit.as_str()));
        Self {
            label: ["label_zh", "zh"].iter().find_map(|key| name(&text(key)?)),
            example: text("example").filter(|text| is_example(text)),
            values: values(of.get("values")),
            max_length: number("max_length").filter(|_| counts_characters),
            max_items: number("list_max"),
            range: text("range").and_then(|range| ends(&range)),
            required: flag("required") || (peer("gopay") && peer("smartwalle")),
            deprecated: flag("deprecated"),
            unit: text("unit_says"),
            format: text("format_says"),
            v3_only: text("v3_only"),
        }
    }
}

/// A text that is a name: short, without a clause, and not cut off where one begins.
pub(crate) fn name(text: &str) -> Option<String> {
    const MAX: usize = 20;
    let text = text
        .trim()
        .trim_end_matches(['。', '.', '，', '；', '：', ':', ';', '、', '\u{200b}']);
    let is_mark = |letter: char| letter.is_control() || "，。；：、？！,;:?!\"'`{}[]|<>=".contains(letter);
    let is_cut = [
        "下", "中", "时", "后", "前", "的", "为", "是", "和", "或", "与", "请", "若", "当",
    ]
    .iter()
    .any(|end| text.ends_with(end));
    let is_name =
        !text.is_empty() && text.chars().count() <= MAX && !text.contains(is_mark) && !is_cut && !is_sentence(text);
    // A value or a word of a protocol is no Chinese name.
    (is_name && !text.is_ascii()).then(|| text.to_owned())
}

/// A title that is a name, and no description.
pub(crate) fn title(text: &str) -> Option<String> {
    const MAX: usize = 30;
    let text = text.trim();
    let is_mark = |letter: char| letter.is_control() || "，。；：？！\"".contains(letter);
    let begins = ["提供", "将", "给"].iter().any(|word| text.starts_with(word));
    let is_title = !text.is_empty() && text.chars().count() <= MAX && !text.contains(is_mark);
    (is_title && !begins && !is_sentence(text)).then(|| text.to_owned())
}

/// Whether a text without punctuation is a sentence all the same: it has a word that names don't have.
fn is_sentence(text: &str) -> bool {
    const WORDS: [&str; 20] = [
        "用于",
        "可以",
        "该接口",
        "此接口",
        "本接口",
        "通过该",
        "请输",
        "请填",
        "请传",
        "请参",
        "需要",
        "表示",
        "传入",
        "默认值",
        "为空",
        "不传",
        "填写",
        "必填",
        "才会",
        "才返回",
    ];
    // 是否可以使用 is a name.
    !text.starts_with("是否") && WORDS.iter().any(|word| text.contains(word))
}

/// Whether an example is one: not a placeholder, and not a sentence.
fn is_example(text: &str) -> bool {
    const MAX: usize = 100;
    let placeholders = ["test", "暂无", "无", "null", "xxx", "示例", "-", "*"];
    let is_sentence = text.contains(['，', '。', '；', '：']);
    !text.is_empty()
        && text.chars().count() <= MAX
        && !text.contains(char::is_control)
        && !is_sentence
        && !placeholders.contains(&text.to_lowercase().as_str())
}

fn values(list: Option<&Value>) -> Vec<(String, Option<String>)> {
    let list = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let value = |value: &Value| {
        let text = value.get("value")?.as_str()?.trim();
        let meaning = ["label_zh", "zh"].iter().find_map(|key| value.get(key)?.as_str());
        let meaning = meaning.and_then(name);
        (!text.is_empty()).then(|| (text.to_owned(), meaning))
    };
    let mut values: Vec<_> = list.iter().filter_map(value).collect();
    let mut seen = std::collections::HashSet::new();
    values.retain(|(text, _)| seen.insert(text.clone()));
    values
}

/// The ends of `[0.01,100000000]`, both included.
fn ends(range: &str) -> Option<(String, String)> {
    let inner = range.strip_prefix('[')?.strip_suffix(']')?.replace('，', ",");
    let (min, max) = inner.split_once(',')?;
    Some((min.trim().to_owned(), max.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_clauses() {
        assert_eq!(name("商户订单号。").as_deref(), Some("商户订单号"));
        for clause in [
            "间联交易下",
            "商户订单号，64个字符以内",
            "01主站：02芝麻",
            "流程ID用于校验",
            "",
            "out_trade_no",
        ] {
            assert_eq!(name(clause), None, "{clause}");
        }
        assert_eq!(name("是否可以使用").as_deref(), Some("是否可以使用"));
        assert_eq!(
            title("应收开票申请(根据账单申请)").as_deref(),
            Some("应收开票申请(根据账单申请)")
        );
        for sentence in [
            "通过该接口可以查询单笔明细的详细信息",
            "提供话费订单的查询能力",
            "查询明细，不含退款",
            "",
        ] {
            assert_eq!(title(sentence), None, "{sentence}");
        }
    }

    #[test]
    fn a_range_has_two_ends_that_are_included() {
        let ends = |range| ends(range).map(|(min, max)| format!("{min}..{max}"));
        assert_eq!(ends("[0.01，100000000.00]").as_deref(), Some("0.01..100000000.00"));
        assert_eq!(ends("(0,10]"), None);
        assert_eq!(ends("[0.01]"), None);
    }

    #[cfg(feature = "catalogue")]
    #[test]
    fn what_is_written_is_read_again() {
        let text = r#"{"label_zh":"状态","example":"A","values":[{"value":"A","zh":"好"},{"value":"B","zh":"坏，也就是不好"}],"max_length":8,"list_max":3,"range":"[1,5]","required":true,"deprecated":true,"unit_says":"元","format_says":"yyyy-MM-dd","v3_only":"query"}"#;
        let facts = Facts::read(&serde_json::from_str(text).unwrap_or_default());
        let written = facts.write();
        let expected = text
            .replace("\"zh\"", "\"label_zh\"")
            .replace(",\"label_zh\":\"坏，也就是不好\"", "");
        assert_eq!(
            Value::from(written.clone()),
            serde_json::from_str::<Value>(&expected).unwrap_or_default()
        );
        assert_eq!(Facts::read(&written).write(), written);
    }

    #[test]
    fn what_two_libraries_say_is_required() {
        let of = |text: &str| Facts::read(&serde_json::from_str(text).unwrap_or_default());
        assert!(of(r#"{"peers":{"gopay":true,"smartwalle":true}}"#).required);
        assert!(!of(r#"{"peers":{"gopay":true,"smartwalle":false}}"#).required);
        assert!(of(r#"{"required":true}"#).required);
        assert_eq!(of(r#"{"max_length":8,"length_unit":"字节"}"#).max_length, None);
        assert_eq!(of(r#"{"example":"暂无"}"#).example, None);
    }
}
