//! The methods as a table for readers.

use std::fmt::Write as _;

use crate::ir::{Kind, Notification, Spec};
use crate::{names, rust_names};

/// Markdown: every method, its title, and by what feature, type and call a program has it; then every notification.
pub fn methods_table(spec: &Spec) -> String {
    let mut table = "\
<!-- Written by cargo xtask codegen from spec/. Do not edit. -->
# Methods

Each product is a feature of the same name. A method that is not here is called by its name, with a JSON object: `Client::call_raw`.
"
    .to_owned();
    for product in &spec.products {
        let title = product.about.as_ref().map(|about| format!(": {}", about.title));
        let _ = write!(
            table,
            "\n## `{}`{}\n\n| method | title | type | call |\n|---|---|---|---|\n",
            product.name,
            title.unwrap_or_default(),
        );
        let handle = names::identifier(&product.name);
        for method in &product.methods {
            let (request, function) = rust_names(method);
            let call = |function: &str| format!("`client.{handle}().{function}(…)`");
            let calls = match method.kind {
                Kind::PageOrApp => format!("{}, {}", call(&function), call(&names::for_app(&function))),
                _ => call(&function),
            };
            let title = method.title.replace('|', "\\|");
            let (name, source) = (&method.name, &method.source);
            let _ = writeln!(
                table,
                "| [{name}]({source}) | {title} | `{handle}::{request}` | {calls} |"
            );
        }
    }
    table.push_str(&notifications_table(&spec.notifications));
    table
}

/// Markdown: every notification, its title, and by what feature and type a program has it.
fn notifications_table(notifications: &[Notification]) -> String {
    let mut table = "
## Notifications

What Alipay sends: all of it is verified by `client.notifications()`. A notification that is not here is `notify::Notification::Other`.

| notification | title | type | feature |
|---|---|---|---|
"
    .to_owned();
    for Notification {
        name,
        source,
        title,
        product,
        ..
    } in notifications
    {
        let title = title.replace('|', "\\|");
        let ident = names::type_of(names::notification(name));
        let feature = product.as_ref().map(|product| format!("`{product}`"));
        let feature = feature.unwrap_or_else(|| "always there".to_owned());
        let _ = writeln!(
            table,
            "| [{name}]({source}) | {title} | `notify::{ident}` | {feature} |"
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{methods_table, notifications_table};
    use crate::ir::{Address, Notification, Object, Signature};

    #[test]
    fn a_method_has_a_line() {
        let table = methods_table(&crate::tests::method(""));
        let line = "| [alipay.test.call](https://example.com/) | 调用 | `test::Call` | `client.test().call(…)` |";
        assert!(table.lines().any(|other| other == line), "{table}");
    }

    #[test]
    fn a_notification_has_a_line() {
        let mut notification = Notification {
            name: "alipay.test.order.changed".to_owned(),
            file: String::new(),
            title: "变更 | 通知".to_owned(),
            doc: String::new(),
            product: Some("test".to_owned()),
            source: "https://example.com/".to_owned(),
            address: Address::App,
            signature: Signature::Unproven,
            body: Object::default(),
            types: Vec::new(),
        };
        let mut last_line = || {
            let table = notifications_table(std::slice::from_ref(&notification));
            notification.product = None;
            table.lines().last().unwrap_or_default().to_owned()
        };
        let line =
            r"| [alipay.test.order.changed](https://example.com/) | 变更 \| 通知 | `notify::TestOrderChanged` | ";
        assert_eq!(last_line(), format!("{line}`test` |"));
        assert_eq!(last_line(), format!("{line}always there |"));
    }
}
