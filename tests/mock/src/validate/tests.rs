use alipay_codegen::ir::{Constructor, Kind, Placement, Range, Retry, Scope, Spec, TypeDef, TypeRef};
use serde_json::json;

use super::*;

fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        ty,
        doc: alipay_codegen::ir::Doc::default(),
        deprecated: None,
        example: None,
        required: false,
        required_unless: Vec::new(),
        max_length: None,
        only: Vec::new(),
        without: Vec::new(),
        max_items: None,
        range: None,
        min_size: None,
        max_size: None,
        extensions: Vec::new(),
        placement: Placement::Business,
        secret: false,
        implied: None,
        echo: false,
        essential: false,
        own: false,
        rust_name: None,
    }
}

fn method() -> Method {
    let price = Field {
        required: true,
        range: Some(Range {
            min: Some("0.01".into()),
            max: Some("100.00".into()),
        }),
        ..field("price", Type::Scalar(Scalar::Price))
    };
    let goods = TypeDef {
        name: "Goods".to_owned(),
        doc: alipay_codegen::ir::Doc::default(),
        body: TypeBody::Object(Object {
            fields: vec![price],
            at_least_one: vec![],
            constructor: Constructor::Named,
        }),
        rust_name: None,
    };
    let list = Type::List(Box::new(Type::Named(TypeRef {
        scope: Scope::Own,
        name: "Goods".to_owned(),
    })));
    Method {
        name: "alipay.test".to_owned(),
        product: "test".to_owned(),
        file: String::new(),
        title: None,
        doc: String::new(),
        deprecated: None,
        source: String::new(),
        kind: Kind::Server,
        certificate_only: false,
        encrypted: false,
        retry: Retry::Never,
        v3: None,
        request: Object {
            fields: vec![
                Field {
                    max_length: Some(3),
                    ..field("a", Type::Scalar(Scalar::String))
                },
                field("b", Type::Scalar(Scalar::Int)),
                field("flag", Type::Scalar(Scalar::Bool)),
                field("when", Type::Scalar(Scalar::DateTime)),
                field("link", Type::Scalar(Scalar::Url)),
                field("extra", Type::Scalar(Scalar::Json)),
                Field {
                    max_items: Some(2),
                    ..field("goods", list)
                },
                Field {
                    placement: Placement::TopLevel,
                    ..field("top", Type::Scalar(Scalar::String))
                },
            ],
            at_least_one: vec![vec!["a".to_owned(), "b".to_owned()]],
            constructor: Constructor::default(),
        },
        response: Object::default(),
        page: None,
        types: vec![goods],
        outcomes: Vec::new(),
        without_code: false,
        errors: Vec::new(),
        examples: Vec::new(),
        rust_name: None,
    }
}

fn check(content: &Value) -> Result<(), String> {
    let described = Described {
        spec: &Spec::default(),
        method: &method(),
    };
    request(described, content.as_object().unwrap(), Strictness::default()).map_err(|failure| {
        assert_eq!(
            (failure.code.as_ref(), failure.sub_code.as_ref()),
            ("40002", "isv.invalid-parameter")
        );
        failure.sub_msg
    })
}

#[test]
fn what_keeps_to_the_spec_passes() {
    let content = json!({
        "a": "你好吗", "b": "12", "flag": "T", "when": "2026-03-20 12:00:00", "link": "https://example.com/a?b=c", "extra": "{\"x\":1}",
        "goods": [{"price": 1.5}, {"price": "100.00", "unknown": []}], "unknown": 1,
    });
    check(&content).unwrap();
    check(&json!({"a": 123, "goods": []})).unwrap();
}

#[test]
fn what_breaks_a_rule_is_named() {
    for (content, message) in [
        (json!({}), "参数无效: request: at least one of a, b is required"),
        (json!({"a": ""}), "参数无效: request: at least one of a, b is required"),
        (json!({"a": "四个汉字"}), "参数无效: a: at most 3 characters"),
        (json!({"a": {}}), "参数无效: a: must be a single value"),
        (json!({"b": "1.5"}), "参数无效: b: must be a whole number"),
        (
            json!({"b": 1, "flag": "maybe"}),
            "参数无效: flag: must be true or false",
        ),
        (
            json!({"b": 1, "when": "today"}),
            "参数无效: when: must be yyyy-MM-dd HH:mm:ss",
        ),
        (
            json!({"b": 1, "link": "ftp://example.com"}),
            "参数无效: link: must be an absolute http or https URL",
        ),
        (
            json!({"b": 1, "extra": {"x": 1}}),
            "参数无效: extra: must be a single value",
        ),
        (json!({"b": 1, "extra": "{"}), "参数无效: extra: must be JSON as text"),
        (json!({"b": 1, "goods": {}}), "参数无效: goods: must be a list"),
        (json!({"b": 1, "goods": [1]}), "参数无效: goods[0]: must be an object"),
        (
            json!({"b": 1, "goods": [{"price": "1"}, {"price": ""}]}),
            "参数无效: goods[1].price: required",
        ),
        (
            json!({"b": 1, "goods": [{"price": "1.005"}]}),
            "参数无效: goods[0].price: must be an amount with at most two decimals",
        ),
        (
            json!({"b": 1, "goods": [{"price": "0.00"}]}),
            "参数无效: goods[0].price: must be in 0.01..100.00",
        ),
        (
            json!({"b": 1, "goods": [{"price": 100.01}]}),
            "参数无效: goods[0].price: must be in 0.01..100.00",
        ),
        (
            json!({"b": 1, "goods": [{"price": 1}, {"price": 1}, {"price": 1}]}),
            "参数无效: goods: at most 2 items",
        ),
    ] {
        assert_eq!(check(&content).unwrap_err(), message);
    }
}

#[test]
fn a_methods_own_code_comes_first() {
    let mut method = method();
    method.errors.push(alipay_codegen::ir::ErrorCode {
        code: "ACQ.INVALID_PARAMETER".to_owned(),
        class: Some(alipay_codegen::ir::ErrorClass::Request),
        doc: String::new(),
    });
    let described = Described {
        spec: &Spec::default(),
        method: &method,
    };
    let failure = request(described, &Map::new(), Strictness::default()).unwrap_err();
    assert_eq!(
        (failure.code.as_ref(), failure.sub_code.as_ref()),
        ("40004", "ACQ.INVALID_PARAMETER")
    );
}

#[test]
fn an_answer_may_leave_out_what_it_likes_but_knows_no_other_fields() {
    let mut method = method();
    method.response = std::mem::take(&mut method.request);
    let described = Described {
        spec: &Spec::default(),
        method: &method,
    };
    let check = |content: Value| response(described, content.as_object().unwrap());
    check(json!({})).unwrap();
    check(json!({"goods": [{}], "b": "12"})).unwrap();
    for (content, path, rule) in [
        (json!({"c": 1}), "c", "the response has no such field"),
        (
            json!({"goods": [{"price": "1"}, {"prize": "1"}]}),
            "goods[1].prize",
            "the response has no such field",
        ),
        (json!({"b": "x"}), "b", "must be a whole number"),
    ] {
        let problem = check(content).unwrap_err();
        assert_eq!((problem.path.as_str(), problem.rule.as_str()), (path, rule));
    }
}
