//! Methods that browsers and phone apps are handed.

use std::collections::BTreeMap;

use alipay_mock::Answer;
use serde_json::{Map, Value};

use crate::{
    bench::Bench,
    browser::{browse, submit},
    report::{Aspect, Checked},
    server::{codes, error_problem, response_problem},
    subject::Subject,
    types::{EXTRA, Read},
    values::{For, Which, as_text, difference},
};

const ROUNDS: usize = 3;
const NOTIFY_URL: &str = "https://shop.example/notify?key=1&other=%26";
const RETURN_URL: &str = "https://shop.example/back?x=1";

pub(crate) async fn check(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked) {
    let kind = subject.method.kind;
    codes(subject, checked);
    let choices = (0..ROUNDS).map(|_| Which::All);
    let choices = choices.chain((0..subject.places()).map(Which::Needed));
    for (at, which) in choices.enumerate() {
        let what = format!("{which:?}, request {at}");
        let mut filler = subject.filler(&format!("request {at}"), For::HandedOver);
        let mut request = filler.object(&subject.method.request, which);
        playable(&mut request);
        checked.values += filler.made;
        if kind.is_page() {
            let problem = page(bench, subject, &request).await.err();
            checked.note(Aspect::Request, &what, problem.clone());
            checked.note(Aspect::Page, &what, problem);
            let mut responder = subject.filler(&format!("return {at}"), For::Form);
            let problem = back(bench, subject, subject.response(&mut responder, &request)).err();
            checked.note(Aspect::Response, &what, problem);
            checked.values += responder.made;
        }
        if kind.is_app() {
            let mut responder = subject.filler(&format!("result {at}"), For::Answer);
            let response = subject.response(&mut responder, &request);
            let (handed, answered) = app(bench, subject, &request, response).await;
            checked.note(Aspect::Request, &what, handed.clone());
            checked.note(Aspect::App, &what, handed);
            checked.note(Aspect::Response, &what, answered);
            checked.values += responder.made;
        }
    }
    if kind.is_page() {
        page_errors(bench, subject, checked).await;
    }
    if kind.is_app() {
        app_errors(bench, subject, checked).await;
    }
}

/// The gateway plays some pages, which refuses what is too late.
fn playable(request: &mut Map<String, Value>) {
    for (name, value) in [("time_expire", "2998-12-31 23:59:59"), ("timeout_express", "90m")] {
        if let Some(given) = request.get_mut(name) {
            *given = value.into();
        }
    }
}

/// Opens a URL and submits a form.
async fn page(bench: &Bench, subject: &Subject<'_>, request: &Map<String, Value>) -> Result<(), String> {
    let make = subject.typed.page.ok_or("the library has no page of it")?;
    let request = Value::Object(request.clone());
    let (given, call) = make(&bench.client, &request.to_string()).map_err(|error| error.to_string())?;
    as_given(&request, &given)?;
    let call = call.notify_url(NOTIFY_URL).return_url(RETURN_URL);
    let url = call.url().map_err(|error| error.to_string())?;
    opened(subject, browse(&url).await).map_err(|problem| format!("URL: {problem}"))?;
    received(
        bench,
        subject,
        &request,
        &[("notify_url", NOTIFY_URL), ("return_url", RETURN_URL)],
    )?;
    let form = call.form().map_err(|error| error.to_string())?;
    opened(subject, submit(&form).await).map_err(|problem| format!("form: {problem}"))?;
    received(
        bench,
        subject,
        &request,
        &[("notify_url", NOTIFY_URL), ("return_url", RETURN_URL)],
    )
}

fn as_given(request: &Value, given: &Value) -> Result<(), String> {
    match difference(request, given) {
        Some(problem) => Err(format!("as the caller gave it: {problem}")),
        None => Ok(()),
    }
}

fn received(bench: &Bench, subject: &Subject<'_>, request: &Value, beside: &[(&str, &str)]) -> Result<(), String> {
    let wire = subject.wire(request.as_object().expect("an object"));
    let received = bench.mock.last_request(&subject.method.name).unwrap_or_default();
    wire.problem(&received, Vec::new(), beside).map_or(Ok(()), Err)
}

/// Whether a page is there, and none that says that the request is wrong.
fn opened(subject: &Subject<'_>, (status, page): (u16, String)) -> Result<(), String> {
    if status != 200 {
        return Err(format!("status {status}"));
    }
    // A page that the gateway plays may refuse the order by a code of the method's own, or, where it has none, as a parameter that does not fit the
    // others; but not by the spec.
    let is_refused = match shown(&page, "sub_code") {
        None => false,
        Some(code) => {
            let is_own = subject.method.errors.iter().any(|error| error.code == code);
            let is_played = is_own || (subject.method.errors.is_empty() && code == "isv.invalid-parameter");
            !is_played || shown(&page, "sub_msg").is_some_and(|message| message.starts_with("参数无效"))
        }
    };
    if is_refused {
        let [code, message] = ["sub_code", "sub_msg"].map(|id| shown(&page, id));
        return Err(format!("the page shows {code:?} {message:?}"));
    }
    Ok(())
}

/// The text that a page shows in the element of this id.
fn shown<'p>(page: &'p str, id: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("<dd id=\"{id}\">"))?;
    rest.split('<').next()
}

