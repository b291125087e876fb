//! What nobody should believe, what nobody should wait for, and what only looks like it: the same verdict in each framework.

use std::time::Duration;

use alipay_api::{
    Client, Credentials,
    notify::SUCCESS,
    trade::Precreate,
    web::{NotificationError, NotificationReceiver},
};
use alipay_mock::{Mock, keys::KeyPair};

use crate::{
    client::{After, Request},
    forge::{Forge, form, gateway_content, service_call},
    servers::{FRAMEWORKS, Server, trade},
    support::{builder, certified_builder, merchant, price, start},
};

/// Larger than every notification here, and smaller than the largest that is allowed: both limits are ours.
const MAX_BODY: usize = 16 * 1024;

/// A name, what is sent, and the status of the answer; 200 is `success`.
type Case = (&'static str, Request, u16);

/// A notification that the gateway has sent.
async fn genuine(mock: &Mock, client: &Client) -> Vec<u8> {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("20161112", price("0.01"), "测试 order");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("20161112").unwrap();
    posted.recv().await.unwrap()
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn cases(mock: &Mock, genuine: &[u8]) -> Vec<Case> {
    let text = std::str::from_utf8(genuine).unwrap();
    let forge = || Forge::new(mock);
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Request::post(text.replacen(from, to, 1))
    };
    // The gateway's forms are in the order of their names.
    let (before_sign, sign) = {
        let at = text.find("&sign=").unwrap();
        let end = text[at + 1..].find('&').map_or(text.len(), |end| at + 1 + end);
        (format!("{}{}", &text[..at], &text[end..]), &text[at..end])
    };
    let flipped = {
        let mut bytes = genuine.to_vec();
        let at = text.find("total_amount=0.01").unwrap() + "total_amount=".len();
        bytes[at] ^= 1;
        bytes
    };
    let (gbk, _, _) = encoding_rs::GBK.encode("测试订单");
    let stranger = Forge {
        key: KeyPair::generate().unwrap(),
        ..forge()
    };
    let form_head = "Content-Type: application/x-www-form-urlencoded\r\n";
    let chunked = format!("{form_head}Transfer-Encoding: chunked\r\n");
    let chunk = |size: usize| format!("{size:x}\r\n{}\r\n", "x".repeat(size)).into_bytes();
    let length = |length: usize| format!("{form_head}Content-Length: {length}\r\n");
    let many = (0..513).fold(String::new(), |form, number| form + &format!("p{number}=1&"));
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"app_id\"\r\n\r\n7\r\n--x--\r\n";

    vec![
        ("empty", Request::post(""), 400),
        ("without a body or its length", Request::new("POST", "", "", ""), 400),
        (
            "cut inside a value",
            Request::post(&genuine[..text.find("sign=").unwrap() + 40]),
            403,
        ),
        (
            "cut before the signature",
            Request::post(&text[..text.find("&sign=").unwrap()]),
            403,
        ),
        (
            "connection closed in the middle",
            Request::new("POST", "", &length(genuine.len()), &genuine[..genuine.len() / 2]).then(After::Close),
            400,
        ),
        (
            "a parameter twice",
            Request::post(format!("{text}&total_amount=0.01")),
            400,
        ),
        (
            "a parameter more",
            Request::post(format!("{text}&passback_params=1")),
            403,
        ),
        ("one flipped byte", Request::post(flipped), 403),
        ("another status", replaced("TRADE_SUCCESS", "TRADE_CLOSED"), 403),
        ("sign_type RSA", replaced("sign_type=RSA2", "sign_type=RSA"), 403),
        (
            "sign_type that does not exist",
            replaced("sign_type=RSA2", "sign_type=NONE"),
            403,
        ),
        (
            "sign_type signed with the rest",
            Request::post(forge().body(&[], true)),
            403,
        ),
        ("unsigned", Request::post(&before_sign), 403),
        ("an empty signature", Request::post(format!("{before_sign}&sign=")), 403),
        (
            "a signature that is no base64",
            Request::post(format!("{before_sign}&sign=%00%FF")),
            403,
        ),
        ("signed by somebody else", Request::post(stranger.signed()), 403),
        ("claims another app", replaced(mock.app_id(), "2021000000000999"), 403),
        (
            "signed for another app",
            Request::post(forge().set("app_id", b"2021000000000999").signed()),
            422,
        ),
        (
            "signed, and about no payment",
            Request::post(forge().set("notify_type", b"new_sync").signed()),
            422,
        ),
        (
            "a gateway check of another app",
            Request::post(service_call(
                mock,
                "alipay.service.check",
                &gateway_content("7", "verifygw"),
            )),
            422,
        ),
        (
            "one value swallows a parameter",
            Request::post(
                forge()
                    .set("body", b"x&out_trade_no=BIG&total_amount=999.00&zz=")
                    .signed(),
            ),
            403,
        ),
        (
            "bad percent-encoding",
            replaced("total_amount=", "total_amount=%zz%"),
            403,
        ),
        (
            "no form but JSON",
            Request::post_as("application/json", r#"{"app_id":"7"}"#),
            400,
        ),
        (
            "multipart",
            Request::post_as("multipart/form-data; boundary=x", multipart),
            400,
        ),
        ("a wrong content type", Request::post_as("image/png", genuine), 200),
        (
            "no content type",
            Request::new("POST", "", &format!("Content-Length: {}\r\n", genuine.len()), genuine),
            200,
        ),
        (
            "compressed, as it says",
            Request::new(
                "POST",
                "",
                &format!("{}Content-Encoding: gzip\r\n", length(4)),
                b"\x1f\x8b\x08\x00",
            ),
            400,
        ),
        (
            "GBK, as it says",
            Request::post(forge().set("charset", b"GBK").set("subject", &gbk).signed()),
            200,
        ),
        (
            "GBK, and says UTF-8",
            Request::post(forge().set("subject", &gbk).signed()),
            400,
        ),
        (
            "an unknown charset",
            Request::post(forge().set("charset", b"utf-7").signed()),
            400,
        ),
        ("bytes", Request::post((0..=255).collect::<Vec<u8>>()), 400),
        ("513 parameters", Request::post(&many), 400),
        (
            "GET with all in the query",
            Request::new("GET", &format!("?{text}"), "", ""),
            405,
        ),
        ("PUT", Request::new("PUT", "", &length(genuine.len()), genuine), 405),
        (
            "a parameter in the query",
            Request::new("POST", "?trade_status=TRADE_SUCCESS", &length(0), ""),
            400,
        ),
        (
            "the signature in the query",
            Request::new(
                "POST",
                &format!("?{}", &sign[1..]),
                &length(before_sign.len()),
                &before_sign,
            ),
            403,
        ),
        (
            "too large, as it says",
            Request::new("POST", "", &length(MAX_BODY + 1), ""),
            413,
        ),
        ("too large", Request::post("x=1&".repeat(MAX_BODY)), 413),
        (
            "too large by far, as it says",
            Request::new("POST", "", &length(1 << 50), ""),
            413,
        ),
        (
            "chunks without an end",
            Request::new("POST", "", &chunked, "").then(After::Repeat(chunk(1000))),
            413,
        ),
        (
            "one chunk without an end",
            Request::new("POST", "", &chunked, "7fffffff\r\n").then(After::Repeat(chunk(1000))),
            413,
        ),
        (
            "nothing after the head",
            Request::new("POST", "", &length(genuine.len()), ""),
            408,
        ),
        (
            "half of it, and no more",
            Request::new("POST", "", &length(genuine.len()), &genuine[..100]),
            408,
        ),
        (
            "a chunk, and no more",
            Request::new("POST", "", &chunked, chunk(10)),
            408,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_framework_has_the_same_verdicts() {
    let (mock, client) = start().await;
    let genuine = genuine(&mock, &client).await;
    let table = cases(&mock, &genuine);
    assert!(table.iter().filter(|(_, _, status)| *status != 200).count() >= 25);
    let receiver = NotificationReceiver::new(client)
        .max_body(MAX_BODY)
        .body_timeout(Duration::from_millis(500));
    let mut wrong = Vec::new();
    for framework in FRAMEWORKS {
        for (handler, server) in [
            ("extractor", Server::start(framework, &receiver)),
            (
                "gateway handler",
                Server::of_functions(framework, &receiver, |functions| functions.on(trade)),
            ),
        ] {
            for (name, request, expected) in &table {
                let before = server.taken().len();
                let answer = request.send(server.address).await;
                let taken = server.taken().len() - before;
                let is_right = match expected {
                    200 => (answer.status, answer.body.as_str(), taken) == (200, SUCCESS, 1),
                    // Nothing but the status tells what was wrong.
                    _ => (answer.status, answer.body.as_str(), taken) == (*expected, NotificationError::BODY, 0),
                };
                if !is_right {
                    wrong.push(format!(
                        "{framework:?}, {handler}, {name}: not {expected}, {taken} taken: {answer:?}"
                    ));
                }
                if *expected == 405 {
                    assert!(
                        answer.head.contains("\r\nallow: post"),
                        "{framework:?}, {handler}, {name}: {answer:?}"
                    );
                }
            }
            // After all of that, the next one is taken.
            assert_eq!(Request::post(&genuine).send(server.address).await.body, SUCCESS);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_told_now_is_sent_again() {
    let mock = Mock::builder().certificates().start().await.unwrap();
    let client = certified_builder(&mock).build().unwrap();
    let before = genuine(&mock, &client).await;
    // Nobody answers there, so its new certificate can't be fetched.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    drop(listener);
    let cut_off = certified_builder(&mock)
        .gateway(nowhere)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    mock.roll_over_alipay_certificate().unwrap();
    let forge = Forge::new(&mock).set("alipay_cert_sn", mock.alipay_cert_sn().as_bytes());
    let after = forge.signed();
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &NotificationReceiver::new(cut_off.clone()));
        assert_eq!(
            Request::post(&before).send(server.address).await.status,
            200,
            "{framework:?}"
        );
        let answer = Request::post(&after).send(server.address).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (503, NotificationError::BODY),
            "{framework:?}"
        );
        assert_eq!(server.taken().len(), 1);
        let connected = Server::start(framework, &NotificationReceiver::new(client.clone()));
        assert_eq!(
            Request::post(&after).send(connected.address).await.status,
            200,
            "{framework:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_own_error_makes_it_come_again() {
    let (mock, client) = start().await;
    let body = Forge::new(&mock).set("out_trade_no", b"database-is-down").signed();
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &client.clone().into());
        let answer = Request::post(&body).send(server.address).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (503, NotificationError::BODY),
            "{framework:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_the_largest_that_is_verified() {
    let (mock, client) = start().await;
    // Empty pairs are ignored.
    let of_size = |size: usize| {
        let mut body = Forge::new(&mock).signed();
        body.extend(std::iter::repeat_n('&', size - body.len()));
        body
    };
    // More than the default limit of either framework's own extractors for bytes would be needless: 1 MiB is more than actix's.
    let receiver = NotificationReceiver::new(client).max_body(usize::MAX);
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &receiver);
        let largest = Request::post(of_size(1 << 20)).send(server.address).await;
        assert_eq!((largest.status, largest.body.as_str()), (200, SUCCESS), "{framework:?}");
        let larger = Request::post(of_size((1 << 20) + 1)).send(server.address).await;
        assert_eq!(larger.status, 413, "{framework:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_apps_share_an_address() {
    let (one, client) = start().await;
    let other = Mock::builder()
        .app_id("2021000000000998")
        .fresh_keys()
        .start()
        .await
        .unwrap();
    assert_ne!(one.app_id(), other.app_id());
    let receiver = NotificationReceiver::new(client).also(builder(&other).build().unwrap());
    // An app that has the key of one of them.
    let credentials = Credentials::public_key(&one.app_private_key(), &one.alipay_public_key()).unwrap();
    let third = Client::builder("2021000000000997", credentials).build().unwrap();
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &receiver);
        for (body, status) in [
            (Forge::new(&one).signed(), 200),
            (Forge::new(&other).signed(), 200),
            // Each by its own key.
            (Forge::new(&one).set("app_id", other.app_id().as_bytes()).signed(), 403),
            (Forge::new(&one).set("app_id", third.app_id().as_bytes()).signed(), 403),
            (form(&[("sign", "AAAA")]), 400),
        ] {
            assert_eq!(
                Request::post(&body).send(server.address).await.status,
                status,
                "{framework:?}"
            );
        }
        let taken = [&one, &other].map(|mock| format!("{} 1 TRADE_SUCCESS", mock.app_id()));
        assert_eq!(server.taken(), taken);
    }
}
