use serde_json::json;

use super::*;
use crate::protocol::Request as _;
use crate::specs::tests::{file, with};

const FORM: &str = "application/x-www-form-urlencoded";

fn read(parameters: &[(&str, &str)]) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    Request::read("", FORM, form.finish().as_bytes())
}

#[test]
fn fields_come_from_where_the_spec_puts_them() {
    let specs = with(vec![file(
        "alipay.test.thing",
        "kind: upload\nretry: never\nrequest:\n\
         \x20 inside: { type: string, doc: Something. }\n\
         \x20 beside: { type: string, in: top_level, doc: Something. }\n\
         \x20 list: { type: 'string[]', in: top_level, doc: Something. }\n\
         \x20 image: { type: file, in: file, doc: Something. }\n",
    )]);
    let target = Target::Described(specs.method("alipay.test.thing").unwrap());
    let content = r#"{"inside":"1","beside":"not from here","image":"nor this"}"#;
    let request = read(&[("biz_content", content), ("beside", "2"), ("list", r#"["3"]"#)]);
    let expected = json!({ "inside": "1", "beside": "2", "list": ["3"] });
    assert_eq!(Value::Object(request.content(target).unwrap()), expected);

    let upload = b"--X\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\r\n\xff\r\n--X--\r\n";
    let request = Request::read("beside=2", "multipart/form-data; boundary=X", upload);
    let expected = json!({ "beside": "2", "image": true });
    assert_eq!(Value::Object(request.content(target).unwrap()), expected);
}

#[test]
fn text_that_is_no_json_object_is_refused() {
    for text in ["[]", "{", r#"{"a":1,"a":1}"#] {
        let refused = read(&[("biz_content", text)]).content(Target::Undescribed("alipay.test"));
        assert_eq!(refused.unwrap_err().sub_code, "isv.illegal-json");
    }
}

#[test]
fn its_own_parameters_have_their_form() {
    let sound = [
        ("sign", "x"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-03-20 12:00:00"),
        ("version", "1.0"),
        ("format", "JSON"),
    ];
    assert_eq!(read(&sound).well_formed(), Ok(()));
    for (name, value, sub_code) in [
        ("sign", "", "isv.missing-signature"),
        ("sign_type", "", "isv.missing-signature-type"),
        ("sign_type", "MD5", "isv.invalid-signature-type"),
        ("timestamp", "", "isv.missing-timestamp"),
        ("timestamp", "2026-03-20 12:00", "isv.invalid-timestamp"),
        ("version", "", "isv.missing-version"),
        ("version", "2.0", "isv.invalid-parameter"),
        ("format", "XML", "isv.invalid-format"),
    ] {
        let changed = sound.map(|(known, sound)| (known, if known == name { value } else { sound }));
        assert_eq!(
            read(&changed).well_formed().unwrap_err().sub_code,
            sub_code,
            "{name}={value}"
        );
    }
}
