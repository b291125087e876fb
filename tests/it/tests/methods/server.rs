//! Methods that a server calls.

use alipay_api::{Error, ErrorKind};
use alipay_codegen::ir::Kind;
use alipay_mock::Answer;
use serde_json::{Map, Value};

use crate::{
    bench::Bench,
    lists,
    report::{Aspect, Checked},
    subject::{ExpectedError, Subject},
    types::Read,
    values::{For, Which, difference},
};

/// So many different requests and answers with all fields.
const ROUNDS: usize = 3;

pub(crate) async fn check(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked) {
    let is_thorough = subject.mode.is_thorough(subject.method);
    for round in 0..if is_thorough { ROUNDS } else { 1 } {
        let mut filler = subject.filler(&format!("request {round}"), For::Call);
        let request = subject.request(&mut filler, Which::All);
        let mut answerer = subject.filler(&format!("response {round}"), For::Answer);
        let response = subject.response(&mut answerer, &request);
        let asked = Asked {
            what: format!("all fields, round {round}"),
            request: &request,
            response: &response,
            pending: None,
        };
        exchange(bench, subject, checked, &asked).await;
        checked.values += filler.made + answerer.made;
        // Codes of the gateway that are no errors.
        for code in subject.pending().filter(|_| round == 0) {
            let asked = Asked {
                what: format!("all fields, code {code}"),
                pending: Some(code),
                ..asked
            };
            exchange(bench, subject, checked, &asked).await;
        }
    }
    let mut least = None;
    for place in 0..subject.places() {
        let mut filler = subject.filler(&format!("needed {place}"), For::Call);
        let request = subject.request(&mut filler, Which::Needed(place));
        let mut answerer = subject.filler(&format!("essential {place}"), For::Answer);
        let response = subject.least_response(&mut answerer, &request);
        let asked = Asked {
            what: format!("needed fields, choice {place}"),
            request: &request,
            response: &response,
            pending: None,
        };
        exchange_least(bench, subject, checked, &asked).await;
        checked.values += filler.made + answerer.made;
        least = Some(request);
    }
    let least = least.unwrap_or_default();
    lists::check(bench, subject, checked, &least).await;
    let request = Value::Object(least).to_string();
    codes(subject, checked);
    let errors = if is_thorough { usize::MAX } else { 2 };
    for expected in subject.errors().take(errors) {
        bench
            .mock
            .answer_next(&subject.method.name, "40004", expected.code, false);
        let problem = match send(bench, subject, &request).await {
            Ok((_, Ok(_))) => Some("the call succeeded".to_owned()),
            Ok((_, Err(error))) => error_problem(subject, &expected, &error),
            Err(problem) => Some(problem),
        };
        checked.note(Aspect::Errors, expected.code, problem);
    }
}

/// A request and its answer.
struct Asked<'a> {
    what: String,
    request: &'a Map<String, Value>,
    response: &'a Map<String, Value>,
    pending: Option<&'a str>,
}

/// Sends a request with all fields, which is answered with all fields. The gateway compares both with the spec.
async fn exchange(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked, asked: &Asked<'_>) {
    let mut answer = asked.response.clone();
    if let Some(code) = asked.pending {
        answer.insert("code".to_owned(), code.into());
    }
    let ordered = Answer::from(Value::Object(answer)).once();
    if let Err(error) = bench.mock.answer(&subject.method.name, ordered) {
        checked.note(Aspect::Response, &asked.what, Some(error.to_string()));
        return;
    }
    let Some(read) = sent(bench, subject, checked, asked).await else {
        return;
    };
    let mut problem = response_problem(&Value::Object(asked.response.clone()), &read);
    if read.is_pending != asked.pending.is_some() {
        problem.get_or_insert_with(|| format!("pending: {}", read.is_pending));
    }
    checked.note(Aspect::Response, &asked.what, problem);
}

/// Sends a request with the needed fields, which is answered with nothing but the essential ones.
async fn exchange_least(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked, asked: &Asked<'_>) {
    let mut answer = asked.response.clone();
    let mut expected = asked.response.clone();
    if !subject.method.without_code && !subject.mode.is_v3 {
        for (name, value) in [("code", "10000"), ("msg", "Success")] {
            answer.entry(name).or_insert_with(|| value.into());
            let mut fields = subject.method.response.fields.iter();
            if fields.any(|field| field.own && field.name == name) {
                expected.entry(name).or_insert_with(|| value.into());
            }
        }
    }
    let ordered = Answer::from(Value::Object(answer)).once().exactly();
    if let Err(error) = bench.mock.answer(&subject.method.name, ordered) {
        checked.note(Aspect::Response, &asked.what, Some(error.to_string()));
        return;
    }
    let Some(read) = sent(bench, subject, checked, asked).await else {
        return;
    };
    let problem = response_problem(&Value::Object(expected), &read);
    checked.note(Aspect::Response, &asked.what, problem);
}

