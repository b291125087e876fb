//! Methods that give a list page by page.

use std::sync::{Arc, Mutex};

use alipay_codegen::ir::{Field, Listing, Object, Page, Scalar, Type};
use alipay_mock::Answer;
use serde_json::{Map, Value};

use crate::{
    bench::Bench,
    report::{Aspect, Checked},
    subject::Subject,
    values::{For, Which, difference},
};

/// What an answer tells of the whole list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    Nothing,
    Total,
    Pages,
    More,
}

/// Reads a list of two pages, by each way to know its end. `request` has what the method needs.
pub(crate) async fn check(bench: &Bench, subject: &Subject<'_>, checked: &mut Checked, request: &Map<String, Value>) {
    let Some(page) = &subject.method.page else { return };
    let Some(listing) = &page.listing else { return };
    let tells = [
        (Tells::Nothing, true),
        (Tells::Total, page.total.is_some()),
        (Tells::Pages, page.pages.is_some()),
        (Tells::More, page.more.is_some()),
    ];
    for (tells, _) in tells.into_iter().filter(|(_, can_be)| *can_be) {
        let list = List {
            subject,
            page,
            listing,
            request,
            tells,
        };
        let problem = list.problem(bench).await.err();
        checked.note(Aspect::List, format!("{tells:?}"), problem);
        bench.mock.forget_answers(&subject.method.name);
    }
}

/// A list, and how its end is told.
struct List<'a> {
    subject: &'a Subject<'a>,
    page: &'a Page,
    listing: &'a Listing,
    request: &'a Map<String, Value>,
    tells: Tells,
}

impl List<'_> {
    async fn problem(&self, bench: &Bench) -> Result<(), String> {
        let (page, method) = (self.page, self.subject.method);
        let mut request = self.request.clone();
        request.retain(|name, _| *name != page.number && *name != page.size);
        let pages = [0, 1].map(|at| self.answer(&request, at));
        let expected: Vec<Value> = pages.iter().flat_map(|page| self.items(page)).collect();
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let noted = Arc::clone(&asked);
        // Without items: what comes after them.
        let empty = self.empty(&request);
        let answers = pages.into_iter().chain([empty]).collect::<Vec<_>>();
        let answer = Answer::of(move |request: &Value| {
            let mut noted = noted.lock().expect("no panic");
            noted.push(request.clone());
            answers[(noted.len() - 1).min(answers.len() - 1)].clone()
        });
        let answer = if method.without_code { answer } else { answer.exactly() };
        bench
            .mock
            .answer(&method.name, answer)
            .map_err(|error| error.to_string())?;
        let pages = self.subject.typed.pages.ok_or("the library has no pages of it")?;
        let (_, reading) =
            pages(&bench.client, &Value::Object(request).to_string()).map_err(|error| error.to_string())?;
        let read = reading.await.map_err(|error| error.to_string())?;
        if let Some(problem) = difference(&Value::Array(expected), &Value::Array(read)) {
            return Err(format!("the items: {problem}"));
        }
        self.check_asked(&asked.lock().expect("no panic"))
    }

    /// Whether each page was asked for by its number, and with the size that is the limit.
    fn check_asked(&self, asked: &[Value]) -> Result<(), String> {
        let (page, request) = (self.page, &self.subject.method.request);
        let count = if self.tells == Tells::Nothing { 3 } else { 2 };
        if asked.len() != count {
            return Err(format!("{} calls in place of {count}", asked.len()));
        }
        let is_in_query = |name: &str| {
            let v3 = self.subject.method.v3.as_ref().filter(|_| self.subject.mode.is_v3);
            v3.is_some_and(|v3| v3.query.iter().any(|other| other == name))
        };
        let number_of = |name: &str, number: u32| match &field(request, name).ty {
            Type::Scalar(Scalar::Int) if !is_in_query(name) => Value::from(number),
            _ => Value::from(number.to_string()),
        };
        for (number, asked) in (self.listing.first..).zip(asked) {
            let expected = number_of(&page.number, number);
            if asked[&page.number] != expected {
                return Err(format!(
                    "`{}` is {} in place of {expected}",
                    page.number, asked[&page.number]
                ));
            }
            let expected = page.max_items.map(|size| number_of(&page.size, size.min(2000)));
            if asked.get(&page.size) != expected.as_ref() {
                return Err(format!(
                    "`{}` is {:?} in place of {expected:?}",
                    page.size,
                    asked.get(&page.size)
                ));
            }
        }
        Ok(())
    }

    /// The answer with this page, 0 or 1, with as much on it as the spec allows, and what it tells of the whole.
    fn answer(&self, request: &Map<String, Value>, at: usize) -> Value {
        let mut filler = self.subject.filler(&format!("page {at}"), For::Answer);
        let mut answer = self.subject.response(&mut filler, request);
        self.tell(&mut answer, at == 0);
        Value::Object(answer)
    }

    /// The answer with the page that is beyond the end.
    fn empty(&self, request: &Map<String, Value>) -> Value {
        let mut filler = self.subject.filler("no page", For::Answer);
        let mut answer = self.subject.response(&mut filler, request);
        answer.remove(&self.listing.items);
        self.tell(&mut answer, false);
        Value::Object(answer)
    }

    /// What is told is as the tests has it; nothing else is told.
    fn tell(&self, answer: &mut Map<String, Value>, is_followed: bool) {
        let (page, response) = (self.page, &self.subject.method.response);
        for name in [&page.total, &page.pages, &page.more].into_iter().flatten() {
            answer.remove(name);
        }
        let number = |name: &str, number: usize| match &field(response, name).ty {
            Type::Scalar(Scalar::Int) => Value::from(number),
            _ => Value::from(number.to_string()),
        };
        let told = match self.tells {
            Tells::Nothing => None,
            Tells::Total => page.total.as_ref().map(|name| {
                let total = [0, 1].map(|at| self.count(at)).iter().sum();
                (name, number(name, total))
            }),
            Tells::Pages => page.pages.as_ref().map(|name| (name, number(name, 2))),
            Tells::More => page.more.as_ref().map(|name| (name, Value::from(is_followed))),
        };
        if let Some((name, value)) = told {
            answer.insert(name.clone(), value);
        }
        if !self.subject.method.without_code && !self.subject.mode.is_v3 {
            for (name, value) in [("code", "10000"), ("msg", "Success")] {
                answer.entry(name).or_insert_with(|| value.into());
            }
        }
    }

    /// How many items are on this page.
    fn count(&self, at: usize) -> usize {
        let mut filler = self.subject.filler(&format!("page {at}"), For::Answer);
        let response = filler.object(&self.subject.method.response, Which::All);
        response[&self.listing.items].as_array().map_or(0, Vec::len)
    }

    fn items(&self, answer: &Value) -> Vec<Value> {
        answer[&self.listing.items].as_array().cloned().unwrap_or_default()
    }
}

fn field<'o>(object: &'o Object, name: &str) -> &'o Field {
    let mut fields = object.fields.iter();
    fields.find(|field| field.name == name).expect("a field of the spec")
}
