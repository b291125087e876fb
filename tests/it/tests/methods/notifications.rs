//! Notifications, with every field, signed by the rule of their specs.

use std::collections::BTreeMap;

use alipay_codegen::ir::{Notification, Signature};
use serde_json::{Map, Value};

use crate::{
    bench::Bench,
    handed_over::{adapt, without},
    random::Random,
    report::{Aspect, Checked},
    server::response_problem,
    types::told,
    values::{Filler, For, Which, as_text},
};

const ROUNDS: usize = 3;

pub(crate) fn check(bench: &Bench, notification: &Notification, seed: u64, checked: &mut Checked) {
    for round in 0..ROUNDS {
        let random = Random::new(seed, &format!("{} {round}", notification.name));
        let mut filler = Filler::new(random, For::Form, |reference| {
            notification
                .types
                .iter()
                .find(|definition| definition.name == reference.name)
        });
        let fields = filler.object(&notification.body, Which::All);
        let problem = received(bench, notification, fields).err();
        checked.note(Aspect::Notification, format_args!("round {round}"), problem);
        checked.values += filler.made;
    }
}

fn received(bench: &Bench, notification: &Notification, mut fields: Map<String, Value>) -> Result<(), String> {
    let is_message = fields.contains_key("msg_method");
    let kind = if is_message { "msg_method" } else { "notify_type" };
    let beside: BTreeMap<String, String> = [
        ("app_id", bench.mock.app_id()),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        (kind, notification.name.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    adapt(&mut fields, &beside);
    let own = fields.iter().map(|(name, value)| (name.clone(), as_text(value)));
    let parameters: BTreeMap<String, String> = beside.clone().into_iter().chain(own).collect();
    let left_out: &[&str] = match notification.signature {
        Signature::V1 | Signature::Unproven => &["sign_type"],
        Signature::V2 => &[],
    };
    let body = bench.signed(&parameters, left_out);
    let verified = bench
        .client
        .notifications()
        .verify(body)
        .map_err(|error| error.to_string())?;
    if verified.name() != notification.name {
        return Err(format!("it is called `{}`", verified.name()));
    }
    let read = told(&verified).ok_or("the library does not know it")?;
    let read = without(read, &beside, &fields);
    response_problem(&Value::Object(fields), &read).map_or(Ok(()), Err)
}