/// What Alipay adds to the query of a `return_url`, but for the signature.
fn beside_the_response(bench: &Bench, subject: &Subject<'_>) -> BTreeMap<String, String> {
    let method = format!("{}.return", subject.method.name);
    let beside = [
        ("app_id", bench.mock.app_id()),
        ("charset", "utf-8"),
        ("method", method.as_str()),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-11-27 12:00:00"),
        ("version", "1.0"),
    ];
    beside.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Reads the query of a `return_url` that has every field.
fn back(bench: &Bench, subject: &Subject<'_>, mut response: Map<String, Value>) -> Result<(), String> {
    let read = subject.typed.back.ok_or("the library does not read its return query")?;
    let beside = beside_the_response(bench, subject);
    adapt(&mut response, &beside);
    let fields = response.iter().map(|(name, value)| (name.clone(), as_text(value)));
    let parameters: BTreeMap<String, String> = beside.clone().into_iter().chain(fields).collect();
    let query = bench.signed(&parameters, &["sign_type"]);
    let read = read(&bench.client, &query).map_err(|error| error.to_string())?;
    let read = without(read, &beside, &response);
    response_problem(&Value::Object(response), &read).map_or(Ok(()), Err)
}

/// Fields that the protocol has too say what that says.
pub(crate) fn adapt(fields: &mut Map<String, Value>, beside: &BTreeMap<String, String>) {
    for (name, value) in beside {
        if let Some(field) = fields.get_mut(name) {
            *field = value.as_str().into();
        }
    }
}

/// What was read, without the protocol's parameters.
pub(crate) fn without(mut read: Read, beside: &BTreeMap<String, String>, expected: &Map<String, Value>) -> Read {
    for name in beside.keys().filter(|name| !expected.contains_key(*name)) {
        if let Some(fields) = read.fields.as_object_mut() {
            fields.remove(&format!("{EXTRA}{name}"));
        }
        if let Some(again) = read.again.as_object_mut() {
            again.remove(name);
        }
    }
    read
}

/// Hands over an order string, and reads what the app gets: what is wrong with each.
async fn app(
    bench: &Bench,
    subject: &Subject<'_>,
    request: &Map<String, Value>,
    mut response: Map<String, Value>,
) -> (Option<String>, Option<String>) {
    let beside = [("app_id".to_owned(), bench.mock.app_id().to_owned())].into();
    adapt(&mut response, &beside);
    let ordered = Answer::from(Value::Object(response.clone())).once();
    if let Err(error) = bench.mock.answer(&subject.method.name, ordered) {
        return (None, Some(error.to_string()));
    }
    let handed = handed(bench, subject, request).await;
    bench.mock.forget_answers(&subject.method.name);
    let result = match handed {
        Ok(result) => result,
        Err(problem) => return (Some(problem), None),
    };
    let Some(read) = subject.typed.result else {
        return (None, Some("the library does not read its result".to_owned()));
    };
    let problem = match read(&bench.client, &result) {
        Ok(read) => {
            let read = without(read, &beside, &response);
            response_problem(&Value::Object(response), &read)
        }
        Err(error) => Some(error.to_string()),
    };
    (None, problem)
}

/// Hands over an order string; gives what the app gets.
async fn handed(bench: &Bench, subject: &Subject<'_>, request: &Map<String, Value>) -> Result<String, String> {
    let make = subject.typed.app.ok_or("the library has no order string of it")?;
    let request = Value::Object(request.clone());
    let (given, call) = make(&bench.client, &request.to_string()).map_err(|error| error.to_string())?;
    as_given(&request, &given)?;
    let order = call.notify_url(NOTIFY_URL).order_string();
    let result = bench.hand_over(&order.map_err(|error| error.to_string())?).await;
    received(bench, subject, &request, &[("notify_url", NOTIFY_URL)])?;
    result.map_err(|error| error.to_string())
}

fn least_request(subject: &Subject<'_>) -> String {
    let mut filler = subject.filler("request of errors", For::HandedOver);
    Value::Object(filler.object(&subject.method.request, Which::Needed(0))).to_string()
}

/// A browser is shown each error code.
async fn page_errors(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked) {
    let page = subject
        .typed
        .page
        .and_then(|page| page(&bench.client, &least_request(subject)).ok());
    let Some(Ok(url)) = page.map(|(_, call)| call.url()) else {
        checked.note(Aspect::Errors, "page", Some("there is no URL".to_owned()));
        return;
    };
    for expected in subject.errors() {
        bench
            .mock
            .answer_next(&subject.method.name, "40004", expected.code, false);
        let (_, page) = browse(&url).await;
        let found = shown(&page, "sub_code").and_then(subject.typed.code_from);
        let wanted = Some((expected.code, expected.own_class));
        let problem = (found != wanted).then(|| format!("{found:?} instead of {wanted:?}"));
        checked.note(Aspect::Errors, expected.code, problem);
    }
}

/// An app is given each error code.
async fn app_errors(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked) {
    let app = subject
        .typed
        .app
        .and_then(|app| app(&bench.client, &least_request(subject)).ok());
    let (Some(Ok(order)), Some(read)) = (app.map(|(_, call)| call.order_string()), subject.typed.result) else {
        checked.note(Aspect::Errors, "app", Some("there is no order string".to_owned()));
        return;
    };
    for expected in subject.errors() {
        bench
            .mock
            .answer_next(&subject.method.name, "40004", expected.code, false);
        let result = bench.hand_over(&order).await.unwrap_or_default();
        let problem = match read(&bench.client, &result) {
            Ok(_) => Some("the result is a success".to_owned()),
            Err(error) => error_problem(subject, &expected, &error),
        };
        checked.note(Aspect::Errors, expected.code, problem);
    }
}