/// Sends a request, and compares what the gateway received with it.
async fn sent(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked, asked: &Asked<'_>) -> Option<Read> {
    let request = Value::Object(asked.request.clone());
    let requests = bench.mock.requests();
    let (given, answered) = match send(bench, subject, &request.to_string()).await {
        Ok(sent) => sent,
        Err(problem) => {
            checked.note(Aspect::Request, &asked.what, Some(problem));
            bench.mock.forget_answers(&subject.method.name);
            return None;
        }
    };
    let name = &subject.method.name;
    let wire = subject.wire(asked.request);
    let received = bench.mock.last_request(name).unwrap_or_default();
    let files = if wire.files() > 0 {
        bench.mock.last_files(name).unwrap_or_default()
    } else {
        Vec::new()
    };
    let problem = difference(&request, &given)
        .map(|problem| format!("as the caller gave it: {problem}"))
        .or_else(|| wire.problem(&received, files, &[]))
        .or_else(|| {
            let count = bench.mock.requests() - requests;
            (count != 1).then(|| format!("the gateway received {count} requests"))
        });
    if subject.method.kind == Kind::Upload && wire.files() > 0 {
        checked.note(Aspect::Upload, &asked.what, problem.clone());
    }
    checked.note(Aspect::Request, &asked.what, problem);
    bench.mock.forget_answers(name);
    answered
        .map_err(|error| checked.note(Aspect::Response, &asked.what, Some(error.to_string())))
        .ok()
}

type Sent = (Value, Result<Read, Error>);

async fn send(bench: &Bench, subject: &Subject<'_>, request: &str) -> Result<Sent, String> {
    let call = subject.typed.call.ok_or("the library has no call of it")?;
    let (given, answering) = call(&bench.client, request).map_err(|error| error.to_string())?;
    Ok((given, answering.await))
}

/// What is wrong with what a caller reads.
pub(crate) fn response_problem(expected: &Value, read: &Read) -> Option<String> {
    if let Some(place) = read.unreadable.first() {
        return Some(format!("`{place}` can't be read"));
    }
    difference(expected, &read.fields)
        .or_else(|| difference(expected, &read.again).map(|problem| format!("written again: {problem}")))
}

/// Compares the codes of the library with those of the spec.
pub(crate) fn codes(subject: &Subject<'_>, checked: &mut Checked) {
    let mut library = (subject.typed.codes)();
    let mut spec: Vec<_> = subject.errors().map(|error| (error.code, error.own_class)).collect();
    library.sort_unstable_by_key(|(code, _)| *code);
    spec.sort_unstable_by_key(|(code, _)| *code);
    let problem = (library != spec).then(|| format!("{library:?} instead of {spec:?}"));
    checked.note(Aspect::Errors, "all codes", problem);
}

/// What is wrong with an error.
pub(crate) fn error_problem(subject: &Subject<'_>, expected: &ExpectedError<'_>, error: &Error) -> Option<String> {
    let found = (error.kind(), error.is_verified(), error.code(), error.sub_code());
    // V3 has one code.
    let code = if subject.mode.is_v3 { expected.code } else { "40004" };
    let wanted = (ErrorKind::Gateway, true, Some(code), Some(expected.code));
    if found != wanted {
        return Some(format!("{found:?} instead of {wanted:?}: {error}"));
    }
    let found = (subject.typed.code_of)(error);
    let wanted = Some((expected.code, expected.own_class));
    if found != wanted {
        return Some(format!("as the method's own code: {found:?} instead of {wanted:?}"));
    }
    if error.class() != expected.class {
        return Some(format!("class {:?} instead of {:?}", error.class(), expected.class));
    }
    let found = (error.is_outcome_unknown(), error.is_retryable(), error.query_method());
    let wanted = (
        expected.is_outcome_unknown,
        expected.is_retryable,
        expected.query_method,
    );
    (found != wanted).then(|| format!("unknown, retryable, ask: {found:?} instead of {wanted:?}"))
}
