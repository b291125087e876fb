//! What `alipay-codegen` makes of `codegen/tests/name_collisions`, where every name is a trap: it compiles, as a user's crate would compile it, and works.
//!
//! `cargo test -p alipay-codegen --test name_collisions` holds the code to its specs; `UPDATE_EXPECT=1` writes it anew.

#[rustfmt::skip]
mod generated;
mod guide;

use std::collections::HashMap;

use alipay_api::method::{ErrorCode as _, Method as _, Repeat, Retry};
use alipay_api::types::KnownValue as _;
use alipay_api::{Client, Credentials, ErrorClass, ErrorKind};
use alipay_mock::keys::{KeyPair, SignType};
use axum::http::Uri;
use tokio::net::TcpListener;

use generated::notification::{Notification, TrapSync};
use generated::trade::{SomethingNew, TradeExt as _, types::GoodsDetail};
use generated::trap::types::{None as NoneKind, Some as SomeObject};
use generated::trap::{All, AllErrorCode, List, Nothing, TypesOf, WordsResponse};

#[cfg(feature = "serde")]
#[test]
fn words_travel_under_their_own_names() {
    use generated::trap::Words;

    let words = Words::new()
        .r#type("trap")
        .self_("itself")
        .default("x")
        .clone("y")
        .extra_("more")
        .out_trade_no("1");
    let json = serde_json::to_value(&words).unwrap();
    let expected = serde_json::json!({
        "type": "trap", "self": "itself", "default": "x", "clone": "y", "extra": "more", "outTradeNo": "1"
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Words>(json).unwrap(), words);
}

#[test]
fn setters_give_way_to_constructors() {
    let must = SomeObject::with_first("1", 2, NoneKind::Self_);
    let request = TypesOf::with_a("x", must.clone()).with_a_("y").with_new_("z").new([1]);
    assert_eq!(request.a.as_deref(), Some("x"));
    assert_eq!(request.with_a.as_deref(), Some("y"));
    assert_eq!(request.with_new.as_deref(), Some("z"));
    assert_eq!(request.new, [1]);
    assert_eq!(request.must, must);
}

#[test]
fn circles_are_boxed() {
    let inner = SomeObject::with_first("inner", 1, NoneKind::Empty);
    let outer = SomeObject::with_first("outer", 2, "10")
        .inner(inner.clone())
        .many([inner.clone()]);
    assert_eq!(outer.inner.as_deref(), Some(&inner));
    assert_eq!(outer.kind, NoneKind::V10);
    assert_eq!(WordsResponse::default().itself, None);
}

/// A notification, and the client that it is for.
fn notification(name: &str, price: &str) -> (Client, String) {
    let (app, alipay) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let credentials = Credentials::public_key(&app.to_pem().unwrap(), &alipay.public_key().to_base64().unwrap());
    let client = Client::builder("1", credentials.unwrap()).build().unwrap();
    let text = format!("app_id=1&notify_type={name}&price={price}&self=itself");
    let sign = alipay.sign(SignType::Rsa2, text.as_bytes()).unwrap();
    let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
    (client, format!("{text}&sign={sign}"))
}

#[test]
fn notifications_are_read_once_they_are_verified() {
    let told = |name: &str, price: &str| {
        let (client, body) = notification(name, price);
        let verified = client.notifications().verify_parameters(body).unwrap();
        assert_eq!(verified.parameter("price"), Some(price));
        verified.read(Notification::read)
    };
    let Some(Notification::TrapSync(trap)) = told("trap_sync", "0.01").unwrap() else {
        panic!("another notification");
    };
    assert_eq!(
        (trap.self_.as_str(), trap.price),
        ("itself", Some("0.01".parse().unwrap()))
    );
    assert!(told("another", "0.01").unwrap().is_none());
    // What can't be read is empty, and kept as it came.
    let Some(Notification::TrapSync(trap)) = told("trap_sync", "free").unwrap() else {
        panic!("another notification");
    };
    assert_eq!((trap.self_.as_str(), trap.price), ("itself", None));
    assert!(trap.extra.get("price").is_some());
}

/// The library's own enum does not have the type.
#[test]
fn a_type_of_the_users_specs_is_expected_like_one_of_the_librarys() {
    let told = |name: &str, price: &str| {
        let (client, body) = notification(name, price);
        let verified = client.notifications().verify(body).unwrap();
        verified.expect_type::<TrapSync>()
    };
    let trap = told("trap_sync", "0.01").unwrap();
    assert_eq!(
        (trap.self_.as_str(), trap.price),
        ("itself", Some("0.01".parse().unwrap()))
    );
    let trap = told("trap_sync", "free").unwrap();
    assert_eq!(
        (trap.price, trap.unreadable().collect::<Vec<_>>()),
        (None, vec!["price"])
    );
    assert_eq!(told("another", "0.01").unwrap_err().kind(), ErrorKind::Mismatch);
}

/// A gateway that answers every call with this content, signed.
async fn gateway(alipay: KeyPair, content: &'static str) -> String {
    let answer = move |address: Uri| async move {
        let query = address.query().unwrap_or_default();
        let parameters: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let member = parameters["method"].replace('.', "_");
        let sign = alipay.sign(SignType::Rsa2, content.as_bytes()).unwrap();
        format!(r#"{{"{member}_response":{content},"sign":"{sign}"}}"#)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}/gateway.do")
}

async fn client(content: &'static str) -> Client {
    let (app, alipay) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let credentials = Credentials::public_key(&app.to_pem().unwrap(), &alipay.public_key().to_base64().unwrap());
    let gateway = gateway(alipay, content).await;
    let builder = Client::builder("1", credentials.unwrap()).gateway(gateway);
    builder.build().unwrap()
}

/// The library has a product `trade` with a method `query` and a type `GoodsDetail`, and so have these specs.
#[tokio::test]
async fn methods_of_a_product_that_the_library_has_stand_beside_its_own() {
    let client = client(r#"{"code":"10000","msg":"Success"}"#).await;
    let theirs = alipay_api::trade::Query::with_out_trade_no("1");
    let ours = generated::trade::Query::new("1").goods(GoodsDetail::new("2"));
    let new = SomethingNew::new([GoodsDetail::new("3")]);
    let trade = client.trade_ext();
    // The answer lacks what the library knows to be essential; these specs ask for nothing.
    assert!(client.trade().query(theirs).await.is_err());
    trade.query(ours).await.unwrap();
    trade.something_new(new).await.unwrap();
}

#[tokio::test]
async fn members_of_the_methods_own_reach_the_caller() {
    let call = async |content| {
        let client = client(content).await;
        client
            .trade_ext()
            .something_new(SomethingNew::new([GoodsDetail::new("1")]))
            .await
    };
    let answer = call(r#"{"code":"200","msg":"done","sub_code":"NOT_OPEN","sub_msg":"not yet"}"#).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.code.as_deref(), answer.msg.as_deref()),
        (Some("200"), Some("done"))
    );
    let (sub_code, sub_msg) = (answer.sub_code.as_deref(), answer.sub_msg.as_deref());
    assert_eq!((sub_code, sub_msg), (Some("NOT_OPEN"), Some("not yet")));
    let answer = call(r#"{"code":"10000","msg":"Success","sub_code":"NOT_OPEN"}"#).await;
    assert_eq!(answer.unwrap().sub_code.as_deref(), Some("NOT_OPEN"));
    // Whatever else the code is, it is no success.
    for content in [
        r#"{"code":"500","msg":"no"}"#,
        r#"{"code":"40004","msg":"no","sub_code":"X"}"#,
    ] {
        assert!(call(content).await.is_err(), "{content}");
    }
}

#[test]
fn facts_stand_in_the_method() {
    assert_eq!(Nothing::INFO.retry, Retry::Read);
    let repeat = Some(Repeat::Same);
    let (key, ask) = ("string", "alipay.trap.all");
    assert_eq!(All::INFO.retry, Retry::Keyed { key, ask, repeat });
    assert_eq!(All::INFO.files, ["must_file", "file"]);
    let [limits] = All::INFO.file_limits else {
        panic!("one file has limits")
    };
    assert_eq!((limits.field, limits.max_size), ("file", Some(1024)));
    assert_eq!(limits.extensions, ["jpg", "png"]);
    const { assert!(All::INFO.encrypted && !Nothing::INFO.encrypted) };
    let page = All::INFO.page.unwrap();
    assert_eq!((page.number, page.size, page.total), ("int", "string", Some("int")));
    assert_eq!(
        (page.texts, page.first, page.items),
        (["string"].as_slice(), None, None)
    );
    let page = List::INFO.page.unwrap();
    assert_eq!(
        (page.number, page.size, page.texts),
        ("self", "type", ["type"].as_slice())
    );
    assert_eq!(
        (page.first, page.max_items, page.items),
        (Some(0), Some(5), Some("page"))
    );
    assert_eq!(
        (page.total, page.pages, page.more),
        (Some("items"), Some("total"), Some("fields"))
    );
    let v3 = All::INFO.v3.unwrap();
    assert_eq!(
        (v3.query, v3.only),
        (["int", "bool", "auth_token"].as_slice(), ["auth_token"].as_slice())
    );
    assert_eq!(v3.without, ["price"]);
    assert_eq!(All::INFO.top_level, ["date", "url", "secret", "object"]);
    assert_eq!(All::INFO.implied, [("enum", "NONE"), ("text", r#"a "quoted" \ value"#)]);
    assert_eq!(All::INFO.answer.pending, ["10003"]);
    assert!(AllErrorCode::from_text("UNHEARD_OF").is_none());
    // What the documentation only names is as if nobody had listed it: it says nothing of the outcome.
    assert_eq!(AllErrorCode::Unsaid.class(), None);
    assert_eq!(AllErrorCode::Self_.class(), Some(ErrorClass::Declined));
    assert!(Nothing::new().extra.is_empty());
}
